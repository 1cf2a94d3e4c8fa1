"""The plan: who leads, when another takes over, and what sources say that they do not know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from server.clock import VirtualClock, run_virtual
from server.fallback.breaker import Breaker
from server.fallback.lane import Lane
from server.fallback.plan import Plan
from server.fallback.standing import Standing
from server.model import Kind, Outcome
from server.providers.base import Tier
from tests.fallback.world import BTC_USD, ETH_USD, TOY, World, source

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]


def play(story: Story) -> None:
    """Run a story in simulated time."""

    async def main(clock: VirtualClock) -> None:
        await story(World(clock), clock)

    run_virtual(main)


def lane(name: str, tier: Tier = Tier.HIGH) -> Lane:
    """Return a lane that nobody asked yet."""
    row = source(name, tier)
    return Lane(Standing(row, row.base_url, ()), TOY.capabilities[0], Breaker(lambda: 0.5))


def measured(each: Lane, latency_s: float, clock: VirtualClock) -> None:
    """Let a lane's answers have taken so long."""
    from server.fallback.classify import Verdict

    for _ in range(200):
        each.measures.note(Outcome.OK, Verdict.SUCCESS, latency_s, clock.monotonic(), clock.now(), 0.0)


def order(plan: Plan) -> list[str]:
    """Return the order in which the sources of prices are asked."""
    return [ranked.source for ranked in plan.ranking(Kind.PRICE).sources]


def test_a_leader_is_overtaken_by_one_that_is_clearly_better_and_not_too_soon() -> None:
    """A little better is not enough, nor is much better within half a minute of the last change."""
    clock = VirtualClock()
    a, b = lane("a"), lane("b")
    measured(a, 0.30, clock)
    measured(b, 0.20, clock)
    plan = Plan([a, b], clock)
    assert order(plan) == ["b", "a"]
    measured(a, 0.05, clock)
    clock.advance(60)
    plan.rank()
    assert order(plan) == ["b", "a"]  # 14 % better
    measured(b, 0.60, clock)
    plan.rank()
    assert order(plan) == ["a", "b"]
    measured(b, 0.01, clock)
    measured(a, 0.90, clock)
    clock.advance(29)
    plan.rank()
    assert order(plan) == ["a", "b"]
    clock.advance(1)
    plan.rank()
    assert order(plan) == ["b", "a"]


def test_a_leader_that_may_not_be_asked_is_overtaken_at_once() -> None:
    """The wait is for those who could go on; tiers are not mixed."""
    clock = VirtualClock()
    a, b, c = lane("a"), lane("b"), lane("c", Tier.CRITICAL)
    measured(b, 0.1, clock)
    plan = Plan([a, b, c], clock)
    assert order(plan) == ["c", "a", "b"]
    a.breaker.force_open(clock.monotonic())
    measured(a, 0.2, clock)
    plan.rank()
    assert order(plan) == ["c", "b", "a"]


def test_one_that_may_not_be_asked_challenges_nobody() -> None:
    """The best of a tier is held out: of the others one leads on, though each is a little better in turn."""
    clock = VirtualClock()
    x, a, b = lane("x"), lane("a"), lane("b")
    measured(x, 0.02, clock)
    measured(a, 0.50, clock)
    measured(b, 0.52, clock)
    plan = Plan([x, a, b], clock)
    x.breaker.force_open(clock.monotonic())
    for turn in range(10):
        measured(a, 0.50 + 0.03 * (turn % 2), clock)
        measured(b, 0.53 - 0.03 * (turn % 2), clock)
        clock.advance(15)
        plan.rank()
        assert order(plan) == ["x", "a", "b"]


def test_a_source_that_does_not_know_an_asset_is_asked_last_for_it() -> None:
    """For an hour it is the last resort for that asset alone; its place for others stays."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("a", 200, b"unknown_asset")
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.start()
        for _ in range(2):
            await engine.ask(BTC_USD, fresh=True)
            await asyncio.sleep(2)
        assert (world.asked["a"], world.asked["b"]) == (1, 2)
        world.says("a")
        assert (await engine.ask(ETH_USD)).provenance.source == "a"
        assert (await engine.ask(BTC_USD, fresh=True)).provenance.source == "b"
        clock.advance(3600)
        await asyncio.sleep(20)
        assert (await engine.ask(BTC_USD, fresh=True)).provenance.source == "a"
        await engine.close()

    play(story)
