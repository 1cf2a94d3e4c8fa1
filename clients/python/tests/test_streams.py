"""Streams: frames, resuming, holes, patience, closing; by both clients."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import nerkh
import pytest
from google.protobuf.duration_pb2 import Duration
from nerkh._feed import PriceFeed
from nerkh.testing import FakeServer, price
from nerkh.v1 import market_pb2, types_pb2

AT = datetime(2026, 1, 2, tzinfo=UTC)
QUICK = nerkh.Backoff(first_s=0.001, most_s=0.01, patience_s=0.05)


def _update(sequence: int, *, snapshot: bool = False) -> nerkh.PriceUpdate:
    return nerkh.PriceUpdate(price=price("BTC", sequence), sequence=sequence, snapshot=snapshot)


def _seen(event: nerkh.PriceUpdate | nerkh.Hole) -> Any:
    return event.sequence if isinstance(event, nerkh.PriceUpdate) else event.cause.value


async def _take(stream: nerkh.AsyncPriceStream, count: int) -> list[Any]:
    found: list[Any] = []
    async with stream:
        async for event in stream:
            found.append(_seen(event))
            if len(found) == count:
                break
    return found


def _take_blocking(stream: nerkh.PriceStream, count: int) -> list[Any]:
    found: list[Any] = []
    with stream:
        for event in stream:
            found.append(_seen(event))
            if len(found) == count:
                break
    return found


async def test_updates_come_in_order_with_keys_and_cursor(server: FakeServer, client: nerkh.AsyncClient) -> None:
    """The snapshot comes first, every update has its cursor, and the stream says what became of each key."""
    server.stream("StreamPrices", [_update(1, snapshot=True), _update(2)])
    async with client.market.stream_prices("BTC", conflation=0.2, heartbeat=timedelta(seconds=5)) as stream:
        events = aiter(stream)
        first, second = await anext(events), await anext(events)
        assert isinstance(first, nerkh.PriceUpdate)
        assert isinstance(second, nerkh.PriceUpdate)
        assert (first.snapshot, first.cursor, second.snapshot, second.cursor) == (True, "1", False, "2")
        assert [(key.key, key.status) for key in stream.keys] == [("BTC", nerkh.StreamKeyStatus.ACCEPTED)]
        await events.aclose()  # type: ignore[attr-defined]  # an async generator
    request = server.calls[0].request
    assert (request["conflation_interval"], request["heartbeat_interval"]) == ("0.200s", "5s")


@pytest.mark.parametrize(
    "error",
    [
        nerkh.ShuttingDown("draining", retry_after=timedelta(milliseconds=1)),
        nerkh.Unavailable("reset"),
        nerkh.InternalError("RST_STREAM"),
        nerkh.TooManyStreams("wait", retry_after=timedelta(milliseconds=1)),
        nerkh.NerkhError("cancelled by a proxy", code="CANCELLED"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_lost_stream_resumes_behind_what_it_gave(
    server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client, error: nerkh.NerkhError
) -> None:
    """After a passing error the stream goes on by its cursor: nothing twice, nothing left out."""
    server.stream("StreamPrices", [_update(1), _update(2), error, _update(3)], assets=["BTC"])
    server.stream("StreamPrices", [_update(1), _update(2), error, _update(3)], assets=["ETH"])
    assert await _take(client.market.stream_prices("BTC"), 3) == [1, 2, 3]
    assert _take_blocking(blocking.market.stream_prices("ETH"), 3) == [1, 2, 3]
    assert [call.request.get("cursor") for call in server.calls] == [None, "2", None, "2"]


async def test_a_gap_is_said(server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client) -> None:
    """A hole that the server states comes out as a `Hole` in its place."""
    hole = nerkh.Hole(start_time=AT, end_time=AT, cause=nerkh.GapCause.RESTART, keys=("bitcoin",))
    server.stream("StreamPrices", [_update(1), hole, _update(2)])
    assert await _take(client.market.stream_prices("BTC"), 3) == [1, "restart", 2]
    assert _take_blocking(blocking.market.stream_prices("BTC"), 3) == [1, "restart", 2]


async def test_an_expired_cursor_on_the_way_is_a_hole(server: FakeServer, client: nerkh.AsyncClient) -> None:
    """When the server can replay no longer, the stream says so and begins anew."""
    expired = nerkh.CursorExpired("too old", oldest_cursor="9")
    server.stream("StreamPrices", [_update(1), nerkh.Unavailable("reset"), expired, _update(2)])
    assert await _take(client.market.stream_prices("BTC"), 4) == [1, "", 1, 2]


async def test_an_expired_cursor_of_the_caller_is_an_error(
    server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client
) -> None:
    """A cursor that the caller kept too long is his to know about."""
    server.fail("StreamPrices", nerkh.CursorExpired("too old", oldest_cursor="9"))
    with pytest.raises(nerkh.CursorExpired) as caught:
        await _take(client.market.stream_prices("BTC", cursor="3"), 1)
    assert caught.value.oldest_cursor == "9"
    with pytest.raises(nerkh.CursorExpired):
        _take_blocking(blocking.market.stream_prices("BTC", cursor="3"), 1)


async def test_a_stream_that_never_began_fails(server: FakeServer, client: nerkh.AsyncClient) -> None:
    """A wrong request, and a server that was never there, are errors at once."""
    server.fail("StreamPrices", nerkh.InvalidArgument("assets: none"))
    with pytest.raises(nerkh.InvalidArgument):
        await _take(client.market.stream_prices(), 1)
    async with nerkh.AsyncClient("127.0.0.1:1", backoff=QUICK) as lonely:
        with pytest.raises(nerkh.Unavailable):
            await _take(lonely.market.stream_prices("BTC"), 1)


async def test_patience_ends() -> None:
    """A server that does not come back is an error when the patience is spent, for both clients."""
    with FakeServer() as server:
        server.stream("StreamPrices", [_update(1)])
        async with nerkh.AsyncClient(server.target, backoff=QUICK) as client:
            events = aiter(client.market.stream_prices("BTC"))
            assert _seen(await anext(events)) == 1
            with nerkh.Client(server.target, backoff=QUICK) as blocking:
                twin = iter(blocking.market.stream_prices("BTC"))
                assert _seen(next(twin)) == 1
                server.stop()
                with pytest.raises(nerkh.Unavailable):
                    await anext(events)
                with pytest.raises(nerkh.Unavailable):
                    next(twin)


async def test_a_mute_stream_is_left(server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client) -> None:
    """When not even heartbeats come, the stream is opened again, by both clients."""
    server.stream("StreamPrices", [_update(1)])
    async with client.market.stream_prices("BTC") as stream:
        stream._feed.idle_s = 0.1
        events = aiter(stream)
        assert _seen(await anext(events)) == 1
        with blocking.market.stream_prices("BTC") as twin:
            twin._feed.idle_s = 0.1
            again = iter(twin)
            assert _seen(next(again)) == 1
            server.stream("StreamPrices", [_update(1), _update(2)])
            assert _seen(await anext(events)) == 2
            assert _seen(await asyncio.to_thread(next, again)) == 2


async def test_closing_ends_a_waiting_iteration(server: FakeServer, client: nerkh.AsyncClient) -> None:
    """An iteration that waits for the next update ends when the stream is closed elsewhere."""
    server.stream("StreamPrices", [_update(1)])
    stream = client.market.stream_prices("BTC")
    events = aiter(stream)
    await anext(events)
    waiting = asyncio.create_task(anext(events, None))
    await asyncio.sleep(0)
    await stream.close()
    assert await waiting is None


async def test_cancelling_a_reader_is_not_swallowed(server: FakeServer, client: nerkh.AsyncClient) -> None:
    """A task that is cancelled while it waits ends as cancelled."""
    server.stream("StreamPrices", [_update(1)])
    events = aiter(client.market.stream_prices("BTC"))
    await anext(events)
    waiting = asyncio.create_task(anext(events, None))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_closing_ends_a_waiting_thread(server: FakeServer, blocking: nerkh.Client) -> None:
    """A thread that waits for the next update ends when the stream is closed in another."""
    server.stream("StreamPrices", [_update(1)])
    stream = blocking.market.stream_prices("BTC")
    events = iter(stream)
    next(events)
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(next(events, "ended")))
    thread.start()
    stream.close()
    thread.join(5)
    assert found == ["ended"]


def _feed(**request: Any) -> PriceFeed:
    return PriceFeed(market_pb2.StreamPricesRequest(assets=["BTC"], **request), nerkh.Backoff(1.0, 8.0, 100.0))


def _frame(**parts: Any) -> market_pb2.StreamPricesResponse:
    return market_pb2.StreamPricesResponse(cursor="c", **parts)


def test_waits_grow_and_are_random() -> None:
    """The longest wait doubles up to its bound; the wait is a random part of it; a live frame begins anew."""
    feed = _feed()
    assert [feed.wait_s(1.0) for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert feed.wait_s(0.25) == 2.0
    list(feed.take(_frame(heartbeat=types_pb2.Heartbeat())))
    assert feed.wait_s(1.0) == 1.0


def test_a_position_is_no_sign_of_life() -> None:
    """A server that begins each stream and then fails is asked less and less, and patience with it ends."""
    feed = _feed()
    out = types_pb2.Interruption(reason=types_pb2.INTERRUPTION_REASON_SOURCES_UNREACHABLE)
    waits: list[float] = []
    while sum(waits) < 100.0:
        list(feed.take(_frame(position=types_pb2.StreamPosition())))
        list(feed.take(_frame(interruption=out)))
        assert list(feed.failed(nerkh.Unavailable("aborted"))) == []
        waits.append(feed.wait_s(1.0))
        assert len(waits) == 1 or waits[-1] == min(8.0, 2 * waits[-2])
    with pytest.raises(nerkh.Unavailable, match="aborted"):
        list(feed.failed(nerkh.Unavailable("aborted")))


def test_the_server_may_ask_for_a_longer_wait() -> None:
    """`reconnect_delay` and `retry_after` are the least wait, once."""
    feed = _feed()
    shutdown = types_pb2.Interruption(
        reason=types_pb2.INTERRUPTION_REASON_SHUTDOWN, reconnect_delay=Duration(seconds=3)
    )
    assert list(feed.take(_frame(interruption=shutdown))) == []
    assert (feed.wait_s(0.0), feed.wait_s(0.0)) == (3.0, 0.0)
    assert list(feed.failed(nerkh.RateLimited("slow down", retry_after=timedelta(seconds=9)))) == []
    assert feed.wait_s(0.0) == 9.0


def test_unreachable_sources_are_a_hole_since_the_last_sign() -> None:
    """When the server says that no source can be reached, the hole begins at what was last seen."""
    feed = _feed()
    beat = types_pb2.Heartbeat()
    beat.server_time.FromDatetime(AT.replace(tzinfo=None))
    list(feed.take(_frame(heartbeat=beat)))
    out = types_pb2.Interruption(reason=types_pb2.INTERRUPTION_REASON_SOURCES_UNREACHABLE, keys=["bitcoin"])
    assert list(feed.take(_frame(interruption=out))) == [
        nerkh.Hole(start_time=AT, cause=nerkh.GapCause.UPSTREAM, keys=("bitcoin",))
    ]


def test_the_cursor_moves_when_all_of_a_frame_was_taken() -> None:
    """A consumer that dies in the middle of a frame resumes before it."""
    feed = _feed(cursor="a")
    batch = market_pb2.PriceBatch()
    for number in (1, 2):
        update = batch.updates.add(sequence=number)
        update.price.value = "1"
        update.price.provenance.receive_time.GetCurrentTime()
    events = feed.take(_frame(batch=batch))
    next(events)
    next(events)
    assert (feed.cursor, feed.request().cursor) == ("a", "a")
    assert list(events) == []
    assert feed.request().cursor == "c"
