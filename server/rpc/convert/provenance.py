"""Provenance, attempts and candidates as messages; every servicer uses it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nerkh.v1 import types_pb2

from server.model import Asset, Attempt, Freshness, Outcome, Provenance
from server.rpc.convert.plain import optional_text, timestamp

FRESHNESS: dict[Freshness, Any] = {each: types_pb2.Freshness.Value(f"FRESHNESS_{each.name}") for each in Freshness}
OUTCOME: dict[Outcome, Any] = {each: types_pb2.Outcome.Value(f"OUTCOME_{each.name}") for each in Outcome}


def provenance_message(provenance: Provenance, *, full: bool = False) -> types_pb2.Provenance:
    """Return where an answer came from; with `full` every attempt too."""
    return types_pb2.Provenance(
        source=provenance.source,
        freshness=FRESHNESS[provenance.freshness],
        source_time=timestamp(provenance.source_time),
        receive_time=timestamp(provenance.receive_time),
        confidence=optional_text(provenance.confidence),
        agreement=types_pb2.Agreement(agreed=provenance.agreed, asked=provenance.asked),
        simulated=provenance.simulated,
        contested=provenance.is_contested,
        attempts=[attempt_message(attempt) for attempt in provenance.attempts] if full else None,
    )


def attempt_message(attempt: Attempt) -> types_pb2.Attempt:
    """Return one attempt at one source."""
    return types_pb2.Attempt(
        source=attempt.source,
        outcome=OUTCOME[attempt.outcome],
        latency_ms=round(attempt.latency_s * 1000, 3),
        egress=attempt.egress,
        detail=attempt.detail,
    )


def candidate_messages(candidates: Iterable[Asset]) -> list[types_pb2.AssetCandidate]:
    """Return the assets that share a symbol, in the order given."""
    return [
        types_pb2.AssetCandidate(asset=each.id, symbol=each.symbol, name=each.name, rank=each.rank or None)
        for each in candidates
    ]
