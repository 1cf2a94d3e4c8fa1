"""One subscriber's view of a topic: what it still has to be told, frame by frame; the hub makes them, rpc reads them.

It holds one slot a key, newest wins, so that no reader, however slow, makes it grow.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Protocol, Self

from server.clock import Clock
from server.live.frames import Batch, Frame, Gap, Heartbeat, Interruption, InterruptionReason, PriceKey, Update
from server.live.journal import Event

_SNAPSHOT_S = 2.0
_MOST_UPDATES = 500
STALL_S = 5.0


class Topic(Protocol):
    """What a subscription asks of its hub."""

    def cursor(self, position: int | None = None) -> str:
        """Return the cursor behind a position, by default behind the newest."""

    def newest(self, key: PriceKey) -> Event | None:
        """Return the event that holds a key's value now, None when there is none."""


class Subscription:
    """An asynchronous iterator of frames; leaving its `with` block ends it.

    Between two frames it knows that its reader is busy writing; the hub ends one that has been for 5 s.
    """

    def __init__(
        self,
        topic: Topic,
        clock: Clock,
        keys: Iterable[PriceKey],
        first: Sequence[Frame],
        *,
        conflation_s: float,
        heartbeat_s: float,
        ended: Callable[[Subscription], None],
    ) -> None:
        self.keys = tuple(keys)
        self._topic = topic
        self._clock = clock
        self._conflation_s = conflation_s
        self._heartbeat_s = heartbeat_s
        self._ended = ended
        self._frames: deque[Frame] = deque(first)
        self._pending: dict[PriceKey, Event] = {}
        self._first_pending = 0
        self._silent: dict[PriceKey, Gap] = {}
        self._sent: dict[PriceKey, int] = {}
        self._snapshot_until: float | None = None
        self._last_sent_at = self._last_batch_at = clock.monotonic()
        self._handed_at: float | None = None
        self._handed_cursor = ""
        self._farewell: Interruption | None = None
        self._is_closed = False
        self._is_over = False
        self._goodbye: float | None = None
        self._wake = asyncio.Event()

    def begin(self, sent: dict[PriceKey, int], replayed: Iterable[Event], *, with_snapshot: bool) -> None:
        """Set what the subscriber has seen of each key, queue what it missed, and let a snapshot come first."""
        self._sent = sent
        events = list(replayed)
        for start in range(0, len(events), _MOST_UPDATES):
            part = events[start : start + _MOST_UPDATES]
            updates = tuple(self._update(event) for event in part)
            self._frames.append(Batch(self._topic.cursor(part[-1].position), updates, replayed=True))
        if with_snapshot:
            self._snapshot_until = self._clock.monotonic() + _SNAPSHOT_S

    def offer(self, event: Event) -> None:
        """Take in one event of a key that is followed; it takes the place of an older one that was not sent."""
        if not self._pending:
            self._first_pending = event.position
        self._pending.pop(event.key, None)
        self._pending[event.key] = event
        self._wake.set()

    def interrupt(self, key: PriceKey, gap: Gap) -> None:
        """Say that no source can be reached for a key; those of one moment are said together."""
        self._silent[key] = gap
        self._wake.set()

    def dismiss(self, reconnect_after_s: float) -> None:
        """Let the stream end: what is pending first, then SHUTDOWN."""
        self._goodbye = reconnect_after_s
        self._wake.set()

    def check_stall(self, now: float) -> None:
        """End the stream when its reader has been writing one frame for 5 s; SLOW_CONSUMER is all it is told then."""
        if self._handed_at is not None and now - self._handed_at >= STALL_S and not self._is_closed:
            self._farewell = Interruption(self._handed_cursor, InterruptionReason.SLOW_CONSUMER)
            self.close()

    def close(self) -> None:
        """End the stream; idempotent."""
        if not self._is_closed:
            self._is_closed = True
            self._wake.set()
            self._ended(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        """Return the next frame, waiting until there is one; ends when the stream was closed or dismissed."""
        self._handed_at = None
        while True:
            if self._is_over:
                self.close()
            if self._is_closed:
                farewell, self._farewell = self._farewell, None
                if farewell is not None:
                    return farewell
                raise StopAsyncIteration
            now = self._clock.monotonic()
            frame = self._next(now)
            if frame is not None:
                self._last_sent_at = self._handed_at = now
                self._handed_cursor = frame.cursor
                return frame
            self._wake.clear()
            try:
                async with asyncio.timeout(self._due() - now):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _next(self, now: float) -> Frame | None:
        """Return the frame that is due now, None when there is none."""
        if self._frames:
            return self._frames.popleft()
        if self._snapshot_until is not None:
            return self._snapshot(now)
        if self._silent:
            return self._silence()
        return self._change(now)

    def _change(self, now: float) -> Frame | None:
        """Return what is due once the stream has begun: changes, the end, or a sign of life."""
        if self._pending and (self._goodbye is not None or now >= self._last_batch_at + self._conflation_s):
            return self._batch(now)
        if self._goodbye is not None:
            self._is_over = True
            return Interruption(self._cursor(), InterruptionReason.SHUTDOWN, reconnect_after_s=self._goodbye)
        if now >= self._last_sent_at + self._heartbeat_s:
            return Heartbeat(self._cursor(), self._clock.now())
        return None

    def _snapshot(self, now: float) -> Frame | None:
        """Return the state of all keys once each has one, or of those that have when the wait is over."""
        events = [event for key in self.keys if (event := self._topic.newest(key)) is not None]
        until = self._snapshot_until
        if until is not None and now < until and len(events) < len(self.keys) and self._goodbye is None:
            return None
        self._snapshot_until = None
        self._pending.clear()
        if not events:
            return self._next(now)
        self._last_batch_at = now
        events.sort(key=lambda event: event.position)
        updates = []
        for event in events:
            self._sent[event.key] = event.sequence
            updates.append(Update(event.key, event.answer, event.sequence))
        return Batch(self._cursor(), tuple(updates), snapshot=True)

    def _silence(self) -> Frame:
        """Return the keys for which no source can be reached, with the longest of their gaps."""
        keys = tuple(self._silent)
        gap = min(self._silent.values(), key=lambda gap: gap.start_time)
        self._silent.clear()
        return Interruption(self._cursor(), InterruptionReason.SOURCES_UNREACHABLE, keys, gap=gap)

    def _batch(self, now: float) -> Frame:
        """Return everything that is pending."""
        self._last_batch_at = now
        updates = tuple(self._update(event) for event in self._pending.values())
        self._pending.clear()
        return Batch(self._cursor(), updates)

    def _update(self, event: Event) -> Update:
        """Return an event as an update that says how many of its key were skipped before it."""
        skipped = event.sequence - self._sent.get(event.key, 0) - 1
        self._sent[event.key] = event.sequence
        return Update(event.key, event.answer, event.sequence, skipped)

    def _cursor(self) -> str:
        """Return the cursor up to which everything was sent."""
        return self._topic.cursor(self._first_pending - 1 if self._pending else None)

    def _due(self) -> float:
        """Return when there is something to do even if nothing happens."""
        if self._snapshot_until is not None:
            return self._snapshot_until
        due = self._last_sent_at + self._heartbeat_s
        return min(due, self._last_batch_at + self._conflation_s) if self._pending else due
