"""Candles of one asset, stored and fetched ones as one series; quotes are never mixed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from server.clock import Clock
from server.errors import NerkhError, Unsupported
from server.fallback import Engine
from server.model import INTERVALS, Asset, Candle, Candles, CandlesQuery, Freshness, Interval, Provenance
from server.services.answers import OWN, ask
from server.services.stored import Beside
from server.store.rows import StoredCandle

FIRST = datetime(2009, 1, 1, tzinfo=UTC)
"""Before it there was nothing to trade; sources are not asked about it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_ON_GRID = timedelta(days=1)
"""Up to here the grid of every source is that of the epoch; weeks and months begin where the source says."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which candles: with `start` from there on, oldest first; without it back in time from `end`, or from now."""

    asset: Asset
    interval: Interval
    quote: str
    start: datetime | None
    end: datetime | None
    limit: int


@dataclass(frozen=True, slots=True)
class Series:
    """A page of candles, oldest first. `quote` is the market's; `after` continues, None at the end."""

    quote: str
    candles: tuple[Candle, ...]
    provenance: Provenance
    after: datetime | None


class CandleBook:
    """Answers questions about candles."""

    def __init__(self, engine: Engine, beside: Beside, clock: Clock) -> None:
        self._engine = engine
        self._beside = beside
        self._clock = clock

    async def page(self, span: Span, deadline_s: float) -> Series:
        """Return one page; raises what `Engine.ask` does when nothing is stored either."""
        now = self._clock.now()
        if span.start is not None and span.start < FIRST:
            span = dataclasses.replace(span, start=FIRST)
        start, end = _window(span, now)
        if start >= end:
            return Series(span.quote, (), Provenance(OWN, now, Freshness.LIVE), None)
        stored = await self._stored(span, start, end)
        if _covers(span.interval, stored, start, end, now):
            return self._series(span, None, stored, (start, end, now))
        query = self._servable(_query(span, end, now))
        if query.limit < span.limit:
            span = dataclasses.replace(span, limit=query.limit)
            start, end = _window(span, now)
        try:
            answer = await ask(self._engine, Candles, query, deadline_s)
        except NerkhError as error:
            if stored:
                pass
            elif not isinstance(error, Unsupported):
                raise
            elif not self._is_before_all(query):
                raise Unsupported(error.what, self._intervals(query)) from None
            return self._series(span, None, stored, (start, end, now))
        return self._series(span, (answer.value, answer.provenance), stored, (start, end, now))

    def _servable(self, query: CandlesQuery) -> CandlesQuery:
        """Return the query for as many candles as any source gives at once: a short page, rather than none."""
        fewer = query
        while fewer.limit > 1 and not self._engine.covers(fewer):
            fewer = dataclasses.replace(fewer, limit=fewer.limit // 2)
        return fewer if self._engine.covers(fewer) else query

    def _is_before_all(self, query: CandlesQuery) -> bool:
        """Say whether sources serve such candles, so that their having none in a range only means that it is empty."""
        return (query.start_time is not None or query.end_time is not None) and self._engine.covers(query)

    def _intervals(self, query: CandlesQuery) -> list[str]:
        """Return the other intervals in which such candles can be had."""
        others = [each for each in INTERVALS.values() if each != query.interval]
        return [each.token for each in others if self._engine.covers(_one(dataclasses.replace(query, interval=each)))]

    async def _stored(self, span: Span, start: datetime, end: datetime) -> Sequence[StoredCandle]:
        page = await self._beside.read(
            lambda store: store.candles(
                span.asset.id, span.quote, span.interval.token, start=start, end=end, after=None, limit=span.limit
            )
        )
        return page.rows if page is not None else ()

    def _series(
        self,
        span: Span,
        fetched: tuple[Candles, Provenance] | None,
        stored: Sequence[StoredCandle],
        window: tuple[datetime, datetime, datetime],
    ) -> Series:
        """Return the page of what is there: fetched candles over stored ones of the same market."""
        start, end, now = window
        provenance: Provenance | None = None
        if fetched is not None:
            quote, provenance = fetched[0].quote, fetched[1]
        else:
            quote = _commonest([row.quote for row in stored]) or span.quote
            provenance = None if stored else Provenance(OWN, now, Freshness.LIVE)
        rows = [row for row in stored if row.quote == quote]
        by_time = {row.candle.open_time: row.candle for row in rows}
        new = fetched[0].candles if fetched is not None else ()
        by_time.update((candle.open_time, candle) for candle in new)
        # Going back, what the source gave counts however old it is: its newest may lie before the window.
        times = sorted(time for time in by_time if time < end and (span.start is None or time >= start))
        page = times[: span.limit] if span.start is not None else times[-span.limit :]
        told = provenance or _read_back(rows, now)
        if provenance is not None and any(time not in {candle.open_time for candle in new} for time in page):
            names = {*provenance.source.split(","), *(row.source for row in rows if row.candle.open_time in page)}
            told = dataclasses.replace(provenance, source=",".join(sorted(names)))
        candles = tuple(by_time[time] for time in page)
        return Series(quote, candles, told, _after(span, page, end, now))


def _window(span: Span, now: datetime) -> tuple[datetime, datetime]:
    """Return the range of open times that one page can hold."""
    end = min(span.end, now) if span.end is not None else now
    room = span.interval.span * span.limit
    if span.start is not None:
        return span.start, min(end, span.start + room)
    return max(_EPOCH, end - room) if end - _EPOCH > room else _EPOCH, end


def _one(query: CandlesQuery) -> CandlesQuery:
    return dataclasses.replace(query, start_time=None, end_time=None, limit=1)


def _query(span: Span, end: datetime, now: datetime) -> CandlesQuery:
    """Return what a source is asked for; a range that reaches to now has no end, so that equal ones stay equal."""
    bounded = (span.start is not None or span.end is not None) and end < now
    return CandlesQuery(span.asset, span.interval, span.quote, span.start, end if bounded else None, span.limit)


def _after(span: Span, page: Sequence[datetime], end: datetime, now: datetime) -> datetime | None:
    """Return where the next page begins (going on) or ends (going back), None when there is none."""
    if span.start is None:
        return page[0] if page else None
    last = min(span.end, now) if span.end is not None else now
    # A source may give fewer than was asked for: go on behind its last candle, not behind the window.
    behind = page[-1] + timedelta(seconds=1) if page else end
    following = page[-1] + span.interval.span if page else end
    return behind if following < last else None


def _covers(interval: Interval, stored: Sequence[StoredCandle], start: datetime, end: datetime, now: datetime) -> bool:
    """Say whether the store holds every candle of a window, closed, of one market, so that none need be fetched."""
    if not stored or interval.span > _LONGEST_ON_GRID or len({row.quote for row in stored}) != 1:
        return False
    first = -((_EPOCH - start) // interval.span)
    behind = -((_EPOCH - end) // interval.span)
    whole = all(row.closed for row in stored) and _EPOCH + behind * interval.span <= now
    return whole and len(stored) == behind - first


def _commonest(quotes: Sequence[str]) -> str | None:
    return max(sorted(set(quotes)), key=quotes.count, default=None)


def _read_back(rows: Sequence[StoredCandle], now: datetime) -> Provenance:
    sources = sorted({row.source for row in rows})
    return Provenance(
        source=",".join(sources) or "store",
        receive_time=min((row.receive_time for row in rows), default=now),
        freshness=Freshness.STORED,
        source_time=rows[-1].candle.open_time if rows else None,
        agreed=max(1, len(sources)),
        asked=max(1, len(sources)),
        simulated=any(row.simulated for row in rows),
    )
