"""Edges of hedging that seeds of virtual time brought to light."""

from __future__ import annotations

import asyncio
import random

from server.clock import VirtualClock, run_virtual
from server.fallback.attempt import Tried
from server.fallback.breaker import Breaker
from server.fallback.lane import Lane, Standing
from server.fallback.limit import Limit
from server.settings import Settings
from tests.fallback.world import BTC_USD, TOY, World, source


def test_an_attempt_that_is_beaten_in_the_moment_its_time_runs_out_ends_as_timed_out() -> None:
    """Both may fall into one turn of the loop; it is ended once, and nothing is raised into its rival's fetch."""

    async def main(_clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        tried = Tried(Lane(Standing(source("a"), "", ()), TOY.capabilities[0], Breaker(random.random)))
        raised: list[Exception] = []

        def beat() -> None:
            try:
                tried.beat()
            except RuntimeError as error:
                raised.append(error)

        try:
            with Limit(10) as tried.limit:
                tried.limit.end()  # as if its time ran out in this turn
                loop.call_soon(beat)
                await asyncio.sleep(10)
        except TimeoutError:
            pass
        assert not raised
        assert not tried.is_beaten

    run_virtual(main)


def test_hedges_count_towards_the_most_attempts_of_a_fetch() -> None:
    """The last attempt that a fetch may make gets no rival, however late it is."""

    async def main(clock: VirtualClock) -> None:
        world = World(clock)
        world.says("a", after_s=0.8)
        world.says("b")
        answer = await world.engine(["a", "b"], settings=Settings(attempts=1)).ask(BTC_USD)
        assert [each.source for each in answer.provenance.attempts] == ["a"]
        assert world.asked == {"a": 1}

    run_virtual(main)
