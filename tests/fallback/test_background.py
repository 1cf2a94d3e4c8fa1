"""Background quotes in simulated time: for what was asked lately, one source at a time, within their budgets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from server.clock import VirtualClock, run_virtual
from server.model import Asset, Price, PriceQuery
from server.providers.base import Limit, Tier
from server.settings import Settings
from tests.fallback.world import World, source

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]
BTC = PriceQuery(Asset("bitcoin", "BTC", "Bitcoin", 1))


def play(story: Story) -> None:
    """Run a story in simulated time."""

    async def main(clock: VirtualClock) -> None:
        await story(World(clock), clock)

    run_virtual(main)


def test_what_is_asked_for_gathers_quotes() -> None:
    """After one request the other sources are asked one by one, and the next answer rests on all of them."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for id_ in "abcd":
            world.says(id_)
        engine = world.engine(list("abcd"), settings=Settings(quotes_per_s=2, quotes_every_s=3))
        await engine.start()
        first = await engine.ask(BTC)
        assert (first.provenance.agreed, first.provenance.asked) == (1, 1)
        await asyncio.sleep(2)
        assert sum(world.asked.values()) == 2
        await asyncio.sleep(10)
        answer = await engine.ask(BTC, fresh=True)
        assert (answer.provenance.agreed, answer.provenance.asked) == (4, 4)
        await engine.close()
        assert len(asyncio.all_tasks()) == 1

    play(story)


def test_what_nobody_asks_for_costs_nothing() -> None:
    """Half a minute after the last request nobody is asked any more; nor without a budget, nor before the start."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for id_ in "abc":
            world.says(id_)
        engine = world.engine(list("abc"), settings=Settings())
        await engine.ask(BTC)
        await asyncio.sleep(60)
        assert sum(world.asked.values()) == 1
        await engine.start()
        await engine.ask(BTC, fresh=True)
        await asyncio.sleep(60)
        asked = sum(world.asked.values())
        assert asked > 5
        await asyncio.sleep(3600)
        assert sum(world.asked.values()) == asked
        await engine.close()
        without = world.engine(list("abc"), settings=Settings(quotes_per_s=0))
        await without.start()
        await without.ask(BTC, fresh=True)
        await asyncio.sleep(60)
        assert sum(world.asked.values()) == asked + 1
        await without.close()

    play(story)


def test_budgets_hold_for_all_prices_together() -> None:
    """However many prices are asked for, background quotes stay within their rate and a share of a source's limits."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for id_ in "abc":
            world.says(id_, after_s=0.01)
        catalog = [source("a", Tier.CRITICAL), source("b"), source("c", limits=(Limit(6, 60), Limit(1000, 86400)))]
        engine = world.engine(catalog, settings=Settings(quotes_per_s=2))
        await engine.start()
        for _ in range(10):
            for number in range(40):
                await engine.ask(PriceQuery(Asset(f"asset{number}", f"A{number}", "A", 1)))
            await asyncio.sleep(12)
        assert world.asked["b"] + world.asked["c"] <= 2 * 120 + 6
        assert world.asked["b"] > 100
        assert 1 <= world.asked["c"] <= 120 // 40 + 1
        await engine.close()

    play(story)


def test_a_dispute_is_looked_into_at_once() -> None:
    """When the leader moves away from the older quotes, others are asked side by side, and the next answer is sure."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for id_ in "abcde":
            world.says(id_)
        engine = world.engine(list("abcde"), settings=Settings(quotes_per_s=2, quotes_every_s=3))
        await engine.start()
        await engine.ask(BTC)
        await asyncio.sleep(14)
        asked = dict(world.asked)
        for id_ in "abcde":
            world.says(id_, "105")
        await engine.ask(BTC, fresh=True)
        await asyncio.sleep(0.3)
        assert sum(world.asked[id_] - asked.get(id_, 0) for id_ in "bcde") >= 3
        answer = await engine.ask(BTC, fresh=True)
        assert isinstance(answer.value, Price)
        assert answer.value.value == 105
        assert answer.value.confidence is not None
        await engine.close()

    play(story)


def test_a_source_that_does_not_know_the_asset_is_left_alone() -> None:
    """It is asked once, and not again and again for a quote that it cannot give."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        world.replies("b", 200, b"unknown_asset")
        engine = world.engine(["a", "b"], settings=Settings())
        await engine.start()
        for _ in range(20):
            await engine.ask(BTC)
            await asyncio.sleep(5)
        assert world.asked["b"] == 1
        await engine.close()

    play(story)
