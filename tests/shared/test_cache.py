"""The shared cache in simulated time, over a connection that answers as told: how long callers wait for it at most."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from server.assets import registry
from server.clock import VirtualClock, run_virtual
from server.model import Answer, Freshness, Price, PriceQuery, Provenance
from server.settings import Settings
from server.shared.cache import SharedCache
from server.shared.generations import Generations
from server.shared.shared import Shared
from server.shared.wire import Command
from tests.shared.test_codec import JSON

QUERY = PriceQuery(registry().asset("bitcoin"))
OTHER = PriceQuery(registry().asset("ethereum"))


class Wire:
    """Stands in for a connection; `after_s` is how long a reply takes."""

    def __init__(self) -> None:
        self.after_s = 0.0
        self.asked = 0
        self.busy_since: float | None = None

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """Answer that there is nothing."""
        self.asked += 1
        await asyncio.sleep(self.after_s)
        assert [command[0] for command in commands] == ["TIME", "HGET", "GETRANGE"]
        return [[b"1", b"1"], None, b""]


class Link:
    """Stands in for the link."""

    def __init__(self, clock: VirtualClock) -> None:
        self.fast = self.behind = Wire()
        self.is_up = True
        self.error = ""
        self.since_time = clock.now()


async def waited(cache: SharedCache, clock: VirtualClock) -> float:
    """Return how long a look-up took, in seconds."""
    before = clock.monotonic()
    assert await cache.find(QUERY, 0.05) is None
    return round(clock.monotonic() - before, 6)


def test_one_that_is_always_late_is_passed_by() -> None:
    """Three look-ups wait in vain; from then on one in five seconds does, until it is quick again."""

    async def main(clock: VirtualClock) -> None:
        link: Any = Link(clock)
        cache = SharedCache(link, Generations(link, "g", "c"), registry(), clock, "t:")
        link.fast.after_s = 0.06
        await asyncio.gather(*(waited(cache, clock) for _ in range(50)))  # one moment, however many look
        assert cache.state().error == ""
        link.fast.after_s = 0.0
        await waited(cache, clock)
        link.fast.after_s = 0.06
        assert [await waited(cache, clock) for _ in range(6)] == [0.05, 0.05, 0.05, 0, 0, 0]
        assert cache.state().error == "it answers too late, and is passed by"
        clock.advance(5)
        assert [await waited(cache, clock) for _ in range(3)] == [0.05, 0, 0]
        link.fast.after_s = 0.01
        clock.advance(5)
        assert [await waited(cache, clock) for _ in range(3)] == [0.01, 0.01, 0.01]
        assert cache.state().error == ""

    run_virtual(main)


def test_nobody_waits_behind_one_who_waits_too_long_already() -> None:
    """While a batch is overdue a look-up is not even sent."""

    async def main(clock: VirtualClock) -> None:
        link: Any = Link(clock)
        cache = SharedCache(link, Generations(link, "g", "c"), registry(), clock, "t:")
        link.fast.busy_since = clock.monotonic()
        clock.advance(0.06)
        assert await waited(cache, clock) == 0
        assert link.fast.asked == 0
        link.is_up, link.fast.busy_since = False, None
        assert await waited(cache, clock) == 0
        assert link.fast.asked == 0

    run_virtual(main)


def test_what_waits_to_be_written_is_forgotten_when_another_process_drops_it() -> None:
    """Else it would be found again under the new mark of its kind."""

    async def main(clock: VirtualClock) -> None:
        shared = Shared(Settings(redis_url=SecretStr("redis://127.0.0.1:1")), registry(), clock)
        shared.link.is_up = True
        origin = Provenance("a", clock.now(), Freshness.LIVE)
        for query in (QUERY, OTHER):
            shared.cache.offer(query, Answer(Price(query.asset.id, "USD", Decimal(1)), origin), 0.0, 60.0)
        assert shared.cache.state().queued == 2
        shared.generations.hear(b'["mark1",[[],["bitcoin"],[]],[["price","0"],["candles","0"]]]')
        assert shared.cache.state().queued == 1
        shared.generations.hear(b'["mark2",[[],["bitcoin"],[]],[["price","another"]]]')
        assert shared.cache.state().queued == 0

    run_virtual(main)


@given(st.binary(max_size=60) | JSON.map(orjson.dumps))
def test_no_message_does_harm(message: bytes) -> None:
    """Whatever is published on our channel, it drops something or nothing."""

    async def main(clock: VirtualClock) -> None:
        Shared(Settings(redis_url=SecretStr("redis://127.0.0.1:1")), registry(), clock).generations.hear(message)

    run_virtual(main)
