"""Measured rates between quotes: what turns a venue's USDT, USDC or EUR price into the quote that was asked for.

The engine owns one; it asks through the engine itself, natively quoted answers only, so that no rate needs a rate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Context, Decimal
from typing import NamedTuple

from server.assets import registry
from server.clock import Clock
from server.errors import NerkhError
from server.model import Answer, Asset, Freshness, Price, PriceQuery, Prices, Value

_FRESH_S = 30.0
_USABLE_S = 600.0
_ROUNDING = Context(prec=12)
_PIVOT = "BTC"
_PEGGED = ("USDT", "USDC")
"""Coins that are meant to be worth a dollar: far from it, a second source must say so too."""


class _Rate(NamedTuple):
    """How many of one quote another is worth, and when that was fetched (monotonic seconds)."""

    value: Decimal
    at: float


class Rates:
    """Rates by pair, kept 30 s, usable for ten minutes while they are measured anew behind.

    `ask` fetches a natively quoted price within monotonic time. `assets` gives the asset behind a stable coin's
    symbol, and bitcoin, over which two currencies are compared.
    """

    def __init__(
        self,
        clock: Clock,
        assets: Mapping[str, Asset],
        ask: Callable[[PriceQuery, float], Awaitable[Answer[Value]]],
        spawn: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        self._clock = clock
        self._assets = assets
        self._ask = ask
        self._spawn = spawn
        self._rates: dict[tuple[str, str], _Rate] = {}
        self._measuring: set[tuple[str, str]] = set()

    async def converted(self, value: Value, quote: str, until: float) -> Value | None:
        """Return a price, or a list of prices, in the asked quote; None when no rate can be had in time."""
        for native in _quotes(value):
            if native != quote and await self._rate(native, quote, until) is None:
                return None
        return self.known(value, quote)

    def known(self, value: Value, quote: str) -> Value | None:
        """Return a price, or a list of prices, in the asked quote; None when a rate would have to be measured first."""
        if isinstance(value, Prices):
            found = [self._known(price, quote) for price in value.prices]
            done = tuple(price for price in found if price is not None)
            return Prices(done, value.source_time) if len(done) == len(found) else None
        return self._known(value, quote) if isinstance(value, Price) else value

    def _known(self, price: Price, quote: str) -> Price | None:
        if price.quote == quote:
            return price
        rate = self._usable((price.quote, quote), self._clock.monotonic())
        return None if rate is None else convert(price, quote, rate.value)

    def _usable(self, pair: tuple[str, str], now: float) -> _Rate | None:
        """Return a rate that was measured, None when that is too long ago."""
        rate = self._rates.get(pair)
        return rate if rate is not None and now - rate.at < _USABLE_S else None

    async def _rate(self, native: str, quote: str, until: float) -> Decimal | None:
        """Return the rate, measured anew when it is old."""
        pair = (native, quote)
        now = self._clock.monotonic()
        known = self._usable(pair, now)
        if known is not None:
            if now - known.at >= _FRESH_S and pair not in self._measuring:
                self._measuring.add(pair)
                self._spawn(self._measure_behind(pair, now + 5.0))
            return known.value
        return await self._measure(pair, until)

    async def _measure_behind(self, pair: tuple[str, str], until: float) -> None:
        """Measure a rate while the old one serves."""
        try:
            await self._measure(pair, until)
        finally:
            self._measuring.discard(pair)

    async def _measure(self, pair: tuple[str, str], until: float) -> Decimal | None:
        """Ask for the coin behind the native quote, else compare both currencies over bitcoin."""
        native, quote = pair
        coin, pivot = self._assets.get(native), self._assets.get(_PIVOT)
        rate = None
        try:
            if coin is not None:
                rate = await self._price(coin, quote, until)
            elif pivot is not None:
                rate = await self._price(pivot, quote, until) / await self._price(pivot, native, until)
        except (NerkhError, TimeoutError):
            return None
        if rate is None:
            return None
        rate = _ROUNDING.plus(rate)
        self._rates[pair] = _Rate(rate, self._clock.monotonic())
        return rate

    async def _price(self, asset: Asset, quote: str, until: float) -> Decimal:
        """Return one natively quoted price."""
        answer = await self._ask(PriceQuery(asset, quote), until)
        if not isinstance(answer.value, Price):
            raise TypeError(type(answer.value).__name__)
        return answer.value.value


def _quotes(value: Value) -> Iterable[str]:
    """Return the quotes that a value's prices are in, each once."""
    if isinstance(value, Prices):
        return dict.fromkeys(price.quote for price in value.prices)
    return (value.quote,) if isinstance(value, Price) else ()


def usual_assets() -> dict[str, Asset]:
    """Return the assets over which quotes are compared, by symbol."""
    known = registry()
    return {symbol: known.asset(symbol) for symbol in (*_PEGGED, _PIVOT)}


def pegs(assets: Mapping[str, Asset]) -> Iterator[Price]:
    """Yield what the pegged coins among some assets are meant to be worth."""
    for symbol in _PEGGED:
        if symbol in assets:
            yield Price(assets[symbol].id, "USD", Decimal(1))


def is_native(answer: Answer[Value]) -> bool:
    """Say whether a price stands as its source gave it, and may measure others: it is not old, and not in doubt."""
    price = answer.value
    is_old = answer.provenance.freshness in (Freshness.STALE, Freshness.STORED)
    return isinstance(price, Price) and price.native_quote is None and not price.flagged and not is_old


def convert(price: Price, quote: str, rate: Decimal) -> Price:
    """Return a price in another quote, keeping what the source said beside it.

    Amounts are rounded to the rate's own digits: more of them would say nothing.
    """
    return replace(
        price,
        quote=quote,
        value=_ROUNDING.multiply(price.value, rate),
        bid=_times(price.bid, rate),
        ask=_times(price.ask, rate),
        open=_times(price.open, rate),
        high=_times(price.high, rate),
        low=_times(price.low, rate),
        change=_times(price.change, rate),
        quote_volume=_times(price.quote_volume, rate),
        market_cap=_times(price.market_cap, rate),
        native_quote=price.quote,
        native_value=price.value,
    )


def _times(amount: Decimal | None, rate: Decimal) -> Decimal | None:
    """Return an amount in another quote, None for None."""
    return None if amount is None else _ROUNDING.multiply(amount, rate)
