"""Holes in what was stored, over a store that gives rows at times that a test lays down."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from server.clock import VirtualClock
from server.model import Freshness, Price, Provenance
from server.services.history import OFTEN, History, Hole, Range
from server.store.rows import Page, PriceRow, Row

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PRICE = Price("bitcoin", "USD", Decimal(1))


class Rows:
    """Gives prices, newest first, by keyset pages."""

    def __init__(self, minutes: list[int]) -> None:
        self.times = sorted((NOON + timedelta(minutes=number) for number in minutes), reverse=True)

    async def price_observations(
        self, _asset: str, _quote: str, *, start: Any, end: Any, after: Any, limit: int, source: None
    ) -> Page[PriceRow]:
        """Return a page."""
        del source
        rows = [
            time
            for time in self.times
            if (start is None or time >= start) and (end is None or time < end) and (after is None or time < after[0])
        ]
        page = tuple(Row(time, PRICE, Provenance("a", time, Freshness.LIVE)) for time in rows[:limit])
        return Page(page, (page[-1].time, "a") if len(rows) > limit else None)


def read(minutes: list[int], span: Range, now: datetime, limit: int) -> list[list[Hole]]:
    """Return the holes of each page of a listing."""
    clock = VirtualClock()
    clock.advance((now - clock.now()).total_seconds())
    history = History(cast("Any", Rows(minutes)), clock)

    async def pages() -> list[list[Hole]]:
        found = [await history.prices("bitcoin", "USD", span, None, limit)]
        while found[-1].after is not None:
            found.append(await history.prices("bitcoin", "USD", span, found[-1].after, limit))
        return [list(page.gaps) for page in found]

    return asyncio.run(pages())


def minute(number: int) -> datetime:
    """Return a time by its minutes from noon."""
    return NOON + timedelta(minutes=number)


@given(
    minutes=st.lists(st.integers(0, 200), unique=True, max_size=30),
    start=st.none() | st.integers(0, 100),
    end=st.none() | st.integers(101, 300),
    limit=st.integers(1, 10),
)
def test_every_hole_is_said_once_whatever_the_pages(
    minutes: list[int], start: int | None, end: int | None, limit: int
) -> None:
    """Between values, and from and to the ends of the range; none is lost or said twice where a page ends."""
    span = Range(None if start is None else minute(start), None if end is None else minute(end))
    pages = read(minutes, span, minute(250), limit)
    inside = [n for n in minutes if (start is None or n >= start) and (end is None or n < end)]
    edges = [*([] if start is None else [start]), *sorted(inside), 250 if end is None else min(end, 250)]
    expected = [(minute(a), minute(b)) for a, b in pairwise(edges) if minute(b) - minute(a) > OFTEN]
    found = [(hole.start, hole.end) for page in pages for hole in page]
    lasts = end is None or end > 250
    assert [(a, None if lasts and b == minute(250) else b) for a, b in expected] == found[::-1]


def test_a_hole_that_lasts_has_no_end() -> None:
    """It ends when a value comes; one in a range that is over ends with the range."""
    assert read([0], Range(), minute(60), 5) == [[Hole(minute(0), None)]]
    assert read([0], Range(end=minute(90)), minute(60), 5) == [[Hole(minute(0), None)]]
    assert read([0], Range(end=minute(30)), minute(60), 5) == [[Hole(minute(0), minute(30))]]
    assert read([0], Range(), minute(5), 5) == [[]]


def test_nothing_at_all_is_a_hole_only_in_a_range_with_a_start() -> None:
    """Before the first value there was nothing to miss, unless somebody asks from when on."""
    assert read([], Range(), minute(60), 5) == [[]]
    assert read([], Range(start=minute(0)), minute(60), 5) == [[Hole(minute(0), None)]]
