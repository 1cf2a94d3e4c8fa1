"""The table of errors: reason, code and details of each."""

from __future__ import annotations

import json

import pytest
from google.rpc import error_details_pb2, status_pb2

from server import errors
from server.model import Attempt, Outcome
from server.rpc.status import refusal_of

TRIED = (Attempt("binance", Outcome.TIMEOUT, 1.5), Attempt("kraken", Outcome.HTML, 0.2))

TABLE = [
    (errors.InvalidField("quote", "x", "USD"), "INVALID_FIELD", "INVALID_ARGUMENT", ("BadRequest",)),
    (errors.InvalidPageToken("x", "a token"), "INVALID_PAGE_TOKEN", "INVALID_ARGUMENT", ("BadRequest",)),
    (errors.Unknown("asset", "x", ("bitcoin",)), "UNKNOWN_ASSET", "NOT_FOUND", ()),
    (errors.Unknown("source", "x"), "UNKNOWN_SOURCE", "NOT_FOUND", ()),
    (errors.Unknown("egress route", "x"), "UNKNOWN_EGRESS_ROUTE", "NOT_FOUND", ()),
    (errors.Unsupported("candles", ("1h",)), "UNSUPPORTED", "FAILED_PRECONDITION", ()),
    (errors.SourcesFailed("price", TRIED), "ALL_SOURCES_FAILED", "UNAVAILABLE", ("RetryInfo",)),
    (errors.SourcesExhausted("price", TRIED), "SOURCES_EXHAUSTED", "UNAVAILABLE", ("RetryInfo",)),
    (errors.RateLimited(2.5), "RATE_LIMITED", "RESOURCE_EXHAUSTED", ("QuotaFailure", "RetryInfo")),
    (errors.TooManyStreams(16), "TOO_MANY_STREAMS", "RESOURCE_EXHAUSTED", ("QuotaFailure", "RetryInfo")),
    (errors.DeadlineTooShort(0.5, TRIED), "DEADLINE_TOO_SHORT", "DEADLINE_EXCEEDED", ()),
    (errors.CursorExpired("abc"), "CURSOR_EXPIRED", "OUT_OF_RANGE", ()),
    (errors.ShuttingDown(), "SHUTTING_DOWN", "UNAVAILABLE", ("RetryInfo",)),
    (errors.StoreUnavailable(), "STORE_UNAVAILABLE", "UNAVAILABLE", ("RetryInfo",)),
    (errors.BadAnswer("html"), "INTERNAL", "INTERNAL", ()),
    (KeyError("a secret"), "INTERNAL", "INTERNAL", ()),
]


@pytest.mark.parametrize(("error", "reason", "code", "details"), TABLE, ids=lambda each: type(each).__name__)
def test_each_error_has_its_reason_code_and_details(
    error: Exception, reason: str, code: str, details: tuple[str, ...]
) -> None:
    """As the contract's table says, with exactly one ErrorInfo, first."""
    refusal = refusal_of(error, "request-1")
    assert (refusal.reason, refusal.code.name) == (reason, code)
    status = status_pb2.Status.FromString(refusal.encoded())
    kinds = [detail.TypeName().rsplit(".", 1)[1] for detail in status.details]
    assert kinds == ["ErrorInfo", *details]
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    assert (info.domain, info.reason) == ("nerkh", reason)


def test_every_error_of_the_tree_is_told() -> None:
    """A new error of the domain is given its row, or this fails."""
    tree = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.NerkhError)}
    assert tree - {errors.NerkhError} == {type(error) for error, *_ in TABLE if isinstance(error, errors.NerkhError)}


def test_details_say_what_to_do() -> None:
    """Suggestions, what is supported, the attempts, the oldest cursor, and nothing of an unforeseen error."""
    assert refusal_of(errors.Unknown("asset", "x", ("a", "b")), "").metadata == {"didYouMean": "a,b"}
    assert refusal_of(errors.Unsupported("x", ("1h", "1d")), "").metadata == {"supported": "1h,1d"}
    assert json.loads(refusal_of(errors.SourcesFailed("price", TRIED), "").metadata["attempts"]) == [
        {"source": "binance", "outcome": "timeout", "latencyMs": 1500},
        {"source": "kraken", "outcome": "html", "latencyMs": 200},
    ]
    assert refusal_of(errors.CursorExpired("abc"), "").metadata == {"oldestCursor": "abc"}
    told = refusal_of(KeyError("a secret"), "request-1")
    assert told.metadata == {"requestId": "request-1"}
    assert "secret" not in told.message


def test_an_error_fits_into_the_least_metadata() -> None:
    """However long the lists, the details stay under the 8 KiB that clients take."""
    tried = tuple(Attempt(f"a_source_with_a_name_{number}", Outcome.SERVER_ERROR, 1.0) for number in range(300))
    for error in (errors.SourcesFailed("x", tried), errors.Unsupported("x", tuple("abcdefghij" * 300))):
        assert len(refusal_of(error, "").encoded()) < 8192 // 2
