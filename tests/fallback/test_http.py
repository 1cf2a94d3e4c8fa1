"""The transport against real servers on loopback: what comes back, and how each way of failing is told."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from pydantic import SecretStr

from server.fallback import http
from server.fallback.health import Sign
from server.fallback.http import Secret, Transport, TransportFailure
from server.model import Outcome
from server.providers.base import Key, Request

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[tuple[str, Transport]]:
    """Run a server that answers every path, with a transport that may call it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    transport = Transport(local=[url])
    try:
        yield url, transport
    finally:
        await transport.close()
        await runner.cleanup()


@asynccontextmanager
async def raw(answer: bytes, *, hold: bool = False) -> AsyncIterator[tuple[str, Transport]]:
    """Run a server that sends these bytes to whoever connects, then closes, or holds the line."""
    lines: set[asyncio.StreamWriter] = set()

    async def on_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.add(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if not hold:
            writer.close()

    server = await asyncio.start_server(on_line, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    transport = Transport(local=[url])
    try:
        yield url, transport
    finally:
        await transport.close()
        for writer in lines:
            writer.close()
        server.close()
        await server.wait_closed()


async def failure(transport: Transport, url: str, request: Request = Request("/"), **parts: float) -> Outcome:  # noqa: B008 -- frozen
    """Return how a request fails."""
    with pytest.raises(TransportFailure) as caught:
        await transport.fetch(url, request, **parts)  # type: ignore[arg-type]  # limits by name
    assert "?" not in caught.value.detail
    return caught.value.outcome


async def test_a_request_goes_out_as_it_was_built() -> None:
    """Path, query, body, headers and user agent arrive encoded once; the path prefix of the base URL is kept."""
    seen: list[web.Request] = []
    bodies: list[bytes] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        bodies.append(await request.read())
        return web.Response(body=b"{}", content_type="application/JSON", headers={"Retry-After": "7"})

    async with serving(handler) as (url, transport):
        reply = await transport.fetch(f"{url}/prefix", Request("/a b/ü", (("q", "x&y z"), ("q", "2"))))
        await transport.fetch(url, Request("/rpc", method="POST", json={"id": 1}, headers=(("X-Own", "1"),)))
    assert (reply.status, reply.body, reply.content_type) == (200, b"{}", "application/json")
    assert reply.headers["retry-after"] == "7"
    assert seen[0].path == "/prefix/a b/ü"
    assert seen[0].query.getall("q") == ["x&y z", "2"]
    assert seen[0].headers["User-Agent"] == "nerkh/0.1"
    assert "Cookie" not in seen[0].headers
    assert (seen[1].method, bodies[1], seen[1].headers["X-Own"]) == ("POST", b'{"id":1}', "1")


@pytest.mark.parametrize("place", ["query", "header", "bearer"])
async def test_a_key_is_put_where_its_source_wants_it(place: str) -> None:
    """Providers never see a key; the transport puts it into the query, a header or the bearer token."""
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response()

    secret = Secret(Key("NERKH_KEY_X", place, "X-Key"), SecretStr("s3cret"))
    async with serving(handler) as (url, transport):
        await transport.fetch(url, Request("/"), key=secret)
        await transport.fetch(url, Request("/"))
    given = {
        "query": seen[0].query.get("X-Key"),
        "header": seen[0].headers.get("X-Key"),
        "bearer": seen[0].headers.get("Authorization", "").removeprefix("Bearer "),
    }
    assert given[place] == "s3cret"
    assert "s3cret" not in repr(secret)
    assert "s3cret" not in f"{seen[1].headers}{seen[1].query_string}"


@pytest.mark.parametrize("status", [204, 301, 404, 429, 500, 503])
async def test_every_status_comes_back_as_a_reply(status: int) -> None:
    """What a status means is not the transport's affair; a redirect without a target is a reply too."""

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    async with serving(handler) as (url, transport):
        assert (await transport.fetch(url, Request("/"))).status == status


@pytest.mark.parametrize(("encoding", "packed"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_compressed_bodies_are_unpacked(encoding: str, packed: Callable[[bytes], bytes]) -> None:
    """Gzip and deflate, with or without zlib's header, give the same body."""
    body = b"0123456789" * 50_000
    raw_deflate = zlib.compressobj(wbits=-15)
    variants = [
        packed(body),
        raw_deflate.compress(body) + raw_deflate.flush() if encoding == "deflate" else packed(body),
    ]

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=variants[int(request.path[1:])], headers={"Content-Encoding": encoding})

    async with serving(handler) as (url, transport):
        for number in range(2):
            assert (await transport.fetch(url, Request(f"/{number}"))).body == body


async def test_broken_and_unknown_compression_is_no_answer() -> None:
    """Garbage, a cut stream and an encoding that was not asked for are told apart from a body."""
    bodies = {
        "/garbage": (b"not gzip", "gzip"),
        "/cut": (gzip.compress(b"x" * 100_000)[:-20], "gzip"),
        "/br": (b"x", "br"),
        "/more": (gzip.compress(b"{}") + bytes(5_000_000), "gzip"),
    }

    async def handler(request: web.Request) -> web.Response:
        body, encoding = bodies[request.path]
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    async with serving(handler) as (url, transport):
        assert await failure(transport, url, Request("/garbage")) is Outcome.SCHEMA
        assert await failure(transport, url, Request("/cut")) is Outcome.RESET
        assert await failure(transport, url, Request("/br")) is Outcome.SCHEMA
        assert await failure(transport, url, Request("/more")) is Outcome.SCHEMA  # not read on, and on, past the end


async def test_a_compression_bomb_is_cut_off_at_the_limit() -> None:
    """A gigabyte of zeros in a megabyte of gzip is never held."""
    squeezer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1024 * 1024)
    bomb = b"".join(squeezer.compress(zeros) for _ in range(200)) + squeezer.flush()

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with serving(handler) as (url, transport):
        assert await failure(transport, url, body_limit=1024 * 1024) is Outcome.TOO_LARGE


async def test_a_huge_body_is_cut_off_at_the_limit() -> None:
    """A hundred megabytes, announced or not, end the request early."""
    sent = 0

    async def announced(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(20 * 1024 * 1024))

    async def streamed(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1600):
            await response.write(bytes(64 * 1024))
            sent += 1
        return response

    async with serving(announced) as (url, transport):
        assert await failure(transport, url) is Outcome.TOO_LARGE
    async with serving(streamed) as (url, transport):
        assert await failure(transport, url, body_limit=1024 * 1024) is Outcome.TOO_LARGE
    assert sent < 1600


async def test_a_hanging_source_times_out_and_leaves_no_connection() -> None:
    """The time is bounded whether it hangs before its answer or within it."""

    async def hang(_request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async with serving(hang) as (url, transport):
        assert await failure(transport, url, timeout_s=0.1) is Outcome.TIMEOUT
    async with raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", hold=True) as (url, transport):
        assert await failure(transport, url, timeout_s=0.1) is Outcome.TIMEOUT


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"", Outcome.RESET),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", Outcome.RESET),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Outcome.SCHEMA),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Outcome.SCHEMA),
    ],
)
async def test_a_broken_answer_is_told_by_what_broke(answer: bytes, outcome: Outcome) -> None:
    """A cut connection is a reset; what is not HTTP is a broken schema."""
    async with raw(answer) as (url, transport):
        found = await failure(transport, url)
        assert found in (outcome, Outcome.RESET)


async def test_a_closed_port_is_refused_an_unknown_name_is_dns_and_plain_text_for_tls_is_tls() -> None:
    """What fails before any answer is told apart."""

    async def handler(_request: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as (url, transport):
        closed = url
        assert await failure(transport, url.replace("http:", "https:")) is Outcome.TLS
    transport = Transport(local=[closed])
    try:
        assert await failure(transport, closed) is Outcome.REFUSED
        assert await failure(transport, "http://nowhere.invalid") is Outcome.DNS
    finally:
        await transport.close()


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        (socket.EAI_NONAME, Sign.NO_NAME),
        (socket.EAI_NODATA, Sign.NO_NAME),
        (socket.EAI_AGAIN, Sign.FAILURE),
        (socket.EAI_FAIL, Sign.FAILURE),
    ],
)
async def test_an_authority_that_cannot_answer_now_is_no_name_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, code: int, sign: Sign
) -> None:
    """A name that is gone gives its source up within an hour; what is to be tried again does not."""

    def looked_up(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "")

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    transport = Transport()
    with pytest.raises(TransportFailure) as caught:
        await transport.fetch("https://source.example", Request("/"), timeout_s=10)
    assert (caught.value.outcome, caught.value.sign) == (Outcome.DNS, sign)
    await transport.close()


async def test_redirects_are_followed_within_the_site_only() -> None:
    """Three hops at most, to the same host and port; another site is a refusal, and no key goes with it."""
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.path)
        to = {"/one": "/two?x=1", "/two": "/end", "/loop": "/loop", "/out": "http://localhost:9/", "/bad": "ftp://x/"}
        if request.path in to:
            return web.Response(status=302, headers={"Location": to[request.path]})
        return web.Response(body=request.path_qs.encode())

    async with serving(handler) as (url, transport):
        assert (await transport.fetch(url, Request("/one"))).body == b"/end"
        assert await failure(transport, url, Request("/loop")) is Outcome.CLIENT_ERROR
        assert seen.count("/loop") == 4
        assert await failure(transport, url, Request("/out")) is Outcome.CLIENT_ERROR
        assert await failure(transport, url, Request("/bad")) is Outcome.CLIENT_ERROR


async def test_private_addresses_are_called_only_where_the_app_named_them() -> None:
    """Neither a literal nor a name that resolves to loopback gets a connection, and the server sees none."""
    seen = 0

    async def handler(_request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        return web.Response()

    async with serving(handler) as (url, transport):
        port = url.rpartition(":")[2]
        stranger = Transport()
        for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0"):  # noqa: S104 -- an address to refuse
            assert await failure(stranger, f"http://{host}:{port}") is Outcome.REFUSED
        await stranger.close()
        assert seen == 0
        assert (await transport.fetch(f"http://localhost:{port}", Request("/"))).status == 200


async def test_connections_are_used_again() -> None:
    """A hundred requests one after another share one connection, redirected and refused ones too."""
    lines: set[object] = set()

    async def handler(request: web.Request) -> web.Response:
        lines.add(request.transport)
        return web.Response(status=404 if request.path == "/404" else 200, body=b"x" * 1000)

    async with serving(handler) as (url, transport):
        for number in range(100):
            await transport.fetch(url, Request("/404" if number % 2 else "/"))
    assert len(lines) == 1


async def test_addresses_that_are_kept_ready_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ever new questions no more than so many are kept; those asked again are."""
    monkeypatch.setattr(http, "_MOST_TARGETS", 3)
    transport = Transport()
    for number in range(20):
        request = Request("/x", (("n", str(number)),))
        transport._target("https://a.example", request, None)
        assert ("https://a.example", "/x", request.query) in transport._targets
        assert len(transport._targets) <= 3
    await transport.close()
