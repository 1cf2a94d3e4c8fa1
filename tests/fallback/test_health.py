"""A source's health: by how attempts end and by the clock it is given up, and one answer takes it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from server.clock import VirtualClock, run_virtual
from server.fallback.engine import Engine
from server.fallback.health import Health, Limits, Sign
from server.fallback.http import TransportFailure
from server.model import Incident, IncidentCause, Outcome, Phase, SourceState
from server.providers.base import Reply, Request
from server.settings import Settings
from tests.fallback.world import BTC_USD, World

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]
LIMITS = Limits()
HOUR, DAY = 3_600.0, 86_400.0


def play(story: Story) -> None:
    """Run a story in simulated time."""
    run_virtual(lambda clock: story(World(clock), clock))


def fail(health: Health, sign: Sign, since: float, until: float, every_s: float = 600.0) -> float:
    """Let attempts end in a way every so often; return the time of the last."""
    now = since
    while now <= until:
        health.note(sign, now, is_witnessed=True)
        now += every_s
    return now - every_s


def state_of(engine: Engine, id_: str) -> SourceState:
    """Return a source's state as monitoring shows it."""
    return next(view.state for view in engine.sources() if view.id == id_)


async def trouble(engine: Engine, seconds: float, every_s: float = 20.0) -> None:
    """Ask every so often for a while."""
    for _ in range(round(seconds / every_s)):
        await engine.ask(BTC_USD, fresh=True)
        await asyncio.sleep(every_s)


def test_a_day_of_failure_blocks_and_a_week_gives_up() -> None:
    """Just before the day it only fails, at the day it is BLOCKED, at the week SUNSET."""
    health = Health(LIMITS)
    last = fail(health, Sign.FAILURE, 0, DAY - 600)
    assert (health.phase, health.is_out()) == (Phase.FAILING, False)
    last = fail(health, Sign.FAILURE, last + 600, DAY)
    assert (health.phase, health.reason) == (Phase.BLOCKED, "it has failed for 1 d")
    last = fail(health, Sign.FAILURE, last + 600, 7 * DAY - 600)
    assert health.phase is Phase.BLOCKED
    fail(health, Sign.FAILURE, last + 600, 7 * DAY)
    assert (health.phase, health.reason) == (Phase.SUNSET, "it has failed for 7 d")


@pytest.mark.parametrize("signs", [[Sign.FAILURE] * 200, [Sign.GONE] * 3, [Sign.NO_NAME] * 8])
def test_one_answer_makes_it_well(signs: list[Sign]) -> None:
    """However long it failed, and nothing of it is remembered."""
    health = Health(LIMITS)
    for number, sign in enumerate(signs):
        health.note(sign, number * 600.0, is_witnessed=True)
    assert health.is_out()
    assert health.note(Sign.ANSWER, 1e6, is_witnessed=True)
    assert (health.phase, health.reason, health.failing_s, health.gone) == (Phase.WELL, "", 0, 0)
    health.note(Sign.FAILURE, 1e6 + 600, is_witnessed=True)
    assert health.phase is Phase.FAILING


def test_it_is_given_up_when_it_says_so_or_its_name_is_gone() -> None:
    """410 three times in a row; a name unknown for an hour; one other failure between begins anew."""
    health = Health(LIMITS)
    for sign in (Sign.GONE, Sign.GONE, Sign.FAILURE, Sign.GONE, Sign.GONE):
        health.note(sign, 0, is_witnessed=True)
    assert health.phase is Phase.FAILING
    assert health.note(Sign.GONE, 1, is_witnessed=True)
    assert (health.phase, health.reason) == (Phase.SUNSET, "it says that it is gone for good (410)")
    nameless = Health(LIMITS)
    fail(nameless, Sign.NO_NAME, 0, HOUR - 600)
    nameless.note(Sign.FAILURE, HOUR - 300, is_witnessed=True)
    last = fail(nameless, Sign.NO_NAME, HOUR, 2 * HOUR - 1200)
    assert nameless.phase is Phase.FAILING
    fail(nameless, Sign.NO_NAME, last + 600, 2 * HOUR)
    assert (nameless.phase, nameless.reason) == (Phase.SUNSET, "its name has not been known for 1 h")


def test_what_nobody_witnesses_gives_nobody_up() -> None:
    """While no other source answers the fault may be ours; and a long silence between two failures counts little."""
    ours, seldom = Health(LIMITS), Health(LIMITS)
    for number in range(2000):
        ours.note(Sign.NO_NAME, number * 600.0, is_witnessed=False)
    assert ours.phase is Phase.FAILING
    for number in range(20):
        seldom.note(Sign.FAILURE, number * DAY, is_witnessed=True)
    assert seldom.phase is Phase.FAILING
    assert seldom.failing_s == 19 * LIMITS.longest_gap_s


def test_who_is_out_is_due_every_ten_minutes_and_who_is_given_up_every_day() -> None:
    """A probe that says nothing counts as one too."""
    health = Health(LIMITS)
    health.remove(1000, "removed")
    assert [health.is_due(now) for now in (1000, 1599, 1600)] == [False, False, True]
    health.note(Sign.NOTHING, 1700, is_witnessed=True)
    assert [health.is_due(now) for now in (2299, 2300)] == [False, True]
    for _ in range(3):
        health.note(Sign.GONE, 3000, is_witnessed=True)
    assert [health.is_due(now) for now in (3000 + DAY - 1, 3000 + DAY)] == [False, True]
    health.note(Sign.ANSWER, 4000, is_witnessed=True)
    assert not health.is_due(1e9)


@given(
    st.lists(st.tuples(st.sampled_from(Sign), st.floats(0, 2 * DAY), st.booleans()), max_size=60),
)
def test_only_an_answer_takes_a_step_back(story: list[tuple[Sign, float, bool]]) -> None:
    """Whatever happens, in whatever order: phases rise until an answer, and nobody counts more than time has passed."""
    order = list(Phase)
    health, now = Health(LIMITS), 0.0
    for sign, gap, witnessed in story:
        before = health.phase
        now += gap
        changed = health.note(sign, now, is_witnessed=witnessed)
        assert changed is (health.phase is not before)
        assert order.index(health.phase) >= order.index(before) or sign is Sign.ANSWER
        assert health.failing_s <= now
        assert bool(health.reason) is health.is_out()
        if sign is Sign.ANSWER:
            assert health.phase is Phase.WELL


def test_a_dead_source_leaves_rotation_and_comes_back_without_a_hand() -> None:
    """A day in rotation, then out of it and probed, and on its return in it again; each end of it is logged once."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.start()
        with capture_logs() as logs:
            await trouble(engine, DAY - HOUR)
            assert state_of(engine, "a") is SourceState.FAILED
            await trouble(engine, 1.5 * HOUR)
            assert state_of(engine, "a") is SourceState.BLOCKED
            assert engine.sources()[0].excluded.startswith("out of rotation: it has failed for 1 d")
            asked = world.asked["a"]
            await trouble(engine, HOUR)
            assert 5 <= world.asked["a"] - asked <= 7  # a probe every ten minutes, and callers wait for none
            world.says("a", "101")
            await trouble(engine, 700)
            assert state_of(engine, "a") in (SourceState.ACTIVE, SourceState.DEGRADED)
            assert (await engine.ask(BTC_USD, fresh=True)).provenance.source == "a"
        assert [(each["event"], each["source"]) for each in logs] == [("source down", "a"), ("source back", "a")]
        told = [(each.cause, each.end_time is not None) for each in incidents(engine, "a")]
        assert told == [(IncidentCause.BLOCKED, True), (IncidentCause.DOWN, True)]
        await engine.close()

    play(story)


def incidents(engine: Engine, source: str) -> list[Incident]:
    """Return what happened to a source, the newest first."""
    return engine.watch.incidents.recent(source, None, 100)


def test_a_week_of_failure_gives_up_and_one_line_says_so() -> None:
    """SUNSET is probed once a day, and comes back all the same."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"], settings=Settings(quotes_per_s=0, plan_every_s=600))
        await engine.start()
        with capture_logs() as logs:
            await trouble(engine, 8 * DAY, every_s=900)
            assert state_of(engine, "a") is SourceState.SUNSET
            asked = world.asked["a"]
            await trouble(engine, 3 * DAY, every_s=900)
            assert world.asked["a"] - asked == 3
            world.says("a")
            await trouble(engine, DAY + HOUR, every_s=900)
            assert state_of(engine, "a") in (SourceState.ACTIVE, SourceState.DEGRADED)
        events = [each["event"] for each in logs]
        assert events == ["source down", "source given up", "source back"]
        assert next(each for each in logs if each["event"] == "source given up")["reason"] == "it has failed for 7 d"
        await engine.close()

    play(story)


def test_410_gives_up_at_once() -> None:
    """Nobody asks it again that day; other sources answer meanwhile."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.replies("a", 410)
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.start()
        with capture_logs() as logs:
            await trouble(engine, 600)
        assert state_of(engine, "a") is SourceState.SUNSET
        assert world.asked["a"] == 3
        assert [each["event"] for each in logs] == ["source given up", "source down"]
        assert {each.cause for each in incidents(engine, "a")} == {IncidentCause.DOWN, IncidentCause.SUNSET}
        world.says("a")
        with capture_logs() as logs:
            await trouble(engine, DAY, every_s=300)
        assert state_of(engine, "a") is SourceState.ACTIVE
        assert [each["event"] for each in logs] == ["source back"]
        await engine.close()

    play(story)


def test_a_name_that_is_gone_gives_up_within_hours() -> None:
    """While others answer it cannot be our own resolver."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.fails("a", Outcome.DNS)
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.start()
        await trouble(engine, 2 * HOUR)
        assert state_of(engine, "a") is SourceState.SUNSET
        await engine.close()

    play(story)


def test_a_name_that_cannot_be_looked_up_for_hours_gives_nobody_up() -> None:
    """Its authority is down, and may come back."""

    async def story(world: World, _clock: VirtualClock) -> None:
        async def unknown(_request: Request) -> Reply:
            raise TransportFailure(Outcome.DNS, is_passing=True)

        world.does("a", unknown)
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.start()
        await trouble(engine, 2 * HOUR)
        assert state_of(engine, "a") is SourceState.FAILED
        await engine.close()

    play(story)


def test_our_own_outage_gives_nobody_up() -> None:
    """Two days without any answer: every source is FAILED, none is blocked, and all answer within a minute after."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for name in ("a", "b"):
            world.says(name)
        engine = world.engine(["a", "b"], settings=Settings())
        await engine.start()
        await engine.ask(BTC_USD)
        for name in ("a", "b"):
            world.fails(name, Outcome.DNS)
        await trouble(engine, 2 * DAY, every_s=60)
        assert [view.state for view in engine.sources()] == [SourceState.FAILED] * 2
        for name in ("a", "b"):
            world.says(name)
        await trouble(engine, 60, every_s=10)
        assert state_of(engine, "a") is not SourceState.FAILED
        await engine.close()

    play(story)
