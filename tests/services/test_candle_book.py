"""Pages of candles, over an engine that answers what a test lays down and a store that holds nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from server.clock import VirtualClock
from server.errors import SourcesFailed, Unsupported
from server.model import INTERVALS, Answer, Asset, Candle, Candles, CandlesQuery, Freshness, Provenance
from server.services.candles import CandleBook, Series, Span

BITCOIN = Asset("bitcoin", "BTC", "Bitcoin")
HOUR = INTERVALS["1h"]
LONG_AGO = datetime(2020, 4, 1, tzinfo=UTC)


class Source:
    """Gives the newest of its candles before a query's end, at most `most` at once."""

    def __init__(self, times: list[datetime], most: int = 1000) -> None:
        self.times = times
        self.most = most
        self.failure: Exception | None = None
        self.asked: list[CandlesQuery] = []

    def covers(self, query: CandlesQuery) -> bool:
        """Say whether so many candles can be had."""
        return query.limit <= self.most

    async def ask(self, query: CandlesQuery, *, deadline_s: float) -> Answer[Candles]:
        """Answer like the engine."""
        self.asked.append(query)
        assert deadline_s > 0
        if self.failure is not None:
            raise self.failure
        one = Decimal(1)
        before = [time for time in self.times if query.end_time is None or time < query.end_time]
        rows = tuple(Candle(time, one, one, one, one) for time in before[-query.limit :])
        if not rows or not self.covers(query):
            raise Unsupported("candles")
        return Answer(
            Candles("bitcoin", "USDT", "1h", rows), Provenance("binance", LONG_AGO, Freshness.STALE, simulated=True)
        )


class Nothing:
    """A store without a candle."""

    async def read(self, _read: object) -> None:
        """Return nothing."""


def page(source: Source, **given: Any) -> Series:
    """Return a page of candles of bitcoin, one an hour."""
    span = replace(Span(BITCOIN, HOUR, "USD", None, None, 10), **given)
    book = CandleBook(cast("Any", source), cast("Any", Nothing()), VirtualClock())
    return asyncio.run(book.page(span, 1.0))


def hours(count: int) -> list[datetime]:
    """Return open times, long ago."""
    return [LONG_AGO + timedelta(hours=number) for number in range(count)]


def test_the_newest_candles_are_answered_however_old_they_are() -> None:
    """What the source gave is not cut to where its newest candles were expected; it says that it is stale."""
    series = page(Source(hours(30)), limit=2)
    assert [candle.open_time for candle in series.candles] == hours(30)[-2:]
    assert (series.quote, series.provenance.freshness) == ("USDT", Freshness.STALE)


def test_going_back_ends_where_history_begins() -> None:
    """Each candle once, newest page first; behind the oldest there is an empty page, no failure."""
    source = Source(hours(25))
    end: datetime | None = None
    found: list[datetime] = []
    for _ in range(4):
        series = page(source, end=end)
        found = [candle.open_time for candle in series.candles] + found
        end = series.after
        if end is None:
            break
    assert found == hours(25)
    assert end is None
    assert not series.candles


def test_a_larger_page_than_any_source_gives_is_a_shorter_one() -> None:
    """It goes on from where it ends."""
    series = page(Source(hours(500), most=300), limit=1000)
    assert [candle.open_time for candle in series.candles] == hours(500)[-250:]
    assert series.after == hours(500)[-250]


def test_what_no_source_serves_is_refused() -> None:
    """A market that there is not is no empty one; and sources that fail are no empty history."""
    with pytest.raises(Unsupported):
        page(Source([]))
    with pytest.raises(Unsupported):
        page(Source(hours(3), most=0), end=LONG_AGO)
    broken = Source(hours(3))
    broken.failure = SourcesFailed("candles")
    with pytest.raises(SourcesFailed):
        page(broken, end=LONG_AGO)
