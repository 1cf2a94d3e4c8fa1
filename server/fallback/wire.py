"""Sends a request straight to its source over a pooled connection, and reads the answer; used by the transport.

aiohttp makes the connections, keeps them and parses what comes; its session is left out. That makes each request anew
and looks after cookies, traces and middlewares which no source needs: half of what a call cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.tracing import Trace
from multidict import CIMultiDict
from yarl import URL

from server.fallback.body import read_body
from server.fallback.redirects import leads_on
from server.fallback.transport_failure import TransportFailure
from server.model import Outcome
from server.providers.base import Reply

HEADERS = {hdrs.USER_AGENT: "nerkh/0.1", hdrs.ACCEPT_ENCODING: "gzip, deflate", hdrs.ACCEPT: "*/*"}
"""What each request says of us."""

_UNBOUNDED = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_SWITCHING = 101


class Peer(aiohttp.ClientRequest):
    """Tells the pool whom a connection must lead to; it is never sent, and so its key stays as it is."""

    @cached_property
    def connection_key(self) -> ConnectionKey:
        """Under what the pool keeps connections that serve."""
        return super().connection_key


@dataclass(frozen=True, slots=True)
class Target:
    """An address, which may hold a key, with what can be made ready of a request to it."""

    url: URL = field(repr=False)
    peer: Peer = field(repr=False)
    get: bytes = field(repr=False)
    """A GET without headers of its own."""

    @classmethod
    def of(cls, url: URL) -> Target:
        """Return the target of an address, which is encoded; on the running loop."""
        return cls(url, Peer("GET", url), encoded("GET", url))


class Line(ResponseHandler):
    """A connection that breaks itself off when bytes come while it is idle: they would be taken for the next answer."""

    is_idle = False
    has_served = False
    """Whether it brought an answer before."""

    def data_received(self, data: bytes) -> None:
        """Take in what came, also nothing where reading goes on after a pause."""
        if self.is_idle and data and self.transport is not None:
            self.transport.abort()
        else:
            ResponseHandler.data_received(self, data)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Go on reading after a pause; without one there is nothing to do, though each piece that is read asks for it.

        aiohttp would turn its parser over then, with no bytes.
        """
        if self._reading_paused:
            super().resume_reading(resume_parser)


class Lines(aiohttp.BaseConnector):
    """What a pool inherits that gives out no connection with bytes on it that nobody asked for."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._factory = partial(Line, loop=self._loop)  # type: ignore[assignment]  # a partial is typed invariant

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        """Return an idle connection, None when there is none that serves."""
        while (connection := await super()._get(key, traces)) is not None:
            line: Any = connection.protocol
            if not len(line):
                line.is_idle = False
                return connection
            connection.close()  # more came with the end of the answer before
        return None

    def _release(self, key: ConnectionKey, protocol: Any, *, should_close: bool = False) -> None:
        """Take a connection back."""
        super()._release(key, protocol, should_close=should_close)
        protocol.is_idle = True


class Wire:
    """Requests over the connections of one pool; `close` closes them."""

    def __init__(self, connector: Lines) -> None:
        self._connector = connector

    async def send(self, target: Target, data: bytes, limit: int, *, again: bool) -> Reply:
        """Send an encoded request and return the answer, its body as sent up to the limit; that of a redirect empty.

        With `again` it is sent a second time when a connection broke that had brought an answer before: most often the
        source had just closed it. One that is new broke at this very request, and to ask anew is for the caller to
        decide, and to pay for. A connection goes back to the pool once its answer is read to the end, and is closed
        otherwise. Raises aiohttp's errors, `OSError` and `TransportFailure`.
        """
        while True:
            connection = await self._connector.connect(target.peer, [], _UNBOUNDED)
            line: Any = connection.protocol
            transport = connection.transport
            is_back = False
            try:
                if line is None or transport is None:
                    raise aiohttp.ServerDisconnectedError
                line.set_response_params(read_until_eof=True, auto_decompress=False)
                transport.write(data)
                message, content = await line.read()
                while message.code < 200 and message.code != _SWITCHING:
                    message, content = await line.read()
                headers = message.headers
                body = b""
                if not leads_on(message.code, headers):
                    body = await read_body(headers, content, limit)
                    connection.release()
                    line.has_served = is_back = True
                return Reply(message.code, body, headers.get(hdrs.CONTENT_TYPE, "").lower(), headers)
            except HttpProcessingError as error:
                raise TransportFailure(Outcome.SCHEMA, "the answer is not HTTP") from error
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
                if not again or line is None or not line.has_served:
                    raise
                again = False
            finally:
                if not is_back:
                    connection.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._connector.close()


def encoded(method: str, url: URL, headers: dict[str, str] | None = None, body: bytes | None = None) -> bytes:
    """Return a request as it is sent; raises `ValueError` for a header with a line break."""
    head = CIMultiDict({hdrs.HOST: url.host_port_subcomponent or "", **HEADERS})
    if headers:
        head.update(headers)
    if body is not None or method == "POST":
        head[hdrs.CONTENT_LENGTH] = str(len(body or b""))
    lines = [f"{name}: {value}" for name, value in head.items()]
    if any(mark in line for line in lines for mark in "\r\n\0"):
        raise ValueError("a header with a line break")
    return "\r\n".join((f"{method} {url.raw_path_qs} HTTP/1.1", *lines, "", "")).encode() + (body or b"")
