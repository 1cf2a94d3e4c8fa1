"""The transport over real proxies on loopback: what reaches a source, and whose fault a failure is said to be."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp.connector
import pytest
from aiohttp import web
from pydantic import SecretStr

from server.fallback.http import EgressFailure, Secret, Transport, TransportFailure
from server.fallback.routes import Route, RouteKind
from server.model import Outcome
from server.providers.base import Key, Request
from tests.fallback.proxies import Proxy, origin, proxies, talking, trusting

KINDS = [RouteKind.HTTP, RouteKind.HTTPS, RouteKind.SOCKS5]
PLAIN, SEALED = "http://source.example", "https://source.example"
REQUEST = Request("/a", (("q", "1"),))
WORD = "p4ss/word:"
SENT = "p4ss%2Fword%3A"


@pytest.fixture(autouse=True)
def _trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the transport's library believe the tests' certificate in place of the machine's authorities."""
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting())


async def hello(request: web.Request) -> web.Response:
    """Answer with what was asked, and for which host."""
    return web.Response(text=f"{request.host} {request.path_qs}", headers={"X-Seen": str(request.headers)})


@asynccontextmanager
async def transport(**parts: float) -> AsyncIterator[Transport]:
    """Give a transport that may go nowhere on loopback by itself."""
    made = Transport(connect_s=parts.get("connect_s", 5.0))
    try:
        yield made
    finally:
        await made.close()


async def failure(made: Transport, route: Route, url: str, **parts: float) -> EgressFailure:
    """Return how a request over a proxy fails by the proxy's fault; neither its address nor its password is told."""
    with pytest.raises(EgressFailure) as caught:
        await made.fetch(url, REQUEST, egress=route, **parts)  # type: ignore[arg-type]  # limits by name
    error = caught.value
    told = f"{error!r} {error.detail} {error.__cause__!r}"
    assert WORD not in told
    assert SENT not in told
    assert "127.0.0.1" not in told
    return error


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "sealed"])
@pytest.mark.parametrize("user", ["", "operator"])
async def test_every_kind_of_proxy_carries_plain_and_sealed_requests(kind: RouteKind, tls: bool, user: str) -> None:
    """With and without credentials; the source sees the request as it would be sent directly, and none of the proxy."""
    async with origin(hello, tls=tls) as port, transport() as made:
        proxy = Proxy(kind, {"source.example": port}, user, WORD if user else "")
        async with proxies(proxy):
            route = proxy.route(password=SENT if user else None)
            for _ in range(2):
                reply = await made.fetch(SEALED if tls else PLAIN, REQUEST, egress=route, timeout_s=10)
            assert (reply.status, reply.body) == (200, b"source.example /a?q=1")
            assert proxy.asked[0].partition(":")[0] == "source.example"
            assert "Proxy-" not in (reply.headers["X-Seen"] if tls or kind is RouteKind.SOCKS5 else "")
            assert WORD not in repr(route)
            assert SENT not in repr(route)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", [PLAIN, SEALED])
async def test_wrong_credentials_are_the_proxys_fault_everywhere(kind: RouteKind, url: str) -> None:
    """A 407, or a SOCKS refusal, says nothing of the source."""
    async with transport() as made, proxies(proxy := Proxy(kind, {}, "operator", WORD)):
        error = await failure(made, proxy.route(password="wrong"), url, timeout_s=10)
        assert error.is_everywhere
        assert error.outcome is Outcome.REFUSED


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_that_is_not_there_failed_everywhere(kind: RouteKind) -> None:
    """A closed port is the proxy's own failure."""
    proxy = Proxy(kind, {})
    async with proxies(proxy):
        route = proxy.route()
    async with transport() as made:
        error = await failure(made, route, SEALED, timeout_s=10)
        assert (error.outcome, error.is_everywhere) == (Outcome.REFUSED, True)


async def test_a_proxy_without_the_tls_that_it_should_speak_failed_everywhere() -> None:
    """An HTTPS proxy that speaks plain text gets no request."""
    plain = Proxy(RouteKind.SOCKS5, {})
    plain.fault = "lie"  # speaks up first, in plain text
    async with proxies(plain), transport() as made:
        route = Route("proxy1", RouteKind.HTTPS, SecretStr(f"https://127.0.0.1:{plain.port}"))
        error = await failure(made, route, SEALED, timeout_s=10)
        assert (error.outcome, error.is_everywhere) == (Outcome.TLS, True)


async def test_a_proxy_with_a_certificate_that_nobody_vouches_for_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its password is not sent to it."""
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", ssl.create_default_context())
    stranger = Proxy(RouteKind.HTTPS, {}, "operator", WORD)
    async with proxies(stranger), transport() as made:
        error = await failure(made, stranger.route(password=SENT), SEALED, timeout_s=10)
        assert (error.outcome, error.is_everywhere) == (Outcome.TLS, True)
        assert not stranger.heads


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["hang", "mute", "reset", "leave", "leave late", "deny"])
async def test_what_a_proxy_does_not_bring_is_not_the_sources_fault(kind: RouteKind, fault: str) -> None:
    """Whether it hangs, breaks off, or does not reach the host: the failure is the way's, and it is bounded in time."""
    async with origin(hello, tls=True) as port, transport(connect_s=0.3) as made:
        proxy = Proxy(kind, {"source.example": port})
        proxy.fault = fault
        async with proxies(proxy):
            error = await failure(made, proxy.route(), SEALED, timeout_s=20)
            assert error.outcome is {"hang": Outcome.TIMEOUT, "mute": Outcome.TIMEOUT}.get(fault, error.outcome)
            assert not (fault in ("leave", "leave late", "deny") and error.is_everywhere)


@pytest.mark.parametrize(("connect_s", "timeout_s"), [(0.3, 60.0), (60.0, 0.3)], ids=["connecting", "in all"])
async def test_a_tunnel_with_nothing_in_it_is_left_in_time(connect_s: float, timeout_s: float) -> None:
    """A SOCKS proxy connects, and then no TLS comes: the shorter of the bounds ends it, and the line with it."""
    async with transport(connect_s=connect_s) as made, proxies(proxy := Proxy(RouteKind.SOCKS5, {})):
        proxy.fault = "mute"
        async with asyncio.timeout(10.0):
            error = await failure(made, proxy.route(), SEALED, timeout_s=timeout_s)
            await proxy.left()
        assert error.outcome is Outcome.TIMEOUT
        assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_cannot_forge_a_sealed_answer(kind: RouteKind) -> None:
    """Whatever it puts into the tunnel fails TLS with the source, and is the proxy's fault."""
    async with transport() as made:
        proxy = Proxy(kind, {"source.example": 1})
        proxy.fault = "lie"
        async with proxies(proxy):
            await failure(made, proxy.route(), SEALED, timeout_s=10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"],
    ids=["no HTTP", "bad location"],
)
async def test_what_a_source_said_within_its_own_tls_is_not_held_against_the_proxy(
    kind: RouteKind, answer: bytes
) -> None:
    """Sealed garbage is the source's own word, over a proxy as without one."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()

    async with (
        talking(talk, tls=True) as port,
        transport() as made,
        proxies(proxy := Proxy(kind, {"source.example": port})),
    ):
        with pytest.raises(TransportFailure) as caught:
            await made.fetch(SEALED, REQUEST, egress=proxy.route(), timeout_s=10)
    assert caught.value.outcome is Outcome.SCHEMA
    assert not isinstance(caught.value, EgressFailure)


@pytest.mark.parametrize("how", ["reset", "close", "garbage", "alert"])
async def test_a_source_that_breaks_off_its_tls_does_not_take_a_socks_proxy_away_from_all_others(how: str) -> None:
    """The proxy did connect; what broke lies behind it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        if how == "reset":
            writer.transport.abort()
        elif how == "garbage":
            writer.write(b"no TLS here\r\n" * 10)
            await reader.read()
        elif how == "alert":
            writer.write(bytes.fromhex("15030300020228"))

    async with (
        talking(talk) as port,
        transport() as made,
        proxies(proxy := Proxy(RouteKind.SOCKS5, {"source.example": port})),
    ):
        error = await failure(made, proxy.route(), SEALED, timeout_s=10)
    assert proxy.asked == ["source.example:443"]
    assert not error.is_everywhere


@pytest.mark.parametrize("url", [PLAIN, SEALED])
async def test_what_is_no_http_and_comes_from_the_proxy_is_its_own(url: str) -> None:
    """In place of a plain answer, and in place of the tunnel."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await reader.read()

    async with talking(talk) as port, transport() as made:
        route = Route("proxy1", RouteKind.HTTP, SecretStr(f"http://127.0.0.1:{port}"))
        assert (await failure(made, route, url, timeout_s=10)).outcome is Outcome.SCHEMA


@pytest.mark.parametrize("kind", KINDS)
async def test_a_source_with_a_wrong_certificate_is_not_believed_over_a_proxy(kind: RouteKind) -> None:
    """The name in the certificate must be the source's, not the proxy's."""
    async with origin(hello, tls=True) as port, transport() as made:
        proxy = Proxy(kind, {"other.example": port})
        async with proxies(proxy):
            error = await failure(made, proxy.route(), "https://other.example", timeout_s=10)
            # asyncio of Python 3.11 stumbles over its own error for TLS within TLS, and breaks off
            assert error.outcome in ((Outcome.TLS, Outcome.RESET) if kind is RouteKind.HTTPS else (Outcome.TLS,))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:10.0.0.1]", "localhost", "10.0.0.1"]
)
async def test_no_proxy_is_sent_to_a_private_address(kind: RouteKind, host: str) -> None:
    """However it is written, and although the proxy itself stands on one; it is not even asked."""
    async with transport() as made, proxies(proxy := Proxy(kind, {})):
        with pytest.raises(TransportFailure) as caught:
            await made.fetch(f"http://{host}:80", REQUEST, egress=proxy.route(), timeout_s=10)
        assert not isinstance(caught.value, EgressFailure)
        assert caught.value.outcome is Outcome.CLIENT_ERROR
        assert not proxy.asked


async def test_a_proxy_may_be_sent_to_a_local_source() -> None:
    """The app named it as one."""
    async with origin(hello) as port, proxies(proxy := Proxy(RouteKind.HTTP, {"127.0.0.1": port})):
        made = Transport(local=[f"http://127.0.0.1:{port}"])
        reply = await made.fetch(f"http://127.0.0.1:{port}", REQUEST, egress=proxy.route(), timeout_s=10)
        await made.close()
        assert reply.status == 200


@pytest.mark.parametrize("kind", KINDS)
async def test_redirects_over_a_proxy_stay_within_the_site_too(kind: RouteKind) -> None:
    """Neither another site nor a private literal is asked for at the proxy."""
    targets = {"/site": "/there", "/out": "http://elsewhere.example/", "/in": "http://127.0.0.1:80/"}

    async def handler(request: web.Request) -> web.Response:
        if request.path in targets:
            return web.Response(status=302, headers={"Location": targets[request.path]})
        return web.Response(text=request.path)

    async with (
        origin(handler) as port,
        transport() as made,
        proxies(proxy := Proxy(kind, {"source.example": port})),
    ):
        route = proxy.route()
        assert (await made.fetch(PLAIN, Request("/site"), egress=route)).body == b"/there"
        for path in ("/out", "/in"):
            with pytest.raises(TransportFailure) as caught:
                await made.fetch(PLAIN, Request(path), egress=route)
            assert caught.value.outcome is Outcome.CLIENT_ERROR
        assert {each.partition(":")[0] for each in proxy.asked} == {"source.example"}


async def test_a_body_over_a_proxy_is_capped_too() -> None:
    """The limit holds whatever way the answer came."""

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(3_000_000))

    async with (
        origin(handler) as port,
        transport() as made,
        proxies(proxy := Proxy(RouteKind.SOCKS5, {"source.example": port})),
    ):
        with pytest.raises(TransportFailure) as caught:
            await made.fetch(PLAIN, REQUEST, egress=proxy.route(), body_limit=1_000_000)
        assert caught.value.outcome is Outcome.TOO_LARGE
        assert not isinstance(caught.value, EgressFailure)


@pytest.mark.parametrize("pattern", ["?url={encoded_url}", "?quest={url}", "{url}"])
async def test_a_public_proxy_is_given_the_address_within_its_own(pattern: str) -> None:
    """Encoded or as it is, as its pattern says; what it answers comes back."""
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.Response(text="100")

    async with origin(handler) as port:
        route = Route("public", RouteKind.PUBLIC, SecretStr(f"http://127.0.0.1:{port}/{pattern}"))
        made = Transport(local=[f"http://127.0.0.1:{port}"])
        reply = await made.fetch(SEALED, REQUEST, egress=route, timeout_s=10)
        with pytest.raises(TransportFailure):
            await made.fetch("http://10.0.0.1", REQUEST, egress=route, timeout_s=10)
        await made.close()
    encoded = "https%3A%2F%2Fsource.example%2Fa%3Fq%3D1"
    assert seen == ["/" + pattern.replace("{encoded_url}", encoded).replace("{url}", f"{SEALED}/a?q=1")]
    assert reply.body == b"100"


async def test_a_public_proxy_on_a_private_address_is_not_called() -> None:
    """It is no operator's own: its name may lead anywhere."""
    async with origin(hello) as port, transport() as made:
        route = Route("public", RouteKind.PUBLIC, SecretStr(f"http://localhost:{port}/?url={{encoded_url}}"))
        error = await failure(made, route, SEALED, timeout_s=10)
        assert error.is_everywhere


async def test_a_key_goes_through_the_tunnel_alone() -> None:
    """The proxy sees the host that is asked for, never the key."""
    secret = Secret(Key("NERKH_KEY_X", "query", "key"), SecretStr("s3cretkey"))
    async with (
        origin(hello, tls=True) as port,
        transport() as made,
        proxies(proxy := Proxy(RouteKind.HTTP, {"source.example": port})),
    ):
        reply = await made.fetch(SEALED, REQUEST, key=secret, egress=proxy.route(), timeout_s=10)
        assert b"s3cretkey" in reply.body
        assert b"s3cretkey" not in b"".join(proxy.heads)


async def test_connections_over_a_proxy_are_used_again_and_ways_do_not_mix() -> None:
    """Twenty requests share one tunnel; another route has its own."""
    async with origin(hello, tls=True) as port, transport() as made:
        one, two = Proxy(RouteKind.SOCKS5, {"source.example": port}), Proxy(RouteKind.HTTP, {"source.example": port})
        async with proxies(one, two):
            for _ in range(20):
                await made.fetch(SEALED, REQUEST, egress=(route := one.route()) if not one.asked else route)
            await asyncio.gather(*(made.fetch(SEALED, REQUEST, egress=each) for each in [two.route("proxy2")]))
            assert (len(one.asked), len(two.asked)) == (1, 1)


async def test_credentials_beyond_ascii_go_to_http_proxies_and_are_named_at_socks() -> None:
    """SOCKS5's library takes ASCII alone: that is said of the proxy, and not of the source."""
    async with origin(hello) as port, transport() as made:
        one, two = (Proxy(kind, {"source.example": port}, "ü", "é") for kind in (RouteKind.HTTP, RouteKind.SOCKS5))
        async with proxies(one, two):
            assert (await made.fetch(PLAIN, REQUEST, egress=one.route(user="%C3%BC", password="%C3%A9"))).status == 200
            error = await failure(made, two.route(user="%C3%BC", password="%C3%A9"), PLAIN)
            assert error.is_everywhere
            assert "ASCII" in error.detail


async def test_a_redirect_from_plain_to_sealed_does_not_take_the_proxys_password_along() -> None:
    """What an HTTP proxy is told in a header is not sent through the tunnel to the source."""
    seen: list[str] = []

    async def up(_request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": "https://www.source.example/up"})

    async def there(request: web.Request) -> web.Response:
        seen.append(str(request.headers))
        return web.Response()

    async with origin(up) as plain, origin(there, tls=True) as sealed, transport() as made:
        proxy = Proxy(RouteKind.HTTP, {"source.example": plain, "www.source.example": sealed}, "operator", WORD)
        async with proxies(proxy):
            assert (await made.fetch(PLAIN, REQUEST, egress=proxy.route(password=SENT))).status == 200
    assert len(seen) == 1
    assert "Proxy-Authorization" not in seen[0]


async def test_a_407_of_the_source_itself_is_its_own_answer() -> None:
    """Within the tunnel the proxy said nothing."""

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=407)

    async with (
        origin(handler, tls=True) as port,
        transport() as made,
        proxies(proxy := Proxy(RouteKind.HTTP, {"source.example": port})),
    ):
        assert (await made.fetch(SEALED, REQUEST, egress=proxy.route())).status == 407


@pytest.mark.parametrize("kind", KINDS)
async def test_a_tunnel_on_which_bytes_come_while_it_is_idle_is_not_used_again(kind: RouteKind) -> None:
    """What a source sends unasked is no answer to the next request, over a proxy as without one."""
    cut = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = b"later" if cut.is_set() else b"first"
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + answer)
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale")
        try:
            await reader.read()
        finally:
            cut.set()

    async with (
        talking(talk, tls=True) as port,
        transport() as made,
        proxies(proxy := Proxy(kind, {"source.example": port})),
    ):
        route = proxy.route()
        assert (await made.fetch(SEALED, REQUEST, egress=route)).body == b"first"
        await asyncio.wait_for(cut.wait(), 10.0)
        assert (await made.fetch(SEALED, REQUEST, egress=route)).body == b"later"
