"""A source's quota: its purses, one for each key, without one for each way out, and which the next request draws on.

Pure state on the clock's figures; lanes ask it before an attempt, attempts spend from it and tell it how they ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from pydantic import SecretStr

from server.fallback.holding import Holding
from server.fallback.http import Secret
from server.fallback.pool import SHARED_FROM_S, Pool
from server.fallback.pools import Pools
from server.fallback.purse import Policy, Purse
from server.model import BudgetName, Purpose
from server.providers.base import Limit, Source

DIRECT = "direct"
_KEY_REST_S = 3600.0
_RANKED_FROM_S = 60.0
_MOMENT_S = 0.25
_TURNS = 8
"""How often one of several keys is taken before the one with most left is looked for again."""
_BACKGROUND = Purpose.BACKGROUND


@dataclass(frozen=True, slots=True)
class Wait:
    """Until when nothing may be asked (monotonic seconds), and why."""

    until: float
    reason: str


class Quota:
    """Every purse of one source. Sources of one quota group share one of these."""

    __slots__ = (
        "_chosen",
        "_draws",
        "_keys",
        "_limits",
        "_name",
        "_only",
        "_policy",
        "_purses",
        "_rejected_until",
        "_required",
        "dry",
        "holdings",
        "wake",
    )

    def __init__(self, source: Source, keys: Sequence[SecretStr], policy: Policy) -> None:
        key = source.key
        self._name = source.quota_group or source.id
        self._policy = policy
        self._required = key is not None and key.required
        self._keys = tuple(Secret(key, value) for value in keys) if key is not None else ()
        keyed = key.limits or source.limits if key is not None else source.limits
        self._limits = (source.limits, keyed) if policy.heeds_limits else ((), ())
        self.dry = {DIRECT: -inf}
        """By way out, until when no request may go; noted for a moment when one was refused, then looked at again."""
        self._chosen: Purse | None = None
        self._draws = 0
        self._rejected_until = [-inf] * len(self._keys)
        self._purses: dict[tuple[int, str], Purse] = {}
        self.holdings: list[Holding] = []
        """What is held of purses that are claimed from the ledger; grows as ways out come into use."""
        self.wake: Callable[[], None] = _nothing
        """Called when it grew: nothing of it may be spent before it is claimed."""
        self._only = None if self._keys else self._purse(-1, DIRECT)
        for number in range(len(self._keys)):
            self._purse(number, DIRECT)

    def pick(self, now: float, tokens: int, purpose: Purpose, egress: str = DIRECT) -> Purse | None:
        """Return the purse to draw so many tokens on: of those that have them, the one with most left; else None."""
        background = purpose is _BACKGROUND
        only = self._only
        if only is not None and egress == DIRECT:
            if only.allows(now, tokens, background=background):
                return only
            able = []
        else:
            chosen = self._chosen
            if chosen is not None and self._draws < _TURNS:
                self._draws += 1
                if chosen.allows(now, tokens, background=background):
                    return chosen
            able = [each for each in self._usable(now, egress) if each.allows(now, tokens, background=background)]
        if not able:
            if not background and tokens <= 1:
                wait = self.wait(now, tokens, purpose, egress)
                self.dry[egress] = min(now + _MOMENT_S, now if wait is None else wait.until)
            return None
        best = max(able, key=lambda each: (each.share_left(now), -each.spent))
        self._chosen, self._draws = (best if best.secret is not None else None), 0
        return best

    def over(self, purse: Purse, egress: str) -> Purse:
        """Return the purse that takes the place of one that was picked, where its request goes another way."""
        return purse if purse.secret is not None else self._purse(-1, egress)

    def has_key(self) -> bool:
        """Say whether a key was given."""
        return bool(self._keys)

    def reject(self, purse: Purse, now: float) -> bool:
        """Set a key aside for an hour; return whether it was not set aside already. Without a key nothing happens."""
        if purse.secret is None:
            return False
        number = self._keys.index(purse.secret)
        is_news = now >= self._rejected_until[number]
        self._chosen = None
        self._rejected_until[number] = now + _KEY_REST_S
        return is_news

    def rejected(self, now: float) -> int:
        """Return how many keys are set aside now."""
        return sum(now < until for until in self._rejected_until)

    def keys(self) -> int:
        """Return how many keys were given."""
        return len(self._keys)

    def keyless_until(self, now: float) -> float:
        """Return until when no key is left that was not rejected, though one is needed."""
        if not self._required or not self._keys:
            return -inf
        soonest = min(self._rejected_until)
        return soonest if soonest > now else -inf

    def resting_until(self, now: float, egress: str = DIRECT) -> float:
        """Return until when every usable key rests after the source refused for too many requests."""
        return min((each.resting_until for each in self._usable(now, egress)), default=-inf)

    def wait(self, now: float, tokens: int, purpose: Purpose, egress: str = DIRECT) -> Wait | None:
        """Return until when so many tokens are lacking and why, None when there are enough."""
        background = purpose is _BACKGROUND
        waits = [
            _wait(*each.free_at(now, tokens, background=background))
            for each in self._usable(now, egress)
            if not each.allows(now, tokens, background=background)
        ]
        if not waits or len(waits) < sum(1 for _ in self._usable(now, egress)):
            return None
        return min(waits, key=lambda each: each.until)

    def has_room(self, now: float, tokens: int, egress: str = DIRECT) -> bool:
        """Say whether a user's request may draw so many tokens."""
        return self.pick(now, tokens, Purpose.USER, egress) is not None

    def has_room_for_hedge(self, now: float, egress: str = DIRECT) -> bool:
        """Say whether enough is left that a request may be made which may not be needed."""
        least = self._policy.hedge_room
        return any(
            each.allows(now, 1, background=False) and each.share_left(now) >= least
            for each in self._usable(now, egress)
        )

    def share_left(self, now: float, egress: str = DIRECT) -> float:
        """Return the share that is left of the purses of a minute and longer, by which sources are ranked."""
        return max((each.share_left(now, _RANKED_FROM_S) for each in self._usable(now, egress)), default=0.0)

    def purses(self) -> list[Purse]:
        """Return every purse that is in use."""
        return list(self._purses.values())

    def _usable(self, now: float, egress: str) -> Iterator[Purse]:
        """Give the purses of the keys that were not rejected; where none is left, and none is needed, that without."""
        found = False
        for number, until in enumerate(self._rejected_until):
            if now >= until:
                found = True
                yield self._purse(number, egress)
        if not found and not self._required:
            yield self._purse(-1, egress)

    def _purse(self, number: int, egress: str) -> Purse:
        """Return the purse of a key (-1: without one) over a way out, made when it is first wanted.

        A key's limits hold wherever it is sent from: it has one purse, which goes by the direct way's name.
        """
        egress = DIRECT if number >= 0 else egress
        purse = self._purses.get((number, egress))
        if purse is None:
            secret = self._keys[number] if number >= 0 else None
            limits = self._limits[number >= 0]
            held = [self._holding(secret, egress, each) for each in limits if self._is_claimed(each)]
            pools = self._pools(secret, egress, limits)
            self.holdings += held
            label = f"{number + 1} of {len(self._keys)}" if secret is not None else ""
            purse = Purse(secret, egress, limits, self._policy, label=label, holdings=held, pools=pools)
            self._purses[number, egress] = purse
            if held:
                self.wake()
        return purse

    def _is_claimed(self, limit: Limit) -> bool:
        """Say whether a window is long enough to be claimed from the ledger."""
        return limit.window_s >= self._policy.claimed_from_s

    def _pools(self, secret: Secret | None, egress: str, limits: Sequence[Limit]) -> Pools | None:
        """Return what is known of the windows that processes share; None where there are none."""
        policy, counters = self._policy, self._policy.counters
        if counters is None:
            return None
        pools = [
            Pool(self._budget(secret, egress, each), each.requests, policy.reserve, policy.share, counters)
            for each in limits
            if each.window_s >= SHARED_FROM_S and not self._is_claimed(each)
        ]
        return Pools(pools, counters) if pools else None

    def _budget(self, secret: Secret | None, egress: str, limit: Limit) -> BudgetName:
        """Return the name of a window among all processes; a fingerprint stands for the key."""
        return BudgetName(self._name, fingerprint(secret), egress, int(limit.window_s))

    def _holding(self, secret: Secret | None, egress: str, limit: Limit) -> Holding:
        """Return what will hold the blocks of one window."""
        name = self._budget(secret, egress, limit)
        return Holding(name, limit.requests, self._policy.reserve, self._policy.share)


def _wait(until: float, reason: str) -> Wait:
    """Return a wait; what no waiting helps is said as well."""
    return Wait(until, reason or "asks for more at once than its limits allow")


def _nothing() -> None:
    """Stand in for the wake-up until there is one who claims."""


def fingerprint(secret: Secret | None) -> str:
    """Return what tells one key from another and from which it cannot be had; empty without one."""
    if secret is None:
        return ""
    text = secret.value.get_secret_value().encode()
    return hashlib.blake2b(text, digest_size=8, person=b"nerkh quota").hexdigest()
