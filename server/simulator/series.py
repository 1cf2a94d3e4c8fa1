"""Open times of candles on their grid; the wire formats that serve candles use them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

FIRST_S = 1_500_000_000
"""Before this, 14 July 2017, no market of the world traded: there are no candles."""
MONTH_S = 2_592_000
"""Stands for a calendar month wherever a span is looked up."""


def open_times(
    span: float, now: float, start: float | None, end: float | None, limit: int, *, offset: float = 0.0
) -> list[float]:
    """Return at most `limit` open times since the first market's start up to now, oldest first; both ends inclusive.

    With a start the oldest ones from it, without one the newest before the end. `offset` is where weeks begin.
    """
    last = now if end is None else min(end, now)
    start = None if start is None else max(start, FIRST_S)
    if span == MONTH_S:
        return _months(last, start, limit)
    shift = offset if span == 604_800 else 0.0
    newest = math.floor((last - shift) / span) * span + shift
    first = newest - (limit - 1) * span
    if start is not None:
        first = math.ceil((start - shift) / span) * span + shift
    count = min(limit, round((newest - first) / span) + 1)
    opens = (first + index * span for index in range(max(0, count)))
    return [open_s for open_s in opens if open_s >= FIRST_S]


def month_span(open_s: float) -> float:
    """Return how long the month lasts that opens at a time."""
    moment = datetime.fromtimestamp(open_s, UTC)
    return _month(moment.year * 12 + moment.month) - open_s


def _month(number: int) -> float:
    """Return when a month begins; `number` counts months from year 0, January of it being 0."""
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC).timestamp()


def _months(last: float, start: float | None, limit: int) -> list[float]:
    moment = datetime.fromtimestamp(last, UTC)
    newest = moment.year * 12 + moment.month - 1
    numbers = range(newest - 1000, newest + 1) if start is not None else range(newest - limit + 1, newest + 1)
    opens = [_month(number) for number in numbers if _month(number) >= FIRST_S]
    return opens if start is None else [open_s for open_s in opens if open_s >= start][:limit]
