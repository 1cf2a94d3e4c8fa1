"""Turns what an attempt brought into an answer, caches it and publishes it; fetches, probes and sweeps end here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from server.clock import Clock
from server.fallback.cache import Cache, Entry, Slot
from server.fallback.outlet import Outlet
from server.fallback.quotes import Quotes
from server.fallback.tried import Tried
from server.model import Answer, Articles, Attempt, Freshness, Outcome, Price, PriceQuery, Prices, Provenance, Value

_STALE = Outcome.STALE


class Keeper:
    """Keeps answers; what comes back from the cache never passes here, so nothing is published twice."""

    def __init__(
        self,
        cache: Cache,
        outlet: Outlet,
        quotes: Quotes,
        clock: Clock,
        *,
        simulated: bool,
        share: Callable[[Slot, Entry, str], None] | None = None,
    ) -> None:
        """`share` is handed what other processes can use: an answer, no source's own, but of a feed; then its name."""
        self._cache = cache
        self._outlet = outlet
        self._quotes = quotes
        self._clock = clock
        self._simulated = simulated
        self._share = share

    def keep(
        self,
        slot: Slot,
        tried: Tried,
        value: Value,
        attempts: tuple[Attempt, ...],
        *,
        beside: Sequence[tuple[Tried, Price]] = (),
        native: bool = False,
        own: bool = False,
        confirmed: tuple[int, int] = (1, 1),
        is_contested: bool = False,
    ) -> Answer[Value]:
        """Return the answer, cached in its slot and published; a stale one that is older than what is there yields.

        A price is what the quotes of several sources say together, those `beside` it among them, and with `native` only
        those not converted; with `own` it stays one source's own quote. Of any other value `confirmed` says how many of
        how many sources say the same; one that is contested is handed out aside, so that history holds no doubts.
        """
        now = self._clock.monotonic()
        agreed, asked = confirmed
        confidence = None
        if isinstance(value, Price) and isinstance(slot.query, PriceQuery) and tried.outcome is not _STALE:
            if own:
                self._quotes.take(tried, value)
            else:
                tried, value, attempts, agreed, asked = self._quotes.settle(
                    slot.query, tried, value, attempts, beside, native=native
                )
                confidence = value.confidence
        elif isinstance(value, Prices) and tried.outcome is not _STALE:
            self._quotes.take_all(tried, value)
        age_s = tried.age(now)  # it may have waited for a second source, or a rate, since it was judged
        is_stale = tried.is_past(age_s)
        provenance = Provenance(
            tried.lane.id,
            tried.time,
            Freshness.STALE if is_stale else Freshness.LIVE,
            tried.source_time,
            confidence,
            agreed,
            asked,
            self._simulated,
            attempts,
            is_contested,
        )
        answer: Answer[Value] = Answer(value, provenance)
        entry = Entry(answer, tried.figures, now, age_s)
        known = slot.entry
        if is_stale and known is not None and known.stale_at > entry.stale_at:
            known.hold(tried.figures, now)
            stale = known.stale()
            known.give_up(stale)
            return stale
        self._cache.put(slot, entry)
        if self._share is not None and not native and (not own or isinstance(value, Articles)):
            self._share(slot, entry, tried.lane.id if own else "")
        self._outlet.publish(slot.query, answer, aside=is_contested or (own and isinstance(value, Price)))
        return answer
