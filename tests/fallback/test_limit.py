"""The bound of an attempt's wait, in virtual time: whose cancellation it is that ends it."""

from __future__ import annotations

import asyncio

import pytest

from server.clock import VirtualClock, run_virtual
from server.fallback.limit import Limit


def test_a_wait_ends_when_its_time_is_over() -> None:
    """`TimeoutError` comes at the limit's end, and the task is as little cancelled afterwards as before."""

    async def main(clock: VirtualClock) -> None:
        with pytest.raises(TimeoutError), Limit(2.0) as limit:
            await clock.sleep(5.0)
        assert clock.monotonic() == pytest.approx(2.0)
        assert limit.is_over()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    run_virtual(main)


def test_what_ends_in_time_is_left_alone() -> None:
    """Nothing comes after a wait that was over in time, though its task goes on waiting for other things."""

    async def main(clock: VirtualClock) -> None:
        with Limit(2.0) as limit:
            await clock.sleep(1.0)
        limit.end()
        await clock.sleep(5.0)
        assert not limit.is_over()

    run_virtual(main)


def test_an_error_passes_through() -> None:
    """What goes wrong inside is raised as it is."""

    async def main(clock: VirtualClock) -> None:
        with pytest.raises(KeyError), Limit(2.0):
            raise KeyError
        await clock.sleep(5.0)

    run_virtual(main)


def test_a_wait_can_be_ended_from_outside() -> None:
    """`end` takes its place at once, in the task that waits, and raises nothing where it is called."""

    async def main(clock: VirtualClock) -> None:
        limits: list[Limit] = []

        async def waiting() -> None:
            with Limit(9.0) as limit:
                limits.append(limit)
                await clock.sleep(5.0)

        task = asyncio.create_task(waiting())
        await clock.sleep(1.0)
        limits[0].end()
        with pytest.raises(TimeoutError):
            await task
        assert clock.monotonic() == pytest.approx(1.0)

    run_virtual(main)


def test_what_is_there_before_the_end_comes_through_is_not_lost() -> None:
    """A wait that ends in the same turn of the loop as it is told to end keeps what it waited for."""

    async def main(_clock: VirtualClock) -> None:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        limits: list[Limit] = []

        async def waiting() -> int:
            with Limit(9.0) as limit:
                limits.append(limit)
                return await future

        task = asyncio.create_task(waiting())
        await asyncio.sleep(0)
        future.set_result(7)
        limits[0].end()
        assert await task == 7

    run_virtual(main)


@pytest.mark.parametrize(("lasts_s", "told"), [(0.5, []), (1.5, [1.0]), (5.0, [1.0])])
def test_who_wants_to_know_is_told_once_that_it_is_late(lasts_s: float, told: list[float]) -> None:
    """A wait that lasts as long says so, goes on, and ends in its time all the same."""

    async def main(clock: VirtualClock) -> None:
        heard: list[float] = []
        try:
            with Limit(2.0, 1.0, lambda: heard.append(clock.monotonic())):
                await clock.sleep(lasts_s)
        except TimeoutError:
            heard.append(-1.0)
        assert heard[:1] == pytest.approx(told)
        assert (heard[-1:] == [-1.0]) is (lasts_s > 2.0)
        assert clock.monotonic() == pytest.approx(min(lasts_s, 2.0))

    run_virtual(main)


def test_a_wait_shorter_than_what_is_late_is_never_late() -> None:
    """Its time is over first."""

    async def main(clock: VirtualClock) -> None:
        heard: list[str] = []
        with pytest.raises(TimeoutError), Limit(1.0, 2.0, lambda: heard.append("late")):
            await clock.sleep(5.0)
        await clock.sleep(5.0)
        assert not heard

    run_virtual(main)


@pytest.mark.parametrize("when", [1.0, 2.0])
def test_a_cancellation_from_elsewhere_is_no_timeout(when: float) -> None:
    """Who cancels the task gets `CancelledError`, also in the very moment in which time is over."""

    async def main(clock: VirtualClock) -> None:
        async def waiting() -> None:
            with Limit(2.0):
                await clock.sleep(5.0)

        loop = asyncio.get_running_loop()
        task = asyncio.create_task(waiting())
        loop.call_later(when, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    run_virtual(main)


def test_the_outer_of_two_limits_ends_both() -> None:
    """An outer limit that ends first is told outside, and not taken for the inner one's."""

    async def main(clock: VirtualClock) -> None:
        seen = []

        async def waiting() -> None:
            with Limit(1.0):
                try:
                    with Limit(2.0):
                        await clock.sleep(5.0)
                except TimeoutError:
                    seen.append("inner")

        with pytest.raises(TimeoutError):
            await waiting()
        assert not seen

    run_virtual(main)
