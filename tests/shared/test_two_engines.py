"""Two engines over one real Redis: what one fetched the other has, and what is dropped is dropped for both."""

from __future__ import annotations

from server.model import Freshness, Kind, Scope
from tests.fallback.world import BTC_USD, ETH_USD
from tests.shared.server import RedisServer
from tests.shared.sharing import place, real_world, until


async def test_what_one_fetched_answers_the_other(redis: RedisServer) -> None:
    """The other asks nobody; source, time, value and attempts are those of the one who asked; nothing is published."""
    world = real_world()
    world.says("a", "123.45")
    async with place(redis.url, world) as one, place(redis.url, world) as other:
        fetched = await one.engine.ask(BTC_USD)
        await one.written()
        published: list[object] = []
        other.engine.subscribe(published.append)
        found = await other.engine.ask(BTC_USD)
        assert world.asked == {"a": 1}
        assert published == []
        assert found.value == fetched.value
        assert fetched.provenance.freshness is Freshness.LIVE
        assert found.provenance.freshness is Freshness.CACHED
        assert found.provenance.source == "a"
        assert found.provenance.receive_time == fetched.provenance.receive_time
        assert found.provenance.attempts == fetched.provenance.attempts
        (kind,) = [each for each in other.engine.cache_stats().kinds if each.kind is Kind.PRICE]
        assert (kind.shared_hits, kind.shared_misses, kind.misses) == (1, 0, 1)
        assert (await other.engine.ask(BTC_USD, fresh=True)).provenance.freshness is Freshness.LIVE
        assert world.asked == {"a": 2}


async def test_what_one_drops_both_drop(redis: RedisServer) -> None:
    """The other's own answer goes as well, and Redis holds none that is found again; what is not named stays."""
    world = real_world()
    world.says("a")
    async with place(redis.url, world) as one, place(redis.url, world) as other:
        for query in (BTC_USD, ETH_USD):
            await one.engine.ask(query)
            await one.written()
            await other.engine.ask(query)
        assert await one.engine.second.drop(Scope(assets=frozenset({"bitcoin"}))) == (1, True)
        await until(lambda: other.engine.peek(BTC_USD) is None)
        assert other.engine.peek(ETH_USD) is not None
        assert world.asked == {"a": 2}
        assert (await other.engine.ask(BTC_USD)).provenance.freshness is Freshness.LIVE
        assert world.asked == {"a": 3}
