"""Fixtures of the store's tests: an open store, and observations to put into it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from server.clock import SystemClock
from server.model import Answer, Freshness, Observation, Provenance, Query, Value
from server.settings import Settings
from server.store import Store

NOW = datetime(2026, 11, 20, 12, 0, 30, 123456, tzinfo=UTC)
Observe = Callable[..., Observation]


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """Open a store on an empty database; its writer waits for next to nothing."""
    opened = await Store.open(database, clock=SystemClock(), settings=Settings(store_flush_s=0.01))
    yield opened
    await opened.close()


@pytest.fixture
def observe() -> Observe:
    """Make observations, numbered as the engine does, from one source and received after it was stated."""
    numbers = itertools.count(1)

    def make(
        query: Query, value: Value, *, source: str = "binance", receive_time: datetime | None = None, **more: Any
    ) -> Observation:
        stated = more.pop("source_time", getattr(value, "source_time", None))
        received = receive_time or (NOW if stated is None or stated.tzinfo is None else max(NOW, stated))
        origin = Provenance(source, received, Freshness.LIVE, stated, **more)
        return Observation(next(numbers), query, Answer(value, origin))

    return make
