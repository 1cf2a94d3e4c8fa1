"""Hedges and repeats in simulated time: who is asked beside a late source, who wins, and what it may cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.clock import VirtualClock, run_virtual
from server.errors import NerkhError
from server.fallback.breaker import Breaker
from server.fallback.budget import Budget, BudgetPolicy
from server.fallback.engine import Engine
from server.fallback.fetch import is_empty
from server.fallback.lane import Lane
from server.fallback.limit import Limit
from server.fallback.race import Course, Means
from server.fallback.standing import Standing
from server.fallback.tried import Tried
from server.model import (
    Article,
    Articles,
    BreakerState,
    Kind,
    NewsQuery,
    Outcome,
    Purpose,
    Query,
    TransactionPage,
    Value,
    WhaleTransactions,
)
from server.providers.base import Capability, Provider, Reply, Request, Source, Tier
from server.settings import Settings
from tests.fallback.world import BTC_USD, TOY, World, source

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]


def play(story: Story) -> None:
    """Run a story in simulated time; nothing may be left under way."""

    async def main(clock: VirtualClock) -> None:
        world = World(clock)
        await story(world, clock)
        await asyncio.sleep(0.01)
        assert world.under_way == 0
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main)


async def outcomes(engine: Engine, **how: Any) -> list[tuple[str, str]]:
    """Ask past the cache; return who was tried and how it ended."""
    answer = await engine.ask(BTC_USD, fresh=True, **how)
    return [(each.source, each.outcome.value) for each in answer.provenance.attempts]


async def settle(engine: Engine, calls: int = 12) -> None:
    """Let the leader's latency become known."""
    for _ in range(calls):
        await engine.ask(BTC_USD, fresh=True)


def test_a_late_source_gets_a_rival_and_the_faster_answer_wins() -> None:
    """The caller waits for the hedge's delay and the rival's answer; the late source is counted as overdue."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", after_s=0.05)
        world.says("b", after_s=0.05)
        engine = world.engine(["a", "b"])
        await settle(engine)
        world.hangs("a")
        start = clock.monotonic()
        assert await outcomes(engine) == [("a", "overdue"), ("b", "ok")]
        assert clock.monotonic() - start == pytest.approx(0.15)  # the least delay of 0.1 s, and 0.05 s
        figures = engine.hedging()
        assert (figures.hedges, figures.wins, figures.repeats) == (1, 1, 0)

    play(story)


def test_a_source_that_is_only_late_may_still_win() -> None:
    """Its answer is taken when it comes first; the rival is let go, and as a young one nothing is said of it."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", after_s=0.05)
        world.says("b", after_s=0.3)
        engine = world.engine(["a", "b"])
        await settle(engine)
        world.says("a", after_s=0.2)
        assert await outcomes(engine) == [("a", "ok"), ("b", "cancelled")]
        await asyncio.sleep(0.001)
        assert engine.sources()[1].calls == 0
        assert (engine.hedging().hedges, engine.hedging().wins) == (1, 0)
        assert clock.monotonic() < 5

    play(story)


def test_a_source_that_hangs_opens_its_circuit_though_every_caller_was_saved() -> None:
    """Lost races of one that is late count as failures: five of them, and it is not asked any more."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        await settle(engine)
        world.hangs("a")
        for _ in range(5):
            assert (await outcomes(engine))[-1] == ("b", "ok")
        assert engine.breakers()[0].state is BreakerState.OPEN
        assert await outcomes(engine) == [("a", "skipped_open"), ("b", "ok")]

    play(story)


def test_when_the_late_source_fails_the_hedge_goes_on_and_gets_a_rival_of_its_own() -> None:
    """At most one runs beside another, also then."""

    async def story(world: World, _clock: VirtualClock) -> None:
        most = 0

        def watching(after_s: float, reply: Reply | None) -> Callable[[Request], Coroutine[Any, Any, Reply]]:
            async def answering(request: Request) -> Reply:
                nonlocal most
                most = max(most, world.under_way)
                await asyncio.sleep(after_s)
                if reply is not None:
                    return reply
                _, asset, asked = request.path.split("/")
                return Reply(200, f"{asset} {asked} 100".encode())

            return answering

        world.does("a", watching(0.7, Reply(503, b"")))
        world.does("b", watching(1e5, None))
        world.does("c", watching(0.1, None))
        engine = world.engine(["a", "b", "c"])
        assert await outcomes(engine) == [("a", "server_error"), ("b", "overdue"), ("c", "ok")]
        assert most == 2

    play(story)


def test_the_rival_is_of_another_provider_where_there_is_one() -> None:
    """A sibling at the same address is never the rival; one of the same house only when nobody else is there."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("b", after_s=0.01)
        engine = world.engine([source("a", Tier.CRITICAL), source("b", Tier.HIGH)])
        assert (await outcomes(engine))[-1] == ("b", "ok")
        same = world.engine([source("a", Tier.CRITICAL)], base_urls={"a": "https://a.example"})
        with pytest.raises(NerkhError):
            await outcomes(same)
        assert same.hedging().hedges == 0

    play(story)


def test_a_source_whose_circuit_is_open_is_no_rival() -> None:
    """Hedges do not spend what the breaker saves."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.fails("b")
        world.hangs("a")
        world.says("c", after_s=0.01)
        engine = world.engine([source("b", Tier.CRITICAL), source("a", Tier.HIGH), source("c", Tier.MEDIUM)])
        for _ in range(5):
            await outcomes(engine)
        asked = world.asked["b"]
        clock.advance(1)
        await outcomes(engine)
        assert world.asked["b"] == asked

    play(story)


def test_without_budget_there_are_no_hedges_but_the_next_source_is_asked_all_the_same() -> None:
    """What bounds hedges bounds nothing else: the caller then waits for the attempt's own time-out."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("b")
        engine = world.engine(["a", "b"], settings=Settings(hedge_share=0, hedge_per_s=0, hedge_most=0))
        start = clock.monotonic()
        assert await outcomes(engine) == [("a", "timeout"), ("b", "ok")]
        assert clock.monotonic() - start > 1
        assert (engine.hedging().hedges, engine.hedging().refused) == (0, 1)

    play(story)


def test_a_connection_that_broke_at_once_is_tried_again_once() -> None:
    """A pooled connection that the source had closed costs no failover; a second break does."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.fails("a", Outcome.RESET)
        world.says("b")
        engine = world.engine(["a", "b"])
        assert await outcomes(engine) == [("a", "reset"), ("a", "reset"), ("b", "ok")]
        assert engine.hedging().repeats == 1
        world.fails("a", Outcome.REFUSED)
        assert await outcomes(engine) == [("a", "refused"), ("b", "ok")]

    play(story)


def test_a_caller_who_goes_away_leaves_nothing_under_way() -> None:
    """Neither the attempt nor its hedge outlives the fetch."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.hangs("a")
        world.hangs("b")
        engine = world.engine(["a", "b"])
        task = asyncio.create_task(engine.ask(BTC_USD))
        await asyncio.sleep(0.7)
        assert world.under_way == 2
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.001)
        assert world.under_way == 0

    play(story)


def test_an_attempt_whose_time_just_ran_out_is_not_ended_twice() -> None:
    """In the moment in which it ends, its hedge may come in: that raises nothing, and the time-out stands."""

    async def story(_world: World, clock: VirtualClock) -> None:
        row = source("a")
        tried = Tried(Lane(Standing(row, row.base_url, ()), TOY.capabilities[0], Breaker(clock.random)))

        async def waiting() -> None:
            with Limit(0.01) as tried.limit:
                try:
                    await asyncio.sleep(1)
                finally:
                    tried.beat()

        with pytest.raises(TimeoutError):
            await waiting()
        assert not tried.is_beaten

    play(story)


def test_a_hedge_that_is_beaten_before_it_began_is_no_attempt() -> None:
    """It starts in the moment in which the answer comes: nobody is asked in vain, and nobody is told to have been."""

    async def story(_world: World, clock: VirtualClock) -> None:
        rows = [source(name) for name in "ab"]
        lanes = [Lane(Standing(row, row.base_url, ()), TOY.capabilities[0], Breaker(clock.random)) for row in rows]
        asked: list[str] = []

        class Asking:
            async def run(self, lane: Lane, *_: object, **__: object) -> None:
                asked.append(lane.id)

        budget = Budget(BudgetPolicy(1, 1, 10), clock.monotonic())
        means = Means(Asking(), budget, clock, asyncio.create_task, 15, 0.5, 8.0)  # type: ignore[arg-type]  # notes who is asked
        course = Course(
            means, BTC_USD, lanes, 10.0, probing=lambda *_: None, ends=lambda *_: True, purpose=Purpose.USER
        )
        leg = course.next()
        assert leg is not None
        course._hedge(leg)
        assert course.asked == 2
        course.settle()
        await asyncio.sleep(1)
        assert (asked, course.asked, course.attempts) == ([], 1, [])

    play(story)


def test_a_hedge_that_failed_first_is_told_among_the_attempts() -> None:
    """The late source answers after all: what was asked beside it meanwhile, and failed, was asked all the same."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        await settle(engine)
        world.says("a", after_s=0.4)
        world.replies("b", 503)
        assert await outcomes(engine) == [("a", "ok"), ("b", "server_error")]

    play(story)


def test_near_equals_leave_out_who_does_not_know_the_asset() -> None:
    """Who lately said that it does not know what is asked for is asked last, also among near-equal leaders."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for name in "ab":
            world.says(name, after_s=0.02)
        engine = world.engine([source(name) for name in "abc"])
        world.replies("c", 404, b"unknown_asset")
        for name in "ab":
            world.fails(name)
        with pytest.raises(NerkhError):
            await engine.ask(BTC_USD)
        for name in "ab":
            world.says(name, after_s=0.02)
        known = world.asked["c"]
        for _ in range(50):
            await engine.ask(BTC_USD, fresh=True)
            await asyncio.sleep(1)
        assert known == world.asked["c"] == 1
        assert min(world.asked[name] for name in "ab") > 10

    play(story)


def test_a_hedge_counts_among_the_attempts_that_are_allowed() -> None:
    """Beside the last one there is none."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a", after_s=0.8)
        world.says("b")
        engine = world.engine(["a", "b"], settings=Settings(attempts=1, quotes_per_s=0))
        assert await outcomes(engine) == [("a", "ok")]
        assert engine.hedging().hedges == 0

    play(story)


def test_near_equals_share_the_calls() -> None:
    """Of leaders of one tier with like scores none bears all calls; one clearly worse gets none."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for name in "abc":
            world.says(name, after_s=0.02)
        world.says("d", after_s=0.9)
        engine = world.engine([source(name) for name in "abcd"])
        await engine.start()
        for _ in range(100):
            await engine.ask(BTC_USD, fresh=True)
            await asyncio.sleep(1)
        await engine.close()
        assert min(world.asked[name] for name in "abc") > 15
        assert world.asked["d"] < 15

    play(story)


def test_an_empty_list_is_no_reason_to_stop_waiting() -> None:
    """What is empty may be true, yet never wins a race."""
    assert is_empty(Articles(()))
    assert is_empty(WhaleTransactions("bitcoin", ()))
    assert is_empty(TransactionPage("bitcoin", "address", ()))


@given(st.lists(st.tuples(st.floats(-1, 5), st.sampled_from(["fetch", "hedge", "repeat"])), max_size=300))
def test_the_budget_is_never_overspent(events: list[tuple[float, str]]) -> None:
    """Whatever comes, hedges and repeats are at most what was saved up, a tenth of the fetches, and 3 a second."""
    budget, now, latest = Budget(BudgetPolicy(), 0.0), 0.0, 0.0
    for step, what in events:
        now += step
        latest = max(latest, now)
        if what == "fetch":
            budget.earn()
        elif what == "hedge":
            budget.take_hedge(now)
        else:
            budget.take_repeat(now)
    figures = budget.figures(now)
    gone_back = sum(-step for step, _ in events if step < 0)
    assert figures.hedges + figures.repeats <= 30 + 0.1 * figures.fetches + 3 * (latest + gone_back) + 1e-6
    assert figures.left >= 0


def test_a_hedge_goes_to_another_provider_where_there_is_one() -> None:
    """Sources of one make may fail for one reason; only where no other is free is one of the same make asked."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.hangs("a")
        for name in "bc":
            world.says(name)
        makes = {"toy": TOY, "other": replace(TOY, name="other")}
        rows = [source("a", Tier.CRITICAL), source("b"), replace(source("c", Tier.LOW), provider="other")]
        assert await outcomes(world.engine(rows, providers=makes)) == [("a", "overdue"), ("c", "ok")]
        assert await outcomes(world.engine(rows[:2], providers=makes)) == [("a", "overdue"), ("b", "ok")]

    play(story)


def test_no_hedge_goes_to_the_very_server_that_is_late() -> None:
    """Two sources may stand at one address; beside it another one is asked."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("c")
        rows = [source("a", Tier.CRITICAL), replace(source("a"), id="twin"), source("c", Tier.LOW)]
        assert await outcomes(world.engine(rows)) == [("a", "overdue"), ("c", "ok")]

    play(story)


def test_an_attempt_leaves_time_for_two_others() -> None:
    """Of what a caller has left it takes a third where as many could still be asked, also without any hedge."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.hangs("a")
        world.hangs("b")
        world.says("c")
        engine = world.engine("abc", settings=Settings(quotes_per_s=0, hedge_share=0, hedge_per_s=0, hedge_most=0))
        start = clock.monotonic()
        assert await outcomes(engine, deadline_s=4) == [("a", "timeout"), ("b", "timeout"), ("c", "ok")]
        # Nine tenths of 4 s: a third of them, then half of the rest.
        assert clock.monotonic() - start == pytest.approx(1.2 + 1.2 + 0.05)

    play(story)


def test_an_empty_list_of_a_hedge_does_not_end_the_late_source() -> None:
    """What the late one brings is taken; the empty one only where nobody has more."""

    async def story(world: World, _clock: VirtualClock) -> None:
        def build(_source: Source, _query: Query) -> tuple[Request, ...]:
            return (Request("/feed"),)

        def parse(_source: Source, _query: Query, replies: tuple[Reply, ...]) -> Value:
            ids = replies[0].body.decode().split()
            return Articles(tuple(Article(id_, id_, f"https://x/{id_}", world.clock.now(), ("x",)) for id_ in ids))

        def says(id_: str, body: bytes, after_s: float) -> None:
            async def answering(_request: Request) -> Reply:
                await asyncio.sleep(after_s)
                return Reply(200, body)

            world.does(id_, answering)

        feeds = {"toy": Provider("toy", (Capability(Kind.NEWS, build, parse),), ())}
        says("a", b"one two", after_s=0.8)  # a hedge starts after 0.5 s
        says("b", b"", after_s=0.1)
        answer = await world.engine("ab", providers=feeds).ask(NewsQuery())
        assert answer.provenance.source == "a"
        assert isinstance(answer.value, Articles)
        assert len(answer.value.articles) == 2
        says("a", b"", after_s=0.8)
        assert (await world.engine("ab", providers=feeds).ask(NewsQuery())).value == Articles(())

    play(story)


def test_an_answer_of_a_hedge_that_cannot_be_used_does_not_end_the_late_source() -> None:
    """It is in a quote to which no rate is known; the late source answers in time."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a", after_s=0.9)
        world.says("b", quote="XYZ", after_s=0.1)
        assert await outcomes(world.engine(["a", "b"])) == [("a", "ok"), ("b", "ok")]

    play(story)
