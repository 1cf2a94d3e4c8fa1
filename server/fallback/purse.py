"""A purse: what may be asked with one key, or without one over one way out; pure state on the clock's figures.

Used by `server/fallback/quota.py`, which chooses among a source's purses. It joins what the source's terms say
(windows), what is shared and persisted (holdings), how often it refused (pace) and what it says itself (its headers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf

from server.clock import Clock
from server.fallback.holding import Holding
from server.fallback.http import Secret
from server.fallback.pace import Pace
from server.fallback.pool import SharedCounters
from server.fallback.pools import Pools
from server.fallback.stated import Left, Stated
from server.fallback.window import Window
from server.providers.base import Limit

_THROTTLE_S = 10.0
_THROTTLE_LONGEST_S = 300.0
_PACED_S = 60.0
_RESTING = "resting after too many requests"
_NAMES = {1.0: "second", 60.0: "minute", 3600.0: "hour", 86_400.0: "day", 2_592_000.0: "month"}


@dataclass(frozen=True, slots=True)
class Policy:
    """How purses are spent: shares 0 … 1, the floor in requests a second."""

    reserve: float = 0.3
    """The share of each window that is kept for users' requests."""
    hedge_room: float = 0.2
    """No hedge goes to a source with less than this share of a purse left."""
    cut: float = 0.5
    raise_: float = 0.05
    floor: float = 1 / 60
    share: float = 1.0
    """The share of short windows that is this process's, where several ask and share nothing."""
    heeds_limits: bool = True
    """Whether published limits hold; without them a source's own refusals still slow its pace down."""
    claimed_from_s: float = inf
    """Windows at least this long are claimed from the ledger."""
    counters: SharedCounters | None = None
    """Counts shorter windows for all processes; None where they share none."""


class Purse:
    """Every window of one key, or of one way out. Tokens are requests, weighed where the source weighs them."""

    __slots__ = (
        "egress",
        "holdings",
        "label",
        "pace",
        "pools",
        "resting_until",
        "rests",
        "secret",
        "spent",
        "stated",
        "windows",
    )

    def __init__(
        self,
        secret: Secret | None,
        egress: str,
        limits: Sequence[Limit],
        policy: Policy,
        *,
        label: str = "",
        holdings: Sequence[Holding] = (),
        pools: Pools | None = None,
    ) -> None:
        self.secret = secret
        self.egress = egress
        self.label = label
        """Which of the source's keys it is, such as `2 of 3`; empty without one."""
        self.holdings = tuple(holdings)
        self.pools = pools
        """Its windows that processes share, None when it has none."""
        self.resting_until = -inf
        self.spent = 0
        self.rests = 0
        """How often in a row it refused for too many requests."""
        self.stated = Stated(limits, policy.reserve)
        held = {holding.name.span_s for holding in holdings} | (pools.spans if pools else set())
        windows = [
            Window.part(each.requests, 1.0 if each.window_s in held else policy.share, each.window_s, policy.reserve)
            for each in sorted(limits, key=lambda each: each.window_s)
        ]
        published = windows[0].limit / windows[0].span_s if windows and windows[0].limit else None
        if not windows or windows[0].span_s > _PACED_S:
            windows.insert(0, Window(None, _PACED_S, policy.reserve))
        self.windows = tuple(windows)
        self.pace = Pace(windows[0], published, cut=policy.cut, raise_=policy.raise_, floor=policy.floor)

    def allows(self, now: float, tokens: int, *, background: bool, goes_on: bool = False) -> bool:
        """Say whether so many tokens may be spent now, by a call that goes on also past the pace; a reserve is kept."""
        if now < self.resting_until or not self._own_allow(now, tokens, background=background, goes_on=goes_on):
            return False
        if self.pools is not None and not self.pools.allows(now, tokens, background=background):
            return False
        return self.stated.allows(now, tokens, background=background)

    def _own_allow(self, now: float, tokens: int, *, background: bool, goes_on: bool) -> bool:
        """Say whether what this process counts by itself has so many tokens."""
        for window in self.windows:
            left = window.left(now) - (window.kept if background else 0)
            if left < tokens and not window.bears(now, tokens, background=background, goes_on=goes_on):
                return False
        for holding in self.holdings:
            if holding.ready(now) < tokens or (background and holding.left(now) - holding.kept < tokens):
                return False
        return True

    def spend(self, now: float, tokens: int) -> None:
        """Count tokens that are spent now, in every window."""
        self.spent += tokens
        for window in self.windows:
            window.spend(now, tokens)
        for holding in self.holdings:
            holding.spend(now, tokens)
        if self.pools is not None:
            self.pools.spend(now, tokens)
        self.stated.spend(tokens)

    def is_shared(self) -> bool:
        """Say whether what is spent has to be drawn from what all processes may spend together."""
        return self.pools is not None and self.pools.is_up()

    async def draw(self, clock: Clock, tokens: int, *, background: bool, goes_on: bool = False) -> bool:
        """Spend tokens that all processes together still have; False when they have not, or others drew meanwhile."""
        if self.pools is not None and not await self.pools.draw(clock, tokens, background=background):
            return False
        now = clock.monotonic()
        bears = self.pools is None or self.pools.bears(now, tokens, background=background)
        if not bears or not self._own_allow(now, tokens, background=background, goes_on=goes_on):
            return False
        self.spend(now, tokens)
        return True

    def succeeded(self, started: float) -> None:
        """Take in an attempt that went well."""
        self.rests = 0
        if self.pace.is_slowed:
            self.pace.succeeded(started)

    def throttled(self, started: float, now: float, retry_after_s: float | None) -> None:
        """Take in a refusal for too many requests: rest as long as the source says, else ever longer; go slower."""
        self.rests += self.pace.throttled(started, now) or not self.rests
        rest_s = retry_after_s if retry_after_s is not None else _THROTTLE_S * 2 ** min(self.rests - 1, 5)
        if self.pace.rate * self.pace.window.span_s <= 1:
            rest_s = max(rest_s, min(1 / self.pace.rate, _THROTTLE_LONGEST_S))
        self.rest(now, rest_s)

    def rest(self, now: float, span_s: float) -> None:
        """Ask nothing for a while, as the source wishes."""
        self.resting_until = max(self.resting_until, now + min(max(span_s, 1.0), _THROTTLE_LONGEST_S))

    def share_left(self, now: float, least_s: float = 0.0) -> float:
        """Return the share of the purse that is left: of the window with the least, of those of `least_s` or more."""
        share = self.stated.share_left(now, least_s)
        for window in self.windows:
            if window.most < inf and window.span_s >= least_s:
                share = min(share, window.left(now) / window.most)
        for holding in self.holdings:
            share = min(share, holding.left(now) / holding.limit)
        if self.pools is not None:
            share = min(share, self.pools.share_left(now, least_s))
        return max(share, 0.0)

    def free_at(self, now: float, tokens: int, *, background: bool, goes_on: bool = False) -> tuple[float, str]:
        """Return when so many tokens may be spent and why not before; (now, "") when they may at once."""
        latest, why = now, ""
        if self.resting_until > latest:
            latest, why = self.resting_until, _RESTING if self.rests else "resting, as it asked"
        for window in self.windows:
            at = window.free_at(now, tokens, background=background, goes_on=goes_on)
            if at > latest:
                kept = background and window.left(now) >= tokens
                latest, why = at, _used_up(int(window.most), window.span_s, kept=kept)
        for holding in self.holdings:
            if holding.ready(now) < tokens or (background and holding.left(now) - holding.kept < tokens):
                at = max(holding.free_at(now), now + 1.0)
                if at > latest:
                    kept = background and holding.ready(now) >= tokens
                    is_open = not kept and holding.total < holding.limit
                    told = _used_up(holding.limit, holding.name.span_s, kept=kept)
                    latest, why = at, "its tokens are being claimed" if is_open else told
        latest, why = self.stated.later(latest, why, tokens, background=background)
        pools = self.pools
        return (latest, why) if pools is None else pools.later(latest, why, now, tokens, background=background)

    def lefts(self, now: float) -> list[Left]:
        """Return what is left of every limit, for monitoring."""
        held: dict[float, Holding] = {holding.name.span_s: holding for holding in self.holdings}
        found = []
        for window in self.windows:
            if window.limit is not None:
                span_s, tokens, full_at = window.whole_s, window.left(now), window.full_at()
                if holding := held.get(span_s):
                    tokens, full_at = min(tokens, holding.left(now)), full_at or holding.full_at(now)
                if self.pools is not None:
                    tokens = min(tokens, max(0.0, self.pools.left(now, span_s)))
                    full_at = full_at or self.pools.full_at(now, span_s)
                found.append(Left(window.limit, span_s, tokens, full_at))
        return found + self.stated.lefts(now)


def _used_up(limit: int, span_s: float, *, kept: object) -> str:
    """Return in words which purse is used up, or what of it is kept."""
    span = _NAMES.get(span_s) or f"{ceil(span_s)} s"
    return f"the rest of {limit} a {span} is kept for users" if kept else f"{limit} a {span} are used up"
