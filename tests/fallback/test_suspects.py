"""A source that does not answer for one kind is asked last for all others, and behind the caller, until it answers."""

from __future__ import annotations

import asyncio

from server.clock import VirtualClock
from server.fallback.engine import Engine
from server.model import Answer, BreakerState, Kind, Value
from tests.fallback.test_doubts import QUERIES, made, play, ways
from tests.fallback.test_motion import prices_of
from tests.fallback.world import World


async def ask(engine: Engine, kind: str) -> Answer[Value]:
    """Ask one thing past the cache."""
    return await engine.ask(QUERIES[kind], fresh=True)


async def warm(world: World, clock: VirtualClock) -> Engine:
    """Return an engine whose first source has answered twice for two kinds."""
    for name in "ab":
        world.says(name, "1000")
    engine = made(world, clock, "ab")
    for kind in ("gas", "chain", "gas", "chain"):
        await ask(engine, kind)
    return engine


def test_what_one_kind_finds_out_spares_the_others() -> None:
    """The leader hangs: the first call is saved by its hedge, the first of another kind does not even wait for that."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = await warm(world, clock)
        world.hangs("a")
        assert ways(await ask(engine, "gas")) == [("a", "overdue"), ("b", "ok")]
        first, last = engine.explain(QUERIES["chain"]).sources
        assert (first.source, last.source) == ("b", "a")
        assert last.sentence.startswith("second, after all others for now")
        start, before = clock.monotonic(), world.asked["a"]
        assert ways(await ask(engine, "chain")) == [("b", "ok")]
        assert clock.monotonic() - start < 0.06
        assert world.asked["a"] == before + 1
        await clock.sleep(1)
        await engine.close()

    play(story)


def test_a_source_is_suspect_while_an_attempt_is_late() -> None:
    """Before the first call has ended, others already go elsewhere; a late answer ends the suspicion."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = await warm(world, clock)
        world.says("a", "1000", after_s=0.8)  # it is late after half a second, while little is known of it
        world.says("b", "1000", after_s=1.0)
        late = engine._spawn(ask(engine, "gas"))
        await clock.sleep(0.6)
        world.says("b", "1000")
        assert ways(await ask(engine, "chain")) == [("b", "ok")]
        assert ways(await late)[0] == ("a", "ok")
        world.says("a", "1000")
        assert ways(await ask(engine, "chain")) == [("a", "ok")]
        await engine.close()

    play(story)


def test_behind_the_callers_the_other_circuits_open_too() -> None:
    """What is asked behind counts: the circuit of a kind that no caller had to wait for opens all the same."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = await warm(world, clock)
        world.hangs("a")
        for _ in range(20):
            await ask(engine, "gas")
            assert ways(await ask(engine, "chain"))[-1] == ("b", "ok")
            await clock.sleep(0.1)
        states = {view.kind: view.state for view in engine.breakers() if view.source == "a"}
        assert (states[Kind.GAS.value], states[Kind.CHAIN.value]) == (BreakerState.OPEN, BreakerState.OPEN)
        await engine.close()

    play(story)


def test_an_answer_behind_brings_the_source_back() -> None:
    """It is asked first again as soon as it has answered once, whoever asked."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = await warm(world, clock)
        world.fails("a")
        assert ways(await ask(engine, "gas")) == [("a", "refused"), ("b", "ok")]
        world.says("a", "1000")
        assert ways(await ask(engine, "chain")) == [("b", "ok")]
        await clock.sleep(0.1)
        assert ways(await ask(engine, "chain")) == [("a", "ok")]
        await engine.close()

    play(story)


def test_where_every_source_is_suspect_the_plan_stands() -> None:
    """There is nobody better to ask, and the first may be back."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = await warm(world, clock)
        world.fails("a")
        world.fails("b")
        await ask(engine, "gas")
        world.says("a", "1000")
        assert ways(await ask(engine, "chain")) == [("a", "ok")]
        await engine.close()

    play(story)


def test_no_attempt_counts_as_late_once_it_has_ended() -> None:
    """Whether it was answered late, ran out, or its caller went away."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000", after_s=0.8)
        engine = made(world, clock, "a")
        (lane,) = engine._plan.lanes(Kind.GAS)

        def late() -> tuple[int, int, int]:
            return engine._runner.late, lane.late, lane.standing.late

        for end in ("answered", "out of time", "cancelled"):
            task = engine._spawn(ask(engine, "gas"))
            await clock.sleep(0.7)
            assert late() == (1, 1, 1), end
            if end == "cancelled":
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert late() == (0, 0, 0), end
            world.hangs("a")
        await engine.close()

    play(story)


def test_a_suspect_is_asked_behind_callers_one_call_at_a_time() -> None:
    """However many callers come in one moment; once that call has ended the next one goes there."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("b")
        world.hangs("a")
        engine = world.engine(["a", "b"])
        lane = engine._plan.lanes(Kind.PRICE)[0]
        for calls in (1, 2):
            lane.standing.silent = None  # but another kind of it was not answered
            engine._runner.silent_until = lane.standing.silent_until = clock.monotonic() + 10
            await asyncio.gather(*(engine.ask(query, fresh=True) for query in prices_of(50)))
            assert world.asked["a"] == calls
            await clock.sleep(0.6)
        await engine.close()

    play(story)
