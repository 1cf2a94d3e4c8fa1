"""The command line of the simulator alone."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from server.simulator.__main__ import main


def test_wrong_options_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without an index, or an address that is not loopback, ends with one line and status 2."""
    assert main(["--replay", str(tmp_path)]) == 2
    assert main(["--host", "192.0.2.1"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "INDEX.json" in lines[0]
    assert "loopback" in lines[1]


def test_a_busy_port_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A port that was asked for and is taken is an error; no other port is taken in its place."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"port {port} on 127.0.0.1 is in use; choose another with --port, or 0 for a free one\n"
