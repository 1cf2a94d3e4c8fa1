"""The score of a source for a kind, part by part; the plan ranks by it, the explanation of a route shows it."""

from __future__ import annotations

from collections.abc import Iterable

from server.fallback.figures import FIGURES
from server.fallback.lane import Lane
from server.model import ScorePart

_WEIGHT_ERRORS = 4.0
_WEIGHT_LATENCY = 1.0
_WEIGHT_LAG = 1.0
_WEIGHT_QUOTA = 1.0
_LAG_SPAN_S = 600.0


def parts_of(lane: Lane, now: float) -> tuple[ScorePart, ...]:
    """Return what the score is made of: error ratio, p70 latency in s, lag against the longest age, quota used."""
    measures = lane.measures
    latency_s = measures.p70_s or 0.0
    used = 1.0 - lane.standing.quota.share_left(now, lane.standing.way_out(now))
    span = min(FIGURES[lane.kind].longest_s, _LAG_SPAN_S)
    return (
        ScorePart("error_ratio", measures.error_ratio, _WEIGHT_ERRORS, _WEIGHT_ERRORS * measures.error_ratio),
        ScorePart("latency_p70_s", latency_s, _WEIGHT_LATENCY, _WEIGHT_LATENCY * latency_s),
        ScorePart("lag_s", measures.lag_s, _WEIGHT_LAG, _WEIGHT_LAG * min(measures.lag_s / span, 1.0)),
        ScorePart("quota_used", used, _WEIGHT_QUOTA, _WEIGHT_QUOTA * used),
    )


def score_of(parts: Iterable[ScorePart]) -> float:
    """Return 1/(1 + Σ penalty): 1 for a source without a fault, less for each."""
    return 1 / (1 + sum(part.penalty for part in parts))
