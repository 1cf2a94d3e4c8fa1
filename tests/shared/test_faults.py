"""A real Redis that is killed, frozen, emptied, full of garbage, locked, or no Redis at all: answers go on."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from server.model import Freshness, PriceQuery, Scope
from server.shared import link
from server.shared.naming import text_of
from tests.fallback.world import BITCOIN, BTC_USD, ETH_USD
from tests.shared.server import RedisServer
from tests.shared.sharing import Place, answering, place, real_world, until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for the server again at once."""
    monkeypatch.setattr(link, "RETRY_S", 0.02)
    monkeypatch.setattr(link, "RETRY_LONGEST_S", 0.05)


def quote(number: int) -> PriceQuery:
    """Return one of many queries."""
    return PriceQuery(BITCOIN, f"Q{number}")


async def ask_many(one: Place, numbers: range) -> set[Freshness]:
    """Ask several things at once; return how fresh the answers were."""
    found = await asyncio.gather(*(one.engine.ask(quote(number)) for number in numbers))
    return {each.provenance.freshness for each in found}


async def test_killed_in_the_middle_it_costs_nothing_but_sharing(redis: RedisServer) -> None:
    """Sources answer everything while it is away, the fault is named once, and it is used again when it is back."""
    world = real_world()
    world.says("a", after_s=0.0)
    with capture_logs() as logs:
        async with place(redis.url, world) as one, place(redis.url, world) as other:
            await ask_many(one, range(20))
            redis.kill()
            assert await ask_many(one, range(20, 60)) == {Freshness.LIVE}
            await until(lambda: not one.shared.link.is_up and not other.shared.link.is_up)
            state = one.engine.second.state()
            assert state is not None
            assert not state.reachable
            assert state.error == "no connection to it can be made, or kept"
            assert await ask_many(one, range(60, 80)) == {Freshness.LIVE}
            redis.start()
            await until(lambda: one.shared.link.is_up and other.shared.link.is_up)
            await ask_many(one, range(80, 90))
            await one.written()
            asked = world.asked["a"]
            assert await ask_many(other, range(80, 90)) == {Freshness.CACHED}
            assert world.asked["a"] == asked
    events = [entry["event"] for entry in logs if entry["event"].startswith("redis")]
    assert sorted(events) == ["redis away"] * 2 + ["redis there"] * 4
    assert redis.url not in str(logs)


async def test_frozen_it_is_given_up_and_taken_back(redis: RedisServer) -> None:
    """A server that holds its connections and says nothing counts as away; nobody waits for it twice."""
    world = real_world()
    world.says("a", after_s=0.0)
    async with place(redis.url, world, redis_wait_s=0.05) as one:
        await ask_many(one, range(10))
        redis.freeze()
        assert await ask_many(one, range(10, 60)) == {Freshness.LIVE}
        await until(lambda: not one.shared.link.is_up)
        assert one.shared.link.error == "it does not answer in time"
        assert await ask_many(one, range(60, 80)) == {Freshness.LIVE}
        redis.thaw()
        await until(lambda: one.shared.link.is_up)
        assert await ask_many(one, range(80, 90)) == {Freshness.LIVE}


async def test_emptied_it_is_only_empty(redis: RedisServer) -> None:
    """Nothing is lost but what it held: what it is given afterwards is found by all, also behind an earlier drop."""
    world = real_world()
    world.says("a", after_s=0.0)
    async with place(redis.url, world) as one, place(redis.url, world) as other:
        await one.engine.second.drop(Scope())
        await one.engine.ask(BTC_USD)
        await one.written()
        redis.command("FLUSHALL")
        assert (await other.engine.ask(BTC_USD)).provenance.freshness is Freshness.LIVE
        assert one.engine.peek(BTC_USD) is not None
        await one.engine.ask(ETH_USD)
        await one.written()
        assert (await other.engine.ask(ETH_USD)).provenance.freshness is Freshness.CACHED
        async with place(redis.url, world) as third:
            await other.engine.ask(quote(1))
            await other.written()
            assert (await third.engine.ask(quote(1))).provenance.freshness is Freshness.CACHED


GARBAGE: tuple[tuple[str, ...], ...] = (
    ("SET", "KEY", ""),
    ("SET", "KEY", "\x00\xff garbage"),
    ("SET", "KEY", "9" * 13),
    ("SET", "KEY", "9" * 13 + "[]"),
    ("SET", "KEY", "0" * 13 + "[" * 5000),
    ("SET", "KEY", "0" * 13 + '["q",[],[]]'),
    ("SET", "KEY", "x" * (4 * 1024 * 1024 + 100)),
    ("RPUSH", "KEY", "1"),
    ("HSET", "KEY", "a", "1"),
    ("SADD", "KEY", "1"),
    ("ZADD", "KEY", "1", "1"),
)


@pytest.mark.parametrize("command", GARBAGE, ids=lambda command: f"{command[0]} {command[2][:20]!r}")
async def test_garbage_under_our_keys_is_a_miss(redis: RedisServer, command: tuple[str, ...]) -> None:
    """Whatever stands under any of our keys: sources answer, it is counted by its reason, and then written over."""
    world = real_world()
    world.says("a", after_s=0.0)
    async with place(redis.url, world) as one:
        await one.engine.second.drop(Scope())
        await one.engine.ask(BTC_USD)
        await one.written()
        for key in redis.names():
            redis.command("DEL", key)
            redis.command(*(key if part == "KEY" else part for part in command))
        async with place(redis.url, world) as other:
            for _ in range(2):
                assert (await other.engine.ask(BTC_USD)).provenance.freshness is Freshness.LIVE
                await other.written()
                await other.engine.second.drop(Scope())
            assert other.shared.link.is_up
            await other.engine.ask(BTC_USD)
            await other.written()
            async with place(redis.url, world) as third:
                assert (await third.engine.ask(BTC_USD)).provenance.freshness is Freshness.CACHED


async def test_a_wrong_password_is_named_and_not_shown(redis: RedisServer) -> None:
    """Answers go on; neither the state nor a log line holds the password or the address."""
    redis.command("CONFIG", "SET", "requirepass", "right")
    world = real_world()
    world.says("a")
    with capture_logs() as logs:
        async with place(redis.url.replace("unix://", "unix://:hidden-word@"), world) as one:
            assert (await one.engine.ask(BTC_USD)).provenance.freshness is Freshness.LIVE
            state = one.engine.second.state()
    assert state is not None
    assert state.error == "it refuses the user or the password"
    assert [entry["event"] for entry in logs if entry["event"].startswith("redis")] == ["redis away"]
    assert "hidden-word" not in f"{logs} {state}"
    assert str(redis.socket) not in f"{logs} {state}"
    async with place(redis.url.replace("unix://", "unix://:right@"), world) as one:
        assert one.shared.link.is_up


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "it does not speak the protocol of Redis"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "it does not speak the protocol of Redis"),
        (b"+OK\r\n" * 3 + b"*1\r\n" * 5000, ""),
        (b"$99999999999\r\n", ""),
        (b"\x00" * 100_000, ""),
        (None, "it does not answer in time"),
    ],
    ids=["http", "ssh", "nested", "huge", "zeros", "silent"],
)
async def test_what_is_no_redis_is_named(answer: bytes | None, error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers go on, and monitoring says what is wrong with it."""
    monkeypatch.setattr(link, "CONNECT_S", 0.3)
    monkeypatch.setattr(link, "BEHIND_S", 0.2)
    world = real_world()
    world.says("a")
    with answering(answer) as url, capture_logs() as logs:
        async with place(url, world) as one:
            assert (await one.engine.ask(BTC_USD)).provenance.freshness is Freshness.LIVE
            assert not one.shared.link.is_up
            assert one.shared.link.error
            assert one.shared.link.error == (error or one.shared.link.error)
    assert "hidden" not in str(logs)
    assert "127.0.0.1" not in str(logs)


async def test_tls_that_fails_is_named() -> None:
    """A server that speaks no TLS where it should is not spoken to without."""
    world = real_world()
    world.says("a")
    with answering(b"+OK\r\n") as url:
        async with place(url.replace("redis://", "rediss://"), world) as one:
            assert (await one.engine.ask(BTC_USD)).provenance.freshness is Freshness.LIVE
            assert one.shared.link.error == "TLS with it fails, or its certificate is not to be trusted"


async def test_what_was_dropped_while_one_was_cut_off_is_dropped_when_it_is_back(redis: RedisServer) -> None:
    """It does not go on with its own answers: on its new connection it sees that a drop passed it by."""
    world = real_world()
    world.says("a", after_s=0.0)
    async with place(redis.url, world) as one, place(redis.url, world) as other:
        for query in (BTC_USD, ETH_USD):
            await one.engine.ask(query)
            await one.written()
            await other.engine.ask(query)
        await other.shared.link.close()
        await one.engine.second.drop(Scope(assets=frozenset({"bitcoin"})))
        assert other.engine.peek(BTC_USD) is not None
        await other.shared.link.start()
        assert other.engine.peek(BTC_USD) is None


async def test_a_drop_while_it_is_away_is_told_later(redis: RedisServer) -> None:
    """Whoever asked for it learns that others do not know yet; they do as soon as it is back."""
    world = real_world()
    world.says("a", after_s=0.0)
    async with place(redis.url, world) as one, place(redis.url, world) as other:
        await one.engine.ask(BTC_USD)
        await one.written()
        await other.engine.ask(BTC_USD)
        redis.kill()
        await until(lambda: not one.shared.link.is_up and not other.shared.link.is_up)
        assert await one.engine.second.drop(Scope(assets=frozenset({"bitcoin"}))) == (1, False)
        assert other.engine.peek(BTC_USD) is not None
        redis.start()
        await until(lambda: other.engine.peek(BTC_USD) is None)


async def test_a_new_process_knows_at_once_what_was_asked_lately(redis: RedisServer) -> None:
    """It holds the answers from its start, the newest first, and asks nobody for them."""
    world = real_world()
    world.says("a", after_s=0.0)
    async with place(redis.url, world) as one:
        await ask_many(one, range(5))
        await one.written()
        redis.command("ZADD", "nerkh:1:asked", "1", "garbage", "2", text_of(ETH_USD))
        async with place(redis.url, world) as other:
            assert other.engine.cache_stats().entries == 5
            asked = world.asked["a"]
            assert await ask_many(other, range(5)) == {Freshness.CACHED}
            assert world.asked["a"] == asked


async def test_a_server_that_closes_idle_connections_is_kept_awake(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every connection says something now and then, so that a quiet hour does not look like an outage."""
    monkeypatch.setattr(link, "BEAT_S", 0.02)
    world = real_world()
    async with place(redis.url, world) as one:
        await until(lambda: redis.command("CLIENT", "LIST").count(b"cmd=ping") == 3)
        assert redis.command("CLIENT", "LIST").count(b"name=nerkh") == 3
        assert one.shared.link.is_up
