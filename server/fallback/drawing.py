"""What one attempt draws on its source's quota: before each round of requests, and what the answers say of the rest."""

from __future__ import annotations

from collections.abc import Sequence

from server.clock import Clock
from server.fallback.classify import Verdict
from server.fallback.lane import Lane
from server.model import Outcome, Purpose
from server.providers.base import Reply, Request

_USER = Purpose.USER
_TURN_S = 5.0
"""How long further requests of an attempt wait for the source's limits to allow them."""


class OutOfQuota(Exception):
    """The source's limits leave no room for what an attempt would ask of it."""


class Drawing:
    """The purse that one attempt draws on, chosen when it begins. None draws on nothing, and nothing may be asked."""

    __slots__ = ("_clock", "_lane", "_purpose", "_started", "purse", "secret")

    def __init__(self, lane: Lane, purpose: Purpose, clock: Clock, now: float) -> None:
        self._lane = lane
        self._purpose = purpose
        self._clock = clock
        self._started = now
        self.purse = lane.standing.quota.pick(now, lane.cost, purpose)
        self.secret = self.purse.secret if self.purse is not None else None

    async def spend(self, requests: Sequence[Request], *, is_first: bool) -> None:
        """Draw for requests about to be sent; raises `OutOfQuota` before the first that the limits cannot bear.

        Later ones wait their turn for a moment: what was asked before them is lost otherwise.
        """
        purse, lane = self.purse, self._lane
        if purse is None:
            raise OutOfQuota
        cost = requests[0].cost if len(requests) == 1 else sum(each.cost for each in requests)
        now = self._clock.monotonic()
        background = self._purpose is not _USER
        if not purse.allows(now, cost, background=background):
            at, _ = purse.free_at(now, cost, background=background)
            if is_first or at - now > _TURN_S:
                raise OutOfQuota
            await self._clock.sleep(at - now)
            now = self._clock.monotonic()
            if not purse.allows(now, cost, background=background):
                raise OutOfQuota
        purse.spend(now, cost)
        if is_first:
            lane.cost = min(lane.cost, cost) if lane.measures.calls else cost

    def hear(self, reply: Reply) -> None:
        """Take in what an answer says of the source's limits."""
        if reply.headers and self.purse is not None:
            clock = self._clock
            self.purse.hear(reply.headers, clock.monotonic(), clock.now().timestamp(), refused=reply.status != 200)

    def why_not(self) -> str:
        """Return why nothing could be drawn."""
        out = self._lane.exclusion(self._clock.monotonic(), self._purpose)
        return "its limits leave no room for all that it would be asked" if out is None else out.reason

    def settle(self, outcome: Outcome, verdict: Verdict, now: float, retry_after_s: float | None) -> None:
        """Tell the purse and the standing how the attempt ended."""
        purse, standing = self.purse, self._lane.standing
        if purse is None:
            return
        if verdict is Verdict.SUCCESS:
            if purse.rests or purse.pace.is_slowed:
                purse.succeeded(self._started)
            if not standing.is_troubled:
                return
        standing.note(outcome, purse, self._started, now, retry_after_s)
