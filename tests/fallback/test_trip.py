"""The engine over several ways out, in simulated time: region blocks, failing proxies, stickiness, hedges, keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from server.clock import VirtualClock, run_virtual
from server.fallback.engine import Engine
from server.fallback.http import EgressFailure, Secret
from server.fallback.routes import DIRECT, Route
from server.fallback.routes import PUBLIC as PUBLIC_ROUTES
from server.model import BreakerState, Kind, Outcome, Query, SourceState
from server.providers.base import Capability, Provider, Reply, Request, Source, Tier
from server.settings import Settings
from tests.fallback.world import BTC_USD, KEY, TOY, World, build, parse, source

TWO_PROXIES = Settings(proxies="one=http://10.0.0.1:3128,two=socks5://u:p4ssword@10.0.0.2:1080", egress_test_s=1e6)
ONE_PROXY = Settings(proxies="one=http://10.0.0.1:3128", egress_test_s=1e6)
PUBLIC = Settings(public_proxies=True, egress_test_s=1e6)


class RoutedWorld(World):
    """Sources that refuse the regions of some routes, and proxies that fail as told."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.over: list[tuple[str, str]] = []
        """Which source was asked over which route, in order."""
        self.refuses: dict[str, set[str]] = {}
        """By source, the routes that it answers with 451."""
        self.breaks: dict[str, EgressFailure | str] = {}
        """By proxy, how it fails, or `hang`, `slow` or `html`."""

    async def fetch(
        self, base_url: str, request: Request, *, key: Secret | None = None, egress: Route = DIRECT, **parts: Any
    ) -> Reply:
        """Stand in for the transport."""
        id_ = base_url.partition("://")[2].removesuffix(".example")
        if request.path != "/":  # a test of the way
            self.over.append((id_, egress.name))
        fault = self.breaks.get(egress.name)
        if fault == "hang":
            await asyncio.sleep(1e6)
        if fault == "slow":
            await asyncio.sleep(1.2)
            raise EgressFailure(Outcome.TIMEOUT, "proxy: no answer in time")
        if fault == "html":
            return Reply(200, b"html", "text/html")
        if isinstance(fault, EgressFailure):
            raise fault
        if request.path == "/":
            await asyncio.sleep(0.05)
            return Reply(404, b"")
        if egress.name in self.refuses.get(id_, ()):
            await asyncio.sleep(0.01)
            return Reply(451, b"")
        return await super().fetch(f"https://{id_}.example", request, key=key, **parts)

    def ways(self, id_: str) -> list[str]:
        """Return over which routes a source was asked, and forget it."""
        found = [route for source_, route in self.over if source_ == id_]
        self.over = [each for each in self.over if each[0] != id_]
        return found


Story = Callable[[RoutedWorld, VirtualClock], Coroutine[Any, Any, None]]


def play(story: Story) -> None:
    """Run a story in simulated time."""
    run_virtual(lambda clock: story(RoutedWorld(clock), clock))


def state_of(engine: Engine, id_: str) -> tuple[SourceState, str]:
    """Return a source's state, and why it is out."""
    view = next(view for view in engine.sources() if view.id == id_)
    return view.state, view.excluded


async def ask(engine: Engine) -> list[tuple[str, str, str]]:
    """Ask for a price and return its attempts: source, route, outcome."""
    answer = await engine.ask(BTC_USD, fresh=True)
    return [(each.source, each.egress, each.outcome.value) for each in answer.provenance.attempts]


def test_a_source_that_refuses_the_region_directly_is_asked_over_a_proxy() -> None:
    """At once, in the same request; it stays first, is PROXY_NEEDED and not excluded, and its circuit stays closed."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        world.refuses["a"] = {"direct"}
        engine = world.engine(["a", "b"], settings=ONE_PROXY)
        with capture_logs() as logs:
            assert await ask(engine) == [("a", "direct", "region"), ("a", "one", "ok")]
            for _ in range(20):
                assert await ask(engine) == [("a", "one", "ok")]
        assert not logs
        assert state_of(engine, "a") == (SourceState.PROXY_NEEDED, "")
        assert engine.ranking(Kind.PRICE).sources[0].source == "a"
        assert engine.breakers()[0].state is BreakerState.CLOSED
        assert "b" not in world.asked
        clock.advance(60.0)
        assert await ask(engine) == [("a", "direct", "region"), ("a", "one", "ok")]
        clock.advance(60.0)
        assert await ask(engine) == [("a", "one", "ok")]
        clock.advance(60.0)
        world.refuses.clear()
        assert await ask(engine) == [("a", "direct", "ok")]
        assert state_of(engine, "a") == (SourceState.ACTIVE, "")

    play(story)


def test_without_a_proxy_it_is_passed_over_and_its_circuit_stays_closed() -> None:
    """However often: a refusal by region is not a failure."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        world.says("b")
        world.refuses["a"] = {"direct"}
        engine = world.engine(["a", "b"])
        assert await ask(engine) == [("a", "direct", "region"), ("b", "direct", "ok")]
        assert await ask(engine) == [("a", "direct", "skipped_open"), ("b", "direct", "ok")]
        for _ in range(20):
            clock.advance(1801.0)
            await ask(engine)
        assert state_of(engine, "a") == (SourceState.PROXY_NEEDED, "blocked in this region")
        assert engine.breakers()[0].state is BreakerState.CLOSED
        assert engine.breakers()[0].failures == 0

    play(story)


def test_one_source_alone_answers_over_a_proxy_in_the_very_request_that_found_it_blocked() -> None:
    """Nothing else could have answered."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.says("a")
        world.refuses["a"] = {"direct"}
        assert await ask(world.engine(["a"], settings=ONE_PROXY)) == [("a", "direct", "region"), ("a", "one", "ok")]

    play(story)


def test_a_source_that_refuses_every_way_is_out_until_the_first_of_them_may_be_tried_again() -> None:
    """And is logged as down once; over the first way that works it is back."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        world.refuses["a"] = {"direct", "one", "two"}
        engine = world.engine(["a", "b"], settings=TWO_PROXIES)
        with capture_logs() as logs:
            for _ in range(4):
                await ask(engine)
            assert sorted(world.ways("a")) == ["direct", "one", "two"]
            assert state_of(engine, "a") == (SourceState.PROXY_NEEDED, "blocked in this region")
            world.refuses["a"] = {"direct", "one"}
            for _ in range(12):
                clock.advance(60.0)
                await ask(engine)
        assert [(each["event"], each["source"]) for each in logs] == [("source down", "a"), ("source back", "a")]
        assert world.ways("a")[-1] == "two"

    play(story)


def test_a_proxy_that_fails_is_left_for_another_within_the_attempt_and_the_source_is_not_blamed() -> None:
    """Refused, 407, TLS: one attempt, answered over the second; the first rests, for all hosts when it is its own."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        for id_ in ("a", "b"):
            world.says(id_)
            world.refuses[id_] = {"direct"}
        engine = world.engine(["a", "b"], settings=TWO_PROXIES)
        await ask(engine)
        failing = world.ways("a")[-1]
        other = "two" if failing == "one" else "one"
        world.breaks[failing] = EgressFailure(Outcome.REFUSED, "proxy: HTTP 407", is_everywhere=True)
        assert await ask(engine) == [("a", other, "ok")]
        assert world.ways("a") == [failing, other]
        assert await ask(engine) == [("a", other, "ok")]
        assert world.ways("a") == [other]
        assert engine.breakers()[0].failures == 0
        route = next(each for each in engine.egress_routes() if each.name == failing)
        assert not route.healthy
        assert route.quarantined_hosts == 1
        assert route.quarantined_until is not None
        world.fails("a")
        await ask(engine)
        assert failing not in world.ways("b")

    play(story)


def test_proxies_that_hang_end_the_attempt_and_never_open_the_circuit() -> None:
    """The next request takes another; with all of them gone the source is out, and direct is tried when its time is."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        world.refuses["a"] = {"direct"}
        engine = world.engine(["a", "b"], settings=TWO_PROXIES)
        world.breaks = {"one": "hang", "two": "hang"}
        for _ in range(10):
            assert (await ask(engine))[-1][0] == "b"
        assert sorted(world.ways("a")) == ["direct", "one", "two"]
        assert state_of(engine, "a")[1] == "blocked in this region"
        assert engine.breakers()[0].state is BreakerState.CLOSED
        assert engine.breakers()[0].failures == 0
        world.refuses.clear()
        clock.advance(70.0)
        assert (await ask(engine))[-1] == ("a", "direct", "ok")

    play(story)


def test_a_source_that_fails_behind_a_proxy_is_blamed_for_what_it_said_itself() -> None:
    """What came through TLS is its own word: the circuit opens."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        world.refuses["a"] = {"direct"}
        engine = world.engine(["a", "b"], settings=ONE_PROXY)
        await ask(engine)
        world.breaks["one"] = "html"
        for _ in range(6):
            await ask(engine)
        assert engine.breakers()[0].state is BreakerState.OPEN

    play(story)


def test_what_a_proxy_may_have_forged_is_held_against_the_proxy() -> None:
    """An unsealed source whose proxy shows a log-in page is not blamed; the next request takes another way."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        world.refuses["a"] = {"direct"}
        plain = source("a", Tier.CRITICAL)
        engine = world.engine([plain, source("b")], settings=ONE_PROXY, base_urls={"a": "http://a.example"})
        await ask(engine)
        world.breaks["one"] = "html"
        for _ in range(6):
            assert (await ask(engine))[-1][0] == "b"
        assert world.ways("a") == ["direct", "one", "one"]
        assert engine.breakers()[0].state is BreakerState.CLOSED

    play(story)


def test_a_host_keeps_its_proxy_and_equals_take_turns_for_others() -> None:
    """One proxy for ten minutes of requests, although another's turn comes every minute."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        world.says("a")
        world.refuses["a"] = {"direct"}
        engine = world.engine(["a"], settings=TWO_PROXIES)
        seen = []
        for _ in range(25):
            seen.append((await ask(engine))[-1][1])
            clock.advance(30.0)
        assert len(set(seen[:19])) == 1
        others = []
        for id_ in (f"h{number}" for number in range(6)):
            world.says(id_)
            world.refuses[id_] = {"direct"}
            one = world.engine([id_], settings=TWO_PROXIES)
            others.append((await ask(one))[-1][1])
            clock.advance(60.0)
        assert others in (["one", "two"] * 3, ["two", "one"] * 3)

    play(story)


def test_a_key_never_goes_over_a_public_proxy() -> None:
    """A source with a key that refuses the region is out; one without is asked there, and only by GET."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        for id_ in ("a", "b"):
            world.says(id_)
            world.refuses[id_] = {"direct"}
        keyed = source("a", Tier.CRITICAL, key=KEY)
        engine = world.engine([keyed, source("b")], settings=PUBLIC, keys={"NERKH_KEY_TOY": "s3cretkey"})
        assert await ask(engine) == [("a", "direct", "region"), ("b", "direct", "region"), ("b", "allorigins", "ok")]
        await ask(engine)
        assert world.ways("a") == ["direct"]
        assert state_of(engine, "a")[1] == "blocked in this region"
        assert state_of(engine, "b") == (SourceState.PROXY_NEEDED, "")

    play(story)


def test_what_is_more_than_a_bare_get_never_goes_over_a_public_proxy() -> None:
    """A source that is asked with a header is out where it refuses the region, and is said to be."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        for id_ in ("a", "b"):
            world.says(id_)
            world.refuses[id_] = {"direct"}

        def with_header(source: Source, query: Query) -> tuple[Request, ...]:
            return tuple(each._replace(headers=(("Accept", "text/plain"),)) for each in build(source, query))

        wordy = Provider("wordy", (Capability(Kind.PRICE, with_header, parse),), ())
        sources = [replace(source("a", Tier.CRITICAL), provider="wordy"), source("b")]
        engine = world.engine(sources, settings=PUBLIC, providers={"toy": TOY, "wordy": wordy})
        for _ in range(3):
            assert (await ask(engine))[-1] == ("b", "allorigins", "ok")
        assert world.ways("a") == ["direct"]
        assert state_of(engine, "a") == (SourceState.PROXY_NEEDED, "blocked in this region")

    play(story)


def test_a_public_proxy_that_refuses_for_too_many_is_left_and_the_source_not_rested() -> None:
    """429 is its own: the next one answers the next request."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        world.refuses["a"] = {"direct"}
        engine = world.engine(["a", "b"], settings=PUBLIC)
        await ask(engine)
        first = world.ways("a")[-1]
        world.replies("a", 429)
        assert (await ask(engine))[-1][0] == "b"
        world.says("a")
        attempts = await ask(engine)
        assert attempts[-1][0] == "a"
        assert attempts[-1][1] != first

    play(story)


def test_a_hedge_goes_over_a_proven_proxy() -> None:
    """What makes one way slow then does not make both slow."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("b")
        engine = world.engine(["a", "b"], settings=ONE_PROXY)
        await engine.start()
        await asyncio.sleep(1.0)
        assert {each.name: each.test_time is not None for each in engine.egress_routes()} == {
            "direct": False,
            "one": True,
        }
        world.over.clear()
        attempts = await ask(engine)
        assert attempts[-1] == ("b", "one", "ok")
        await engine.close()

    play(story)


def test_a_hedge_that_has_the_answer_ends_the_second_way_of_the_late_source_too() -> None:
    """It began beside the direct way; it answers while the same source is tried over a proxy that hangs."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        async def refusing(_request: Request) -> Reply:
            await asyncio.sleep(0.6)
            return Reply(451, b"")

        world.does("a", refusing)
        world.breaks["one"] = "hang"
        world.says("b", after_s=0.3)
        engine = world.engine(["a", "b"], settings=ONE_PROXY)
        start = clock.monotonic()
        assert [outcome for _, _, outcome in await ask(engine)] == ["region", "cancelled", "ok"]
        assert world.ways("a") == ["direct", "one"]
        assert clock.monotonic() - start == pytest.approx(0.5 + 0.3)

    play(story)


def test_requests_side_by_side_of_one_attempt_leave_a_failed_proxy_together() -> None:
    """It is held against the proxy once, however many of an attempt's requests it failed."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.says("a")
        world.refuses["a"] = {"direct"}
        engine = world.engine(["a"], settings=TWO_PROXIES)
        await ask(engine)
        failing = world.ways("a")[-1]
        world.breaks[failing] = EgressFailure(Outcome.RESET, "proxy: reset")
        await asyncio.gather(*(ask(engine) for _ in range(20)))
        route = next(each for each in engine.egress_routes() if each.name == failing)
        assert route.healthy
        assert route.quarantined_hosts == 1

    play(story)


def test_a_cancelled_caller_holds_nothing_against_a_way() -> None:
    """Who goes away while young says nothing of the proxy."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.says("a", after_s=0.2)
        world.refuses["a"] = {"direct"}
        engine = world.engine(["a"], settings=ONE_PROXY)
        await ask(engine)
        task = asyncio.create_task(ask(engine))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(1.0)
        assert await ask(engine) == [("a", "one", "ok")]

    play(story)


def test_a_proxy_that_the_one_before_left_no_time_is_not_held_to_have_hung() -> None:
    """The attempt ends in time; the next one goes over it at once, and only the first proxy rests."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.says("a", after_s=0.3)
        world.says("b")
        world.refuses["a"] = {"direct"}
        no_hedges = {"hedge_share": 0.0, "hedge_per_s": 0.0, "hedge_most": 0.0}
        engine = world.engine(["a", "b"], settings=TWO_PROXIES.model_copy(update=no_hedges))
        await ask(engine)
        slow = world.ways("a")[-1]
        world.breaks[slow] = "slow"
        assert (await ask(engine))[0][2] == "timeout"
        assert len(world.ways("a")) == 2
        quarantined = {each.name: each.quarantined_hosts for each in engine.egress_routes()}
        assert quarantined == {"direct": 1, "one": 0, "two": 0} | {slow: 1}
        assert (await ask(engine))[0][2] == "ok"

    play(story)


def test_direct_failures_are_the_sources_and_take_no_proxy() -> None:
    """A source that is down is down: with proxies, too, its circuit opens."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"], settings=ONE_PROXY)
        for _ in range(6):
            await ask(engine)
        assert engine.breakers()[0].state is BreakerState.OPEN
        assert set(world.ways("a")) == {"direct"}

    play(story)


@given(st.integers(0, 2**32))
@settings(max_examples=8)  # an hour each
def test_whatever_regions_and_proxies_do_no_request_fails_and_no_source_is_blamed(seed: int) -> None:
    """An hour in which refusals and faults of proxies come and go at random, while the sources themselves are sound."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        chance = Random(seed)  # noqa: S311 -- faults by seed, nothing secret
        for id_ in ("a", "b", "c"):
            world.says(id_)
        keyed = source("a", Tier.CRITICAL, key=KEY)
        given_ = Settings(proxies=TWO_PROXIES.proxies, public_proxies=True)
        engine = world.engine([keyed, "b", "c"], settings=given_, keys={"NERKH_KEY_TOY": "s3cretkey"})
        await engine.start()
        faults = [
            EgressFailure(Outcome.REFUSED, "proxy: refused", is_everywhere=True),
            EgressFailure(Outcome.RESET, "proxy: reset"),
            "hang",
        ]
        for _ in range(60):
            world.refuses = {id_: {"direct"} for id_ in ("a", "b") if chance.random() < 0.5}
            names = [route.name for route in engine.egress_routes()][1:]
            world.breaks = {name: chance.choice(faults) for name in names if chance.random() < 0.4}
            for _ in range(3):
                assert (await ask(engine))[-1][2] == "ok"
                await asyncio.sleep(20.0)
        assert [each.failures for each in engine.breakers()] == [0, 0, 0]
        assert {each.state for each in engine.breakers()} == {BreakerState.CLOSED}
        assert not {route for id_, route in world.over if id_ == "a"} & {route.name for route in PUBLIC_ROUTES}
        world.refuses, world.breaks = {"a": {"direct"}}, {}
        clock.advance(1900.0)
        await ask(engine)
        assert (await ask(engine))[-1][0] == "a"
        await engine.close()

    run_virtual(lambda clock: story(RoutedWorld(clock), clock), seed)


def test_what_a_public_proxy_says_of_limits_is_not_the_sources_word() -> None:
    """Neither its Retry-After nor its count of what is left keeps anyone from the source over another way."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        world.refuses["a"] = {"direct"}
        engine = world.engine(["a", "b"], settings=PUBLIC)
        await ask(engine)
        headers = {"retry_after": "100", "x_ratelimit_remaining": "0", "x_ratelimit_limit": "100"}
        for status in (429, 503):
            world.replies("a", status, **headers)
            assert (await ask(engine))[-1][0] == "b"
            world.says("a")
            assert (await ask(engine))[-1][0] == "a"

    play(story)


def test_a_public_proxy_that_says_that_a_region_is_refused_is_not_believed() -> None:
    """It may be its own refusal, or a lie: the way is left as one that failed, not as one that the host refuses."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        world.says("b")
        world.refuses["a"] = {"direct", *(route.name for route in PUBLIC_ROUTES)}
        engine = world.engine(["a", "b"], settings=PUBLIC)
        for _ in PUBLIC_ROUTES:
            await ask(engine)
        ways = engine._standings["a"].ways
        known = [way for route in PUBLIC_ROUTES if (way := ways.known(route)) is not None]
        assert ways.direct.is_refused
        assert [way.is_refused for way in known] == [False] * len(PUBLIC_ROUTES)
        assert all(way.quarantine.strikes for way in known)

    play(story)
