"""One fetch's way through its lanes, and the attempts it has under way: one, and at most a hedge beside it.

The fetcher owns one course for each fetch. A hedge starts when the attempt under way is late for its source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, NamedTuple

from server.clock import Clock
from server.fallback.attempt import Runner
from server.fallback.breaker import Admission
from server.fallback.budget import Budget
from server.fallback.lane import Lane
from server.fallback.leg import Leg
from server.fallback.routes import Route
from server.fallback.tried import Tried
from server.model import Attempt, Outcome, Purpose, Query

_SHARES = 3
_PATIENCE = 0.5
"""The part of the time left that is spent at most on waiting for a source's limits."""

Probing = Callable[[Lane, Admission, Purpose], None]
Ending = Callable[["Course", Tried], bool]
Spawn = Callable[[Coroutine[None, None, Any]], "asyncio.Task[Any]"]


class Means(NamedTuple):
    """What all courses of one fetcher work with."""

    runner: Runner
    budget: Budget
    clock: Clock
    spawn: Spawn
    most: int
    """How many attempts a fetch may make."""
    floor_s: float
    ceiling_s: float
    """Between these is the time of an attempt."""


class Course:
    """Hands out lanes in the plan's order, each once, and keeps the record of those that were passed over."""

    __slots__ = (
        "_clock",
        "_ends",
        "_has_waited",
        "_lanes",
        "_means",
        "_place",
        "_probing",
        "_purpose",
        "_taken",
        "_until",
        "asked",
        "attempts",
        "beside",
        "query",
    )

    def __init__(
        self,
        means: Means,
        query: Query,
        lanes: Sequence[Lane],
        until: float,
        *,
        probing: Probing,
        ends: Ending,
        purpose: Purpose,
    ) -> None:
        """Begin; `ends` says whether what a hedge brought is the answer, whatever the late source would bring."""
        self._means = means
        self._clock = means.clock
        self.query = query
        self._lanes = lanes
        self._until = until
        self._probing = probing
        self._ends = ends
        self._purpose = purpose
        self._taken: tuple[int, ...] = ()
        self._has_waited = False
        self._place = 0
        self.asked = 0
        """How many attempts were made, those passed over not counted."""
        self.attempts: list[Attempt] = []
        self.beside: Leg | None = None
        """The hedge under way."""

    def next(self) -> Leg | None:
        """Return the next lane that may be asked, None when there is none; one that is half-open is probed behind."""
        lanes, now = self._lanes, self._clock.monotonic()
        while self._place < len(lanes):
            index, self._place = self._place, self._place + 1
            if index in self._taken:
                continue
            lane = lanes[index]
            admission = lane.admit(now, self._purpose)
            if admission is None:
                self.attempts.append(lane.skipped(now, self._purpose))
            elif admission.probe:
                self.attempts.append(lane.skipped(now))
                self._probing(lane, admission, self._purpose)
            else:
                self.asked += 1
                self._taken += (index,)
                return Leg(index, lane, admission, now)
        return None

    def repeat(self, leg: Leg) -> Leg | None:
        """Return an attempt for a second try at its source, None when it is not worth one or the budget is spent.

        Worth it is a connection that broke at once: a pooled one that the source had closed, most often. One refused
        by region goes on over another way out where there is one, as to another source: that is never refused.
        """
        tried, now = leg.tried, self._clock.monotonic()
        is_regional = tried.outcome is Outcome.REGION
        is_broken = tried.outcome is Outcome.RESET and tried.latency_s < leg.lane.late_s()
        if leg.is_repeat or not (is_regional or is_broken):
            return None
        admission = self._leave(leg.lane, now)
        if admission is None or not (is_regional or self._means.budget.take_repeat(now)):
            return None
        self.asked += 1
        leg.again(admission, now)
        return leg

    async def run(self, leg: Leg) -> Tried:
        """Wait for an attempt; when it is late for its source, start a hedge and let the better one win.

        The hedge that is still under way afterwards stands in `beside`. Returns the attempt that has an answer, else
        the one that was waited for.
        """
        lane, late = leg.lane, partial(self._hedge, leg)
        if leg.task is None:
            span = self._span(leg.index)
            await self._means.runner.run(
                lane, self.query, leg.admission, span, leg.tried, purpose=self._purpose, late=late
            )
        else:
            wait_s = lane.late_s() - (self._clock.monotonic() - leg.started)
            timer = asyncio.get_running_loop().call_later(wait_s, late)
            try:
                await leg.task
            finally:
                timer.cancel()
        hedge = self.beside
        if hedge is None or not leg.tried.is_beaten or hedge.task is None:
            return leg.tried
        self.attempts.append(leg.tried.attempt())
        self.beside = None
        return await hedge.task

    def turn(self) -> Leg | None:
        """Return what to wait for now that an attempt brought nothing: its hedge, else the next lane."""
        leg, self.beside = self.beside, None
        return self.next() if leg is None else leg

    async def onward(self, leg: Leg, *, is_patient: bool) -> Leg | None:
        """Return what to ask behind an attempt; None when nothing is left.

        Who is patient also waits for a source that its limits alone hold back.
        """
        found = self.repeat(leg) or self.turn()
        return await self.later() if found is None and is_patient else found

    async def later(self) -> Leg | None:
        """Wait for the first source that its limits alone keep from being asked, if it is free again in time.

        For when nobody else may be asked: a second's patience is worth more than no answer, or an old one.
        """
        if self._has_waited:
            return None
        now = self._clock.monotonic()
        latest = now + _PATIENCE * (self._until - now)
        first: tuple[float, int] | None = None
        for index, lane in enumerate(self._lanes):
            if lane.breaker.is_open or now < lane.standing.out_until or index in self._taken:
                continue
            wait = lane.wait(now, self._purpose)
            if wait is not None and wait.until <= latest and (first is None or wait.until < first[0]):
                first = (wait.until, index)
        if first is None:
            return None
        self._has_waited = True
        await self._clock.sleep(first[0] - now)
        now = self._clock.monotonic()
        lane = self._lanes[first[1]]
        admission = self._leave(lane, now)
        if admission is None:
            return None
        self.asked += 1
        return Leg(first[1], lane, admission, now)

    def _leave(self, lane: Lane, now: float) -> Admission | None:
        """Return leave for an ordinary call at a lane; that for a probe is given back."""
        admission = lane.admit(now, self._purpose)
        if admission is not None and admission.probe:
            lane.breaker.release(admission)
            return None
        return admission

    def has_rival(self, lane: Lane) -> bool:
        """Say whether another source is asked beside a lane, or could be without spending what is scarce."""
        return self.beside is not None or self.has_more(lane)

    def has_more(self, lane: Lane) -> bool:
        """Say whether another source could be asked that was not yet, without spending what is scarce."""
        return self._rival(lane, self._clock.monotonic()) is not None

    def settle(self) -> None:
        """End what is still under way: the fetch has its answer, or its caller went away."""
        hedge, self.beside = self.beside, None
        if hedge is None or hedge.task is None or hedge.task.cancelled():
            return
        if hedge.task.done():
            self.attempts.append(hedge.tried.attempt())
        elif hedge.tried.limit is None:  # it has not begun yet: nobody was asked
            hedge.task.cancel()
            self.asked -= 1
        else:
            hedge.tried.beat()
            spent_s, route = self._clock.monotonic() - hedge.started, hedge.tried.route().name
            self.attempts.append(Attempt(hedge.lane.id, Outcome.CANCELLED, spent_s, route, "another source was faster"))

    def _hedge(self, leg: Leg) -> None:
        """Ask another source beside an attempt that is late."""
        now = self._clock.monotonic()
        if self.beside is not None or now >= self._until or self.asked >= self._means.most:
            return
        index = self._rival(leg.lane, now, leg.tried.route())
        if index is None:
            return
        lane = self._lanes[index]
        admission = lane.admit(now, self._purpose)
        if admission is None or not self._means.budget.take_hedge(now):
            return
        self._taken += (index,)
        self.asked += 1
        hedge = self.beside = Leg(index, lane, admission, now)
        hedge.tried.avoid = leg.tried.route()
        asked = self._means.runner.run(
            lane, self.query, admission, self._span(index), hedge.tried, purpose=self._purpose
        )
        hedge.task = self._means.spawn(asked)
        hedge.task.add_done_callback(partial(self._arrived, leg, hedge))

    def _arrived(self, leg: Leg, hedge: Leg, task: asyncio.Task[Tried]) -> None:
        """End the attempt that is late, if it still is, when its hedge has the answer; else both are waited for."""
        if not task.cancelled() and leg.tried.limit is not None and self._ends(self, hedge.tried):
            self._means.budget.wins += 1
            leg.tried.beat()

    def _rival(self, leader: Lane, now: float, avoid: Route | None = None) -> int | None:
        """Return the place of the next lane to ask beside the leader: of another provider where there is one."""
        second = None
        for index in range(self._place, len(self._lanes)):
            lane = self._lanes[index]
            if (
                not lane.is_free(now)
                or index in self._taken
                or lane.standing.base_url == leader.standing.base_url
                or not lane.has_room_for_hedge(now, avoid)
                or lane.wait(now, self._purpose) is not None
            ):
                continue
            if lane.source.provider != leader.source.provider:
                return index
            second = index if second is None else second
        return second

    def _span(self, index: int) -> float:
        """Return how long an attempt may take: what its source needs, but a share when others could still be asked."""
        now = self._clock.monotonic()
        left = self._until - now
        shares = 1
        for place in range(index + 1, len(self._lanes)):
            if self._lanes[place].is_free(now):
                shares += 1
                if shares == _SHARES:
                    break
        if shares == 1:
            return left
        means = self._means
        own = self._lanes[index].measures.attempt_s(means.floor_s, means.ceiling_s)
        return min(left, own, max(means.floor_s, left / shares))
