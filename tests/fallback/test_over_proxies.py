"""A whole engine over real proxies on loopback: a source that answers 451 unless it is asked through one of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp.connector
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from server.clock import SystemClock
from server.errors import NerkhError, SourcesFailed
from server.fallback.engine import Engine
from server.fallback.http import Transport
from server.fallback.routes import RouteKind
from server.model import Attempt, BreakerState, SourceState
from server.settings import Settings
from tests.fallback.proxies import Proxy, origin, proxies, trusting
from tests.fallback.world import BTC_USD, RATE_ASSETS, TOY, source

WORD = "p4ssw0rd"


@pytest.fixture(autouse=True)
def _trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the transport's library believe the tests' certificate in place of the machine's authorities."""
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting())


async def here(_request: web.Request) -> web.Response:
    """Answer who comes from this region."""
    return web.Response(status=451)


async def there(_request: web.Request) -> web.Response:
    """Answer who comes from where the proxies stand."""
    return web.Response(text="bitcoin USD 100")


@asynccontextmanager
async def engine(*several: Proxy, tls: bool = True, connect_s: float = 3.0) -> AsyncIterator[Engine]:
    """Give an engine with one source, which is reached over the proxies where it answers."""
    async with origin(here, tls=tls) as blocked, origin(there, tls=tls) as open_, proxies(*several):
        url = f"{'https' if tls else 'http'}://localhost:{blocked}"
        for proxy in several:
            proxy.hosts = {"localhost": open_}
        named = ",".join(proxy.route().address.get_secret_value() for proxy in several)
        transport = Transport(local=[url], connect_s=connect_s)
        made = Engine(
            catalog=[source("a")],
            providers={"toy": TOY},
            transport=transport,
            clock=SystemClock(seed=1),
            settings=Settings(proxies=named or None, egress_test_s=3600.0),
            keys={},
            base_urls={"a": url},
            rate_assets=RATE_ASSETS,
        )
        try:
            yield made
        finally:
            await made.close()
            await transport.close()


async def ask(made: Engine) -> list[tuple[str, str]]:
    """Ask for a price; return the ways and outcomes of its attempts."""
    attempts = (await made.ask(BTC_USD, fresh=True, deadline_s=20.0)).provenance.attempts
    return [(each.egress, each.outcome.value) for each in attempts]


@pytest.mark.parametrize("kind", [RouteKind.HTTP, RouteKind.HTTPS, RouteKind.SOCKS5])
@pytest.mark.parametrize("tls", [True, False], ids=["sealed", "plain"])
async def test_it_answers_through_the_proxy_in_the_same_request(kind: RouteKind, tls: bool) -> None:
    """And the attempts say which way was taken, by its name."""
    async with engine(Proxy(kind, {}, "operator", WORD), tls=tls) as made:
        assert await ask(made) == [("direct", "region"), ("proxy1", "ok")]
        assert await ask(made) == [("proxy1", "ok")]
        assert made.sources()[0].state is SourceState.PROXY_NEEDED
        assert made.breakers()[0].state is BreakerState.CLOSED
        assert made.egress_routes()[1].latency_s is not None


async def test_a_bad_proxy_costs_no_answer_and_its_password_is_told_nowhere() -> None:
    """One that wants other credentials, then a good one: one attempt; nothing that leaves the engine holds a secret."""
    bad, good = Proxy(RouteKind.HTTP, {}, "operator", WORD), Proxy(RouteKind.SOCKS5, {}, "second", WORD + "2")
    bad.fault = "bar"
    with capture_logs() as logs:
        async with engine(bad, good) as made:
            answers = [await made.ask(BTC_USD, fresh=True, deadline_s=20.0) for _ in range(3)]
            await made.test_egress("proxy1")
            views = made.egress_routes()
            told = f"{answers} {views} {made.sources()} {made.breakers()} {made.ranking(BTC_USD.kind)}"
    assert [answer.provenance.attempts[-1].egress for answer in answers] == ["proxy2"] * 3
    assert [view.healthy for view in views] == [True, False, True]
    assert views[1].test_detail == "proxy: HTTP 407"
    for secret in (WORD, "operator", f":{bad.port}", f":{good.port}"):
        assert secret not in told.replace(made.sources()[0].base_url, "")
        assert secret not in str(logs)


async def test_when_no_proxy_works_the_failure_names_none_of_their_addresses() -> None:
    """The caller hears that the source could not be reached, and over which ways."""
    bad = Proxy(RouteKind.SOCKS5, {}, "operator", WORD)
    bad.fault = "reset"
    async with engine(bad) as made:
        with pytest.raises(SourcesFailed) as caught:
            await ask(made)
        attempts = [each for each in caught.value.attempts if isinstance(each, Attempt)]
        assert [each.egress for each in attempts] == ["direct", "proxy1"]
        told = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
        for secret in (WORD, "operator", f":{bad.port}"):
            assert secret not in told
        assert made.breakers()[0].failures == 0


@pytest.mark.parametrize("fault", ["leave", "leave late"])
async def test_a_socks_proxy_that_hangs_up_costs_its_source_no_blame(fault: str) -> None:
    """The circuit stays closed, no parser of ours is said to have failed, and a test tells what the proxy does."""
    bad, good = Proxy(RouteKind.SOCKS5, {}), Proxy(RouteKind.SOCKS5, {})
    bad.fault = fault
    async with engine(bad, good) as made:
        for _ in range(6):
            assert (await ask(made))[-1] == ("proxy2", "ok")
        assert (made.breakers()[0].state, made.breakers()[0].failures) == (BreakerState.CLOSED, 0)
        assert made._runner.parser_errors == 0
        assert (await made.test_egress("proxy1")).test_detail == "proxy: it hung up"


async def test_a_caller_is_told_in_time_that_a_source_behind_a_socks_proxy_hangs() -> None:
    """The deadline of a call holds also while TLS through a tunnel does not come."""
    proxy = Proxy(RouteKind.SOCKS5, {})
    proxy.fault = "mute"
    async with engine(proxy, connect_s=60.0) as made, asyncio.timeout(10.0):
        with pytest.raises(NerkhError):
            await made.ask(BTC_USD, fresh=True, deadline_s=1.0)


async def test_many_at_once_share_what_one_found() -> None:
    """A hundred callers: the blocked way is asked once, the proxy's quarantine is one strike."""
    async with engine(Proxy(RouteKind.HTTP, {})) as made:
        await asyncio.gather(*(ask(made) for _ in range(100)))
        assert made.egress_routes()[0].quarantined_hosts == 1
        assert made._standings["a"].ways.direct.quarantine.strikes == 1
