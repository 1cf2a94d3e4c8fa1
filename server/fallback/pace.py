"""The pace at which a source is asked: halved when it refuses for too many requests, raised a little by each success.

Pure state on the clock's figures; each budget has one, which lowers the shortest of its windows.
"""

from __future__ import annotations

from math import inf

from server.fallback.window import Window

_FREE = 100.0
"""Requests a second from which on a source that states no limit is held to none again."""

_ASSUMED = 1.0
"""Requests a second from which the halving begins at the least where no limit is stated."""


class Pace:
    """The rate in requests a second: times `cut` on a refusal, times 1 + `raise_` on a success, never under `floor`."""

    __slots__ = ("_cut", "_cut_at", "_raise", "floor", "is_slowed", "published", "rate", "window")

    def __init__(self, window: Window, published: float | None, *, cut: float, raise_: float, floor: float) -> None:
        self.window = window
        self.published = inf if published is None else published
        self.rate = self.published
        self.floor = min(self.published, floor)
        self.is_slowed = False
        self._cut = cut
        self._raise = raise_
        self._cut_at = -inf

    def share(self) -> float:
        """Return which share of the published rate is allowed; 1 where none is published."""
        return 1.0 if self.published == inf else self.rate / self.published

    def throttled(self, started: float, now: float) -> bool:
        """Halve the rate, once for all calls that were under way then: together they are one refusal.

        Returns whether this one was the first of them.
        """
        if started < self._cut_at:
            return False
        self._cut_at = now
        rate = self.rate
        if rate == inf:  # no limit is published: begin from what was asked lately, or from what is little anywhere
            self.window.left(now)
            rate = max(self.window.used / self.window.span_s, _ASSUMED)
        self.rate = max(rate * self._cut, self.floor)
        self.is_slowed = self.rate < self.published
        if self.is_slowed:
            self.window.slow(self.rate)
        return True

    def succeeded(self, started: float) -> None:
        """Raise the rate, up to the published limit; a call from before the last cut says nothing of it."""
        if started < self._cut_at:
            return
        self.rate = min(self.rate * (1 + self._raise), self.published)
        if self.rate >= self.published or (self.published == inf and self.rate >= _FREE):
            self.rate = self.published
            self.is_slowed = False
            self.window.restore()
        else:
            self.window.slow(self.rate)
