"""How long each kind of data lives, and how long a call for it may take; read by the cache and the engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf

from server.model import BlockQuery, CandlesQuery, ChainQuery, GasQuery, Kind, Query, WhalesQuery

_MINUTE = 60.0
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SETTLED = timedelta(minutes=2)
"""So long after its end a source may still correct a candle, or not know the last of it."""
_LONGEST_ON_GRID = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """Spans in seconds: served without asking, served while one refresh runs, longest age, a call's deadline."""

    ttl_s: float
    grace_s: float
    longest_s: float
    deadline_s: float


FIGURES: dict[Kind, Figures] = {
    Kind.PRICE: Figures(5, 25, 60, 3),
    Kind.PRICES: Figures(30, 60, 5 * _MINUTE, 8),
    Kind.CANDLES: Figures(10, 50, inf, 8),
    Kind.ASSETS: Figures(_DAY, 7 * _DAY, 30 * _DAY, 8),
    Kind.OVERVIEW: Figures(5 * _MINUTE, 15 * _MINUTE, _HOUR, 5),
    Kind.TRENDING: Figures(5 * _MINUTE, 15 * _MINUTE, _HOUR, 8),
    Kind.NEWS: Figures(2 * _MINUTE, 10 * _MINUTE, inf, 8),
    Kind.FEAR_GREED: Figures(10 * _MINUTE, _HOUR, 26 * _HOUR, 5),
    Kind.GAS: Figures(5, 15, _MINUTE, 5),
    Kind.BLOCK: Figures(5, 15, _MINUTE, 5),
    Kind.CHAIN: Figures(5, 15, _MINUTE, 5),
    Kind.BALANCE: Figures(15, _MINUTE, 5 * _MINUTE, 5),
    Kind.TRANSACTIONS: Figures(15, _MINUTE, 5 * _MINUTE, 8),
    Kind.TRANSACTION: Figures(15, _MINUTE, 5 * _MINUTE, 5),
    Kind.WHALES: Figures(30, 2 * _MINUTE, 15 * _MINUTE, 8),
}

_FOR_GOOD = Figures(inf, 0, inf, 8)
SPECIAL = frozenset({Kind.CANDLES, Kind.BLOCK, Kind.GAS, Kind.CHAIN, Kind.WHALES})


def _is_over(end: datetime, span: timedelta, now: datetime) -> bool:
    """Say whether every candle that opens before `end` has closed by now."""
    if span > _LONGEST_ON_GRID:
        return end + span + timedelta(days=1) <= now  # a month has up to 31 days, and opens where the source says
    return end - (end - _EPOCH) % -span <= now


def _two_intervals_s(query: CandlesQuery) -> float:
    return 2 * query.interval.span.total_seconds()


def moving_s(query: Query, figures: Figures) -> float:
    """Return how old a query's newest data may be while its source moves on, in seconds; of closed candles too."""
    return _two_intervals_s(query) if isinstance(query, CandlesQuery) else figures.longest_s


def figures_of(query: Query, now: datetime) -> Figures:
    """Return the figures of one query: those of its kind, but for closed candles, old blocks and slow chains.

    What is closed is kept for good. Candles are stale two intervals after the last one closed; what a chain says,
    ten of its blocks later at the earliest.
    """
    figures = FIGURES[query.kind]
    if isinstance(query, CandlesQuery):
        if query.end_time is not None and _is_over(query.end_time, query.interval.span, now - _SETTLED):
            return _FOR_GOOD
        return Figures(figures.ttl_s, figures.grace_s, _two_intervals_s(query), figures.deadline_s)
    if isinstance(query, BlockQuery) and query.block != "latest":
        # A hash names one block for good; the block at a height may yet be another while it is young.
        ttl_s = _MINUTE if query.block.isdecimal() else inf
        return Figures(ttl_s, 0, inf, figures.deadline_s)
    if isinstance(query, GasQuery | BlockQuery | ChainQuery | WhalesQuery):
        longest = max(figures.longest_s, 10 * query.chain.block_time_s)
        return Figures(figures.ttl_s, figures.grace_s, longest, figures.deadline_s)
    return figures
