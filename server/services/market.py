"""Prices, listings, assets and the market as a whole; candles have a module of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from server.clock import Clock
from server.errors import NerkhError, SourcesFailed, Unsupported
from server.fallback import Engine
from server.model import (
    INTERVALS,
    Answer,
    Asset,
    CandlesQuery,
    Interval,
    Overview,
    OverviewQuery,
    Price,
    PriceQuery,
    Prices,
    PricesQuery,
    QuoteList,
    Trending,
    TrendingQuery,
)
from server.services.answers import ask
from server.services.coverage import Coverage
from server.services.naming import Named, Names

LISTED = 250
"""How many assets a listing of prices holds."""

_QUOTES = ("USD", "EUR", "GBP", "JPY", "USDT", "USDC", "BTC", "ETH")
"""What is named when there is no price in the asked quote."""

AT_ONCE = 16
"""How many prices of one batch are fetched side by side."""


class Order(Enum):
    """How a listing of prices is ordered."""

    MARKET_CAP = "market_cap"
    GAINERS = "gainers"
    LOSERS = "losers"


@dataclass(frozen=True, slots=True)
class Priced:
    """One asset of a batch with its price."""

    named: Named
    answer: Answer[Price]


@dataclass(frozen=True, slots=True)
class Unpriced:
    """One asset of a batch that has no price, as it was asked for, and why."""

    text: str
    error: NerkhError


class Market:
    """Answers questions about prices and the market."""

    def __init__(self, engine: Engine, names: Names, coverage: Coverage, clock: Clock) -> None:
        self._clock = clock
        self._engine = engine
        self._names = names
        self._coverage = coverage

    async def price(self, asset: Asset, quote: str, deadline_s: float) -> Answer[Price]:
        """Return the price of an asset; raises `Unsupported`, with quotes that serve, and what `Engine.ask` does."""
        try:
            return await ask(self._engine, Price, PriceQuery(asset, quote), deadline_s)
        except Unsupported as error:
            served = [each for each in _QUOTES if each != quote and self._coverage.sources(PriceQuery(asset, each))]
            raise Unsupported(error.what, served) from None

    async def quotes(self, asset: Asset, quote: str, deadline_s: float) -> QuoteList:
        """Return what each source says of an asset's price; raises `Unsupported` or `SourcesFailed` without any."""
        query = PriceQuery(asset, quote)
        # A source that hangs must not cost the answer of the others: the sweep ends before the caller's time does.
        found = await self._engine.quotes(query, deadline_s=0.9 * deadline_s)
        if not found.quotes:
            raise SourcesFailed(f"quotes of {asset.id} in {quote}", found.attempts)
        return found

    def fresh_until(self, asset: Asset, quote: str) -> float:
        """Return until when, on the monotonic clock, the cached price may be given again unchanged."""
        return self._engine.repeatable_until(PriceQuery(asset, quote))

    async def prices(self, texts: Sequence[str], quote: str, deadline_s: float) -> list[Priced | Unpriced]:
        """Return, in the order given, the price of each asset or why there is none."""
        turn = asyncio.Semaphore(AT_ONCE)
        # What is not there shortly before the end is reported as missing, rather than all of it lost.
        end = self._clock.monotonic() + 0.9 * deadline_s

        async def one(text: str) -> Priced | Unpriced:
            async with turn:
                try:
                    named = self._names.asset(text)
                    left_s = max(0.0, end - self._clock.monotonic())
                    return Priced(named, await self.price(named.asset, quote, left_s))
                except NerkhError as error:
                    return Unpriced(text, error)

        return list(await asyncio.gather(*(one(text) for text in texts)))

    async def listing(self, quote: str, order: Order, deadline_s: float) -> Answer[Prices]:
        """Return the prices of the largest assets; for gainers and losers only those whose change is known."""
        answer = await ask(self._engine, Prices, PricesQuery(quote, LISTED), deadline_s)
        if order is Order.MARKET_CAP:
            return answer
        moved = tuple(price for price in answer.value.prices if price.change_percent is not None)
        return Answer(Prices(moved, answer.value.source_time), answer.provenance)

    async def overview(self, deadline_s: float) -> Answer[Overview]:
        """Return the market as a whole; raises what `Engine.ask` does."""
        return await ask(self._engine, Overview, OverviewQuery(), deadline_s)

    async def trending(self, deadline_s: float) -> Answer[Trending]:
        """Return what draws most attention; raises what `Engine.ask` does."""
        return await ask(self._engine, Trending, TrendingQuery(), deadline_s)

    def intervals(self, asset: Asset, quote: str) -> list[tuple[Interval, tuple[str, ...]]]:
        """Return the intervals in which candles can be had, the shortest first, each with its sources."""
        found = (
            # One candle: a source that gives no long series of them serves them all the same.
            (interval, self._coverage.sources(CandlesQuery(asset, interval, quote, limit=1)))
            for interval in INTERVALS.values()
        )
        return [(interval, sources) for interval, sources in found if sources]

    def assets(self, search: str, chain: str) -> tuple[Asset, ...]:
        """Return the registry's assets that match a text and have a contract on a chain; empty means any."""
        registry = self._names.registry
        found = registry.search(search) if search else registry.assets
        if not chain:
            return found
        on = registry.chain(chain)
        return tuple(
            asset
            for asset in found
            if asset.id == on.native_asset or any(contract.chain == on.id for contract in asset.contracts)
        )


def sort_key(order: Order, price: Price) -> tuple[Decimal, str]:
    """Return what orders a listing: smallest first is the order that was asked for; the id makes it unique."""
    match order:
        case Order.MARKET_CAP:
            return -(price.market_cap or Decimal(0)), price.asset
        case Order.GAINERS:
            return -(price.change_percent or Decimal(0)), price.asset
        case Order.LOSERS:
            return price.change_percent or Decimal(0), price.asset
