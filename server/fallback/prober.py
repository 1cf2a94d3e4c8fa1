"""Asks excluded sources now and then, so that they come back without anyone's hand; the engine runs one.

With a query lately asked, else a simple one; or, behind a caller's back, with a share of what callers ask.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from math import inf
from typing import Any

from server.clock import Clock
from server.fallback.attempt import Runner
from server.fallback.breaker import Admission
from server.fallback.lane import Lane
from server.fallback.simple import simple_query
from server.fallback.standing import Standing
from server.fallback.watch import Watch
from server.model import Kind, Purpose, Query
from server.settings import Settings

_LOOK_S = 5.0
_APART_S = 0.3
"""Probes start so far from each other: a few a second in all."""
_CONFIRM_S = 10.0
"""A source that answered its probe is asked again so soon: two successes close its circuit."""
_KEPT = 8

Spawn = Callable[[Coroutine[None, None, Any]], "asyncio.Task[Any]"]


class Prober:
    """Probes lanes whose circuit is open, and sources that are out of rotation. What they answer is judged alone."""

    def __init__(self, watch: Watch, runner: Runner, clock: Clock, *, settings: Settings, spawn: Spawn) -> None:
        self._watch = watch
        self._runner = runner
        self._clock = clock
        self._spawn = spawn
        self._every_s = settings.probe_s
        self._longest_s = settings.attempt_ceiling_s
        self._share = settings.mirror_share
        self._mirror_s = settings.mirror_least_s
        self._lately: dict[Kind, deque[Query]] = {kind: deque(maxlen=_KEPT) for kind in Kind}
        self._probed: dict[Lane, float] = {}
        self._confirm: dict[Lane, float] = {}
        self._under_way: set[Standing] = set()
        self._mirrored: dict[Standing, float] = {}

    def asked(self, query: Query, lanes: Sequence[Lane]) -> None:
        """Take in what a caller asks; a share of it also goes to the sources that may not answer it now."""
        lately = self._lately[query.kind]
        if not lately or lately[-1] is not query:
            lately.append(query)
        if self._share and self._clock.random() < self._share:
            now = self._clock.monotonic()
            for lane in lanes:
                standing = lane.standing
                if lane.is_free(now) or now < self._mirrored.get(standing, -inf) + self._mirror_s:
                    continue
                admission = self._admission(lane, now)
                if admission is not None:
                    self._mirrored[standing] = now
                    self._spawn(self._probe(lane, query, admission))

    async def run(self) -> None:
        """Probe what is due, until cancelled."""
        while True:
            for lane in self._due(self._clock.monotonic()):
                now = self._clock.monotonic()
                query = self._query(lane)
                admission = None if query is None else self._admission(lane, now)
                if query is not None and admission is not None:
                    self._probed[lane] = now
                    self._spawn(self._probe(lane, query, admission))
                    await self._clock.sleep(_APART_S)
            await self._clock.sleep(_LOOK_S)

    def _due(self, now: float) -> list[Lane]:
        """Return the lanes to probe now: of a source out of rotation one alone, and the one with a query to ask."""
        due: list[Lane] = []
        for standing in self._watch.standings.values():
            if now < standing.barred_until:
                continue
            if standing.health.is_out():
                if standing.health.is_due(now) and (lane := self._best(standing)) is not None:
                    due.append(lane)
                continue
            if standing.is_down and not any(lane.breaker.is_open for lane in standing.lanes):
                # It refused this way out; what is left of that is to find out whether it still does.
                lane = self._best(standing)
                due += [lane] if lane is not None and now >= self._probed.get(lane, -inf) + self._every_s else []
            due += [lane for lane in standing.lanes if lane.breaker.is_open and now >= self._due_at(lane)]
        return due

    def _due_at(self, lane: Lane) -> float:
        """Return when an open circuit is to be probed: a while after it last opened, soon after a probe's success."""
        last = max(lane.breaker.opened_at, self._probed.get(lane, -inf))
        due_at = last + self._every_s
        return self._confirm.get(lane, due_at) if lane.breaker.is_halfway() else due_at

    def _best(self, standing: Standing) -> Lane | None:
        """Return the lane of a source to probe, if a query can be made: in turns, for one kind may be dead for good.

        Of those that were never probed one whose circuit is open comes first.
        """
        lanes = sorted(standing.lanes, key=lambda lane: (self._probed.get(lane, -inf), not lane.breaker.is_open))
        return next((lane for lane in lanes if self._query(lane) is not None), None)

    def _query(self, lane: Lane) -> Query | None:
        """Return a query to probe a lane with: one lately asked that it serves and has, else a simple one."""
        now = self._clock.monotonic()
        for query in reversed(self._lately[lane.kind]):
            if lane.capability.serves(lane.source, query) and not lane.comes_last(query, now):
                return query
        return simple_query(lane)

    def _admission(self, lane: Lane, now: float) -> Admission | None:
        """Return leave for a probe; none while another one of the same source is under way."""
        standing = lane.standing
        if standing in self._under_way or any(each.breaker.is_probing() for each in standing.lanes):
            return None
        return lane.admit_probe(now)

    async def _probe(self, lane: Lane, query: Query, admission: Admission) -> None:
        """Ask with the full time; its slot is freed whatever happens."""
        self._under_way.add(lane.standing)
        try:
            await self._runner.run(lane, query, admission, self._longest_s, purpose=Purpose.BACKGROUND)
        finally:
            lane.breaker.release(admission)
            self._under_way.discard(lane.standing)
        self._confirm[lane] = self._clock.monotonic() + _CONFIRM_S
