"""What the engine and the store show on the metrics page; read on each scrape, registered by `app`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from server.fallback import Engine
from server.fallback.depths import DEPTHS
from server.model import BreakerState
from server.observe.metrics import Sample
from server.store import Store


def engine_gauges(engine: Engine) -> Callable[[], Iterator[Sample]]:
    """Return a reading of the cache, the fetches, the hedges, the sources and the breakers."""

    def read() -> Iterator[Sample]:
        yield from _cache(engine)
        yield from _shared(engine)
        yield from _hedging(engine)
        yield from _sources(engine)
        for breaker in engine.breakers():
            labels = (("source", breaker.source), ("kind", breaker.kind))
            is_open = breaker.state is not BreakerState.CLOSED
            yield Sample("nerkh_breaker_open", "1 while a circuit breaker is not closed.", is_open, labels)
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


def _cache(engine: Engine) -> Iterator[Sample]:
    """Yield what the cache did for each kind, and how far down the plan its fetches went."""
    stats = engine.cache_stats()
    yield Sample("nerkh_cache_entries", "Answers in the cache.", stats.entries)
    for kind in stats.kinds:
        labels = (("kind", kind.kind.value),)
        yield Sample("nerkh_cache_hits", "Questions the cache answered.", kind.hits, labels, counter=True)
        yield Sample("nerkh_cache_misses", "Questions the cache could not answer.", kind.misses, labels, counter=True)
        yield Sample("nerkh_old_answers", "Answers that were stale or stored.", kind.stale, labels, counter=True)
        for attempts, count in zip(DEPTHS, kind.depths, strict=True):
            depth = (*labels, ("attempts", attempts))
            yield Sample("nerkh_fetches", "Fetches by how many attempts they made.", count, depth, counter=True)


def _shared(engine: Engine) -> Iterator[Sample]:
    """Yield how the server does that processes share answers over, and what was found there; nothing without one."""
    state = engine.second.state()
    if state is None:
        return
    yield Sample("nerkh_redis_reachable", "1 while Redis can be reached.", state.reachable)
    yield Sample("nerkh_redis_queued", "Answers that wait to be written to Redis.", state.queued)
    yield Sample("nerkh_redis_written", "Answers written to Redis.", state.written, counter=True)
    yield Sample("nerkh_redis_dropped", "Answers that were not written to Redis.", state.dropped, counter=True)
    for reason, count in state.refused:
        why = (("reason", reason),)
        yield Sample("nerkh_redis_refused", "Answers of Redis that could not be used.", count, why, counter=True)
    for kind in engine.cache_stats().kinds:
        labels = (("kind", kind.kind.value),)
        hits, misses = kind.shared_hits, kind.shared_misses
        yield Sample("nerkh_shared_hits", "Fetches that another process spared.", hits, labels, counter=True)
        yield Sample("nerkh_shared_misses", "Fetches that no process spared.", misses, labels, counter=True)


def _hedging(engine: Engine) -> Iterator[Sample]:
    """Yield what hedges and repeats at the same source cost."""
    spent = engine.hedging()
    yield Sample("nerkh_hedges", "Sources asked beside one that was late.", spent.hedges, counter=True)
    yield Sample("nerkh_hedge_wins", "Hedges that answered first.", spent.wins, counter=True)
    yield Sample("nerkh_repeats", "Second tries at the same source.", spent.repeats, counter=True)
    yield Sample("nerkh_hedges_refused", "Hedges and repeats the budget refused.", spent.refused, counter=True)
    yield Sample("nerkh_hedge_budget", "Hedges and repeats that could be paid for now.", spent.left)


def _sources(engine: Engine) -> Iterator[Sample]:
    """Yield how each source does, and how the attempts at it ended."""
    for source in engine.sources():
        labels = (("source", source.id),)
        yield Sample("nerkh_source_calls", "Calls of a source.", source.calls, labels, counter=True)
        yield Sample("nerkh_source_successes", "Good answers of a source.", source.successes, labels, counter=True)
        state = (*labels, ("state", source.state.value))
        yield Sample("nerkh_source_state", "State of a source, 1 for the one it is in.", 1, state)
        for kind, outcome, count in source.outcomes:
            ended = (*labels, ("kind", kind), ("outcome", outcome))
            yield Sample("nerkh_source_attempts", "Attempts by how they ended.", count, ended, counter=True)
