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
        ahead = sum(tokens for at, tokens in slices.items() if at > claim.slice + claim.slices)
        least, most = claim.slice - 2 * claim.slices, claim.slice + claim.slices
        slices = {at: tokens for at, tokens in slices.items() if least < at <= most and tokens}
        counted = [at for at in slices if at > claim.slice - claim.slices]
        total = sum(slices[at] for at in counted) + ahead + claim.owed
        tokens = max(0, min(claim.wanted, claim.limit - total))
        if more := tokens + claim.owed + ahead:
            slices[claim.slice] = slices.get(claim.slice, 0) + more
            counted.append(claim.slice)
        self.slices[claim.budget] = slices
        return Grant(tokens, total + tokens, min(counted, default=None))
