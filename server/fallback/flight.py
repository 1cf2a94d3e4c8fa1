"""Single flight: equal fetches under way are one fetch; used by ask and sweep.

The first caller fetches in its own task, those who come later wait for it. A caller that goes away hands over to one
who waits; one that holds on longer than the lease no longer holds the others back. Who is to leave users their reserve
may wait for a user's fetch, but none waits for theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

from server.clock import Clock
from server.errors import DeadlineTooShort

T = TypeVar("T")

_TOO_LITTLE_S = 0.1

_Outcome = tuple[T | None, Exception | None]


class Lead(Generic[T]):
    """One fetch under way, until when it may hold others back, and who waits for it."""

    __slots__ = ("lease_until", "waiters")

    def __init__(self, lease_until: float) -> None:
        self.lease_until = lease_until
        self.waiters: list[asyncio.Future[_Outcome[T] | None]] = []

    def finish(self, outcome: _Outcome[T] | None) -> None:
        """Tell everyone who waits: a result, an error, or None when one of them is to take over."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(outcome)


class Berth:
    """A place of its own for a fetch."""

    __slots__ = ("lead",)

    def __init__(self) -> None:
        self.lead: Lead[Any] | None = None


class Place(Protocol):
    """Where the fetch under way for one key is kept."""

    lead: Lead[Any] | None


class Flight(Generic[T]):
    """Shares fetches."""

    def __init__(self, clock: Clock, lease_s: float) -> None:
        self._clock = clock
        self._lease_s = lease_s

    async def share(
        self, place: Place, until: float, fetch: Callable[..., Awaitable[T]], *parts: object, alone: bool = False
    ) -> T:
        """Return what the one fetch of a place gives, running `fetch(*parts)` when there is none.

        With `alone` nobody else waits for what is run. Raises what the fetch raises, to everyone who waits;
        `TimeoutError` when monotonic time reaches `until` while waiting for another's fetch.
        """
        now = self._clock.monotonic()
        lead: Lead[T] | None = place.lead
        while lead is not None and now < lead.lease_until:
            outcome = await self._wait(lead, now, until)
            if outcome is not None:
                return _unpacked(outcome)
            now, lead = self._clock.monotonic(), place.lead
        if alone:
            place = Berth()
        lead = place.lead = Lead(now + self._lease_s)
        outcome = None
        try:
            result = await fetch(*parts)
            outcome = (result, None)
        except DeadlineTooShort:
            raise
        except Exception as error:
            outcome = (None, error)
            raise
        finally:
            if place.lead is lead:
                place.lead = None
            if lead.waiters:
                lead.finish(outcome)
        return result

    async def _wait(self, lead: Lead[T], now: float, until: float) -> _Outcome[T] | None:
        """Wait for a fetch; None when it was handed over or its lease ended, `TimeoutError` when the wait is over."""
        waiter: asyncio.Future[_Outcome[T] | None] = asyncio.get_running_loop().create_future()
        lead.waiters.append(waiter)
        outcome = None
        try:
            async with asyncio.timeout(min(until, lead.lease_until) - now):
                outcome = await waiter
        except TimeoutError:
            pass
        if outcome is None and until - self._clock.monotonic() < _TOO_LITTLE_S:
            raise TimeoutError
        return outcome


def _unpacked(outcome: _Outcome[T]) -> T:
    """Return the result of another's fetch, or raise its error."""
    result, error = outcome
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # without an error there is a result
