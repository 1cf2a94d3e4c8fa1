"""What one attempt draws on its source's quota: before each round of requests, and what the answers say of the rest.

A request that goes on over another way out draws on that way's purse as well; what was drawn before stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from server.clock import Clock
from server.fallback.classify import Verdict
from server.fallback.lane import Lane
from server.fallback.purse import Purse
from server.fallback.quota import DIRECT
from server.model import Outcome, Purpose
from server.providers.base import Reply, Request

_USER = Purpose.USER
_TURN_S = 5.0
"""How long further requests of an attempt wait for the source's limits to allow them."""


class OutOfQuota(Exception):
    """The source's limits leave no room for what an attempt would ask of it."""


class Drawing:
    """The purse that one attempt draws on, chosen when it begins. None draws on nothing, and nothing may be asked."""

    __slots__ = ("_clock", "_granted", "_lane", "_purpose", "_started", "drawn", "pending", "purse", "secret")

    def __init__(self, lane: Lane, purpose: Purpose, clock: Clock, now: float, egress: str = DIRECT) -> None:
        self._lane = lane
        self._purpose = purpose
        self._clock = clock
        self._started = now
        self._granted = lane.cost
        purse = self.purse = self.drawn = lane.standing.quota.pick(now, lane.cost, purpose, egress)
        """`drawn` is what the round of requests under way was drawn on, `purse` that of the way it goes now."""
        self.secret = purse.secret if purse is not None else None
        self.pending = 0
        """What is still to be drawn by `share`: of budgets that all processes spend together."""

    @property
    def is_keyed(self) -> bool:
        """Whether the attempt sends a key."""
        return self.secret is not None

    def begin(self, requests: Sequence[Request]) -> None:
        """Draw for an attempt's first requests, in the moment in which it begins; raises `OutOfQuota`."""
        purse, lane, now = self.purse, self._lane, self._started
        if purse is None:
            raise OutOfQuota
        cost = _cost(requests)
        if cost > self._granted and not purse.allows(now, cost, background=self._purpose is not _USER):
            raise OutOfQuota
        if purse.is_shared():
            self.pending = cost
        else:
            purse.spend(now, cost)
        if cost != lane.cost:
            lane.cost = min(lane.cost, cost) if lane.measures.calls else cost

    async def share(self) -> None:
        """Draw what is pending together with all other processes; raises `OutOfQuota`."""
        purse, cost = self.purse, self.pending
        self.pending = 0
        if purse is None or not await purse.draw(self._clock, cost, background=self._purpose is not _USER):
            raise OutOfQuota

    async def follow(self, requests: Sequence[Request]) -> None:
        """Draw for later requests; they wait their turn for a moment, for what was asked before is lost otherwise."""
        purse, clock = self.purse, self._clock
        if purse is None:
            raise OutOfQuota
        self.drawn = purse
        cost, background = _cost(requests), self._purpose is not _USER
        now = clock.monotonic()
        if not purse.allows(now, cost, background=background, goes_on=True):
            at, _ = purse.free_at(now, cost, background=background, goes_on=True)
            if at - now > _TURN_S:
                raise OutOfQuota
            await clock.sleep(at - now)
            now = clock.monotonic()
            if not purse.allows(now, cost, background=background, goes_on=True):
                raise OutOfQuota
        if not purse.is_shared():
            purse.spend(now, cost)
        elif not await purse.draw(clock, cost, background=background, goes_on=True):
            raise OutOfQuota

    def over(self, egress: str) -> Purse | None:
        """Return the purse of another way out, that of the same key."""
        return None if self.purse is None else self._lane.standing.quota.over(self.purse, egress)

    async def move(self, purse: Purse | None, cost: int) -> bool:
        """Draw a request on the purse of the way that it goes now; return False where that has no room for it."""
        now, background = self._clock.monotonic(), self._purpose is not _USER
        if purse is None or not purse.allows(now, cost, background=background):
            return False
        if not purse.is_shared():
            purse.spend(now, cost)
        elif not await purse.draw(self._clock, cost, background=background):
            return False
        self.purse = purse
        return True

    def hear(self, reply: Reply) -> None:
        """Take in what an answer says of the source's limits."""
        purse, headers = self.purse, reply.headers
        if headers and purse is not None and purse.stated.listens(headers, refused=reply.status != 200):
            purse.stated.hear(headers, self._clock.monotonic(), self._clock.now().timestamp())

    def why_not(self) -> str:
        """Return why nothing could be drawn."""
        out = self._lane.exclusion(self._clock.monotonic(), self._purpose)
        return "its limits leave no room for all that it would be asked" if out is None else out.reason

    def settle(self, outcome: Outcome, verdict: Verdict, now: float, retry_after_s: float | None) -> bool:
        """Tell the purse and the standing how the attempt ended; return whether the standing had to take it in."""
        purse, standing = self.purse, self._lane.standing
        if purse is None:
            return False
        if verdict is Verdict.SUCCESS:
            if purse.rests or purse.pace.is_slowed:
                purse.succeeded(self._started)
            if not standing.is_troubled:
                return False
        standing.note(outcome, purse, self._started, now, retry_after_s)
        return True


def _cost(requests: Sequence[Request]) -> int:
    """Return what requests take of their source's limits."""
    return requests[0].cost if len(requests) == 1 else sum(each.cost for each in requests)
