"""A grpc.aio server on one address; `app` opens one for the public and one for operators."""

from __future__ import annotations

import socket

import grpc

from server.errors import SetupError
from server.rpc.binding import OPTIONS, Router


class Listener:
    """A bound server: its port is known, it answers once it is started."""

    def __init__(self, router: Router, host: str, port: int, flag: str) -> None:
        """Bind; raises `SetupError` that names the flag to change when the address cannot be used."""
        _probe(host, port, flag)
        self._server = grpc.aio.server(options=OPTIONS)
        self._server.add_generic_rpc_handlers((router,))
        try:
            self.port = self._server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        except RuntimeError:
            raise SetupError(_taken(host, port, "it cannot be bound", flag)) from None
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    async def start(self) -> None:
        """Answer from now on."""
        await self._server.start()

    async def stop(self, grace_s: float) -> None:
        """Take no new call, wait at most `grace_s` seconds for those in flight, then end them."""
        await self._server.stop(grace_s)


def _probe(host: str, port: int, flag: str) -> None:
    """Raise `SetupError` when the address is taken; grpc itself says less, and writes a trace of its own."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen(1)
    except OSError as error:
        raise SetupError(_taken(host, port, (error.strerror or "unusable").lower(), flag)) from None


def _taken(host: str, port: int, why: str, flag: str) -> str:
    return f"port {port} on {host} cannot be used ({why}); stop what holds it or choose another: {flag}"
