"""A running Nerkh as the tests ask it: over HTTP and by the command line."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Nerkh:
    """A running Nerkh: where it listens, and ways to ask it."""

    pid: int
    data: Path
    ready: dict[str, Any]

    @property
    def grpc(self) -> str:
        """The gRPC listener's host and port."""
        return str(self.ready["grpc"])

    def get(self, path: str, *, method: str = "GET", body: str | None = None, **headers: str) -> tuple[int, Any]:
        """Ask over HTTP; return the status and the parsed JSON (text where it is none)."""
        parts = urlsplit(str(self.ready["http"]))
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(raw)
        except ValueError:
            return answer.status, raw.decode()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `nerkh` against it."""
        environ = {**os.environ, "NERKH_ADDRESS": self.grpc, "COLUMNS": "120"}
        return subprocess.run(
            [sys.executable, "-m", "server", *words],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
