"""How the attempts at one source for one kind ended: counted by outcome, and the last one kept; lanes hold one each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from server.model import LastAttempt, Outcome


class Endings:
    """Counts by outcome since the start. `note` is on the path of each attempt: it makes no object but a tuple."""

    __slots__ = ("_last", "_outcomes")

    def __init__(self) -> None:
        self._outcomes: dict[Outcome, int] = {}
        self._last: tuple[datetime, Outcome, float, str] | None = None

    def note(self, time: datetime, outcome: Outcome, latency_s: float, detail: str) -> None:
        """Count an attempt."""
        self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1
        self._last = (time, outcome, latency_s, detail)

    def recant(self, outcome: Outcome, detail: str) -> None:
        """Count a success as what it turned out to be."""
        self._outcomes[Outcome.OK] = self._outcomes.get(Outcome.OK, 1) - 1
        self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1
        if self._last is not None:
            self._last = (self._last[0], outcome, self._last[2], detail)

    def counts(self) -> Iterator[tuple[str, int]]:
        """Yield each outcome that there was, and how often."""
        return ((outcome.value, count) for outcome, count in self._outcomes.items() if count)

    @property
    def last(self) -> LastAttempt | None:
        """How the last attempt ended; None when there was none."""
        return None if self._last is None else LastAttempt(*self._last)
