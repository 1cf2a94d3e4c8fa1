"""Measures what answers shared over Redis cost: a look-up, a write behind, a draw; prints one line each.

`.venv/bin/python -m scripts.measure_shared` starts a Redis of its own in a folder that it removes.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr

from server.assets import registry
from server.clock import SystemClock
from server.model import (
    INTERVALS,
    Answer,
    Attempt,
    BudgetName,
    Candle,
    Candles,
    CandlesQuery,
    Draw,
    Freshness,
    Outcome,
    Price,
    PriceQuery,
    Prices,
    PricesQuery,
    Provenance,
    Query,
    Value,
)
from server.settings import Settings
from server.shared.shared import Shared
from tests.shared.server import RedisServer

NOW = datetime.now(UTC)
BITCOIN = registry().asset("bitcoin")
ORIGIN = Provenance("a", NOW, Freshness.LIVE, NOW, attempts=(Attempt("a", Outcome.OK, 0.08),))
PRICE = Price("bitcoin", "USD", Decimal("97123.45"), NOW, *[Decimal("97000.12")] * 6)
CANDLE = Candle(NOW, *[Decimal("97000.12")] * 6)
ANSWERS: tuple[tuple[str, Query, Value], ...] = (
    ("price", PriceQuery(BITCOIN), PRICE),
    ("250 prices", PricesQuery(limit=250), Prices((PRICE,) * 250)),
    ("1000 candles", CandlesQuery(BITCOIN, INTERVALS["1m"]), Candles("bitcoin", "USD", "1m", (CANDLE,) * 1000)),
)


async def timed(name: str, times: int, work: Callable[[], Awaitable[object]]) -> None:
    """Do something often and print how long it took, waiting included, and how much of that was this process's."""
    spans = []
    cpu = time.process_time()
    for _ in range(times):
        start = time.perf_counter()
        await work()
        spans.append(time.perf_counter() - start)
    cpu = (time.process_time() - cpu) / times
    spans.sort()
    figures = (statistics.median(spans), spans[int(len(spans) * 0.99)], cpu)
    p50, p99, own = (f"{1e6 * figure:8.0f} µs" for figure in figures)
    print(f"{name:36} p50 {p50}   p99 {p99}   CPU {own}")


async def main(url: str) -> None:
    """Measure one after another."""
    clock = SystemClock()
    async with Shared.running(Settings(redis_url=SecretStr(url)), registry(), clock) as shared:
        cache = shared.cache
        for name, query, value in ANSWERS:
            answer: Answer[Value] = Answer(value, ORIGIN)
            times = 2000 if name == "price" else 100

            async def keep(query: Query = query, answer: Answer[Value] = answer) -> None:
                cache.offer(query, answer, 0.0, 60.0)
                await cache.flush()

            async def offer(query: Query = query, answer: Answer[Value] = answer) -> None:
                cache.offer(query, answer, 0.0, 60.0)

            async def find(query: Query = query) -> None:
                assert await cache.find(query, 1.0) is not None

            await timed(f"keep, on the request's path: {name}", times, offer)
            await timed(f"keep, behind: {name}", times, keep)
            await timed(f"hit: {name}", times, find)

        async def miss() -> None:
            assert await cache.find(PriceQuery(BITCOIN, "EUR"), 1.0) is None

        async def crowd() -> None:
            await asyncio.gather(*(cache.find(PriceQuery(BITCOIN), 1.0) for _ in range(50)))

        async def many() -> None:
            for number in range(50):
                cache.offer(PriceQuery(BITCOIN, f"Q{number}"), Answer(PRICE, ORIGIN), 0.0, 60.0)
            await cache.flush()

        async def draw() -> None:
            names = [BudgetName("a", "", "direct", span_s) for span_s in (1, 60)]
            assert await shared.counters.take([Draw(name, 10**9, 1) for name in names]) is not None

        await timed("miss", 2000, miss)
        await timed("50 hits at once, all of them", 100, crowd)
        await timed("50 prices written at once, all of them", 100, many)
        await timed("draw on two windows", 2000, draw)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as redis:
        asyncio.run(main(redis.url))
