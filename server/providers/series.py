"""Candles as a series: the asked part of what a source gave, and longer candles made of shorter ones.

Used by the market providers; an exchange without an interval serves it from a shorter one, so that none hangs on a
single source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from server.errors import BadAnswer
from server.model import INTERVALS, Candle, Candles, CandlesQuery, Interval

_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


def candles_of(query: CandlesQuery, rows: Iterable[Candle], quote: str) -> Candles:
    """Make the asked series of rows in any order: in the range, each open time once, oldest first, at most `limit`.

    With a start the first `limit` are kept, without one the last. Raises BadAnswer: `unknown_asset` when none is in a
    range with an end, `empty` when there is none at all.
    """
    kept: dict[datetime, Candle] = {}
    for row in rows:
        late = query.end_time is not None and row.open_time >= query.end_time
        early = query.start_time is not None and row.open_time < query.start_time
        if not late and not early:
            kept[row.open_time] = row
    series = [kept[time] for time in sorted(kept)]
    series = series[: query.limit] if query.start_time is not None else series[-query.limit :]
    if not series and query.end_time is not None:
        # Nothing is wrong with the source: its history does not reach there, another's may.
        raise BadAnswer("unknown_asset", "no candle in the asked range")
    if not series and query.start_time is None:
        raise BadAnswer("empty", "no candle in the answer")
    return Candles(query.asset.id, quote, query.interval.token, tuple(series))


def opening(time: datetime, interval: Interval) -> datetime:
    """Return when the candle that holds a time opens: whole spans since 1970, weeks from Monday. Not for months."""
    return time - (time - _MONDAY) % interval.span


def base_query(query: CandlesQuery, bases: Mapping[str, str]) -> CandlesQuery:
    """Return the query for the shorter candles that make the asked ones, the same where none are needed.

    `bases` maps the tokens of intervals that a source lacks to those that it has and that divide them.
    """
    base = INTERVALS.get(bases.get(query.interval.token, ""))
    if base is None:
        return query
    factor = query.interval.span // base.span
    start, end = query.start_time, query.end_time
    if start is not None:
        start = opening(start, query.interval)
    if end is not None and end != opening(end, query.interval):
        # The last of the asked candles opens before the end, and is to be whole.
        end = opening(end, query.interval) + query.interval.span
    # One more than asked for: without a start the first is seldom whole.
    return replace(query, interval=base, start_time=start, end_time=end, limit=(query.limit + 1) * factor)


def merged(query: CandlesQuery, rows: Iterable[Candle]) -> list[Candle]:
    """Make candles of the asked interval of shorter ones. The first is left out unless its beginning is there."""
    groups: dict[datetime, dict[datetime, Candle]] = {}
    for row in rows:
        groups.setdefault(opening(row.open_time, query.interval), {})[row.open_time] = row
    times = sorted(groups)
    if times and times[0] not in groups[times[0]]:
        times = times[1:]
    return [_merged(time, [groups[time][part] for part in sorted(groups[time])]) for time in times]


def _merged(time: datetime, parts: list[Candle]) -> Candle:
    return Candle(
        open_time=time,
        open=parts[0].open,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=_sum([part.volume for part in parts]),
        quote_volume=_sum([part.quote_volume for part in parts]),
        trades=int(trades) if (trades := _sum([part.trades for part in parts])) is not None else None,
    )


def _sum(values: list[Decimal | None] | list[int | None]) -> Decimal | None:
    total = Decimal(0)
    for value in values:
        if value is None:
            return None
        total += value
    return total


def reach(query: CandlesQuery) -> datetime | None:
    """Return how far back an answer has to go, None where the newest candles are asked for."""
    if query.start_time is not None or query.end_time is None:
        return query.start_time
    return query.end_time - query.interval.span * query.limit


def unix_s(time: datetime) -> int:
    """Return whole seconds since 1970."""
    return int(time.timestamp())


def unix_ms(time: datetime) -> int:
    """Return milliseconds since 1970."""
    return int(time.timestamp()) * 1000 + time.microsecond // 1000
