"""How the service and its sources stand: read from the engine, the store and the recent requests, without waiting."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from server.clock import Clock
from server.errors import InvalidField, Unknown
from server.fallback import Engine
from server.fallback.cache import CacheStats
from server.model import (
    BreakerState,
    BreakerView,
    Incident,
    Kind,
    Provenance,
    Ranking,
    Route,
    SharedState,
    SourceState,
    SourceView,
)
from server.services.answers import own
from server.services.requests import RequestLog
from server.services.routes import Named, query_of
from server.services.sentiment_model import MODEL
from server.services.usage import WINDOWS, Usage
from server.store import Store
from server.store.rows import StoreStatus


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """The service as it stands."""

    ready: bool
    start_time: datetime
    status_time: datetime
    simulated: bool
    store: StoreStatus
    cache: CacheStats
    sources: dict[SourceState, int]
    model: str
    requests: int
    failed_requests: int
    active_requests: int
    shared: SharedState | None = None
    """How the server does that processes share answers over, None when they share none."""


class Monitoring:
    """Answers questions about the service itself."""

    def __init__(self, engine: Engine, store: Store, clock: Clock, requests: RequestLog, *, simulated: bool) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._simulated = simulated
        self._started = clock.now()
        self.requests = requests

    def origin(self) -> Provenance:
        """Return where all of it comes from: the service itself, now."""
        return own(self._clock.now())

    def status(self) -> SystemStatus:
        """Return how everything stands."""
        return SystemStatus(
            ready=self._engine.is_ready(),
            start_time=self._started,
            status_time=self._clock.now(),
            simulated=self._simulated,
            store=self._store.status(),
            cache=self._engine.cache_stats(),
            sources=dict(Counter(source.state for source in self._engine.sources())),
            model=MODEL,
            requests=self.requests.total,
            failed_requests=self.requests.failed,
            active_requests=self.requests.active,
            shared=self._engine.second.state(),
        )

    def sources(self, state: SourceState | None, kind: str, chain: str) -> list[SourceView]:
        """Return the sources in a state that serve a kind and a chain; None and empty mean any."""
        if kind:
            kind_of(kind)
        return [
            source
            for source in self._engine.sources()
            if (state is None or source.state is state)
            and (not kind or kind in source.kinds)
            and (not chain or chain in source.chains)
        ]

    def source(self, identity: str) -> SourceView:
        """Return one source; raises `Unknown` with suggestions."""
        views = {source.id: source for source in self._engine.sources()}
        found = views.get(identity.strip().lower())
        if found is None:
            raise Unknown("source", identity, difflib.get_close_matches(identity.lower()[:100], views, n=3, cutoff=0.5))
        return found

    async def incidents(
        self, identity: str, before: tuple[object, ...] | None, limit: int
    ) -> tuple[Sequence[Incident], tuple[object, ...] | None]:
        """Return incidents of a source, newest first, and the key of the next page; raises `Unknown`."""
        source = self.source(identity).id
        found = await self._engine.book.incidents(source, before, limit + 1)
        return found[:limit], found[limit - 1].key if len(found) > limit else None

    def hierarchy(self, kind: str) -> list[Ranking]:
        """Return the ranking of a kind, or of all when it is empty; raises `InvalidField` for one there is not."""
        return [self._engine.ranking(each) for each in ((kind_of(kind),) if kind else Kind)]

    def route(self, kind: str, named: Named) -> Route:
        """Return which sources a question would be asked of now, and why; raises `InvalidField` for a wrong one."""
        return self._engine.explain(query_of(kind_of(kind), named))

    def usage(self, windows: Iterable[str], method: str, top: int) -> list[Usage]:
        """Return how requests fared over windows, all when none is named; raises `InvalidField` for one not kept."""
        wanted = tuple(windows)
        for place, window in enumerate(wanted):
            if window not in WINDOWS:
                raise InvalidField(f"windows[{place}]", window, f"one of {', '.join(WINDOWS)}")
        return self.requests.usage(wanted or WINDOWS, method, top)

    def breakers(self, source: str, kind: str, state: BreakerState | None) -> list[BreakerView]:
        """Return the breakers of a source and a kind in a state; empty and None mean any."""
        if source:
            source = self.source(source).id
        if kind:
            kind_of(kind)
        return [
            breaker
            for breaker in self._engine.breakers()
            if (not source or breaker.source == source)
            and (not kind or breaker.kind == kind)
            and (state is None or breaker.state is state)
        ]


def kind_of(text: str, field: str = "kind") -> Kind:
    """Return the kind of a name; raises `InvalidField` with those there are."""
    try:
        return Kind(text)
    except ValueError:
        raise InvalidField(field, text, f"one of {', '.join(Kind)}") from None
