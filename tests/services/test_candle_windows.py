"""Which candles a page can hold, and where the next one begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from server.model import INTERVALS, Asset, Candle, CandlesQuery
from server.services.candles import Span, _after, _commonest, _covers, _query, _window
from server.store.rows import StoredCandle

NOW = datetime(2026, 1, 10, 12, 30, tzinfo=UTC)
BITCOIN = Asset("bitcoin", "BTC", "Bitcoin")
HOUR = INTERVALS["1h"]


def span(start: datetime | None = None, end: datetime | None = None, limit: int = 10) -> Span:
    """Return what a page asks for."""
    return Span(BITCOIN, HOUR, "USD", start, end, limit)


def stored(start: datetime, count: int, *, closed: bool = True, quote: str = "USD") -> list[StoredCandle]:
    """Return stored candles, one an hour."""
    one = Decimal(1)
    return [
        StoredCandle(Candle(start + timedelta(hours=number), one, one, one, one), quote, "a", NOW, closed)
        for number in range(count)
    ]


def test_without_a_start_the_window_lies_before_now_or_the_end() -> None:
    """It is as long as the page; it does not reach beyond the first day of all."""
    assert _window(span(), NOW) == (NOW - timedelta(hours=10), NOW)
    end = NOW - timedelta(days=3)
    assert _window(span(end=end), NOW) == (end - timedelta(hours=10), end)
    early = datetime(1970, 1, 1, 5, tzinfo=UTC)
    assert _window(span(end=early), NOW)[0] == datetime(1970, 1, 1, tzinfo=UTC)


def test_with_a_start_the_window_goes_on_from_there_and_ends_now_at_the_latest() -> None:
    """A range into the future ends now."""
    start = NOW - timedelta(hours=4)
    assert _window(span(start, NOW + timedelta(days=1)), NOW) == (start, NOW)
    assert _window(span(start, start + timedelta(hours=2)), NOW)[1] == start + timedelta(hours=2)


def test_a_range_that_reaches_to_now_is_asked_without_an_end() -> None:
    """So it stays the same query from one moment to the next; what lies before is asked with its end."""
    start = NOW - timedelta(hours=4)
    assert _query(span(start), NOW, NOW).end_time is None
    assert _query(span(end=NOW + timedelta(days=1)), NOW, NOW).end_time is None
    end = NOW - timedelta(hours=1)
    assert _query(span(end=end), end, NOW).end_time == end
    assert _query(span(), NOW, NOW) == CandlesQuery(BITCOIN, HOUR, "USD", None, None, 10)


def test_a_page_that_a_source_cut_short_is_continued_behind_its_last_candle() -> None:
    """No candle is lost between a short page and the next; the last page has no next."""
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    page = [start, start + timedelta(hours=1)]
    assert _after(span(start, end), page, start + timedelta(hours=10), NOW) == page[-1] + timedelta(seconds=1)
    assert _after(span(start, end), [end - timedelta(hours=1)], end, NOW) is None
    assert _after(span(start, end), [], start + timedelta(hours=10), NOW) == start + timedelta(hours=10)
    assert _after(span(), [], NOW, NOW) is None
    assert _after(span(), page, NOW, NOW) == start


@pytest.mark.parametrize(
    ("rows", "covers"),
    [
        (stored(NOW.replace(minute=0) - timedelta(hours=5), 5), True),
        (stored(NOW.replace(minute=0) - timedelta(hours=5), 4), False),
        (stored(NOW.replace(minute=0) - timedelta(hours=5), 5, closed=False), False),
        (stored(NOW.replace(minute=0) - timedelta(hours=5), 3) + stored(NOW, 2, quote="USDT"), False),
        ([], False),
    ],
)
def test_only_a_whole_closed_series_of_one_market_needs_no_source(rows: list[StoredCandle], covers: bool) -> None:
    """A hole, an open candle or two markets: then a source is asked."""
    start = NOW.replace(minute=0) - timedelta(hours=5)
    assert _covers(HOUR, rows, start, NOW.replace(minute=0), NOW) is covers


def test_the_candle_of_this_hour_is_never_covered() -> None:
    """It is not over, whatever is stored."""
    start = NOW.replace(minute=0) - timedelta(hours=1)
    assert not _covers(HOUR, stored(start, 2), start, NOW, NOW)


def test_of_several_markets_the_commonest_is_taken() -> None:
    """A tie is broken by name, so that it is the same each time."""
    assert _commonest(["USD", "USDT", "USDT"]) == "USDT"
    assert _commonest(["USDT", "USD"]) == "USD"
    assert _commonest([]) is None
