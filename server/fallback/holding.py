"""What a process holds of a long budget that it shares: blocks of tokens, claimed ahead from a ledger that persists.

Pure state on the clock's figures; `server/fallback/claims.py` carries the claims. A block is spent only once its claim
is in the ledger, so that no restart spends it twice; while the ledger cannot be reached what is known to be left is
spent all the same, and booked when it is back. Once it has been away for so long that nothing counts any more of what
it knew, a process has its share of the whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf

from server.fallback.window import Window
from server.model import BudgetName, Claim, Grant

SLICES = 48
"""Into how many slices a span is cut; a claim counts for two more, since its tokens may be spent that much later."""
_LEAST_BLOCK = 5
_MOST_BLOCK = 1000
_RETRY_S = 1.0


class Holding:
    """The blocks of one budget. What is not spent when a block ends goes back to the ledger."""

    __slots__ = (
        "_alone",
        "_away_at",
        "_blocks",
        "_free_at",
        "_owed",
        "_retry_at",
        "_returned",
        "_share",
        "_spare",
        "block",
        "held",
        "is_away",
        "is_known",
        "kept",
        "limit",
        "name",
        "oldest_end",
        "slice_s",
        "total",
        "wake",
    )

    def __init__(self, name: BudgetName, limit: int, reserve: float, share: float = 1.0) -> None:
        self.name = name
        self.limit = limit
        self.kept = int(limit * reserve)
        self.slice_s = name.span_s / SLICES
        self.block = min(max(limit // 100, _LEAST_BLOCK), _MOST_BLOCK, limit)
        self.held = 0
        self.total = 0
        """What all processes hold or have spent of the budget, as the ledger last said."""
        self.is_known = False
        self.is_away = False
        """Whether the ledger could not be reached when it was last asked."""
        self.wake: Callable[[], None] = _nothing
        """Called when it is time to claim."""
        self.oldest_end = inf
        """When the first block ends."""
        self._blocks: deque[list[float]] = deque()
        self._returned: dict[int, int] = {}
        self._owed = 0
        self._share = share
        self._alone = Window(int(limit * share), float(name.span_s), 0.0)
        """What this process spent without a claim."""
        self._away_at = inf
        """Since when the ledger cannot be reached."""
        self._spare = 0
        """What may be spent without a claim while the ledger cannot be reached."""
        self._retry_at = -inf
        self._free_at = inf

    def left(self, now: float) -> int:
        """Return how many tokens of the budget are left as far as is known, those of other processes not counted."""
        if now >= self.oldest_end:
            self._expire(now)
        return self.held + max(0, self.limit - self.total)

    def ready(self, now: float) -> int:
        """Return how many tokens may be spent now."""
        if now >= self.oldest_end:
            self._expire(now)
        return self.held + self._spare

    def spend(self, now: float, tokens: int) -> None:
        """Spend tokens of the block that ends first; what is not held is owed."""
        if now >= self.oldest_end:
            self._expire(now)
        blocks = self._blocks
        missing = tokens
        while missing and blocks:
            first = blocks[0]
            taken = min(missing, int(first[2]))
            first[2] -= taken
            missing -= taken
            self.held -= taken
            if not first[2]:
                blocks.popleft()
                self.oldest_end = blocks[0][1] if blocks else inf
        if missing:
            self._owed += missing
            self._alone.spend(now, missing)
            self._spare = max(0, self._spare - missing)
            self.total += missing
        if self.held * 2 < self.block and now >= self._retry_at:
            self.wake()

    def free_at(self, now: float) -> float:
        """Return when the ledger may have tokens again, `now` when there are some."""
        if self.ready(now):
            return now
        return max(now, self._free_at if self.total >= self.limit and self._free_at < inf else self._retry_at)

    def full_at(self, now: float) -> float | None:
        """Return by when nothing counts any more that any process spent so far, None when nothing does."""
        return now + (SLICES + 2) * self.slice_s if self.left(now) < self.limit else None

    def claim(self, now: float, wall_s: float) -> Claim | None:
        """Return what to ask of the ledger, None when there is nothing to ask or it is too early to ask again."""
        if now < self._retry_at:
            return None
        self._expire(now)
        lasting = sum(block[2] for block in self._blocks if block[1] > now + self.slice_s / 2)
        wanted = self.block if lasting * 2 < self.block else 0
        if not wanted and not self._owed and not self._returned:
            return None
        owed, returned = self._owed, tuple(self._returned.items())
        self._owed = 0
        self._returned.clear()
        return Claim(
            self.name, self.limit, self.slice_s, SLICES + 2, int(wall_s // self.slice_s), wanted, owed, returned
        )

    def take(self, claim: Claim, grant: Grant, now: float, wall_s: float) -> None:
        """Take in what a claim brought; `now` and `wall_s` are from before it was made."""
        self.is_known = True
        self.is_away = False
        self._spare = 0
        self.total = grant.total + self._owed
        self._free_at = inf
        if grant.tokens:
            end = now + (claim.slice + 2) * claim.slice_s - wall_s
            self._blocks.append([claim.slice, end, grant.tokens])
            self.held += grant.tokens
            self.oldest_end = self._blocks[0][1]
        if grant.tokens < claim.wanted:
            if grant.oldest is not None:
                self._free_at = now + (grant.oldest + claim.slices) * claim.slice_s - wall_s
            self._retry_at = now + min(max(self._free_at - now, _RETRY_S), self.slice_s)
        else:
            self._retry_at = -inf

    def missed(self, claim: Claim, now: float) -> None:
        """Take in that the ledger did not answer. What was to go back is lost: it may have arrived.

        This process's share of what was left may then be spent; nothing when the ledger never said what was left.
        After a span all that it booked is over: from then on only what this process spent meanwhile counts.
        """
        self._owed += claim.owed
        if not self.is_away:
            self.is_away, self._away_at = True, now
            self._spare = int(max(0, self.limit - self.total) * self._share) if self.is_known else 0
        elif now >= self._away_at + claim.slices * claim.slice_s:
            self._spare = int(self._alone.left(now))
            self.total = self._owed = int(self._alone.used)
        self._retry_at = now + _RETRY_S

    def give_up(self, wall_s: float) -> Claim | None:
        """Return the claim by which everything held goes back, at the end; None when there is nothing."""
        for block in self._blocks:
            self._give_back(block)
        self._blocks.clear()
        self.held = 0
        self.oldest_end = inf
        owed, returned = self._owed, tuple(self._returned.items())
        self._owed = 0
        self._returned.clear()
        if not owed and not returned:
            return None
        at = int(wall_s // self.slice_s)
        return Claim(self.name, self.limit, self.slice_s, SLICES + 2, at, 0, owed, returned)

    def _expire(self, now: float) -> None:
        """Let go of blocks that have ended."""
        blocks = self._blocks
        while blocks and (now >= blocks[0][1] or not blocks[0][2]):
            block = blocks.popleft()
            self.held -= int(block[2])
            self.total -= int(block[2])
            self._spare += int(block[2]) if self.is_away else 0
            self._give_back(block)
        self.oldest_end = blocks[0][1] if blocks else inf

    def _give_back(self, block: list[float]) -> None:
        """Note a block's rest for the ledger."""
        if block[2]:
            at = int(block[0])
            self._returned[at] = self._returned.get(at, 0) + int(block[2])


def _nothing() -> None:
    """Stand in for the wake-up until there is one who claims."""
