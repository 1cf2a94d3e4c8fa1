"""The project's own Envoy configuration in front of another server, so that a peer stands behind the same Envoy."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from scripts.outages.kills import free_ports
from server.supervisor import envoy


@contextlib.contextmanager
def in_front_of(target: str, folder: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run Envoy in front of a gRPC server; yield its process and its HTTP address; end it in the end."""
    host, _, port = target.partition(":")
    http, operators, admin, unused = free_ports(4)
    config = envoy.write(
        Path(folder, "envoy.yaml"),
        {
            "http_port": http,
            "admin_http_port": operators,
            "envoy_admin_port": admin,
            "grpc_host": json.dumps(host),
            "grpc_port": port,
            "admin_port": unused,
        },
    )
    argv = envoy.command(config, Path(folder, "envoy.admin"), level="error")
    process = subprocess.Popen(argv, cwd=envoy.FOLDER.parent, stderr=subprocess.DEVNULL)
    try:
        _await(f"http://127.0.0.1:{http}/healthz")
        yield process, f"http://127.0.0.1:{http}"
    finally:
        process.terminate()
        process.wait(10)


def _await(url: str) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=2).read()
            return
        time.sleep(0.05)
    sys.exit(f"Envoy does not answer at {url}")
