"""Schedules in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from structlog.testing import capture_logs

from server.clock import VirtualClock, run_virtual
from server.collectors import Collectors, Schedule
from server.errors import SourcesFailed


def play(run: Callable[[], Awaitable[None]], seconds: float, every_s: float = 60) -> list[str]:
    """Run one schedule for a while; return the names of what was logged. Nothing may be left running."""

    async def main(clock: VirtualClock) -> None:
        collectors = Collectors([Schedule("toy", every_s, run)], clock)
        collectors.start()
        await clock.sleep(seconds)
        await collectors.stop()
        assert len(asyncio.all_tasks()) == 1

    with capture_logs() as logged:
        run_virtual(main)
    return [line["event"] for line in logged]


def test_a_job_runs_again_and_again() -> None:
    """Ten minutes at one a minute are nine or ten runs."""
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1

    assert play(run, 600) == []
    assert 9 <= runs <= 10


def test_a_failing_job_is_said_once_and_once_when_it_is_back() -> None:
    """However often it fails in between."""
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs < 5:
            raise SourcesFailed("toy")

    assert play(run, 600) == ["collector_failing", "collector_back"]


def test_a_job_that_hangs_is_cut_and_a_broken_one_does_not_end_the_schedule() -> None:
    """One run never overlaps the next; a bug is logged as what it is."""
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            await asyncio.sleep(10_000)
        raise ValueError("a bug")

    logged = play(run, 400)
    assert logged[:2] == ["collector_failing", "collector_broke"]
    assert runs > 3


def test_a_run_is_cancelled_when_the_service_stops() -> None:
    """Stopping does not wait for a run."""

    async def run() -> None:
        await asyncio.sleep(50)

    assert play(run, 20) == []
