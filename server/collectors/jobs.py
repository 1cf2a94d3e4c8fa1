"""What is collected: every feed's news, the fear and greed index, prices, fees; the engine publishes what is fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from server.collectors.schedule import Schedule
from server.errors import NerkhError
from server.fallback import Engine
from server.model import Chain, FearGreedQuery, GasQuery, NewsQuery, PricesQuery, Purpose, Query

DEADLINE_S = 20.0
BEHIND = Purpose.BACKGROUND
"""Collectors leave users their reserve of every source's limits."""


def usual_schedules(engine: Engine, chains: Sequence[Chain]) -> tuple[Schedule, ...]:
    """Return the schedules of one process; the first minute after a start belongs to callers."""
    return (
        Schedule("prices", 60, _asking(engine, PricesQuery(limit=250)), first_s=15),
        Schedule("gas", 60, _asking_all(engine, [GasQuery(chain) for chain in chains]), first_s=20),
        Schedule("news", 180, _sweeping(engine, NewsQuery()), first_s=25),
        Schedule("fear_greed", 900, _asking(engine, FearGreedQuery(limit=30)), first_s=30),
    )


def _asking(engine: Engine, query: Query) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await engine.ask(query, deadline_s=DEADLINE_S, purpose=BEHIND)

    return run


def _asking_all(engine: Engine, queries: Sequence[Query]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        found = await asyncio.gather(
            *(engine.ask(query, deadline_s=DEADLINE_S, purpose=BEHIND) for query in queries), return_exceptions=True
        )
        failures = [each for each in found if isinstance(each, BaseException)]
        strange = [each for each in failures if not isinstance(each, NerkhError)]
        if strange or len(failures) == len(queries):
            raise (strange or failures)[0]

    return run


def _sweeping(engine: Engine, query: Query) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await engine.sweep(query, deadline_s=DEADLINE_S, purpose=BEHIND)

    return run
