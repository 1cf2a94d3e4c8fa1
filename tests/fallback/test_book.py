"""What must survive a restart is kept behind; an operator's decision holds at once, at every process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.clock import VirtualClock, run_virtual
from server.errors import StoreUnavailable
from server.fallback.book import LATE
from server.model import Action, Decision, Incident, IncidentCause, Kind, Phase, SourceHealth, SourceState
from tests.fallback.world import BTC_USD, TOY, World, source

Story = Callable[[World, VirtualClock, "Database"], Coroutine[Any, Any, None]]
DAY = 86_400.0


class Database:
    """Stands in for the store in simulated time; the real one is tried in tests/store and tests/services."""

    def __init__(self) -> None:
        self.health: dict[str, SourceHealth] = {}
        self.told: list[Decision] = []
        self.incidents: dict[tuple[Any, ...], Incident] = {}
        self.is_away = False
        self.late: list[Decision] = []
        """Decisions that have their number and cannot be read yet."""
        self.late_s = 0.0
        """How long a write of health or incidents is on its way."""

    async def known_health(self) -> Sequence[SourceHealth]:
        """Return the health of every source as it was last kept."""
        await self._turn()
        return list(self.health.values())

    async def keep_health(self, rows: Sequence[SourceHealth]) -> None:
        """Keep the health of some sources."""
        await self._turn(self.late_s)
        self.health |= {row.source: row for row in rows}

    async def decisions(self, after: int | None) -> Sequence[Decision]:
        """Return the last disabling or enabling of every source, and what is behind a number."""
        await self._turn()
        behind = max((each.number for each in self.told), default=0) - LATE if after is None else after
        newest = {each.source: each.number for each in self.told if each.action in (Action.DISABLE, Action.ENABLE)}
        return [each for each in self.told if each.number > behind or newest.get(each.source) == each.number]

    async def decide(self, decision: Decision) -> int:
        """Keep a decision."""
        await self._turn()
        number = len(self.told) + len(self.late) + 1
        self.told.append(replace(decision, number=number))
        return number

    async def keep_incidents(self, rows: Sequence[Incident]) -> None:
        """Keep some incidents."""
        await self._turn(self.late_s)
        self.incidents |= {(row.source, *row.key): row for row in rows}

    async def lasting_incidents(self) -> Sequence[Incident]:
        """Return what lasts."""
        await self._turn()
        return [each for each in self.incidents.values() if each.end_time is None]

    async def source_incidents(self, source: str, before: tuple[object, ...] | None, limit: int) -> Sequence[Incident]:
        """Return incidents of a source, newest first."""
        await self._turn()
        mine = [each for each in self.incidents.values() if each.source == source and (not before or each.key < before)]
        return sorted(mine, key=lambda each: each.key, reverse=True)[:limit]

    async def _turn(self, late_s: float = 0.0) -> None:
        await asyncio.sleep(0.01 + late_s)
        if self.is_away:
            raise StoreUnavailable


def play(story: Story) -> None:
    """Run a story in simulated time."""
    run_virtual(lambda clock: story(World(clock), clock, Database()))


def test_a_restart_goes_on_where_the_last_process_stopped() -> None:
    """A blocked source stays out, an open circuit stays open until its time, and nothing is said a second time."""

    async def story(world: World, _clock: VirtualClock, database: Database) -> None:
        for name in ("a", "b"):
            world.fails(name)
        world.says("c")
        first = world.engine([source("a"), source("b"), source("c")], memory=database)
        await first.start()
        for _ in range(5):
            await first.sweep(BTC_USD)
            await asyncio.sleep(6)
        first.watch.standings["b"].health.failing_s = DAY
        await asyncio.sleep(640)
        before = {view.id: view for view in first.sources()}
        assert [before[name].state for name in "abc"] == [SourceState.FAILED, SourceState.BLOCKED, SourceState.ACTIVE]
        await first.close()
        asked = dict(world.asked)
        second = world.engine([source("a"), source("b"), source("c")], memory=database)
        with capture_logs() as logs:
            await second.start()
            after = {view.id: view for view in second.sources()}
            assert {id_: view.state for id_, view in after.items()} == {id_: view.state for id_, view in before.items()}
            assert after["b"].excluded == before["b"].excluded
            old, new = before["a"].breakers[0], after["a"].breakers[0]
            assert (new.state, new.trips) == (old.state, old.trips)
            assert old.next_probe_time is not None
            assert new.next_probe_time is not None
            assert abs((new.next_probe_time - old.next_probe_time).total_seconds()) < 1
            for _ in range(30):
                await second.ask(BTC_USD, fresh=True)
            assert (world.asked["a"], world.asked["b"]) == (asked["a"], asked["b"])
            assert logs == []
            for name in ("a", "b"):
                world.says(name)
            await asyncio.sleep(1300)
        assert sorted((each["event"], each["source"]) for each in logs) == [("source back", "a"), ("source back", "b")]
        found = await second.book.incidents("b", None, 10)
        assert [(each.cause, each.end_time is not None) for each in found] == [
            (IncidentCause.BLOCKED, True),
            (IncidentCause.DOWN, True),
        ]
        await second.close()

    play(story)


def test_a_clock_that_jumped_meanwhile_keeps_nobody_out_for_long() -> None:
    """A circuit that says it opens in a year is asked within its longest cool-down, and probed within ten minutes."""

    async def story(world: World, _clock: VirtualClock, database: Database) -> None:
        world.fails("a")
        world.says("b")
        first = world.engine(["a", "b"], memory=database)
        await first.start()
        for _ in range(5):
            await first.ask(BTC_USD, fresh=True)
        await first.close()
        kept = database.health["a"]
        later = kept.noted_time.replace(year=kept.noted_time.year + 1)
        circuits = tuple(replace(each, retry_time=later, opened_time=later) for each in kept.circuits)
        database.health["a"] = replace(kept, noted_time=later, circuits=circuits)
        world.says("a")
        second = world.engine(["a", "b"], memory=database)
        await second.start()
        await asyncio.sleep(650)
        assert second.sources()[0].state is SourceState.ACTIVE
        await second.close()

    play(story)


def test_a_decision_holds_at_once_and_soon_at_every_process() -> None:
    """Also a reset; what another process was told of a source it does not have is left alone."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        for name in ("a", "b"):
            world.says(name)
        here, there = (world.engine(["a", "b"], memory=database) for _ in range(2))
        for engine in (here, there):
            await engine.start()
        assert (await there.ask(BTC_USD)).provenance.source == "a"
        assert await here.book.decide(Decision("a", Action.DISABLE, clock.now(), reason="lies"))
        assert (await here.ask(BTC_USD)).provenance.source == "b"
        await here.book.decide(Decision("gone", Action.DISABLE, clock.now()))
        await asyncio.sleep(2.5)
        assert (await there.ask(BTC_USD)).provenance.source == "b"  # although its cached answer was still young
        await there.book.decide(Decision("a", Action.ENABLE, clock.now()))
        await asyncio.sleep(2.5)
        world.fails("a")
        for _ in range(5):
            await here.sweep(BTC_USD)
            await asyncio.sleep(6)
            await there.sweep(BTC_USD)
        assert here.sources()[0].state is SourceState.FAILED
        assert there.sources()[0].state is SourceState.FAILED
        await there.book.decide(Decision("a", Action.RESET, clock.now()))
        await asyncio.sleep(2.5)
        assert not any(breaker.trips for engine in (here, there) for breaker in engine.breakers())
        spans = await here.book.incidents("a", None, 10)
        assert [each.end_time is not None for each in spans if each.cause is IncidentCause.DISABLED] == [True]
        for engine in (here, there):
            await engine.close()

    play(story)


def test_the_last_decision_holds_in_whatever_order_they_come_to_light() -> None:
    """A lower number that can be read later does not overrule a higher one that was read before."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        world.says("a")
        engine = world.engine(["a"], memory=database)
        await engine.start()
        database.late.append(Decision("a", Action.DISABLE, clock.now(), reason="old", number=1))
        await database.decide(Decision("a", Action.ENABLE, clock.now()))
        await asyncio.sleep(3)
        database.told.insert(0, database.late.pop())
        await asyncio.sleep(3)
        assert engine.sources()[0].state is SourceState.ACTIVE
        await engine.close()

    play(story)


def test_while_the_database_is_away_decisions_hold_and_are_stored_later() -> None:
    """It is said once; recent incidents are told from memory, and others' decisions undo nothing meanwhile."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine(["a", "b"], memory=database)
        await engine.start()
        database.is_away = True
        with capture_logs() as logs:
            assert not await engine.book.decide(Decision("a", Action.DISABLE, clock.now(), reason="lies"))
            await asyncio.sleep(60)
        assert [each["event"] for each in logs] == ["source disabled", "sources not kept"]
        assert engine.sources()[0].state is SourceState.DISABLED
        assert [each.reason for each in await engine.book.incidents("a", None, 10)] == ["lies"]
        database.is_away = False
        await asyncio.sleep(3)
        assert [(each.source, each.action) for each in database.told] == [("a", Action.DISABLE)]
        assert engine.sources()[0].state is SourceState.DISABLED
        await engine.close()

    play(story)


def test_removed_sources_come_back_when_they_answer() -> None:
    """Only those that fail are taken out; across a restart too, and without anyone's hand they are back."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        world.fails("a")
        world.says("b")
        first = world.engine(["a", "b"], memory=database)
        await first.start()
        for _ in range(5):
            await first.ask(BTC_USD, fresh=True)
        assert first.watch.failed() == ["a"]
        for id_ in ("a", "b"):
            await first.book.decide(Decision(id_, Action.REMOVE, clock.now()))
        assert [view.state for view in first.sources()] == [SourceState.BLOCKED, SourceState.ACTIVE]
        await first.close()
        world.says("a")
        second = world.engine(["a", "b"], memory=database)
        await second.start()
        assert second.sources()[0].excluded == "out of rotation: removed by an operator until it answers"
        await asyncio.sleep(700)
        assert second.sources()[0].state is SourceState.ACTIVE
        await second.close()

    play(story)


def test_a_reset_puts_a_source_back_that_was_given_up() -> None:
    """Asked at once, by an operator's word; one that is disabled stays out all the same."""

    async def story(world: World, clock: VirtualClock, _database: Database) -> None:
        world.replies("a", 410)
        world.says("b")
        engine = world.engine(["a", "b"])
        for _ in range(4):
            await engine.ask(BTC_USD, fresh=True)
        assert engine.sources()[0].state is SourceState.SUNSET
        world.says("a")
        await engine.book.decide(Decision("a", Action.RESET, clock.now()))
        assert (await engine.ask(BTC_USD, fresh=True)).provenance.source == "a"
        await engine.book.decide(Decision("a", Action.DISABLE, clock.now(), reason="x"))
        await engine.book.decide(Decision("a", Action.RESET, clock.now()))
        assert (await engine.ask(BTC_USD, fresh=True)).provenance.source == "b"

    play(story)


def test_what_two_processes_noted_as_lasting_ends_for_both() -> None:
    """Both saw the source go; after a restart of both it is back, and no incident of it still lasts."""

    async def story(world: World, _clock: VirtualClock, database: Database) -> None:
        world.fails("a")
        world.says("b")
        before = [world.engine(["a", "b"], memory=database) for _ in range(2)]
        for each in before:
            await each.start()
        for each in before:
            for _ in range(5):
                await each.ask(BTC_USD, fresh=True)
        await asyncio.sleep(5)
        for each in before:
            await each.close()
        assert [each.end_time for each in database.incidents.values()] == [None, None]
        after = [world.engine(["a", "b"], memory=database) for _ in range(2)]
        for each in after:
            await each.start()
        await asyncio.sleep(5)
        oldest, other = sorted(database.incidents.values(), key=lambda each: each.start_time)
        assert oldest.end_time is None
        assert other.end_time is not None
        world.says("a")
        await asyncio.sleep(1300)
        assert all(each.sources()[0].state is SourceState.ACTIVE for each in after)
        for each in after:
            await each.close()
        assert len(database.incidents) == 2
        assert all(each.end_time for each in database.incidents.values())

    play(story)


def test_an_incident_that_does_not_last_any_more_is_ended_at_the_start() -> None:
    """The process was killed after it kept the health, and before it kept the incident's end."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        world.fails("a")
        world.says("b")
        first = world.engine(["a", "b"], memory=database)
        await first.start()
        for _ in range(5):
            await first.ask(BTC_USD, fresh=True)
        await first.close()
        (kept,) = database.health.values()
        database.health["a"] = replace(kept, phase=Phase.WELL, failing_s=0.0, is_down=False, circuits=())
        unknown = Incident("gone", IncidentCause.DOWN, clock.now(), None, "", "refused")
        database.incidents["gone", *unknown.key] = unknown
        world.says("a")
        second = world.engine(["a", "b"], memory=database)
        await second.start()
        await second.ask(BTC_USD, fresh=True)
        await asyncio.sleep(10)
        (shown,) = await second.book.incidents("a", None, 10)
        assert second.sources()[0].state is SourceState.ACTIVE
        assert shown.cause is IncidentCause.DOWN
        assert shown.end_time is not None
        assert await database.lasting_incidents() == [unknown]  # it may be another process's source
        await second.close()

    play(story)


def test_a_late_write_does_not_undo_a_later_one() -> None:
    """An operator resets a source while the beginning of its incident is still on its way to the database."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"], memory=database)
        await engine.start()
        for _ in range(5):
            await engine.ask(BTC_USD, fresh=True)
        database.late_s = 5.0
        await asyncio.sleep(3)
        database.late_s = 0.0
        world.says("a")
        await engine.book.decide(Decision("a", Action.RESET, clock.now()))
        await asyncio.sleep(60)
        assert engine.sources()[0].state in (SourceState.ACTIVE, SourceState.DEGRADED)
        (shown,) = await engine.book.incidents("a", None, 10)
        assert shown.end_time is not None
        assert database.health["a"].phase is Phase.WELL
        await engine.close()

    play(story)


def test_what_is_contradicted_again_and_again_is_one_incident() -> None:
    """It says how often, and the next one begins ten minutes after the last."""

    async def story(world: World, _clock: VirtualClock, _database: Database) -> None:
        engine = world.engine(["a", "b"])
        (lane,) = engine.watch.standings["a"].lanes
        for gap in (0, 60, 500, 700):
            await asyncio.sleep(gap)
            engine.watch.contradicted(lane, "jumped")
        found = engine.watch.incidents.recent("a", None, 10)
        assert [(each.count, each.reason, each.kind) for each in found] == [
            (1, "jumped", "price"),
            (3, "jumped", "price"),
        ]
        assert [(each.end_time - each.start_time).total_seconds() for each in found if each.end_time] == [0, 560]

    play(story)


def test_a_jump_that_another_source_contradicts_is_an_incident() -> None:
    """The liar is named with the kind at which it lied."""

    async def story(world: World, _clock: VirtualClock, _database: Database) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        world.says("a", "500")
        assert (await engine.ask(BTC_USD, fresh=True)).provenance.source == "b"
        (found,) = await engine.book.incidents("a", None, 10)
        assert (found.cause, found.kind) == (IncidentCause.CONTRADICTED, "price")
        assert "contradicted" in found.reason
        assert await engine.book.incidents("b", None, 10) == []

    play(story)


def test_a_restart_forgets_neither_how_long_a_source_has_failed_nor_its_name() -> None:
    """Else a service that is restarted every day would never give up a dead source."""

    async def story(world: World, _clock: VirtualClock, database: Database) -> None:
        world.fails("a")
        world.says("b")
        first = world.engine(["a", "b"], memory=database)
        await first.start()
        await first.ask(BTC_USD, fresh=True)
        before = first.watch.standings["a"].health
        before.failing_s, before.nameless_s, before.gone = DAY / 2, 1800.0, 2
        await first.close()
        second = world.engine(["a", "b"], memory=database)
        await second.start()
        after = second.watch.standings["a"].health
        assert (after.failing_s, after.nameless_s, after.gone) == (DAY / 2, 1800.0, 2)
        await second.close()

    play(story)


def test_what_was_known_is_taken_up_when_the_database_comes_a_moment_later() -> None:
    """Else a source that is dead for good would be asked for a week more, after each start of both together."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        world.fails("a")
        world.says("b")
        gone = SourceHealth("a", Phase.SUNSET, "it has failed for 7 d", 8 * DAY, 0.0, 0, True, clock.now(), ())
        database.health["a"] = gone
        database.is_away = True
        engine = world.engine(["a", "b"], memory=database)
        await engine.start()
        for _ in range(2):
            await engine.ask(BTC_USD, fresh=True)
        await asyncio.sleep(5)
        database.is_away = False
        await asyncio.sleep(60)
        await engine.ask(BTC_USD, fresh=True)
        await asyncio.sleep(10)
        assert database.health["a"].failing_s >= 8 * DAY
        assert engine.sources()[0].state is SourceState.SUNSET
        assert world.asked["a"] == 2
        await engine.close()

    play(story)


def test_what_was_heard_and_decided_before_the_database_came_holds_over_what_was_known() -> None:
    """One source has answered, one was reset, one was enabled long ago: none of that is undone, or done again."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        for id_ in "ab":
            database.health[id_] = SourceHealth(id_, Phase.SUNSET, "gone", 8 * DAY, 0.0, 0, True, clock.now(), ())
        await database.decide(Decision("b", Action.DISABLE, clock.now(), reason="old"))
        await database.decide(Decision("c", Action.ENABLE, clock.now()))
        database.is_away = True
        world.says("a")
        world.says("b")
        world.fails("c")
        engine = world.engine(["c", "a", "b"], memory=database)
        await engine.start()
        for _ in range(5):
            await engine.ask(BTC_USD, fresh=True)
        for action in (Action.ENABLE, Action.RESET):
            assert not await engine.book.decide(Decision("b", action, clock.now()))
        database.is_away = False
        await asyncio.sleep(5)
        states = {each.id: each.state for each in engine.sources()}
        assert states == {"a": SourceState.ACTIVE, "b": SourceState.ACTIVE, "c": SourceState.FAILED}
        assert {id_: row.phase for id_, row in database.health.items()} == {
            "a": Phase.WELL,
            "b": Phase.WELL,
            "c": Phase.FAILING,
        }
        await engine.close()

    play(story)


def test_what_was_done_before_a_restart_is_not_done_again() -> None:
    """The database was away at the start; an operator's decision here is the first that this process hears of it."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        await database.decide(Decision("a", Action.REMOVE, clock.now()))
        clock.advance(7 * DAY)
        world.fails("a")
        world.says("b")
        world.says("c")
        database.is_away = True
        engine = world.engine(["a", "b", "c"], memory=database)
        await engine.start()
        for _ in range(5):
            await engine.ask(BTC_USD, fresh=True)
        assert engine.sources()[0].state is SourceState.FAILED
        assert not await engine.book.decide(Decision("c", Action.DISABLE, clock.now(), reason="test"))
        database.is_away = False
        await asyncio.sleep(10)
        assert engine.sources()[2].state is SourceState.DISABLED
        assert engine.sources()[0].state is SourceState.FAILED  # nobody removed it today
        await engine.close()

    play(story)


def test_a_circuit_that_says_it_opens_in_a_year_stays_closed_to_callers_no_longer_than_usual() -> None:
    """The clock jumped, not the source's cool-down; one that was forced open has no end, and keeps none."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        world.fails("a")
        world.says("b")
        first = world.engine(["a", "b"], memory=database)
        await first.start()
        for _ in range(5):
            await first.ask(BTC_USD, fresh=True)
        await first.close()
        kept = database.health["a"]
        for years, latest in ((1, clock.monotonic() + 1801), (None, inf)):
            time = None if years is None else kept.noted_time.replace(year=kept.noted_time.year + years)
            circuits = tuple(replace(each, retry_time=time) for each in kept.circuits)
            database.health["a"] = replace(kept, circuits=circuits)
            second = world.engine(["a", "b"], memory=database)
            await second.book.restore()
            (lane,) = second.watch.standings["a"].lanes
            assert lane.breaker.is_open
            assert (lane.breaker.retry_at == inf) is (latest == inf)
            assert lane.breaker.retry_at <= latest
            await second.close()

    play(story)


def test_what_could_not_be_kept_is_kept_later() -> None:
    """The health of a source that changed while the database was away is written when it is back."""

    async def story(world: World, _clock: VirtualClock, database: Database) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"], memory=database)
        await engine.ask(BTC_USD)
        database.is_away = True
        with pytest.raises(StoreUnavailable):
            await engine.book.flush()
        database.is_away = False
        await engine.book.flush()
        assert set(database.health) == {"a"}
        await engine.close()

    play(story)


def test_a_reset_that_comes_to_light_behind_a_later_decision_is_done_too() -> None:
    """Its number was taken first and written last."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        world.fails("a")
        world.says("b")
        engine = world.engine(["a", "b"], memory=database)
        await engine.start()
        for _ in range(5):
            await engine.ask(BTC_USD, fresh=True)
        assert engine.breakers()[0].trips == 1
        database.late.append(Decision("a", Action.RESET, clock.now(), number=1))
        await database.decide(Decision("b", Action.RESET, clock.now()))
        await asyncio.sleep(3)
        assert engine.breakers()[0].trips == 1
        database.told.insert(0, database.late.pop())
        await asyncio.sleep(3)
        assert engine.breakers()[0].trips == 0
        await engine.close()

    play(story)


def test_while_a_decision_waits_to_be_stored_those_before_it_do_not_come_back() -> None:
    """Another process disabled a source, an operator here enabled it: that is not undone for a moment."""

    async def story(world: World, clock: VirtualClock, database: Database) -> None:
        world.says("a")
        engine = world.engine(["a"], memory=database)
        await database.decide(Decision("a", Action.DISABLE, clock.now(), reason="old"))
        engine.book._waiting.append(Decision("a", Action.ENABLE, clock.now()))
        await engine.book._look()
        assert engine.watch.standings["a"].disabled is None
        await engine.close()

    play(story)


def test_a_reset_of_one_kind_leaves_the_circuits_of_the_others() -> None:
    """An operator may know that one kind is back, and of the others nothing."""

    async def story(world: World, clock: VirtualClock, _database: Database) -> None:
        two = replace(TOY, capabilities=(*TOY.capabilities, replace(TOY.capabilities[0], kind=Kind.GAS)))
        engine = world.engine(["a"], providers={"toy": two})
        standing = engine.watch.standings["a"]
        for lane in standing.lanes:
            lane.breaker.force_open(clock.monotonic())
        engine.watch.apply(Decision("a", Action.RESET, clock.now(), kind=Kind.GAS.value))
        assert {lane.kind: lane.breaker.is_open for lane in standing.lanes} == {Kind.PRICE: True, Kind.GAS: False}
        engine.watch.apply(Decision("a", Action.RESET, clock.now()))
        assert not any(lane.breaker.is_open for lane in standing.lanes)
        await engine.close()

    play(story)
