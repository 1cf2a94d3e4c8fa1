"""Closing: what a client or a stream that is closed does to what others wait for; by both clients."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import nerkh
import pytest
from nerkh._transport import AsyncFrames, Frames
from nerkh.testing import FakeServer, price

LONG = nerkh.Backoff(first_s=1e6, most_s=1e6, patience_s=1e9)
"""Waits that no test outlives."""

UPDATE = nerkh.PriceUpdate(price=price("BTC", 1), sequence=1)
AGAIN = nerkh.ShuttingDown("draining", retry_after=timedelta(days=9))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Give threads for what is to wait."""
    with ThreadPoolExecutor(4) as made:
        yield made


@pytest.fixture
def deaf() -> Iterator[str]:
    """Give the address of what takes connections and never says a word."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield f"127.0.0.1:{held.getsockname()[1]}"


async def _until(fact: Callable[[], object]) -> None:
    await asyncio.to_thread(_until_blocking, fact)


def _until_blocking(fact: Callable[[], object]) -> None:
    never = threading.Event()
    while not fact():
        never.wait(0.001)


async def test_a_call_in_flight_ends_with_the_client(server: FakeServer, pool: ThreadPoolExecutor) -> None:
    """Whoever waits for an answer is told that the client was closed, in the same words by both clients."""
    server.answer("GetPrice", price("BTC", 1), delay_s=60)
    client, blocking = nerkh.AsyncClient(server.target), nerkh.Client(server.target)
    waiting = asyncio.create_task(client.market.price("BTC"))
    twin = pool.submit(blocking.market.price, "BTC")
    await _until(lambda: len(server.calls) == 2)
    await client.close()
    blocking.close()
    with pytest.raises(nerkh.ClientClosed) as caught:
        await waiting
    with pytest.raises(nerkh.ClientClosed) as again:
        await asyncio.wrap_future(twin)
    assert str(caught.value) == str(again.value) == "the client is closed; make another"
    assert caught.value.code == again.value.code == "CANCELLED"


async def test_a_call_that_waits_for_a_connection_ends_with_the_client(deaf: str, pool: ThreadPoolExecutor) -> None:
    """So does a call that was not even sent."""
    client, blocking = nerkh.AsyncClient(deaf), nerkh.Client(deaf)
    waiting = asyncio.create_task(client.market.price("BTC"))
    twin = pool.submit(blocking.market.price, "BTC")
    await _until(lambda: client._transport._calls and blocking._transport._calls)
    await client.close()
    blocking.close()
    with pytest.raises(nerkh.ClientClosed):
        await waiting
    with pytest.raises(nerkh.ClientClosed):
        await asyncio.wrap_future(twin)


async def test_a_cancelled_call_is_cancelled_also_while_the_client_closes(server: FakeServer) -> None:
    """A task that somebody cancels ends as cancelled, whether or not the client is closed in the same moment."""
    server.answer("GetPrice", price("BTC", 1), delay_s=60)
    server.stream("StreamPrices", [UPDATE])
    for closes in (False, True):
        client = nerkh.AsyncClient(server.target)
        events = aiter(client.market.stream_prices("BTC"))
        await anext(events)
        before = len(server.calls)
        tasks = [asyncio.create_task(client.market.price("BTC")), asyncio.ensure_future(anext(events))]
        await _until(lambda before=before: len(server.calls) > before)
        for task in tasks:
            task.cancel()
        if closes:
            await client.close()
        assert [type(ended) for ended in await asyncio.gather(*tasks, return_exceptions=True)] == [
            asyncio.CancelledError,
            asyncio.CancelledError,
        ]
        await client.close()


async def test_a_stream_ends_with_the_client(server: FakeServer, pool: ThreadPoolExecutor) -> None:
    """An iteration that waits for the next update is told that the client was closed, and does not resume."""
    server.stream("StreamPrices", [UPDATE])
    client, blocking = nerkh.AsyncClient(server.target), nerkh.Client(server.target)
    events, twin = aiter(client.market.stream_prices("BTC")), iter(blocking.market.stream_prices("BTC"))
    await anext(events)
    next(twin)
    waiting, blocked = asyncio.ensure_future(anext(events)), pool.submit(next, twin)
    await asyncio.sleep(0)
    await client.close()
    blocking.close()
    with pytest.raises(nerkh.ClientClosed):
        await waiting
    with pytest.raises(nerkh.ClientClosed):
        await asyncio.wrap_future(blocked)
    assert len(server.calls) == 2


@pytest.mark.parametrize("closed", ["stream", "client"])
async def test_a_stream_that_waits_to_resume_ends_at_once(
    server: FakeServer, pool: ThreadPoolExecutor, closed: str
) -> None:
    """Closing the stream ends the wait quietly, closing the client with its error: nobody sits out the wait."""
    server.stream("StreamPrices", [UPDATE, AGAIN, UPDATE], assets=["BTC"])
    server.stream("StreamPrices", [UPDATE, AGAIN, UPDATE], assets=["ETH"])
    client, blocking = nerkh.AsyncClient(server.target, backoff=LONG), nerkh.Client(server.target, backoff=LONG)
    stream, twin = client.market.stream_prices("BTC"), blocking.market.stream_prices("ETH")
    events, others = aiter(stream), iter(twin)
    await anext(events)
    next(others)
    waiting, blocked = asyncio.ensure_future(anext(events, None)), pool.submit(next, others, None)
    await _until(lambda: client._transport._pauses and blocking._transport._pauses)
    await (stream if closed == "stream" else client).close()
    (twin if closed == "stream" else blocking).close()
    ended = await asyncio.gather(waiting, asyncio.wrap_future(blocked), return_exceptions=True)
    assert [type(each) for each in ended] == [type(None) if closed == "stream" else nerkh.ClientClosed] * 2
    assert len(server.calls) == 2
    await client.close()
    blocking.close()


async def test_a_stream_closed_while_it_is_opened_ends(
    server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A close that comes when the call is made and not yet known to the stream is not lost."""
    server.stream("StreamPrices", [])
    stream, twin = client.market.stream_prices("BTC"), blocking.market.stream_prices("BTC")
    made, made_blocking = client._transport.stream, blocking._transport.stream

    def opened(*arguments: Any) -> AsyncFrames[Any]:
        frames = made(*arguments)
        stream._closed = True  # what `close` does first; the rest of it finds no frames
        return frames

    def opened_blocking(*arguments: Any) -> Frames[Any]:
        frames = made_blocking(*arguments)
        twin.close()
        return frames

    monkeypatch.setattr(client._transport, "stream", opened)
    monkeypatch.setattr(blocking._transport, "stream", opened_blocking)
    assert [event async for event in stream] == []
    assert list(twin) == []


async def test_a_client_closed_between_a_streams_steps_is_said(server: FakeServer) -> None:
    """A consumer that closes the client on a hole is not made to wait for the next attempt."""
    hole = nerkh.Hole(cause=nerkh.GapCause.RESTART)
    server.stream("StreamPrices", [UPDATE, hole, AGAIN])
    client, blocking = nerkh.AsyncClient(server.target, backoff=LONG), nerkh.Client(server.target, backoff=LONG)
    events, twin = aiter(client.market.stream_prices("BTC")), iter(blocking.market.stream_prices("BTC"))
    await anext(events)
    await anext(events)
    assert [type(next(twin)), type(next(twin))] == [nerkh.PriceUpdate, nerkh.Hole]
    await client.close()
    blocking.close()
    with pytest.raises(nerkh.ClientClosed):
        await anext(events)
    with pytest.raises(nerkh.ClientClosed):
        next(twin)


def test_threads_that_begin_as_the_client_closes_get_its_error(server: FakeServer, pool: ThreadPoolExecutor) -> None:
    """Whatever moment the close comes in, a call is answered or ends with `ClientClosed`, never with grpc's words."""
    server.answer("GetPrice", price("BTC", 1))
    for _ in range(20):
        client = nerkh.Client(server.target)
        began = len(server.calls)
        threads = [pool.submit(_ask_on, client) for _ in range(3)]
        _until_blocking(lambda began=began: len(server.calls) > began)
        client.close()
        assert [thread.result(30) for thread in threads] == [nerkh.ClientClosed] * 3


def _ask_on(client: nerkh.Client) -> type[Exception]:
    while True:
        try:
            client.market.price("BTC")
        except Exception as error:  # noqa: BLE001  # the test judges which
            return type(error)
