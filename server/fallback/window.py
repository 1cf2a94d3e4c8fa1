"""A window: at most so many tokens in any span of so many seconds; pure state on the clock's figures, for budgets.

It slides, so that it holds wherever a source begins its own windows. Up to a hundred tokens are remembered one by
one; of larger windows those of a hundredth of the span are one entry, let go when the last of them has left.
"""

from __future__ import annotations

from collections import deque
from math import inf

_EXACT = 100


class Window:
    """Counts what was spent. `limit` None counts without a limit."""

    __slots__ = ("_grain_s", "_reserve", "_spent", "kept", "limit", "most", "span_s", "used", "whole_s")

    def __init__(self, limit: int | None, span_s: float, reserve: float) -> None:
        self.limit = limit
        self.whole_s = span_s
        """The span that the limit is for; `span_s` is longer while the pace allows less than one in it."""
        self._reserve = reserve
        self._grain_s = 0.0 if limit is not None and limit <= _EXACT else span_s / _EXACT
        self._spent: deque[list[float]] = deque()
        self.used = 0.0
        self.most = inf
        """How many tokens a span may hold now; the pace lowers it under the limit."""
        self.span_s = span_s
        self.kept = 0
        """How many of them are kept for users."""
        self.restore()

    def restore(self) -> None:
        """Allow the whole limit."""
        self.span_s = self.whole_s
        self.most = inf if self.limit is None else self.limit
        self.kept = 0 if self.limit is None else int(self.limit * self._reserve)

    def slow(self, rate: float) -> None:
        """Allow `rate` tokens a second; where that is less than one in the span, one in a longer span."""
        most = max(1, int(rate * self.whole_s))
        self.most = most if self.limit is None else min(most, self.limit)
        self.span_s = max(self.whole_s, 1 / rate)
        self.kept = int(self.most * self._reserve)

    def left(self, now: float) -> float:
        """Return how many tokens may be spent now."""
        spent = self._spent
        while spent and spent[0][1] + self.span_s <= now:
            self.used -= spent.popleft()[2]
        return self.most - self.used

    def spend(self, now: float, tokens: int) -> None:
        """Count tokens, whether they were left or not."""
        self.used += tokens
        spent = self._spent
        if spent and now - spent[-1][0] < self._grain_s:
            newest = spent[-1]
            newest[1] = now
            newest[2] += tokens
        else:
            spent.append([now, now, tokens])

    def free_at(self, now: float, tokens: float) -> float:
        """Return when so many tokens may be spent, `now` when they may at once."""
        missing = min(tokens, self.most) - self.left(now)
        if missing <= 0:
            return now
        for entry in self._spent:
            missing -= entry[2]
            if missing <= 0:
                return entry[1] + self.span_s
        return now

    def full_at(self) -> float | None:
        """Return when nothing counts any more that was spent so far, None when nothing does."""
        return self._spent[-1][1] + self.span_s if self._spent else None
