"""One fetch: goes through the plan until a source's answer is believed; the engine runs one on each cache miss."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import Context
from functools import partial
from math import inf

from server.clock import Clock
from server.fallback.attempt import Runner
from server.fallback.breaker import Admission
from server.fallback.budget import Budget
from server.fallback.cache import Slot
from server.fallback.keeper import Keeper
from server.fallback.lane import Lane, told_apart
from server.fallback.race import Course, Means, Spawn
from server.fallback.rates import Rates
from server.fallback.settling import Fetch, Probe, Settler
from server.fallback.tried import Tried
from server.fallback.vetted import Doubt, Vetted
from server.model import (
    Answer,
    Articles,
    Attempt,
    CandlesQuery,
    Outcome,
    Price,
    PriceQuery,
    Prices,
    PricesQuery,
    Purpose,
    Query,
    TransactionPage,
    Value,
    WhaleTransactions,
)
from server.settings import Settings

_OK = Outcome.OK
_EARLY_EVERY_S = 0.3
_TOO_LITTLE_S = 0.01
"""No source answers within so short a time."""
_PRICED = (PriceQuery, PricesQuery)


class Fetcher:
    """Goes through lanes in order; starts the probes of half-open ones behind, so that no caller waits for them."""

    def __init__(
        self,
        runner: Runner,
        rates: Rates,
        vetted: Vetted,
        clock: Clock,
        *,
        settings: Settings,
        budget: Budget,
        spawn: Spawn,
        keeper: Keeper,
    ) -> None:
        self._means = Means(
            runner, budget, clock, spawn, settings.attempts, settings.attempt_floor_s, settings.attempt_ceiling_s
        )
        self._near_equal = 1 - settings.near_equal
        self._runner = runner
        self._rates = rates
        self._vetted = vetted
        self._settler = Settler(runner, vetted, clock)
        self._clock = clock
        self._keeper = keeper
        self._next_early = 0.0
        self._mirrored: set[Lane] = set()
        """Lanes that are asked behind a caller now, or with the next turn of the loop."""

    async def fetch(
        self,
        slot: Slot,
        lanes: Sequence[Lane],
        until: float,
        *,
        native: bool = False,
        purpose: Purpose = Purpose.USER,
    ) -> Fetch:
        """Ask one source after another until one is believed or monotonic time reaches `until`.

        With `native` a price in another quote than the asked one is passed over instead of converted.
        """
        done, query = Fetch(), slot.query
        if until - self._clock.monotonic() < _TOO_LITTLE_S:
            done.is_late = True
            return done  # a request that nobody can wait for would spend a source's limits all the same
        self._means.budget.earn()
        lanes = self._in_order(slot, lanes)
        course = Course(
            self._means,
            query,
            lanes,
            until,
            probing=lambda lane, *leave: done.probes.append(self._probe(lane, slot, *leave)),
            ends=partial(self._ends, done, native=native),
            purpose=purpose,
        )
        done.attempts = course.attempts
        is_patient = slot.entry is None  # nothing is there to be served meanwhile
        leg = course.next() or (await course.later() if is_patient else None)
        try:
            while leg is not None:
                tried = await course.run(leg)
                done.attempts.append(tried.attempt())
                value = tried.value
                if value is not None and isinstance(query, _PRICED) and is_foreign(query, value):
                    value = await self._in_quote(done, query, tried, until, native=native)
                is_spare = tried.outcome is Outcome.OK and course.beside is not None and done.empty is None
                if value is not None and is_spare and is_empty(value):
                    done.empty = (tried, value)  # true perhaps, but another source is about to answer
                elif self._settler.takes(done, course, tried, value):
                    break
                elif done.doubt is Doubt.UNSEEN and value is None:
                    break  # who would confirm it cannot; it contradicts nothing
                if course.asked >= self._means.most or self._clock.monotonic() >= until:
                    break
                leg = await course.onward(leg, is_patient=is_patient and done.stale is None)
        finally:
            course.settle()
        done.asked = course.asked
        slot.tally.depths.note(done.asked)
        if done.winner is None and done.doubted:
            self._settler.decides(done, query)
        elif done.winner is None and done.empty is not None:
            done.win(*done.empty)
        done.is_late = self._clock.monotonic() >= until
        return done

    def _ends(self, done: Fetch, course: Course, tried: Tried, *, native: bool) -> bool:
        """Say whether an attempt's answer can be used at once, and needs no word of the source late beside it."""
        query, value = course.query, tried.value
        if tried.outcome is not _OK or value is None or is_empty(value):
            return False
        if isinstance(query, _PRICED) and is_foreign(query, value):
            value = None if native else self._rates.known(value, query.quote)
        return value is not None and self._settler.is_sure(done, course, tried, value)

    def _in_order(self, slot: Slot, lanes: Sequence[Lane]) -> Sequence[Lane]:
        """Return the lanes as they are to be asked; those passed over because they were silent are asked behind."""
        now = self._clock.monotonic()
        is_series = isinstance(slot.query, CandlesQuery)
        runner = self._runner
        if not runner.late and now >= runner.silent_until:  # most often: nobody is suspect
            return lanes if is_series else self._spread(slot.query, lanes)
        front, back = told_apart(lanes, now, is_series=is_series)
        for lane in back and lanes[: lanes.index(front[0])]:
            if now < lane.standing.silent_until and lane.is_free(now) and not lane.under_way:
                self._mirror(lane, slot, now)
        front = front if is_series else self._spread(slot.query, front)
        return (*front, *back) if back else front

    def _mirror(self, lane: Lane, slot: Slot, now: float) -> None:
        """Ask behind the caller what a source would have been asked, one call at a time: its circuit learns by it."""
        admission = None if lane in self._mirrored else lane.admit(now, Purpose.BACKGROUND)
        if admission is not None:
            self._mirrored.add(lane)
            span_s = lane.late_s()  # later it would lose any race
            probe = Context().run(self._probe, lane, slot, admission, span_s=span_s)
            probe.add_done_callback(lambda _: self._mirrored.discard(lane))

    def _spread(self, query: Query, lanes: Sequence[Lane]) -> Sequence[Lane]:
        """Return the lanes with the first one chosen among near-equal leaders: the less busy of two taken by chance.

        So one of them does not bear all calls, and burn its free quota, while its equals idle. Not for candles: the
        pages of a series are to come from one market.
        """
        now = self._clock.monotonic()
        equals: list[Lane] = []
        tier, least = None, -inf
        for lane in lanes:
            if (lane.source.tier is not tier and equals) or lane.comes_last(query, now):
                break  # those that do not have what is asked for stand last
            if lane.score >= least and lane.is_free(now):
                if not equals:
                    tier, least = lane.source.tier, lane.score * self._near_equal
                equals.append(lane)
        if len(equals) < 2:
            return lanes
        one = equals.pop(int(self._clock.random() * len(equals)))
        other = equals[int(self._clock.random() * len(equals))]
        chosen = one if one.under_way <= other.under_way else other
        if chosen is lanes[0]:
            return lanes
        place = lanes.index(chosen)
        return (chosen, *lanes[:place], *lanes[place + 1 :])

    def wake(self, slot: Slot, lanes: Sequence[Lane]) -> Probe | None:
        """Open the half-open slot of the circuit that would open first, and start its probe behind.

        For when every lane is excluded; a few a second in all, one probe a source. Returns None when that is used up.
        """
        now = self._clock.monotonic()
        if now < self._next_early:
            return None
        asleep = [
            lane
            for lane in lanes
            if now >= lane.standing.barred_until and not any(each.breaker.is_probing() for each in lane.standing.lanes)
        ]
        for lane in sorted(asleep, key=lambda lane: lane.breaker.retry_at):
            if not lane.has_room(now):
                continue
            if lane.breaker.is_open and (admission := lane.admit_probe(now, Purpose.USER)) is not None:
                self._next_early = now + _EARLY_EVERY_S
                return self._probe(lane, slot, admission, Purpose.USER)
        return None

    def _probe(
        self,
        lane: Lane,
        slot: Slot,
        admission: Admission,
        purpose: Purpose = Purpose.BACKGROUND,
        *,
        span_s: float | None = None,
    ) -> Probe:
        """Ask a half-open source behind the caller's back; its slot is freed whatever happens.

        It draws on the quota for whom it was started: circuits wait longer each time, so few come of users' requests.
        """
        task: Probe = self._means.spawn(self._probing(lane, slot, admission, purpose, span_s or self._means.ceiling_s))
        task.add_done_callback(lambda _: lane.breaker.release(admission))
        return task

    async def _probing(
        self, lane: Lane, slot: Slot, admission: Admission, purpose: Purpose, span_s: float
    ) -> Answer[Value] | None:
        """Ask and keep what is answered. A probe has the full time: a source that became slower can come back."""
        tried = await self._runner.run(lane, slot.query, admission, span_s, purpose=purpose)
        if tried.value is None or tried.outcome not in (Outcome.OK, Outcome.STALE):
            return None
        value: Value | None = tried.value
        if isinstance(slot.query, PriceQuery | PricesQuery) and is_foreign(slot.query, tried.value):
            value = await self._rates.converted(tried.value, slot.query.quote, self._clock.monotonic() + span_s)
        if value is None or self._vetted.contradicts(slot.query, value, self._clock.monotonic()):
            return None
        return self._keeper.keep(slot, tried, value, (tried.attempt(),))

    async def _in_quote(
        self, done: Fetch, query: PriceQuery | PricesQuery, tried: Tried, until: float, *, native: bool
    ) -> Value | None:
        """Return an attempt's value in the quote that was asked for; when that cannot be had the attempt says so."""
        value = tried.value
        if value is None or tried.outcome not in (Outcome.OK, Outcome.STALE):
            return None
        converted = None if native else await self._rates.converted(value, query.quote, until)
        if converted is None:
            detail = "no measured rate to the asked quote"
            done.attempts[-1] = Attempt(tried.lane.id, tried.outcome, tried.latency_s, tried.route().name, detail)
        return converted


def is_foreign(query: PriceQuery | PricesQuery, value: Value) -> bool:
    """Say whether a price, or one of a list, came in another quote than was asked for."""
    if isinstance(value, Price):
        return value.quote != query.quote
    return isinstance(value, Prices) and any(price.quote != query.quote for price in value.prices)


def is_empty(value: Value) -> bool:
    """Say whether a value is a list with nothing in it: true perhaps, but no reason to stop waiting for another."""
    if isinstance(value, Articles):
        return not value.articles
    return isinstance(value, TransactionPage | WhaleTransactions) and not value.transactions


async def first_of(probes: Sequence[Probe], wait_s: float) -> Answer[Value] | None:
    """Return the first answer that one of the probes brings in time, None when none does."""
    waiting = set(probes)
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    while waiting and loop.time() < until:
        ended, waiting = await asyncio.wait(waiting, timeout=until - loop.time(), return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            if not task.cancelled() and task.exception() is None and (answer := task.result()) is not None:
                return answer
    return None
