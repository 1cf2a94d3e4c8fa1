"""When a candle is final: what is stored as closed is never replaced; used by `encode`."""

from __future__ import annotations

from datetime import datetime, timedelta

from server.model import INTERVALS, Candle, Candles, Freshness, Provenance

_SETTLED = 3
"""So many intervals after its end the last candle of a series is final."""


def candle_end(open_time: datetime, interval: str) -> datetime:
    """Return when a candle ends; months follow the calendar."""
    if interval == "1M":
        return (open_time.replace(day=1) + timedelta(days=32)).replace(day=open_time.day)
    found = INTERVALS.get(interval)
    return open_time + (found.span if found else timedelta(days=1))


def is_final(last: Candle, series: Candles, origin: Provenance) -> bool:
    """Say whether the last candle of a series is final: a source that lags still tells the middle of it after its end.

    It is when the source's own time says so, or so long after its end that no believed answer is that far behind.
    """
    end = candle_end(last.open_time, series.interval)
    if series.source_time is not None:
        return series.source_time >= end
    is_long_over = origin.receive_time >= end + _SETTLED * (end - last.open_time)
    return is_long_over and origin.freshness is not Freshness.STALE
