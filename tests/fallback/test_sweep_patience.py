"""Sweeps in a hurry: the late are waited for as long again as the quick half took; who has time is not cut short."""

from __future__ import annotations

import asyncio

from server.clock import VirtualClock, run_virtual
from server.model import Outcome
from tests.fallback.world import BTC_USD, World, source


def test_a_sweep_in_a_hurry_does_not_wait_for_the_late() -> None:
    """Half have answered after 50 ms: those who need seconds are left, and their answers are there for the next one."""

    async def story(clock: VirtualClock) -> None:
        world = World(clock)
        for name, after_s in {"a": 0.05, "b": 0.05, "c": 0.12, "d": 2.0}.items():
            world.says(name, after_s=after_s)
        engine = world.engine([source(name) for name in "abcd"])
        start = clock.monotonic()
        swept = await engine.sweep(BTC_USD, patience_s=0.1)
        assert clock.monotonic() - start < 0.2
        assert {each.provenance.source for each in swept.answers} == {"a", "b", "c"}
        assert {each.source: each.outcome for each in swept.attempts}["d"] is Outcome.CANCELLED
        await clock.sleep(2)
        again = await engine.sweep(BTC_USD, patience_s=0.1)
        assert {each.provenance.source for each in again.answers} == {"a", "b", "c", "d"}
        assert world.asked == dict.fromkeys("abcd", 1)
        await engine.close()

    run_virtual(story)


def test_where_most_fail_a_sweep_in_a_hurry_waits_for_the_rest() -> None:
    """Failures are no answers: whoever still works is worth the wait."""

    async def story(clock: VirtualClock) -> None:
        world = World(clock)
        for name in "abc":
            world.fails(name)
        world.says("d", after_s=2.0)
        engine = world.engine([source(name) for name in "abcd"])
        swept = await engine.sweep(BTC_USD, patience_s=0.1)
        assert [each.provenance.source for each in swept.answers] == ["d"]
        await engine.close()

    run_virtual(story)


def test_who_has_time_is_not_held_to_the_deadline_of_one_who_asked_first() -> None:
    """The first leaves before any source answers; who shares its calls gets every answer all the same."""

    async def story(clock: VirtualClock) -> None:
        world = World(clock)
        for name in "abc":
            world.says(name, after_s=0.5)
        engine = world.engine([source(name) for name in "abc"])
        hurried = asyncio.create_task(engine.sweep(BTC_USD, deadline_s=0.3))
        await clock.sleep(0.1)
        patient = asyncio.create_task(engine.sweep(BTC_USD, deadline_s=3.0))
        first, second = await hurried, await patient
        assert first.answers == ()
        assert {each.outcome for each in first.attempts} <= {Outcome.TIMEOUT, Outcome.CANCELLED}
        assert {each.provenance.source for each in second.answers} == {"a", "b", "c"}
        assert {each.outcome for each in second.attempts} == {Outcome.OK}
        await engine.close()

    run_virtual(story)
