"""The plan: for each kind, its lanes in the order in which they are asked; ranked off the request's path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from server.clock import Clock
from server.fallback.figures import FIGURES
from server.fallback.lane import Lane
from server.model import Kind, Query, RankedSource, Ranking

_WEIGHT_ERRORS = 4.0
_WEIGHT_LATENCY = 1.0
_WEIGHT_LAG = 1.0
_LAG_SPAN_S = 600.0


class Plan:
    """Every lane, ranked: tier first, within a tier by measured score."""

    def __init__(self, lanes: Iterable[Lane], clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[Kind, list[Lane]] = defaultdict(list)
        for lane in lanes:
            self._lanes[lane.kind].append(lane)
        self.number = 0
        """Rises with every ranking: who keeps lanes by it knows when to look again."""
        self._computed = clock.now()
        self.rank()

    def covering(self, query: Query) -> tuple[Lane, ...]:
        """Return the lanes that cover a query, in order, excluded ones too: who asks looks at each as it comes."""
        return tuple(lane for lane in self._lanes[query.kind] if lane.capability.serves(lane.source, query))

    def rank(self) -> None:
        """Measure every lane anew and put each kind's in order."""
        now = self._clock.monotonic()
        for lanes in self._lanes.values():
            for lane in lanes:
                lane.measures.refresh(now)
                lane.score = score_of(lane)
            lanes.sort(key=_place)
        self.number += 1
        self._computed = self._clock.now()

    def ranking(self, kind: Kind) -> Ranking:
        """Return the order of a kind's sources now, and why each excluded one is out."""
        now = self._clock.monotonic()
        ranked = []
        for position, lane in enumerate(self._lanes.get(kind, ()), 1):
            out = lane.exclusion(now)
            measures = lane.measures
            ranked.append(
                RankedSource(
                    source=lane.id,
                    tier=lane.source.tier.name,
                    position=position,
                    score=lane.score,
                    success_ratio=1 - measures.error_ratio,
                    latency_p70_s=measures.p70_s or 0.0,
                    calls=measures.calls,
                    excluded=out.reason if out is not None else "",
                )
            )
        return Ranking(kind.value, tuple(ranked), self._computed)


def score_of(lane: Lane) -> float:
    """Return 1/(1 + Σ w·x) over error ratio, p70 latency in seconds, and lag against the kind's longest age."""
    measures = lane.measures
    span = min(FIGURES[lane.kind].longest_s, _LAG_SPAN_S)
    weighed = (
        _WEIGHT_ERRORS * measures.error_ratio
        + _WEIGHT_LATENCY * (measures.p70_s or 0.0)
        + _WEIGHT_LAG * min(measures.lag_s / span, 1.0)
    )
    return 1 / (1 + weighed)


def _place(lane: Lane) -> tuple[int, float]:
    """Return the sort key: the tier, then the better score first."""
    return (lane.source.tier, -lane.score)
