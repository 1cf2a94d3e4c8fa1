"""Sources, breakers, rankings and requests as messages; used by the monitoring servicer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from nerkh.v1 import monitoring_pb2, types_pb2

from server.model import (
    BreakerState,
    BreakerView,
    Freshness,
    Incident,
    IncidentCause,
    Outcome,
    QuotaView,
    Ranking,
    RequestRecord,
    SharedState,
    SourceState,
    SourceView,
)
from server.rpc.convert.plain import span_message, timestamp
from server.rpc.convert.provenance import FRESHNESS, OUTCOME

STATE: dict[SourceState, Any] = {
    each: monitoring_pb2.SourceState.Value(f"SOURCE_STATE_{each.name}") for each in SourceState
}
BREAKER: dict[BreakerState, Any] = {
    each: monitoring_pb2.BreakerState.Value(f"BREAKER_STATE_{each.name}") for each in BreakerState
}
CAUSE: dict[IncidentCause, Any] = {
    each: monitoring_pb2.IncidentCause.Value(f"INCIDENT_CAUSE_{each.name}") for each in IncidentCause
}


def tier_value(tier: str) -> Any:
    """Return a tier's number by its name in any case, unspecified for an unknown one."""
    return dict(monitoring_pb2.Tier.items()).get(f"TIER_{tier.upper()}", 0)


def shared_message(state: SharedState) -> monitoring_pb2.SharedStatus:
    """Return how the server does that processes share answers over."""
    return monitoring_pb2.SharedStatus(
        reachable=state.reachable,
        state_start_time=timestamp(state.since_time),
        queued_count=state.queued,
        written_count=state.written,
        dropped_count=state.dropped,
        refused_count=sum(count for _, count in state.refused),
        last_error=state.error,
    )


def breaker_message(breaker: BreakerView) -> monitoring_pb2.CircuitBreaker:
    """Return one circuit breaker."""
    return monitoring_pb2.CircuitBreaker(
        source=breaker.source,
        kind=breaker.kind,
        state=BREAKER[breaker.state],
        consecutive_failure_count=breaker.consecutive_failures,
        call_count=breaker.calls,
        failure_count=breaker.failures,
        opened_time=timestamp(breaker.opened_time),
        next_probe_time=timestamp(breaker.next_probe_time),
        trip_count=breaker.trips,
    )


def source_message(source: SourceView) -> monitoring_pb2.Source:
    """Return one source as it stands."""
    return monitoring_pb2.Source(
        id=source.id,
        name=source.name,
        provider=source.provider,
        tier=tier_value(source.tier),
        category=source.category,
        state=STATE[source.state],
        kinds=source.kinds,
        chains=source.chains,
        circuit_breakers=[breaker_message(each) for each in source.breakers],
        call_count=source.calls,
        success_count=source.successes,
        success_ratio=source.success_ratio,
        latency_p50_ms=milliseconds(source.latency_p50_s),
        latency_p99_ms=milliseconds(source.latency_p99_s),
        last_success_time=timestamp(source.last_success_time),
        last_failure_time=timestamp(source.last_failure_time),
        last_outcome=OUTCOME[Outcome(source.last_outcome)] if source.last_outcome in set(Outcome) else None,
        key_required=source.key_required,
        key_present=source.key_present,
        attribution=source.attribution,
        docs_url=source.docs_url,
        base_url=source.base_url,
        excluded_reason=source.excluded,
        quotas=[quota_message(each) for each in source.quotas],
        key_count=source.keys,
        rejected_key_count=source.rejected_keys,
    )


def quota_message(quota: QuotaView) -> monitoring_pb2.Quota:
    """Return what is left of one limit of a source."""
    return monitoring_pb2.Quota(
        key=quota.key,
        egress=quota.egress,
        limit=quota.limit,
        window=None if quota.span_s is None else span_message(timedelta(seconds=quota.span_s)),
        remaining_count=quota.remaining,
        remaining_share=quota.remaining_share,
        reset_time=timestamp(quota.reset_time),
        rate_share=quota.rate_share,
    )


def incident_message(incident: Incident) -> monitoring_pb2.SourceIncident:
    """Return one thing that happened to a source."""
    return monitoring_pb2.SourceIncident(
        source=incident.source,
        cause=CAUSE[incident.cause],
        start_time=timestamp(incident.start_time),
        end_time=timestamp(incident.end_time),
        kind=incident.kind,
        reason=incident.reason,
        occurrence_count=incident.count,
    )


def ranking_message(ranking: Ranking) -> monitoring_pb2.KindRanking:
    """Return the order of one kind's sources."""
    return monitoring_pb2.KindRanking(
        kind=ranking.kind,
        sources=[
            monitoring_pb2.RankedSource(
                source=each.source,
                tier=tier_value(each.tier),
                position=each.position,
                score=each.score,
                success_ratio=each.success_ratio,
                latency_p70_ms=round(each.latency_p70_s * 1000, 3),
                call_count=each.calls,
                excluded_reason=each.excluded,
            )
            for each in ranking.sources
        ],
        computed_time=timestamp(ranking.computed_time),
    )


def record_message(record: RequestRecord) -> monitoring_pb2.RequestRecord:
    """Return one request as it was answered."""
    return monitoring_pb2.RequestRecord(
        method=record.method,
        request_time=timestamp(record.time),
        latency_ms=round(record.latency_s * 1000, 3),
        code=record.code,
        asset=record.asset,
        chain=record.chain,
        source=record.source,
        freshness=FRESHNESS[Freshness(record.freshness)] if record.freshness else types_pb2.FRESHNESS_UNSPECIFIED,
        fallback=record.fallback,
    )


def milliseconds(seconds: float | None) -> float | None:
    """Return seconds in milliseconds, None for None."""
    return None if seconds is None else round(seconds * 1000, 3)
