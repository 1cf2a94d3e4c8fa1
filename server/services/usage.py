"""How requests fared over the last minute, five minutes, hour and day, in constant memory; the request log fills it.

Three rings of slots: ten seconds for five minutes, two minutes for an hour, half an hour for a day. A slot that
has ended is added to the one of the next ring.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.clock import Clock
from server.model import RequestRecord
from server.services.usage_slots import OTHER, MethodCounts, Slot

WINDOWS = {"1m": 60.0, "5m": 300.0, "1h": 3600.0, "24h": 86400.0}
"""The windows that are kept, the shortest first, and their spans in seconds."""

SLOT_S = 10.0
"""The span of the shortest slot."""

_RINGS = ((SLOT_S, 300.0), (120.0, 3600.0), (1800.0, 86400.0))
"""The spans of a slot and of its ring, in seconds; each slot's span divides the next one's."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How requests fared from `start_time` to `end_time`; names by how often, with `other` at the end."""

    window: str
    start_time: datetime
    end_time: datetime
    total: MethodCounts
    methods: tuple[tuple[str, MethodCounts], ...]
    assets: tuple[tuple[str, int], ...]
    chains: tuple[tuple[str, int], ...]


class _Ring:
    """Slots of one span by their numbers, those in which something ended; the newest, which may go on, is last."""

    __slots__ = ("_slot_s", "_slots", "ring_s")

    def __init__(self, slot_s: float, ring_s: float) -> None:
        self._slot_s = slot_s
        self.ring_s = ring_s
        self._slots: deque[tuple[int, Slot]] = deque(maxlen=int(ring_s / slot_s) + 1)

    def newest(self) -> tuple[float, float, Slot] | None:
        """Return when the newest slot begins and ends, and the slot; None when there is none."""
        if not self._slots:
            return None
        number, slot = self._slots[-1]
        return number * self._slot_s, (number + 1) * self._slot_s, slot

    def begin(self, at: float, names: int) -> Slot:
        """Return a new slot, of the time `at`."""
        slot = Slot(names)
        self._slots.append((int(at // self._slot_s), slot))
        return slot

    def first(self, time: float) -> float:
        """Return when the slot begins that a time is in."""
        return time // self._slot_s * self._slot_s

    def later(self, time: float) -> Iterator[Slot]:
        """Yield the slots that end after a time."""
        return (slot for number, slot in self._slots if (number + 1) * self._slot_s > time)


class UsageBook:
    """Counts finished requests; `names` is how many assets and how many chains one slot counts by name."""

    def __init__(self, clock: Clock, names: int = 256) -> None:
        self._clock = clock
        self._names = names
        self._started = clock.monotonic()
        self._rings = tuple(_Ring(*spans) for spans in _RINGS)
        self._kept: dict[str, tuple[int, Slot]] = {}
        """Of each window the slots that have ended, in one, and the number of the shortest slot of that time."""

    def take(self, record: RequestRecord, at: float, latency_s: float | None, times: int = 1) -> None:
        """Count a request that ended at `at` (monotonic), so often in that slot; None for one that is not timed."""
        self._slot(0, at).take(record, times, latency_s)

    def usage(self, windows: Iterable[str], method: str, top: int) -> list[Usage]:
        """Return how requests fared over windows, at most `top` methods, assets and chains; `method` empty for all."""
        wanted = frozenset(windows)
        return [self._usage(window, method, top) for window in WINDOWS if window in wanted]

    def _slot(self, place: int, at: float) -> Slot:
        """Return the slot of a ring for a time; the one that ended before is added to the next ring's."""
        ring = self._rings[place]
        newest = ring.newest()
        if newest is None:
            return ring.begin(at, self._names)
        began, end, slot = newest
        if at < end:
            return slot
        if place + 1 < len(self._rings):
            self._slot(place + 1, began).add(slot)
        self._kept.clear()
        return ring.begin(at, self._names)

    def _usage(self, window: str, method: str, top: int) -> Usage:
        now = self._clock.monotonic()
        since = now - WINDOWS[window]
        place = next(place for place, ring in enumerate(self._rings) if ring.ring_s >= WINDOWS[window])
        whole = Slot(self._names)
        whole.add(self._ended(window, place, since, int(now // SLOT_S)))
        growing = self._rings[0].newest()
        if growing is not None and growing[1] > since:
            whole.add(growing[2])
        time = self._clock.now()
        methods = [(name, counts) for name, counts in whole.methods.items() if not method or name == method]
        methods.sort(key=lambda pair: (-pair[1].requests, pair[0]))
        return Usage(
            window=window,
            start_time=time - timedelta(seconds=now - max(self._rings[place].first(since), self._started)),
            end_time=time,
            total=whole.total(),
            methods=tuple(methods[:top]),
            assets=_top(whole.assets, whole.other_assets, top),
            chains=_top(whole.chains, whole.other_chains, top),
        )

    def _ended(self, window: str, place: int, since: float, number: int) -> Slot:
        """Return all slots of a window but the one that grows, in one; kept until a slot begins or leaves.

        So that a caller who asks again and again makes no work: a day of all methods takes tens of milliseconds.
        """
        kept = self._kept.get(window)
        if kept is None or kept[0] != number:
            merged = Slot(self._names)
            for slot in self._later(place, since):
                merged.add(slot)
            kept = self._kept[window] = (number, merged)
        return kept[1]

    def _later(self, place: int, since: float) -> Iterator[Slot]:
        """Yield the slots of a ring that end after a time, and the newest of each shorter ring: not yet added to it.

        That of the shortest ring is left out: it grows.
        """
        growing = self._rings[0].newest()
        newest = [ring.newest() for ring in self._rings[:place]]
        pending = [each[2] for each in newest if each is not None and each[1] > since]
        for slot in (*self._rings[place].later(since), *pending):
            if growing is None or slot is not growing[2]:
                yield slot


def _top(counts: Mapping[str, int], other: int, most: int) -> tuple[tuple[str, int], ...]:
    """Return the names that count most, and the rest as one."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = other + sum(count for _, count in ranked[most:])
    return (*ranked[:most], *([(OTHER, rest)] if rest else ()))
