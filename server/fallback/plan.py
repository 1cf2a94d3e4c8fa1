"""The plan: for each kind, its lanes in the order in which they are asked; ranked off the request's path."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from math import inf
from typing import NamedTuple

from server.clock import Clock
from server.fallback.lane import Lane
from server.fallback.score import parts_of, score_of
from server.model import CandlesQuery, Kind, Query, RankedSource, Ranking
from server.providers.base import Tier

CLEARLY = 1.3
"""How many times better than a leader another must score to take its place."""
_SETTLED_S = 30.0
_SERIES_S = 60.0
"""For how long a series is asked of the source that gave its first page: each market has candles of its own."""
_MOST_SERIES = 1000


class _Lead(NamedTuple):
    """Who leads a kind's tier, and since when (monotonic seconds)."""

    lane: Lane
    since: float


class Plan:
    """Every lane, ranked: tier first, within a tier by measured score."""

    def __init__(self, lanes: Iterable[Lane], clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[Kind, list[Lane]] = defaultdict(list)
        for lane in lanes:
            self._lanes[lane.kind].append(lane)
        self.number = 0
        """Rises with every ranking: who keeps lanes by it knows when to look again."""
        self.computed_time = clock.now()
        self._leads: dict[tuple[Kind, Tier], _Lead] = {}
        self._series: OrderedDict[Hashable, tuple[Lane, float]] = OrderedDict()
        """Who gave a series lately, and until when it is asked first."""
        self.rank()

    def covering(self, query: Query) -> tuple[Lane, ...]:
        """Return the lanes that cover a query, in order, excluded ones too: who asks looks at each as it comes.

        Those that lately did not know what is asked for, or had old data alone of it, come last, whatever their
        catalogue says.
        """
        lanes = [lane for lane in self._lanes[query.kind] if lane.capability.serves(lane.source, query)]
        now = self._clock.monotonic()
        if any(lane.learned for lane in lanes):
            lanes.sort(key=lambda lane: lane.comes_last(query, now))
        if isinstance(query, CandlesQuery):
            self._keep_to_market(query, lanes, now)
        return tuple(lanes)

    def gave(self, query: Query, lane: Lane) -> None:
        """Take in who answered; the next pages of a series are asked of the same source, while its tier may lead."""
        if isinstance(query, CandlesQuery):
            now, series = self._clock.monotonic(), _series_of(query)
            kept, until = self._series.get(series, (lane, -inf))
            if kept is not lane or now >= until:
                self._series[series] = (lane, now + _SERIES_S)
                self._series.move_to_end(series)
                if len(self._series) > _MOST_SERIES:
                    self._series.popitem(last=False)

    def _keep_to_market(self, query: CandlesQuery, lanes: list[Lane], now: float) -> None:
        """Put the source first that gave the series' other pages, if it may be asked and none of a better tier may."""
        kept, until = self._series.get(_series_of(query), (None, -inf))
        first = next((lane for lane in lanes if lane.is_free(now)), None)
        if kept is None or first is None or now >= until or kept is first or kept not in lanes:
            return
        if kept.source.tier is first.source.tier and kept.is_free(now) and not kept.comes_last(query, now):
            lanes.remove(kept)
            lanes.insert(lanes.index(first), kept)

    def lanes(self, kind: Kind) -> Sequence[Lane]:
        """Return every lane of a kind in order, those that do not cover a query and excluded ones too."""
        return self._lanes.get(kind, ())

    def rank(self) -> None:
        """Measure every lane anew and put each kind's in order."""
        now = self._clock.monotonic()
        for kind, lanes in self._lanes.items():
            for lane in lanes:
                lane.measures.refresh(now)
                lane.parts = parts_of(lane, now)
                lane.score = score_of(lane.parts)
            lanes.sort(key=_place)
            for tier in {lane.source.tier for lane in lanes}:
                self._hold(kind, tier, lanes, now)
        self.number += 1
        self.computed_time = self._clock.now()

    def _hold(self, kind: Kind, tier: Tier, lanes: list[Lane], now: float) -> None:
        """Let a tier's leader lead on while it may be asked, unless another is clearly better, and not too soon.

        So two sources of like quality do not take turns, and users do not see prices jump between their venues. One
        that may not be asked challenges nobody, however well it did before.
        """
        challenger = next((lane for lane in lanes if lane.source.tier is tier and lane.is_free(now)), None)
        lead = self._leads.get((kind, tier))
        if challenger is None or (lead is not None and lead.lane is challenger):
            return
        if lead is not None and lead.lane.is_free(now):
            is_settled = now - lead.since >= _SETTLED_S
            if not is_settled or challenger.score < CLEARLY * lead.lane.score:
                lanes.remove(lead.lane)
                lanes.insert(lanes.index(challenger), lead.lane)
                return
        # The first of all leads by the catalogue alone, and holds nobody off.
        self._leads[kind, tier] = _Lead(challenger, -inf if lead is None else now)

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
                    calls=measures.recent,
                    excluded=out.reason if out is not None else "",
                )
            )
        return Ranking(kind.value, tuple(ranked), self.computed_time)


def _series_of(query: CandlesQuery) -> Hashable:
    """Return what all pages of a series share."""
    return query.asset.id, query.quote, query.interval.token


def _place(lane: Lane) -> tuple[int, float]:
    """Return the sort key: the tier, then the better score first."""
    return (lane.source.tier, -lane.score)
