"""Tests of proxies off the request's path, in simulated time: what a failed one means, what is shown, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.clock import VirtualClock, run_virtual
from server.errors import Unknown
from server.fallback.engine import Engine
from server.fallback.http import EgressFailure, Secret, TransportFailure
from server.fallback.routes import DIRECT, Route
from server.model import Action, Decision, EgressView, Outcome
from server.providers.base import Reply, Request
from server.settings import Settings
from tests.fallback.world import BTC_USD, World

SETTINGS = Settings(proxies="one=http://u:p4ssword@10.0.0.1:3128,two=socks5://10.0.0.2:1080")
SOURCES = ["a", "b", "c", "d"]


class ProxyWorld(World):
    """Proxies that fail as told: in themselves, or to the sources named."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.down: dict[str, Exception] = {}
        self.unreached: set[str] = set()
        self.tests: list[tuple[str, str]] = []

    async def fetch(
        self, base_url: str, request: Request, *, key: Secret | None = None, egress: Route = DIRECT, **parts: Any
    ) -> Reply:
        """Stand in for the transport."""
        if request.path != "/":
            return await super().fetch(base_url, request, key=key, **parts)
        id_ = base_url.removeprefix("https://").removesuffix(".example")
        self.tests.append((egress.name, id_))
        await asyncio.sleep(0.1)
        if egress.name in self.down:
            raise self.down[egress.name]
        if id_ in self.unreached:
            raise EgressFailure(Outcome.RESET, "proxy: reset")
        return Reply(403, b"")


def play(story: Callable[[ProxyWorld], Coroutine[Any, Any, None]]) -> None:
    """Run a story in simulated time."""
    run_virtual(lambda clock: story(ProxyWorld(clock)))


def route(engine: Engine, name: str) -> EgressView:
    """Return one way out as monitoring shows it."""
    return next(each for each in engine.egress_routes() if each.name == name)


def test_every_proxy_is_tested_each_minute_over_sources_in_turn_and_direct_is_not() -> None:
    """Any answer will do; the latency is shown, the address and the password are not."""

    async def story(world: ProxyWorld) -> None:
        engine = world.engine(SOURCES, settings=SETTINGS)
        await engine.start()
        await asyncio.sleep(130.0)
        assert [name for name, _ in world.tests] == ["one", "two"] * 3
        assert len({source for _, source in world.tests}) == 4
        one = route(engine, "one")
        assert (one.kind, one.healthy, one.quarantined_hosts, one.test_detail) == ("http", True, 0, "")
        assert one.latency_s is not None
        assert abs(one.latency_s - 0.1) < 1e-6
        assert one.test_time is not None
        assert (route(engine, "direct").kind, route(engine, "direct").test_time) == ("direct", None)
        assert "10.0.0" not in repr(engine.egress_routes())
        assert "p4ssword" not in repr(engine.egress_routes())
        await engine.close()

    play(story)


def test_a_proxy_that_fails_itself_is_out_and_said_to_be_once_and_back_once() -> None:
    """One test that it passes ends its quarantine."""

    async def story(world: ProxyWorld) -> None:
        world.down["one"] = EgressFailure(Outcome.REFUSED, "proxy: HTTP 407", is_everywhere=True)
        engine = world.engine(SOURCES, settings=SETTINGS)
        with capture_logs() as logs:
            await engine.start()
            await asyncio.sleep(200.0)
            view = route(engine, "one")
            assert (view.healthy, view.test_detail) == (False, "proxy: HTTP 407")
            assert view.quarantined_until is not None
            assert route(engine, "two").healthy
            world.down.clear()
            await asyncio.sleep(60.0)
            view = route(engine, "one")
            assert (view.healthy, view.test_detail, view.quarantined_until) == (True, "", None)
            await engine.close()
        assert [(each["event"], each["egress"]) for each in logs] == [("proxy down", "one"), ("proxy back", "one")]
        assert "p4ssword" not in str(logs)

    play(story)


def test_one_source_that_a_proxy_does_not_reach_is_not_its_failure_three_are() -> None:
    """A source may be down: the next one is asked."""

    async def story(world: ProxyWorld) -> None:
        world.unreached = {"a", "b"}
        engine = world.engine(SOURCES, settings=SETTINGS)
        for _ in range(8):
            assert (await engine.test_egress("one")).healthy
        world.unreached = set(SOURCES)
        world.tests.clear()
        view = await engine.test_egress("one")
        assert (view.healthy, view.test_detail, len(world.tests)) == (False, "proxy: reset", 3)

    play(story)


def test_what_an_operator_disabled_is_not_asked_at_all() -> None:
    """Nor what rests as it wished: others show how a proxy does, and where there is none it stands as it stood."""

    async def story(world: ProxyWorld) -> None:
        engine = world.engine(["a", "b", "c"], settings=SETTINGS)
        await engine.start()
        await engine.book.decide(Decision("a", Action.DISABLE, world.clock.now(), reason="we were asked to stop"))
        world.replies("b", 429, retry_after="300")
        await engine.sweep(BTC_USD)
        await asyncio.sleep(1.0)
        world.tests.clear()
        await asyncio.sleep(240.0)
        assert {source for _, source in world.tests} == {"c"}
        assert len(world.tests) == 8
        await asyncio.sleep(300.0)
        assert {source for _, source in world.tests} == {"b", "c"}
        for id_ in "bc":
            await engine.book.decide(Decision(id_, Action.DISABLE, world.clock.now(), reason="they too"))
        world.down["one"] = EgressFailure(Outcome.REFUSED, "proxy: HTTP 407", is_everywhere=True)
        view = await engine.test_egress("one")
        assert (view.healthy, view.test_detail) == (True, "no source to ask")
        await engine.close()

    play(story)


def test_an_operator_may_test_any_way_out_and_hears_of_one_that_is_not_there() -> None:
    """Direct too: it is never out, its test says what was wrong."""

    async def story(world: ProxyWorld) -> None:
        engine = world.engine(SOURCES, settings=SETTINGS)
        assert (await engine.test_egress("direct")).test_detail == ""
        world.down["direct"] = TransportFailure(Outcome.DNS, "ClientConnectorDNSError")
        view = await engine.test_egress("direct")
        assert (view.healthy, view.test_detail) == (True, "ClientConnectorDNSError")
        with pytest.raises(Unknown, match="one"):
            await engine.test_egress("oen")

    play(story)


def test_a_proxy_that_is_back_lets_a_blocked_source_be_asked_at_once() -> None:
    """Without waiting for the end of any quarantine, and without a request of a caller's."""

    async def story(world: ProxyWorld) -> None:
        settings = SETTINGS.model_copy(update={"egress_quarantine_s": 500.0, "egress_quarantine_longest_s": 500.0})
        world.down["one"] = world.down["two"] = EgressFailure(Outcome.REFUSED, "proxy: refused", is_everywhere=True)
        world.replies("a", 451)
        engine = world.engine(["a"], settings=settings)
        await engine.start()
        await asyncio.sleep(1.0)
        ways = engine._standings["a"].ways
        ways.refused(DIRECT, world.clock.monotonic(), public=True)
        engine._standings["a"].settle(world.clock.monotonic())
        assert engine.sources()[0].excluded == "blocked in this region"
        del world.down["two"]
        await asyncio.sleep(60.0)
        assert engine.sources()[0].excluded == ""
        await engine.close()

    play(story)


def test_what_breaks_over_one_proxy_ends_the_tests_of_no_other() -> None:
    """An error that nobody foresaw is told by its class alone; the tests go on, of that proxy too."""

    async def story(world: ProxyWorld) -> None:
        world.down["one"] = RuntimeError("at 10.0.0.1")
        engine = world.engine(SOURCES, settings=SETTINGS)
        with capture_logs() as logs:
            await engine.start()
            await asyncio.sleep(70.0)
            view = route(engine, "one")
            assert (view.healthy, view.test_detail) == (False, "RuntimeError")
            assert [name for name, _ in world.tests].count("two") == 2
            world.down.clear()
            await asyncio.sleep(60.0)
            assert route(engine, "one").healthy
            await engine.close()
        broken = [each for each in logs if each["event"] == "proxy test broken"]
        assert {(each["egress"], each["error"]) for each in broken} == {("one", "RuntimeError")}
        assert "10.0.0" not in str(logs)

    play(story)


def test_without_proxies_nothing_is_tested() -> None:
    """No request is made that nobody asked for."""

    async def story(world: ProxyWorld) -> None:
        engine = world.engine(SOURCES)
        await engine.start()
        await asyncio.sleep(600.0)
        assert not world.tests
        assert [each.name for each in engine.egress_routes()] == ["direct"]
        await engine.close()

    play(story)
