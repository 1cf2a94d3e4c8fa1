"""Excluded sources are asked now and then, by nobody's hand, and never for a caller who waits."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.clock import VirtualClock, run_virtual
from server.fallback.breaker import Breaker
from server.fallback.http import TransportFailure
from server.fallback.lane import Lane
from server.fallback.simple import simple_query
from server.fallback.standing import Standing
from server.model import Action, Decision, FearGreed, FearGreedReading, Kind, Outcome, Query, SourceState, Value
from server.providers.base import Capability, Provider, Reply, Request, Source
from server.providers.catalog import PROVIDERS
from server.settings import Settings
from tests.fallback.world import BTC_USD, ETH_USD, KEY, World, build, parse, source

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]


def play(story: Story) -> None:
    """Run a story in simulated time."""
    run_virtual(lambda clock: story(World(clock), clock))


def paths(world: World, name: str, status: int = 200) -> list[str]:
    """Let a source answer, and keep what it is asked for."""
    asked: list[str] = []

    async def answering(request: Request) -> Reply:
        asked.append(request.path)
        _, asset, quote = request.path.split("/")
        body = f"{asset} {quote} 100 {world.clock.now().isoformat()}" if status == 200 else ""
        return Reply(status, body.encode())

    world.does(name, answering)
    return asked


def test_a_source_that_nobody_asks_for_any_more_comes_back_too() -> None:
    """Ten minutes after its circuit opened it is probed with what was asked last, twice, and is then closed."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.start()
        for _ in range(5):
            await engine.ask(ETH_USD, fresh=True)
        assert engine.sources()[0].state is SourceState.FAILED
        asked = paths(world, "a")
        opened = clock.monotonic()
        await asyncio.sleep(opened + 599 - clock.monotonic())
        assert asked == []
        await asyncio.sleep(30)
        assert asked == ["/ethereum/USD"] * 2
        assert engine.sources()[0].state is not SourceState.FAILED
        await engine.close()

    play(story)


def test_a_source_out_of_rotation_is_probed_for_each_of_its_kinds_in_turn() -> None:
    """One of them may be dead for good: the other one brings the source back."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.fails("a")
        asked: list[str] = []

        async def half(request: Request) -> Reply:
            asked.append(request.path)
            if request.path == "/mood":
                return Reply(200, clock.now().isoformat().encode())
            raise TransportFailure(Outcome.REFUSED)

        def build_mood(_source: Source, _query: Query) -> tuple[Request, ...]:
            return (Request("/mood"),)

        def parse_mood(_source: Source, _query: Query, replies: tuple[Reply, ...]) -> Value:
            time = datetime.fromisoformat(replies[0].body.decode())
            return FearGreed((FearGreedReading(Decimal(50), "Neutral", time),))

        capabilities = (Capability(Kind.PRICE, build, parse), Capability(Kind.FEAR_GREED, build_mood, parse_mood))
        engine = world.engine(["a"], providers={"toy": Provider("toy", capabilities, ())})
        await engine.start()
        standing = engine.watch.standings["a"]
        for lane in standing.lanes:
            lane.breaker.restore(clock.monotonic(), clock.monotonic() + 10, 3)
        standing.health.remove(clock.monotonic(), "for the test")
        standing.settle(clock.monotonic())
        world.does("a", half)
        await asyncio.sleep(3600)
        assert "/mood" in asked
        assert not standing.health.is_out()
        await engine.close()

    play(story)


def test_after_a_restart_it_is_probed_with_a_simple_query() -> None:
    """Nothing was asked yet: bitcoin's price does."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = world.engine(["a"])
        asked = paths(world, "a", 500)
        for lane in engine.watch.standings["a"].lanes:
            lane.breaker.restore(clock.monotonic(), clock.monotonic() + 1800, 3)
        await engine.start()
        await asyncio.sleep(599)
        assert asked == []
        await asyncio.sleep(3_000)
        assert asked == ["/bitcoin/USD"] * 5  # every ten minutes, however long the circuit rests for callers
        await engine.close()

    play(story)


def test_whom_an_operator_took_out_nobody_asks() -> None:
    """Neither callers nor probes, nor one that has no key."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("c")
        asked = paths(world, "a"), paths(world, "b")
        settings = Settings(mirror_share=1.0, mirror_least_s=0)
        engine = world.engine([source("a"), source("b", key=KEY), source("c")], settings=settings)
        await engine.start()
        assert not await engine.book.decide(Decision("a", Action.DISABLE, clock.now(), reason="lies"))
        for _ in range(200):
            await engine.ask(BTC_USD, fresh=True)
            await asyncio.sleep(30)
        assert asked == ([], [])
        assert engine.sources()[0].excluded == "disabled by an operator: lies"
        await engine.book.decide(Decision("a", Action.ENABLE, clock.now()))
        await engine.ask(BTC_USD, fresh=True)
        await engine.sweep(BTC_USD)
        assert asked[0]
        await engine.close()

    play(story)


def test_a_share_of_what_callers_ask_goes_to_excluded_sources_behind_their_backs() -> None:
    """No caller waits for it and its answer serves nobody; a source gets no more than its least time allows."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.fails("a")
        world.says("b", after_s=0.05)
        settings = Settings(mirror_share=0.5, mirror_least_s=60, probe_s=1e6)
        engine = world.engine(["a", "b"], settings=settings)
        await engine.start()
        for _ in range(6):
            await engine.ask(BTC_USD, fresh=True)
        engine.watch.standings["a"].health.remove(clock.monotonic(), "removed")
        engine.watch.standings["a"].settle(clock.monotonic())
        world.hangs("a")
        asked = world.asked["a"]
        for _ in range(300):
            start = clock.monotonic()
            answer = await engine.ask(BTC_USD, fresh=True)
            assert clock.monotonic() - start == pytest.approx(0.05)
            assert answer.provenance.source == "b"
            await asyncio.sleep(2)
        assert 6 <= world.asked["a"] - asked <= 11  # 600 s, one a minute, taken by chance
        mirrored = paths(world, "a")
        while engine.sources()[0].state in (SourceState.BLOCKED, SourceState.FAILED):
            await engine.ask(BTC_USD, fresh=True)
            await asyncio.sleep(2)
        assert 1 <= len(mirrored) <= 4
        await engine.close()

    play(story)


def test_a_source_that_refused_our_region_is_found_to_be_back_without_callers() -> None:
    """Its circuit never opened; once its quarantine ends it is probed, and said to be back when it answers."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.replies("a", 451)
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.start()
        with capture_logs() as logs:
            await engine.ask(BTC_USD)
            await asyncio.sleep(3_000)
            assert 4 <= world.asked["a"] <= 6
            world.says("a")
            await asyncio.sleep(700)
        assert [(each["event"], each["source"]) for each in logs] == [("source down", "a"), ("source back", "a")]
        await engine.close()

    play(story)


def test_probes_are_few_a_second() -> None:
    """Forty sources whose circuits opened at once are not probed at once."""

    async def story(world: World, clock: VirtualClock) -> None:
        names = [f"s{number}" for number in range(40)]
        starts: list[float] = []

        async def answering(_request: Request) -> Reply:
            starts.append(clock.monotonic())
            await asyncio.sleep(1)
            return Reply(500, b"")

        for name in names:
            world.does(name, answering)
        engine = world.engine([source(name) for name in names])
        for standing in engine.watch.standings.values():
            for lane in standing.lanes:
                lane.breaker.restore(0.0, 1800.0, 1)
        await engine.start()
        await asyncio.sleep(640)
        assert len(starts) == 40
        assert all(later - earlier >= 0.29 for earlier, later in itertools.pairwise(starts))
        await engine.close()

    play(story)


def test_every_source_of_the_catalogue_can_be_probed() -> None:
    """For each lane there is a simple query, but for a transaction, whose hash nobody can make up."""
    without: set[tuple[str, Kind]] = set()
    for provider in PROVIDERS:
        for row in provider.sources:
            for capability in provider.capabilities:
                lane = _lane(row, capability)
                query = simple_query(lane)
                if query is None:
                    without.add((row.id, capability.kind))
                else:
                    assert query.kind is capability.kind
                    assert capability.build(row, query)
    assert {kind for _, kind in without} <= {Kind.TRANSACTION}, sorted(without)


def _lane(row: Source, capability: Any) -> Lane:
    return Lane(Standing(row, row.base_url, ()), capability, Breaker(lambda: 0.5))


def test_a_source_out_of_rotation_that_hangs_has_one_probe_at_a_time() -> None:
    """A probe has eight seconds, and the prober looks every five."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.start()
        standing, now = engine.watch.standings["a"], clock.monotonic()
        standing.health.remove(now, "removed by an operator until it answers")
        standing.settle(now)
        most = 0
        for _ in range(640):
            await clock.sleep(1)
            most = max(most, world.under_way)
        assert (most, world.asked.get("a")) == (1, 1)
        await engine.close()

    play(story)
