"""Single flight in simulated time: sharing, leases, handing over."""

from __future__ import annotations

import asyncio

import pytest

from server.clock import VirtualClock, run_virtual
from server.errors import DeadlineTooShort, SourcesFailed
from server.fallback.flight import Flight, Lead


class Spot:
    """A place for one key."""

    def __init__(self) -> None:
        self.lead: Lead[int] | None = None


class Work:
    """A fetch that takes a while, counts its runs, and ends as told."""

    def __init__(self, seconds: float, error: Exception | None = None) -> None:
        self.seconds = seconds
        self.error = error
        self.runs = 0

    async def __call__(self) -> int:
        """Fetch."""
        self.runs += 1
        run = self.runs
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return run


def test_an_error_is_shared_like_a_result() -> None:
    """When all sources failed, those who waited are told so too instead of trying it all again."""

    async def main(clock: VirtualClock) -> None:
        flight: Flight[int] = Flight(clock, 5)
        place, work = Spot(), Work(1, SourcesFailed("x"))
        found = await asyncio.gather(*(flight.share(place, 10, work) for _ in range(50)), return_exceptions=True)
        assert {type(each) for each in found} == {SourcesFailed}
        assert work.runs == 1
        assert place.lead is None

    run_virtual(main)


def test_a_stuck_fetch_frees_the_others_after_its_lease() -> None:
    """The lease is 5 s: one of those who wait fetches then, and the rest share that."""

    async def main(clock: VirtualClock) -> None:
        flight: Flight[int] = Flight(clock, 5)
        place, stuck, quick = Spot(), Work(1000), Work(0.5)
        first = asyncio.create_task(flight.share(place, 1e6, stuck))
        await asyncio.sleep(0)
        others = [asyncio.create_task(flight.share(place, 60, quick)) for _ in range(20)]
        assert await asyncio.gather(*others) == [1] * 20
        assert clock.monotonic() == pytest.approx(5.5)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert place.lead is None

    run_virtual(main)


def test_a_short_deadline_of_the_leader_is_not_shared() -> None:
    """Its caller's time was over, not the others': one of them takes over."""

    async def main(clock: VirtualClock) -> None:
        flight: Flight[int] = Flight(clock, 5)
        place = Spot()
        leader = asyncio.create_task(flight.share(place, 10, Work(0.2, DeadlineTooShort(0.2))))
        await asyncio.sleep(0)
        work = Work(1)
        assert await asyncio.gather(*(flight.share(place, 10, work) for _ in range(5))) == [1] * 5
        assert work.runs == 1
        with pytest.raises(DeadlineTooShort):
            await leader

    run_virtual(main)


def test_who_waits_too_long_gives_up_alone() -> None:
    """A waiter's own deadline ends its wait and nobody else's."""

    async def main(clock: VirtualClock) -> None:
        flight: Flight[int] = Flight(clock, 5)
        place, work = Spot(), Work(2)
        leader = asyncio.create_task(flight.share(place, 10, work))
        await asyncio.sleep(0)
        hasty = asyncio.create_task(flight.share(place, 1, work))
        patient = asyncio.create_task(flight.share(place, 10, work))
        with pytest.raises(TimeoutError):
            await hasty
        assert clock.monotonic() == pytest.approx(1)
        with pytest.raises(TimeoutError):
            await flight.share(place, 0.5, work)
        assert await asyncio.gather(leader, patient) == [1, 1]

    run_virtual(main)


def test_a_fetch_that_outlived_its_lease_leaves_the_place_to_its_successor() -> None:
    """Who comes after the old one has ended still shares the new one's fetch."""

    async def main(clock: VirtualClock) -> None:
        flight: Flight[int] = Flight(clock, 5)
        place, slow, work = Spot(), Work(6), Work(3)
        first = asyncio.create_task(flight.share(place, 60, slow))
        await asyncio.sleep(0)
        second = asyncio.create_task(flight.share(place, 60, work))
        await asyncio.sleep(7)  # the first ended at 6 s, the second began at 5 s
        assert first.done()
        third = asyncio.create_task(flight.share(place, 60, work))
        assert await asyncio.gather(first, second, third) == [1, 1, 1]
        assert (slow.runs, work.runs) == (1, 1)
        assert place.lead is None

    run_virtual(main)


def test_who_fetches_alone_may_share_anothers_fetch_and_holds_nobody_back() -> None:
    """It waits for the fetch under way; when that is handed over to it, the place stays free for others."""

    async def main(clock: VirtualClock) -> None:
        flight: Flight[int] = Flight(clock, 5)
        place, stuck, work, own = Spot(), Work(1000), Work(1), Work(2)
        first = asyncio.create_task(flight.share(place, 1e6, stuck))
        await asyncio.sleep(0)
        alone = asyncio.create_task(flight.share(place, 10, own, alone=True))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0.1)
        assert (own.runs, place.lead) == (1, None)
        user = asyncio.create_task(flight.share(place, 10, work))
        await asyncio.sleep(0)
        assert await asyncio.gather(alone, flight.share(place, 10, own, alone=True), user) == [1, 1, 1]
        assert (own.runs, work.runs) == (1, 1)

    run_virtual(main)
