"""One fetch's way through its lanes, and the attempts it has under way: one, and at most a hedge beside it.

The fetcher owns one course for each fetch. A hedge starts when the attempt under way is late for its source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from server.clock import Clock
from server.fallback.attempt import Runner, Tried
from server.fallback.breaker import Admission
from server.fallback.budget import Budget
from server.fallback.lane import Lane
from server.model import Articles, Attempt, Outcome, Query, TransactionPage, Value, WhaleTransactions

_OK = Outcome.OK
_SHARES = 3

Probing = Callable[[Lane, Admission], None]
Spawn = Callable[[Coroutine[None, None, Any]], "asyncio.Task[Any]"]


class Leg:
    """One attempt of a fetch: run in place, or as a task of its own when it is a hedge."""

    __slots__ = ("admission", "index", "is_repeat", "lane", "started", "task", "tried")

    def __init__(self, index: int, lane: Lane, admission: Admission, now: float, *, is_repeat: bool = False) -> None:
        self.index = index
        self.lane = lane
        self.started = now
        self.admission = admission
        self.tried = Tried(lane)
        self.task: asyncio.Task[Tried] | None = None
        self.is_repeat = is_repeat


class Course:
    """Hands out lanes in the plan's order, each once, and keeps the record of those that were passed over."""

    __slots__ = (
        "_budget",
        "_clock",
        "_floor_s",
        "_lanes",
        "_most",
        "_probing",
        "_query",
        "_runner",
        "_spawn",
        "_taken",
        "_until",
        "asked",
        "attempts",
        "beside",
        "ceiling_s",
        "place",
    )

    def __init__(
        self,
        runner: Runner,
        budget: Budget,
        clock: Clock,
        *,
        query: Query,
        lanes: Sequence[Lane],
        until: float,
        bounds: tuple[float, float],
        most: int,
        probing: Probing,
        spawn: Spawn,
    ) -> None:
        self._runner = runner
        self._budget = budget
        self._clock = clock
        self._query = query
        self._lanes = lanes
        self._until = until
        self._floor_s, self.ceiling_s = bounds
        self._most = most
        self._probing = probing
        self._spawn = spawn
        self._taken: set[int] | None = None
        self.place = 0
        self.asked = 0
        """How many attempts were made, those passed over not counted."""
        self.attempts: list[Attempt] = []
        self.beside: Leg | None = None
        """The hedge under way."""

    def next(self) -> Leg | None:
        """Return the next lane that may be asked, None when there is none; one that is half-open is probed behind."""
        lanes, now = self._lanes, self._clock.monotonic()
        while self.place < len(lanes):
            index, self.place = self.place, self.place + 1
            if self._taken is not None and index in self._taken:
                continue
            lane = lanes[index]
            admission = lane.admit(now)
            if admission is None:
                self.attempts.append(lane.skipped(now))
            elif admission.probe:
                self.attempts.append(lane.skipped(now))
                self._probing(lane, admission)
            else:
                self.asked += 1
                return Leg(index, lane, admission, now)
        return None

    def repeat(self, leg: Leg) -> Leg | None:
        """Return a second try at the same source, None when it is not worth one or the budget is spent.

        Worth it is a connection that broke at once: a pooled one that the source had closed, most often.
        """
        tried, now = leg.tried, self._clock.monotonic()
        if leg.is_repeat or tried.outcome is not Outcome.RESET or tried.latency_s >= leg.lane.late_s():
            return None
        admission = leg.lane.admit(now)
        if admission is None or admission.probe or not self._budget.take_repeat(now):
            if admission is not None:
                leg.lane.breaker.release(admission)
            return None
        self.asked += 1
        return Leg(leg.index, leg.lane, admission, now, is_repeat=True)

    async def run(self, leg: Leg) -> Tried:
        """Wait for an attempt; when it is late for its source, start a hedge and let the better one win.

        The hedge that is still under way afterwards stands in `beside`. Returns the attempt that has an answer, else
        the one that was waited for.
        """
        wait_s = leg.lane.late_s() - (self._clock.monotonic() - leg.started)
        timer = asyncio.get_running_loop().call_later(wait_s, self._hedge, leg)
        try:
            if leg.task is None:
                span = self._span(leg.index)
                await self._runner.run(leg.lane, self._query, leg.admission, span, leg.tried)
            else:
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

    def settle(self) -> None:
        """End what is still under way: the fetch has its answer, or its caller went away."""
        hedge, self.beside = self.beside, None
        if hedge is not None and hedge.task is not None and not hedge.task.done():
            hedge.tried.beat()
            spent_s = self._clock.monotonic() - hedge.started
            self.attempts.append(Attempt(hedge.lane.id, Outcome.CANCELLED, spent_s, detail="another source was faster"))

    def _hedge(self, leg: Leg) -> None:
        """Ask another source beside an attempt that is late."""
        now = self._clock.monotonic()
        if self.beside is not None or now >= self._until or self.asked >= self._most:
            return
        index = self._rival(leg.lane, now)
        if index is None or not self._budget.take_hedge(now):
            return
        lane = self._lanes[index]
        admission = lane.admit(now)
        if admission is None:
            return
        self._taken = {index} if self._taken is None else self._taken | {index}
        self.asked += 1
        hedge = self.beside = Leg(index, lane, admission, now)
        hedge.task = self._spawn(self._runner.run(lane, self._query, admission, self._span(index), hedge.tried))
        hedge.task.add_done_callback(partial(self._arrived, leg, hedge))

    def _arrived(self, leg: Leg, hedge: Leg, task: asyncio.Task[Tried]) -> None:
        """End the attempt that is late when its hedge has the answer; an empty one never wins."""
        if not task.cancelled() and hedge.tried.outcome is _OK and not is_empty(hedge.tried.value):
            self._budget.wins += leg.tried.limit is not None
            leg.tried.beat()

    def _rival(self, leader: Lane, now: float) -> int | None:
        """Return the place of the next lane to ask beside the leader: of another provider where there is one."""
        own = leader.source.provider
        second = None
        for index in range(self.place, len(self._lanes)):
            lane = self._lanes[index]
            if (
                not lane.is_free(now)
                or (self._taken is not None and index in self._taken)
                or lane.standing.base_url == leader.standing.base_url
            ):
                continue
            if lane.source.provider != own:
                return index
            if second is None:
                second = index
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
        own = self._lanes[index].measures.attempt_s(self._floor_s, self.ceiling_s)
        return min(left, own, max(self._floor_s, left / shares))


def is_empty(value: Value | None) -> bool:
    """Say whether a value is a list with nothing in it: true perhaps, but no reason to stop waiting for another."""
    if isinstance(value, Articles):
        return not value.articles
    if isinstance(value, TransactionPage | WhaleTransactions):
        return not value.transactions
    return value is None
