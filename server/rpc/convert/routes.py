"""A route and its sources as messages; used by the monitoring servicer."""

from __future__ import annotations

from typing import Any

from nerkh.v1 import monitoring_pb2

from server.model import LastAttempt, Place, Route, RoutedSource
from server.rpc.convert.monitoring import STATE, breaker_message, milliseconds, tier_value
from server.rpc.convert.plain import timestamp
from server.rpc.convert.provenance import OUTCOME

PLACE: dict[Place, Any] = {each: monitoring_pb2.RoutePlace.Value(f"ROUTE_PLACE_{each.name}") for each in Place}


def route_message(route: Route) -> monitoring_pb2.Route:
    """Return the sources of one question."""
    return monitoring_pb2.Route(
        kind=route.kind,
        question=route.question,
        summary=route.summary,
        sources=[_source(each) for each in route.sources],
        computed_time=timestamp(route.computed_time),
        cache_expire_time=timestamp(route.fresh_until),
    )


def _source(source: RoutedSource) -> monitoring_pb2.RoutedSource:
    return monitoring_pb2.RoutedSource(
        source=source.source,
        tier=tier_value(source.tier),
        place=PLACE[source.place],
        position=source.position,
        score=source.score,
        score_parts=[
            monitoring_pb2.ScorePart(name=part.name, measured=part.measured, weight=part.weight, penalty=part.penalty)
            for part in source.parts
        ],
        call_count=source.calls,
        state=STATE[source.state],
        circuit_breaker=breaker_message(source.circuit),
        excluded_reason=source.excluded,
        uncovered_reason=source.uncovered,
        retry_time=timestamp(source.retry_time),
        last_attempt=None if source.last is None else _attempt(source.last),
        sentence=source.sentence,
    )


def _attempt(last: LastAttempt) -> monitoring_pb2.LastAttempt:
    return monitoring_pb2.LastAttempt(
        attempt_time=timestamp(last.time),
        outcome=OUTCOME[last.outcome],
        latency_ms=milliseconds(last.latency_s),
        detail=last.detail,
    )
