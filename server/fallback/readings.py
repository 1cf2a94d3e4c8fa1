"""What can be read off a running engine without asking anyone: the part of it that monitoring and streams look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from server.clock import Clock
from server.fallback.budget import Budget, BudgetFigures
from server.fallback.cache import Cache, CacheStats
from server.fallback.inspector import Inspector
from server.fallback.outlet import Outlet, Receiver
from server.fallback.plan import Plan
from server.fallback.standing import Standing
from server.fallback.views import breaker_view, source_view
from server.model import Answer, BreakerView, EgressView, Kind, Observation, Query, Ranking, SourceView, Value

_MOMENT_S = 0.05


class Readings:
    """Views of an engine's parts, which the engine makes; none of these waits, but a test that is asked for."""

    _clock: Clock
    _outlet: Outlet
    _cache: Cache
    _plan: Plan
    _budget: Budget
    _standings: Mapping[str, Standing]
    _inspector: Inspector
    _is_started: bool

    def peek(self, query: Query) -> Answer[Value] | None:
        """Return the cached answer while it is fresh, else None; the same object as long as it is."""
        slot = self._cache.find(query)
        if slot is None or (entry := slot.entry) is None:
            return None
        now = self._clock.monotonic()
        if now >= entry.fresh_until:
            return None
        slot.was_used = True
        slot.tally.hits += 1
        return entry.cached(now)

    def repeatable_until(self, query: Query) -> float:
        """Return until when `ask` may be answered with the same bytes (monotonic seconds); 0 when it may not.

        While the answer is fresh; and while a refresh of one in its grace runs, a moment at a time.
        """
        slot = self._cache.find(query)
        if slot is None or slot.entry is None:
            return 0.0
        now = self._clock.monotonic()
        entry = slot.entry
        return entry.fresh_until if now < entry.fresh_until else min(now + _MOMENT_S, entry.grace_until)

    def publish(self, query: Query, answer: Answer[Value]) -> Observation:
        """Give a fresh value its sequence and hand it to store and live."""
        return self._outlet.publish(query, answer)

    def subscribe(self, receiver: Receiver) -> Callable[[], None]:
        """Hand every later observation to a receiver that does not block; returns what ends that."""
        return self._outlet.subscribe(receiver)

    def sources(self) -> tuple[SourceView, ...]:
        """Return every source as it stands."""
        return tuple(source_view(standing, self._clock) for standing in self._standings.values())

    def ranking(self, kind: Kind) -> Ranking:
        """Return the order in which a kind's sources are asked now, and why each excluded one is out."""
        return self._plan.ranking(kind)

    def breakers(self) -> tuple[BreakerView, ...]:
        """Return every circuit breaker as it stands."""
        return tuple(
            breaker_view(lane, self._clock) for standing in self._standings.values() for lane in standing.lanes
        )

    def egress_routes(self) -> tuple[EgressView, ...]:
        """Return every way out as it stands, direct first."""
        return self._inspector.views()

    async def test_egress(self, name: str) -> EgressView:
        """Test one way out now, off the requests' path; raises `Unknown`."""
        return await self._inspector.test(name)

    def cache_stats(self) -> CacheStats:
        """Return how the cache does."""
        return self._cache.stats()

    def hedging(self) -> BudgetFigures:
        """Return what hedges and repeats have cost, and what is left of their budget."""
        return self._budget.figures(self._clock.monotonic())

    def is_ready(self) -> bool:
        """Say whether the engine was started and not closed."""
        return self._is_started
