"""What hedges and same-source repeats may cost: one budget for all of them; pure state, owned by the engine.

Going on to the next source is never a matter of this budget: it bounds only what is asked beside what is under way.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BudgetPolicy:
    """How fast the budget fills, and how much it holds."""

    share: float = 0.1
    """What each fetch adds."""
    per_s: float = 3.0
    """What each second adds."""
    most: float = 30.0
    """What it holds at most, so that quiet hours save up no storm."""


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """What the budget has seen since the start: fetches, hedges, repeats, hedges that won, and what was refused."""

    fetches: int
    hedges: int
    repeats: int
    wins: int
    refused: int
    left: float
    """What could be spent now."""


class Budget:
    """Tokens for attempts that are made beside others. Takes the monotonic time; never waits."""

    __slots__ = ("_at", "_policy", "_tokens", "fetches", "hedges", "refused", "repeats", "wins")

    def __init__(self, policy: BudgetPolicy, now: float) -> None:
        self._policy = policy
        self._tokens = policy.most
        self._at = now
        self.fetches = 0
        self.hedges = 0
        self.repeats = 0
        self.wins = 0
        self.refused = 0

    def earn(self) -> None:
        """Count a fetch, and what it adds."""
        self.fetches += 1
        self._tokens = min(self._tokens + self._policy.share, self._policy.most)

    def take_hedge(self, now: float) -> bool:
        """Pay for a hedge; False when there is nothing left."""
        taken = self._take(now)
        self.hedges += taken
        return taken

    def take_repeat(self, now: float) -> bool:
        """Pay for a repeat at the same source; False when there is nothing left."""
        taken = self._take(now)
        self.repeats += taken
        return taken

    def figures(self, now: float) -> BudgetFigures:
        """Return what was spent, and what is left."""
        self._fill(now)
        return BudgetFigures(self.fetches, self.hedges, self.repeats, self.wins, self.refused, self._tokens)

    def _take(self, now: float) -> bool:
        self._fill(now)
        if self._tokens < 1:
            self.refused += 1
            return False
        self._tokens -= 1
        return True

    def _fill(self, now: float) -> None:
        """Add what time has added; a clock that went back adds nothing."""
        if now > self._at:
            self._tokens = min(self._tokens + (now - self._at) * self._policy.per_s, self._policy.most)
        self._at = now
