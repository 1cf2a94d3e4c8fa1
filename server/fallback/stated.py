"""What a source says itself is left of its limits, in the headers of its answers; pure state, a part of each purse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.fallback.allowance import Allowance, allowances, names_in
from server.providers.base import Limit

_LOOK_EVERY = 64
_MOST = 10
"""How many statements are kept apart."""
_UNNAMED_S = 60.0
"""How long a statement without a reset holds at the most where no span is named."""
_BELIEVED_S = 300.0
"""A reset is believed so long, whatever spans the source is known to count in."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of one limit, and when all of it is there again (monotonic seconds)."""

    limit: int
    span_s: float | None
    tokens: float
    full_at: float | None


class _Said:
    """What the source last said is left, and until when that holds (monotonic seconds)."""

    __slots__ = ("left", "limit", "until")

    def __init__(self, left: float, until: float, limit: int | None) -> None:
        self.left = left
        self.until = until
        self.limit = limit


class Stated:
    """All that a source said to one purse. `limits` are the published ones."""

    __slots__ = ("_longest_s", "_looked", "_names", "_published", "_reserve", "_said", "_shortest_s")

    def __init__(self, limits: Sequence[Limit], reserve: float) -> None:
        self._published = {each.window_s: each.requests for each in limits}
        self._shortest_s = max(min([_UNNAMED_S, *self._published]), 1.0)
        self._longest_s = max([_BELIEVED_S, *self._published])
        self._reserve = reserve
        self._said: dict[str, _Said] = {}
        self._names: tuple[str, ...] = ()
        self._looked = 0

    def listens(self, headers: Mapping[str, str], *, refused: bool) -> bool:
        """Say whether the source states its limits; which headers it sends is looked up now and then, not each time.

        One answer without them says nothing of the next: it may come from what stands before the source.
        """
        if refused or self._looked <= 0:
            names = names_in(headers)
            self._names = names or self._names
            if names or not refused:
                self._looked = _LOOK_EVERY
        self._looked -= 1
        return bool(self._names)

    def hear(self, headers: Mapping[str, str], now: float, wall_s: float) -> None:
        """Read what the source says of its limits."""
        for said in allowances(headers, self._names, wall_s):
            self._believe(said, now)

    def allows(self, now: float, tokens: int, *, background: bool) -> bool:
        """Say whether so many tokens are left by what was said; behind users the reserve stays."""
        if self._said:
            for said in self._said.values():
                if now < said.until and said.left - self._kept(said, background=background) < tokens:
                    return False
        return True

    def spend(self, tokens: int) -> None:
        """Count tokens that are spent now."""
        if self._said:
            for said in self._said.values():
                said.left -= tokens

    def share_left(self, now: float, least_s: float) -> float:
        """Return the least share that is left of a limit whose span is about `least_s` or longer."""
        share = 1.0
        for said in self._said.values():
            if now < said.until and said.limit and said.until - now >= least_s / 2:
                share = min(share, said.left / said.limit)
        return share

    def later(self, latest: float, why: str, tokens: int, *, background: bool) -> tuple[float, str]:
        """Return when so many tokens may be spent and why not before, where that is later than what is given."""
        for said in self._said.values():
            if said.left - self._kept(said, background=background) < tokens and said.until > latest:
                latest, why = said.until, "used up, as it says itself"
        return latest, why

    def lefts(self, now: float) -> list[Left]:
        """Return what is left of each limit of which the source said how large it is."""
        holding = [each for each in self._said.values() if now < each.until]
        return [Left(each.limit, None, each.left, each.until) for each in holding if each.limit]

    def _kept(self, said: _Said, *, background: bool) -> int:
        """Return how many tokens are kept for users."""
        return int(said.limit * self._reserve) if background and said.limit else 0

    def _believe(self, stated: Allowance, now: float) -> None:
        """Keep what the source says is left; within one span it only falls, for calls are under way that it counts."""
        limit = stated.limit
        if limit is None and stated.span_s is not None:
            limit = self._published.get(stated.span_s)
        left = stated.left
        if left is None:
            if limit is None or stated.used is None:
                return
            left = limit - stated.used
        reset_s = stated.reset_s
        if reset_s is None:
            reset_s = stated.span_s or self._shortest_s
        # With nothing left nobody asks, so that nothing corrects a reset in other units, or a lie.
        until = now + min(reset_s, max(stated.span_s or 0.0, self._longest_s))
        known = self._said.get(stated.name)
        if known is None:
            if len(self._said) < _MOST:
                self._said[stated.name] = _Said(left, until, limit)
        elif left < known.left or now >= known.until or until > known.until + 1.0:
            known.left, known.until, known.limit = left, until, limit
