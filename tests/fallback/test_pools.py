"""Short limits that processes share, in simulated time: together they ask a source no more often than it allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from server.clock import VirtualClock, run_virtual
from server.fallback.engine import Engine
from server.model import PriceQuery, Purpose
from server.providers.base import Limit, Reply, Request, Tier
from server.settings import Settings
from tests.fallback.counters import Counters, Server
from tests.fallback.world import BITCOIN, World, source

Story = Callable[["Town"], Coroutine[Any, Any, None]]


class Town:
    """Some processes that ask one source, `a`, and notes of when it was asked."""

    def __init__(self, clock: VirtualClock, limits: tuple[Limit, ...], processes: int, share: float) -> None:
        self.clock = clock
        self.server = Server(clock)
        self.world = World(clock)
        self.world.does("a", self._answer)
        self.world.says("b", after_s=0.0)
        self.times: list[float] = []
        self.links = [Counters(self.server) for _ in range(processes)]
        settings = Settings(quotes_per_s=0, quota_share=share, cache_entries=100_000)
        sources = [source("a", Tier.CRITICAL, limits=limits), "b"]
        self.engines = [self.world.engine(sources, settings=settings, counters=link) for link in self.links]
        self._number = 0

    async def _answer(self, request: Request) -> Reply:
        self.times.append(self.clock.monotonic())
        _, asset, quote = request.path.split("/")
        return Reply(200, f"{asset} {quote} 100".encode())

    async def ask(self, engine: Engine, times: int, purpose: Purpose = Purpose.USER) -> int:
        """Ask for so many things at once; return how many of them the source was asked for."""
        before = len(self.times)
        self._number += times
        queries = [PriceQuery(BITCOIN, f"Q{self._number - number}") for number in range(times)]
        await asyncio.gather(*(engine.ask(query, fresh=True, purpose=purpose) for query in queries))
        return len(self.times) - before

    def up(self) -> None:
        """Let all reach the counters."""
        for link in self.links:
            link.up()

    def down(self) -> None:
        """End the counters; what they counted is lost."""
        for link in self.links:
            link.down()
        self.server.forget()

    def most(self, span_s: float) -> int:
        """Return how often the source was asked in the span in which it was asked most."""
        times = self.times
        return max((sum(1 for each in times if start <= each < start + span_s) for start in times), default=0)


def play(story: Story, limits: tuple[Limit, ...], processes: int = 2, share: float = 0.5) -> None:
    """Run a story in simulated time."""

    async def main(clock: VirtualClock) -> None:
        await story(Town(clock, limits, processes, share))

    run_virtual(main)


def test_one_of_two_may_use_what_the_other_leaves() -> None:
    """Once the counters know of everything, one process alone is granted all but the part left for an outage."""

    async def story(town: Town) -> None:
        one, other = town.engines
        town.up()
        town.clock.advance(70)
        assert await town.ask(one, 200) == 90
        assert await town.ask(other, 50) == 0
        town.clock.advance(61)
        assert await town.ask(other, 50) == 50
        assert await town.ask(one, 50) == 40

    play(story, (Limit(100, 60),))


def test_what_others_spent_is_shown_with_the_time_by_which_it_is_there_again() -> None:
    """Nothing is left of the minute to a process that asked nothing; with nothing spent no time is shown."""

    async def story(town: Town) -> None:
        one, other = town.engines
        town.up()
        town.clock.advance(70)
        await town.ask(one, 200)
        await town.ask(other, 1)
        (quota,) = next(each for each in other.sources() if each.id == "a").quotas
        assert quota.remaining == 0
        assert quota.reset_time is not None
        assert (quota.reset_time - town.clock.now()).total_seconds() == 60
        town.clock.advance(61)
        (quota,) = next(each for each in other.sources() if each.id == "a").quotas
        assert (quota.remaining, quota.reset_time) == (90, None)

    play(story, (Limit(100, 60),))


def test_all_windows_of_a_call_are_drawn_on_or_none() -> None:
    """Where the second is used up nothing is taken of the minute."""

    async def story(town: Town) -> None:
        town.up()
        town.clock.advance(70)
        for _ in range(4):
            await town.ask(town.engines[0], 10)
        assert len(town.times) == 5
        town.clock.advance(1.1)
        assert await town.ask(town.engines[1], 10) == 5
        (minute,) = [rows for name, rows in town.server.spent.items() if name.span_s == 60]
        assert sum(minute.values()) == 10

    play(story, (Limit(5, 1), Limit(100, 60)))


def test_users_keep_their_reserve_of_what_is_shared() -> None:
    """What one process asks behind users leaves the users of the other their part."""

    async def story(town: Town) -> None:
        one, other = town.engines
        town.up()
        town.clock.advance(70)
        assert await town.ask(one, 200, Purpose.BACKGROUND) == 63
        assert await town.ask(other, 200, Purpose.BACKGROUND) == 0
        assert await town.ask(other, 200) == 27

    play(story, (Limit(100, 60),))


def test_without_the_counters_each_has_its_share() -> None:
    """Those that never reached them ask half each; nothing waits for anything."""

    async def story(town: Town) -> None:
        assert [await town.ask(engine, 80) for engine in town.engines] == [50, 50]
        assert [link.calls for link in town.links] == [0, 0]

    play(story, (Limit(100, 60),))


def test_when_the_counters_go_only_what_was_left_alone_is_spent() -> None:
    """For a span each has its half of a tenth, for what the other spent just before is not known; then its share."""

    async def story(town: Town) -> None:
        one, other = town.engines
        town.up()
        town.clock.advance(70)
        assert await town.ask(one, 200) == 90
        town.down()
        assert [await town.ask(engine, 50) for engine in town.engines] == [0, 5]
        town.clock.advance(61)
        assert [await town.ask(engine, 80) for engine in town.engines] == [50, 50]
        assert town.most(60) <= 100
        town.up()
        assert [await town.ask(engine, 80) for engine in (one, other)] == [0, 0]

    play(story, (Limit(100, 60),))


def test_a_process_that_starts_is_held_to_what_the_others_spent() -> None:
    """It has its share, as far as the counters have room."""

    async def story(town: Town) -> None:
        one, other = town.engines
        town.links[0].up()
        town.clock.advance(70)
        assert await town.ask(one, 70) == 70
        town.links[1].up()
        assert await town.ask(other, 70) == 20

    play(story, (Limit(100, 60),))


def test_a_process_that_just_started_knows_as_little_as_the_others_when_the_counters_go() -> None:
    """It too has no more than its part of what was left alone."""

    async def story(town: Town) -> None:
        one, other = town.engines
        town.links[0].up()
        town.clock.advance(70)
        assert await town.ask(one, 200) == 90
        town.links[1].up()
        town.down()
        assert await town.ask(other, 70) == 5

    play(story, (Limit(100, 60),))


def test_counters_that_forgot_without_going_are_found_out() -> None:
    """An operator emptied Redis: for a span each has no more than its part of what was left alone."""

    async def story(town: Town) -> None:
        one, other = town.engines
        town.up()
        town.clock.advance(70)
        assert [await town.ask(engine, 45) for engine in town.engines] == [45, 45]
        town.server.forget()
        assert [await town.ask(engine, 45) for engine in town.engines] == [5, 5]
        town.clock.advance(61)
        assert [await town.ask(engine, 80) for engine in (one, other)] == [50, 40]

    play(story, (Limit(100, 60),))


@pytest.mark.parametrize("seed", range(10))
def test_no_history_of_outages_overspends(seed: int) -> None:
    """However the counters go and come back, empty, no span holds more requests than the source allows."""

    async def main(clock: VirtualClock) -> None:
        limits = (Limit(30, 10), Limit(100, 60))
        processes = 2 + seed % 2
        town = Town(clock, limits, processes, 1 / processes)
        is_up = False
        for _ in range(120):
            if clock.random() < 0.12:
                is_up = not is_up
                if not is_up:
                    town.down()
            if is_up:  # each notices it at a time of its own
                for link in town.links:
                    if clock.random() < 0.5:
                        link.up()
            if clock.random() < 0.02:
                town.server.forget()
            engine = town.engines[int(clock.random() * processes)]
            await town.ask(engine, int(clock.random() * 30))
            clock.advance(clock.random() * 3)
        assert len(town.times) > 30
        assert town.most(10) <= 30
        assert town.most(60) <= 100

    run_virtual(main, seed)
