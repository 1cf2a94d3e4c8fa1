"""The recent requests of this process, as monitoring shows them; the rpc layer adds to it."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from server.clock import Clock
from server.model import RequestRecord

Wanted = Callable[[RequestRecord], bool]


class RequestLog:
    """A ring of the last `size` requests; each has a number that strictly rises, which is also its cursor."""

    def __init__(self, clock: Clock, size: int = 1000) -> None:
        self._clock = clock
        self._ring: deque[tuple[RequestRecord, float | None]] = deque(maxlen=size)
        self.total = 0
        self.failed = 0
        self.active = 0
        """How many are in flight; the rpc layer counts them up and down."""

    def add(self, record: RequestRecord) -> None:
        """Keep one finished request."""
        self.total += 1
        self.failed += record.code not in ("OK", "CANCELLED")
        self._ring.append((record, None))

    def repeat(self, record: RequestRecord, finished: float) -> None:
        """Keep a request that was answered like an earlier one at `finished` (monotonic); made for the fast path."""
        self.total += 1
        self._ring.append((record, finished))

    def newest(self, before: int | None, limit: int, wanted: Wanted) -> tuple[list[RequestRecord], int | None]:
        """Return at most `limit` wanted records older than number `before`, newest first, and the cursor of the next.

        The cursor is None when nothing is left.
        """
        now, monotonic = self._clock.now(), self._clock.monotonic()
        found: list[RequestRecord] = []
        number = self.total
        last = number
        for record, finished in reversed(self._ring):
            if (before is None or number < before) and wanted(record):
                if len(found) == limit:
                    return found, last
                if finished is not None:
                    time = now - timedelta(seconds=monotonic - finished)
                    record = dataclasses.replace(record, time=time, latency_s=0.0)  # noqa: PLW2901 -- the ring's own stays
                found.append(record)
                last = number
            number -= 1
        return found, None
