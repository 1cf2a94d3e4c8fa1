"""Routes explained: who is asked first and why, who is out and until when, who does not serve the question at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from server.clock import VirtualClock, run_virtual
from server.fallback.engine import Engine
from server.fallback.score import score_of
from server.model import Action, BreakerState, Decision, Outcome, Place, Query, Route, RoutedSource, SourceState
from server.providers.base import Key, Tier
from server.settings import Settings
from tests.fallback.test_book import Database
from tests.fallback.test_doubts import QUERIES, SURE, providers
from tests.fallback.test_suspects import ask
from tests.fallback.world import BTC_USD, ETH_USD, World, source

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]


def play(story: Story) -> None:
    """Run a story in simulated time."""
    run_virtual(lambda clock: story(World(clock), clock))


def routed(engine: Engine, id_: str, query: Query = BTC_USD) -> RoutedSource:
    """Return one source as a route shows it."""
    return next(each for each in engine.explain(query).sources if each.source == id_)


def asked(route: Route) -> list[str]:
    """Return the sources that would be asked, in order."""
    found = [each for each in route.sources if each.place is Place.ASKED]
    assert [each.position for each in found] == list(range(1, len(found) + 1))
    return [each.source for each in found]


def test_before_any_call_the_order_is_that_of_tiers() -> None:
    """Nothing is measured yet, and the sentences say so; nobody is asked for an explanation."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = world.engine([source("a", Tier.CRITICAL), source("b"), source("c")])
        route = engine.explain(BTC_USD)
        assert asked(route) == ["a", "b", "c"]
        assert [each.sentence for each in route.sources] == [
            "first: tier CRITICAL and the only source of it that can be asked (not asked for it yet)",
            "second: tier HIGH is asked after tier CRITICAL (not asked for it yet)",
            "third: tier HIGH, the same score as b, which stood before it (not asked for it yet)",
        ]
        assert (route.kind, route.question) == ("price", "price of bitcoin in USD")
        assert route.summary == (
            "price of bitcoin in USD: 3 of 3 sources can be asked now; a is asked first; when it fails, b, then c"
        )
        assert all(each.last is None and each.calls == 0 for each in route.sources)
        assert not world.asked

    play(story)


def test_the_first_is_the_one_that_is_asked_and_the_sentence_has_its_figures() -> None:
    """Score, parts and sentence rest on the same figures, and the engine asks in the order that it explains."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("slow", after_s=1.0)
        world.says("fast", after_s=0.12)
        world.says("spare")
        engine = world.engine([source("slow"), source("fast"), source("spare", Tier.LOW)])
        await engine.start()
        for _ in range(3):
            await engine.sweep(BTC_USD)
            await asyncio.sleep(16)
        route = engine.explain(BTC_USD)
        assert asked(route) == ["fast", "slow", "spare"]
        fast, slow, spare = route.sources
        assert fast.sentence == "first: tier HIGH and the best score of 2 (100 % success, 0.12 s at p70)"
        assert slow.sentence.startswith("second: tier HIGH, score 0.50 behind fast's 0.89, mostly for its latency (")
        assert spare.sentence.startswith("third: tier LOW is asked after tier HIGH (")
        for each in route.sources:
            assert each.score == pytest.approx(score_of(each.parts))
            assert [part.name for part in each.parts][:3] == ["error_ratio", "latency_p70_s", "lag_s"]
        assert {part.name: part.penalty for part in slow.parts}["latency_p70_s"] == pytest.approx(1.0)
        assert slow.last is not None
        assert (slow.last.outcome, slow.last.latency_s, slow.calls) == (Outcome.OK, pytest.approx(1.0), 3)
        before = dict(world.asked)
        await engine.ask(BTC_USD, fresh=True)
        assert world.asked == before | {"fast": before["fast"] + 1}
        await engine.close()

    play(story)


def test_near_equal_leaders_are_said_to_take_turns() -> None:
    """The engine spreads calls over leaders of nearly the same score: so first means first in turn."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for name in "abc":
            world.says(name, after_s=0.05 if name == "a" else 0.06)
        engine = world.engine([source(name) for name in "abc"])
        await engine.sweep(BTC_USD)
        engine._plan.rank()
        first, second, _ = engine.explain(BTC_USD).sources
        assert first.sentence.startswith(
            "first: tier HIGH and the best score of 3; takes turns with b, c, as good or nearly so"
        )
        assert "near enough to take turns with a" in second.sentence

    play(story)


def test_a_circuit_says_what_opened_it_and_when_it_is_tried_again() -> None:
    """Out with the failures, their nature and the seconds; then half-open; then back."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        for _ in range(5):
            await engine.ask(BTC_USD, fresh=True)
        out = routed(engine, "a")
        circuit = engine.breakers()[0]
        assert (out.place, out.position, out.excluded) == (Place.EXCLUDED, None, "circuit open")
        assert out.retry_time == circuit.next_probe_time
        assert out.retry_time is not None
        left = (out.retry_time - clock.now()).total_seconds()
        assert out.sentence in {
            f"out: circuit open after 5 failures in a row ({why}); tried again in {left:.0f} s"
            for why in ("timeout", "another source was faster")
        }
        assert (out.circuit, out.state) == (circuit, SourceState.FAILED)
        route = engine.explain(BTC_USD)
        assert asked(route) == ["b"]
        assert "every source of tier CRITICAL is out" in route.sources[0].sentence
        clock.advance(left + 1)
        half = routed(engine, "a")
        assert half.circuit.state is BreakerState.HALF_OPEN
        assert half.sentence.endswith("; the next request probes it, without waiting for it")
        assert half.retry_time == clock.now()
        await engine.ask(BTC_USD, fresh=True)
        assert routed(engine, "a").sentence.endswith("; a probe is under way")
        world.says("a")
        for _ in range(9):
            clock.advance(80)
            await engine.ask(BTC_USD, fresh=True)
            await asyncio.sleep(9)
        assert asked(engine.explain(BTC_USD)) == ["a", "b"]
        await engine.close()

    play(story)


def test_a_circuit_that_opened_by_its_share_of_failures_says_that() -> None:
    """Not every circuit opens by failures in a row."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("b")
        engine = world.engine(["a", "b"])
        for number in range(14):
            if number % 3 == 0:
                world.says("a")
            else:
                world.replies("a", 502)
            await engine.ask(BTC_USD, fresh=True)
        out = routed(engine, "a")
        assert out.sentence.startswith(
            "out: circuit open after 7 of 11 calls failed within 60 s (its own errors); tried again in "
        )

    play(story)


def test_a_circuit_that_was_open_before_a_restart_names_no_count() -> None:
    """How many failures opened it is not kept; when it is tried again is."""

    async def story(world: World, _clock: VirtualClock) -> None:
        database = Database()
        world.fails("a")
        world.says("b")
        first = world.engine(["a", "b"], memory=database)
        await first.start()
        for _ in range(5):
            await first.ask(BTC_USD, fresh=True)
        await first.close()
        second = world.engine(["a", "b"], memory=database)
        await second.start()
        assert routed(second, "a").sentence.startswith("out: circuit open; tried again in ")
        await second.close()

    play(story)


def test_a_circuit_that_is_held_open_names_no_time() -> None:
    """It opens again when someone resets it, and nobody knows when that is."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = world.engine(["a", "b"])
        engine._plan.lanes(BTC_USD.kind)[0].breaker.force_open(clock.monotonic())
        out = routed(engine, "a")
        assert out.sentence == "out: circuit held open by an operator; tried again when that has changed"
        assert (out.retry_time, out.circuit.next_probe_time) == (None, None)

    play(story)


def test_what_holds_for_the_whole_source_is_told_in_words() -> None:
    """A missing key names its setting and no time; a throttled one and a region block say when they are tried again."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("region", 451)
        world.replies("busy", 429, retry_after="42")
        world.says("good")
        names = [source("keyless", key=Key("NERKH_KEY_ETHERSCAN")), source("region"), source("busy")]
        engine = world.engine([*names, source("good", Tier.LOW)])
        await engine.ask(BTC_USD)
        sentences = {each.source: each.sentence for each in engine.explain(BTC_USD).sources}
        assert sentences["keyless"] == (
            "out: it wants a key and none was given (set NERKH_KEY_ETHERSCAN); tried again when that has changed"
        )
        assert sentences["region"] == "out: blocked in this region; tried again in 60 s"
        assert sentences["busy"] == "out: resting after too many requests; tried again in 42 s"
        assert routed(engine, "keyless").retry_time is None
        retry = routed(engine, "busy").retry_time
        assert retry is not None
        assert retry - clock.now() == pytest.approx(timedelta(seconds=42), abs=timedelta(seconds=1))
        last = routed(engine, "region").last
        assert last is not None
        assert (last.outcome, last.detail) == (Outcome.REGION, "HTTP 451")

    play(story)


def test_when_all_are_out_the_summary_says_what_is_served() -> None:
    """A newcomer learns that there is nobody to ask, and that old answers go on."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.replies("a", 429)
        engine = world.engine(["a"])
        with pytest.raises(Exception, match="price of bitcoin"):
            await engine.ask(BTC_USD)
        assert engine.explain(BTC_USD).summary == (
            "price of bitcoin in USD: none of 1 source can be asked now; old answers are served"
        )

    play(story)


def test_the_most_attempts_of_a_request_end_the_order() -> None:
    """Who stands behind them is not asked, and the sentence says how far behind."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = world.engine([source(name) for name in "abc"], settings=Settings(attempts=2))
        route = engine.explain(BTC_USD)
        assert asked(route) == ["a", "b"]
        last = route.sources[-1]
        assert (last.place, last.position) == (Place.UNREACHED, None)
        assert last.sentence.startswith("not reached: it would be third, and one request asks 2 times at most (")

    play(story)


def test_a_fresh_answer_says_how_long_nobody_is_asked() -> None:
    """The cache stands before every source."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine(["a"])
        assert engine.explain(BTC_USD).fresh_until is None
        await engine.ask(BTC_USD)
        fresh = engine.explain(BTC_USD).fresh_until
        assert fresh is not None
        assert fresh - clock.now() == timedelta(seconds=5)
        assert engine.explain(ETH_USD).fresh_until is None
        clock.advance(5)
        assert engine.explain(BTC_USD).fresh_until is None

    play(story)


def test_a_leader_that_leads_on_is_said_to() -> None:
    """A challenger that is not clearly better does not take the lead, and both sentences say why the order holds."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a", after_s=0.3)
        world.says("b", after_s=0.1)
        engine = world.engine([source("a"), source("b")])
        await engine.sweep(BTC_USD)
        engine._plan.rank()
        first, second = engine.explain(BTC_USD).sources
        assert (first.source, second.source) == ("a", "b")
        assert first.sentence == (
            "first: tier HIGH and in the lead; b scores 0.91 against 0.77, but less than 30 % better;"
            " takes turns with b, as good or nearly so (100 % success, 0.3 s at p70)"
        )
        assert second.sentence.startswith(
            "second: tier HIGH, score 0.91 behind a's 0.77, which leads until another is clearly better; near enough"
        )

    play(story)


def test_a_lead_that_changed_a_moment_ago_is_said_to_hold() -> None:
    """However much better the challenger is, the plan waits half a minute after a change."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = world.engine([source("a"), source("b")])
        one, two = engine._plan.lanes(BTC_USD.kind)
        one.score, two.score = 0.3, 0.9
        assert engine.explain(BTC_USD).sources[0].sentence == (
            "first: tier HIGH and in the lead; b scores 0.90 against 0.30, but the lead changed a moment ago;"
            " takes turns with b, as good or nearly so (not asked for it yet)"
        )

    play(story)


def test_who_does_not_know_what_is_asked_for_is_said_to_be_asked_last() -> None:
    """It stands behind worse tiers, for this question alone."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("a", 200, b"unknown_asset")
        for name in "bc":
            world.says(name)
        engine = world.engine(["a", "b", "c"])
        await engine.ask(BTC_USD)
        clock.advance(16)
        engine._plan.rank()
        route = engine.explain(BTC_USD)
        assert asked(route) == ["b", "c", "a"]
        assert route.sources[-1].sentence.startswith(
            "third: it lately said that it has no price of bitcoin in USD, and stands behind who may ("
        )
        assert asked(engine.explain(ETH_USD)) == ["a", "b", "c"]

    play(story)


def test_a_route_is_a_pure_reading() -> None:
    """Explaining changes neither the order, nor a circuit, nor a count."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        before = (engine.sources(), engine.breakers(), engine.cache_stats(), engine.ranking(BTC_USD.kind))
        first = engine.explain(BTC_USD)
        assert engine.explain(BTC_USD) == first
        assert engine.explain(replace(BTC_USD, quote="EUR")).sources
        assert (engine.sources(), engine.breakers(), engine.cache_stats(), engine.ranking(BTC_USD.kind)) == before

    play(story)


def test_a_suspect_is_no_rival_of_the_leader() -> None:
    """Who is asked after all others takes no turns and challenges nobody, and is not said to be out either."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000")
        world.says("b", "1000", after_s=0.3)
        engine = world.engine([source("a"), source("b")], providers=providers(clock), settings=SURE)
        for kind in ("gas", "chain", "gas", "chain"):
            await engine.sweep(QUERIES[kind])
        engine._plan.rank()
        world.hangs("a")
        await ask(engine, "gas")
        first, last = engine.explain(QUERIES["chain"]).sources
        assert (first.source, last.source) == ("b", "a")
        assert first.sentence.startswith("first: tier HIGH and the only source of it that is not asked last (")
        await engine.close()

    play(story)


def test_a_tier_is_out_when_none_of_it_is_asked() -> None:
    """One source out of two does not make it so, and a suspect is asked still, though last."""

    async def story(world: World, clock: VirtualClock) -> None:
        for name in "akb":
            world.says(name, "1000")
        sources = [source("a", Tier.CRITICAL), source("k", Tier.CRITICAL), source("b")]
        engine = world.engine(sources, providers=providers(clock), settings=SURE)
        await engine.book.decide(Decision("a", Action.DISABLE, clock.now(), "", "maintenance"))
        for kind in ("gas", "chain", "gas", "chain"):
            await ask(engine, kind)
        world.hangs("k")
        await ask(engine, "gas")
        first, last, _ = engine.explain(QUERIES["chain"]).sources
        assert (first.source, last.source) == ("b", "k")
        assert "is out" not in first.sentence
        await engine.book.decide(Decision("k", Action.DISABLE, clock.now(), "", "maintenance"))
        assert "; every source of tier CRITICAL is out" in engine.explain(QUERIES["chain"]).sources[0].sentence
        await engine.close()

    play(story)


def test_for_candles_nobody_takes_turns_and_lateness_makes_no_suspect() -> None:
    """The pages of a series come from one market: the engine asks its leader, and the sentences say no other thing."""

    async def story(world: World, clock: VirtualClock) -> None:
        for name in "ab":
            world.says(name, "1000")
        engine = world.engine([source("a"), source("b")], providers=providers(clock), settings=SURE)
        for kind in ("gas", "candles", "chain") * 2:
            await engine.sweep(QUERIES[kind])
        engine._plan.rank()
        assert "takes turns" in engine.explain(QUERIES["chain"]).sources[0].sentence
        first, second = engine.explain(QUERIES["candles"]).sources
        assert "turns" not in first.sentence
        assert "turns" not in second.sentence
        late = next(lane for lane in engine._plan.lanes(QUERIES["gas"].kind) if lane.id == first.source)
        late.late = late.standing.late = 1
        assert asked(engine.explain(QUERIES["chain"])) == [second.source, first.source]
        assert asked(engine.explain(QUERIES["candles"])) == [first.source, second.source]
        await engine.close()

    play(story)
