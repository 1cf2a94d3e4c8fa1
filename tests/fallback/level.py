"""A second level of the cache in memory, for tests in simulated time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from server.clock import Clock
from server.model import Answer, Kind, Query, Scope, SharedAnswer, SharedState, Value


class Level:
    """Holds what is offered. `after_s` is how long a look-up takes; `waits` how long each was told to wait."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.kept: dict[Query, tuple[Answer[Value], float]] = {}
        self.own: dict[tuple[str, Query], tuple[Answer[Value], float]] = {}
        self.lasts: dict[Query, float] = {}
        self.refused: Counter[str] = Counter()
        self.waits: list[float] = []
        self.after_s = 0.001
        self.fault: Exception | None = None

    async def find(self, query: Query, wait_s: float, source: str = "") -> SharedAnswer | None:
        """Look something up."""
        self.waits.append(wait_s)
        await asyncio.sleep(min(self.after_s, wait_s))
        if self.fault is not None:
            raise self.fault
        kept = self.own.get((source, query)) if source else self.kept.get(query)
        if kept is None or self.after_s > wait_s:
            return None
        answer, at = kept
        return SharedAnswer(answer, self.clock.monotonic() - at)

    def offer(self, query: Query, answer: Answer[Value], age_s: float, lasts_s: float, source: str = "") -> None:
        """Keep something."""
        kept = (answer, self.clock.monotonic() - age_s)
        if source:
            self.own[source, query] = kept
        else:
            self.kept[query] = kept
        self.lasts[query] = lasts_s

    async def drop(self, scope: Scope) -> bool:
        """Drop what a scope covers."""
        await asyncio.sleep(self.after_s)
        self.kept = {query: kept for query, kept in self.kept.items() if not scope.covers(query)}
        return True

    async def recent(self) -> Sequence[Query]:
        """Return what is held, the newest first."""
        return list(reversed(self.kept))

    def refuse(self, _kind: Kind, reason: str) -> None:
        """Count what is not believed."""
        self.refused[reason] += 1

    def state(self) -> SharedState:
        """Say that all is well."""
        return SharedState(True, self.clock.now(), "")
