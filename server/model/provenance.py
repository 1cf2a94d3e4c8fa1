"""Where an answer came from: attempts, freshness, and the observation that leaves the engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from server.model.chain import (
    Balance,
    Block,
    ChainStatus,
    GasPrice,
    Transaction,
    TransactionPage,
    WhaleTransactions,
)
from server.model.market import Candles, ListedAssets, Overview, Price, Prices, Trending
from server.model.news import Articles, FearGreed
from server.model.queries import Query
from server.model.records import record

Value = (
    Price
    | Prices
    | Candles
    | ListedAssets
    | Overview
    | Trending
    | Articles
    | FearGreed
    | GasPrice
    | Block
    | ChainStatus
    | Balance
    | TransactionPage
    | Transaction
    | WhaleTransactions
)
V_co = TypeVar("V_co", covariant=True)


class Outcome(StrEnum):
    """How one attempt at one source ended."""

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


class Freshness(StrEnum):
    """How fresh an answer is: fetched now, from the cache, past its longest age, or read back from the store."""

    LIVE = "live"
    CACHED = "cached"
    STALE = "stale"
    STORED = "stored"


@record(frozen=True, slots=True)
class Attempt:
    """One try at one source. `latency_s` in seconds, 0 for a skipped one; `detail` never shows a payload or a key."""

    source: str
    outcome: Outcome
    latency_s: float = 0.0
    egress: str = "direct"
    detail: str = ""


@record(frozen=True, slots=True)
class Provenance:
    """Where a value came from, how old it is, and how sure."""

    source: str
    receive_time: datetime
    freshness: Freshness
    source_time: datetime | None = None
    """The source's own time; None when it states none."""
    confidence: Decimal | None = None
    agreed: int = 1
    asked: int = 1
    simulated: bool = False
    attempts: tuple[Attempt, ...] = ()
    is_contested: bool = False
    """Whether the value contradicts what was believed before, or another source, and nobody could confirm it."""


@record(frozen=True, slots=True)
class Answer(Generic[V_co]):
    """A value with its provenance."""

    value: V_co
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Observation:
    """A fresh value on its way out of the engine; `sequence` strictly rises within one process.

    `aside`: one source's own quote of a price, beside the vetted one; it is no answer, to be neither stored nor
    streamed as one.
    """

    sequence: int
    query: Query
    answer: Answer[Value]
    aside: bool = False
