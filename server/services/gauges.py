"""What the engine and the store show on the metrics page; read on each scrape, registered by `app`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from server.fallback import Engine
from server.model import BreakerState
from server.observe.metrics import Sample
from server.store import Store


def engine_gauges(engine: Engine) -> Callable[[], Iterator[Sample]]:
    """Return a reading of the cache, the sources and the breakers."""

    def read() -> Iterator[Sample]:
        stats = engine.cache_stats()
        yield Sample("nerkh_cache_entries", "Answers in the cache.", stats.entries)
        for name, value in (("hits", stats.hits), ("misses", stats.misses), ("stale", stats.stale)):
            yield Sample(f"nerkh_cache_{name}", f"Cache {name} since the start.", value, counter=True)
        for source in engine.sources():
            labels = (("source", source.id),)
            yield Sample("nerkh_source_calls", "Calls of a source.", source.calls, labels, counter=True)
            yield Sample("nerkh_source_successes", "Good answers of a source.", source.successes, labels, counter=True)
            state = (*labels, ("state", source.state.value))
            yield Sample("nerkh_source_state", "State of a source, 1 for the one it is in.", 1, state)
        for breaker in engine.breakers():
            labels_ = (("source", breaker.source), ("kind", breaker.kind))
            is_open = breaker.state is not BreakerState.CLOSED
            yield Sample("nerkh_breaker_open", "1 while a circuit breaker is not closed.", is_open, labels_)
        for route in engine.egress_routes():
            way = (("egress", route.name),)
            yield Sample("nerkh_egress_healthy", "1 while a way out works, as far as is known.", route.healthy, way)
            hosts = route.quarantined_hosts
            yield Sample("nerkh_egress_quarantined_hosts", "Hosts that a way out must not be taken to.", hosts, way)

    return read


def store_gauges(store: Store) -> Callable[[], Iterator[Sample]]:
    """Return a reading of the store's writer."""

    def read() -> Iterator[Sample]:
        status = store.status()
        yield Sample("nerkh_store_reachable", "1 while the database can be reached.", status.reachable)
        yield Sample("nerkh_store_queued", "Values that wait to be written.", status.queued)
        for name, value in (("written", status.written), ("refused", status.refused), ("failed", status.failed)):
            yield Sample(f"nerkh_store_{name}", f"Values {name} since the start.", value, counter=True)

    return read
