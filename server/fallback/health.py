"""A source's health as a pure state machine: driven by how attempts end and by the clock, it says when to give up.

A source that fails is FAILING; after a day of it BLOCKED, out of rotation; SUNSET when its name is gone, when it says
that it is gone for good, or after a week. One answer makes it WELL again. Used by the watch.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from server.model import Phase


class Sign(Enum):
    """What the end of an attempt says of its source."""

    ANSWER = "answer"
    FAILURE = "failure"
    NO_NAME = "no name"
    GONE = "gone"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a source is given up, and how often it is asked then; spans in seconds."""

    blocked_s: float = 86_400.0
    sunset_s: float = 7 * 86_400.0
    nameless_s: float = 3_600.0
    """Its name has been unknown for so long."""
    gone_in_row: int = 3
    probe_s: float = 600.0
    sunset_probe_s: float = 86_400.0

    @property
    def longest_gap_s(self) -> float:
        """The most that the time between two failures counts as failure: nobody knows what was in between."""
        return 2 * self.probe_s


_ORDER = (Phase.WELL, Phase.FAILING, Phase.BLOCKED, Phase.SUNSET)
_FAILURES = frozenset({Sign.FAILURE, Sign.NO_NAME, Sign.GONE})


class Health:
    """One source's health. Every method takes the monotonic time; none of them waits, logs or raises."""

    __slots__ = ("failing_s", "gone", "limits", "nameless_s", "noted_at", "phase", "reason")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.phase = Phase.WELL
        self.reason = ""
        """Why it is out of rotation; empty while it is not."""
        self.failing_s = 0.0
        self.nameless_s = 0.0
        self.gone = 0
        self.noted_at = 0.0
        """When it last failed or was last probed."""

    def note(self, sign: Sign, now: float, *, is_witnessed: bool) -> bool:
        """Take in how an attempt ended; return whether the phase changed.

        Failure counts only where it is witnessed, that is while other sources answer: when none does the fault may
        be ours, and no source is given up for that.
        """
        before = self.phase
        if sign is Sign.ANSWER:
            self.clear()
        elif sign in _FAILURES:
            self._fail(sign, now, is_witnessed=is_witnessed)
        elif self.phase is not Phase.WELL:
            self.noted_at = now
        return self.phase is not before

    def is_out(self) -> bool:
        """Say whether the source is out of rotation."""
        return self.phase in (Phase.BLOCKED, Phase.SUNSET)

    def is_due(self, now: float) -> bool:
        """Say whether a source that is out of rotation is to be probed."""
        every_s = self.limits.sunset_probe_s if self.phase is Phase.SUNSET else self.limits.probe_s
        return self.is_out() and now >= self.noted_at + every_s

    def remove(self, now: float, reason: str) -> None:
        """Take the source out of rotation until it answers a probe."""
        if not self.is_out():
            self.phase, self.reason, self.noted_at = Phase.BLOCKED, reason, now

    def clear(self) -> None:
        """Forget every failure."""
        self.phase, self.reason = Phase.WELL, ""
        self.failing_s = self.nameless_s = 0.0
        self.gone = 0

    def _fail(self, sign: Sign, now: float, *, is_witnessed: bool) -> None:
        if is_witnessed and self.phase is not Phase.WELL:
            gap = min(now - self.noted_at, self.limits.longest_gap_s)
            if self.phase is Phase.SUNSET:
                gap = 0.0
            self.failing_s += gap
            self.nameless_s = self.nameless_s + gap if sign is Sign.NO_NAME else 0.0
        self.gone = self.gone + 1 if sign is Sign.GONE else 0
        self.noted_at = now
        phase, reason = self._judged()
        if _ORDER.index(phase) > _ORDER.index(self.phase):
            self.phase, self.reason = phase, reason

    def _judged(self) -> tuple[Phase, str]:
        limits = self.limits
        if self.gone >= limits.gone_in_row:
            return Phase.SUNSET, "it says that it is gone for good (410)"
        if self.nameless_s >= limits.nameless_s:
            return Phase.SUNSET, f"its name has not been known for {_span(self.nameless_s)}"
        if self.failing_s >= limits.sunset_s:
            return Phase.SUNSET, f"it has failed for {_span(self.failing_s)}"
        if self.failing_s >= limits.blocked_s:
            return Phase.BLOCKED, f"it has failed for {_span(self.failing_s)}"
        return Phase.FAILING, ""


def _span(seconds: float) -> str:
    """Return a span in words a reader takes in at once."""
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
