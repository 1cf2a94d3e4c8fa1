"""Ways out as messages; used by the admin servicer."""

from __future__ import annotations

from nerkh.admin.v1 import admin_pb2

from server.model import EgressView
from server.rpc.convert.monitoring import milliseconds
from server.rpc.convert.plain import timestamp


def egress_route_message(route: EgressView) -> admin_pb2.EgressRoute:
    """Return one way out as it stands."""
    return admin_pb2.EgressRoute(
        name=route.name,
        kind=admin_pb2.EgressKind.Value(f"EGRESS_KIND_{route.kind.upper()}"),
        healthy=route.healthy,
        latency_ms=milliseconds(route.latency_s),
        quarantined_host_count=route.quarantined_hosts,
        quarantine_end_time=timestamp(route.quarantined_until),
        test_time=timestamp(route.test_time),
        test_detail=route.test_detail,
    )
