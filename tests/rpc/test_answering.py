"""Calls to a real server: decoding, errors, deadlines, request ids, ready answers, streams, the operators' token."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from structlog.testing import capture_logs

from server.clock import VirtualClock
from server.errors import InvalidField, ShuttingDown
from server.model import Freshness, Kind, Provenance
from server.rpc.answering import refuse
from server.rpc.calls import Call, Stream, Unary
from server.rpc.status import slow_consumer
from tests.rpc.serving import pairs, served, told

ECHO, LISTEN = "/toy.Toy/Echo", "/toy.Toy/Listen"


def echo(handler: Any = None, **given: Any) -> Unary:
    """Return a method that answers with its request, or as a handler does."""

    async def same(request: Any, _call: Call) -> Any:
        return request

    return Unary(ECHO, StringValue, handler or same, **given)


def text(value: str) -> bytes:
    """Return the bytes of a toy message."""
    return StringValue(value=value).SerializeToString()


async def test_a_call_is_answered_and_counted() -> None:
    """A good call has its answer, a request id in the trailers, a count and a record without text."""
    async with served([echo()]) as toy:
        call = toy.channel.unary_unary(ECHO)(text("hello"))
        assert await call == text("hello")
        trailers = pairs(await call.trailing_metadata())
        assert len(str(trailers["x-request-id"])) >= 8
        count = toy.desk.metrics.registry.get_sample_value
        assert count("nerkh_calls_total", {"method": "toy.Toy/Echo", "code": "OK"}) == 1
        records, _ = toy.desk.requests.newest(None, 10, lambda _: True)
        assert [(record.method, record.code) for record in records] == [("toy.Toy/Echo", "OK")]
        assert toy.desk.requests.active == 0


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"\x0a\xff", "request"),
        (b"\xff\xff\xff\xff", "request"),
        (b"\x0a\x02\xff\xfe", "value"),
        (b"\x0b\x0b", "request"),
        (text("x" * 70_000), "request"),
    ],
)
async def test_what_is_malformed_is_the_callers_fault(data: bytes, field: str) -> None:
    """Broken bytes, text that is no UTF-8 and oversize requests are INVALID_ARGUMENT and name the field."""
    async with served([echo()]) as toy:
        with pytest.raises(grpc.RpcError) as caught:
            await toy.ask(ECHO, data)
    error = told(caught.value)
    assert (error.code, error.reason, error.field) == ("INVALID_ARGUMENT", "INVALID_FIELD", field)
    assert error.kinds == ("ErrorInfo", "BadRequest")


async def test_an_unknown_method_is_unimplemented_in_our_own_form() -> None:
    """A path that does not exist carries an ErrorInfo as every other failure does."""
    async with served([echo()]) as toy:
        with pytest.raises(grpc.RpcError) as caught:
            await toy.ask("/toy.Toy/Nothing")
    assert (told(caught.value).code, told(caught.value).reason) == ("UNIMPLEMENTED", "UNKNOWN_METHOD")


async def test_a_well_formed_request_id_is_taken_and_another_is_replaced() -> None:
    """The caller's id comes back when it is well formed, in failures too; a hostile one never does."""

    async def fail(_request: Any, _call: Call) -> Any:
        raise InvalidField("value", "x", "something else")

    async with served([echo(fail)]) as toy:
        for given, taken in (("my-request-1", True), ("x", False), ("a b c d e f g h", False), ("i" * 65, False)):
            with pytest.raises(grpc.RpcError) as caught:
                await toy.ask(ECHO, metadata=(("x-request-id", given),))
            assert (told(caught.value).request_id == given) is taken


async def test_an_unforeseen_error_says_the_request_id_alone_and_is_logged() -> None:
    """A bug is INTERNAL; its text stays here, with its traceback in the log."""

    async def broken(_request: Any, _call: Call) -> Any:
        raise RuntimeError("the secret inside")

    with capture_logs() as lines:
        async with served([echo(broken)]) as toy:
            with pytest.raises(grpc.RpcError) as caught:
                await toy.ask(ECHO)
    error = told(caught.value)
    assert (error.code, error.reason) == ("INTERNAL", "INTERNAL")
    assert error.metadata == {"requestId": error.request_id}
    assert "secret" not in error.message
    assert isinstance(next(line for line in lines if line["event"] == "call_broke")["exc_info"], RuntimeError)


async def slow(_request: Any, call: Call) -> Any:
    """Wait for longer than anyone does."""
    await asyncio.sleep(30)
    raise AssertionError(call)


async def test_the_methods_own_deadline_ends_a_call() -> None:
    """Without a caller's deadline the method's ends it, and says how long it was."""
    async with served([echo(slow, longest_s=0.05)]) as toy:
        with pytest.raises(grpc.RpcError) as caught:
            await toy.ask(ECHO)
    error = told(caught.value)
    assert (error.code, error.reason) == ("DEADLINE_EXCEEDED", "DEADLINE_TOO_SHORT")
    assert 40 <= int(error.metadata["spentMs"]) < 5000


async def test_the_callers_deadline_is_answered_in_time() -> None:
    """The refusal is there before the caller's own deadline, so that he reads why."""
    async with served([echo(slow)]) as toy:
        with pytest.raises(grpc.RpcError) as caught:
            await toy.ask(ECHO, timeout=2)
    assert told(caught.value).reason == "DEADLINE_TOO_SHORT"


async def test_envoys_deadline_counts_too() -> None:
    """What Envoy expects is a deadline as any other."""
    async with served([echo(slow)]) as toy:
        with pytest.raises(grpc.RpcError) as caught:
            await toy.ask(ECHO, metadata=(("x-envoy-expected-rq-timeout-ms", "50"),))
    assert told(caught.value).reason == "DEADLINE_TOO_SHORT"


async def test_a_caller_who_leaves_cancels_the_handler() -> None:
    """The handler of a cancelled call is cancelled, and the call counts as such."""
    seen = asyncio.Event()
    ended = asyncio.Event()

    async def waits(_request: Any, _call: Call) -> Any:
        seen.set()
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    async with served([echo(waits)]) as toy:
        call = toy.channel.unary_unary(ECHO)(b"")
        await asyncio.wait_for(seen.wait(), 5)
        call.cancel()
        await asyncio.wait_for(ended.wait(), 5)
        with pytest.raises(asyncio.CancelledError):
            await call
    assert toy.desk.requests.active == 0


async def test_ready_bytes_are_given_again_while_they_are_fresh_and_no_longer() -> None:
    """An answer that is kept is not made anew for the same bytes until it stops being fresh; others always are."""
    clock, made = VirtualClock(), 0

    async def fresh(request: Any, call: Call) -> Any:
        nonlocal made
        made += 1
        call.asset = "bitcoin"
        provenance = Provenance("here", clock.now(), Freshness.CACHED if request.value else Freshness.LIVE)
        call.note(provenance)
        call.keep(provenance, clock.monotonic() + 5)
        return StringValue(value=f"{request.value}{made}")

    async with served([echo(fresh, kept=Kind.PRICE)], clock=clock) as toy:
        answers = [await toy.ask(ECHO, text("a")) for _ in range(3)]
        assert answers == [text("a1")] * 3
        assert await toy.ask(ECHO, text("b")) == text("b2")
        clock.advance(5.01)
        assert await toy.ask(ECHO, text("a")) == text("a3")
        assert [await toy.ask(ECHO, b"") for _ in range(2)] == [text("4"), text("5")]
        records, _ = toy.desk.requests.newest(None, 10, lambda record: record.asset == "bitcoin")
        assert len(records) == 7
        count = toy.desk.metrics.registry.get_sample_value
        assert count("nerkh_calls_total", {"method": "toy.Toy/Echo", "code": "OK"}) == 7


async def test_forgotten_ready_bytes_are_made_anew_and_what_was_asked_before_is_not_kept() -> None:
    """An answer under way as all is forgotten goes to its caller, and to nobody after."""
    entered, go = asyncio.Event(), asyncio.Event()
    made = 0

    async def fresh(_request: Any, call: Call) -> Any:
        nonlocal made
        made += 1
        answer = StringValue(value=f"{made}")
        entered.set()
        await go.wait()
        call.keep_until = call.started + 60
        return answer

    async with served([echo(fresh, kept=Kind.GAS)]) as toy:
        asked = asyncio.create_task(toy.ask(ECHO))
        await entered.wait()
        toy.desk.forget()
        go.set()
        assert await asked == text("1")
        assert [await toy.ask(ECHO) for _ in range(3)] == [text("2")] * 3
        assert toy.desk.repeated() == {Kind.GAS: 2}
        toy.desk.forget()
        assert await toy.ask(ECHO) == text("3")
        assert toy.desk.repeated() == {Kind.GAS: 2}


async def test_ready_answers_carry_the_callers_request_id() -> None:
    """Also an answer that was ready comes back under the caller's own id; under none when he gave none."""

    async def fresh(_request: Any, call: Call) -> Any:
        call.keep_until = call.started + 60
        return StringValue(value="ready")

    async with served([echo(fresh, kept=Kind.PRICE)]) as toy:
        await toy.ask(ECHO)
        call = toy.channel.unary_unary(ECHO)(b"", metadata=(("x-request-id", "another-1"),))
        assert await call == text("ready")
        assert pairs(await call.trailing_metadata())["x-request-id"] == "another-1"
        for metadata in ((), (("x-request-id", "short"),)):
            call = toy.channel.unary_unary(ECHO)(b"", metadata=metadata)
            assert await call == text("ready")
            assert not await call.trailing_metadata()


async def test_failed_slow_and_sampled_calls_are_logged_and_others_are_not() -> None:
    """The log holds what failed, what was slow, and the samples; never a good quick call else."""

    async def some(request: Any, _call: Call) -> Any:
        if request.value:
            raise InvalidField("value", request.value, "nothing")
        return request

    for sample, slow_s, lines in ((0.0, 10.0, 1), (1.0, 10.0, 2), (0.0, 1e-9, 2)):
        with capture_logs() as logged:
            async with served([echo(some)], sample=sample, slow_s=slow_s) as toy:
                await toy.ask(ECHO)
                with pytest.raises(grpc.RpcError):
                    await toy.ask(ECHO, text("x"))
        assert len([line for line in logged if line["event"] == "call"]) == lines


def listen(count: int = 3, size: int = 1) -> Stream:
    """Return a method that streams frames; a request with text is refused before the first."""

    async def frames(request: Any, _call: Call) -> AsyncIterator[bytes]:
        if request.value:
            raise InvalidField("value", request.value, "nothing")
        for _ in range(count):
            yield b"\x0a\x01." * size
        if count > 100:
            await asyncio.sleep(30)

    return Stream(LISTEN, StringValue, frames)


async def test_a_stream_hands_on_ready_frames_under_a_request_id() -> None:
    """Frames come as they were made; the first metadata holds the request id."""
    async with served([listen()]) as toy:
        call = toy.channel.unary_stream(LISTEN)(b"")
        assert [frame async for frame in call] == [b"\x0a\x01."] * 3
        assert pairs(await call.initial_metadata())["x-request-id"]
        assert (toy.desk.streams.opened, len(toy.desk.streams)) == (1, 0)


async def test_a_stream_is_refused_before_its_first_frame() -> None:
    """A wrong request ends without any frame, so that HTTP can still say 400."""
    async with served([listen()]) as toy:
        with pytest.raises(grpc.RpcError) as caught:
            await toy.channel.unary_stream(LISTEN)(text("x")).read()
    assert told(caught.value).code == "INVALID_ARGUMENT"


async def test_a_caller_holds_so_many_streams_and_loopback_any_number() -> None:
    """The limit counts by caller as Envoy names him; this machine itself is exempt."""
    far = (("x-forwarded-for", "9.9.9.9, 203.0.113.7"),)
    async with served([listen(1000)], per_caller=2) as toy:
        stream = toy.channel.unary_stream(LISTEN)
        held = [stream(b"", metadata=far) for _ in range(2)] + [stream(b"") for _ in range(3)]
        for call in held:
            await call.read()
        with pytest.raises(grpc.RpcError) as caught:
            await stream(b"", metadata=far).read()
        other = stream(b"", metadata=(("x-forwarded-for", "203.0.113.8"),))
        await other.read()
        for call in (*held, other):
            call.cancel()
    error = told(caught.value)
    assert (error.code, error.reason) == ("RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS")
    assert error.kinds == ("ErrorInfo", "QuotaFailure", "RetryInfo")


async def test_a_stream_that_is_not_read_is_ended() -> None:
    """A write that stalls frees the stream's place; who reads on later is told why there is no more."""
    async with served([listen(100_000, 30_000)], stall_s=0.2) as toy:
        evicting = asyncio.create_task(toy.desk.streams.evict())
        call = toy.channel.unary_stream(LISTEN)(b"")
        await call.read()
        async with asyncio.timeout(10):
            while len(toy.desk.streams):  # noqa: ASYNC110 -- it has no event, and needs none but here
                await asyncio.sleep(0.02)
        evicting.cancel()
        with pytest.raises(grpc.RpcError) as caught:
            await read_out(call)
    assert told(caught.value).reason == "SLOW_CONSUMER"


async def test_a_refusal_that_nobody_hears_ends_like_a_call_that_was_left() -> None:
    """A caller whose deadline of a millisecond ended is gone before its status is sent: that is no fault of ours."""

    class Left:
        async def abort(self, *_told: object) -> None:
            raise grpc.aio.InternalError

    with pytest.raises(asyncio.CancelledError):
        await refuse(Left(), slow_consumer(), "id")  # type: ignore[arg-type]  # all that is asked of it


async def test_a_stream_that_is_not_read_and_then_left_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """The status waits behind what was not read; a caller who leaves before it gets there leaves no trace of ours."""
    async with served([listen(100_000, 30_000)], stall_s=0.2) as toy:
        evicting = asyncio.create_task(toy.desk.streams.evict())
        call = toy.channel.unary_stream(LISTEN)(b"")
        await call.read()
        async with asyncio.timeout(10):
            while len(toy.desk.streams):  # noqa: ASYNC110 -- it has no event, and needs none but here
                await asyncio.sleep(0.02)
        evicting.cancel()
        call.cancel()
        async with asyncio.timeout(10):
            while toy.desk.requests.active:  # noqa: ASYNC110 -- the same
                await asyncio.sleep(0.02)
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    # grpc's own poller logs a wake-up that another thread took: harmless, and not of this call.
    assert not [record for record in errors if not (record.exc_info and record.exc_info[0] is BlockingIOError)]


async def test_a_stream_is_never_slow() -> None:
    """It lasts as long as its caller wants: the log does not hold every one of them."""
    with capture_logs() as logged:
        async with served([listen()], slow_s=1e-9) as toy:
            await read_out(toy.channel.unary_stream(LISTEN)(b""))
    assert not [line for line in logged if line["event"] == "call"]


async def read_out(call: Any) -> None:
    """Read a stream to its end."""
    while await call.read() is not grpc.aio.EOF:
        pass


async def test_no_stream_begins_while_the_service_drains() -> None:
    """A stream that would be cut at once is refused, with the time to come back."""
    async with served([listen()]) as toy:
        toy.desk.draining = True
        with pytest.raises(grpc.RpcError) as caught:
            await toy.channel.unary_stream(LISTEN)(b"").read()
    assert told(caught.value).reason == "SHUTTING_DOWN"
    assert str(ShuttingDown()) == told(caught.value).message


@pytest.mark.parametrize(
    ("metadata", "let_in"),
    [
        ((("authorization", "Bearer right"),), True),
        ((("authorization", "Bearer wrong"),), False),
        ((("authorization", "right"),), False),
        ((), False),
        ((("authorization", "Bearer right"), ("origin", "http://evil.example")), False),
    ],
)
async def test_the_operators_listener_wants_its_token(metadata: tuple[tuple[str, str], ...], let_in: bool) -> None:
    """Without the token, and for any web page, nothing answers there, not even whether a method exists."""
    async with served([echo()], token="right") as toy:
        for path in (ECHO, "/toy.Toy/Nothing"):
            if let_in and path == ECHO:
                assert await toy.ask(path, text("x"), metadata=metadata) == text("x")
                continue
            with pytest.raises(grpc.RpcError) as caught:
                await toy.ask(path, text("x"), metadata=metadata)
            assert told(caught.value).code == ("UNIMPLEMENTED" if let_in else "UNAUTHENTICATED")
