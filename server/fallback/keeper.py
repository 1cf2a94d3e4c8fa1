"""Turns what an attempt brought into an answer, caches it and publishes it; fetches, probes and sweeps end here."""

from __future__ import annotations

from server.clock import Clock
from server.fallback.attempt import Tried
from server.fallback.cache import Cache, Entry, Slot
from server.fallback.outlet import Outlet
from server.model import Answer, Attempt, Freshness, Outcome, Provenance, Value

_STALE = Outcome.STALE


class Keeper:
    """Keeps answers; what comes back from the cache never passes here, so nothing is published twice."""

    def __init__(self, cache: Cache, outlet: Outlet, clock: Clock, *, simulated: bool) -> None:
        self._cache = cache
        self._outlet = outlet
        self._clock = clock
        self._simulated = simulated

    def keep(
        self,
        slot: Slot,
        tried: Tried,
        value: Value,
        attempts: tuple[Attempt, ...],
        *,
        agreed: int = 1,
        asked: int = 1,
    ) -> Answer[Value]:
        """Return the answer, cached in its slot and published; a stale one that is older than what is there yields."""
        now = self._clock.monotonic()
        is_stale = tried.outcome is _STALE
        provenance = Provenance(
            tried.lane.id,
            tried.time,
            Freshness.STALE if is_stale else Freshness.LIVE,
            tried.source_time,
            None,
            agreed,
            asked,
            self._simulated,
            attempts,
        )
        answer: Answer[Value] = Answer(value, provenance)
        entry = Entry(answer, tried.figures, now, tried.age_s)
        known = slot.entry
        if is_stale and known is not None and known.stale_at > entry.stale_at:
            known.hold(tried.figures, now)
            return known.stale()
        self._cache.put(slot, entry)
        self._outlet.publish(slot.query, answer)
        return answer
