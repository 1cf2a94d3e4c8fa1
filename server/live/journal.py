"""The journal of one topic in the process: its events for ten minutes or 100,000 of them; the hub keeps one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from server.live.frames import PriceKey
from server.model import Answer, Value

_MOST = 100_000
_SPAN_S = 600.0


@dataclass(frozen=True, slots=True)
class Event:
    """One value that came: its place in the topic, and its number among those of its key."""

    position: int
    key: PriceKey
    sequence: int
    answer: Answer[Value]
    at: float
    """When it came, monotonic seconds."""
    time: datetime


class Journal:
    """Events in the order in which they came. Positions rise by one, from 1 in every epoch."""

    def __init__(self, start_time: datetime, most: int = _MOST, span_s: float = _SPAN_S) -> None:
        self._most = most
        self._span_s = span_s
        self._events: deque[Event] = deque()
        self._forgotten_time = start_time
        self._sequences: dict[PriceKey, int] = {}
        self.position = 0
        """The position of the newest event."""
        self.time = start_time
        """The time of the newest event, of the start when there was none."""

    def append(self, key: PriceKey, answer: Answer[Value], at: float, time: datetime) -> Event:
        """Take in one value."""
        self.position += 1
        self.time = time
        sequence = self._sequences[key] = self._sequences.get(key, 0) + 1
        event = Event(self.position, key, sequence, answer, at, time)
        self._events.append(event)
        if len(self._events) > self._most:
            self._forget()
        self.trim(at)
        return event

    def trim(self, now: float) -> None:
        """Forget what is older than the span."""
        while self._events and self._events[0].at < now - self._span_s:
            self._forget()

    def oldest(self) -> tuple[int, datetime]:
        """Return the oldest position behind which nothing is missing, and its time."""
        return self.position - len(self._events), self._forgotten_time

    def after(self, position: int) -> Iterator[Event]:
        """Return the events behind a position that is not older than the oldest."""
        return islice(self._events, position - self.oldest()[0], None)

    def time_of(self, position: int) -> datetime:
        """Return the time of the event at a position that is not older than the oldest."""
        behind = self.position - position
        if behind <= 0:
            return self.time
        return self._events[-1 - behind].time if behind < len(self._events) else self._forgotten_time

    def sequence(self, key: PriceKey) -> int:
        """Return the number of a key's newest event, 0 when there was none."""
        return self._sequences.get(key, 0)

    def _forget(self) -> None:
        """Drop the oldest event."""
        self._forgotten_time = self._events.popleft().time
