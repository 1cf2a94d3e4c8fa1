"""The ports of one run: chosen where 0 was asked for, and looked at before anything starts."""

from __future__ import annotations

import contextlib
import errno
import random
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from server.errors import SetupError
from server.settings import Settings

LOOPBACK = "127.0.0.1"
LISTENING = "0A"
PUBLIC = frozenset({"grpc", "http"})
LOWEST = 10_240
TRIES = 50
PATIENCE = 30
PAUSE_S = 0.1
WILDCARDS = {"0.0.0.0": LOOPBACK, "": LOOPBACK, "::": "::1"}  # noqa: S104 -- names what the user may have asked for


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port that the children listen on, none of them 0; `simulator` is that of its control API."""

    host: str
    grpc: int
    admin: int
    http: int
    admin_http: int
    metrics: int
    envoy_admin: int
    simulator: int

    @property
    def reached(self) -> str:
        """The address at which this machine reaches what listens on `host`."""
        return WILDCARDS.get(self.host, self.host)


def settle(settings: Settings) -> Ports:
    """Return the ports of a run, 0 replaced by free ones.

    Raises `SetupError` for a port that is in use, naming who holds it and the flag that chooses another.
    """
    wanted = {
        "grpc": settings.grpc_port,
        "admin": settings.admin_port,
        "http": settings.http_port,
        "admin_http": settings.admin_http_port,
        "metrics": settings.metrics_port,
        "envoy_admin": 0,
        "simulator": 0,
    }
    taken: dict[str, int] = {}
    for name, port in wanted.items():
        if port and list(wanted.values()).count(port) > 1:
            raise SetupError(f"port {port} is given twice; choose another with --{name.replace('_', '-')}-port", 2)
    with contextlib.ExitStack() as held:  # all at once, so that no two are the same
        for name, port in wanted.items():
            address = settings.host if name in PUBLIC else LOOPBACK
            bound = held.enter_context(_bound(address, port, name))
            taken[name] = bound.getsockname()[1]
    return Ports(settings.host, **taken)


def _bound(host: str, port: int, name: str) -> socket.socket:
    flag = f"--{name.replace('_', '-')}-port"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    probe = socket.socket(family, socket.SOCK_STREAM)
    try:
        if not port:
            return _picked(probe, host)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what closed connections left is no listener
        _take(probe, host, port)
    except OSError as error:
        probe.close()
        if error.errno == errno.EADDRINUSE:
            raise SetupError(f"port {port} is in use by {holder(port)}; choose another with {flag}") from None
        if error.errno == errno.EACCES:
            raise SetupError(f"port {port} is not allowed for this user; choose one above 1023 with {flag}") from None
        raise SetupError(f"{host or 'that'} is no address of this machine; give another --host") from None
    return probe


def _take(probe: socket.socket, host: str, port: int) -> None:
    """Bind to a port; while nobody listens on it, wait a little for the connection that the kernel lent it to.

    The gRPC ports stand among those that outgoing connections take.
    """
    for _ in range(PATIENCE):
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE or _listeners(port):
                raise
            time.sleep(PAUSE_S)
        else:
            return
    probe.bind((host, port))


def _picked(probe: socket.socket, host: str) -> socket.socket:
    """Bind to a free port that the kernel gives to no outgoing connection: a child binds it again only later."""
    span = Path("/proc/sys/net/ipv4/ip_local_port_range")
    with contextlib.suppress(OSError, ValueError):
        below = int(span.read_text(encoding="ascii").split()[0])
        for port in random.sample(range(LOWEST, below), TRIES):
            with contextlib.suppress(OSError):
                probe.bind((host, port))
                return probe
    probe.bind((host, 0))
    return probe


def holder(port: int) -> str:
    """Say who has `port`: the listening program and its process id, as far as this user may see."""
    inodes = {f"socket:[{inode}]" for inode in _listeners(port)}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(descriptor.readlink()) in inodes:
                        name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                        return f"{name} (process {process.name})"
    return "another process" if inodes else "an outgoing connection for up to a minute"


def _listeners(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]:
                parts = line.split()
                if parts[3] == LISTENING and int(parts[1].rpartition(":")[2], 16) == port:
                    found.add(parts[9])
    return found
