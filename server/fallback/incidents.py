"""What happened to sources: the incidents that last and the recent ones, and those that wait to be written.

Used by the watch, which opens and closes them, and by the book, which writes them behind.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from server.clock import Clock
from server.model import Incident, IncidentCause

_MOST = 2_000
_SAME = timedelta(minutes=10)
"""What recurs within this span is one incident that happened several times."""

Key = tuple[str, datetime, str]


class Incidents:
    """The recent incidents of all sources, at most 2000 of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recent: OrderedDict[Key, Incident] = OrderedDict()
        self._lasting: dict[tuple[str, IncidentCause], Incident] = {}
        self.unwritten: dict[Key, Incident] = {}
        """Those that the database has not yet as they are now."""

    def begin(
        self, source: str, cause: IncidentCause, reason: str, *, kind: str = "", time: datetime | None = None
    ) -> None:
        """Note that something began, now or at `time`; one that lasts goes on."""
        if (source, cause) not in self._lasting:
            incident = Incident(source, cause, time or self._clock.now(), None, kind, reason)
            self._lasting[source, cause] = incident
            self._put(incident)

    def end(self, source: str, cause: IncidentCause, *, time: datetime | None = None) -> None:
        """Note that it is over; harmless when it did not last."""
        lasting = self._lasting.pop((source, cause), None)
        if lasting is not None:
            self._put(replace(lasting, end_time=max(time or self._clock.now(), lasting.start_time)))

    def happened(self, source: str, cause: IncidentCause, reason: str, kind: str) -> None:
        """Note something that is over at once; what recurs soon is counted in one incident."""
        now = self._clock.now()
        for known in reversed(self._recent.values()):
            if (known.source, known.cause, known.kind) != (source, cause, kind):
                continue
            if known.end_time is not None and now - known.end_time <= _SAME:
                self._put(replace(known, end_time=max(now, known.end_time), count=known.count + 1))
                return
            break
        self._put(Incident(source, cause, now, now, kind, reason))

    def resume(self, known: Iterable[Incident], lasts: Callable[[Incident], bool]) -> None:
        """Take up what lasted before a restart; end what lasts no more, and of one cause all but the oldest."""
        found, self._lasting = {_key(each): each for each in (*known, *self._lasting.values())}, {}
        for incident in sorted(found.values(), key=lambda each: each.start_time, reverse=True):
            self.end(incident.source, incident.cause)
            self._lasting[incident.source, incident.cause] = self._recent[_key(incident)] = incident
        for incident in tuple(self._lasting.values()):
            if not lasts(incident):
                self.end(incident.source, incident.cause)

    def recent(self, source: str, before: tuple[object, ...] | None, limit: int) -> list[Incident]:
        """Return at most `limit` incidents of a source, newest first, behind the key `before`."""
        mine = [each for each in self._recent.values() if each.source == source and (not before or each.key < before)]
        return sorted(mine, key=lambda each: each.key, reverse=True)[:limit]

    def written(self, incidents: Iterable[Incident]) -> None:
        """Take in that the database has these; what changed meanwhile still waits."""
        for incident in incidents:
            if self.unwritten.get(_key(incident)) is incident:
                del self.unwritten[_key(incident)]

    def _put(self, incident: Incident) -> None:
        key = _key(incident)
        self._recent[key] = self.unwritten[key] = incident
        self._recent.move_to_end(key)
        while len(self._recent) > _MOST:
            oldest, _ = self._recent.popitem(last=False)
            self.unwritten.pop(oldest, None)  # the database was away for long: the bound holds all the same


def _key(incident: Incident) -> Key:
    return (incident.source, *incident.key)
