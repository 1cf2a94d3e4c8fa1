"""Holds the generated code and Envoy's descriptor set to the protos, and to the versions they must import on."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "clients" / "python" / "nerkh" / "v1"
REGISTRY = os.environ.get("NERKH_TEST_REGISTRY") == "1"
IMPORT_ALL = """
import asyncio, grpc, importlib, pathlib, sys
import google.protobuf
for path in sorted(pathlib.Path(sys.argv[1], "nerkh", "v1").glob("*_pb2.py")):
    importlib.import_module("nerkh.v1." + path.stem)
from nerkh.v1 import market_pb2
price = market_pb2.Price(asset="bitcoin", value="1.5")
assert market_pb2.Price.FromString(price.SerializeToString()) == price
import nerkh
from nerkh.testing import FakeServer, price


async def ask(target):
    async with nerkh.AsyncClient(target) as client:
        return await client.market.price("BTC")


with FakeServer() as server:
    server.answer("GetPrice", price("BTC", "64000"))
    with nerkh.Client(server.target) as client:
        assert asyncio.run(ask(server.target)) == client.market.price("BTC")
print(grpc.__version__, google.protobuf.__version__)
"""


def _files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*_pb2.py*")}


def _ours(file: Path) -> dict[str, bytes]:
    files = descriptor_pb2.FileDescriptorSet.FromString(file.read_bytes()).file
    return {
        found.name: found.SerializeToString(deterministic=True) for found in files if found.name.startswith("nerkh/")
    }


def test_generated_code_is_current(gen_proto: ModuleType, tmp_path: Path) -> None:
    """What is checked in is what scripts/gen_proto makes of the protos, no more and no less."""
    gen_proto.python(ROOT / "proto", tmp_path)
    assert _files(tmp_path / "nerkh" / "v1") == _files(PACKAGE)
    assert _files(tmp_path / "nerkh" / "admin" / "v1") == _files(PACKAGE.parent / "admin" / "v1")


def test_outdated_code_is_seen(gen_proto: ModuleType, tmp_path: Path, spoil: Callable[[str, str, str], Path]) -> None:
    """A proto that changed without its code being generated does not pass."""
    gen_proto.python(spoil("news.proto", "string title = 2;", "string headline = 2;"), tmp_path)
    assert _files(tmp_path / "nerkh" / "v1") != _files(PACKAGE)


def test_descriptor_set_is_current(gen_proto: ModuleType, tmp_path: Path) -> None:
    """Envoy transcodes by the contract as it is."""
    gen_proto.descriptor_set(ROOT / "proto", tmp_path / "nerkh.binpb")
    assert _ours(tmp_path / "nerkh.binpb") == _ours(ROOT / "envoy" / "nerkh.binpb")


def test_descriptor_set_is_whole() -> None:
    """Envoy's set holds every file that is imported, and the details that errors carry."""
    files = descriptor_pb2.FileDescriptorSet.FromString((ROOT / "envoy" / "nerkh.binpb").read_bytes()).file
    names = {file.name for file in files}
    assert {"google/rpc/error_details.proto", "google/rpc/status.proto", "google/api/http.proto"} <= names
    assert {needed for file in files for needed in file.dependency} <= names


@pytest.mark.registry
@pytest.mark.skipif(not REGISTRY, reason="needs a package registry; NERKH_TEST_REGISTRY=1 switches it on")
@pytest.mark.parametrize(
    "packages",
    [
        ("grpcio==1.75.0", "protobuf==6.31.1", "googleapis-common-protos==1.70.0"),
        ("grpcio", "protobuf", "googleapis-common-protos"),
    ],
    ids=["oldest", "newest"],
)
def test_generated_code_and_client_work_on(packages: tuple[str, ...], tmp_path: Path) -> None:
    """The code imports, and both clients get an answer, on the oldest and the newest supported grpcio and protobuf."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--upgrade", *packages], check=True)
    source = ROOT / "clients" / "python"
    run = subprocess.run(
        [python, "-W", "error", "-c", IMPORT_ALL, source],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(source)},
    )
    assert run.returncode == 0, run.stderr
    print(run.stdout, file=sys.stderr)  # noqa: T201  # the versions that were found are what a reader wants to see
