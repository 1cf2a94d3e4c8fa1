"""What monitoring shows: states, rankings with their reasons, breakers, and a source logged once down and once back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.clock import VirtualClock, run_virtual
from server.fallback.breaker import Breaker
from server.fallback.classify import Verdict
from server.fallback.engine import Engine
from server.fallback.lane import Lane
from server.fallback.measures import Measures
from server.fallback.plan import Plan
from server.fallback.ranker import Ranker
from server.fallback.standing import Standing
from server.model import BreakerState, Kind, Outcome, SourceState, SourceView
from server.providers.base import Capability, Tier
from tests.fallback.world import BTC_USD, KEY, World, build, parse, source

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]


def play(story: Story) -> None:
    """Run a story in simulated time."""
    run_virtual(lambda clock: story(World(clock), clock))


def view_of(engine: Engine, id_: str) -> SourceView:
    """Return one source as monitoring shows it."""
    return next(view for view in engine.sources() if view.id == id_)


def test_a_source_that_was_never_asked_is_active_and_one_without_its_key_disabled() -> None:
    """A view says what the source is, what it serves and whether its key is there, and never the key."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = world.engine([source("a", attribution="by A"), source("b", key=KEY)])
        one, two = engine.sources()
        assert (one.state, one.kinds, one.calls, one.success_ratio) == (SourceState.ACTIVE, ("price",), 0, 1.0)
        assert (one.attribution, one.key_required, one.latency_p50_s) == ("by A", False, None)
        assert (two.state, two.key_required, two.key_present) == (SourceState.DISABLED, True, False)

    play(story)


def test_a_source_goes_down_and_comes_back_and_each_is_logged_once() -> None:
    """FAILED while all its circuits are open; its breaker says since when and when the next probe goes."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        with capture_logs() as logs:
            for _ in range(9):
                await engine.ask(BTC_USD, fresh=True)
            view = view_of(engine, "a")
            assert view.state is SourceState.FAILED
            assert (view.calls, view.successes, view.last_outcome) == (5, 0, "refused")
            assert view.last_success_time is None
            (breaker,) = view.breakers
            assert (breaker.state, breaker.consecutive_failures, breaker.trips) == (BreakerState.OPEN, 5, 1)
            assert breaker.opened_time is not None
            assert breaker.next_probe_time is not None
            assert 47 < (breaker.next_probe_time - breaker.opened_time).total_seconds() < 73
            world.says("a")
            clock.advance(80)
            assert engine.breakers()[0].state is BreakerState.HALF_OPEN
            for _ in range(3):
                await engine.ask(BTC_USD, fresh=True)
                await asyncio.sleep(1)
        assert [(each["event"], each["source"]) for each in logs] == [("source down", "a"), ("source back", "a")]
        assert view_of(engine, "a").state is not SourceState.FAILED
        assert engine.breakers()[0].next_probe_time is None

    play(story)


def test_the_share_of_good_calls_is_that_of_the_last_ten_minutes() -> None:
    """A source that worked for long and fails now is shown to fail; what was asked long ago says nothing."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine(["a"])
        for _ in range(20):
            await engine.ask(BTC_USD, fresh=True)
        clock.advance(601)
        (view,) = engine.sources()
        assert (view.calls, view.successes, view.success_ratio) == (20, 20, 1.0)
        world.fails("a")
        await engine.ask(BTC_USD, fresh=True)
        (view,) = engine.sources()
        assert view.success_ratio == 0
        assert view.calls > view.successes == 20

    play(story)


def test_a_source_is_not_back_because_one_more_kind_of_it_fails() -> None:
    """A circuit that has not opened yet is no sign of life: a success is."""
    clock = VirtualClock()
    standing = Standing(source("a"), "https://a.example", ())
    price, overview = (
        Lane(standing, Capability(kind, build, parse), Breaker(clock.random)) for kind in (Kind.PRICE, Kind.OVERVIEW)
    )
    ranker = Ranker(Plan((price, overview), clock), clock, 15)

    def ends(lane: Lane, outcome: Outcome, verdict: Verdict) -> None:
        admission = lane.admit(clock.monotonic())
        assert admission is not None
        turned = lane.breaker.record(admission, verdict, clock.monotonic())
        lane.measures.note(outcome, verdict, 0.1, clock.monotonic(), clock.now(), 0.0)
        if turned:
            ranker.changed(lane)

    with capture_logs() as logs:
        for _ in range(5):
            ends(price, Outcome.REFUSED, Verdict.FAILURE)
        ends(overview, Outcome.REFUSED, Verdict.FAILURE)
        clock.advance(100)
        ends(price, Outcome.REFUSED, Verdict.FAILURE)
        assert [each["event"] for each in logs] == ["source down"]
        clock.advance(300)
        ends(price, Outcome.OK, Verdict.SUCCESS)
        ends(price, Outcome.OK, Verdict.SUCCESS)
    assert [each["event"] for each in logs] == ["source down", "source back"]


def test_a_refusal_by_region_is_told_apart_and_passes() -> None:
    """451 sets the way out aside, longer each time; the circuit stays closed."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("a", 451)
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        assert view_of(engine, "a").state is SourceState.PROXY_NEEDED
        assert engine.ranking(Kind.PRICE).sources[0].excluded == "blocked in this region"
        clock.advance(61)
        await engine.ask(BTC_USD, fresh=True)
        clock.advance(61)
        await engine.ask(BTC_USD, fresh=True)
        assert world.asked["a"] == 2
        assert engine.breakers()[0].state is BreakerState.CLOSED

    play(story)


def test_a_refusal_by_region_is_logged_once_and_once_when_it_is_over() -> None:
    """However often it is asked meanwhile, and also when its circuits were open before: it is back when it answers."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        with capture_logs() as logs:
            for _ in range(6):
                await engine.ask(BTC_USD, fresh=True)
            world.replies("a", 451)
            for _ in range(5):
                clock.advance(400)
                await engine.ask(BTC_USD, fresh=True)
                await asyncio.sleep(1)
            assert view_of(engine, "a").state is SourceState.PROXY_NEEDED
            world.says("a")
            for _ in range(4):
                clock.advance(400)
                await engine.ask(BTC_USD, fresh=True)
                await asyncio.sleep(1)
        assert [(each["event"], each["source"]) for each in logs] == [("source down", "a"), ("source back", "a")]

    play(story)


def test_a_source_once_refused_by_region_and_then_dead_is_shown_as_failed() -> None:
    """Its name is gone since; it is no proxy that it needs, and an operator may remove what fails."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("a", 451)
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        world.fails("a", Outcome.DNS)
        clock.advance(61)
        for _ in range(4):
            await engine.ask(BTC_USD, fresh=True)
        assert view_of(engine, "a").state is SourceState.PROXY_NEEDED
        await engine.ask(BTC_USD, fresh=True)
        assert view_of(engine, "a").state is SourceState.FAILED
        assert engine.watch.failed() == ["a"]
        world.replies("a", 451)
        clock.advance(80)
        await engine.ask(BTC_USD, fresh=True)
        await asyncio.sleep(1)
        assert view_of(engine, "a").state is SourceState.PROXY_NEEDED

    play(story)


def test_a_source_that_refuses_by_region_alone_is_logged_too() -> None:
    """It is down as much as one whose circuits are open."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("a", 451)
        world.says("b")
        engine = world.engine(["a", "b"])
        with capture_logs() as logs:
            for _ in range(3):
                await engine.ask(BTC_USD, fresh=True)
                clock.advance(200)
            world.says("a")
            await engine.ask(BTC_USD, fresh=True)
        assert [(each["event"], each["source"]) for each in logs] == [("source down", "a"), ("source back", "a")]

    play(story)


def test_a_throttled_source_is_degraded_and_says_so_in_the_ranking() -> None:
    """Without Retry-After it rests 10 s, twice as long each time in a row."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("a", 429)
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        assert view_of(engine, "a").state is SourceState.DEGRADED
        assert engine.ranking(Kind.PRICE).sources[0].excluded == "resting after too many requests, free in 10 s"
        clock.advance(10.1)
        await engine.ask(BTC_USD, fresh=True)
        clock.advance(10.1)
        await engine.ask(BTC_USD, fresh=True)
        assert world.asked["a"] == 2

    play(story)


def test_tiers_order_and_measures_reorder_within_a_tier_only() -> None:
    """A slow source of a better tier stays ahead of a fast one of a worse tier."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("slow", after_s=1.0)
        world.says("fast", after_s=0.01)
        world.says("low", after_s=0.01)
        engine = world.engine([source("slow"), source("fast"), source("low", Tier.LOW)])
        await engine.start()
        for _ in range(3):
            await engine.sweep(BTC_USD)
            await asyncio.sleep(16)
        ranking = engine.ranking(Kind.PRICE)
        assert [(each.source, each.position) for each in ranking.sources] == [("fast", 1), ("slow", 2), ("low", 3)]
        fast, slow, _ = ranking.sources
        assert 0 < slow.score < fast.score <= 1
        assert slow.latency_p70_s == pytest.approx(1.0)
        assert engine.ranking(Kind.GAS).sources == ()
        await engine.close()

    play(story)


def test_measures_count_what_says_something_of_the_source() -> None:
    """Censored calls count as slow, refused ones not; what is neutral is left out; old outcomes are forgotten."""
    clock = VirtualClock()
    measures = Measures()
    assert (measures.attempt_s(0.5, 8), measures.overdue_s()) == (2.0, 0.5)

    def note(outcome: Outcome, verdict: Verdict, latency_s: float, at: float, times: int = 1) -> None:
        for _ in range(times):
            measures.note(outcome, verdict, latency_s, at, clock.now(), 0.0)

    note(Outcome.OK, Verdict.SUCCESS, 0.1, 0, times=90)
    note(Outcome.TIMEOUT, Verdict.FAILURE, 4.0, 0, times=10)
    note(Outcome.REFUSED, Verdict.FAILURE, 0.001, 0, times=10)
    note(Outcome.UNKNOWN_ASSET, Verdict.NEUTRAL, 9.0, 0, times=50)
    measures.refresh(0)
    assert (measures.calls, measures.successes) == (110, 90)
    assert measures.error_ratio == pytest.approx(20 / 110)
    assert (measures.p50_s, measures.p95_s, measures.p99_s) == (0.1, 4.0, 4.0)
    assert (measures.attempt_s(0.5, 8), measures.overdue_s()) == (6.0, 3.0)
    assert (measures.recent, measures.counts(0)) == (110, (110, 90))
    measures.refresh(601)
    assert (measures.error_ratio, measures.recent, measures.counts(601)) == (0, 0, (0, 0))
