"""Which sources a question would be asked of, and how requests fared; what `client.monitoring` returns too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nerkh._models.common import Outcome
from nerkh._models.monitoring import CircuitBreaker, RoutePlace, SourceState, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """One part of a score, which is 1/(1 + the sum of all penalties); `measured` in the unit that ends its name."""

    name: str
    measured: float
    weight: float
    penalty: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAttempt:
    """How the last attempt at a source ended; `latency_ms` in milliseconds."""

    attempt_time: datetime | None = None
    outcome: Outcome = Outcome.UNSPECIFIED
    latency_ms: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedSource:
    """A source and why it stands where it does; `position` is None when it is not asked.

    `retry_time` says when an excluded one may be asked again, None when it may now or nobody can tell.
    """

    source: str
    tier: Tier
    place: RoutePlace
    sentence: str
    position: int | None = None
    score: float = 1.0
    score_parts: tuple[ScorePart, ...] = ()
    call_count: int = 0
    state: SourceState = SourceState.UNSPECIFIED
    circuit_breaker: CircuitBreaker | None = None
    excluded_reason: str = ""
    uncovered_reason: str = ""
    retry_time: datetime | None = None
    last_attempt: LastAttempt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The sources of one question: those that are asked in their order, then those that are not.

    `cache_expire_time` says how long the cache answers without asking anyone, None when it does not.
    """

    kind: str
    question: str
    summary: str
    sources: tuple[RoutedSource, ...]
    computed_time: datetime | None = None
    cache_expire_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodUsage:
    """How the requests of one method, or of all (`method` empty), fared; ratios from 0 to 1, latencies in milliseconds.

    Ratios and latencies are None when there was nothing to take them of.
    """

    method: str = ""
    request_count: int = 0
    ok_count: int = 0
    refused_count: int = 0
    failed_count: int = 0
    cancelled_count: int = 0
    sourced_count: int = 0
    cached_count: int = 0
    fallback_count: int = 0
    old_count: int = 0
    success_ratio: float | None = None
    error_ratio: float | None = None
    fallback_ratio: float | None = None
    cache_hit_ratio: float | None = None
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    latency_p99_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCount:
    """How often something was asked for; `other` for all without a row of their own."""

    name: str
    request_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageWindow:
    """How requests fared from `start_time` to `end_time`; what was asked for most stands first."""

    window: str
    total: MethodUsage | None = None
    methods: tuple[MethodUsage, ...] = ()
    assets: tuple[UsageCount, ...] = ()
    chains: tuple[UsageCount, ...] = ()
    start_time: datetime | None = None
    end_time: datetime | None = None
