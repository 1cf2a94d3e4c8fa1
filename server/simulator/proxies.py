"""Forward proxies of the simulated world, good and bad, over HTTP (CONNECT and absolute URLs) and SOCKS5.

The control API lists them. They lead to stand-ins alone: by loopback address, or by the name of a real host that a
stand-in stands for, whatever the port. A stand-in knows by which of them a request came.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from server.simulator.listener import bound

USER, PASSWORD = "simulated", "let-me-through"
_HEAD_LIMIT = 65_536
_PIECE = 65_536
_LIE = b"<!DOCTYPE html><html><body><h1>Your connection needs attention</h1></body></html>"
_BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_SOCKS_OK = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"
_SOCKS_FORBIDDEN = b"\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x00"
_GOOD, _KEYED, _HANGS, _RESETS, _LIES = "good", "keyed", "hangs", "resets", "lies"
KINDS: Mapping[str, tuple[str, str]] = {
    f"{scheme}_{behaviour}": (scheme, behaviour)
    for scheme in ("http", "socks5")
    for behaviour in (_GOOD, _KEYED, _HANGS, _RESETS, _LIES)
}
"""Every proxy by its name: what it speaks, and how it behaves. `keyed` wants a user and a password."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Behind(Protocol):
    """What a proxy needs of the simulator: where targets are, and whom to tell where a connection comes from."""

    egresses: dict[tuple[str, int], str]

    def reached(self, host: str, port: int) -> tuple[str, int] | None:
        """Return the address of the stand-in that a host and port lead to, None when they lead to none."""


class Refusal(Exception):
    """A request that a proxy answers itself: `said` is what it says."""

    def __init__(self, said: bytes) -> None:
        super().__init__(said)
        self.said = said


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy: its name, what it speaks, how it behaves."""

    name: str
    scheme: str
    behaviour: str


class Proxies:
    """All proxies, each on a port of its own."""

    def __init__(self, behind: Behind, host: str, saved: Callable[[str], int] = lambda _name: 0) -> None:
        self._behind = behind
        self._host = host
        self._sockets = {name: bound(host, saved(f"_proxy_{name}")) for name in KINDS}
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def ports(self) -> dict[str, int]:
        """Return the port of each, under the name that the ports file keeps it by."""
        return {f"_proxy_{name}": made.getsockname()[1] for name, made in self._sockets.items()}

    async def open(self) -> None:
        """Listen on all of them."""
        for name, (scheme, behaviour) in KINDS.items():
            serve = self._serving(Proxy(name, scheme, behaviour))
            self._servers.append(await asyncio.start_server(serve, sock=self._sockets[name]))

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        for server in self._servers:
            server.close()
        for writer in list(self._open):
            writer.transport.abort()

    def shown(self) -> dict[str, dict[str, str]]:
        """Return every proxy as the control API shows it; the one that is keyed with what opens it."""
        rows = {}
        for name, (scheme, behaviour) in KINDS.items():
            port = self._sockets[name].getsockname()[1]
            rows[name] = {"url": f"{scheme}://{self._host}:{port}", "behaviour": behaviour}
            if behaviour == _KEYED:
                rows[name] |= {"user": USER, "password": PASSWORD}
        return rows

    def _serving(self, proxy: Proxy) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._open.add(writer)
            try:
                await self._one(proxy, (reader, writer))
            except Refusal as refusal:
                writer.write(refusal.said)
                with contextlib.suppress(OSError):
                    await writer.drain()
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
                pass  # the caller went away, or speaks something else
            finally:
                self._open.discard(writer)
                writer.close()

        return serve

    async def _one(self, proxy: Proxy, caller: Streams) -> None:
        """Serve one connection."""
        if proxy.behaviour == _HANGS:
            while await caller[0].read(_PIECE):
                pass
            return
        if proxy.behaviour == _RESETS:
            await caller[0].read(1)
            _reset(caller[1])
            return
        speak = _http if proxy.scheme == "http" else _socks
        host, port, first = await speak(proxy, caller)
        if proxy.behaviour == _LIES:
            await _lie(caller, established=b"" if first else _established(proxy))
            return
        target = self._behind.reached(host, port)
        if target is None:
            raise Refusal(_status(403, "Forbidden") if proxy.scheme == "http" else _SOCKS_FORBIDDEN)
        upstream = await asyncio.open_connection(*target)
        own = upstream[1].get_extra_info("sockname")[:2]
        self._behind.egresses[own] = proxy.name
        try:
            if first:
                upstream[1].write(first)
            else:
                caller[1].write(_established(proxy))
            await _between(caller, upstream)
        finally:
            self._behind.egresses.pop(own, None)
            upstream[1].close()


async def _http(proxy: Proxy, caller: Streams) -> tuple[str, int, bytes]:
    """Read a request's head; return its target, and the head to pass on (none for CONNECT)."""
    head = (await caller[0].readuntil(b"\r\n\r\n"))[:_HEAD_LIMIT].decode("latin-1")
    line, *fields = head.rstrip("\r\n").split("\r\n")
    method, address, _version = line.split(" ")
    sent = {name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    if proxy.behaviour == _KEYED and sent.get("proxy-authorization") != _BASIC:
        raise Refusal(_status(407, "Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="simulated"'))
    if method == "CONNECT":
        host, _, port = address.rpartition(":")
        return host.strip("[]"), int(port), b""
    parts = urlsplit(address)
    if parts.scheme != "http" or parts.hostname is None:
        raise Refusal(_status(400, "Bad Request"))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [field for field in fields if not field.lower().startswith(("proxy-", "connection:"))]
    # One request a connection: the next may be for another host.
    passed = "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""])
    return parts.hostname, parts.port or 80, passed.encode("latin-1")


async def _socks(proxy: Proxy, caller: Streams) -> tuple[str, int, bytes]:
    """Greet, check user and password where they are wanted, and return the target (RFC 1928, RFC 1929)."""
    reader, writer = caller
    version, count = await reader.readexactly(2)
    methods = await reader.readexactly(count)
    wanted = 2 if proxy.behaviour == _KEYED else 0
    if version != 5 or wanted not in methods:
        raise Refusal(b"\x05\xff")
    writer.write(bytes((5, wanted)))
    if wanted:
        await reader.readexactly(1)
        user, password = [await reader.readexactly((await reader.readexactly(1))[0]) for _ in range(2)]
        if (user, password) != (USER.encode(), PASSWORD.encode()):
            raise Refusal(b"\x01\x01")
        writer.write(b"\x01\x00")
    _, command, _, form = await reader.readexactly(4)
    if form == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("ascii")
    else:
        host = str(ipaddress.ip_address(await reader.readexactly(4 if form == 1 else 16)))
    port = int.from_bytes(await reader.readexactly(2), "big")
    if command != 1:
        raise Refusal(b"\x05\x07" + _SOCKS_FORBIDDEN[2:])
    return host, port, b""


def _established(proxy: Proxy) -> bytes:
    return _SOCKS_OK if proxy.scheme == "socks5" else b"HTTP/1.1 200 Connection established\r\n\r\n"


async def _lie(caller: Streams, *, established: bytes) -> None:
    """Answer in the source's place; in a tunnel, where one is wanted, once something was asked."""
    if established:
        caller[1].write(established)
        await caller[0].read(_PIECE)
    raise Refusal(_status(200, "OK", "Content-Type: text/html", body=_LIE))


async def _between(one: Streams, other: Streams) -> None:
    """Pass bytes both ways until one side ends."""
    flows = [asyncio.create_task(_flow(one[0], other[1])), asyncio.create_task(_flow(other[0], one[1]))]
    try:
        await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for flow in flows:
            flow.cancel()
        await asyncio.gather(*flows, return_exceptions=True)


async def _flow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()


def _status(code: int, reason: str, *fields: str, body: bytes = b"") -> bytes:
    lines = (f"HTTP/1.1 {code} {reason}", *fields, f"Content-Length: {len(body)}", "Connection: close", "", "")
    return "\r\n".join(lines).encode() + body


def _reset(writer: asyncio.StreamWriter) -> None:
    connected = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
