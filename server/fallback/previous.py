"""What was seen before: a stale answer of the cache, then the last stored one; the engine's last resort."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from server.clock import Clock
from server.errors import StoreUnavailable
from server.fallback.cache import Slot, restamped
from server.model import Answer, Attempt, Freshness, Query, Value

_log = structlog.get_logger()

_LEAST_S = 0.1
_MOST_S = 2.0


class StoredLookup(Protocol):
    """Where the last stored answer to a query is read; the store is one."""

    async def last(self, query: Query) -> Answer[Value] | None:
        """Return the last stored answer, None when there is none."""


class Previous:
    """Looks up old answers."""

    def __init__(self, stored: StoredLookup | None, clock: Clock) -> None:
        self._stored = stored
        self._clock = clock

    async def answer(self, slot: Slot, attempts: tuple[Attempt, ...], deadline: float) -> Answer[Value] | None:
        """Return an old answer with the attempts that were made in vain, None when nothing was ever seen."""
        entry = slot.entry
        if entry is not None:
            slot.tally.stale += 1
            return restamped(entry.answer, Freshness.STALE, attempts or entry.answer.provenance.attempts)
        if self._stored is None:
            return None
        span = min(max(deadline - self._clock.monotonic(), _LEAST_S), _MOST_S)
        try:
            async with asyncio.timeout(span):
                found = await self._stored.last(slot.query)
        except (TimeoutError, StoreUnavailable):
            return None
        except Exception:  # noqa: BLE001 -- the last resort; its own fault only means there is none
            _log.exception("stored lookup failed", kind=slot.query.kind.value)
            return None
        if found is None:
            return None
        slot.tally.stale += 1
        return restamped(found, Freshness.STORED, attempts)
