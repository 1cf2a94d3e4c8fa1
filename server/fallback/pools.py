"""The pools of one purse: all its windows that processes share, drawn on together; used by the purse."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf

from server.clock import Clock
from server.fallback.pool import Pool, SharedCounters

_MOMENT_S = 0.05


class Pools:
    """Every shared window of one key, or of one way out."""

    __slots__ = ("_counters", "_pools", "spans")

    def __init__(self, pools: Sequence[Pool], counters: SharedCounters) -> None:
        self._pools = tuple(pools)
        self._counters = counters
        self.spans = frozenset(pool.name.span_s for pool in pools)

    def is_up(self) -> bool:
        """Say whether a draw is to be asked of the counters."""
        return self._counters.is_up

    def allows(self, now: float, tokens: int, *, background: bool) -> bool:
        """Say whether so many tokens may be drawn now, as far as is known here."""
        return all(pool.allows(now, tokens, background=background) for pool in self._pools)

    def bears(self, now: float, tokens: int, *, background: bool) -> bool:
        """Say whether so many tokens are within this process's own part, where that holds."""
        return all(pool.bears(now, tokens, background=background) for pool in self._pools)

    def spend(self, now: float, tokens: int) -> None:
        """Count tokens that this process spends."""
        for pool in self._pools:
            pool.spend(now, tokens)

    async def draw(self, clock: Clock, tokens: int, *, background: bool) -> bool:
        """Draw tokens together with all processes; True also when the counters went away over it."""
        for pool in self._pools:
            pool.pending += tokens
        try:
            drawn = await self._counters.take([pool.draw(tokens, background=background) for pool in self._pools])
        finally:
            for pool in self._pools:
                pool.pending -= tokens
        now = clock.monotonic()
        for pool, each in zip(self._pools, drawn or (), strict=False):
            pool.heard(each, now)
        return drawn is None or drawn[0].granted

    def left(self, now: float, span_s: float) -> float:
        """Return how many tokens of the window of a span are left, infinite for one that is not shared."""
        return next((pool.left(now) for pool in self._pools if pool.name.span_s == span_s), inf)

    def full_at(self, now: float, span_s: float) -> float | None:
        """Return by when nothing counts any more in the window of a span, None when nothing does, or none is shared."""
        return next((pool.full_at(now) for pool in self._pools if pool.name.span_s == span_s), None)

    def share_left(self, now: float, least_s: float) -> float:
        """Return the share that is left: of the window with the least, of those of `least_s` or more."""
        return min((pool.share_left(now) for pool in self._pools if pool.name.span_s >= least_s), default=1.0)

    def later(self, latest: float, why: str, now: float, tokens: int, *, background: bool) -> tuple[float, str]:
        """Return when so many tokens may be drawn and why not before, where that is later than what is given."""
        for pool in self._pools:
            if not pool.allows(now, tokens, background=background):
                at = max(pool.free_at(now, tokens, background=background), now + _MOMENT_S)
                if at > latest:
                    latest, why = at, f"{pool.limit} in {ceil(pool.name.span_s)} s are used up by all processes"
        return latest, why
