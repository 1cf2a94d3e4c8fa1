"""Short limits shared over a real Redis: two engines together stay within them, also when it is killed and started."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from server.fallback import pool
from server.model import BudgetName, Draw, PriceQuery
from server.providers.base import Limit, Reply, Request, Tier
from server.shared import counters, link
from tests.fallback.world import BITCOIN, source
from tests.shared.server import RedisServer
from tests.shared.sharing import Place, place, real_world, until

MINUTE = BudgetName("a", "", "direct", 60)
SECOND = BudgetName("a", "", "direct", 1)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine change no outcome."""
    monkeypatch.setattr(counters, "LONGEST_S", 2.0)


async def test_draws_of_all_processes_count_together(redis: RedisServer) -> None:
    """What one drew the other has not; where one window of a call has no room, none is drawn on."""
    world = real_world()
    async with place(redis.url, world) as one, place(redis.url, world) as other:
        first = await one.shared.counters.take([Draw(MINUTE, 10, 6), Draw(SECOND, 100, 6)])
        assert first is not None
        assert [(each.granted, each.left) for each in first] == [(True, 4), (True, 94)]
        second = await other.shared.counters.take([Draw(MINUTE, 10, 6), Draw(SECOND, 100, 6)])
        assert second is not None
        assert [(each.granted, each.left) for each in second] == [(False, 4), (False, 94)]
        assert 59 < second[0].free_s < 61.2
        third = await other.shared.counters.take([Draw(MINUTE, 10, 1, kept=4)])
        assert third is not None
        assert not third[0].granted
        assert all(0 < int(redis.command("PTTL", key)[1:]) <= 62_000 for key in redis.names("*quota:a*"))


@pytest.mark.parametrize(
    "command",
    [
        ("SET", "KEY", "garbage"),
        ("RPUSH", "KEY", "1"),
        ("HSET", "KEY", "garbage", "1", "1", "garbage", "-5", "-7", "1e999", "nan"),
        ("HSET", "KEY", "nan", "1", "1e15", "2", "5.5", "1"),
    ],
)
async def test_garbage_in_a_counter_is_swept_away(redis: RedisServer, command: tuple[str, ...]) -> None:
    """Whatever stands there, budgets are counted again at once."""
    world = real_world()
    async with place(redis.url, world) as one:
        await one.shared.counters.take([Draw(MINUTE, 10, 1)])
        (key,) = redis.names("*quota:a*")
        redis.command("DEL", key)
        redis.command(*(key if part == "KEY" else part for part in command))
        drawn = await one.shared.counters.take([Draw(MINUTE, 10, 1)])
        assert drawn is not None
        assert drawn[0].granted
        assert one.shared.link.is_up


@pytest.mark.parametrize(
    "reply", [[0, 1, 0, 2**62], [0, 1, 0, 64_000], [0, 1, 0, -1], [1, 1, 9], [1, 1, 9, 0, 9, 0], [1, 1, "nan", 0]]
)
def test_what_the_script_never_says_is_not_believed(reply: list[object]) -> None:
    """Nothing is free later than a span from now, else a source would be out for as long as that says."""
    with pytest.raises(ValueError):  # noqa: PT011 -- any of them makes the counters count as away
        counters._read(reply, [Draw(MINUTE, 10, 1)])
    (drawn,) = counters._read([0, 1, 0, 60_600], [Draw(MINUTE, 10, 1)])
    assert (drawn.granted, drawn.left, drawn.free_s) == (False, 0, 60.6)


async def test_frozen_it_counts_as_away(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A draw that is not answered in time is none, and the next ones are not even asked."""
    monkeypatch.setattr(link, "RETRY_S", 60.0)
    monkeypatch.setattr(counters, "LONGEST_S", 0.1)
    world = real_world()
    async with place(redis.url, world) as one:
        redis.freeze()
        assert await one.shared.counters.take([Draw(MINUTE, 10, 1)]) is None
        assert not one.shared.link.is_up
        redis.thaw()


class Notes:
    """When the source `a` was asked."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._number = 0

    async def answer(self, request: Request) -> Reply:
        """Answer and note it."""
        self.times.append(time.monotonic())
        _, asset, quote = request.path.split("/")
        return Reply(200, f"{asset} {quote} 100".encode())

    async def ask(self, *places: Place) -> None:
        """Ask more at once than the source allows."""
        self._number += 100
        wanted = [PriceQuery(BITCOIN, f"Q{self._number - number}") for number in range(60)]
        asks = [places[number % len(places)].engine.ask(query, fresh=True) for number, query in enumerate(wanted)]
        await asyncio.gather(*asks)

    def most(self, span_s: float) -> int:
        """Return how often it was asked in the span in which it was asked most."""
        return max(sum(1 for each in self.times if start <= each < start + span_s) for start in self.times)


async def test_two_engines_never_overspend_also_over_a_restart(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed and started again empty in the middle, all of it under load: no second holds more than the limit."""
    monkeypatch.setattr(pool, "_MARGIN_S", 0.2)
    monkeypatch.setattr(link, "RETRY_S", 0.02)
    monkeypatch.setattr(link, "RETRY_LONGEST_S", 0.05)
    world, notes = real_world(), Notes()
    world.does("a", notes.answer)
    world.says("b", after_s=0.0)
    sources = [source("a", Tier.CRITICAL, limits=(Limit(40, 1),)), "b"]
    folder: Path = tmp_path_factory.mktemp("r")
    with RedisServer(folder) as redis:
        shares = {"quota_share": 0.5, "cache_entries": 100_000}
        async with (
            place(redis.url, world, sources, **shares) as one,
            place(redis.url, world, sources, **shares) as other,
        ):

            async def load(span_s: float, *places: Place) -> int:
                before, end = len(notes.times), time.monotonic() + span_s
                while time.monotonic() < end:
                    await notes.ask(*places)
                    await asyncio.sleep(0.02)
                return len(notes.times) - before

            await load(1.3, one, other)
            assert await load(1.1, one) > 20  # what the other leaves
            redis.kill()
            await load(1.5, one, other)
            assert not one.shared.link.is_up
            redis.start()
            await load(0.1, one, other)
            await until(lambda: one.shared.link.is_up and other.shared.link.is_up)
            await load(1.5, one, other)
        assert notes.most(0.9) <= 40  # a tenth less: a request goes out a moment after it was counted
