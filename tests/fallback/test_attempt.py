"""One attempt: several requests, follow-ups, big bodies, Retry-After, cancellation, faults of our own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.clock import SystemClock, VirtualClock, run_virtual
from server.fallback.attempt import Runner
from server.fallback.breaker import Breaker
from server.fallback.http import TransportFailure
from server.fallback.lane import Lane
from server.fallback.standing import Standing
from server.fallback.tried import Tried
from server.fallback.vetted import Vetted
from server.fallback.watch import Watch
from server.model import Kind, Outcome, Price, Query, Value
from server.providers.base import Capability, Follow, Reply, Request, Source
from tests.fallback.world import BTC_USD, World, build, source

GOOD = Price("bitcoin", "USD", Decimal(1))
Parse = Callable[[Source, Query, tuple[Reply, ...]], Value | Follow]


class Bench:
    """One lane with a parser of the test's own, and a runner for it."""

    def __init__(self, clock: Any, parse: Parse, requests: int = 1, kind: Kind = Kind.PRICE) -> None:
        self.world = World(clock)
        self.changed: list[str] = []
        self.vetted = Vetted()

        def build(_source: Source, _query: Query) -> tuple[Request, ...]:
            return tuple(Request(f"/{number}") for number in range(requests))

        self.lane = Lane(
            Standing(source("a"), "https://a.example", ()), Capability(kind, build, parse), Breaker(clock.random)
        )
        watch = Watch({}, clock)
        watch.changed = lambda lane: self.changed.append(lane.id)
        self.runner = Runner(
            self.world,  # type: ignore[arg-type]  # stands in for the outside world
            clock,
            self.vetted,
            watch,
            body_limit=1,
        )

    async def run(self, query: Query = BTC_USD, timeout_s: float = 5.0) -> Tried:
        """Make one attempt."""
        admission = self.lane.admit(self.world.clock.monotonic())
        assert admission is not None
        return await self.runner.run(self.lane, query, admission, timeout_s)


def play(story: Callable[[VirtualClock], Coroutine[Any, Any, None]]) -> None:
    """Run a story in simulated time."""
    run_virtual(story)


def test_the_requests_of_one_attempt_go_side_by_side() -> None:
    """Three requests of a second each take one second, and parsing sees the replies in their order."""

    def parse(_source: Source, _query: Query, replies: tuple[Reply, ...]) -> Value:
        assert [reply.body for reply in replies] == [b"/0", b"/1", b"/2"]
        return GOOD

    async def story(clock: VirtualClock) -> None:
        bench = Bench(clock, parse, requests=3)

        async def answer(request: Request) -> Reply:
            await asyncio.sleep(1 if request.path == "/0" else 0.1)
            return Reply(200, request.path.encode())

        bench.world.does("a", answer)
        tried = await bench.run()
        assert (tried.outcome, tried.latency_s) == (Outcome.OK, pytest.approx(1.0))

    play(story)


def test_the_first_request_that_fails_ends_the_attempt_and_the_others() -> None:
    """Nothing is left under way, and the outcome is that of the one that failed."""

    async def story(clock: VirtualClock) -> None:
        bench = Bench(clock, lambda *_: GOOD, requests=3)

        async def answer(request: Request) -> Reply:
            await asyncio.sleep(0.1 if request.path == "/1" else 4)
            raise TransportFailure(Outcome.RESET)

        bench.world.does("a", answer)
        tried = await bench.run()
        assert (tried.outcome, tried.latency_s) == (Outcome.RESET, pytest.approx(0.1))
        await asyncio.sleep(0)
        assert bench.world.under_way == 0

    play(story)


def test_a_parser_may_ask_for_more_but_not_for_ever() -> None:
    """Follow-ups get all replies so far; a parser that never has enough is a broken schema."""

    def twice(_source: Source, _query: Query, replies: tuple[Reply, ...]) -> Value | Follow:
        return GOOD if len(replies) == 3 else Follow((Request("/more"), Request("/more")))

    def endless(_source: Source, _query: Query, _replies: tuple[Reply, ...]) -> Value | Follow:
        return Follow((Request("/more"),))

    async def story(clock: VirtualClock) -> None:
        for parse, outcome, calls in ((twice, Outcome.OK, 3), (endless, Outcome.SCHEMA, 4)):
            bench = Bench(clock, parse)
            bench.world.replies("a", 200, b"x")
            assert (await bench.run()).outcome is outcome
            assert bench.world.asked["a"] == calls

    play(story)


async def test_a_big_body_is_parsed_beside_the_loop() -> None:
    """More than a quarter of a megabyte is parsed in a thread, so that nobody waits for it."""
    threads: list[threading.Thread] = []

    def parse(_source: Source, _query: Query, _replies: tuple[Reply, ...]) -> Value:
        threads.append(threading.current_thread())
        return GOOD

    bench = Bench(SystemClock(), parse)
    for size in (1000, 300_000):
        bench.world.replies("a", 200, bytes(size))
        assert (await bench.run()).outcome is Outcome.OK
    assert threads[0] is threading.main_thread()
    assert threads[1] is not threading.main_thread()


def test_retry_after_is_read_as_a_number_or_as_a_date() -> None:
    """What is neither is as if it were not there."""

    async def story(clock: VirtualClock) -> None:
        later = format_datetime(clock.now().replace(hour=0, minute=1), usegmt=True)
        for text, wait_s in (("30", 30), (later, 60), ("soon", None), ("-5", None), ("9" * 400, 999_999_999)):
            bench = Bench(clock, lambda *_: GOOD)
            bench.world.replies("a", 503, b"", retry_after=text)
            found = (await bench.run()).retry_after_s
            assert found == (None if wait_s is None else pytest.approx(wait_s, abs=2))
            assert (bench.lane.admit(clock.monotonic()) is None) is (wait_s is not None)

    play(story)


def test_a_call_that_is_cancelled_late_counts_as_overdue_and_early_as_nothing() -> None:
    """A caller that goes away at once says nothing of the source; one that waited past its usual time does."""

    async def story(clock: VirtualClock) -> None:
        bench = Bench(clock, lambda *_: GOOD)
        bench.world.hangs("a")
        for wait_s, calls in ((0.1, 0), (1.0, 1)):
            task = asyncio.create_task(bench.run())
            await asyncio.sleep(wait_s)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert bench.lane.measures.calls == calls
        assert bench.lane.measures.last_outcome is Outcome.OVERDUE
        assert bench.world.under_way == 0

    play(story)


def test_a_probes_slot_is_freed_when_its_caller_goes_away() -> None:
    """A cancelled probe neither closes nor blocks the circuit."""

    async def story(clock: VirtualClock) -> None:
        bench = Bench(clock, lambda *_: GOOD)
        bench.world.fails("a")
        for _ in range(5):
            await bench.run()
        clock.advance(80)
        bench.world.hangs("a")
        task = asyncio.create_task(bench.run())
        await asyncio.sleep(0.1)
        assert bench.lane.admit(clock.monotonic()) is None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert bench.lane.admit(clock.monotonic()) is not None

    play(story)


def test_a_fault_of_our_own_parser_is_logged_once_without_the_payload() -> None:
    """It is an outcome like any other, counted, and its place is named."""

    def broken(_source: Source, _query: Query, replies: tuple[Reply, ...]) -> Value:
        raise ZeroDivisionError(replies[0].body)

    async def story(clock: VirtualClock) -> None:
        bench = Bench(clock, broken)
        bench.world.replies("a", 200, b"payload")
        with capture_logs() as logs:
            for _ in range(3):
                assert (await bench.run()).outcome is Outcome.SCHEMA
        assert bench.runner.parser_errors == 3
        (event,) = logs
        assert (event["event"], event["error"], event["source"]) == ("parser failed", "ZeroDivisionError", "a")
        assert event["where"].startswith("test_attempt.py:")
        assert "payload" not in str(event)

    play(story)


async def test_waiting_for_another_large_answer_to_be_parsed_is_no_fault_of_a_source() -> None:
    """One thread parses what is large, one after another: that wait is ours, as where answers are read apart."""
    clock, begun, read = SystemClock(), threading.Event(), threading.Event()
    world = World(clock)  # type: ignore[arg-type]  # it only asks for the time

    def parse(asked: Source, _query: Query, _replies: tuple[Reply, ...]) -> Value:
        begun.set()
        assert asked.id == "quick" or read.wait(60)
        return Price("bitcoin", "USD", Decimal(1))

    async def large(_request: Request) -> Reply:
        return Reply(200, bytes(300_000))

    runner = Runner(world, clock, Vetted(), Watch({}, clock), body_limit=1)  # type: ignore[arg-type]  # stands in

    async def run(lane: Lane, timeout_s: float) -> Tried:
        world.does(lane.id, large)
        admission = lane.admit(clock.monotonic())
        assert admission is not None
        return await runner.run(lane, BTC_USD, admission, timeout_s)

    slow, quick = (
        Lane(
            Standing(source(name), f"https://{name}.example", ()),
            Capability(Kind.PRICE, build, parse),
            Breaker(clock.random),
        )
        for name in ("slow", "quick")
    )
    first = asyncio.create_task(run(slow, 60.0))
    assert await asyncio.to_thread(begun.wait, 60)
    tried = await run(quick, 0.7)
    assert (tried.outcome, tried.detail) == (Outcome.CANCELLED, "its answer was not read within 0.70 s")
    assert quick.breaker.consecutive_failures == 0
    read.set()
    other = await first
    assert (other.outcome, other.waits) == (Outcome.OK, False)
    runner.close()
