"""Attempts whose answers are read apart, one after another: the wait for our own reader is no fault of a source."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from server.apart import Apart
from server.clock import Clock, SystemClock, VirtualClock, run_virtual
from server.fallback.attempt import Runner
from server.fallback.breaker import Breaker
from server.fallback.lane import Lane
from server.fallback.standing import Standing
from server.fallback.tried import Tried
from server.fallback.vetted import Vetted
from server.fallback.watch import Watch
from server.model import Kind, Outcome, Price, Query, Value
from server.providers.base import Capability, Follow, Reply, Request, Source
from tests.fallback.world import BTC_USD, World, build, source

TIMEOUT_S = 5.0
GOOD = Price("bitcoin", "USD", Decimal(1))


def parse(_source: Source, _query: Query, _replies: tuple[Reply, ...]) -> Value:
    """Find the same whatever was answered."""
    return GOOD


def parse_more(_source: Source, _query: Query, replies: tuple[Reply, ...]) -> Value | Follow:
    """Ask for one more."""
    return GOOD if len(replies) == 2 else Follow((Request("/1"),))


class Row:
    """A reader in simulated time: one call after another, each for `read_s`, behind others for `others_s`."""

    def __init__(self, others_s: float, read_s: float = 0.001) -> None:
        self._others_s = others_s
        self._read_s = read_s

    async def call(self, function: Callable[..., Any], *args: Any, begun: Callable[[], None]) -> Any:
        """Do as `Apart.call` does."""
        await asyncio.sleep(self._others_s)
        begun()
        await asyncio.sleep(self._read_s)
        return function(*args)

    def close(self) -> None:
        """End nothing: there is no process."""


class Desk:
    """A source that answers after a while, and a runner whose reader takes so long."""

    def __init__(self, clock: Clock, apart: Any, *, after_s: float = 0.1, parse: Any = parse) -> None:
        world = World(clock)  # type: ignore[arg-type]  # any clock will do
        self.clock = clock
        capability = Capability(Kind.PRICE, build, parse, is_apart=True)
        self.lane = Lane(Standing(source("a"), "https://a.example", ()), capability, Breaker(clock.random))
        self.tried = Tried(self.lane)
        self.runner = Runner(
            world,  # type: ignore[arg-type]  # stands in for the outside world
            clock,
            Vetted(),
            Watch({}, clock),
            body_limit=1,
            apart=apart,
        )

        async def answer(_request: Request) -> Reply:
            await asyncio.sleep(after_s)
            return Reply(200, b"x")

        world.does("a", answer)

    async def run(self, timeout_s: float = TIMEOUT_S) -> Tried:
        """Make one attempt."""
        admission = self.lane.admit(self.clock.monotonic())
        assert admission is not None
        return await self.runner.run(self.lane, BTC_USD, admission, timeout_s, self.tried)

    def is_blamed(self) -> bool:
        """Say whether anything was counted against the source."""
        return bool(self.lane.measures.calls or self.lane.breaker.consecutive_failures)


def play(story: Callable[[VirtualClock], Coroutine[Any, Any, None]]) -> None:
    """Run a story in simulated time."""
    run_virtual(story)


@pytest.mark.parametrize("after_s", [0.1, 3.0], ids=["prompt", "slow"])
def test_time_that_runs_out_before_an_answer_is_read_is_no_fault(after_s: float) -> None:
    """Whoever is read before it takes the time; the source answered, and how slowly it does is not in question."""

    async def story(clock: VirtualClock) -> None:
        desk = Desk(clock, Row(60), after_s=after_s)
        tried = await desk.run()
        assert (tried.outcome, tried.detail) == (Outcome.CANCELLED, "its answer was not read within 5.00 s")
        assert not desk.is_blamed()

    play(story)


def test_an_answer_that_is_begun_too_late_to_be_read_is_no_fault() -> None:
    """What the source took itself, with the time that was spent on reading, is far from late."""

    async def story(clock: VirtualClock) -> None:
        desk = Desk(clock, Row(TIMEOUT_S - 0.2, read_s=0.3))
        assert (await desk.run()).outcome is Outcome.CANCELLED
        assert not desk.is_blamed()

    play(story)


@pytest.mark.parametrize("after_s", [0.1, TIMEOUT_S - 0.1], ids=["at once", "at the last moment"])
def test_an_answer_that_takes_too_long_to_read_is_a_fault(after_s: float) -> None:
    """Also for one that held its answer back, so that its attempt would end before its reader does."""

    async def story(clock: VirtualClock) -> None:
        desk = Desk(clock, Row(0, read_s=60), after_s=after_s)
        assert (await desk.run()).outcome is Outcome.TIMEOUT
        assert desk.is_blamed()

    play(story)


def test_no_answer_at_all_is_a_fault_as_ever() -> None:
    """Nothing waited for our reader."""

    async def story(clock: VirtualClock) -> None:
        desk = Desk(clock, Row(0), after_s=60)
        tried = await desk.run()
        assert (tried.outcome, tried.detail) == (Outcome.TIMEOUT, "no answer within 5.00 s")

    play(story)


def test_the_waits_of_several_rounds_count_together() -> None:
    """Each round's answer waited two seconds and more: of five the source had a few tenths."""

    async def story(clock: VirtualClock) -> None:
        desk = Desk(clock, Row(2.35, read_s=0.05), parse=parse_more)
        assert (await desk.run()).outcome is Outcome.CANCELLED
        assert desk.tried.own_s(TIMEOUT_S) == pytest.approx(0.3)
        assert not desk.is_blamed()

    play(story)


@pytest.mark.parametrize("is_beaten", [True, False], ids=["beaten", "given up"])
def test_an_attempt_that_is_ended_while_its_answer_waits_is_no_fault(*, is_beaten: bool) -> None:
    """By an answer of another source, or by a caller who goes away: as if it were young still."""

    async def story(clock: VirtualClock) -> None:
        desk = Desk(clock, Row(60))
        task = asyncio.create_task(desk.run())
        await asyncio.sleep(3)
        if is_beaten:
            desk.tried.beat()
        else:
            task.cancel()
        await asyncio.wait([task])
        assert desk.tried.outcome is Outcome.CANCELLED
        assert not desk.is_blamed()

    play(story)


async def test_the_process_itself_tells_what_waits_for_it(tmp_path: Path) -> None:
    """While it reads another's answer; afterwards it reads this source's next one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with closing(Apart(longest_s=60)) as apart:
        other = asyncio.create_task(apart.call(Path.read_bytes, pipe))
        await asyncio.sleep(0)
        desk = Desk(SystemClock(), apart, after_s=0)
        assert (await desk.run(desk.lane.late_s())).outcome is Outcome.CANCELLED
        assert not desk.is_blamed()
        await asyncio.to_thread(pipe.write_bytes, b"x")  # until then the process reads the other one
        assert await other == b"x"
        desk.tried = Tried(desk.lane)
        assert (await desk.run(60)).outcome is Outcome.OK
