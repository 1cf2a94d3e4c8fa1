"""Real proxies on loopback for the tests: HTTP (plain and CONNECT), with or without TLS, and SOCKS5; good and bad ones.

A proxy knows where the names of the tests' outside world stand; nothing else is reached over it.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from server.fallback.routes import Route, RouteKind

CERTIFICATE = Path(__file__).parent / "certificate.pem"
"""For `source.example`, `localhost` and 127.0.0.1, with its key; it secures nothing."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


def trusting() -> ssl.SSLContext:
    """Return a client's context that believes the tests' certificate."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


def presenting() -> ssl.SSLContext:
    """Return a server's context with the tests' certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@asynccontextmanager
async def origin(handler: Handler, *, tls: bool = False) -> AsyncIterator[int]:
    """Run a source on loopback; gives its port."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=presenting() if tls else None).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def talking(talk: Talk, *, tls: bool = False) -> AsyncIterator[int]:
    """Run a server on loopback whose lines are handled by `talk`; gives its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def on_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(on_line, "127.0.0.1", 0, ssl=presenting() if tls else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


class Proxy:
    """One proxy. `asked` lists the targets it was asked for, `heads` the heads of HTTP requests it saw.

    `fault` is what it does instead of its work: hang, mute (a tunnel with nothing in it), reset, leave (it hangs up
    when greeted), leave late (when it has heard the target), deny (no such target), bar (other credentials wanted) or
    lie (an HTML page of its own for whatever is asked, also within a tunnel).
    """

    def __init__(self, kind: RouteKind, hosts: Mapping[str, int], user: str = "", password: str = "") -> None:
        self.kind = kind
        self.hosts = hosts
        self.user = user
        self.password = password
        self.fault = ""
        self.port = 0
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self._lines: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def route(self, name: str = "proxy1", *, user: str | None = None, password: str | None = None) -> Route:
        """Return the way out over it, with its credentials or with others."""
        user, password = self.user if user is None else user, self.password if password is None else password
        info = f"{user}:{password}@" if user else ""
        return Route(name, self.kind, SecretStr(f"{self.kind.value}://{info}127.0.0.1:{self.port}"))

    async def left(self) -> None:
        """Wait until the connections that are open now have ended."""
        await asyncio.gather(*self._tasks)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        """Serve on loopback inside the block."""
        context = presenting() if self.kind is RouteKind.HTTPS else None
        server = await asyncio.start_server(self._on_line, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            for writer in self._lines:
                writer.transport.abort()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    async def _on_line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError, ssl.SSLError):
            if self.kind is RouteKind.SOCKS5:
                await self._socks(reader, writer)
            else:
                await self._http(reader, writer)
        writer.close()
        self._tasks.discard(task)

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        is_tunnel = method == "CONNECT"
        authority = target if is_tunnel else target.partition("://")[2].partition("/")[0]
        self.asked.append(authority)
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if self.user and f"proxy-authorization: basic {token}".lower() not in head.decode().lower():
            self.fault = self.fault or "bar"
        if await self._fails(writer, is_tunnel=is_tunnel):
            return
        port = self.hosts.get(authority.rpartition(":")[0] if ":" in authority else authority)
        if port is None:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        there, back = await asyncio.open_connection("127.0.0.1", port)
        self._lines.add(back)
        if is_tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = "/" + target.partition("://")[2].partition("/")[2]
            first, _, rest = head.partition(b"\r\n")
            back.write(first.replace(target.encode(), path.encode()) + b"\r\n" + rest)
        await _both(reader, writer, there, back)

    async def _fails(self, writer: asyncio.StreamWriter, *, is_tunnel: bool) -> bool:
        if self.fault == "hang":
            await asyncio.sleep(3600)
        if self.fault == "reset":
            writer.transport.abort()
        elif self.fault == "bar":
            writer.write(b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
        elif self.fault == "deny":
            writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        elif self.fault == "mute":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.sleep(3600)
        elif self.fault == "lie" and is_tunnel:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlies")
        elif self.fault == "lie":
            page = b"<html>please log in</html>"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page) + page)
        else:
            return self.fault in ("leave", "leave late")
        return True

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await self._greets(reader, writer):
            return
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(str(byte) for byte in await reader.readexactly(4 if kind == 1 else 16))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(f"{host}:{port}")
        if self.fault == "leave late":
            return
        if self.fault == "mute":
            writer.write(b"\x05\x00\x00\x01" + bytes(6))
            while await reader.read(65536):
                pass
            return
        known = None if self.fault == "deny" else self.hosts.get(host)
        if known is None:
            writer.write(b"\x05\x04\x00\x01" + bytes(6))
            return
        there, back = await asyncio.open_connection("127.0.0.1", known)
        self._lines.add(back)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await _both(reader, writer, there, back)

    async def _greets(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Talk to a SOCKS client until it may say where to; return False when it may not."""
        if self.fault == "hang":
            await asyncio.sleep(3600)
        if self.fault == "reset":
            writer.transport.abort()
        elif self.fault == "lie":
            writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        if self.fault in ("reset", "lie"):
            return False
        _, count = await reader.readexactly(2)
        offered = await reader.readexactly(count)
        wanted = 2 if self.user else 0
        good = wanted in offered and self.fault != "leave"
        if self.fault != "leave":
            writer.write(bytes((5, wanted if good else 255)))
        if good and wanted:
            _, length = await reader.readexactly(2)
            user = await reader.readexactly(length)
            password = await reader.readexactly((await reader.readexactly(1))[0])
            good = (user.decode(), password.decode()) == (self.user, self.password)
            writer.write(b"\x01\x00" if good else b"\x01\x01")
        return good


async def _both(
    here: asyncio.StreamReader, writer: asyncio.StreamWriter, there: asyncio.StreamReader, back: asyncio.StreamWriter
) -> None:
    """Carry bytes both ways until either side ends."""

    async def carry(reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                to.write(piece)
                await to.drain()
        to.close()

    await asyncio.gather(carry(here, back), carry(there, writer))


@asynccontextmanager
async def proxies(*several: Proxy) -> AsyncIterator[None]:
    """Run several proxies inside the block."""
    async with AsyncExitStack() as stack:
        for proxy in several:
            await stack.enter_async_context(proxy.running())
        yield
