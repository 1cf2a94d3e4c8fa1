"""Store reads beside a fetch, in simulated time."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from server.clock import VirtualClock, run_virtual
from server.errors import StoreUnavailable
from server.services.stored import Beside
from server.store import Store


def test_a_store_that_is_away_costs_a_second_now_and_then() -> None:
    """A read that hangs is given up after a second, and then the store is left alone for five."""
    reads = 0

    async def main(clock: VirtualClock) -> None:
        nonlocal reads
        beside = Beside(cast("Store", None), clock)

        async def hang(_store: Store) -> str:
            nonlocal reads
            reads += 1
            await asyncio.sleep(100)
            return "late"

        start = clock.monotonic()
        assert [await beside.read(hang) for _ in range(10)] == [None] * 10
        assert (reads, clock.monotonic() - start) == (1, 1.0)
        await clock.sleep(5)

        async def fail(_store: Store) -> str:
            raise StoreUnavailable

        async def work(_store: Store) -> str:
            return "there"

        assert await beside.read(work) == "there"
        assert await beside.read(fail) is None
        assert await beside.read(work) is None
        await clock.sleep(5)
        assert await beside.read(work) == "there"

    run_virtual(cast("Any", main))
