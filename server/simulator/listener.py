"""One source's own port: it listens, refuses while holding the port, resets, and passes requests on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_BACKLOG = 512


class Listener:
    """A port on loopback. While it refuses, the port stays bound without listening, so nobody else can take it."""

    def __init__(self, host: str, port: int, handle: Handle) -> None:
        self._host = host
        self._handle = handle
        self._socket = bound(host, port)
        self._server: asyncio.Server | None = None
        self._web: web.Server | None = None
        self.port: int = self._socket.getsockname()[1]

    @property
    def is_open(self) -> bool:
        """Say whether connections are taken."""
        return self._server is not None

    async def open(self) -> None:
        """Listen; nothing happens when it listens already."""
        if self._server is not None:
            return
        self._web = web.Server(self._handle, handler_cancellation=True, keepalive_timeout=600.0, access_log=None)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._web, sock=self._socket, backlog=_BACKLOG)

    async def refuse(self) -> None:
        """Stop listening and drop every connection; the port stays held."""
        await self._stop()
        if self._socket.fileno() == -1:
            self._socket = bound(self._host, self.port)

    async def close(self) -> None:
        """Give the port back."""
        await self._stop()
        self._socket.close()

    async def _stop(self) -> None:
        server, self._server = self._server, None
        if server is None or self._web is None:
            return
        server.close()
        for connection in self._web.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await self._web.shutdown(0.0)
        self._web = None


def reset(request: web.BaseRequest) -> None:
    """Answer a request with a TCP reset."""
    transport = request.transport
    if transport is None:
        return
    connected = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def bound(host: str, port: int) -> socket.socket:
    """Return a bound socket; a busy port is replaced by a free one."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setblocking(False)
    try:
        made.bind((host, port))
    except OSError:
        if not port:
            raise
        made.bind((host, 0))
    return made
