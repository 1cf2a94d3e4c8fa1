"""What operators did and see; what `client.admin` returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nerkh._models.monitoring import Source


class EgressKind(StrEnum):
    """How a way out is spoken to."""

    UNSPECIFIED = ""
    DIRECT = "direct"
    HTTP = "http"
    HTTPS = "https"
    SOCKS5 = "socks5"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDecision:
    """A source after an operator's decision; `stored` is false while the database is away: it holds all the same."""

    source: Source | None
    stored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedSources:
    """The sources that were taken out of rotation until they answer a probe."""

    sources: tuple[str, ...] = ()
    stored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCacheStats:
    """How the cache does for one kind of data, since the start; `hit_ratio` is None when there were no calls.

    `shared_hit_count` of the misses were answered by what another process had fetched.
    """

    kind: str
    entry_count: int = 0
    hit_count: int = 0
    miss_count: int = 0
    stale_count: int = 0
    hit_ratio: float | None = None
    shared_hit_count: int = 0
    shared_miss_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats:
    """How the cache does."""

    entry_count: int = 0
    kinds: tuple[KindCacheStats, ...] = ()
    stats_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidatedCache:
    """How many cached answers were dropped in the process that was asked.

    `told_all` is false while the processes that share answers with it could not all be told: they are told later.
    """

    dropped_count: int = 0
    told_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmFailure:
    """An asset that could not be cached, and why."""

    asset: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmedCache:
    """The ids of the assets whose prices are cached now, and those that could not be."""

    assets: tuple[str, ...] = ()
    failures: tuple[WarmFailure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressRoute:
    """One way out to the sources and how it does; `test_detail` says what its last test found wrong.

    `latency_ms` is None before the first answer over it, `quarantine_end_time` while it may be taken.
    """

    name: str
    kind: EgressKind = EgressKind.UNSPECIFIED
    healthy: bool = False
    latency_ms: float | None = None
    quarantined_host_count: int = 0
    quarantine_end_time: datetime | None = None
    test_time: datetime | None = None
    test_detail: str = ""
