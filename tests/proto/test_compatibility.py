"""Guards what callers rely on: the wire and JSON forms of the last release, and the HTTP paths."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parents[2]
RELEASED = ROOT / "proto" / "released" / "nerkh-v1.binpb"
PATHS = Path(__file__).with_name("http_paths.txt")
BREAKING = '{"version": "v2", "breaking": {"use": ["WIRE_JSON"], "ignore": ["google"]}}'
Buf = Callable[..., subprocess.CompletedProcess[str]]
Spoil = Callable[[str, str, str], Path]


def http_paths(files: descriptor_pb2.FileDescriptorSet) -> Iterator[str]:
    """Yield one line for each RPC: its name, verb, path and body."""
    for file in files.file:
        for service in file.service if file.package.startswith("nerkh.") else ():
            for method in service.method:
                rule = method.options.Extensions[annotations_pb2.http]
                verb = rule.WhichOneof("pattern") or "none"
                body = f" body={rule.body}" if rule.body else ""
                yield f"{file.package}.{service.name}/{method.name} {verb.upper()} {getattr(rule, verb, '')}{body}"


def _paths(gen_proto: ModuleType, protos: Path, tmp_path: Path) -> list[str]:
    file = tmp_path / "plain.binpb"
    gen_proto.descriptor_set(protos, file)
    return sorted(http_paths(descriptor_pb2.FileDescriptorSet.FromString(file.read_bytes())))


def test_nothing_breaks_the_released_contract(buf: Buf) -> None:
    """A caller of the last release understands today's contract, over gRPC and as JSON."""
    found = buf(ROOT / "proto", "breaking", "--against", str(RELEASED), "--config", BREAKING)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("market.proto", "string quote = 4;", "string quote = 104;"),
        ("market.proto", "string quote = 4;", "string quotation = 4;"),
        ("market.proto", "string quote = 4;", "double quote = 4;"),
        ("types.proto", "FRESHNESS_LIVE = 1;", "FRESHNESS_NOW = 1;"),
    ],
)
def test_a_break_is_seen(buf: Buf, spoil: Spoil, file: str, old: str, new: str) -> None:
    """A field's number, name or type, or a value's name, cannot change unseen."""
    found = buf(spoil(file, old, new), "breaking", "--against", str(RELEASED), "--config", BREAKING)
    assert found.returncode != 0
    assert found.stdout


def test_a_release_is_the_contract_as_it_is(
    gen_proto: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`scripts/gen_proto --release` writes the baseline beside what it generates, and only then."""
    monkeypatch.setattr("sys.argv", ["gen_proto", "--out", str(tmp_path)])
    gen_proto.main()
    assert not (tmp_path / gen_proto.RELEASED).exists()
    monkeypatch.setattr("sys.argv", ["gen_proto", "--out", str(tmp_path), "--release"])
    gen_proto.main()
    made = (tmp_path / gen_proto.RELEASED).read_bytes()
    assert made == (tmp_path / "envoy" / "nerkh.binpb").read_bytes()


def test_http_paths_are_as_published(gen_proto: ModuleType, tmp_path: Path) -> None:
    """Every RPC has its HTTP path; a change shows in http_paths.txt and nowhere in silence."""
    assert _paths(gen_proto, ROOT / "proto", tmp_path) == PATHS.read_text().splitlines()


def test_a_changed_path_is_seen(gen_proto: ModuleType, tmp_path: Path, spoil: Spoil) -> None:
    """The golden list can fail."""
    protos = spoil("market.proto", '"/v1/prices:batchGet"', '"/v1/prices:batch"')
    found = set(_paths(gen_proto, protos, tmp_path)) - set(PATHS.read_text().splitlines())
    assert found == {"nerkh.v1.MarketService/BatchGetPrices GET /v1/prices:batch"}
