"""Opens what processes share over Redis, and closes it; `app` does, when the settings name one."""

from __future__ import annotations

import asyncio
from contextlib import suppress

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
        self.counters = Counters(self.link, base)
        self.link.up = self.generations.sync
        self.link.heard = self.generations.hear
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, for a second at most: the service starts without it as well."""
        await self.link.start()
        self._task = asyncio.create_task(self.cache.run())

    async def close(self) -> None:
        """Write what waits, for a moment, and let go."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_S):
                await self.cache.flush()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.link.close()
