"""What the engine counts: hits, misses and old answers for each kind, depths of fetches, outcomes of attempts."""

from __future__ import annotations

import asyncio

import pytest

from server.clock import VirtualClock, run_virtual
from server.fallback.depths import DEPTHS, Depths
from server.fallback.endings import Endings
from server.model import Kind, Outcome
from tests.fallback.world import BTC_USD, ETH_USD, World


@pytest.mark.parametrize(
    ("attempts", "depth"), [(0, "0"), (1, "1"), (2, "2"), (3, "3"), (4, "4-7"), (7, "4-7"), (8, "8+"), (15, "8+")]
)
def test_a_fetch_counts_by_how_many_attempts_it_made(attempts: int, depth: str) -> None:
    """Each number of attempts belongs to one depth."""
    depths = Depths()
    depths.note(attempts)
    assert dict(zip(DEPTHS, depths.counts(), strict=True)) == {each: int(each == depth) for each in DEPTHS}


def test_each_kind_has_its_own_counts_and_the_cache_their_sum() -> None:
    """A hit, a miss, a fetch that needed a second source, and one that found nothing but an old answer."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        await engine.ask(BTC_USD)
        world.fails("b")
        await engine.ask(BTC_USD, fresh=True)
        clock.advance(10)
        stats = engine.cache_stats()
        price = next(each for each in stats.kinds if each.kind is Kind.PRICE)
        assert (price.entries, price.hits, price.misses, price.stale) == (1, 1, 2, 1)
        assert (stats.hits, stats.misses, stats.stale) == (1, 2, 1)
        assert dict(zip(DEPTHS, price.depths, strict=True)) == dict.fromkeys(DEPTHS, 0) | {"2": 2}
        outcomes = {view.id: view.outcomes for view in engine.sources()}
        assert outcomes["a"] == (("price", "refused", 2),)
        assert set(outcomes["b"]) == {("price", "ok", 1), ("price", "refused", 1)}

    run_virtual(lambda clock: story(World(clock), clock))


def test_a_success_that_turns_out_a_lie_counts_once() -> None:
    """Contradicted by a second source, it takes the place of the success that it was counted as."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.ask(ETH_USD)
        world.says("a", "1000")
        await engine.ask(ETH_USD, fresh=True)
        await asyncio.sleep(1)
        assert set(engine.sources()[0].outcomes) == {("price", "ok", 1), ("price", "out_of_bounds", 1)}
        last = next(each for each in engine.explain(ETH_USD).sources if each.source == "a").last
        assert last is not None
        assert last.outcome is Outcome.OUT_OF_BOUNDS
        assert "contradicted" in last.detail

    run_virtual(lambda clock: story(World(clock), clock))


def test_endings_keep_the_last_attempt() -> None:
    """None before the first; afterwards the newest with its detail."""
    endings, clock = Endings(), VirtualClock()
    assert endings.last is None
    endings.note(clock.now(), Outcome.OK, 0.1, "")
    endings.note(clock.now(), Outcome.HTML, 0.2, "HTTP 200")
    assert list(endings.counts()) == [("ok", 1), ("html", 1)]
    assert endings.last is not None
    assert (endings.last.outcome, endings.last.latency_s, endings.last.detail) == (Outcome.HTML, 0.2, "HTTP 200")
