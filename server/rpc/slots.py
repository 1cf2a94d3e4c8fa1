"""Open streams: how many each caller holds, and which of them have stalled. Used by the answering wrapper."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from server.clock import Clock
from server.errors import TooManyStreams

log = structlog.get_logger()


class Writes:
    """Marks when a stream's write began; a context manager around each write."""

    __slots__ = ("_clock", "began", "stalled", "task")

    def __init__(self, clock: Clock, task: asyncio.Task[object] | None) -> None:
        self._clock = clock
        self.task = task
        self.began: float | None = None
        self.stalled = False
        """True once the task was cancelled because of this stall."""

    def __enter__(self) -> None:
        self.began = self._clock.monotonic()

    def __exit__(self, *_error: object) -> None:
        self.began = None


class OpenStreams:
    """Counts streams per caller and ends those whose write has stalled."""

    def __init__(self, clock: Clock, per_caller: int, stall_s: float = 5.0) -> None:
        self._clock = clock
        self._per_caller = per_caller
        self._stall_s = stall_s
        self._held: Counter[str] = Counter()
        self._open: set[Writes] = set()
        self.opened = 0
        """How many streams were opened since the start."""

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def enter(self, caller: str, *, exempt: bool) -> Iterator[Writes]:
        """Hold a slot for the running task; raises `TooManyStreams` when the caller, not exempt, holds them all."""
        if not exempt and self._held[caller] >= self._per_caller:
            raise TooManyStreams(self._per_caller)
        writes = Writes(self._clock, asyncio.current_task())
        self._held[caller] += 1
        self._open.add(writes)
        self.opened += 1
        try:
            yield writes
        finally:
            self._open.discard(writes)
            self._held[caller] -= 1
            if not self._held[caller]:
                del self._held[caller]

    async def evict(self) -> None:
        """Cancel, for as long as this runs, the task of every stream whose write has stalled."""
        while True:
            await self._clock.sleep(1.0)
            late = self._clock.monotonic() - self._stall_s
            for writes in tuple(self._open):
                if writes.began is not None and writes.began < late and writes.task is not None:
                    log.info("stream_stalled", stalled_s=round(self._clock.monotonic() - writes.began, 1))
                    writes.began = None
                    writes.stalled = True
                    writes.task.cancel()
