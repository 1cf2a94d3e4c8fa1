"""Where what Nerkh says of itself comes from, asked over gRPC of the running service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from nerkh.v1 import types_pb2

from tests.services.serving import Nerkh


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("GetSystemStatus", {}),
        ("ListSources", {}),
        ("GetSource", {"source": "binance"}),
        ("GetHierarchy", {}),
        ("ExplainRoute", {"kind": "news"}),
        ("GetUsageStats", {}),
        ("ListCircuitBreakers", {}),
        ("ListRequests", {}),
    ],
)
def test_what_nerkh_says_of_itself_has_a_provenance(nerkh: Nerkh, name: str, fields: dict[str, Any]) -> None:
    """The service itself is the source, and the answer is of now."""
    before = datetime.now(UTC)
    origin = nerkh(name, **fields).provenance
    assert (origin.source, origin.freshness) == ("nerkh", types_pb2.FRESHNESS_LIVE)
    assert before <= origin.receive_time.ToDatetime(tzinfo=UTC) <= datetime.now(UTC)
