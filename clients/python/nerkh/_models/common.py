"""Values that several kinds of answers share; every other module of this package imports them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Freshness(StrEnum):
    """How fresh an answer is: fetched now, from the cache, past its longest age, or read back from the store."""

    UNSPECIFIED = ""
    LIVE = "live"
    CACHED = "cached"
    STALE = "stale"
    STORED = "stored"


class Outcome(StrEnum):
    """How an attempt at a source ended; `UNSPECIFIED` also for one that this version does not know."""

    UNSPECIFIED = ""
    OK = "ok"
    REFUSED = "refused"
    DNS = "dns"
    TLS = "tls"
    RESET = "reset"
    TIMEOUT = "timeout"
    OVERDUE = "overdue"
    SERVER_ERROR = "server_error"
    CLIENT_ERROR = "client_error"
    HTML = "html"
    SCHEMA = "schema"
    EMPTY = "empty"
    OUT_OF_BOUNDS = "out_of_bounds"
    WRONG_ASSET = "wrong_asset"
    ERROR_BODY = "error_body"
    STALE = "stale"
    TOO_LARGE = "too_large"
    THROTTLED = "throttled"
    REGION = "region"
    KEY_REJECTED = "key_rejected"
    UNKNOWN_ASSET = "unknown_asset"
    CANCELLED = "cancelled"
    SKIPPED_OPEN = "skipped_open"
    SKIPPED_QUOTA = "skipped_quota"
    SKIPPED_KEY = "skipped_key"


class GapCause(StrEnum):
    """Why a span of time holds no data."""

    UNSPECIFIED = ""
    RESTART = "restart"
    UPSTREAM = "upstream"
    NOT_COLLECTED = "not_collected"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at one source; `latency_ms` is 0 for one that did not take place."""

    source: str
    outcome: Outcome
    latency_ms: float = 0.0
    egress: str = "direct"
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How many of how many sources agreed."""

    agreed: int = 1
    asked: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where an answer came from, how old it is and how sure.

    `source_time` is the source's own time, None when it states none. `confidence` is the half-width of the value's
    uncertainty, in its unit. `attempts` is empty unless the call was made with `full=True`. `contested`: the value
    contradicts what was believed before, or what another source says, and no other could confirm it.
    """

    source: str
    freshness: Freshness
    receive_time: datetime
    source_time: datetime | None = None
    confidence: Decimal | None = None
    agreement: Agreement | None = None
    simulated: bool = False
    attempts: tuple[Attempt, ...] = ()
    contested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetCandidate:
    """One of several assets that share a symbol."""

    asset: str
    symbol: str
    name: str
    rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A span without data; `end_time` is None while it lasts."""

    start_time: datetime | None = None
    end_time: datetime | None = None
    cause: GapCause = GapCause.UNSPECIFIED
