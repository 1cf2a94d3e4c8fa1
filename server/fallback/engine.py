"""The engine: one question, one answer, whatever sources are up; asked by services and collectors, wired by the app."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from server.clock import Clock
from server.errors import DeadlineTooShort, NerkhError, Unsupported
from server.fallback.attempt import Runner
from server.fallback.background import Background
from server.fallback.book import Book, Memory
from server.fallback.budget import Budget, BudgetPolicy
from server.fallback.cache import Cache, Entry, Slot
from server.fallback.claims import Claimer, QuotaLedger, policy_of
from server.fallback.egress import Egress, Policy
from server.fallback.explain import Explainer
from server.fallback.failure import describe, failure_of
from server.fallback.fetch import Fetcher, first_of
from server.fallback.flight import Flight
from server.fallback.http import Transport
from server.fallback.inspector import Inspector
from server.fallback.keeper import Keeper
from server.fallback.lane import Lane, lanes_of
from server.fallback.outlet import Outlet
from server.fallback.plan import Plan
from server.fallback.pool import SharedCounters
from server.fallback.previous import Previous, StoredLookup
from server.fallback.prober import Prober
from server.fallback.quotes import Quotes
from server.fallback.ranker import Ranker
from server.fallback.rates import Rates, is_native, pegs, usual_assets
from server.fallback.readings import Readings
from server.fallback.routes import routes_of
from server.fallback.second import Second, SharedLevel
from server.fallback.sweep import Sweep, Sweeper
from server.fallback.vetted import Vetted
from server.fallback.watch import Watch, limits_of
from server.model import (
    Answer,
    Asset,
    Attempt,
    Freshness,
    PriceQuery,
    Purpose,
    Query,
    QuoteList,
    Value,
)
from server.providers.base import Provider, Source
from server.settings import Settings

_SHARE = 0.9
_USER = Purpose.USER


class Engine(Readings):
    """Answers queries from the cache, from the best source that works, or from what was seen before.

    `watch` holds the sources' health; `book` keeps it in `memory` beyond a restart, and takes operators' decisions;
    `cache` can be looked at and emptied.
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
        memory: Memory | None = None,
        ledger: QuotaLedger | None = None,
        shared: SharedLevel | None = None,
        counters: SharedCounters | None = None,
        simulated: bool = False,
        base_urls: Mapping[str, str] | None = None,
        rate_assets: Mapping[str, Asset] | None = None,
    ) -> None:
        self._clock = clock
        self._outlet = Outlet()
        self.cache = self._cache = Cache(settings.cache_entries)
        self._previous = Previous(stored, clock)
        self._flight: Flight[Answer[Value]] = Flight(clock, settings.lease_s)
        egress = Egress(routes_of(settings), Policy.of(settings))
        self._standings, lanes = lanes_of(
            catalog,
            providers,
            keys,
            base_urls or {},
            clock.random,
            limits=limits_of(settings),
            policy=policy_of(settings, ledger, counters),
            egress=egress,
        )
        self._claimer = Claimer(ledger, clock, [standing.quota for standing in self._standings.values()])
        self._plan = Plan(lanes, clock)
        self.watch = Watch(self._standings, clock)
        self.book = Book(self.watch, memory, clock, settings)
        self._ranker = Ranker(self._plan, clock, settings.plan_every_s, self.watch.heard)
        self.explain = Explainer(self._plan, self._cache, clock, settings).explain
        rate_assets = usual_assets() if rate_assets is None else rate_assets
        vetted = Vetted(pegs(rate_assets))
        self.watch.changed = self._ranker.changed
        self._runner = runner = Runner(transport, clock, vetted, self.watch, body_limit=settings.body_limit)
        self._quotes = Quotes(clock, vetted, runner.blame)
        self.watch.distrust = (self._cache.distrust, self._quotes.distrust)
        self.second = Second(
            shared, self._cache, self._standings, vetted, clock, settings=settings, simulated=simulated
        )
        self._keeper = Keeper(
            self._cache, self._outlet, self._quotes, clock, simulated=simulated, share=self.second.keep
        )
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
        parts = (self._plan, runner, rates, self._cache, self.second)
        self._sweeper = Sweeper(*parts, clock=clock, settings=settings, keeper=self._keeper, spawn=self._spawn)
        self._background = Background(
            self._plan.covering, self._sweeper.one, self._quotes, clock, self._spawn, settings=settings
        )
        self._quotes.disputed = self._background.hurry
        self._prober = Prober(self.watch, runner, clock, settings=settings, spawn=self._spawn)
        self._inspector = Inspector(
            egress, transport, clock, self._standings.values(), settings=settings, turned=self._ranker.turned
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_started = False

    async def start(self) -> None:
        """Take up what was known before a restart, then begin to rank, probe, keep sources, and test proxies."""
        await self.book.restore()
        self._is_started = True
        await asyncio.gather(self._claimer.first(), self.second.warm())
        for endless in (self._ranker, self._prober, self.book, self._claimer, self._inspector):
            self._spawn(endless.run())

    async def close(self) -> None:
        """Stop refreshing, probing and ranking; the transport is its owner's to close."""
        self._is_started = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.book.close()
        await self._claimer.give_up()
        self._runner.close()

    async def ask(
        self, query: Query, *, deadline_s: float | None = None, fresh: bool = False, purpose: Purpose = _USER
    ) -> Answer[Value]:
        """Return one answer: from the cache, from the best source that works, or from what was seen before.

        With `fresh` the cache is passed over; behind users these keep their reserve. Raises `Unsupported`, `Unknown`,
        `SourcesFailed`, `SourcesExhausted` or `DeadlineTooShort`, each only when nothing was ever seen.
        """
        now = self._clock.monotonic()
        slot = self._cache.slot(query, query)
        entry = slot.entry
        if entry is not None and now < entry.grace_until and not fresh:
            slot.tally.hits += 1
            if now >= entry.fresh_until and not entry.refreshing:
                entry.refreshing = True
                self._spawn(self._refresh(slot, entry))
            return entry.cached(now)
        slot.tally.misses += 1
        deadline = now + (slot.figures.deadline_s if deadline_s is None else deadline_s)
        until = now + (deadline - now) * _SHARE
        try:
            if self.second.level is not None and not fresh and (known := await self.second.look(slot, until)):
                return known
            parts = (slot, now, deadline, False, purpose)
            return await self._flight.share(slot, until, self._fetch, *parts, alone=purpose is not _USER)
        except (TimeoutError, DeadlineTooShort) as error:
            # Looked up here, by each caller for itself: what one had no time for is no answer for those who waited.
            tried = error.attempts if isinstance(error, DeadlineTooShort) else ()
            attempts = tuple(each for each in tried if isinstance(each, Attempt))
            found = await self._previous.answer(slot, attempts, deadline)
            if found is None:
                raise DeadlineTooShort(self._clock.monotonic() - now, attempts) from None
            return found

    async def sweep(
        self,
        query: Query,
        *,
        deadline_s: float | None = None,
        purpose: Purpose = _USER,
        patience_s: float | None = None,
    ) -> Sweep:
        """Return what every source that serves the query answers; raises `Unsupported` when there is none.

        With `patience_s` those that are late are waited for only so long once half have answered (`Sweeper.sweep`).
        """
        if not self.covers(query):
            raise Unsupported(describe(query))
        return await self._sweeper.sweep(query, deadline_s, purpose, patience_s)

    async def quotes(self, query: PriceQuery, *, deadline_s: float | None = None) -> QuoteList:
        """Return each source's own quote of a price and what they say together; raises `Unsupported` without any."""
        found = await self.sweep(query, deadline_s=deadline_s)
        sources = {id_: standing.source for id_, standing in self._standings.items()}
        return self._quotes.side_by_side(query, found.answers, found.attempts, sources)

    def covers(self, query: Query) -> bool:
        """Say whether any source serves a query at all, whatever its state."""
        return bool(self._lanes(self._cache.slot(query, query)))

    async def _fetch(
        self, slot: Slot, started: float, deadline: float, native: bool = False, purpose: Purpose = _USER
    ) -> Answer[Value]:
        """Go through the plan, then to what was seen before; raises when both give nothing, or time was too short."""
        lanes, begun = self._lanes(slot), self._clock.monotonic()
        if not lanes:
            raise Unsupported(describe(slot.query))
        self._prober.asked(slot.query, lanes)
        until = started + (deadline - started) * _SHARE
        done = await self._fetcher.fetch(slot, lanes, until, native=native, purpose=purpose)
        if done.winner is not None and done.value is not None:
            self._plan.gave(slot.query, done.winner.lane)
            if self._is_started and isinstance(slot.query, PriceQuery):
                self._background.want(slot.query)
            return self._keeper.keep(
                slot,
                done.winner,
                done.value,
                tuple(done.attempts),
                beside=done.beside,
                native=native,
                confirmed=done.opinions,
                is_contested=done.is_contested,
            )
        if done.stale is not None:
            return self._keeper.keep(slot, *done.stale, tuple(done.attempts))
        if not done.asked and not done.probes and (probe := self._fetcher.wake(slot, lanes)) is not None:
            done.probes.append(probe)
        is_short = deadline - begun < _SHARE * slot.figures.deadline_s  # a call has spent a little on its way here
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
            found = await self.second.look(slot, deadline)
            found = found or await self._flight.share(slot, deadline, self._fetch, slot, now, deadline)
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
