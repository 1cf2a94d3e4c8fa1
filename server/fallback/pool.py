"""A pool: one short window of a purse that processes share, counted over Redis; pure state on the clock's figures.

Every draw is asked of the counters, which count for all. While they are away each process has its share. When they go
it is not known what others just spent: for one span a process has its share of a part that all had left alone. When
they come back they do not know what was spent meanwhile: for one span share and counters both hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Protocol

from server.fallback.window import Window
from server.model import BudgetName, Draw, Drawn

SHARED_FROM_S = 1.0
"""Windows shorter than this are not shared: they end before a claim comes back."""
_APART = 0.1
"""The part of each limit that is left alone while the counters are there, to be spent when they go."""
_MARGIN_S = 6.0
"""How much later than the first the last process may notice that the counters are back."""


class SharedCounters(Protocol):
    """Counts what all processes draw on short budgets; times are monotonic seconds."""

    @property
    def is_up(self) -> bool:
        """Whether it can be asked."""

    @property
    def since(self) -> float:
        """Since when it can be asked, or cannot; since ever for one that never could."""

    @property
    def ended(self) -> Sequence[tuple[float, float]]:
        """From when to when it could be asked, before now; the first time counts since ever."""

    async def take(self, draws: Sequence[Draw]) -> Sequence[Drawn] | None:
        """Draw on all budgets of a call or on none; None when it cannot be asked, which `is_up` then says too."""


class Pool:
    """What is known of one shared window."""

    __slots__ = (
        "_alone",
        "_apart",
        "_birth",
        "_counters",
        "_forgot_at",
        "_kept",
        "_left",
        "_until",
        "limit",
        "name",
        "pending",
    )

    def __init__(self, name: BudgetName, limit: int, reserve: float, share: float, counters: SharedCounters) -> None:
        self.name = name
        apart, span_s = int(limit * _APART), float(name.span_s)
        self.limit = limit - apart
        """What all processes together may spend while the counters are there."""
        self._counters = counters
        self._kept = int(self.limit * reserve)
        self._apart = Window(int(apart * share), span_s, 0.0)
        self._alone = Window.part(limit, share, span_s, reserve)
        self._left: float = self.limit
        self._until = -inf
        """Until when `left` holds: then the first of what was spent comes back."""
        self.pending = 0
        """How many tokens are being drawn now."""
        self._birth = 0
        self._forgot_at = -inf
        """When it was noticed that the counters had forgotten, though they were there."""

    def allows(self, now: float, tokens: int, *, background: bool) -> bool:
        """Say whether so many tokens may be drawn now, as far as is known here."""
        if self._counters.is_up and now < self._until and self._left - (self._kept if background else 0) < tokens:
            return False
        return self.bears(now, tokens, background=background)

    def bears(self, now: float, tokens: int, *, background: bool) -> bool:
        """Say whether so many tokens are within this process's own part, where that holds."""
        if self._is_settled(now):
            return True
        tokens += self.pending
        if self._is_orphaned(now) and self._apart.left(now) < tokens:
            return False
        return self._alone.left(now) - (self._alone.kept if background else 0) >= tokens

    def draw(self, tokens: int, *, background: bool) -> Draw:
        """Return what to ask of the counters."""
        return Draw(self.name, self.limit, tokens, self._kept if background else 0)

    def heard(self, drawn: Drawn, now: float) -> None:
        """Take in what the counters said."""
        if drawn.birth != self._birth:
            if self._birth:
                self._forgot_at = now
            self._birth = drawn.birth
        self._left = drawn.left
        self._until = now + drawn.free_s

    def spend(self, now: float, tokens: int) -> None:
        """Count tokens that this process spends."""
        self._alone.spend(now, tokens)
        if not self._is_settled(now):
            self._apart.spend(now, tokens)

    def left(self, now: float) -> float:
        """Return how many tokens are left, as far as is known."""
        if not self._counters.is_up:
            return self._alone.left(now)
        return self._left if now < self._until else self.limit

    def full_at(self, now: float) -> float | None:
        """Return by when nothing counts any more that was spent so far, as far as is known; None when nothing does."""
        if not self._counters.is_up:
            return self._alone.full_at()
        return now + self.name.span_s if now < self._until else None

    def share_left(self, now: float) -> float:
        """Return the share that is left, as far as is known."""
        most = self.limit if self._counters.is_up else self._alone.most
        return max(0.0, self.left(now) / most)

    def free_at(self, now: float, tokens: int, *, background: bool) -> float:
        """Return when so many tokens may be drawn, or when that is worth another look."""
        if self._counters.is_up and now < self._until:
            return self._until
        at = self._alone.free_at(now, tokens, background=background)
        return max(at, self._apart.free_at(now, tokens)) if self._is_orphaned(now) else at

    def _is_settled(self, now: float) -> bool:
        """Say whether the counters know of everything that was spent in a span."""
        counters = self._counters
        return counters.is_up and now - max(counters.since, self._forgot_at) >= self.name.span_s + _MARGIN_S

    def _is_orphaned(self, now: float) -> bool:
        """Say whether the counters went, or forgot, less than a span ago, and all relied on them alone until then."""
        span_s = self.name.span_s
        return now - self._forgot_at < span_s or any(
            end > now - span_s and end - begin >= span_s for begin, end in self._counters.ended
        )
