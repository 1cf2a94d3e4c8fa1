"""Measured rates in simulated time: coins by their own price, currencies over bitcoin, lists, age."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from server.clock import VirtualClock, run_virtual
from server.errors import SourcesFailed
from server.fallback.rates import Rates, is_native
from server.model import Answer, Asset, Freshness, GasPrice, Price, PriceQuery, Prices, Provenance, Value

TETHER = Asset("tether", "USDT", "Tether")
BITCOIN = Asset("bitcoin", "BTC", "Bitcoin")
PRICES = {("tether", "USD"): "0.998", ("bitcoin", "USD"): "100000", ("bitcoin", "EUR"): "80000"}


class Market:
    """Answers natively quoted prices, or nothing while it is closed."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.asked: list[tuple[str, str]] = []
        self.is_closed = False
        self.tasks: list[asyncio.Task[None]] = []
        self.rates = Rates(clock, {"USDT": TETHER, "BTC": BITCOIN}, self.ask, self.spawn)

    async def ask(self, query: PriceQuery, _until: float) -> Answer[Value]:
        """Answer a price."""
        pair = (query.asset.id, query.quote)
        self.asked.append(pair)
        await asyncio.sleep(0.01)
        if self.is_closed or pair not in PRICES:
            raise SourcesFailed("price")
        price = Price(*pair, Decimal(PRICES[pair]))
        return Answer(price, Provenance("a", self.clock.now(), Freshness.LIVE))

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run something behind."""
        self.tasks.append(asyncio.create_task(work))

    async def converted(self, value: Value, quote: str = "USD") -> Value | None:
        """Convert within a second."""
        return await self.rates.converted(value, quote, self.clock.monotonic() + 1)


def play(story: Callable[[Market, VirtualClock], Coroutine[Any, Any, None]]) -> None:
    """Run a story in simulated time."""
    run_virtual(lambda clock: story(Market(clock), clock))


def test_every_amount_in_the_quote_is_converted_and_nothing_else() -> None:
    """Bid, ask, range, change, volume and cap follow the rate; percent and base volume do not."""

    async def story(market: Market, _clock: VirtualClock) -> None:
        ten = Decimal(10)
        price = Price(
            "x", "USDT", ten, bid=ten, ask=ten, open=ten, high=ten, low=ten, change=ten, change_percent=ten,
            base_volume=ten, quote_volume=ten, market_cap=None,
        )  # fmt: skip
        found = await market.converted(price)
        assert isinstance(found, Price)
        changed = {found.value, found.bid, found.ask, found.open, found.high, found.low, found.change}
        assert changed | {found.quote_volume} == {Decimal("9.98")}
        assert (found.change_percent, found.base_volume, found.market_cap) == (ten, ten, None)
        assert (found.quote, found.native_quote, found.native_value) == ("USD", "USDT", ten)

    play(story)


def test_currencies_are_compared_over_bitcoin() -> None:
    """A euro is what bitcoin costs in dollars over what it costs in euros."""

    async def story(market: Market, _clock: VirtualClock) -> None:
        found = await market.converted(Price("x", "EUR", Decimal(8)))
        assert isinstance(found, Price)
        assert found.value == 10
        assert market.asked == [("bitcoin", "USD"), ("bitcoin", "EUR")]

    play(story)


def test_a_list_is_converted_as_a_whole_by_one_measurement() -> None:
    """Rows in the asked quote stay; without a rate for one there is no list."""

    async def story(market: Market, _clock: VirtualClock) -> None:
        rows = tuple(Price("x", quote, Decimal(1)) for quote in ("USDT", "USD", "USDT"))
        found = await market.converted(Prices(rows))
        assert isinstance(found, Prices)
        assert [row.value for row in found.prices] == [Decimal("0.998"), 1, Decimal("0.998")]
        assert market.asked == [("tether", "USD")]
        assert await market.converted(Prices((*rows, Price("x", "GBP", Decimal(1))))) is None

    play(story)


def test_a_rate_serves_while_it_is_measured_anew_and_no_longer_than_ten_minutes() -> None:
    """After 30 s one measurement runs behind; after ten minutes without one the rate is not used."""

    async def story(market: Market, clock: VirtualClock) -> None:
        price = Price("x", "USDT", Decimal(1))
        await market.converted(price)
        market.is_closed = True
        clock.advance(31)
        for _ in range(5):
            assert await market.converted(price) is not None
        await asyncio.gather(*market.tasks)
        assert len(market.asked) == 2
        clock.advance(600)
        assert await market.converted(price) is None
        market.is_closed = False
        assert await market.converted(price) is not None

    play(story)


def test_what_is_no_price_passes_unchanged() -> None:
    """Only prices have a quote to convert."""

    async def story(market: Market, _clock: VirtualClock) -> None:
        gas = GasPrice("x", "gwei", Decimal(1), Decimal(1), Decimal(1))
        assert await market.converted(gas) is gas
        assert market.asked == []

    play(story)


def test_a_converted_amount_has_the_digits_of_its_rate() -> None:
    """Twelve of them: what more the multiplication gives says nothing."""

    async def story(market: Market, _clock: VirtualClock) -> None:
        found = await market.converted(Price("x", "USDT", Decimal("91567.14975467657"), bid=Decimal("3E-9")))
        assert isinstance(found, Price)
        assert (found.value, found.bid) == (Decimal("91384.0154552"), Decimal("2.994E-9"))
        assert found.native_value == Decimal("91567.14975467657")

    play(story)


def test_a_measurement_that_failed_behind_is_made_again() -> None:
    """The old rate serves meanwhile; each conversion past its 30 s may begin one, one at a time."""

    async def story(market: Market, clock: VirtualClock) -> None:
        price = Price("x", "USDT", Decimal(1))
        await market.converted(price)
        market.is_closed = True
        clock.advance(31)
        for asked in (2, 3, 4):
            await market.converted(price)
            await market.converted(price)
            await asyncio.gather(*market.tasks)
            assert len(market.asked) == asked

    play(story)


def test_no_rate_is_made_of_a_doubted_old_or_converted_price() -> None:
    """Else one wrong price would spread over all quotes."""
    price = Price("tether", "USD", Decimal(1))
    live = Provenance("a", datetime(2026, 1, 1, tzinfo=UTC), Freshness.LIVE)
    assert is_native(Answer(price, live))
    assert is_native(Answer(price, replace(live, freshness=Freshness.CACHED)))
    assert not is_native(Answer(price, replace(live, freshness=Freshness.STALE)))
    assert not is_native(Answer(price, replace(live, freshness=Freshness.STORED)))
    assert not is_native(Answer(replace(price, flagged=True), live))
    assert not is_native(Answer(replace(price, native_quote="EUR"), live))
