"""What was stored, read back by pages with the holes named. These requests alone wait for the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from statistics import fmean
from typing import Generic, TypeVar

from server.clock import Clock
from server.model import Article
from server.services.answers import OWN
from server.store import Store
from server.store.rows import FearGreedRow, GasRow, Page, PriceRow

OFTEN = timedelta(minutes=10)
"""Prices and fees further apart than this have a hole between them."""

DAILY = timedelta(hours=26)
"""The index is read once a day; so long apart there is a hole between two readings."""

HOUR = timedelta(hours=1)
_ARTICLES = 1000
Cursor = tuple[object, ...]
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Range:
    """A half-open range of time and a source; None and empty mean any."""

    start: datetime | None = None
    end: datetime | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Hole:
    """A span without a value; `end` is None while it lasts."""

    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Stored(Generic[R]):
    """A page of rows, newest first, the holes between them, and where the next page begins."""

    rows: Sequence[R]
    gaps: Sequence[Hole]
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class HourlyMood:
    """What was written about an asset in one hour: the mean score of so many articles."""

    time: datetime
    score: float
    articles: int


class History:
    """Reads the store; every method raises `StoreUnavailable` while the database is away.

    `simulated` says that all of it is: the store keeps what comes from simulated sources apart.
    """

    def __init__(self, store: Store, clock: Clock, *, simulated: bool = False) -> None:
        self._store = store
        self._clock = clock
        self.simulated = simulated

    async def prices(self, asset: str, quote: str, span: Range, after: Cursor | None, limit: int) -> Stored[PriceRow]:
        """Return stored prices of an asset in a quote."""
        page = await self._store.price_observations(
            asset, quote, source=span.source or None, start=span.start, end=span.end, after=after, limit=limit
        )
        return self._with_gaps(page, [row.time for row in page.rows], span, after, OFTEN)

    async def gas(self, chain: str, span: Range, after: Cursor | None, limit: int) -> Stored[GasRow]:
        """Return stored gas prices of a chain."""
        page = await self._store.gas_observations(
            chain, source=span.source or None, start=span.start, end=span.end, after=after, limit=limit
        )
        return self._with_gaps(page, [row.time for row in page.rows], span, after, OFTEN)

    async def index(self, span: Range, after: Cursor | None, limit: int) -> Stored[FearGreedRow]:
        """Return stored readings of the fear and greed index."""
        page = await self._store.fear_greed_observations(
            source=span.source or None, start=span.start, end=span.end, after=after, limit=limit
        )
        return self._with_gaps(page, [row.time for row in page.rows], span, after, DAILY)

    async def mood(self, asset: str, span: Range, after: Cursor | None, limit: int) -> Stored[HourlyMood]:
        """Return, for each hour in which something was written about an asset, how it was meant.

        A source is a feed, or the service itself, which judged all of them. The cursor is the last hour; hours without
        articles are no holes, nothing was written in them.
        """
        feed = None if span.source == OWN else span.source or None
        end = span.end if after is None or not isinstance(after[0], datetime) else after[0]
        page = await self._store.articles(
            asset=asset, source=feed, start=span.start, end=end, after=None, limit=_ARTICLES
        )
        hours = [_hour(time, list(each)) for time, each in groupby(page.rows, key=_floor)]
        if page.after is not None and len(hours) > 1:
            hours.pop()  # it may go on behind the page
        rows = hours[:limit]
        more = len(hours) > limit or page.after is not None
        return Stored(rows, (), (rows[-1].time,) if more and rows else None)

    def _with_gaps(
        self, page: Page[R], times: list[datetime], span: Range, after: Cursor | None, longest: timedelta
    ) -> Stored[R]:
        """Return the page with its holes, newest first: between rows, and between what was asked and the first row."""
        now = self._clock.now()
        lasts = after is None and (span.end is None or span.end > now)
        head = now if lasts else span.end or now
        if after is not None and isinstance(after[0], datetime):
            head = after[0]
        tail = [span.start] if span.start is not None and page.after is None else []
        edges = [head, *times, *tail]
        holes = [Hole(older, newer) for newer, older in pairwise(edges) if newer - older > longest]
        if lasts and holes and holes[0].end == head:
            holes[0] = Hole(holes[0].start, None)
        return Stored(page.rows, holes, page.after)


def _floor(article: Article) -> datetime:
    return article.published_time.replace(minute=0, second=0, microsecond=0)


def _hour(time: datetime, articles: list[Article]) -> HourlyMood:
    scores = [article.sentiment for article in articles if article.sentiment is not None]
    return HourlyMood(time, fmean(scores) if scores else 0.0, len(articles))
