"""Counters of short budgets, for all processes, in Redis: one script a call, by the server's own clock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from server.model import BudgetName, Draw, Drawn
from server.shared.link import Link
from server.shared.scripts import TAKE
from server.shared.wire import Away

LONGEST_S = 0.1
"""Longest wait for the counters: then they count as away."""
_SLACK = 1.05
"""What was spent counts for a hundredth longer than the span: it is remembered in hundredths."""


class Counters:
    """Draws on short budgets for the engine's pools; `app` hands it to the engine."""

    def __init__(self, link: Link, base: str) -> None:
        self._link = link
        self._base = f"{base}quota:"

    @property
    def is_up(self) -> bool:
        """Whether the server can be asked."""
        return self._link.is_up

    @property
    def since(self) -> float:
        """Since when the server can be asked, or cannot (monotonic seconds)."""
        return self._link.since

    @property
    def ended(self) -> Sequence[tuple[float, float]]:
        """From when to when it could be asked, before now."""
        return self._link.ended

    async def take(self, draws: Sequence[Draw]) -> Sequence[Drawn] | None:
        """Draw on all budgets of a call or on none; None when the server does not answer: it is away from then on."""
        if not self._link.is_up:
            return None
        keys = [*(self._key(draw.budget) for draw in draws), f"{self._base}since"]
        figures = [
            figure for each in draws for figure in (each.limit, each.tokens, each.kept, each.budget.span_s * 1000)
        ]
        try:
            async with asyncio.timeout(LONGEST_S):
                (reply,) = await self._link.fast.ask([("EVAL", TAKE, len(keys), *keys, *figures)])
            return _read(reply, draws)
        except Away:
            return None
        except (TimeoutError, ResponseError, ValueError, TypeError) as error:
            self._link.give_up(error)
            return None

    def _key(self, budget: BudgetName) -> str:
        """Return the key of a budget; it holds a fingerprint of the source's key, and never the key."""
        return f"{self._base}{budget.source}:{budget.key}:{budget.egress}:{budget.span_s}"


def _read(reply: Any, draws: Sequence[Draw]) -> list[Drawn]:
    """Return what the script said; raises for what it never says."""
    if isinstance(reply, ResponseError):
        raise reply
    granted, birth, *rest = map(int, reply)
    found = []
    for draw, left, free_ms in zip(draws, rest[::2], rest[1::2], strict=True):
        free_s = free_ms / 1000
        if not 0 <= free_s <= draw.budget.span_s * _SLACK:
            raise ValueError
        found.append(Drawn(granted == 1, left, free_s, birth))
    return found
