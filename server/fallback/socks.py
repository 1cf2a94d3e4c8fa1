"""Connections over a SOCKS5 proxy; imported when one is named, and only then."""

from __future__ import annotations

import asyncio
import ssl as tls

from aiohttp.client_proto import ResponseHandler
from aiohttp_socks import ProxyConnector

from server.fallback.wire import Line, Lines


class SocksLine(Line):
    """A connection that a proxy made. It keeps what talked to the proxy, which closes the socket when it is freed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, talked: ResponseHandler) -> None:
        super().__init__(loop)
        self._talked = talked


class SocksLines(Lines, ProxyConnector):
    """A pool over one proxy, which makes TLS with the source itself.

    The library's own outlives every deadline when nothing comes through the tunnel: once cancelled it waits for the
    close of a stream that never closes.
    """

    async def _connect_via_proxy(
        self,
        host: str,
        port: int,
        ssl: tls.SSLContext | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- the library passes it by this name
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        """Return a connection to a host."""
        transport, talked = await super()._connect_via_proxy(host, port, timeout=timeout)
        line = SocksLine(self._loop, talked)
        if ssl is None:
            transport.set_protocol(line)
        else:
            sealed = None
            try:
                sealed = await self._loop.start_tls(transport, line, ssl, server_hostname=host)
            finally:
                if sealed is None:
                    transport.abort()
            if sealed is None:
                raise ConnectionResetError
            transport = sealed
        line.connection_made(transport)
        return transport, line
