"""How requests fared as messages; used by the monitoring servicer."""

from __future__ import annotations

from collections.abc import Iterable

from nerkh.v1 import monitoring_pb2

from server.rpc.convert.monitoring import milliseconds
from server.rpc.convert.plain import timestamp
from server.services.usage import Usage
from server.services.usage_slots import MethodCounts


def usage_message(usage: Usage) -> monitoring_pb2.UsageWindow:
    """Return how requests fared over one window."""
    return monitoring_pb2.UsageWindow(
        window=usage.window,
        start_time=timestamp(usage.start_time),
        end_time=timestamp(usage.end_time),
        total=_method("", usage.total),
        methods=[_method(name, counts) for name, counts in usage.methods],
        assets=_names(usage.assets),
        chains=_names(usage.chains),
    )


def _method(name: str, counts: MethodCounts) -> monitoring_pb2.MethodUsage:
    return monitoring_pb2.MethodUsage(
        method=name,
        request_count=counts.requests,
        ok_count=counts.ok,
        refused_count=counts.refused,
        failed_count=counts.failed,
        cancelled_count=counts.cancelled,
        sourced_count=counts.sourced,
        cached_count=counts.cached,
        fallback_count=counts.fallback,
        old_count=counts.old,
        success_ratio=_share(counts.ok, counts.requests),
        error_ratio=_share(counts.failed, counts.requests),
        fallback_ratio=_share(counts.fallback, counts.sourced),
        cache_hit_ratio=_share(counts.cached, counts.sourced),
        latency_p50_ms=milliseconds(counts.quantile_s(0.5)),
        latency_p95_ms=milliseconds(counts.quantile_s(0.95)),
        latency_p99_ms=milliseconds(counts.quantile_s(0.99)),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _names(counts: Iterable[tuple[str, int]]) -> list[monitoring_pb2.UsageCount]:
    return [monitoring_pb2.UsageCount(name=name, request_count=count) for name, count in counts]
