"""What a subscriber is handed: frozen frames, each with the cursor behind it; made by subscriptions, sent by rpc."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from server.model import Answer, Asset, Value


class PriceKey(NamedTuple):
    """What one slot of the prices topic holds: an asset's price in a quote."""

    asset: Asset
    quote: str


class KeyStatus(StrEnum):
    """What became of a key that was asked for."""

    ACCEPTED = "accepted"
    UNSUPPORTED = "unsupported"


class GapCause(StrEnum):
    """Why values are missing."""

    RESTART = "restart"
    UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True)
class Gap:
    """A span without values: from the last one before it, to the first behind it or open while it lasts."""

    start_time: datetime
    cause: GapCause
    end_time: datetime | None = None


class InterruptionReason(StrEnum):
    """Why a stream is interrupted; SHUTDOWN and SLOW_CONSUMER end it."""

    SHUTDOWN = "shutdown"
    SLOW_CONSUMER = "slow_consumer"
    SOURCES_UNREACHABLE = "sources_unreachable"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The first frame of every stream: where it begins and what became of each key, in the order of the request."""

    cursor: str
    keys: tuple[tuple[PriceKey, KeyStatus], ...]
    heartbeat_s: float
    conflation_s: float
    resumed: bool


@dataclass(frozen=True, slots=True)
class Update:
    """One value of one key. `sequence` strictly rises by key; `conflated_count` numbers before it were skipped."""

    key: PriceKey
    answer: Answer[Value]
    sequence: int
    conflated_count: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Updates in the order in which they came: the state at the beginning, what was missed, or changes."""

    cursor: str
    updates: tuple[Update, ...]
    snapshot: bool = False
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The stream lives, and everything up to its cursor was sent."""

    cursor: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Interruption:
    """The stream is interrupted for some keys, for all when none is named."""

    cursor: str
    reason: InterruptionReason
    keys: tuple[PriceKey, ...] = ()
    reconnect_after_s: float | None = None
    gap: Gap | None = None


Frame = Accepted | Batch | Heartbeat | Interruption
