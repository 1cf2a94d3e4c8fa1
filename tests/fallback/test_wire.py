"""Requests straight to their source: how they are encoded, and what becomes of connections that break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from server.clock import SystemClock
from server.errors import NerkhError
from server.fallback.engine import Engine
from server.fallback.http import Transport, TransportFailure
from server.fallback.routes import DIRECT, Route, RouteKind
from server.fallback.wire import Target, encoded
from server.model import Outcome
from server.providers.base import Limit, Request
from server.settings import Settings
from tests.fallback.proxies import talking
from tests.fallback.world import BTC_USD, RATE_ASSETS, TOY, source

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STALE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale"
over_both = pytest.mark.parametrize("way", [DIRECT, Route("other", RouteKind.DIRECT)], ids=["direct", "session"])
URL_ = URL("http://source.example/v1/price?symbol=BTC%2FUSD", encoded=True)


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[Transport, str, list[int]]]:
    """Run a server whose every connection gives these answers and is closed at the request after; counts requests."""
    counts: list[int] = []

    async def on_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(counts)
        counts.append(0)
        try:
            for answer in (*answers, b""):
                await reader.readuntil(b"\r\n\r\n")
                counts[number] += 1
                writer.write(answer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(on_line, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    transport = Transport(local=[url])
    try:
        yield transport, url, counts
    finally:
        await transport.close()
        server.close()
        await server.wait_closed()


async def test_a_body_of_many_chunks_comes_whole_though_reading_pauses() -> None:
    """Of more chunks than are read ahead the connection pauses, and goes on as they are taken from it; it serves on."""
    body = bytes(range(256)) * 1024
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = head + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    async with answering(answer, ANSWER) as (transport, url, counts):
        assert (await transport.fetch(url, Request("/"), timeout_s=20)).body == body
        assert (await transport.fetch(url, Request("/"), timeout_s=20)).body == b"ok"
        assert counts == [2]


def test_a_request_is_encoded_with_its_own_headers_before_the_usual() -> None:
    """The path stays as it is encoded; a header of the request takes the place of ours, whatever its case."""
    plain = encoded("GET", URL_).decode()
    assert plain.startswith("GET /v1/price?symbol=BTC%2FUSD HTTP/1.1\r\nHost: source.example\r\n")
    assert plain.endswith("\r\n\r\n")
    assert "Accept: */*\r\n" in plain
    assert "Content-Length" not in plain
    own = encoded("POST", URL_, {"accept": "application/json"}, b"{}").decode()
    assert own.lower().count("accept: ") == 1
    assert own.endswith("Content-Length: 2\r\n\r\n{}")
    assert "Content-Length: 0\r\n" in encoded("POST", URL_).decode()


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "a\0b"])
def test_no_header_smuggles_in_another(value: str) -> None:
    """A line break in a header's value, as a mistyped key may hold, is refused before anything is sent."""
    with pytest.raises(ValueError, match="line break"):
        encoded("GET", URL_, {"X-Api-Key": value})


async def test_a_target_shows_no_address() -> None:
    """The text of a target holds nothing of its address, for that may hold a key."""
    assert "symbol" not in repr(Target.of(URL_))


async def test_a_get_is_sent_again_when_its_connection_was_closed_meanwhile() -> None:
    """Who closes a pooled connection just then costs a second connection and no failure."""
    async with answering(ANSWER) as (transport, url, counts):
        for _ in range(3):
            assert (await transport.fetch(url, Request("/"))).body == b"ok"
        assert counts == [2, 2, 1]


async def test_a_post_is_not_sent_again() -> None:
    """What may have been done already is not asked for twice by itself."""
    async with answering(ANSWER) as (transport, url, counts):
        await transport.fetch(url, Request("/"))
        with pytest.raises(TransportFailure) as caught:
            await transport.fetch(url, Request("/", method="POST"))
        assert caught.value.outcome is Outcome.RESET
        assert counts == [2]


async def test_a_get_on_a_new_connection_is_not_sent_again() -> None:
    """A source that closes each connection without an answer is asked once: more is the caller's to decide and pay."""
    async with answering() as (transport, url, counts):
        with pytest.raises(TransportFailure) as caught:
            await transport.fetch(url, Request("/"))
        assert caught.value.outcome is Outcome.RESET
        assert counts == [1]


async def test_a_get_is_sent_twice_at_most() -> None:
    """Of two connections that were kept and are dead by now only one is made up for."""
    gate = asyncio.Event()
    arrived = 0

    async def on_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        await reader.readuntil(b"\r\n\r\n")
        arrived += 1
        if arrived == 2:
            gate.set()
        await gate.wait()  # so that both calls have a connection of their own
        writer.write(ANSWER)
        await reader.readuntil(b"\r\n\r\n")
        arrived += 1
        writer.close()

    server = await asyncio.start_server(on_line, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    transport = Transport(local=[url])
    await asyncio.gather(*(transport.fetch(url, Request("/")) for _ in range(2)))
    with pytest.raises(TransportFailure) as caught:
        await transport.fetch(url, Request("/"))
    assert caught.value.outcome is Outcome.RESET
    assert arrived == 4
    await transport.close()
    server.close()
    await server.wait_closed()


async def test_what_is_asked_of_a_source_that_hangs_up_is_what_its_limits_paid_for() -> None:
    """A source that takes each request and hangs up sees no more of them than were drawn on its quota."""
    async with answering() as (transport, url, counts):
        engine = Engine(
            catalog=[source("a", limits=(Limit(100, 60),))],
            providers={"toy": TOY},
            transport=transport,
            clock=SystemClock(),
            settings=Settings(quotes_per_s=0),
            keys={},
            rate_assets=RATE_ASSETS,
            base_urls={"a": url},
        )
        with pytest.raises(NerkhError):
            await engine.ask(BTC_USD)
        purse = engine.watch.standings["a"].quota.purses()[0]
        assert sum(counts) == purse.spent == 2  # the call, and the one repeat that the budget grants
        await engine.close()


async def test_what_comes_before_the_answer_is_passed_over() -> None:
    """Interim answers are none, and the connection stays good behind them."""
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    async with answering(early + early + ANSWER, ANSWER) as (transport, url, counts):
        for _ in range(2):
            reply = await transport.fetch(url, Request("/"))
            assert (reply.status, reply.body) == (200, b"ok")
        assert counts == [2]


async def test_a_connection_with_more_than_its_answer_is_not_used_again() -> None:
    """Bytes behind an answer would be taken for the next one's."""
    async with answering(ANSWER + ANSWER) as (transport, url, counts):
        for _ in range(3):
            assert (await transport.fetch(url, Request("/"))).body == b"ok"
        assert counts == [1, 1, 1]


async def test_a_call_that_is_ended_leaves_no_connection_behind() -> None:
    """An answer that stops halfway holds nobody's place: the next call gets a connection of its own."""
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") as (transport, url, counts):
        for _ in range(2):
            with pytest.raises(TransportFailure) as caught:
                await transport.fetch(url, Request("/"), timeout_s=0.1)
            assert caught.value.outcome is Outcome.TIMEOUT
        assert counts == [1, 1]


async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request of a line with its path."""
    while True:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))


@over_both
async def test_an_answer_that_comes_late_is_not_taken_for_that_of_the_next_request(way: Route) -> None:
    """Who sends a second answer a moment behind the first is cut off; the next question goes over another line."""
    cut = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if cut.is_set():
            await told(reader, writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await asyncio.sleep(0.05)
        writer.write(STALE)
        try:
            await reader.read()
        finally:
            cut.set()

    async with talking(talk) as port:
        url = f"http://127.0.0.1:{port}"
        transport = Transport(local=[url], doh=[url])
        assert (await transport.fetch(url, Request("/1"), egress=way)).body == b"ok"
        await asyncio.wait_for(cut.wait(), 10.0)
        for path in ("/2", "/3"):
            assert (await transport.fetch(url, Request(path), egress=way)).body == path.encode()
        await transport.close()


@over_both
async def test_an_answer_that_comes_with_the_end_of_another_is_none(way: Route) -> None:
    """The end of a body and a second answer in one piece, with the first one's head read before."""
    lines = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal lines
        lines += 1
        if lines > 1:
            await told(reader, writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER[:-1])
        await asyncio.sleep(0.05)
        writer.write(ANSWER[-1:] + STALE)
        await reader.read()

    async with talking(talk) as port:
        url = f"http://127.0.0.1:{port}"
        transport = Transport(local=[url], doh=[url])
        assert (await transport.fetch(url, Request("/1"), egress=way)).body == b"ok"
        for path in ("/2", "/3"):
            assert (await transport.fetch(url, Request(path), egress=way)).body == path.encode()
        await transport.close()
    assert lines == 2


@over_both
async def test_an_idle_connection_does_not_fill_the_memory(way: Route) -> None:
    """Who answers once, then goes on with tiny answers that nobody asked for, is cut off, and nothing is queued."""
    cut = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await asyncio.sleep(0.05)
        try:
            for _ in range(100):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 200)
                await writer.drain()
            await reader.read()
        finally:
            cut.set()

    async with talking(talk) as port:
        url = f"http://127.0.0.1:{port}"
        transport = Transport(local=[url], doh=[url])
        await transport.fetch(url, Request("/"), egress=way)
        await asyncio.wait_for(cut.wait(), 10.0)
        await transport.close()
