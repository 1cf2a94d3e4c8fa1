"""What the engine shows on the metrics page: every figure, and no more series than the budget allows."""

from __future__ import annotations

import asyncio

from server.assets import registry
from server.clock import VirtualClock, run_virtual
from server.errors import NerkhError
from server.model import Asset, PriceQuery
from server.observe.metrics import Metrics
from server.services.gauges import engine_gauges
from tests.fallback.world import BTC_USD, World, source

MOST = 60


def test_the_engines_figures_are_shown() -> None:
    """Attempts by source, kind and outcome; hits, misses and old answers by kind; fetches by depth; hedges."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.fails("a")
        world.says("b")
        engine, metrics = world.engine(["a", "b"]), Metrics()
        metrics.read(engine_gauges(engine))
        for _ in range(3):
            await engine.ask(BTC_USD)
            clock.advance(4)
        world.fails("b")
        await engine.ask(BTC_USD, fresh=True)
        await asyncio.sleep(1)
        value = metrics.registry.get_sample_value
        attempt = {"source": "a", "kind": "price", "outcome": "refused"}
        assert value("nerkh_source_attempts_total", attempt) == world.asked["a"]
        assert value("nerkh_source_attempts_total", attempt | {"source": "b", "outcome": "ok"}) == world.asked["b"] - 1
        assert value("nerkh_cache_hits_total", {"kind": "price"}) == 2
        assert value("nerkh_cache_misses_total", {"kind": "price"}) == 2
        assert value("nerkh_old_answers_total", {"kind": "price"}) == 1
        assert value("nerkh_fetches_total", {"kind": "price", "attempts": "2"}) == world.asked["a"]
        assert value("nerkh_fetches_total", {"kind": "price", "attempts": "1"}) == 0
        assert value("nerkh_hedges_total") == engine.hedging().hedges
        assert value("nerkh_hedge_budget") == engine.hedging().left

    run_virtual(lambda clock: story(World(clock), clock))


def test_a_late_source_shows_in_the_hedges() -> None:
    """A hedge that wins counts as one that was made and as one that won."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("b")
        engine, metrics = world.engine(["a", "b"]), Metrics()
        metrics.read(engine_gauges(engine))
        await engine.ask(BTC_USD)
        value = metrics.registry.get_sample_value
        assert value("nerkh_hedges_total") == 1
        assert value("nerkh_hedge_wins_total") == 1
        overdue = {"source": "a", "kind": "price", "outcome": "overdue"}
        assert value("nerkh_source_attempts_total", overdue) == 1

    run_virtual(lambda clock: story(World(clock), clock))


def test_a_thousand_sources_and_assets_cannot_grow_the_page() -> None:
    """Each metric keeps to its budget, what is over is summed up as other, and assets make no series at all."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = world.engine([source(f"made_up_{number}") for number in range(1000)])
        metrics = Metrics(series=MOST)
        metrics.read(engine_gauges(engine))
        for number in range(1000):
            world.replies(f"made_up_{number}", 500)
        before = {family.name: len(family.samples) for family in metrics.registry.collect()}
        for number in range(200):
            query = PriceQuery(Asset(f"made-up-{number}", f"M{number}", "Made up"))
            try:
                await engine.ask(query)
            except NerkhError:
                engine._plan.rank()
        await engine.sweep(PriceQuery(registry().asset("bitcoin")))
        after = {family.name: len(family.samples) for family in metrics.registry.collect()}
        ours = {name: count for name, count in after.items() if name.startswith("nerkh_")}
        assert {name for name, count in ours.items() if count > MOST + 1} == set()
        attempts = [
            sample.value
            for family in metrics.registry.collect()
            for sample in family.samples
            if sample.name == "nerkh_source_attempts_total"
        ]
        assert len(attempts) == MOST + 1
        assert sum(attempts) == sum(world.asked.values())
        assert before["nerkh_source_calls"] == after["nerkh_source_calls"] == MOST + 1
        assert not [name for name in after if "made" in name]
        await engine.close()

    run_virtual(lambda clock: story(World(clock), clock))
