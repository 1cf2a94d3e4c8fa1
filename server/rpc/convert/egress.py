"""Ways out as messages; used by the admin servicer."""

from __future__ import annotations

from typing import Any

from nerkh.admin.v1 import admin_pb2

from server.model import EgressView
from server.rpc.convert.monitoring import milliseconds
from server.rpc.convert.plain import timestamp

KIND: dict[str, Any] = {
    name.removeprefix("EGRESS_KIND_").lower(): number for name, number in admin_pb2.EgressKind.items() if number
}


def egress_route_message(route: EgressView) -> admin_pb2.EgressRoute:
    """Return one way out as it stands."""
    return admin_pb2.EgressRoute(
        name=route.name,
        kind=KIND[route.kind],
        healthy=route.healthy,
        latency_ms=milliseconds(route.latency_s),
        quarantined_host_count=route.quarantined_hosts,
        quarantine_end_time=timestamp(route.quarantined_until),
        test_time=timestamp(route.test_time),
        test_detail=route.test_detail,
    )
