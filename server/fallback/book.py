"""The book of what must survive a restart: written behind, read at start; operators' decisions are looked for in it.

The database is its memory. While that is away what changed waits here, and goes on holding in this process; nothing is
written before what was known is read, be it later than the start.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import inf, isinf
from typing import Protocol

import structlog

from server.clock import Clock
from server.errors import StoreUnavailable
from server.fallback.breaker import Policy
from server.fallback.lane import Lane
from server.fallback.standing import Standing
from server.fallback.watch import Watch
from server.model import Action, Decision, Incident, IncidentCause, OpenCircuit, Phase, SourceHealth
from server.settings import Settings

_log = structlog.get_logger()

LATE = 100
"""How far back decisions are looked for again; the memory goes as far at first."""

_CLOSE_S = 2.0
_LASTING = {Action.DISABLE, Action.ENABLE}
_PHASES = {IncidentCause.BLOCKED: Phase.BLOCKED, IncidentCause.SUNSET: Phase.SUNSET}
_ORDER = tuple(Phase)
_LONGEST_OPEN_S = Policy().longest_open_s


class Memory(Protocol):
    """Where it is kept; the store is one. All raise `StoreUnavailable` while the database is away."""

    async def known_health(self) -> Sequence[SourceHealth]:
        """Return the health of every source as it was last kept."""

    async def keep_health(self, rows: Sequence[SourceHealth]) -> None:
        """Keep the health of some sources."""

    async def decisions(self, after: int | None) -> Sequence[Decision]:
        """Return, in their order, the last disabling or enabling of every source and all decisions behind a number.

        Without a number: those of late, so that the caller knows where it stands.
        """

    async def decide(self, decision: Decision) -> int:
        """Keep a decision; return its number."""

    async def keep_incidents(self, rows: Sequence[Incident]) -> None:
        """Keep some incidents, new or as they are now."""

    async def lasting_incidents(self) -> Sequence[Incident]:
        """Return the incidents that last."""

    async def source_incidents(self, source: str, before: tuple[object, ...] | None, limit: int) -> Sequence[Incident]:
        """Return at most `limit` incidents of a source, newest first, behind a key."""


class Book:
    """Keeps what the watch knows."""

    def __init__(self, watch: Watch, memory: Memory | None, clock: Clock, settings: Settings) -> None:
        self._watch = watch
        self._memory = memory
        self._clock = clock
        self._every_s = settings.decisions_every_s
        self._seen: set[int] = set()
        self._last = 0
        self._waiting: list[Decision] = []
        self._turn = asyncio.Lock()
        self._is_restored = False
        self._is_away = False

    async def restore(self) -> None:
        """Take up what was known before a restart; if the database is away, that is left to the first write."""
        try:
            async with self._turn:
                await self._take_up()
        except StoreUnavailable:
            _log.warning("sources not restored", reason="the database does not answer")

    async def run(self) -> None:
        """Write what changed and look for others' decisions, until cancelled."""
        while self._memory is not None:
            await self._clock.sleep(self._every_s)
            try:
                await self.flush()
                await self._look()
            except StoreUnavailable:
                if not self._is_away:
                    _log.warning("sources not kept", reason="the database does not answer")
                self._is_away = True
            except Exception:  # noqa: BLE001 -- said, and tried again
                _log.exception("sources not kept")  # one row that cannot be kept must not end the keeping of others
            else:
                self._is_away = False

    async def flush(self) -> None:
        """Write what changed, one write at a time; raises `StoreUnavailable`, and it waits for the next time."""
        if self._memory is None:
            return
        async with self._turn:
            await self._take_up()
            while self._waiting:
                self._saw(await self._memory.decide(self._waiting[0]))
                self._waiting.pop(0)
            dirty, self._watch.dirty = self._watch.dirty, set()
            incidents = tuple(self._watch.incidents.unwritten.values())
            try:
                if dirty:
                    await self._memory.keep_health([self._kept(self._watch.standings[id_]) for id_ in sorted(dirty)])
                    dirty = set()
                if incidents:
                    await self._memory.keep_incidents(incidents)
                    self._watch.incidents.written(incidents)
            finally:
                self._watch.dirty |= dirty

    async def close(self) -> None:
        """Write what can be written in a moment."""
        with contextlib.suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self.flush()

    async def decide(self, decision: Decision) -> bool:
        """Do what an operator decided, at once; return whether it is stored yet, else it is as soon as it can be."""
        self._watch.apply(decision)
        self._waiting.append(decision)
        try:
            await self.flush()
        except StoreUnavailable:
            return False
        return self._memory is not None

    async def incidents(self, source: str, before: tuple[object, ...] | None, limit: int) -> Sequence[Incident]:
        """Return incidents of a source, newest first; the recent ones of this process while the database is away."""
        if self._memory is not None:
            try:
                await self.flush()
                return await self._memory.source_incidents(source, before, limit)
            except StoreUnavailable:
                pass
        return self._watch.incidents.recent(source, before, limit)

    async def _take_up(self) -> None:
        """Take up what was known before the start, once; what was heard or decided since then holds over it."""
        if self._memory is None or self._is_restored:
            return
        health = await self._memory.known_health()
        lasting = await self._memory.lasting_incidents()
        decisions = await self._memory.decisions(None)
        self._is_restored = True
        for decision in decisions:
            self._saw(decision.number)
        for decision in _newest(decisions).values():
            if decision.action is Action.DISABLE:  # all else was done before
                self._watch.apply(decision)
        for row in health:
            standing = self._watch.standings.get(row.source)
            if standing is not None:
                self._restore(standing, row)
        for decision in self._waiting:
            self._watch.apply(decision)
        known = [each for each in lasting if each.source in self._watch.standings]
        self._watch.incidents.resume(known, self._lasts)

    async def _look(self) -> None:
        """Do what other processes were told."""
        if self._memory is None:
            return
        async with self._turn:
            if self._waiting:
                return  # ours first: what they overrule must not come back in between
            # A number may come to light after a higher one: whoever took it wrote it later.
            found = await self._memory.decisions(self._last - LATE)
            newest = _newest(found)
            for decision in found:
                is_new = decision.number not in self._seen
                self._saw(decision.number)
                if is_new and (decision.action not in _LASTING or decision is newest[decision.source]):
                    self._watch.apply(decision)

    def _saw(self, number: int) -> None:
        self._seen.add(number)
        self._last = max(self._last, number)

    def _kept(self, standing: Standing) -> SourceHealth:
        now, time = self._clock.monotonic(), self._clock.now()
        health = standing.health
        return SourceHealth(
            source=standing.source.id,
            phase=health.phase,
            reason=health.reason,
            failing_s=health.failing_s,
            nameless_s=health.nameless_s,
            gone=health.gone,
            is_down=standing.is_down,
            noted_time=time - timedelta(seconds=max(0.0, now - health.noted_at)),
            circuits=tuple(_circuit(lane, now, time) for lane in standing.lanes if lane.breaker.is_open),
        )

    def _restore(self, standing: Standing, row: SourceHealth) -> None:
        """Put a source where it stood, unless it has answered since; what failed since comes on top.

        A clock that jumped meanwhile keeps none out for longer than usual.
        """
        if any(lane.measures.last_success for lane in standing.lanes):
            self._watch.dirty.add(row.source)
            return
        now, time = self._clock.monotonic(), self._clock.now()
        health = standing.health
        health.failing_s += row.failing_s
        health.nameless_s += row.nameless_s
        health.gone += row.gone
        if _ORDER.index(row.phase) > _ORDER.index(health.phase):
            health.phase, health.reason = row.phase, row.reason
            health.noted_at = now - max(0.0, (time - row.noted_time).total_seconds())
        standing.is_down |= row.is_down
        by_kind = {each.kind: each for each in row.circuits}
        for lane in standing.lanes:
            circuit = by_kind.get(lane.kind.value)
            if circuit is not None:
                opened_at = now - max(0.0, (time - circuit.opened_time).total_seconds())
                left_s = inf if circuit.retry_time is None else (circuit.retry_time - time).total_seconds()
                retry_at = now + (left_s if isinf(left_s) else min(left_s, _LONGEST_OPEN_S))
                lane.breaker.restore(opened_at, retry_at, circuit.trips)
        standing.settle(now)

    def _lasts(self, incident: Incident) -> bool:
        """Say whether an incident of before still lasts, by what was restored."""
        standing = self._watch.standings[incident.source]
        if incident.cause is IncidentCause.DOWN:
            return standing.is_down
        if incident.cause is IncidentCause.DISABLED:
            return standing.disabled is not None
        return _PHASES.get(incident.cause) is standing.health.phase


def _newest(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Return the last disabling or enabling of each source."""
    return {each.source: each for each in decisions if each.action in _LASTING}


def _circuit(lane: Lane, now: float, time: datetime) -> OpenCircuit:
    breaker = lane.breaker
    return OpenCircuit(
        kind=lane.kind.value,
        opened_time=time - timedelta(seconds=max(0.0, now - breaker.opened_at)),
        retry_time=None if isinf(breaker.retry_at) else time + timedelta(seconds=breaker.retry_at - now),
        trips=breaker.trips,
    )
