"""What is kept of sources in a real database: health, incidents, operators' decisions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.clock import SystemClock
from server.errors import StoreUnavailable
from server.model import Action, Decision, Incident, IncidentCause, OpenCircuit, Phase, SourceHealth
from server.settings import Settings
from server.store import EmbeddedPostgres, Store
from tests.conftest import StartPostgres

NOW = datetime(2026, 11, 20, 12, 0, 30, 123456, tzinfo=UTC)
HEALTH = SourceHealth(
    source="binance",
    phase=Phase.BLOCKED,
    reason="it has failed for 1 d",
    failing_s=86_400.5,
    nameless_s=0.25,
    gone=2,
    is_down=True,
    noted_time=NOW,
    circuits=(
        OpenCircuit("price", NOW, NOW + timedelta(minutes=3), 4),
        OpenCircuit("candles", NOW - timedelta(hours=1), None, 1),
    ),
)


async def test_health_comes_back_as_it_was_kept(store: Store) -> None:
    """Written once or twice, changed or not: one row a source, the last one."""
    other = replace(HEALTH, source="kraken", phase=Phase.WELL, reason="", circuits=())
    await store.keep_health([HEALTH, other])
    await store.keep_health([HEALTH])
    assert sorted(await store.known_health(), key=lambda row: row.source) == [HEALTH, other]
    changed = replace(HEALTH, phase=Phase.SUNSET, circuits=())
    await store.keep_health([changed])
    assert changed in await store.known_health()
    assert len(await store.known_health()) == 2


async def test_decisions_keep_their_order_and_are_stored_once(store: Store) -> None:
    """A decision that is written again after an answer was lost keeps its number."""
    first = Decision("a", Action.DISABLE, NOW, reason="lies")
    numbers = [await store.decide(first), await store.decide(first)]
    assert numbers[0] == numbers[1]
    second = await store.decide(Decision("a", Action.ENABLE, NOW))
    third = await store.decide(Decision("b", Action.RESET, NOW, kind="price"))
    assert numbers[0] < second < third
    told = [replace(first, number=numbers[0]), Decision("a", Action.ENABLE, NOW, number=second)]
    told.append(Decision("b", Action.RESET, NOW, "price", "", third))
    assert await store.decisions(None) == told
    assert await store.decisions(numbers[0]) == told[1:]
    assert await store.decisions(third) == told[1:2]  # the last of `a` that lasts, however old


async def test_a_process_that_starts_late_is_not_told_of_all_that_ever_was(store: Store) -> None:
    """The latest hundred, and what lasts of each source."""
    await store.decide(Decision("old", Action.DISABLE, NOW, reason="long ago"))
    for number in range(150):
        await store.decide(Decision("a", Action.RESET, NOW + timedelta(seconds=number)))
    found = await store.decisions(None)
    assert [each.source for each in found] == ["old"] + ["a"] * 100
    assert await store.decisions(found[-1].number) == found[:1]


async def test_incidents_are_paged_newest_first_and_end(store: Store) -> None:
    """Behind a key nothing is left out and nothing comes twice, also where several began at once."""
    causes = (IncidentCause.DOWN, IncidentCause.SUNSET)
    rows = [
        Incident("a", cause, NOW + timedelta(minutes=minute), None, "price", "refused", 1 + minute)
        for minute in range(5)
        for cause in causes
    ]
    await store.keep_incidents([*rows, replace(rows[0], source="b")])
    ordered = sorted(rows, key=lambda row: row.key, reverse=True)
    found: list[Incident] = []
    before: tuple[object, ...] | None = None
    while page := await store.source_incidents("a", before, 3):
        found += page
        before = page[-1].key
    assert found == ordered
    ended = replace(rows[0], end_time=NOW + timedelta(hours=1), count=7)
    await store.keep_incidents([ended])
    assert (await store.source_incidents("a", None, 100))[-1] == ended
    assert len(await store.lasting_incidents()) == len(rows)  # one ended, one of `b` besides
    assert ended not in await store.lasting_incidents()


async def test_a_database_that_is_away_says_so(tmp_path: Path, start_server: StartPostgres) -> None:
    """Each call raises `StoreUnavailable`, and nothing else."""
    prepared = await asyncio.to_thread(EmbeddedPostgres(tmp_path).prepare)
    process = await asyncio.to_thread(start_server, prepared)
    store = await Store.open(prepared.url, clock=SystemClock(), settings=Settings())
    process.kill()
    process.wait()
    for call in (
        store.known_health(),
        store.keep_health([HEALTH]),
        store.decisions(None),
        store.decide(Decision("a", Action.ENABLE, NOW)),
        store.keep_incidents([Incident("a", IncidentCause.DOWN, NOW, None, "", "")]),
        store.lasting_incidents(),
        store.source_incidents("a", None, 1),
    ):
        with pytest.raises(StoreUnavailable):
            await call
    await store.close()
