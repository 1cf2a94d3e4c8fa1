"""The ledger of claimed quota in a real PostgreSQL: what is claimed is claimed for good, and by one process alone."""

from __future__ import annotations

import asyncio
import dataclasses
import random

import pytest
from sqlalchemy import func, select, text

from server.clock import SystemClock
from server.model import BudgetName, Claim, Purpose
from server.providers.base import Limit, Tier
from server.settings import Settings
from server.store import Store
from server.store.engine import DATABASE_ERRORS
from server.store.quota import LOCK
from server.store.tables import QUOTA_CLAIMS
from tests.fallback.ledger import Ledger
from tests.fallback.world import BTC_USD, World, source

NAME = BudgetName("a", "", "direct", 86_400)
CLAIM = Claim(NAME, limit=100, slice_s=1800.0, slices=50, slice=1000, wanted=30)


async def test_claims_never_exceed_the_limit(store: Store) -> None:
    """The last one gets what is left, those after it nothing; each says how much is claimed in all."""
    granted = [(await store.claim([CLAIM]))[0] for _ in range(5)]
    assert [(each.tokens, each.total) for each in granted] == [(30, 30), (30, 60), (30, 90), (10, 100), (0, 100)]
    assert {each.oldest for each in granted} == {1000}
    other = dataclasses.replace(CLAIM, budget=dataclasses.replace(NAME, key="k"))
    assert (await store.claim([other]))[0].tokens == 30


async def test_claims_side_by_side_are_booked_one_after_another(store: Store, database: str) -> None:
    """Twenty at once over two stores get the limit together, and no token twice."""
    second = await Store.open(database, clock=SystemClock(), settings=Settings())
    claim = dataclasses.replace(CLAIM, wanted=7)
    found = await asyncio.gather(*(each.claim([claim]) for each in (store, second) for _ in range(10)))
    assert sum(grant.tokens for (grant,) in found) == 100
    assert max(grant.total for (grant,) in found) == 100
    await second.close()


async def test_a_slice_is_forgotten_when_its_span_is_over_and_not_before(store: Store) -> None:
    """What was claimed in slice 1000 counts until slice 1049, and is gone in 1050."""
    await store.claim([dataclasses.replace(CLAIM, wanted=100)])
    late = dataclasses.replace(CLAIM, slice=1049)
    assert (await store.claim([late]))[0].tokens == 0
    free = dataclasses.replace(CLAIM, slice=1050)
    (grant,) = await store.claim([free])
    assert (grant.tokens, grant.total, grant.oldest) == (30, 30, 1050)


async def test_what_goes_back_can_be_claimed_again_and_what_is_owed_is_booked(store: Store) -> None:
    """Returned tokens leave the slice that they were claimed in; owed ones count though the limit is reached."""
    await store.claim([dataclasses.replace(CLAIM, wanted=100)])
    back = dataclasses.replace(CLAIM, slice=1001, wanted=50, returned=((1000, 40),))
    assert (await store.claim([back]))[0].tokens == 40
    twice = dataclasses.replace(CLAIM, slice=1001, wanted=0, returned=((1000, 61),))
    assert (await store.claim([twice]))[0].total == 100  # more than was claimed goes back for nothing
    owed = dataclasses.replace(CLAIM, slice=1001, wanted=10, owed=25)
    (grant,) = await store.claim([owed])
    assert (grant.tokens, grant.total) == (0, 125)


async def test_claims_of_a_clock_that_was_ahead_count_as_of_now(store: Store) -> None:
    """A clock that went wrong and was put right neither frees tokens nor blocks them for longer than the span."""
    await store.claim([dataclasses.replace(CLAIM, slice=90_000, wanted=80)])
    (grant,) = await store.claim([CLAIM])
    assert (grant.tokens, grant.total, grant.oldest) == (20, 100, 1000)
    (grant,) = await store.claim([dataclasses.replace(CLAIM, slice=1050)])
    assert grant.total == 30


async def test_claims_of_a_clock_that_is_off_by_up_to_a_span_stay_where_they_are(store: Store) -> None:
    """Whichever of the two is wrong: they count for both, and are there when the time comes that they are of."""
    await store.claim([dataclasses.replace(CLAIM, slice=1016, wanted=80)])
    (grant,) = await store.claim([CLAIM])
    assert (grant.tokens, grant.total, grant.oldest) == (20, 100, 1000)
    (grant,) = await store.claim([dataclasses.replace(CLAIM, slice=1050)])
    assert (grant.tokens, grant.total, grant.oldest) == (20, 100, 1016)


async def test_a_clock_that_is_days_ahead_makes_the_others_forget_nothing(store: Store) -> None:
    """What is over by it is left out there, and counts on by theirs."""
    await store.claim([dataclasses.replace(CLAIM, wanted=100)])
    (grant,) = await store.claim([dataclasses.replace(CLAIM, slice=1099, wanted=5)])
    assert (grant.tokens, grant.total) == (5, 5)
    (grant,) = await store.claim([dataclasses.replace(CLAIM, slice=1001)])
    assert (grant.tokens, grant.total) == (0, 105)


async def test_the_ledger_of_the_tests_books_as_the_store_does(store: Store) -> None:
    """Whatever is claimed, owed and returned, by clocks that are right and wrong."""
    ledger, pick = Ledger(), random.Random(14)  # noqa: S311 -- no secret
    for number in range(120):
        at = 1000 + number + pick.choice([0, 0, 0, 1, -16, 49, 50, 51, -50, -51, 99, 100, -400, 400])
        returned = tuple((1000 + number + pick.randint(-60, 60), 3) for _ in range(pick.randint(0, 2)))
        wanted, owed = pick.choice([0, 5, 30]), pick.choice([0, 0, 4])
        claim = dataclasses.replace(CLAIM, slice=at, wanted=wanted, owed=owed, returned=returned)
        assert await store.claim([claim]) == await ledger.claim([claim])


async def test_claims_are_booked_all_or_none(store: Store) -> None:
    """When one of several cannot be booked, none is."""
    bad = dataclasses.replace(CLAIM, budget=dataclasses.replace(NAME, source="\x00"))
    with pytest.raises(DATABASE_ERRORS):
        await store.claim([CLAIM, bad])
    assert (await store.claim([CLAIM]))[0].total == 30


async def test_a_process_that_is_frozen_in_the_middle_does_not_hold_up_the_others(store: Store) -> None:
    """Its lock is waited for two seconds; then the ledger counts as away."""
    async with store._engine.begin() as held:
        await held.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        with pytest.raises(DATABASE_ERRORS):
            await store.claim([CLAIM])
    assert (await store.claim([CLAIM]))[0].total == 30


async def asks_until_it_is_used_up(world: World, store: Store, *, limit: int, gently: bool) -> int:
    """Start an engine over the store, ask again and again; end it as asked, or leave it as a killed one does."""
    world.says("a", after_s=0.0)
    world.says("b", after_s=0.0)
    sources = [source("a", Tier.CRITICAL, limits=(Limit(limit, 86_400.0),)), source("b", Tier.LOW)]
    engine = world.engine(sources, ledger=store)
    before = world.asked.get("a", 0)
    await engine.start()
    for _ in range(40):
        await engine.ask(BTC_USD, fresh=True)
        await engine._claimer.claim()
    if gently:
        await engine.close()
    return world.asked.get("a", 0) - before


@pytest.mark.parametrize("gently", [True, False])
async def test_a_restart_does_not_spend_the_day_again(database: str, gently: bool) -> None:
    """Three services one after another on one database, ended or killed, ask as often as the day allows."""
    clock = SystemClock()
    world, asked = World(clock), []
    for _ in range(3):
        store = await Store.open(database, clock=SystemClock(), settings=Settings())
        asked.append(await asks_until_it_is_used_up(world, store, limit=60, gently=gently))
        await store.close()
    lost = 0 if gently else 3 * 5  # a block of each
    assert 60 - lost <= sum(asked) <= 60
    assert asked[0] == 40
    assert asked[2] == 0
    stopped = asyncio.all_tasks() - {asyncio.current_task()}
    for task in stopped:
        task.cancel()


async def test_two_engines_on_one_database_take_blocks_of_their_own(database: str) -> None:
    """Side by side they share the day: together they ask as often as it allows, each of them a part."""
    clock = SystemClock()
    stores = [await Store.open(database, clock=SystemClock(), settings=Settings()) for _ in range(2)]
    worlds = [World(clock) for _ in stores]
    asked = await asyncio.gather(
        *(
            asks_until_it_is_used_up(world, store, limit=60, gently=True)
            for world, store in zip(worlds, stores, strict=True)
        )
    )
    assert sum(asked) <= 60
    assert sum(asked) >= 55
    assert min(asked) >= 15
    claimed = await stores[0].rows(select(func.sum(QUOTA_CLAIMS.c.claimed)))
    assert claimed[0][0] == sum(asked)
    for store in stores:
        await store.close()


async def test_users_and_collectors_share_what_is_claimed(database: str) -> None:
    """Collectors stop at seventy of a hundred, whichever process they run in."""
    clock = SystemClock()
    world = World(clock)
    world.says("a", after_s=0.0)
    world.says("b", after_s=0.0)
    sources = [source("a", Tier.CRITICAL, limits=(Limit(100, 86_400.0),)), source("b", Tier.LOW)]
    stores = [await Store.open(database, clock=SystemClock(), settings=Settings()) for _ in range(2)]
    for store in stores:
        engine = world.engine(sources, ledger=store)
        await engine.start()
        for _ in range(50):
            await engine.ask(BTC_USD, fresh=True, purpose=Purpose.BACKGROUND)
            await engine._claimer.claim()
        await engine.close()
        await store.close()
    assert world.asked["a"] == 70
