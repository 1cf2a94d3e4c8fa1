"""The configuration as a file: it is valid as it stands, complete, and its values can be replaced one by one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from server.supervisor import envoy

ROOT = envoy.FOLDER.parent
TEXT = (envoy.FOLDER / "envoy.yaml").read_text(encoding="utf-8")


def test_it_is_valid_as_it_stands_for_someone_who_runs_envoy_himself() -> None:
    """`envoy --mode validate -c envoy/envoy.yaml` in the project's folder is content."""
    argv = [
        str(envoy.binary()),
        "--mode",
        "validate",
        "--use-dynamic-base-id",
        "-l",
        "warning",
        "-c",
        "envoy/envoy.yaml",
    ]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Deprecated" not in done.stderr


def test_every_service_of_the_contract_is_transcoded() -> None:
    """A service that is added to the contract must be added to the transcoder's list."""
    files = descriptor_pb2.FileDescriptorSet.FromString((envoy.FOLDER / "nerkh.binpb").read_bytes())
    for file in files.file:
        if file.package == "nerkh.v1":
            for service in file.service:
                assert f"- {file.package}.{service.name}\n" in TEXT


def test_the_table_of_http_paths_is_current() -> None:
    """The Lua table is what the generator makes of the descriptor set."""
    argv = [sys.executable, "scripts/gen_http_paths.py", "--check"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_value_is_replaced_where_it_is_marked_and_nowhere_else() -> None:
    """Rendering changes the marked lines alone, whatever stands beside the value."""
    rendered = envoy.render(TEXT, {"http_port": 18080, "host": "0.0.0.0"})  # noqa: S104 -- nothing listens here
    changed = [pair for pair in zip(TEXT.splitlines(), rendered.splitlines(), strict=True) if pair[0] != pair[1]]
    assert [new.strip() for _, new in changed] == ["address: 0.0.0.0 #= host", "port_value: 18080 #= http_port"]


def test_a_value_that_no_line_is_marked_with_is_an_error() -> None:
    """A renamed mark cannot go unseen."""
    with pytest.raises(KeyError, match="no_such_port"):
        envoy.render(TEXT, {"no_such_port": 1})


def test_two_marks_of_one_name_are_both_filled(tmp_path: Path) -> None:
    """The rendered file lies where it is asked for and holds every value."""
    target = envoy.write(tmp_path / "made.yaml", {"grpc_port": 1234})
    assert "port_value: 1234 #= grpc_port" in target.read_text(encoding="utf-8")
