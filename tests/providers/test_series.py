"""Candles as a series, and longer candles made of shorter ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.assets import registry
from server.errors import BadAnswer
from server.model import INTERVALS, Candle, CandlesQuery
from server.providers.series import base_query, candles_of, merged, opening, reach, unix_ms, unix_s

TEN = datetime(2025, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def query(token: str, limit: int = 10, start: datetime | None = None, end: datetime | None = None) -> CandlesQuery:
    """Return a query for bitcoin's candles."""
    return CandlesQuery(registry().asset("bitcoin"), INTERVALS[token], "USD", start, end, limit)


def hourly(*hours: int) -> list[Candle]:
    """Return candles of one hour, whose figures follow from their hour."""
    return [
        Candle(
            TEN.replace(hour=0) + hour * HOUR,
            Decimal(hour),
            Decimal(hour + 2),
            Decimal(hour - 1),
            Decimal(hour + 1),
            Decimal(1),
            Decimal(10),
            5,
        )
        for hour in hours
    ]


@pytest.mark.parametrize(
    ("time", "token", "opened"),
    [
        (datetime(2025, 11, 20, 13, 59, tzinfo=UTC), "4h", datetime(2025, 11, 20, 12, tzinfo=UTC)),
        (datetime(2025, 11, 20, 13, 59, tzinfo=UTC), "3m", datetime(2025, 11, 20, 13, 57, tzinfo=UTC)),
        (datetime(2025, 11, 20, 12, tzinfo=UTC), "12h", datetime(2025, 11, 20, 12, tzinfo=UTC)),
        (datetime(2025, 11, 20, 13, tzinfo=UTC), "1w", datetime(2025, 11, 17, tzinfo=UTC)),
    ],
)
def test_openings(time: datetime, token: str, opened: datetime) -> None:
    """Candles open at whole spans since 1970, weeks on Monday."""
    assert opening(time, INTERVALS[token]) == opened


def test_merged() -> None:
    """The first opens, the last closes, the highest and the lowest are kept, volumes and trades are summed."""
    rows = merged(query("4h"), hourly(11, 8, 9, 10, 8))
    assert rows == [
        Candle(
            TEN.replace(hour=8),
            Decimal(8),
            Decimal(13),
            Decimal(7),
            Decimal(12),
            Decimal(4),
            Decimal(40),
            20,
        )
    ]


def test_first_without_its_beginning() -> None:
    """A first candle whose beginning is not there is left out; a hole within, where nobody traded, is none."""
    assert [row.open_time.hour for row in merged(query("4h"), hourly(9, 10, 12, 15))] == [12]
    assert [row.open_time.hour for row in merged(query("2h"), hourly(8, 11))] == [8, 10]
    assert merged(query("4h"), []) == []


def test_volumes_that_are_not_there() -> None:
    """A volume that one part does not give is not given."""
    rows = merged(query("2h"), [Candle(TEN, Decimal(1), Decimal(1), Decimal(1), Decimal(1), Decimal(2)), *hourly(11)])
    assert (rows[0].volume, rows[0].quote_volume, rows[0].trades) == (Decimal(3), None, None)


def test_base_queries() -> None:
    """Shorter candles are asked for from the beginning of the first asked one to the end of the last."""
    bases = {"4h": "1h"}
    asked = base_query(query("4h", 3, TEN, TEN + 5 * HOUR), bases)
    assert asked.interval.token == "1h"
    assert (asked.start_time, asked.end_time, asked.limit) == (TEN.replace(hour=8), TEN.replace(hour=16), 16)
    assert base_query(query("4h", 3, end=TEN.replace(hour=8)), bases).end_time == TEN.replace(hour=8)
    own = query("1d")
    assert base_query(own, bases) is own


def test_reach() -> None:
    """An answer has to reach back to the start, or to the limit before the end."""
    assert reach(query("1h")) is None
    assert reach(query("1h", start=TEN, end=TEN + HOUR)) == TEN
    assert reach(query("1h", 4, end=TEN)) == TEN - 4 * HOUR


def test_units() -> None:
    """Times become whole seconds and milliseconds."""
    time = TEN + timedelta(milliseconds=1500)
    assert (unix_s(time), unix_ms(time)) == (1763632801, 1763632801500)


@given(
    hours=st.lists(st.integers(0, 200), max_size=60),
    start=st.none() | st.integers(0, 200),
    end=st.none() | st.integers(0, 200),
    limit=st.integers(1, 50),
)
def test_series_keep_their_promises(hours: list[int], start: int | None, end: int | None, limit: int) -> None:
    """Whatever the order, a series lies in its range, is oldest first, has each time once and no more than asked."""
    day = TEN.replace(hour=0)
    asked = query(
        "1h",
        limit,
        None if start is None else day + start * HOUR,
        None if end is None else day + end * HOUR,
    )
    inside = sorted({h for h in hours if (start is None or h >= start) and (end is None or h < end)})
    if not inside and (start is None or end is not None):
        with pytest.raises(BadAnswer) as caught:
            candles_of(asked, hourly(*hours), "USD")
        assert caught.value.reason == ("empty" if end is None else "unknown_asset")
        return
    times = [row.open_time for row in candles_of(asked, hourly(*hours), "USD").candles]
    expected = inside[:limit] if start is not None else inside[-limit:]
    assert times == [day + hour * HOUR for hour in expected]
