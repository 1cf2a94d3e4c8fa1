"""Opens what processes share over Redis, and closes it; `app` does, when the settings name one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self

from server.assets import Registry
from server.clock import Clock
from server.settings import Settings
from server.shared.cache import SharedCache
from server.shared.counters import Counters
from server.shared.generations import Generations
from server.shared.link import Link

BASE = "nerkh:1:"
SIMULATED = "nerkh:1:simulated:"
"""What every key begins with; what the simulator says is kept apart."""
_LAST_S = 0.5


class Shared:
    """The link and what stands on it. `generations.dropped` is to be set by who holds a first level."""

    def __init__(self, settings: Settings, registry: Registry, clock: Clock) -> None:
        """Wire it; raises `ValueError` without an address."""
        if settings.redis_url is None:
            raise ValueError("no address")
        base = BASE if settings.simulator_url is None else SIMULATED
        channel = f"{base}drops"
        self.link = Link(settings.redis_url, clock, channel)
        self.generations = Generations(self.link, f"{base}generations", channel)
        self.cache = SharedCache(self.link, self.generations, registry, clock, base)
        self.generations.forgotten = self.cache.forget
        self.counters = Counters(self.link, base)
        self.link.up = self.generations.sync
        self.link.heard = self.generations.hear

    @classmethod
    @asynccontextmanager
    async def running(cls, settings: Settings, registry: Registry, clock: Clock) -> AsyncIterator[Self]:
        """Share inside the block. It is entered without the server as well, after a second at most."""
        shared = cls(settings, registry, clock)
        await shared.link.start()
        writing = asyncio.create_task(shared.cache.run())
        try:
            yield shared
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_S):
                    await shared.cache.flush()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await shared.link.close()
