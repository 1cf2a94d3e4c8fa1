"""The composition root: opens what the service is made of, wires it, serves, and drains. Used by `nerkh serve`."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import structlog

from server.assets import Registry, registry
from server.clock import Clock, SystemClock
from server.collectors import Collectors, usual_schedules
from server.errors import SetupError
from server.fallback import Engine
from server.fallback.http import Transport
from server.fallback.routes import passwords
from server.fallback.stand_in import Catalog, catalog_of
from server.live import Hub
from server.observe import logs
from server.observe.metrics import Exposition, Metrics
from server.providers.catalog import PROVIDERS
from server.rpc.admin import SERVICE as ADMIN
from server.rpc.admin import AdminServicer
from server.rpc.answering import Desk
from server.rpc.binding import Router
from server.rpc.calls import Method
from server.rpc.health import Health
from server.rpc.listener import Listener
from server.rpc.operators import operators_token
from server.rpc.pages import PageTokens, signing_key
from server.rpc.reflection import reflection_methods
from server.rpc.servicers import SERVICES, public_methods
from server.rpc.slots import OpenStreams
from server.services.coverage import Coverage
from server.services.gauges import engine_gauges, store_gauges
from server.services.requests import RequestLog
from server.services.sentiment_model import SentimentModel
from server.services.stories import Annotator
from server.services.wiring import Services
from server.settings import Settings, keys, redis_passwords
from server.store import Store

if TYPE_CHECKING:
    from server.shared.shared import Shared

log = structlog.get_logger()

LOOPBACK = "127.0.0.1"
ADMIN_GRACE_S = 1.0
"""Longest wait for operators' calls in flight at the end, in seconds."""

FLUSH_S = 5.0
"""Longest wait at the end for what is still to be written, in seconds."""

READINESS_S = 1.0
"""How often readiness is looked at, in seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class App:
    """The service as it runs. `addresses` is the ready line: where everything listens."""

    addresses: dict[str, Any]
    engine: Engine
    store: Store
    health: Health


async def serve(settings: Settings, *, ready: Callable[[dict[str, Any]], None]) -> int:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends the process at once.

    `ready` is called once with where everything listens. Raises `SetupError` when the service cannot start.
    """
    shown = [key.get_secret_value() for several in keys().values() for key in several]
    shown += [*passwords(settings), *redis_passwords(settings)]
    logs.configure(settings.log_level, settings.log_format, shown)
    stop = asyncio.Event()
    _on_signals(stop)
    hasty = asyncio.create_task(_cancel_at(stop, asyncio.current_task()))
    try:
        async with running(settings, SystemClock()) as app:
            hasty.cancel()
            gc.collect()
            gc.freeze()  # what is there now stays: no later collection walks it again
            ready(app.addresses)
            log.info("ready", **{name: where for name, where in app.addresses.items() if name != "ready"})
            await stop.wait()
            log.info("draining", longest_s=settings.drain_s)
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    log.info("stopped")
    return 0


async def _cancel_at(stop: asyncio.Event, opening: asyncio.Task[Any] | None) -> None:
    """Give up opening when the signal comes first: a database that is away is then not waited for."""
    await stop.wait()
    if opening is not None:
        opening.cancel()


@asynccontextmanager
async def running(settings: Settings, clock: Clock) -> AsyncIterator[App]:
    """Run the service inside the block. Leaving it drains, in the reverse order of what stands here.

    Raises `SetupError` when a port, the data folder, the database or the simulator cannot be used.
    """
    world, metrics = registry(), Metrics(settings.metric_series)
    operators_token(settings.data)  # first of all: a folder that cannot be used is said before anything is opened
    async with AsyncExitStack() as stack:
        exposition = _exposition(stack, metrics, settings)
        catalog, annotator = await catalog_of(settings), Annotator(world, SentimentModel())
        store = await _open_store(stack, settings, clock, annotator)
        shared = await _open_shared(stack, settings, clock, world)
        engine = await _start_engine(stack, settings, clock, store, catalog, shared=shared)
        requests = RequestLog(clock, names=settings.usage_names)
        streams = OpenStreams(clock, settings.streams_per_caller)
        coverage = Coverage(catalog[0], {provider.name: provider for provider in PROVIDERS})
        services = Services.make(
            engine=engine,
            registry=world,
            annotator=annotator,
            store=store,
            clock=clock,
            coverage=coverage,
            requests=requests,
            simulated=bool(catalog[1]),
        )
        metrics.read(engine_gauges(engine), store_gauges(store))
        desk = Desk(clock, metrics, requests, streams, sample=settings.log_sample, slow_s=settings.slow_call_s)
        engine.cache.dropped = desk.forget
        key = await signing_key(settings.page_token_key, store)
        tokens, hub = PageTokens(key), await _start_hub(stack, engine, coverage, clock, key)
        health = Health(SERVICES)
        methods = public_methods(services, hub, tokens, clock, desk, most_keys=settings.keys_per_stream)
        operators = AdminServicer(services.administration, desk, clock).methods()
        listener, admin = await _listen(stack, settings, desk, health, (methods, operators))
        if settings.collect:
            _collect(stack, engine, world, clock)
        _in_background(stack, streams.evict(), _watch_readiness(engine, health, clock))
        stack.push_async_callback(_leave, health, desk, hub)
        health.set(engine.is_ready())
        addresses = {"ready": True, "grpc": listener.address, "admin": admin.address, "metrics": exposition.url}
        yield App(addresses, engine, store, health)


def _collect(stack: AsyncExitStack, engine: Engine, world: Registry, clock: Clock) -> None:
    collectors = Collectors(usual_schedules(engine, world.chains), clock)
    collectors.start()
    stack.push_async_callback(collectors.stop)


async def _listen(
    stack: AsyncExitStack,
    settings: Settings,
    desk: Desk,
    health: Health,
    methods: tuple[Sequence[Method], Sequence[Method]],
) -> tuple[Listener, Listener]:
    """Open the public listener and the operators' one, which wants their token; `methods` are those of each."""
    token = operators_token(settings.data)
    public_router, admin_router = (
        Router((*own, *health.methods(), *reflection_methods((*services, Health.SERVICE))), desk, wanted)
        for own, services, wanted in zip(methods, (SERVICES, (*SERVICES, ADMIN)), (None, token), strict=True)
    )
    public = Listener(public_router, settings.host, settings.grpc_port, "--grpc-port")
    admin = Listener(admin_router, LOOPBACK, settings.admin_port, "--admin-port")
    for each, grace_s in ((admin, ADMIN_GRACE_S), (public, settings.drain_s)):
        await each.start()
        stack.push_async_callback(each.stop, grace_s)
    return public, admin


async def _leave(health: Health, desk: Desk, hub: Hub) -> None:
    """Begin to drain: say NOT_SERVING before anything stops, take no new stream, tell those that are open."""
    health.set(serving=False)
    health.close()
    desk.draining = True
    await hub.drain()


def _on_signals(stop: asyncio.Event) -> None:
    def heard(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)  # the second time: at once
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, heard, number)


def _in_background(stack: AsyncExitStack, *endless: Coroutine[Any, Any, None]) -> None:
    """Run what has no end of its own until the stack is left."""
    tasks = [asyncio.create_task(each) for each in endless]

    async def end() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    stack.push_async_callback(end)


async def _watch_readiness(engine: Engine, health: Health, clock: Clock) -> None:
    while True:
        await clock.sleep(READINESS_S)
        if health.serving is not engine.is_ready():
            health.set(engine.is_ready())


def _exposition(stack: AsyncExitStack, metrics: Metrics, settings: Settings) -> Exposition:
    try:
        exposition = Exposition(metrics, LOOPBACK, settings.metrics_port)
    except OSError as error:
        why = (error.strerror or "unusable").lower()
        text = f"port {settings.metrics_port} on {LOOPBACK} cannot be used ({why}); stop what holds it"
        raise SetupError(f"{text} or choose another: --metrics-port") from None
    stack.callback(exposition.close)
    return exposition


async def _open_store(stack: AsyncExitStack, settings: Settings, clock: Clock, annotator: Annotator) -> Store:
    if settings.database_url is None:
        raise SetupError("NERKH_DATABASE_URL is not set; name a database, or run `nerkh up`, which brings its own", 2)
    url = settings.database_url.get_secret_value()
    store = await Store.open(url, clock=clock, settings=settings, annotate=annotator.annotated)
    stack.push_async_callback(_close_store, store)
    return store


async def _close_store(store: Store) -> None:
    """Write what is queued, for a while; a database that is away is not waited for."""
    if store.status().reachable:
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                await store.flush()
    await store.close()
    if lost := store.status().queued:
        log.warning("rows_not_written", rows=lost, error=store.status().last_error)


async def _open_shared(stack: AsyncExitStack, settings: Settings, clock: Clock, world: Registry) -> Shared | None:
    """Connect to what processes share, where the settings name it; else nothing of it is even imported."""
    if settings.redis_url is None:
        return None
    from server.shared.shared import Shared

    return await stack.enter_async_context(Shared.running(settings, world, clock))


async def _start_engine(
    stack: AsyncExitStack, settings: Settings, clock: Clock, store: Store, catalog: Catalog, *, shared: Shared | None
) -> Engine:
    known, base_urls = catalog
    transport = Transport(
        local=base_urls.values(),
        doh=[each.strip() for each in settings.doh.split(",") if each.strip()],
        connect_s=settings.proxy_connect_s,
        monotonic=clock.monotonic,
    )
    stack.push_async_callback(transport.close)
    engine = Engine(
        catalog=known,
        providers={provider.name: provider for provider in PROVIDERS},
        transport=transport,
        clock=clock,
        settings=settings,
        keys=keys(),
        stored=store,
        memory=store,
        ledger=store,
        shared=None if shared is None else shared.cache,
        counters=None if shared is None else shared.counters,
        simulated=bool(base_urls),
        base_urls=base_urls,
    )
    if shared is not None:
        shared.generations.dropped = lambda scope: engine.cache.drop(scope.covers)
    stack.callback(engine.subscribe(store.offer))
    await engine.start()
    stack.push_async_callback(engine.close)
    return engine


async def _start_hub(stack: AsyncExitStack, engine: Engine, coverage: Coverage, clock: Clock, key: bytes) -> Hub:
    hub = Hub(engine.ask, clock, key=key, covers=lambda query: bool(coverage.sources(query)))
    await hub.start()
    stack.push_async_callback(hub.close)
    stack.callback(engine.subscribe(hub.receive))
    return hub
