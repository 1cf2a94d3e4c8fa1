"""The engine: one question, one answer, whatever sources are up; asked by services and collectors, wired by the app."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from server.clock import Clock
from server.errors import DeadlineTooShort, NerkhError, Unsupported
from server.fallback.attempt import Runner
from server.fallback.budget import Budget, BudgetFigures, BudgetPolicy
from server.fallback.cache import Cache, CacheStats, Entry, Slot
from server.fallback.egress import Egress, Policy
from server.fallback.failure import describe, failure_of
from server.fallback.fetch import Fetcher, first_of
from server.fallback.figures import FIGURES
from server.fallback.flight import Flight
from server.fallback.http import Transport
from server.fallback.inspector import Inspector
from server.fallback.keeper import Keeper
from server.fallback.lane import Lane, lanes_of
from server.fallback.outlet import Outlet
from server.fallback.plan import Plan
from server.fallback.previous import Previous, StoredLookup
from server.fallback.ranker import Ranker
from server.fallback.rates import Rates, is_native, pegged, usual_rate_assets
from server.fallback.routes import routes_of
from server.fallback.sweep import Sweep, Sweeper
from server.fallback.vetted import Vetted
from server.fallback.views import breaker_view, source_view
from server.model import (
    Answer,
    Asset,
    Attempt,
    BreakerView,
    EgressView,
    Freshness,
    Kind,
    Observation,
    PriceQuery,
    Query,
    Ranking,
    SourceView,
    Value,
)
from server.providers.base import Provider, Source
from server.settings import Settings

_SHARE = 0.9
_MOMENT_S = 0.05


class Engine:
    """Answers queries from the cache, from the best source that works, or from what was seen before.

    `base_urls` puts other addresses in place of sources' own, by source id; `simulated` marks every answer.
    """

    def __init__(
        self,
        *,
        catalog: Sequence[Source],
        providers: Mapping[str, Provider],
        transport: Transport,
        clock: Clock,
        settings: Settings,
        keys: Mapping[str, tuple[SecretStr, ...]],
        stored: StoredLookup | None = None,
        simulated: bool = False,
        base_urls: Mapping[str, str] | None = None,
        rate_assets: Mapping[str, Asset] | None = None,
    ) -> None:
        self._clock = clock
        self._outlet = Outlet()
        self._cache = Cache(settings.cache_entries)
        self._keeper = Keeper(self._cache, self._outlet, clock, simulated=simulated)
        self._previous = Previous(self._cache, stored, clock)
        self._flight: Flight[Answer[Value]] = Flight(clock, settings.lease_s)
        egress = Egress(routes_of(settings), Policy.of(settings))
        self._standings, lanes = lanes_of(catalog, providers, keys, base_urls or {}, clock.random, egress=egress)
        self._plan = Plan(lanes, clock)
        self._ranker = Ranker(self._plan, clock, settings.plan_every_s)
        rate_assets = usual_rate_assets() if rate_assets is None else rate_assets
        vetted = Vetted()
        for price in pegged(rate_assets):
            vetted.believe(price)
        runner = Runner(transport, clock, vetted, body_limit=settings.body_limit, changed=self._ranker.changed)
        rates = Rates(clock, rate_assets, self._native, self._spawn)
        policy = BudgetPolicy(settings.hedge_share, settings.hedge_per_s, settings.hedge_most)
        self._budget = Budget(policy, clock.monotonic())
        self._fetcher = Fetcher(
            runner,
            rates,
            vetted,
            clock,
            settings=settings,
            budget=self._budget,
            spawn=self._spawn,
            keeper=self._keeper,
        )
        self._sweeper = Sweeper(self._plan, runner, rates, self._cache, clock, settings=settings, keeper=self._keeper)
        self._inspector = Inspector(
            egress, transport, clock, self._standings.values(), settings=settings, turned=self._ranker.turned
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_started = False

    async def start(self) -> None:
        """Begin ranking sources anew, every 15 s and when one changes, and testing proxies."""
        self._is_started = True
        self._spawn(self._ranker.run())
        self._spawn(self._inspector.run())

    async def close(self) -> None:
        """Stop refreshing, probing and ranking; the transport is its owner's to close."""
        self._is_started = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def ask(self, query: Query, *, deadline_s: float | None = None, fresh: bool = False) -> Answer[Value]:
        """Return one answer: from the cache, from the best source that works, or from what was seen before.

        With `fresh` the cache is passed over. Raises `Unsupported`, `Unknown`, `SourcesFailed`, `SourcesExhausted` or
        `DeadlineTooShort`, each only when nothing was ever seen.
        """
        now = self._clock.monotonic()
        slot = self._cache.slot(query, query)
        entry = slot.entry
        if entry is not None and now < entry.grace_until and not fresh:
            self._cache.hits += 1
            if now >= entry.fresh_until and not entry.refreshing:
                entry.refreshing = True
                self._spawn(self._refresh(slot, entry))
            return entry.cached(now)
        self._cache.misses += 1
        deadline = now + (slot.figures.deadline_s if deadline_s is None else deadline_s)
        until = now + (deadline - now) * _SHARE
        try:
            return await self._flight.share(slot, until, self._fetch, slot, now, deadline)
        except (TimeoutError, DeadlineTooShort) as error:
            # Looked up here, by each caller for itself: what one had no time for is no answer for those who waited.
            tried = error.attempts if isinstance(error, DeadlineTooShort) else ()
            attempts = tuple(each for each in tried if isinstance(each, Attempt))
            found = await self._previous.answer(slot, attempts, deadline)
            if found is None:
                raise DeadlineTooShort(self._clock.monotonic() - now, attempts) from None
            return found

    async def sweep(self, query: Query, *, deadline_s: float | None = None) -> Sweep:
        """Return what every source that serves the query answers; raises `Unsupported` when there is none."""
        if not self.covers(query):
            raise Unsupported(describe(query))
        return await self._sweeper.sweep(query, FIGURES[query.kind].deadline_s if deadline_s is None else deadline_s)

    def covers(self, query: Query) -> bool:
        """Say whether any source serves a query at all, whatever its state."""
        return bool(self._lanes(self._cache.slot(query, query)))

    def peek(self, query: Query) -> Answer[Value] | None:
        """Return the cached answer while it is fresh, else None; the same object as long as it is."""
        slot = self._cache.find(query)
        if slot is None or (entry := slot.entry) is None:
            return None
        now = self._clock.monotonic()
        if now >= entry.fresh_until:
            return None
        slot.was_used = True
        self._cache.hits += 1
        return entry.cached(now)

    def expires_at(self, query: Query) -> float:
        """Return until when `peek` gives the same answer (monotonic seconds); 0 when there is none."""
        slot = self._cache.find(query)
        return 0.0 if slot is None or slot.entry is None else slot.entry.fresh_until

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

    def subscribe(self, receiver: Callable[[Observation], None]) -> Callable[[], None]:
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

    async def _fetch(self, slot: Slot, started: float, deadline: float, native: bool = False) -> Answer[Value]:
        """Go through the plan, then to what was seen before; raises when both give nothing, or time was too short."""
        lanes = self._lanes(slot)
        if not lanes:
            raise Unsupported(describe(slot.query))
        until = started + (deadline - started) * _SHARE
        done = await self._fetcher.fetch(slot, lanes, until, native=native)
        if done.winner is not None and done.value is not None:
            asked = 1 if done.doubted is None else 2
            return self._keeper.keep(
                slot, done.winner, done.value, tuple(done.attempts), agreed=done.agreed, asked=asked
            )
        if done.stale is not None:
            return self._keeper.keep(slot, *done.stale, tuple(done.attempts))
        if not done.asked and not done.probes and (probe := self._fetcher.wake(slot, lanes)) is not None:
            done.probes.append(probe)
        is_short = deadline - started < _SHARE * slot.figures.deadline_s  # a call has spent a little on its way here
        if not (done.is_late and is_short):
            found = await self._previous.answer(slot, tuple(done.attempts), deadline)
            found = found or await first_of(done.probes, until - self._clock.monotonic())
            if found is not None:
                return found
        now = self._clock.monotonic()
        raise failure_of(slot.query, done, lanes, now=now, spent_s=now - started, is_short=is_short)

    def _lanes(self, slot: Slot) -> tuple[Lane, ...]:
        """Return the lanes that cover a slot's query, in the order of the plan that holds now."""
        if slot.plan != self._plan.number:
            slot.lanes, slot.plan = self._plan.covering(slot.query), self._plan.number
        return slot.lanes

    async def _native(self, query: PriceQuery, until: float) -> Answer[Value]:
        """Return a price in the very quote that a source gave it in, for measuring rates; raises `NerkhError`."""
        now = self._clock.monotonic()
        slot = self._cache.slot(query, query)
        entry = slot.entry
        if entry is not None and now < entry.grace_until and is_native(known := entry.cached(now)):
            return known
        own = self._cache.slot(("native", query), query)
        answer = await self._flight.share(own, until, self._fetch, own, now, now + (until - now) / _SHARE, True)
        if not is_native(answer):
            raise Unsupported(describe(query))
        return answer

    async def _refresh(self, slot: Slot, entry: Entry) -> None:
        """Fetch anew while the old answer is served; when nothing works that is served as stale, and tried again."""
        now = self._clock.monotonic()
        deadline = now + slot.figures.deadline_s
        try:
            found = await self._flight.share(slot, deadline, self._fetch, slot, now, deadline)
            if slot.entry is entry and found.provenance.freshness is Freshness.STALE:
                entry.give_up(found)
        except (NerkhError, TimeoutError):
            pass
        finally:
            entry.refreshing = False

    def _spawn(self, work: Coroutine[None, None, Any]) -> asyncio.Task[Any]:
        """Run something behind; `close` ends what is still running."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
