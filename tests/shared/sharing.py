"""Engines that share a real Redis, over one small scripted world, in real time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from pydantic import SecretStr

from server.assets import registry
from server.clock import SystemClock
from server.fallback.engine import Engine
from server.settings import Settings
from server.shared.shared import Shared
from tests.fallback.world import World

CLOCK = SystemClock()


class Place:
    """One process: an engine with what it shares."""

    def __init__(self, engine: Engine, shared: Shared) -> None:
        self.engine = engine
        self.shared = shared

    async def written(self) -> None:
        """Return when all that was kept is in Redis."""
        await self.shared.cache.flush()


@contextlib.asynccontextmanager
async def place(url: str, world: World, sources: Any = ("a", "b"), **given: Any) -> AsyncIterator[Place]:
    """Run one process; what is `given` are settings. It is patient: a busy machine is to change no outcome."""
    settings = Settings(redis_url=SecretStr(url), **{"quotes_per_s": 0, "redis_wait_s": 1.0, **given})
    async with Shared.running(settings, registry(), CLOCK) as shared:
        engine = world.engine(sources, settings=settings, shared=shared.cache, counters=shared.counters)
        shared.generations.dropped = lambda scope: engine.cache.drop(scope.covers)
        await engine.start()
        try:
            yield Place(engine, shared)
        finally:
            await engine.close()


@contextlib.contextmanager
def answering(answer: bytes | None) -> Iterator[str]:
    """Run what is no Redis: whatever it is sent, it says the same, or with None nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.ExitStack() as held, contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    held.enter_context(connection)
                    if answer is not None:
                        connection.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        try:
            yield f"redis://user:hidden@127.0.0.1:{listener.getsockname()[1]}/0"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join()


async def until(true: Callable[[], bool], longest_s: float = 10.0) -> None:
    """Return as soon as something is true."""
    async with asyncio.timeout(longest_s):
        while not true():  # noqa: ASYNC110 -- what is waited for tells nobody when it happens
            await asyncio.sleep(0.005)


def real_world() -> World:
    """Return a world in real time."""
    return World(CLOCK)  # type: ignore[arg-type]  # only its reading of the time is used
