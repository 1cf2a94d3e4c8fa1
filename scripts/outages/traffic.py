"""Constant load on a running Nerkh: 100 calls a second over every kind, and 50 streams; what each call saw is kept.

Used by `scripts/chaos sources`. Calls are due by the clock, whatever the answers take, and count from when they were
due; so a service that falls behind is not flattered.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from nerkh.v1 import market_pb2, news_pb2, onchain_pb2, sentiment_pb2, types_pb2

from server.assets import registry
from server.model import (
    BalanceQuery,
    BlockQuery,
    CandlesQuery,
    ChainQuery,
    FearGreedQuery,
    GasQuery,
    NewsQuery,
    OverviewQuery,
    PriceQuery,
    PricesQuery,
    Query,
    TransactionsQuery,
    TrendingQuery,
    WhalesQuery,
    interval_of,
)

PACE = 100.0
STREAMS = 50
SYMBOLS = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "LINK", "AVAX", "DOT", "UNI", "ATOM")
"""Assets that every exchange lists."""
_ADDRESS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
_FULL = types_pb2.VIEW_FULL
_WEIGHTS = {
    "price": 50, "balance": 14, "gas": 7, "block": 7, "chain": 4, "candles": 4, "fear_greed": 3, "prices": 2,
    "overview": 2, "trending": 2, "news": 1, "transactions": 2, "whales": 2,
}  # fmt: skip
"""How often each kind is called, out of a hundred."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its kind, what it is of (an asset, a chain, an address), and how it goes over the wire."""

    kind: str
    of: str
    method: str
    request: Any
    response: Any


@dataclass(frozen=True, slots=True)
class Seen:
    """How one call ended. Times are Unix seconds; `error` is the status' name, empty when there was an answer."""

    call: Call
    due: float
    span_s: float
    error: str = ""
    answer: Any = None

    @property
    def end(self) -> float:
        """Return when it ended."""
        return self.due + self.span_s

    @property
    def provenance(self) -> Any:
        """Return the answer's provenance; that of its price where it stands there."""
        return self.answer.price.provenance if self.call.kind == "price" else self.answer.provenance

    @property
    def source(self) -> str:
        """Return who answered."""
        return "" if self.error else str(self.provenance.source)

    @property
    def freshness(self) -> str:
        """Return LIVE, CACHED, STALE or STORED; empty for an error."""
        return "" if self.error else types_pb2.Freshness.Name(self.provenance.freshness).removeprefix("FRESHNESS_")

    @property
    def is_fresh(self) -> bool:
        """Say whether the answer passes as fresh."""
        return self.freshness in ("LIVE", "CACHED")

    @property
    def source_time(self) -> float | None:
        """Return the source's own time, None when it states none."""
        stated = None if self.error else self.provenance
        return (
            stated.source_time.ToNanoseconds() / 1e9 if stated is not None and stated.HasField("source_time") else None
        )

    @property
    def way(self) -> str:
        """Return the kind and every attempt with its outcome, those passed over left out."""
        if self.error:
            return f"{self.call.kind}: {self.error[:120]}"
        tried = ((each.source, types_pb2.Outcome.Name(each.outcome)[8:].lower()) for each in self.provenance.attempts)
        made = ", ".join(f"{source} {outcome}" for source, outcome in tried if not outcome.startswith("skipped"))
        return f"{self.call.kind} {self.freshness}: {made}"

    @property
    def is_doubted(self) -> bool:
        """Say whether the answer itself says that it is in doubt."""
        return bool(self.provenance.contested or (self.call.kind == "price" and self.answer.price.flagged))

    @property
    def attempts(self) -> int:
        """Return how many attempts were made, those passed over not counted.

        A second answer that confirmed the first is neither hedge nor repeat nor going on, so it does not count either.
        """
        if self.error:
            return 1
        names = [types_pb2.Outcome.Name(each.outcome) for each in self.provenance.attempts]
        made = sum(not name.startswith("OUTCOME_SKIPPED") for name in names)
        return made - max(0, names.count("OUTCOME_OK") - 1)


def price_of(asset: str) -> Call:
    """Return the call for an asset's price in USD."""
    request = market_pb2.GetPriceRequest(asset=asset, view=_FULL)
    return Call("price", asset, "/nerkh.v1.MarketService/GetPrice", request, market_pb2.GetPriceResponse)


def _of(kind: str, of: str, module: Any, method: str, **parts: Any) -> Call:
    service, _, name = method.partition("/")
    request = getattr(module, f"{name}Request")(view=_FULL, **parts)
    return Call(kind, of, f"/nerkh.v1.{service}Service/{name}", request, getattr(module, f"{name}Response"))


class Calls:
    """Draws calls by weight; balances are of ever new addresses, or of so many (`addresses`)."""

    def __init__(self, chance: random.Random, addresses: int = 0) -> None:
        self._chance = chance
        self._known = [f"0x{chance.getrandbits(160):040x}" for _ in range(addresses)]

    def one(self) -> Call:
        """Return the next call."""
        return self.of(self._chance.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0])

    def of(self, kind: str) -> Call:
        """Return a call of a kind."""
        market, chain = market_pb2, onchain_pb2
        made: dict[str, Callable[[], Call]] = {
            "price": lambda: price_of(self._chance.choice(SYMBOLS)),
            "prices": lambda: _of(kind, "", market, "Market/ListPrices", page_size=5),
            "candles": lambda: _of(kind, "BTC", market, "Market/ListCandles", asset="BTC", interval="1h", page_size=5),
            "overview": lambda: _of(kind, "", market, "Market/GetMarketOverview"),
            "trending": lambda: _of(kind, "", market, "Market/ListTrendingAssets"),
            "news": lambda: _of(kind, "", news_pb2, "News/ListArticles", page_size=5),
            "fear_greed": lambda: _of(kind, "", sentiment_pb2, "Sentiment/GetFearGreedIndex"),
            "gas": lambda: _of(kind, "ethereum", chain, "Onchain/GetGasPrice", chain="ethereum"),
            "block": lambda: _of(kind, "ethereum", chain, "Onchain/GetBlock", chain="ethereum", block="latest"),
            "chain": lambda: _of(kind, "bitcoin", chain, "Onchain/GetChain", chain="bitcoin"),
            "balance": self._balance,
            "transactions": lambda: _of(
                kind, _ADDRESS, chain, "Onchain/ListTransactions", chain="bitcoin", address=_ADDRESS, page_size=25
            ),
            "whales": lambda: _of(kind, "bitcoin", chain, "Onchain/ListWhaleTransactions", chain="bitcoin"),
        }
        return made[kind]()

    def _balance(self) -> Call:
        address = self._chance.choice(self._known) if self._known else f"0x{self._chance.getrandbits(160):040x}"
        return _of("balance", address, onchain_pb2, "Onchain/GetBalance", chain="ethereum", address=address)

    @staticmethod
    def queries() -> dict[str, tuple[Query, ...]]:
        """Return what the calls of each kind ask of the engine: who covers it can be told from that."""
        known = registry()
        bitcoin, ethereum, hour = known.chain("bitcoin"), known.chain("ethereum"), interval_of("1h")
        assert hour is not None
        return {
            "price": tuple(PriceQuery(known.asset(symbol)) for symbol in SYMBOLS),
            "prices": (PricesQuery(),),
            "candles": (CandlesQuery(known.asset("BTC"), hour),),
            "overview": (OverviewQuery(),),
            "trending": (TrendingQuery(),),
            "news": (NewsQuery(),),
            "fear_greed": (FearGreedQuery(),),
            "gas": (GasQuery(ethereum),),
            "block": (BlockQuery(ethereum),),
            "chain": (ChainQuery(bitcoin),),
            "balance": (BalanceQuery(ethereum, "0x" + "1" * 40),),
            "transactions": (TransactionsQuery(bitcoin, _ADDRESS),),
            "whales": (WhalesQuery(bitcoin),),
        }


@dataclass(slots=True)
class Traffic:
    """The load on one Nerkh, and everything it saw."""

    target: str
    calls: Calls
    seen: list[Seen] = field(default_factory=list)
    frames: list[int] = field(default_factory=lambda: [0] * STREAMS)
    broken_streams: list[str] = field(default_factory=list)

    async def run(self, script: Callable[[Traffic], Any]) -> None:
        """Run the load while a script brings faults and waits; ends with the script."""
        async with grpc.aio.insecure_channel(self.target) as channel:
            works = [asyncio.create_task(self._stream(channel, number)) for number in range(STREAMS)]
            works.append(asyncio.create_task(self._pace(channel)))
            try:
                await script(self)
            finally:
                for work in works:
                    work.cancel()
                await asyncio.gather(*works, return_exceptions=True)

    async def until(self, is_enough: Callable[[], bool]) -> None:
        """Wait until enough was seen; looks twice a second."""
        while not is_enough():  # noqa: ASYNC110 -- calls end by the hundred; none of them is what is waited for
            await asyncio.sleep(0.5)

    async def ask(self, call: Call) -> Seen:
        """Make one call beside the load."""
        async with grpc.aio.insecure_channel(self.target) as channel:
            return await self._one(channel, call, time.time())

    async def _pace(self, channel: grpc.aio.Channel) -> None:
        begun, number = time.time(), 0
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                due = begun + number / PACE
                number += 1
                await asyncio.sleep(max(0.0, due - time.time()))
                task = asyncio.create_task(self._noted(channel, due))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        finally:
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _noted(self, channel: grpc.aio.Channel, due: float) -> None:
        self.seen.append(await self._one(channel, self.calls.one(), due))

    async def _one(self, channel: grpc.aio.Channel, call: Call, due: float) -> Seen:
        send = channel.unary_unary(call.method, lambda made: made.SerializeToString(), call.response.FromString)
        try:
            answer = await send(call.request, timeout=20)
        except grpc.aio.AioRpcError as error:
            return Seen(call, due, time.time() - due, f"{error.code().name} {error.details()}")
        return Seen(call, due, time.time() - due, "", answer)

    async def _stream(self, channel: grpc.aio.Channel, number: int) -> None:
        assets = [SYMBOLS[number % len(SYMBOLS)], SYMBOLS[(number + 5) % len(SYMBOLS)]]
        call = channel.unary_stream(
            "/nerkh.v1.MarketService/StreamPrices",
            lambda made: made.SerializeToString(),
            market_pb2.StreamPricesResponse.FromString,
        )(market_pb2.StreamPricesRequest(assets=assets))
        try:
            async for _ in call:
                self.frames[number] += 1
            self.broken_streams.append(f"stream {number} ended")
        except grpc.aio.AioRpcError as error:
            self.broken_streams.append(f"stream {number}: {error.code().name} {error.details()}")

    def between(self, start: float, end: float) -> list[Seen]:
        """Return the calls that were due in a span."""
        return [seen for seen in self.seen if start <= seen.due < end]


def slowest(seen: list[Seen], count: int = 6) -> list[str]:
    """Return what the slowest hundredth of calls went through, the commonest ways first."""
    bound = p99(seen)
    ways = Counter(each.way for each in seen if each.span_s >= bound)
    return [f"{number} x {way}" for way, number in ways.most_common(count)]


def p99(seen: list[Seen]) -> float:
    """Return the seconds that one call in a hundred took longer than; infinity for no calls."""
    ranked = sorted(each.span_s for each in seen)
    return ranked[min(len(ranked) - 1, int(0.99 * len(ranked)))] if ranked else float("inf")
