"""Jobs at fixed intervals: one run of each at a time, bounded, jittered; a failing one is said once, and once back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from server.clock import Clock
from server.errors import NerkhError

log = structlog.get_logger()

JITTER = 0.1
"""Share of the interval by which a run may come later, so that many processes do not ask in step."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job and how often it runs, in seconds; `first_s` is when it first does."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[None]]
    first_s: float = 2.0


class Collectors:
    """Runs schedules until it is stopped."""

    def __init__(self, schedules: Sequence[Schedule], clock: Clock) -> None:
        self._schedules = tuple(schedules)
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin every schedule."""
        self._tasks = [asyncio.create_task(self._keep(each), name=f"collect-{each.name}") for each in self._schedules]

    async def stop(self) -> None:
        """End every schedule, also in the middle of a run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _keep(self, schedule: Schedule) -> None:
        await self._clock.sleep(schedule.first_s * (1 + self._clock.random()))
        failing = False
        while True:
            failing = await self._run(schedule, failing=failing)
            await self._clock.sleep(schedule.every_s * (1 + JITTER * self._clock.random()))

    async def _run(self, schedule: Schedule, *, failing: bool) -> bool:
        """Run once; return whether it failed."""
        try:
            async with asyncio.timeout(schedule.every_s):
                await schedule.run()
        except (NerkhError, TimeoutError) as error:
            if not failing:
                log.warning("collector_failing", collector=schedule.name, reason=error)
            return True
        except Exception:
            log.exception("collector_broke", collector=schedule.name)
            return True
        if failing:
            log.info("collector_back", collector=schedule.name)
        return False
