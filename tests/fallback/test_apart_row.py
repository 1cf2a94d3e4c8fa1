"""Answers that wait their turn to be read by the one process that reads feeds: whose fault it is when time runs out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from server.clock import VirtualClock, run_virtual
from server.fallback.attempt import Runner
from server.model import Outcome
from server.providers.base import Capability, Provider
from tests.fallback.world import BTC_USD, TOY, World, source

PRICE = TOY.capabilities[0]
FEED = Provider("toy", (Capability(PRICE.kind, PRICE.build, PRICE.parse, is_apart=True),), ())


class Row:
    """Stands in for the reading process: one answer after another, each for so long by its source."""

    def __init__(self, takes_s: dict[str, float]) -> None:
        self._takes_s = takes_s
        self._turn = asyncio.Lock()

    async def call(self, function: Callable[..., Any], *args: Any, begun: Callable[[], None]) -> Any:
        """Wait for the turn, then read for a while, and to the end also when nobody waits for it any more."""
        return await asyncio.shield(asyncio.ensure_future(self._read(function, args, begun)))

    async def _read(self, function: Callable[..., Any], args: tuple[Any, ...], begun: Callable[[], None]) -> Any:
        async with self._turn:
            begun()
            await asyncio.sleep(self._takes_s[args[0].id])
            return function(*args)

    def close(self) -> None:
        """Nothing is to be ended."""


def test_who_waits_behind_a_long_answer_is_not_blamed_for_it() -> None:
    """The one whose own answer takes too long to be read is; those that were there in time and unread are not."""

    async def story(clock: VirtualClock) -> None:
        world = World(clock)
        world.says("long", after_s=0.01)
        for name in "abc":
            world.says(name, after_s=0.1)
        engine = world.engine([source(name) for name in ("long", *"abc")], providers={"toy": FEED})
        runner: Runner = engine._runner
        runner._apart.close()
        runner._apart = Row({"long": 30.0, "a": 0.001, "b": 0.001, "c": 0.001})  # type: ignore[assignment]  # for the process
        swept = await engine.sweep(BTC_USD, deadline_s=3.0)
        assert swept.answers == ()
        told = {each.source: (each.outcome, each.detail) for each in swept.attempts}
        assert told.pop("long")[0] is Outcome.TIMEOUT
        assert set(told.values()) == {(Outcome.CANCELLED, "its answer waited too long behind those of others")}
        failures = {each.source: each.consecutive_failures for each in engine.breakers()}
        assert failures == {"long": 1, "a": 0, "b": 0, "c": 0}
        await asyncio.sleep(40)
        await engine.close()

    run_virtual(story)
