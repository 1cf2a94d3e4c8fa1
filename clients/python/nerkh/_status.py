"""Makes an error of `_exceptions` from a call's status, and the status of an error; transports and `testing` use it.

The server puts one `google.rpc.Status` into `grpc-status-details-bin`, with one ErrorInfo of the domain `nerkh`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from nerkh import _exceptions as errors
from nerkh._models.common import Attempt, Outcome

DETAILS_KEY = "grpc-status-details-bin"
REQUEST_ID_KEY = "x-request-id"
DOMAIN = "nerkh"

BY_REASON: Mapping[str, type[errors.NerkhError]] = {
    kind.default_reason: kind
    for kind in (
        errors.InvalidArgument,
        errors.InvalidPageToken,
        errors.Unsupported,
        errors.SourcesFailed,
        errors.SourcesExhausted,
        errors.RateLimited,
        errors.TooManyStreams,
        errors.DeadlineExceeded,
        errors.CursorExpired,
        errors.ShuttingDown,
    )
}
BY_CODE: Mapping[str, type[errors.NerkhError]] = {
    kind.default_code: kind
    for kind in (
        errors.InvalidArgument,
        errors.NotFound,
        errors.Unavailable,
        errors.RateLimited,
        errors.DeadlineExceeded,
        errors.Unauthenticated,
        errors.InternalError,
    )
}
"""What a status becomes whose reason decides nothing: a proxy's, gRPC's own, or one of `UNKNOWN_…`."""

LISTS: Mapping[type[errors.NerkhError], tuple[str, str]] = {
    errors.NotFound: ("did_you_mean", "didYouMean"),
    errors.Unsupported: ("supported", "supported"),
}
"""Fields that are lists, and the keys under which an ErrorInfo holds them, separated by commas."""


def error_of(
    code: grpc.StatusCode, message: str | None, trailers: Iterable[tuple[str, str | bytes]] | None
) -> errors.NerkhError:
    """Return the error that a status states; whatever the trailers hold, there is one."""
    metadata = dict(list(trailers or ()))  # grpc.aio's metadata iterates over pairs, yet looks like a mapping
    info = error_details_pb2.ErrorInfo()
    bad_request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in _details(metadata.get(DETAILS_KEY)):
        for known in (info, bad_request, retry):
            if detail.Is(known.DESCRIPTOR):
                with suppress(DecodeError):  # a detail that is broken says nothing; the status still does
                    detail.Unpack(known)
    reason = info.reason if info.domain == DOMAIN else ""
    kind = BY_REASON.get(reason) or BY_CODE.get(code.name, errors.NerkhError)
    given: dict[str, Any] = {name: _listed(info.metadata.get(key, "")) for name, key in _lists_of(kind)}
    if issubclass(kind, errors.InvalidArgument):
        given["violations"] = tuple(
            errors.FieldViolation(found.field, found.description) for found in bad_request.field_violations
        )
    if issubclass(kind, errors.RateLimited | errors.Unavailable) and retry.HasField("retry_delay"):
        with suppress(ValueError, OverflowError):  # a span that no duration can be
            given["retry_after"] = retry.retry_delay.ToTimedelta()
    if issubclass(kind, errors.SourcesFailed):
        given["attempts"] = _attempts(info.metadata.get("attempts", ""))
    if issubclass(kind, errors.CursorExpired):
        given["oldest_cursor"] = info.metadata.get("oldestCursor", "")
    about = {"reason": reason, "code": code.name, "request_id": _text(metadata.get(REQUEST_ID_KEY))}
    return kind(message or code.name, **about, metadata=dict(info.metadata), **given)


def status_of(error: errors.NerkhError) -> status_pb2.Status:
    """Return the status that states an error, as the server makes it."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    for name, key in _lists_of(type(error)):
        info.metadata[key] = ",".join(getattr(error, name))
    if isinstance(error, errors.SourcesFailed):
        rows = [{"source": a.source, "outcome": a.outcome.value, "latencyMs": a.latency_ms} for a in error.attempts]
        info.metadata["attempts"] = json.dumps(rows)
    if isinstance(error, errors.CursorExpired):
        info.metadata["oldestCursor"] = error.oldest_cursor
    status = status_pb2.Status(code=grpc.StatusCode[error.code].value[0], message=error.message)
    status.details.add().Pack(info)
    if isinstance(error, errors.InvalidArgument) and error.violations:
        bad_request = error_details_pb2.BadRequest()
        for found in error.violations:
            bad_request.field_violations.add(field=found.field, description=found.description)
        status.details.add().Pack(bad_request)
    if isinstance(error, errors.RateLimited | errors.Unavailable) and error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromTimedelta(error.retry_after)
        status.details.add().Pack(retry)
    return status


def _lists_of(kind: type[errors.NerkhError]) -> Iterable[tuple[str, str]]:
    return [names for known, names in LISTS.items() if issubclass(kind, known)]


def _details(value: str | bytes | None) -> Iterable[Any]:
    if not isinstance(value, bytes):
        return ()
    try:
        return list(status_pb2.Status.FromString(value).details)
    except DecodeError:
        return ()


def _attempts(text: str) -> tuple[Attempt, ...]:
    """Read attempts from the JSON list of `{source, outcome, latencyMs}`; none when it is something else."""
    try:
        return tuple(
            Attempt(source=row["source"], outcome=_outcome(row["outcome"]), latency_ms=float(row["latencyMs"]))
            for row in json.loads(text or "[]")
        )
    except (ValueError, TypeError, KeyError):
        return ()


def _outcome(text: str) -> Outcome:
    try:
        return Outcome(text)
    except ValueError:
        return Outcome.UNSPECIFIED


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _text(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
