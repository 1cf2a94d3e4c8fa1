"""How sources, breakers and requests stand: what monitoring shows. Latencies in seconds, ratios 0 … 1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.model.quota import QuotaView


class SourceState(StrEnum):
    """A source's health over all that it serves."""

    ACTIVE = "active"
    DEGRADED = "degraded"
    FAILED = "failed"
    BLOCKED = "blocked"
    PROXY_NEEDED = "proxy_needed"
    DISABLED = "disabled"
    SUNSET = "sunset"


class BreakerState(StrEnum):
    """A circuit breaker's state."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerView:
    """One breaker as it stands."""

    source: str
    kind: str
    state: BreakerState
    consecutive_failures: int
    calls: int
    """Calls in the current 60 s window."""
    failures: int
    opened_time: datetime | None = None
    next_probe_time: datetime | None = None
    trips: int = 0


@dataclass(frozen=True, slots=True)
class RankedSource:
    """A source's place for a kind and why. `score` in (0, 1]; `excluded` says why it is out of the plan, else empty."""

    source: str
    tier: str
    position: int
    score: float
    success_ratio: float
    latency_p70_s: float
    calls: int
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The order in which a kind's sources are asked now."""

    kind: str
    sources: tuple[RankedSource, ...]
    computed_time: datetime


@dataclass(frozen=True, slots=True)
class SourceView:
    """One source as it stands: what it is and how it does."""

    id: str
    name: str
    provider: str
    tier: str
    category: str
    state: SourceState
    kinds: tuple[str, ...]
    chains: tuple[str, ...]
    breakers: tuple[BreakerView, ...]
    calls: int
    successes: int
    success_ratio: float
    latency_p50_s: float | None
    latency_p99_s: float | None
    last_success_time: datetime | None
    last_failure_time: datetime | None
    last_outcome: str
    key_required: bool
    key_present: bool
    attribution: str
    docs_url: str
    base_url: str
    excluded: str = ""
    """Why it is not asked at all, such as `no key`; empty when it is."""
    outcomes: tuple[tuple[str, str, int], ...] = ()
    """How the attempts at it ended since the start: kind, outcome, count."""
    quotas: tuple[QuotaView, ...] = ()
    keys: int = 0
    rejected_keys: int = 0


@dataclass(frozen=True, slots=True)
class EgressView:
    """One way out as it stands: never its address. `kind` is direct, http, https, socks5 or public."""

    name: str
    kind: str
    healthy: bool
    latency_s: float | None
    """Smoothed over its hosts, or its tests; None before the first answer."""
    quarantined_hosts: int
    """To how many hosts it must not be taken now."""
    quarantined_until: datetime | None = None
    """Until when it must not be taken at all; None when it may."""
    test_time: datetime | None = None
    test_detail: str = ""
    """What its last test found wrong; empty when nothing, or never tested."""


@dataclass(frozen=True, slots=True, eq=False)
class RequestRecord:
    """One request as monitoring keeps it: never a caller's address or text. Two that look alike are two."""

    method: str
    time: datetime
    latency_s: float
    code: str
    asset: str = ""
    chain: str = ""
    source: str = ""
    freshness: str = ""
    fallback: bool = False
