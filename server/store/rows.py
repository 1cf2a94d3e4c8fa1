"""What the store gives back: pages of stored rows, gaps, and its own state; used by services and monitoring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from server.model import Candle, FearGreedReading, GasPrice, Price, Provenance

T_co = TypeVar("T_co", covariant=True)

DOLLARS = ("USD", "USDT", "USDC", "FDUSD", "DAI", "BUSD")
"""The dollar and what stands for it, best first: a candle series wished in USD may be of a market in USDT."""


@dataclass(frozen=True, slots=True)
class Row(Generic[T_co]):
    """One stored observation. `time` is the source's own time, else when it was received; rows are ordered by it."""

    time: datetime
    value: T_co
    provenance: Provenance


PriceRow = Row[Price]
GasRow = Row[GasPrice]
FearGreedRow = Row[FearGreedReading]


@dataclass(frozen=True, slots=True)
class StoredCandle:
    """One candle of a merged series: the market's quote and the source that this candle is from."""

    candle: Candle
    quote: str
    source: str
    receive_time: datetime
    closed: bool
    """False when the source's answer was received before the candle ended: a later one replaces it."""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """Rows, and where the next page begins: the cursor of the last row, None when there is no more."""

    rows: tuple[T_co, ...]
    after: tuple[object, ...] | None = None


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """How the store does. `queued` rows wait; `refused` found the queue full; `failed` were not storable."""

    reachable: bool
    queued: int
    written: int
    refused: int
    failed: int
    last_write_time: datetime | None
    last_error: str
    """In one line, without values; empty when the last write went well."""
