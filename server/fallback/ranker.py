"""Keeps the plan current off the request's path, and says once that a source is down and once that it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from server.clock import Clock
from server.fallback.lane import Lane
from server.fallback.plan import Plan
from server.fallback.views import state_of
from server.model import Outcome, SourceState

_log = structlog.get_logger()

_LEAST_S = 1.0
_OUT = frozenset({SourceState.FAILED, SourceState.BLOCKED, SourceState.SUNSET})


class Ranker:
    """Ranks every `every_s`, and within a second of a lane's opening, closing or being set aside.

    `heard` is told of each such change once it is said whether the source is down.
    """

    def __init__(
        self, plan: Plan, clock: Clock, every_s: float, heard: Callable[[Lane], None] = lambda _: None
    ) -> None:
        self._heard = heard
        self._plan = plan
        self._clock = clock
        self._every_s = every_s
        self._dirty = asyncio.Event()

    async def run(self) -> None:
        """Rank until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._every_s):
                    await self._dirty.wait()
            except TimeoutError:
                pass
            self._dirty.clear()
            self._plan.rank()
            await self._clock.sleep(_LEAST_S)

    def turned(self) -> None:
        """Take in that sources may be asked, or may not, for a reason that is none of theirs."""
        self._dirty.set()

    def changed(self, lane: Lane) -> None:
        """Take in that a lane opened, closed or was set aside, or that its source works again."""
        self._dirty.set()
        standing = lane.standing
        state = state_of(standing, self._clock.monotonic())
        is_out = state in _OUT or standing.is_refused()
        was_down = standing.is_down
        # Back by a success alone: one more kind that fails, its circuit not open yet, makes it look less than failed.
        standing.is_down = is_out or (was_down and lane.measures.last_outcome is not Outcome.OK)
        if standing.is_down and not was_down:
            outcome = lane.measures.last_outcome
            _log.warning("source down", source=lane.id, kind=lane.kind.value, outcome=outcome and outcome.value)
        elif was_down and not standing.is_down:
            _log.info("source back", source=lane.id, kind=lane.kind.value)
        self._heard(lane)
