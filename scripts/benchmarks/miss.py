"""`miss`: the CPU of one fetch through the engine on a cache miss, beside the same request by hand and by ccxt.

All three ask the simulator's Binance for the same ticker, in one process, round by round; each round's CPU is read from
the process's own clock. The engine makes a cache miss of each ask (`fresh`), and does all that a miss does: plan,
breaker, request, parse, checks, provenance, cache, publication. One call after another: equal ones at once would be
one fetch. By hand is as aiohttp's own pages write it, neither tuned nor slowed. Beside it stands the usual question,
BTC in USD, over the whole catalogue, whatever source leads.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp

from scripts.benchmarks.measures import Check, Result, Row
from scripts.benchmarks.simulated import Simulated, engine, simulator
from server.assets import registry
from server.fallback.engine import Engine
from server.model import Answer, PriceQuery, Value
from server.providers.catalog import sources

ROUNDS = 15
CALLS = 300
HAND, CCXT = "by hand: aiohttp GET and parse", "ccxt fetch_ticker"
ENGINE, DOLLARS = "Nerkh", "Nerkh, BTC in USD over all sources"

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Ticker:
    """What one takes from the answer by hand."""

    last: Decimal
    bid: Decimal
    ask: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    quote_volume: Decimal
    change: Decimal
    time: int


def by_hand(session: aiohttp.ClientSession, url: str) -> Call:
    """Return the call as it is written without a library: get, check the status, read the figures as decimals."""

    async def call() -> Ticker:
        async with session.get(url, params={"symbol": "BTCUSDT"}) as answer:
            answer.raise_for_status()
            row = await answer.json()
        return Ticker(
            Decimal(row["lastPrice"]),
            Decimal(row["bidPrice"]),
            Decimal(row["askPrice"]),
            Decimal(row["openPrice"]),
            Decimal(row["highPrice"]),
            Decimal(row["lowPrice"]),
            Decimal(row["volume"]),
            Decimal(row["quoteVolume"]),
            Decimal(row["priceChangePercent"]),
            int(row["closeTime"]),
        )

    return call


def of_ccxt(base_url: str) -> Any:
    """Return ccxt's Binance, at the simulator's address, without the pauses it makes to keep within limits."""
    import ccxt.async_support as ccxt

    options = {"fetchMarkets": {"types": ["spot"]}, "defaultType": "spot"}
    exchange = ccxt.binance({"enableRateLimit": False, "options": options})
    exchange.has["fetchCurrencies"] = False
    exchange.urls["api"]["public"] = f"{base_url}/api/v3"
    return exchange


async def cpu_us(call: Call, calls: int) -> float:
    """Return the CPU microseconds of one call, from so many of them."""
    gc.collect()
    before = time.process_time()
    for _ in range(calls):
        await call()
    return (time.process_time() - before) / calls * 1e6


async def _measured(world: Simulated) -> dict[str, list[float]]:
    base_url = world.base_urls["binance"]
    known = registry()
    whole = [source for source in sources() if source.id in world.base_urls]
    catalog = [source for source in whole if source.provider == "binance"]
    tether, dollars = PriceQuery(known.asset("BTC"), "USDT"), PriceQuery(known.asset("BTC"), "USD")
    exchange = of_ccxt(base_url)
    async with (
        aiohttp.ClientSession() as session,
        engine(world, catalog) as ours,
        engine(world, whole) as of_all,
    ):
        await exchange.load_markets()

        def asking(engine: Engine, query: PriceQuery) -> Call:
            async def call() -> Answer[Value]:
                return await engine.ask(query, fresh=True)

            return call

        calls: dict[str, Call] = {
            HAND: by_hand(session, f"{base_url}/api/v3/ticker/24hr"),
            ENGINE: asking(ours, tether),
            CCXT: lambda: exchange.fetch_ticker("BTC/USDT"),
            DOLLARS: asking(of_all, dollars),
        }
        try:
            for call in calls.values():
                await cpu_us(call, CALLS)
            gc.freeze()
            spent: dict[str, list[float]] = {name: [] for name in calls}
            for _ in range(ROUNDS):
                for name, call in calls.items():
                    spent[name].append(await cpu_us(call, CALLS))
        finally:
            await exchange.close()
    return spent


def miss() -> Result:
    """Measure a fetch on a miss beside the same by hand and by ccxt; ratios are medians of each round's own ratio."""
    import uvloop

    with simulator() as world, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        spent = runner.run(_measured(world))
    rows = [
        Row(name, {"CPU µs/call": statistics.median(figures), "least": min(figures)}) for name, figures in spent.items()
    ]
    to_hand = statistics.median(ours / theirs for ours, theirs in zip(spent[ENGINE], spent[HAND], strict=True))
    to_ccxt = statistics.median(ours / theirs for ours, theirs in zip(spent[ENGINE], spent[CCXT], strict=True))
    return Result(
        "miss",
        rows,
        [
            Check("CPU, Nerkh / by hand", to_hand, "<= 1.3", to_hand <= 1.3),
            Check("CPU, Nerkh / ccxt", to_ccxt, "< 1", to_ccxt < 1),
        ],
    )
