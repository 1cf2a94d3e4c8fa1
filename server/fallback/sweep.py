"""A sweep: one query to every source that serves it, side by side; collectors and consensus sweep, requests ask."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from server.clock import Clock
from server.errors import DeadlineTooShort
from server.fallback.attempt import Runner
from server.fallback.cache import Cache, Slot
from server.fallback.fetch import is_foreign
from server.fallback.figures import FIGURES
from server.fallback.flight import Flight
from server.fallback.keeper import Keeper
from server.fallback.lane import Lane
from server.fallback.plan import Plan
from server.fallback.race import Spawn
from server.fallback.rates import Rates
from server.fallback.second import Second
from server.model import Answer, Attempt, NewsQuery, Outcome, PriceQuery, PricesQuery, Purpose, Query, Value
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Sweep:
    """What every source that could be asked answered; `attempts` also holds those that failed or were passed over."""

    answers: tuple[Answer[Value], ...]
    attempts: tuple[Attempt, ...]


Found = tuple[Answer[Value] | None, Attempt]
"""What one source answered, None when it did not, and how it was asked."""


class _RanOut(DeadlineTooShort):
    """The time of who asks one source ended first; `attempt` says how far it came."""

    def __init__(self, spent_s: float, attempt: Attempt) -> None:
        super().__init__(spent_s)
        self.attempt = attempt


def _late(lane: Lane) -> Found:
    """Return what stands for a source that was not waited for."""
    return None, Attempt(lane.id, Outcome.CANCELLED, detail="late; what it answers is there for the next call")


class Sweeper:
    """Asks all lanes of a query at once; each source's answer is cached and shared on its own."""

    def __init__(
        self,
        plan: Plan,
        runner: Runner,
        rates: Rates,
        cache: Cache,
        second: Second,
        *,
        clock: Clock,
        settings: Settings,
        keeper: Keeper,
        spawn: Spawn,
    ) -> None:
        self._spawn = spawn
        self._second = second
        self._plan = plan
        self._runner = runner
        self._rates = rates
        self._cache = cache
        self._clock = clock
        self._settings = settings
        self._keeper = keeper
        self._flight: Flight[Found] = Flight(clock, settings.lease_s)

    async def sweep(
        self,
        query: Query,
        deadline_s: float | None,
        purpose: Purpose = Purpose.USER,
        patience_s: float | None = None,
    ) -> Sweep:
        """Return, in the plan's order, every fresh answer that comes within the deadline: the kind's own for None.

        With `patience_s`, once half of the sources have answered the others get as long again, that long at least;
        what comes later is cached all the same.
        """
        until = self._clock.monotonic() + (FIGURES[query.kind].deadline_s if deadline_s is None else deadline_s)
        lanes = self._plan.covering(query)
        asking = [self.one(lane, query, until, purpose) for lane in lanes]
        if patience_s is None:
            found: Sequence[Found] = await asyncio.gather(*asking)
        else:
            tasks = [self._spawn(each) for each in asking]
            await self._most(tasks, patience_s)
            found = [task.result() if task.done() else _late(lane) for lane, task in zip(lanes, tasks, strict=True)]
        return Sweep(tuple(answer for answer, _ in found if answer is not None), tuple(attempt for _, attempt in found))

    async def _most(self, tasks: Sequence[asyncio.Task[Found]], patience_s: float) -> None:
        """Wait until all have ended, or half have an answer and the others had as long again."""
        start, waiting, answered = self._clock.monotonic(), set(tasks), 0
        while waiting and 2 * answered < len(tasks):
            ended, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            answered += sum(task.result()[0] is not None for task in ended)
        if waiting:
            await asyncio.wait(waiting, timeout=max(patience_s, self._clock.monotonic() - start))

    async def one(self, lane: Lane, query: Query, until: float, purpose: Purpose = Purpose.BACKGROUND) -> Found:
        """Return one source's answer, from its cache entry while that is fresh."""
        slot = self._cache.slot((lane.id, query), query)
        now = self._clock.monotonic()
        entry = slot.entry
        if entry is not None and now < entry.fresh_until:
            slot.tally.hits += 1
            answer = entry.cached(now)
            return answer, answer.provenance.attempts[-1]
        slot.tally.misses += 1
        try:
            parts = (slot, lane, until, purpose)
            return await self._flight.share(slot, until, self._ask, *parts, alone=purpose is not Purpose.USER)
        except TimeoutError:
            return None, Attempt(lane.id, Outcome.CANCELLED, detail="the deadline ended first")
        except _RanOut as error:
            return None, error.attempt

    async def _ask(self, slot: Slot, lane: Lane, until: float, purpose: Purpose) -> Found:
        """Ask one source; also the probe of one whose circuit is half-open. A feed may have been read by another.

        Raises `_RanOut` when the time of who asks ended first: whoever waits with more of it asks anew.
        """
        query = slot.query
        if isinstance(query, NewsQuery):
            known, entry = await self._second.look(slot, until, lane.id), slot.entry
            if known is not None and entry is not None and self._clock.monotonic() < entry.fresh_until:
                return known, known.provenance.attempts[-1]
        now = self._clock.monotonic()
        admission = lane.admit(now, purpose)
        if admission is None:
            return None, lane.skipped(now, purpose)
        span = min(self._settings.attempt_ceiling_s, until - now)
        tried = await self._runner.run(lane, query, admission, span, purpose=purpose)
        attempt, value = tried.attempt(), tried.value
        if tried.outcome not in (Outcome.OK, Outcome.STALE):
            value = None
        elif value is not None and isinstance(query, PriceQuery | PricesQuery) and is_foreign(query, value):
            value = await self._rates.converted(value, query.quote, until)
        if value is None:
            if self._clock.monotonic() >= until:
                raise _RanOut(until - now, attempt)
            return None, attempt
        return self._keeper.keep(slot, tried, value, (attempt,), own=True), attempt
