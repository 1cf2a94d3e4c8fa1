"""A ledger of claims in memory, for tests in simulated time; it books as the store does."""

from __future__ import annotations

from collections.abc import Sequence

from server.model import BudgetName, Claim, Grant


class Ledger:
    """Books claims. While it is away it answers nobody."""

    def __init__(self, claimed_from_s: float = 86_400.0) -> None:
        self.claimed_from_s = claimed_from_s
        self.slices: dict[BudgetName, dict[int, int]] = {}
        self.is_away = False
        self.calls = 0

    async def claim(self, claims: Sequence[Claim]) -> Sequence[Grant]:
        """Book claims."""
        self.calls += 1
        if self.is_away:
            raise ConnectionRefusedError
        return [self.book(claim) for claim in claims]

    def book(self, claim: Claim) -> Grant:
        """Book one claim."""
        slices = self.slices.setdefault(claim.budget, {})
        for at, tokens in claim.returned:
            if slices.get(at, 0) >= tokens:
                slices[at] -= tokens
        ahead = sum(tokens for at, tokens in slices.items() if at > claim.slice + 1)
        counted = {at: n for at, n in slices.items() if claim.slice - claim.slices < at <= claim.slice + 1 and n}
        total = sum(counted.values()) + ahead + claim.owed
        tokens = max(0, min(claim.wanted, claim.limit - total))
        counted[claim.slice] = counted.get(claim.slice, 0) + tokens + claim.owed + ahead
        self.slices[claim.budget] = counted
        return Grant(tokens, total + tokens, min((at for at, n in counted.items() if n), default=None))
