"""The engine's side of the second level of the cache: what of it is believed, and what is put there; without I/O.

What another process fetched goes into the first level as if this one had, at its true age, and is published by nobody
again. It is held to what a source's answer is held to, for nobody knows who wrote it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from math import inf
from typing import Protocol

import structlog

from server.clock import Clock
from server.fallback.cache import Cache, Entry, Slot
from server.fallback.checks import judge
from server.fallback.fetch import is_foreign
from server.fallback.figures import figures_of
from server.fallback.flight import Berth, Flight
from server.fallback.standing import Standing
from server.fallback.vetted import Vetted
from server.fallback.views import state_of
from server.model import (
    Answer,
    Freshness,
    Kind,
    Outcome,
    Price,
    PriceQuery,
    PricesQuery,
    Provenance,
    Query,
    Scope,
    SharedAnswer,
    SharedState,
    SourceState,
    Value,
)
from server.settings import Settings

_log = structlog.get_logger()

_SKEW_S = 120.0
"""How far clocks of two machines may be apart; what was fetched further ahead of ours is not believed."""
_SHARE = 0.1
"""The part of a caller's time that a look-up may take."""
_KEPT_S = 86_400.0
"""Longest time that an answer is kept there, in seconds: also one that is true for good."""
_OLDEST_S = 10 * 365 * _KEPT_S
_MOST_ASKED = 1000
_MOST_ATTEMPTS = 200
_LONGEST_TEXT = 1000
_WARM_S = 1.0
_WARM_AT_ONCE = 50


class SharedLevel(Protocol):
    """Where answers of all processes are kept; none of these raises."""

    async def find(self, query: Query, wait_s: float, source: str = "") -> SharedAnswer | None:
        """Return what is kept for a query, or for one at a source; None for nothing, or nothing in time."""

    def offer(self, query: Query, answer: Answer[Value], age_s: float, lasts_s: float, source: str = "") -> None:
        """Queue an answer, fetched `age_s` ago and of use for `lasts_s`, to be kept; with a source as its own."""

    async def drop(self, scope: Scope) -> bool:
        """Drop what a scope covers for every process; False when some learn of it only later."""

    async def recent(self) -> Sequence[Query]:
        """Return the queries last asked of any process, newest first."""

    def refuse(self, kind: Kind, reason: str) -> None:
        """Count an answer that cannot be used, by the reason."""

    def state(self) -> SharedState:
        """Return how it stands."""


class Second:
    """The second level, behind a first one. Without a `level` there is none, and every look-up finds nothing."""

    def __init__(
        self,
        level: SharedLevel | None,
        cache: Cache,
        standings: Mapping[str, Standing],
        vetted: Vetted,
        clock: Clock,
        *,
        settings: Settings,
        simulated: bool,
    ) -> None:
        self.level = level
        self._cache = cache
        self._standings = standings
        self._vetted = vetted
        self._clock = clock
        self._wait_s = settings.redis_wait_s
        self._flight: Flight[Answer[Value] | None] = Flight(clock, settings.lease_s)
        self._simulated = simulated

    async def look(self, slot: Slot, until: float, source: str = "") -> Answer[Value] | None:
        """Return the answer of another process while it is fresh or in its grace, and fresher than what is held here.

        An older one is kept as the last resort where there is none. Those who look at the same time look once. With a
        `source` it is that source's own answer, as a sweep wants it.
        """
        if self.level is None:
            return None
        if slot.look is None:
            slot.look = Berth()
        with suppress(TimeoutError):
            return await self._flight.share(slot.look, until, self._looked, self.level, slot, until, source)
        return None

    async def _looked(self, level: SharedLevel, slot: Slot, until: float, source: str) -> Answer[Value] | None:
        """Look a query up, for all who want it now."""
        wait_s = min(self._wait_s, _SHARE * (until - self._clock.monotonic()))
        try:
            found = await level.find(slot.query, wait_s, source) if wait_s > 0 else None
            entry = None if found is None else self._entry(slot.query, found, source)
        except Exception:  # noqa: BLE001 -- a look-up's own fault only means that there is nothing
            _log.exception("shared lookup failed", kind=slot.query.kind.value)
            entry = None
        now = self._clock.monotonic()
        if entry is None or not self._takes(slot, entry, now):
            slot.tally.shared_misses += 1
            return None
        slot.tally.shared_hits += 1
        return entry.cached(now)

    def keep(self, slot: Slot, entry: Entry, source: str = "") -> None:
        """Offer what was just fetched to the other processes; what is doubted, stale or dropped meanwhile is not."""
        level, answer = self.level, entry.answer
        if level is None or not slot.is_held or answer.provenance.freshness is not Freshness.LIVE:
            return
        if _is_doubted(answer):
            return
        now = self._clock.monotonic()
        ends = max(entry.grace_until, entry.stale_at if entry.stale_at < inf else now + _KEPT_S)
        level.offer(slot.query, answer, 0.0, min(ends - now, _KEPT_S), source)

    async def drop(self, scope: Scope) -> tuple[int, bool]:
        """Drop what a scope covers; return how many answers of this process, and whether all others know."""
        dropped = self._cache.drop(scope.covers)
        if self.level is None:
            return dropped, True
        is_told = await self.level.drop(scope)
        return dropped + self._cache.drop(scope.covers), is_told  # once more: what was looked up meanwhile

    def state(self) -> SharedState | None:
        """Return how the second level stands, None when there is none."""
        return None if self.level is None else self.level.state()

    async def warm(self) -> None:
        """Take over what is kept for the queries last asked, for a second at most: a new process answers at once."""
        level = self.level
        if level is None:
            return
        try:
            async with asyncio.timeout(_WARM_S):
                queries = await level.recent()
                for place in range(0, len(queries), _WARM_AT_ONCE):
                    await asyncio.gather(*(self._warm(level, each) for each in queries[place : place + _WARM_AT_ONCE]))
        except TimeoutError:
            pass
        except Exception:  # noqa: BLE001 -- a start without what others knew is a start all the same
            _log.exception("warming failed")

    async def _warm(self, level: SharedLevel, query: Query) -> None:
        found = await level.find(query, _WARM_S)
        entry = None if found is None else self._entry(query, found)
        if entry is not None and self._clock.monotonic() < entry.grace_until:
            slot = self._cache.slot(query, query)
            if slot.entry is None:
                self._cache.put(slot, entry)

    def _takes(self, slot: Slot, entry: Entry, now: float) -> bool:
        """Put an entry into the first level; say whether it answers a caller now."""
        known = slot.entry
        if known is None:
            if now >= entry.grace_until:
                entry.expire()
            self._cache.put(slot, entry)
            return now < entry.grace_until
        is_due = now < (entry.fresh_until if now < known.grace_until else entry.grace_until)
        if is_due and entry.grace_until > known.grace_until:
            self._cache.put(slot, entry)
            return True
        return False

    def _entry(self, query: Query, found: SharedAnswer, source: str = "") -> Entry | None:
        """Return what was found as an entry of its true age; None when it is not believed.

        Its age is the larger one of two: by the server's clock since it was written, and by ours since it was fetched.
        """
        origin, wall = found.answer.provenance, self._clock.now()
        by_wall_s = (wall - origin.receive_time).total_seconds()
        reason = self._wrong(query, found.answer, by_wall_s, source or origin.source)
        if not reason:
            age_s = min(max(found.age_s, by_wall_s, 0.0), _OLDEST_S)
            # As it was when it was fetched: a candle that was open then is not closed by having lain there.
            figures = figures_of(query, wall - timedelta(seconds=age_s))
            try:
                flaw, data_s, _ = judge(query, found.answer.value, wall, figures)
            except Exception as error:  # noqa: BLE001 -- arithmetic on a broken value may raise anything
                reason = f"unsound: {type(error).__name__}"
            else:
                if flaw is None or flaw.outcome is Outcome.STALE:
                    now = self._clock.monotonic()
                    entry = Entry(found.answer, figures, now - age_s, data_s - age_s)
                    if flaw is not None or _is_doubtful(self._standings[origin.source], now):
                        entry.expire()
                    return entry
                reason = flaw.outcome.value
        if self.level is not None:
            self.level.refuse(query.kind, reason)
        return None

    def _wrong(self, query: Query, answer: Answer[Value], by_wall_s: float, source: str) -> str:
        """Return why an answer cannot be one of ours, or cannot be believed; nothing when it may."""
        origin, value = answer.provenance, answer.value
        if by_wall_s < -_SKEW_S:
            return "fetched in the future"
        if origin.simulated is not self._simulated:
            return "of the other world"
        is_named = origin.source == source and source in self._standings
        if not is_named or origin.freshness is not Freshness.LIVE or not _can_be(origin):
            return "of no source of ours"
        if isinstance(query, PriceQuery | PricesQuery) and is_foreign(query, value):
            return "in another quote"
        if _is_doubted(answer):
            return "in doubt"
        return "a jump" if self._vetted.contradicts(query, value, self._clock.monotonic()) else ""


def _can_be(origin: Provenance) -> bool:
    """Say whether a fetch may have come about like that; what is beyond any fetch cannot be told to a caller either."""
    return (
        1 <= origin.agreed <= origin.asked <= _MOST_ASKED
        and 1 <= len(origin.attempts) <= _MOST_ATTEMPTS
        and all(len(each.source + each.egress + each.detail) <= _LONGEST_TEXT for each in origin.attempts)
    )


def _is_doubted(answer: Answer[Value]) -> bool:
    """Say whether nobody confirmed an answer that was far from what was believed."""
    return answer.provenance.is_contested or (isinstance(answer.value, Price) and answer.value.flagged)


def _is_doubtful(standing: Standing, now: float) -> bool:
    """Say whether this process holds a source for failed, whatever others heard of it."""
    return standing.disabled is not None or standing.health.is_out() or state_of(standing, now) is SourceState.FAILED
