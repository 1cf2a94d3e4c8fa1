"""The recent requests of this process, as monitoring shows them, and how requests fared; the rpc layer adds to it."""

from __future__ import annotations

import dataclasses
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import islice

from server.clock import Clock
from server.model import RequestRecord
from server.services.usage import SLOT_S, Usage, UsageBook
from server.services.usage_slots import FAULTS

Wanted = Callable[[RequestRecord], bool]


class RequestLog:
    """A ring of the last `size` requests; each has a number that strictly rises, which is also its cursor.

    `names` is how many assets and how many chains the usage figures count by name at a time.
    """

    def __init__(self, clock: Clock, size: int = 1000, names: int = 256) -> None:
        self._clock = clock
        self._ring: deque[tuple[RequestRecord, float | None]] = deque(maxlen=size)
        self._usage = UsageBook(clock, names)
        self._batch = size
        self._counted = 0
        self._due = self._batch
        self._slot_end = 0.0
        """What is not yet counted ended before this monotonic time, and within the slot that ends then."""
        self._whole: list[RequestRecord] = []
        """Those that were added since repeats were last counted: they are counted already."""
        self.total = 0
        self.failed = 0
        """How many could not be answered, as usage counts them: those refused for what they asked are none of them."""
        self.active = 0
        """How many are in flight; the rpc layer counts them up and down."""

    def add(self, record: RequestRecord, *, timed: bool = True) -> None:
        """Keep one finished request; a stream, which is meant to last, is not timed."""
        now = self._clock.monotonic()
        if now >= self._slot_end or self.total >= self._due:
            self._count(now)
        self.total += 1
        self.failed += record.code in FAULTS
        self._ring.append((record, None))
        self._whole.append(record)
        self._usage.take(record, now, record.latency_s if timed else None)

    def repeat(self, record: RequestRecord, finished: float) -> None:
        """Keep a request that was answered like an earlier one at `finished` (monotonic); made for the fast path."""
        if finished >= self._slot_end or self.total >= self._due:
            self._count(finished)
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

    def usage(self, windows: Iterable[str], method: str, top: int) -> list[Usage]:
        """Return how requests fared over windows, at most `top` methods, assets and chains; `method` empty for all."""
        self._count(self._clock.monotonic())
        return self._usage.usage(windows, method, top)

    def _count(self, now: float) -> None:
        """Bring the usage figures up to date: the repeats since the last time, all of one slot of time."""
        since = len(self._ring) - (self.total - self._counted)
        repeats = Counter([record for record, _ in islice(self._ring, since, None)])
        repeats.subtract(self._whole)
        for record, times in repeats.items():
            if times:
                self._usage.take(record, self._slot_end - SLOT_S, 0.0, times)
        self._whole.clear()
        self._counted, self._due = self.total, self.total + self._batch
        self._slot_end = (now // SLOT_S + 1) * SLOT_S
