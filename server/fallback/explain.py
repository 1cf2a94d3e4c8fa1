"""Explains a route: which sources one query would be asked of now, in which order, and why; a pure reading.

The engine makes one; monitoring shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import isinf

from server.clock import Clock
from server.fallback import words
from server.fallback.cache import Cache
from server.fallback.failure import describe
from server.fallback.gaps import gap_of
from server.fallback.lane import Lane, told_apart
from server.fallback.plan import CLEARLY, Plan
from server.fallback.views import breaker_view, state_of
from server.model import CandlesQuery, Kind, Place, Query, Route, RoutedSource
from server.settings import Settings

_SWEPT = frozenset({Kind.NEWS})
"""Kinds whose sources are all asked at the same time, whatever their order."""
_NAMED = 3


class Explainer:
    """Reads plan, lanes and cache; asks no source, and changes nothing of what happens next."""

    def __init__(self, plan: Plan, cache: Cache, clock: Clock, settings: Settings) -> None:
        self._plan = plan
        self._cache = cache
        self._clock = clock
        self._most = settings.attempts
        self._near_equal = settings.near_equal

    def explain(self, query: Query) -> Route:
        """Return the sources of a query's kind: those asked in their order, those out, those that do not cover it."""
        now = self._clock.monotonic()
        covering = self._plan.covering(query)
        asked, out = [], []
        for lane in covering:
            if (exclusion := lane.exclusion(now)) is not None:
                out.append((lane, exclusion.reason))
            else:
                asked.append(lane)
        front, suspects = told_apart(asked, now, is_series=isinstance(query, CandlesQuery))
        asked = [*front, *suspects]
        known = frozenset(covering)
        others = [lane for lane in self._plan.lanes(query.kind) if lane not in known]
        gaps = [(lane, gap_of(lane, query)) for lane in others]
        sources = (
            *self._in_order(query, asked, suspects, [lane for lane, _ in out]),
            *(self._routed(lane, Place.EXCLUDED, words.excluded(lane, why, now), out=why) for lane, why in out),
            *(self._routed(lane, Place.UNCOVERED, f"not for this: it {gap}", gap=gap) for lane, gap in gaps),
        )
        return Route(
            kind=query.kind.value,
            question=describe(query),
            summary=_summary(query, asked, len(out), len(gaps), self._most),
            sources=sources,
            computed_time=self._plan.computed_time,
            fresh_until=self._fresh_until(query, now),
        )

    def _in_order(
        self, query: Query, asked: Sequence[Lane], suspects: Sequence[Lane], out: Sequence[Lane]
    ) -> list[RoutedSource]:
        """Return the lanes that may be asked, each with the reason for its place."""
        now = self._clock.monotonic()
        near_equal = None if isinstance(query, CandlesQuery) else self._near_equal
        last = {lane for lane in asked if lane in suspects or lane.comes_last(query, now)}
        found = []
        for position, lane in enumerate(asked, 1):
            if query.kind in _SWEPT:
                found.append(self._routed(lane, Place.ASKED, words.swept(lane), position))
            elif position > self._most:
                found.append(self._routed(lane, Place.UNREACHED, words.unreached(lane, position, self._most)))
            elif lane in suspects:
                found.append(self._routed(lane, Place.ASKED, words.suspect(lane, position), position))
            elif lane.is_ignorant(query, now):
                found.append(self._routed(lane, Place.ASKED, words.ignorant(lane, position, describe(query)), position))
            elif lane.is_behind(query, now):
                found.append(self._routed(lane, Place.ASKED, words.behind(lane, position, describe(query)), position))
            elif position == 1:
                peers = [each for each in asked[1:] if each.source.tier is lane.source.tier]
                rivals = [each for each in peers if each not in last]
                sentence = words.leader(
                    lane,
                    rivals,
                    _passed(lane, asked, out),
                    near_equal=near_equal,
                    clearly=CLEARLY,
                    has_last=len(peers) > len(rivals),
                )
                found.append(self._routed(lane, Place.ASKED, sentence, position))
            else:
                sentence = words.follower(lane, position, asked[position - 2], asked[0], near_equal)
                found.append(self._routed(lane, Place.ASKED, sentence, position))
        return found

    def _routed(
        self, lane: Lane, place: Place, sentence: str, position: int | None = None, *, out: str = "", gap: str = ""
    ) -> RoutedSource:
        now = self._clock.monotonic()
        return RoutedSource(
            source=lane.id,
            tier=lane.source.tier.name,
            place=place,
            position=position,
            score=lane.score,
            parts=lane.parts,
            calls=lane.measures.calls,
            state=state_of(lane.standing, now),
            circuit=breaker_view(lane, self._clock),
            excluded=out,
            uncovered=gap,
            retry_time=self._time_of(max(lane.free_at(now), now), now) if out else None,
            last=lane.endings.last,
            sentence=sentence,
        )

    def _fresh_until(self, query: Query, now: float) -> datetime | None:
        """Return until when the cache answers alone, None when it does not."""
        slot = self._cache.find(query)
        if slot is None or slot.entry is None or now >= slot.entry.fresh_until:
            return None
        return self._time_of(slot.entry.fresh_until, now)

    def _time_of(self, at: float, now: float) -> datetime | None:
        """Return a monotonic time as a time of day, None for never."""
        return None if isinf(at) else self._clock.now() + timedelta(seconds=at - now)


def _passed(leader: Lane, asked: Sequence[Lane], out: Sequence[Lane]) -> list[str]:
    """Return the tiers better than the leader's of which no source is asked, the best first."""
    still = {lane.source.tier for lane in asked}
    tiers = {lane.source.tier for lane in out} - still
    return [tier.name for tier in sorted(tiers) if tier < leader.source.tier]


def _summary(query: Query, asked: Sequence[Lane], out: int, gaps: int, most: int) -> str:
    """Return one sentence on all of them."""
    covering = len(asked) + out
    question = describe(query)
    if not covering:
        return f"{question}: no source serves it" + (f"; {gaps} serve other questions of its kind" if gaps else "")
    count = f"{len(asked)} of {covering} source{'s' * (covering != 1)} can be asked now"
    if not asked:
        return f"{question}: none of {covering} source{'s' * (covering != 1)} can be asked now; old answers are served"
    if query.kind in _SWEPT:
        return f"{question}: {count}, all at the same time"
    then = [lane.id for lane in asked[1 : min(_NAMED, most)]]
    more = f"; when it fails, {', then '.join(then)}" if then else ""
    return f"{question}: {count}; {asked[0].id} is asked first{more}"
