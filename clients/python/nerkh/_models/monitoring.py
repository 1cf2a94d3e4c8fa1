"""How the service and its sources stand; what `client.monitoring` returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nerkh._models.common import Freshness, Outcome


class SourceState(StrEnum):
    """How a source does over all that it serves."""

    UNSPECIFIED = ""
    ACTIVE = "active"
    DEGRADED = "degraded"
    FAILED = "failed"
    BLOCKED = "blocked"
    PROXY_NEEDED = "proxy_needed"
    DISABLED = "disabled"
    SUNSET = "sunset"


class BreakerState(StrEnum):
    """How a circuit breaker stands."""

    UNSPECIFIED = ""
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class IncidentCause(StrEnum):
    """What happened to a source."""

    UNSPECIFIED = ""
    DOWN = "down"
    BLOCKED = "blocked"
    SUNSET = "sunset"
    DISABLED = "disabled"
    CONTRADICTED = "contradicted"


class Tier(StrEnum):
    """In which order sources are asked."""

    UNSPECIFIED = ""
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    EMERGENCY = "emergency"


class RoutePlace(StrEnum):
    """Where a source stands for a question."""

    UNSPECIFIED = ""
    ASKED = "asked"
    EXCLUDED = "excluded"
    UNREACHED = "unreached"
    UNCOVERED = "uncovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """The state of the store; counts since the start."""

    reachable: bool
    queued_count: int = 0
    written_count: int = 0
    refused_count: int = 0
    failed_count: int = 0
    last_write_time: datetime | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStatus:
    """The state of the cache; counts since the start."""

    entry_count: int = 0
    hit_count: int = 0
    miss_count: int = 0
    stale_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedStatus:
    """The state of the Redis that processes share answers over; counts of this process since its start."""

    reachable: bool
    state_start_time: datetime | None = None
    queued_count: int = 0
    written_count: int = 0
    dropped_count: int = 0
    refused_count: int = 0
    last_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStateCount:
    """How many sources are in a state."""

    state: SourceState
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """A model that judges texts."""

    name: str
    ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCounts:
    """Counts of requests since the start; `active_count` are in flight."""

    total_count: int = 0
    failed_count: int = 0
    active_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCounts:
    """How many streams are open, and were opened since the start."""

    open_count: int = 0
    opened_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemStatus:
    """The state of the service; `store` is None when it runs without one, `shared` when no answers are shared."""

    ready: bool
    version: str = ""
    start_time: datetime | None = None
    status_time: datetime | None = None
    simulated: bool = False
    store: StoreStatus | None = None
    cache: CacheStatus | None = None
    sources: tuple[SourceStateCount, ...] = ()
    models: tuple[ModelStatus, ...] = ()
    requests: RequestCounts | None = None
    streams: StreamCounts | None = None
    shared: SharedStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreaker:
    """One circuit breaker, of a source and a kind of data; counts of the last 60 seconds, trips since the start."""

    source: str
    kind: str
    state: BreakerState
    consecutive_failure_count: int = 0
    call_count: int = 0
    failure_count: int = 0
    opened_time: datetime | None = None
    next_probe_time: datetime | None = None
    trip_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a source lets be asked in a span of time, for one of its keys over one egress route, and what is left.

    `window` is None when the source itself states what is left, and no span; `reset_time` when nothing was asked.
    """

    limit: int
    remaining_count: int
    remaining_share: float
    window: timedelta | None = None
    reset_time: datetime | None = None
    rate_share: float = 1.0
    key: str = ""
    egress: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source and how it does; latencies in milliseconds, None when there were no calls.

    `excluded_reason` is empty while the source is asked.
    """

    id: str
    name: str
    provider: str = ""
    tier: Tier = Tier.UNSPECIFIED
    category: str = ""
    state: SourceState = SourceState.UNSPECIFIED
    kinds: tuple[str, ...] = ()
    chains: tuple[str, ...] = ()
    circuit_breakers: tuple[CircuitBreaker, ...] = ()
    call_count: int = 0
    success_count: int = 0
    success_ratio: float = 1.0
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    last_success_time: datetime | None = None
    last_failure_time: datetime | None = None
    last_outcome: Outcome = Outcome.UNSPECIFIED
    key_required: bool = False
    key_present: bool = False
    attribution: str = ""
    docs_url: str = ""
    base_url: str = ""
    excluded_reason: str = ""
    quotas: tuple[Quota, ...] = ()
    key_count: int = 0
    rejected_key_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceIncident:
    """One thing that happened to a source; `end_time` is None while it lasts."""

    source: str
    cause: IncidentCause
    start_time: datetime | None = None
    end_time: datetime | None = None
    kind: str = ""
    reason: str = ""
    occurrence_count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedSource:
    """A source's place for a kind of data, and why; `excluded_reason` is empty when it is asked."""

    source: str
    tier: Tier
    position: int
    score: float
    success_ratio: float = 1.0
    latency_p70_ms: float = 0.0
    call_count: int = 0
    excluded_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRanking:
    """The order in which the sources of one kind are asked."""

    kind: str
    sources: tuple[RankedSource, ...]
    computed_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One request as it was answered; `fallback`: not the first source answered."""

    method: str
    request_time: datetime
    latency_ms: float
    code: str
    asset: str = ""
    chain: str = ""
    source: str = ""
    freshness: Freshness = Freshness.UNSPECIFIED
    fallback: bool = False
