"""One fetch: goes through the plan until a source's answer is believed; the engine runs one on each cache miss."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import inf

from server.clock import Clock
from server.fallback.attempt import Runner
from server.fallback.breaker import Admission
from server.fallback.budget import Budget
from server.fallback.cache import Slot
from server.fallback.checks import flagged
from server.fallback.keeper import Keeper
from server.fallback.lane import Lane
from server.fallback.race import Course, Means, Spawn, is_empty
from server.fallback.rates import Rates
from server.fallback.tried import Tried
from server.fallback.vetted import Vetted, agree
from server.model import Answer, Attempt, CandlesQuery, Outcome, Price, PriceQuery, Prices, PricesQuery, Purpose, Value
from server.settings import Settings

_OK = Outcome.OK
_EARLY_EVERY_S = 0.3
_PRICED = (PriceQuery, PricesQuery)

Probe = asyncio.Task[Answer[Value] | None]


class Fetch:
    """What one fetch found: the winner, the candidates beside it, and every attempt."""

    __slots__ = (
        "asked",
        "attempts",
        "beside",
        "doubted",
        "empty",
        "is_late",
        "probes",
        "stale",
        "unknown",
        "value",
        "winner",
    )

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.beside: list[tuple[Tried, Price]] = []
        """Prices of other sources that were asked in this fetch, refused ones too."""
        self.asked = 0
        """How many sources were asked, those passed over not counted."""
        self.unknown = 0
        """How many of them do not know what was asked for."""
        self.winner: Tried | None = None
        self.value: Value | None = None
        self.doubted: tuple[Tried, Price] | None = None
        """The candidate whose price jumped, beside a winner that contradicts or confirms it."""
        self.empty: tuple[Tried, Value] | None = None
        """A list with nothing in it, for when no other source has more."""
        self.stale: tuple[Tried, Value] | None = None
        """The youngest candidate that was past its longest age: the last resort."""
        self.probes: list[Probe] = []
        self.is_late = False

    def win(self, tried: Tried, value: Value) -> bool:
        """Take a candidate for the answer."""
        self.winner, self.value = tried, value
        return True


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
        self._clock = clock
        self._keeper = keeper
        self._next_early = 0.0

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
        self._means.budget.earn()
        spread = lanes if type(query) is CandlesQuery else self._spread(lanes)
        course = Course(
            self._means,
            query,
            spread,
            until,
            lambda lane, admission: done.probes.append(self._probe(lane, slot, admission)),
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
                if value is not None and course.beside is not None and is_empty(value):
                    done.empty = done.empty or (tried, value)  # true perhaps, but another source is about to answer
                elif self._takes(done, tried, value):
                    break
                if course.asked >= self._means.most or self._clock.monotonic() >= until:
                    break
                leg = await course.onward(leg, is_patient=is_patient and done.stale is None)
        finally:
            course.settle()
        done.asked = course.asked
        slot.tally.depths.note(done.asked)
        if done.winner is None and done.doubted is not None:
            tried, price = done.doubted
            done.win(tried, flagged(price))
        elif done.winner is None and done.empty is not None:
            done.win(*done.empty)
        done.is_late = self._clock.monotonic() >= until
        return done

    def _spread(self, lanes: Sequence[Lane]) -> Sequence[Lane]:
        """Return the lanes with the first one chosen among near-equal leaders: the less busy of two taken by chance.

        So one of them does not bear all calls, and burn its free quota, while its equals idle. Not for candles: the
        pages of a series are to come from one market.
        """
        now = self._clock.monotonic()
        equals: list[Lane] = []
        tier, least = None, -inf
        for lane in lanes:
            if lane.source.tier is not tier and equals:
                break
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
            if not lane.standing.quota.has_room(now, lane.cost):
                continue
            if lane.breaker.is_open and (admission := lane.admit_probe(now, Purpose.USER)) is not None:
                self._next_early = now + _EARLY_EVERY_S
                return self._probe(lane, slot, admission, Purpose.USER)
        return None

    def _probe(self, lane: Lane, slot: Slot, admission: Admission, purpose: Purpose = Purpose.BACKGROUND) -> Probe:
        """Ask a half-open source behind the caller's back; its slot is freed whatever happens.

        A probe leaves users their reserve, but where there is nothing else to ask: then it is the user's own request.
        """
        task: Probe = self._means.spawn(self._probing(lane, slot, admission, purpose))
        task.add_done_callback(lambda _: lane.breaker.release(admission))
        return task

    async def _probing(self, lane: Lane, slot: Slot, admission: Admission, purpose: Purpose) -> Answer[Value] | None:
        """Ask with the full time, so that a source that became slower can come back; keep what it answers."""
        ceiling = self._means.ceiling_s
        tried = await self._runner.run(lane, slot.query, admission, ceiling, purpose=purpose)
        if tried.value is None or tried.outcome not in (Outcome.OK, Outcome.STALE):
            return None
        value: Value | None = tried.value
        if isinstance(slot.query, PriceQuery | PricesQuery) and is_foreign(slot.query, tried.value):
            value = await self._rates.converted(tried.value, slot.query.quote, self._clock.monotonic() + ceiling)
        if value is None or (isinstance(value, Price) and self._vetted.jumps(value)):
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

    def _takes(self, done: Fetch, tried: Tried, value: Value | None) -> bool:
        """Take an attempt's value if it can be believed; keeps what may serve as the last resort."""
        outcome = tried.outcome
        if outcome is _OK and value is not None:
            if isinstance(value, Price):
                return self._settles(done, tried, value)
            return done.win(tried, value)
        if outcome is Outcome.STALE and value is not None:
            if done.stale is None or tried.age_s < done.stale[0].age_s:
                done.stale = (tried, value)
        elif outcome is Outcome.UNKNOWN_ASSET:
            done.unknown += 1
        return False

    def _settles(self, done: Fetch, tried: Tried, price: Price) -> bool:
        """Believe a price unless it jumped; a second source decides then, and a price that none confirms is flagged."""
        if done.doubted is None:
            if self._vetted.doubts(price, self._clock.monotonic()):
                done.doubted = (tried, price)
                return False
            return done.win(tried, price)
        jumped = self._vetted.jumps(price)
        first, doubted = done.doubted
        if agree(doubted.value, price.value):
            self._vetted.believe(doubted)
            done.beside.append((tried, price))
            return done.win(first, doubted)
        if jumped:
            done.beside.append((tried, price))
            return done.win(first, flagged(doubted))
        self._runner.blame(first, "jumped by more than 20 % and was contradicted")
        done.beside.append((first, doubted))
        done.attempts[:] = [first.attempt() if each.source == first.lane.id else each for each in done.attempts]
        self._vetted.believe(price)
        return done.win(tried, price)


def is_foreign(query: PriceQuery | PricesQuery, value: Value) -> bool:
    """Say whether a price, or one of a list, came in another quote than was asked for."""
    if isinstance(value, Price):
        return value.quote != query.quote
    return isinstance(value, Prices) and any(price.quote != query.quote for price in value.prices)


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
