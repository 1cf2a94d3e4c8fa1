"""Store reads beside a fetch: bounded in time, left out while the database is away, never the cause of a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from server.clock import Clock
from server.errors import StoreUnavailable
from server.store import Store

log = structlog.get_logger()
T = TypeVar("T")


class Beside:
    """Reads the store when it answers soon; after a failure it is left alone for a while."""

    def __init__(self, store: Store, clock: Clock, longest_s: float = 1.0, rest_s: float = 5.0) -> None:
        self._store = store
        self._clock = clock
        self._longest_s = longest_s
        self._rest_s = rest_s
        self._rests_until = float("-inf")

    async def read(self, read: Callable[[Store], Awaitable[T]]) -> T | None:
        """Return what a read gives, None when the store does not answer in time."""
        if self._clock.monotonic() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(self._longest_s):
                return await read(self._store)
        except (StoreUnavailable, TimeoutError):
            if self._rests_until < self._clock.monotonic():
                log.info("store_read_left_out", rest_s=self._rest_s)
            self._rests_until = self._clock.monotonic() + self._rest_s
            return None
