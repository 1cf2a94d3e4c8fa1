"""A window: at most so many tokens in any span of so many seconds; pure state on the clock's figures, for budgets.

It slides, so that it holds wherever a source begins its own windows. Up to a hundred tokens are remembered one by
one; of larger windows those of a hundredth of the span are one entry, let go when the last of them has left.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Self

_EXACT = 100


class Window:
    """Counts what was spent. `limit` None counts without a limit."""

    __slots__ = (
        "_all",
        "_grain_s",
        "_kept",
        "_reserve",
        "_spent",
        "kept",
        "limit",
        "most",
        "span_s",
        "used",
        "whole_s",
    )

    def __init__(self, limit: int | None, span_s: float, reserve: float) -> None:
        self.limit = limit
        self.whole_s = span_s
        """The span that the limit is for; `span_s` is longer while the pace allows less than one in it."""
        self._all = inf if limit is None else limit
        self._kept = 0 if limit is None else int(limit * reserve)
        self._reserve = reserve
        self._grain_s = 0.0 if limit is not None and limit <= _EXACT else span_s / _EXACT
        self._spent: deque[list[float]] = deque()
        self.used = 0.0
        self.most = self._all
        """How many tokens a span may hold now; the pace lowers it under the limit."""
        self.span_s = span_s
        self.kept = self._kept
        """How many of them are kept for users."""

    @classmethod
    def part(cls, limit: int, share: float, span_s: float, reserve: float) -> Self:
        """Return the window of a share of a limit; of less than one token in the span, that of one in a longer span."""
        own = limit * share
        return cls(max(1, int(own)), span_s if own >= 1 else span_s / own, reserve)

    def restore(self) -> None:
        """Allow the whole limit."""
        self.span_s, self.most, self.kept = self.whole_s, self._all, self._kept

    def slow(self, rate: float) -> None:
        """Allow `rate` tokens a second; where that is less than one in the span, one in a longer span."""
        self.most = min(max(1, int(rate * self.whole_s)), self._all)
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

    def bears(self, now: float, tokens: float, *, background: bool, goes_on: bool) -> bool:
        """Say whether the limit has room for tokens that only the pace has none for, and that are spent all the same.

        They are where the span was empty, else a source whose calls weigh more than the pace allows never came back;
        and those of a call that goes on, which had been made for nothing otherwise.
        """
        if self.used and not goes_on:
            return False
        wanted = tokens + (self._kept if background else 0)
        return wanted <= self._all and self.free_at(now, tokens, background=background, goes_on=True) <= now

    def free_at(self, now: float, tokens: float, *, background: bool = False, goes_on: bool = False) -> float:
        """Return when so many tokens may be spent, `now` when they may at once; a call that goes on needs no pace."""
        self.left(now)
        most, kept, span_s = (self._all, self._kept, self.whole_s) if goes_on else (self.most, self.kept, self.span_s)
        missing = min(tokens + (kept if background else 0), most) - most + self.used
        if missing <= 0:
            return now
        for entry in self._spent:
            missing -= entry[2]
            if missing <= 0:
                return max(now, entry[1] + span_s)
        return now

    def full_at(self) -> float | None:
        """Return when nothing counts any more that was spent so far, None when nothing does."""
        return self._spent[-1][1] + self.span_s if self._spent else None
