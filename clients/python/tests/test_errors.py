"""Errors: the tree, what a status becomes, and what the server says beside it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import grpc
import nerkh
import pytest
from google.rpc import error_details_pb2, status_pb2
from nerkh import _exceptions
from nerkh._status import DETAILS_KEY, error_of, status_of
from nerkh.testing import FakeServer, price

ATTEMPTS = (
    nerkh.Attempt(source="binance", outcome=nerkh.Outcome.TIMEOUT, latency_ms=800.0),
    nerkh.Attempt(source="kraken", outcome=nerkh.Outcome.SKIPPED_OPEN),
)
VIOLATION = nerkh.FieldViolation("page_size", "expected a number from 0 to 250")
ERRORS: tuple[nerkh.NerkhError, ...] = (
    nerkh.InvalidArgument("page_size: -1 is not valid", violations=(VIOLATION,)),
    nerkh.InvalidPageToken("page_token: not ours", violations=(nerkh.FieldViolation("page_token", "one of ours"),)),
    nerkh.NotFound("no asset 'FOO'", did_you_mean=("food", "fox"), reason="UNKNOWN_ASSET"),
    nerkh.Unsupported("candles of FOO are not served", supported=("1h", "1d")),
    nerkh.SourcesFailed("no source could answer", attempts=ATTEMPTS, retry_after=timedelta(seconds=5)),
    nerkh.SourcesExhausted("every source is resting", retry_after=timedelta(seconds=30)),
    nerkh.RateLimited("too many requests", retry_after=timedelta(milliseconds=1500)),
    nerkh.TooManyStreams("16 streams at once"),
    nerkh.DeadlineExceeded("the deadline ended"),
    nerkh.CursorExpired("the cursor is too old", oldest_cursor="17"),
    nerkh.ShuttingDown("the service is shutting down", retry_after=timedelta(seconds=1)),
    nerkh.Unavailable("the database cannot be reached", reason="STORE_UNAVAILABLE"),
    nerkh.Unauthenticated("this listener wants the operators' token", reason="TOKEN_REQUIRED"),
    nerkh.InternalError("quote the request id", metadata={"requestId": "abc"}),
)


def _told(error: nerkh.NerkhError) -> dict[str, Any]:
    """Return all that an error says, but the metadata that its own fields repeat."""
    return {name: value for name, value in vars(error).items() if name != "metadata"} | {"kind": type(error)}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_an_error_travels_whole(
    server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client, error: nerkh.NerkhError
) -> None:
    """What the server states comes out as the class and fields of its reason, by both clients."""
    server.fail("GetPrice", error)
    with pytest.raises(nerkh.NerkhError) as caught:
        await client.market.price("BTC")
    assert _told(caught.value) == _told(error)
    assert str(caught.value) == error.message
    with pytest.raises(nerkh.NerkhError) as caught:
        blocking.market.price("BTC")
    assert _told(caught.value) == _told(error)


def test_the_tree_is_as_its_docstring_says() -> None:
    """The module's docstring draws the tree that the classes make, and all of it is exported."""
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (_exceptions.__doc__ or "").splitlines():
        found = re.match(r"([│ ├└─]*)(\w+)", line)
        if found and (found[1] or line == "NerkhError"):
            path[len(found[1]) // 4 :] = [found[2]]
            drawn[found[2]] = path[-2] if len(path) > 1 else "Exception"
    made = {
        name: value.__base__.__name__
        for name, value in vars(_exceptions).items()
        if isinstance(value, type) and issubclass(value, Exception) and value.__base__ is not None
    }
    assert drawn == made
    assert set(made) <= set(nerkh.__all__)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, nerkh.Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, nerkh.DeadlineExceeded),
        (grpc.StatusCode.UNAUTHENTICATED, nerkh.Unauthenticated),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, nerkh.RateLimited),
        (grpc.StatusCode.INTERNAL, nerkh.InternalError),
        (grpc.StatusCode.UNIMPLEMENTED, nerkh.NerkhError),
    ],
)
def test_a_status_without_details_has_an_error(code: grpc.StatusCode, kind: type[nerkh.NerkhError]) -> None:
    """A proxy's status, or gRPC's own, becomes the error of its code."""
    error = error_of(code, None, None)
    assert type(error) is kind
    assert (error.code, error.message) == (code.name, code.name)


def test_details_of_others_decide_nothing() -> None:
    """An ErrorInfo of another domain gives no reason."""
    status = status_pb2.Status(code=14)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="ALL_SOURCES_FAILED", domain="example.com"))
    error = error_of(grpc.StatusCode.UNAVAILABLE, "gone", [(DETAILS_KEY, status.SerializeToString())])
    assert type(error) is nerkh.Unavailable


@pytest.mark.parametrize("details", [b"\xff\xff", "text", None])
def test_broken_details_are_passed_over(details: Any) -> None:
    """Details that cannot be read leave the error of the code."""
    trailers = [(DETAILS_KEY, details), ("x-request-id", b"req-1")]
    error = error_of(grpc.StatusCode.NOT_FOUND, "no asset", trailers)
    assert isinstance(error, nerkh.NotFound)
    assert (error.did_you_mean, error.request_id) == ((), "req-1")


@pytest.mark.parametrize("kind", ["ErrorInfo", "BadRequest", "RetryInfo"])
def test_a_broken_detail_of_a_known_type_is_passed_over(kind: str) -> None:
    """Bytes that are no message of the type that they claim leave the other details and the error."""
    status = status_pb2.Status(code=14)
    status.details.add(type_url=f"type.googleapis.com/google.rpc.{kind}", value=b"\xff\xff")
    if kind != "ErrorInfo":
        status.details.add().Pack(error_details_pb2.ErrorInfo(reason="SHUTTING_DOWN", domain="nerkh"))
    error = error_of(grpc.StatusCode.UNAVAILABLE, "gone", [(DETAILS_KEY, status.SerializeToString())])
    assert type(error) is (nerkh.Unavailable if kind == "ErrorInfo" else nerkh.ShuttingDown)
    assert error.message == "gone"


def test_a_wait_that_cannot_be_is_passed_over() -> None:
    """A delay beyond all durations is none."""
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.seconds = 2**62
    status = status_pb2.Status(code=14)
    status.details.add().Pack(retry)
    error = error_of(grpc.StatusCode.UNAVAILABLE, "gone", [(DETAILS_KEY, status.SerializeToString())])
    assert isinstance(error, nerkh.Unavailable)
    assert error.retry_after is None


@pytest.mark.parametrize("attempts", ["nonsense", "3", '[{"source": "x"}]', '{"source": 1}'])
def test_broken_attempts_are_passed_over(attempts: str) -> None:
    """Attempts that cannot be read are none; one with an unknown outcome stays."""
    status = status_of(nerkh.SourcesFailed("x"))
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    info.metadata["attempts"] = attempts
    status.details[0].Pack(info)
    error = error_of(grpc.StatusCode.UNAVAILABLE, "x", [(DETAILS_KEY, status.SerializeToString())])
    assert isinstance(error, nerkh.SourcesFailed)
    assert error.attempts == ()


def test_an_unknown_outcome_stays_an_attempt() -> None:
    """An outcome of a newer server does not hide the attempt."""
    status = status_of(nerkh.SourcesFailed("x"))
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    info.metadata["attempts"] = '[{"source": "x", "outcome": "melted", "latencyMs": 3}]'
    status.details[0].Pack(info)
    error = error_of(grpc.StatusCode.UNAVAILABLE, "x", [(DETAILS_KEY, status.SerializeToString())])
    assert isinstance(error, nerkh.SourcesFailed)
    assert error.attempts == (nerkh.Attempt(source="x", outcome=nerkh.Outcome.UNSPECIFIED, latency_ms=3.0),)


def test_field_is_the_first_violation() -> None:
    """`field` is a short way to the first violation, empty when there is none."""
    assert nerkh.InvalidArgument("x", violations=(VIOLATION,)).field == "page_size"
    assert nerkh.InvalidArgument("x").field == ""


async def test_only_unavailable_is_retried(server: FakeServer, client: nerkh.AsyncClient) -> None:
    """UNAVAILABLE is tried again, nothing else is; an outage drains the budget and ends the retries."""
    server.fail("GetPrice", nerkh.ShuttingDown("draining"))
    server.fail("GetAsset", nerkh.InternalError("broken"))
    with pytest.raises(nerkh.ShuttingDown):
        await client.market.price("BTC")
    assert len(server.calls) == 3
    with pytest.raises(nerkh.InternalError):
        await client.market.asset("BTC")
    assert len(server.calls) == 4
    for _ in range(10):
        with pytest.raises(nerkh.ShuttingDown):
            await client.market.price("BTC")
    before = len(server.calls)
    with pytest.raises(nerkh.ShuttingDown):
        await client.market.price("BTC")
    assert len(server.calls) == before + 1


async def test_what_was_tried_out_is_not_retried(server: FakeServer, client: nerkh.AsyncClient) -> None:
    """After the service has tried every source, no client asks it to do so again at once."""
    server.fail("GetPrice", nerkh.SourcesFailed("nothing worked"))
    with pytest.raises(nerkh.SourcesFailed):
        await client.market.price("BTC")
    assert len(server.calls) == 1


async def test_nobody_there_is_unavailable() -> None:
    """A server that cannot be reached is `Unavailable`, for both clients."""
    async with nerkh.AsyncClient("127.0.0.1:1") as client:
        with pytest.raises(nerkh.Unavailable):
            await client.market.price("BTC")
    with nerkh.Client("127.0.0.1:1") as blocking, pytest.raises(nerkh.Unavailable):
        blocking.market.price("BTC")


async def test_a_timeout_is_deadline_exceeded(
    server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client
) -> None:
    """A call's own timeout, as a span or in seconds, ends it; the client's holds where none is given."""
    server.answer("GetPrice", price("BTC", 1), delay_s=60)
    for timeout in (timedelta(seconds=0.02), 0.02):
        with pytest.raises(nerkh.DeadlineExceeded):
            await client.market.price("BTC", timeout=timeout)
        with pytest.raises(nerkh.DeadlineExceeded):
            blocking.market.price("BTC", timeout=timeout)
    async with nerkh.AsyncClient(server.target, timeout=timedelta(seconds=0.02)) as impatient:
        with pytest.raises(nerkh.DeadlineExceeded):
            await impatient.market.price("BTC")
