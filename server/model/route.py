"""A route: which sources one query would be asked of now, in which order, and why; spans in seconds, ratios 0 … 1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.model.health import BreakerView, SourceState
from server.model.provenance import Outcome


class Place(StrEnum):
    """Where a source stands for a query."""

    ASKED = "asked"
    EXCLUDED = "excluded"
    UNREACHED = "unreached"
    UNCOVERED = "uncovered"


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One part of a score, which is 1/(1 + Σ penalty): what was measured, and how much it takes away."""

    name: str
    measured: float
    weight: float
    penalty: float


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """How the last attempt at a source ended, and when its answer or its failure was there."""

    time: datetime
    outcome: Outcome
    latency_s: float
    detail: str


@dataclass(frozen=True, slots=True)
class RoutedSource:
    """A source and why it stands where it does. `position` is 1 for the first that is asked, None when it is not."""

    source: str
    tier: str
    place: Place
    position: int | None
    score: float
    parts: tuple[ScorePart, ...]
    calls: int
    state: SourceState
    circuit: BreakerView
    excluded: str
    """Why it may not be asked now, such as `circuit open`; empty when it may."""
    uncovered: str
    """Why it cannot answer this query at all; empty when it can."""
    retry_time: datetime | None
    """When it may be asked again; None when it may now, or when nobody can tell."""
    last: LastAttempt | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Route:
    """The sources of one query: those that would be asked in their order, then those that would not."""

    kind: str
    question: str
    summary: str
    sources: tuple[RoutedSource, ...]
    computed_time: datetime
    fresh_until: datetime | None
    """Until when the cache answers without asking anyone; None when it does not."""
