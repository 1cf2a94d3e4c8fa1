"""Limits over several ways out, in simulated time: what goes over a proxy is counted there, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from server.clock import VirtualClock
from server.fallback.drawing import OutOfQuota
from server.fallback.engine import Engine
from server.fallback.http import EgressFailure
from server.fallback.purse import Purse
from server.fallback.routes import DIRECT, Route
from server.fallback.score import parts_of
from server.fallback.trip import Trip
from server.model import Kind, Outcome, Purpose, Query, Value
from server.providers.base import Capability, Follow, Limit, Provider, Reply, Request, Source, Tier
from server.settings import Settings
from tests.fallback.counters import Counters, Server
from tests.fallback.ledger import Ledger
from tests.fallback.test_trip import ONE_PROXY, PUBLIC, TWO_PROXIES, RoutedWorld, ask, play, state_of
from tests.fallback.world import BTC_USD, ETH_USD, KEY, build, parse, source

THREE_PROXIES = Settings(
    proxies="one=http://10.0.0.1:3128,two=http://10.0.0.2:3128,three=http://10.0.0.3:3128", egress_test_s=1e6
)
DAY_S = 86_400.0
RESET = EgressFailure(Outcome.RESET, "proxy: reset")
USER = Purpose.USER


def two_sources(world: RoutedWorld, *limits: Limit, **parts: object) -> list[Source | str]:
    """Return a source with limits that refuses the direct way, and one that always answers."""
    world.says("a")
    world.says("b")
    world.refuses["a"] = {"direct"}
    return [source("a", Tier.CRITICAL, limits=limits, **parts), source("b", Tier.LOW)]


def routes_of(engine: Engine) -> tuple[Route, ...]:
    """Return every way out, direct first."""
    return engine._standings["b"].ways._egress.routes


def spent(engine: Engine, id_: str = "a") -> dict[str, int]:
    """Return how many requests were drawn on the purses of each way out to a source."""
    return {purse.egress: purse.spent for purse in engine._standings[id_].quota.purses()}


def spend_all(engine: Engine, clock: VirtualClock, routes: Sequence[Route], id_: str = "a") -> None:
    """Leave nothing in a source's purses over some ways out."""
    for route in routes:
        now, quota = clock.monotonic(), engine._standings[id_].quota
        while (purse := quota.pick(now, 1, USER, route.name)) is not None:
            purse.spend(now, 1)


def test_what_goes_over_a_proxy_leaves_the_direct_purse_alone() -> None:
    """The source counts by address; the way out that is spent takes it out of the plan, until direct is open again."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        engine = world.engine(two_sources(world, Limit(3, 300)), settings=ONE_PROXY)
        assert await ask(engine) == [("a", "direct", "region"), ("a", "one", "ok")]
        assert spent(engine) == {"direct": 1, "one": 1}
        for _ in range(2):
            assert await ask(engine) == [("a", "one", "ok")]
        assert await ask(engine) == [("a", "direct", "skipped_quota"), ("b", "direct", "ok")]
        assert spent(engine) == {"direct": 1, "one": 3}
        assert state_of(engine, "a")[1] == ""
        (routed,) = [each for each in engine.explain(BTC_USD).sources if each.source == "a"]
        assert routed.excluded == "3 a 300 s are used up, free in 60 s"
        left = {view.egress: view.remaining for view in engine.sources()[0].quotas}
        assert left == {"direct": 2, "one": 0}
        world.refuses.clear()
        clock.advance(60)
        assert await ask(engine) == [("a", "direct", "ok")]

    play(story)


def test_a_direct_purse_that_is_spent_takes_no_proxy_away_and_none_goes_around_it() -> None:
    """One request directly, one over the proxy; once the direct way is open only its own purse counts."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        engine = world.engine(two_sources(world, Limit(1, 300)), settings=ONE_PROXY)
        (lane,) = engine._standings["a"].lanes
        assert await ask(engine) == [("a", "direct", "region"), ("a", "one", "ok")]
        clock.advance(60)
        now = clock.monotonic()
        assert lane.admit(now) is None
        assert not lane.is_free(now)
        assert lane.admit_probe(now) is None
        assert await ask(engine) == [("a", "direct", "skipped_quota"), ("b", "direct", "ok")]
        assert world.ways("a") == ["direct", "one"]

    play(story)


def test_a_direct_purse_that_is_spent_matters_to_nobody_while_the_way_is_closed() -> None:
    """Neither to callers, nor to probes, nor to the score, nor to who is patient; the proxy's does."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        engine = world.engine(two_sources(world, Limit(3, 300), Limit(1, 1))[:1], settings=ONE_PROXY)
        (lane,) = engine._standings["a"].lanes
        assert await ask(engine) == [("a", "direct", "region"), ("a", "one", "ok")]
        clock.advance(1)
        now = clock.monotonic()
        direct = lane.standing.quota.pick(now, 1, USER)
        assert direct is not None
        direct.spend(now, 2)
        spend_all(engine, clock, [DIRECT])
        assert lane.is_free(now)
        assert lane.has_room(now)
        assert lane.exclusion(now) is None
        assert lane.free_at(now) == now
        assert {part.name: part.measured for part in parts_of(lane, now)}["quota_used"] == pytest.approx(1 / 3)
        admission = lane.admit_probe(now, USER)
        assert admission is not None
        lane.breaker.release(admission)
        assert await ask(engine) == [("a", "one", "ok")]
        found = await engine.ask(ETH_USD, fresh=True)
        assert [(each.egress, each.outcome.value) for each in found.provenance.attempts][1:] == [("one", "ok")]
        assert clock.monotonic() - now == pytest.approx(1.05)
        assert spent(engine)["one"] == 3

    play(story)


def test_a_refusal_over_a_proxy_rests_that_way_alone() -> None:
    """As long as it says, or until the direct way is open: that was asked for no rest."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        engine = world.engine(two_sources(world, Limit(10, 60)), settings=ONE_PROXY)
        world.replies("a", 429, retry_after="200")
        assert (await ask(engine))[:2] == [("a", "direct", "region"), ("a", "one", "throttled")]
        assert state_of(engine, "a")[1] == "resting after too many requests, free in 60 s"
        world.says("a")
        assert (await ask(engine))[0] == ("a", "direct", "skipped_quota")
        world.refuses.clear()
        clock.advance(60)
        assert await ask(engine) == [("a", "direct", "ok")]
        rates = {purse.egress: purse.pace.is_slowed for purse in engine._standings["a"].quota.purses()}
        assert rates == {"direct": False, "one": True}

    play(story)


def test_a_refusal_directly_sends_nothing_over_a_proxy() -> None:
    """Who asks too often is not asked another way."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        engine = world.engine(two_sources(world), settings=TWO_PROXIES)
        world.refuses.clear()
        world.replies("a", 429, retry_after="200")
        await ask(engine)
        for _ in range(3):
            assert (await ask(engine))[0] == ("a", "direct", "skipped_quota")
            clock.advance(60)
        assert world.ways("a") == ["direct"]

    play(story)


def test_a_request_that_goes_on_over_another_proxy_is_drawn_there_too() -> None:
    """What was drawn for the proxy that failed stays: the source may have seen it."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        engine = world.engine(two_sources(world, Limit(10, 60)), settings=TWO_PROXIES)
        await ask(engine)
        failing = world.ways("a")[-1]
        other = "two" if failing == "one" else "one"
        assert spent(engine) == {"direct": 1, failing: 1}
        world.breaks[failing] = RESET
        assert await ask(engine) == [("a", other, "ok")]
        assert spent(engine) == {"direct": 1, failing: 2, other: 1}

    play(story)


def test_requests_side_by_side_and_behind_are_each_drawn_on_the_way_that_they_go() -> None:
    """Two at once, over a proxy that fails and over another; the one that follows goes over that alone."""

    def several(_source: Source, query: Query) -> tuple[Request, ...]:
        return build(_source, query) * 2

    def twice(source_: Source, query: Query, replies: tuple[Reply, ...]) -> Value | Follow:
        return parse(source_, query, replies) if len(replies) > 2 else Follow(build(source_, query))

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        provider = Provider("toy", (Capability(Kind.PRICE, several, twice),), ())
        sources = two_sources(world, Limit(50, 60))[:1]
        engine = world.engine(sources, settings=TWO_PROXIES, providers={"toy": provider})
        await ask(engine)
        failing = world.ways("a")[-1]
        other = "two" if failing == "one" else "one"
        assert spent(engine) == {"direct": 2, failing: 3}
        world.breaks[failing] = RESET
        assert await ask(engine) == [("a", other, "ok")]
        assert spent(engine) == {"direct": 2, failing: 5, other: 3}
        assert world.ways("a") == [failing] + [other] * 3

    play(story)


@pytest.mark.parametrize("dry", [1, 2])
def test_a_proxy_over_which_nothing_is_left_is_passed_over_and_not_blamed(dry: int) -> None:
    """The next one with room is taken; when none has any the source is out of quota, and another answers."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        engine = world.engine(two_sources(world, Limit(10, 60)), settings=THREE_PROXIES)
        await ask(engine)
        standing = engine._standings["a"]
        taken = world.ways("a")[-1]
        first = next(each for each in routes_of(engine) if each.name == taken)
        second = standing.ways.peek(clock.monotonic(), public=True, lost=(first,))
        assert second is not None
        (third,) = set(routes_of(engine)) - {DIRECT, first, second}
        spend_all(engine, clock, [second, third][:dry])
        world.breaks[first.name] = RESET
        attempts = await ask(engine)
        if dry == 1:
            assert attempts == [("a", third.name, "ok")]
            assert world.ways("a") == [first.name, third.name]
        else:
            assert [(id_, how) for id_, _, how in attempts] == [("a", "skipped_quota"), ("b", "ok")]
            assert world.ways("a") == [first.name]
        quarantined = {each.name: each.quarantined_hosts for each in engine.egress_routes()}
        assert quarantined == {"direct": 1, first.name: 1, second.name: 0, third.name: 0}
        assert engine.breakers()[0].failures == 0

    play(story)


def test_a_hedge_draws_on_the_proxy_that_it_takes() -> None:
    """And none is sent where that has little left, although the direct way had enough."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL), source("b", limits=(Limit(10, 1e4),))], settings=ONE_PROXY)
        await engine.start()
        await asyncio.sleep(1.0)
        assert (await ask(engine))[-1] == ("b", "one", "ok")
        assert spent(engine, "b") == {"direct": 0, "one": 1}
        proxy = routes_of(engine)[1]
        spend_all(engine, clock, [proxy], "b")
        trip = Trip(engine._standings["b"], clock, DIRECT)
        drawing = trip.begin(engine._standings["b"].lanes[0], USER, clock.monotonic())
        assert isinstance(drawing.purse, Purse)
        assert drawing.purse.egress == "direct"
        world.over.clear()
        assert await ask(engine) == [("a", "direct", "timeout"), ("b", "direct", "ok")]
        assert world.ways("b") == ["direct"]
        await engine.close()

    play(story)


def test_no_proxy_gets_around_a_direct_purse_that_is_spent() -> None:
    """Of a hedge whose proxy fails, when the direct way is the next: it ends there."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        engine = world.engine(two_sources(world, Limit(10, 60)), settings=TWO_PROXIES)
        standing, proven = engine._standings["a"], routes_of(engine)[1]
        standing.ways._egress.state(proven).passed(0.1)
        trip = Trip(standing, clock, DIRECT)
        drawing = trip.begin(standing.lanes[0], USER, clock.monotonic())
        drawing.begin([Request("/bitcoin/USD")])
        spend_all(engine, clock, [DIRECT])
        world.breaks["one"] = RESET
        with pytest.raises(OutOfQuota):
            await trip.fetch(world, Request("/bitcoin/USD"), drawing, 1000)  # type: ignore[arg-type]  # stands in
        assert world.ways("a") == ["one"]
        assert spent(engine) == {"direct": 10, "one": 1}

    play(story)


def test_a_key_has_one_purse_whichever_way_it_is_sent() -> None:
    """Its limits are the key's; what another proxy repeats is drawn again."""

    async def story(world: RoutedWorld, _clock: VirtualClock) -> None:
        sources = two_sources(world, Limit(4, 300), key=KEY)
        engine = world.engine(sources, settings=TWO_PROXIES, keys={"NERKH_KEY_TOY": "s3cretkey"})
        assert [each[2] for each in await ask(engine)] == ["region", "ok"]
        assert spent(engine) == {"direct": 2}
        world.breaks[world.ways("a")[-1]] = RESET
        assert (await ask(engine))[0][2] == "ok"
        assert spent(engine) == {"direct": 4}
        assert [each[2] for each in await ask(engine)] == ["skipped_quota", "ok"]

    play(story)


def test_a_new_way_is_claimed_at_once_and_nothing_is_spent_before() -> None:
    """The request that finds the direct way closed is answered by another source, the next one over the proxy."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        ledger = Ledger()
        sources = two_sources(world, Limit(5, DAY_S))
        for _ in range(3):
            engine = world.engine(sources, settings=ONE_PROXY, ledger=ledger)
            await engine.start()
            for _ in range(12):
                assert (await ask(engine))[-1][2] == "ok"
                claimed = {name.egress: sum(slices.values()) for name, slices in ledger.slices.items()}
                assert all(tokens <= claimed.get(way, 0) for way, tokens in spent(engine).items())
                await asyncio.sleep(0.01)
            await engine.close()
            clock.advance(60)
        ways = world.ways("a")
        assert ways[:3] == ["direct", "one", "one"]
        assert (ways.count("one"), ways.count("direct")) == (5, 3)

    play(story)


def test_processes_share_the_limits_of_each_way() -> None:
    """Both go over the proxy: together no more than the source allows there, less what is left for an outage."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        server = Server(clock)
        links = [Counters(server) for _ in range(2)]
        sources = two_sources(world, Limit(20, 50))
        engines = [world.engine(sources, settings=ONE_PROXY, counters=link) for link in links]
        for link in links:
            link.up()
        clock.advance(120)
        for engine in engines:
            for _ in range(30):
                await ask(engine)
        assert world.ways("a").count("one") == 18
        drawn = {name.egress: sum(rows.values()) for name, rows in server.spent.items()}
        assert drawn == {"direct": 2, "one": 18}

    play(story)


def test_what_only_looks_at_the_way_out_moves_nothing() -> None:
    """And it names a public proxy only where requests may go over one."""

    async def story(world: RoutedWorld, clock: VirtualClock) -> None:
        engine = world.engine(two_sources(world), settings=PUBLIC)
        standing = engine._standings["a"]
        assert standing.way_out(clock.monotonic()) == "direct"
        standing.ways.refused(DIRECT, clock.monotonic(), public=True)
        assert standing.way_out(clock.monotonic()) != "direct"
        assert standing.ways.sticky is None
        standing.asks_more = True
        assert standing.way_out(clock.monotonic()) == "direct"

    play(story)
