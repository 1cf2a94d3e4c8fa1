"""Counters of shared budgets in memory, for tests in simulated time; they count as the script in Redis does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import floor, inf

from server.clock import Clock
from server.model import BudgetName, Draw, Drawn


class Server:
    """What all processes share. Killed, it forgets all it counted."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.spent: dict[BudgetName, dict[int, int]] = {}
        self.birth = 1

    def forget(self) -> None:
        """Lose all that was counted."""
        self.spent.clear()
        self.birth += 1

    def take(self, draws: Sequence[Draw]) -> list[Drawn]:
        """Draw on all or on none."""
        now = self.clock.monotonic() * 1000
        found = []
        for draw in draws:
            span = draw.budget.span_s * 1000
            grain = max(1, span // 100)
            rows = self.spent.setdefault(draw.budget, {})
            for at in [at for at in rows if (at + 1) * grain + span <= now]:
                del rows[at]
            free = (min(rows) + 1) * grain + span - now if rows else 0
            found.append((draw, rows, grain, draw.limit - sum(rows.values()), free))
        granted = all(left - draw.kept >= draw.tokens for draw, *_, left, _ in found)
        told = []
        for draw, rows, grain, left, free in found:
            if granted:
                at = floor(now / grain)
                rows[at] = rows.get(at, 0) + draw.tokens
            after = left - draw.tokens if granted else left
            told.append(Drawn(granted, after, (free or draw.budget.span_s * 1000) / 1000, self.birth))
        return told


class Counters:
    """One process's way to the server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.is_up = False
        self.since = -inf
        self.ended: list[tuple[float, float]] = []
        self.calls = 0

    def up(self) -> None:
        """Reach the server from now on."""
        if not self.is_up:
            self.is_up, self.since = True, self._server.clock.monotonic()

    def down(self) -> None:
        """Reach it no more."""
        if self.is_up:
            now = self._server.clock.monotonic()
            self.ended.append((self.since if self.ended else -inf, now))
            self.is_up, self.since = False, now

    async def take(self, draws: Sequence[Draw]) -> Sequence[Drawn] | None:
        """Ask the server; it takes a moment, and may go meanwhile."""
        self.calls += 1
        drawn = self._server.take(draws) if self.is_up else None
        await asyncio.sleep(0.001)
        return drawn if self.is_up else None
