"""One seed's life: the weather over the sources, the callers, and what the watch found; run by `scripts/seeds`."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog

from scripts.virtual.catalog import QUERIES, RATE_ASSETS, catalog, providers, subject
from scripts.virtual.watch import ASKING, Asking, Watch
from scripts.virtual.world import MOODS, World
from server.clock import VirtualClock, run_virtual
from server.errors import NerkhError
from server.fallback.engine import Engine
from server.fallback.figures import FIGURES
from server.model import NewsQuery, PriceQuery, Query
from server.settings import Settings

FRESH = 0.3
"""How many of the callers pass over the cache, so that more is fetched in front of a caller."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is lived through: a seed, virtual minutes, sources, callers, and how often each asks in a second."""

    seed: int
    minutes: float = 10.0
    sources: int = 300
    callers: int = 8
    pace: float = 0.6


@dataclass(frozen=True, slots=True)
class History:
    """What came of it: promises that were broken, figures, and a digest of everything that happened."""

    seed: int
    broken: tuple[str, ...]
    digest: str
    figures: dict[str, int] = field(default_factory=dict)


class Weather:
    """Turns sources good and bad: one by one, many at once, all at once; some die for good."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self._chance = chance

    async def blow(self) -> None:
        """Change moods until cancelled."""
        world, chance = self._world, self._chance
        while True:
            await asyncio.sleep(chance.expovariate(0.5))
            luck = chance.random()
            if luck < 0.01:
                await self._storm(world.names)
            elif luck < 0.03:
                family = chance.choice(("venue", "node", "press"))
                await self._storm([name for name in world.names if name.startswith(family)])
            elif luck < 0.05:
                world.kill(chance.choice(world.names))
            else:
                mood = "good" if chance.random() < 0.5 else chance.choice(MOODS)
                world.turn(chance.choice(world.names), mood)

    async def _storm(self, names: list[str]) -> None:
        """Let all of some sources fail for a while, most of them in one way."""
        mood = self._chance.choice(("hang", "refuse", "failing", "throttle", "frozen", "slow"))
        before = {name: self._world.mood[name] for name in names}
        for name in names:
            self._world.turn(name, mood)
        await asyncio.sleep(self._chance.uniform(5, 150))
        for name, was in before.items():
            self._world.turn(name, was)


class Crowd:
    """Callers that ask again and again, sometimes in a hurry, sometimes gone before the answer."""

    def __init__(self, engine: Engine, watch: Watch, chance: random.Random, pace: float) -> None:
        self._engine = engine
        self._watch = watch
        self._chance = chance
        self._pace = pace

    async def ask(self) -> None:
        """Ask until cancelled."""
        chance = self._chance
        while True:
            await asyncio.sleep(chance.expovariate(self._pace))
            query = QUERIES[min(int(chance.paretovariate(0.7)) - 1, len(QUERIES) - 1)]
            await self.one(query, chance.choice((None, None, None, 1.0, 0.3)), chance.choice((100.0, 100.0, 0.5)))

    async def one(self, query: Query, deadline_s: float | None, patience_s: float) -> None:
        """Ask once."""
        watch, clock = self._watch, self._watch.clock
        start = clock.monotonic()
        span = FIGURES[query.kind].deadline_s if deadline_s is None else deadline_s
        asking = Asking(start + span)
        token = ASKING.set(asking)
        error: NerkhError | None = None
        try:
            async with asyncio.timeout(patience_s):
                answer = await self._engine.ask(query, deadline_s=deadline_s, fresh=self._chance.random() < FRESH)
        except TimeoutError:
            watch.figures["gone"] += 1
            return
        except NerkhError as caught:
            error = caught
            watch.failed(query, caught)
        except Exception as caught:  # noqa: BLE001 -- a fault of the engine's own is what is looked for
            watch.says(f"{subject(query)} ended in {type(caught).__name__}: {caught}")
        else:
            watch.answered(query, answer, asked_at=start)
        finally:
            asking.is_over = True
            ASKING.reset(token)
        watch.waited(query, error, span, clock.monotonic() - start)

    async def collect(self) -> None:
        """Sweep news and a price now and then, as collectors do."""
        while True:
            await asyncio.sleep(60)
            for query in (NewsQuery(), PriceQuery(QUERIES[0].asset)):  # type: ignore[union-attr]  # it is of a price
                swept = await self._engine.sweep(query)
                self._watch.figures["swept"] += len(swept.answers)


async def _live(clock: VirtualClock, plan: Plan) -> History:
    chance = random.Random(plan.seed)
    sources = catalog(chance, plan.sources)
    world = World(clock, chance, [source.id for source in sources])
    settings = Settings()
    engine = Engine(
        catalog=sources,
        providers=providers(),
        transport=world,  # type: ignore[arg-type]  # stands in for the outside world
        clock=clock,
        settings=settings,
        keys={},
        rate_assets=RATE_ASSETS,
    )
    watch = Watch(clock, world, engine, settings)
    engine.subscribe(lambda observation: watch.published(observation.sequence))
    await engine.start()
    crowd = Crowd(engine, watch, chance, plan.pace)
    works: list[Coroutine[Any, Any, None]] = [Weather(world, chance).blow(), crowd.collect()]
    works += [crowd.ask() for _ in range(plan.callers)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        for _ in range(int(plan.minutes * 60)):
            await asyncio.sleep(1)
            watch.budget()
        for task in tasks:
            task.cancel()
    await engine.close()
    watch.closed()
    return History(plan.seed, tuple(watch.broken), watch.digest(), dict(watch.figures))


def live(plan: Plan) -> History:
    """Live through one seed in virtual time; what the engine logs meanwhile is left out."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        return run_virtual(lambda clock: _live(clock, plan), plan.seed)
    finally:
        structlog.configure(wrapper_class=before)
