"""The domain's errors as `google.rpc.Status`: the one place that knows codes, reasons and details.

Every refusal carries exactly one ErrorInfo of the domain `nerkh`; nothing here shows a traceback, a URL or a key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from server.errors import (
    CursorExpired,
    DeadlineTooShort,
    InvalidField,
    InvalidPageToken,
    NerkhError,
    RateLimited,
    ShuttingDown,
    SourcesExhausted,
    SourcesFailed,
    StoreUnavailable,
    TooManyStreams,
    Tried,
    Unknown,
    Unsupported,
)

DOMAIN = "nerkh"
DETAILS = "grpc-status-details-bin"
SHOWN, LONGEST = 20, 600
"""Most names listed in one error, most characters of its message: clients take 8 KiB of metadata in all."""

Code = grpc.StatusCode


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as the caller gets it."""

    code: grpc.StatusCode
    reason: str
    message: str
    metadata: dict[str, str] = field(default_factory=dict)
    details: tuple[Message, ...] = ()

    def encoded(self) -> bytes:
        """Return the `google.rpc.Status` for the trailing metadata."""
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        for detail in (info, *self.details):
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        return bytes(status.SerializeToString())


def refusal_of(error: Exception, request_id: str) -> Refusal:
    """Return how an error is told; whatever is not the domain's own is INTERNAL, with the request id alone."""
    for kind, told in _TOLD:
        if isinstance(error, kind):
            refusal = told(error)
            return refusal if len(refusal.message) <= LONGEST else replace(refusal, message=_cut(refusal.message))
    message = f"internal error; quote the request id {request_id} when you report it"
    return Refusal(Code.INTERNAL, "INTERNAL", message, {"requestId": request_id})


def unknown_method(path: str) -> Refusal:
    """Return how a method that does not exist is told."""
    return Refusal(Code.UNIMPLEMENTED, "UNKNOWN_METHOD", f"no method {path[:200]}")


def unauthenticated() -> Refusal:
    """Return how a call without the operators' token is told."""
    text = "this listener wants the operators' token: authorization: Bearer <the text of admin.token>"
    return Refusal(Code.UNAUTHENTICATED, "TOKEN_REQUIRED", text)


def slow_consumer() -> Refusal:
    """Return how a stream ends whose frames were not read."""
    text = "the stream was not read for too long; read faster, follow fewer keys or ask for a conflation interval"
    return Refusal(Code.RESOURCE_EXHAUSTED, "SLOW_CONSUMER", text, {}, (_retry(1.0),))


def _invalid(error: InvalidField) -> Refusal:
    reason = "INVALID_PAGE_TOKEN" if isinstance(error, InvalidPageToken) else "INVALID_FIELD"
    violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=f"expected {error.expected}")
    details = (error_details_pb2.BadRequest(field_violations=[violation]),)
    return Refusal(Code.INVALID_ARGUMENT, reason, str(error), {}, details)


def _unknown(error: Unknown) -> Refusal:
    metadata = {"didYouMean": ",".join(error.suggestions[:SHOWN])} if error.suggestions else {}
    return Refusal(Code.NOT_FOUND, f"UNKNOWN_{error.what.upper().replace(' ', '_')}", str(error), metadata)


def _unsupported(error: Unsupported) -> Refusal:
    metadata = {"supported": ",".join(error.supported[:SHOWN])} if error.supported else {}
    return Refusal(Code.FAILED_PRECONDITION, "UNSUPPORTED", str(error), metadata)


def _sources_failed(error: SourcesFailed) -> Refusal:
    reason = "SOURCES_EXHAUSTED" if isinstance(error, SourcesExhausted) else "ALL_SOURCES_FAILED"
    details = (_retry(error.retry_after_s),)
    return Refusal(Code.UNAVAILABLE, reason, str(error), _attempts(error.attempts), details)


def _rate_limited(error: RateLimited) -> Refusal:
    details = (_quota("requests", str(error)), _retry(error.retry_after_s))
    return Refusal(Code.RESOURCE_EXHAUSTED, "RATE_LIMITED", str(error), {}, details)


def _too_many_streams(error: TooManyStreams) -> Refusal:
    details = (_quota("streams", str(error)), _retry(1.0))
    return Refusal(Code.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS", str(error), {}, details)


def _deadline(error: DeadlineTooShort) -> Refusal:
    metadata = {"spentMs": f"{error.spent_s * 1000:.0f}", **_attempts(error.attempts)}
    return Refusal(Code.DEADLINE_EXCEEDED, "DEADLINE_TOO_SHORT", str(error), metadata)


def _cursor_expired(error: CursorExpired) -> Refusal:
    return Refusal(Code.OUT_OF_RANGE, "CURSOR_EXPIRED", str(error), {"oldestCursor": error.oldest})


def _shutting_down(error: ShuttingDown) -> Refusal:
    return Refusal(Code.UNAVAILABLE, "SHUTTING_DOWN", str(error), {}, (_retry(1.0),))


def _store_unavailable(error: StoreUnavailable) -> Refusal:
    return Refusal(Code.UNAVAILABLE, "STORE_UNAVAILABLE", str(error), {}, (_retry(5.0),))


_TOLD: tuple[tuple[type[NerkhError], Callable[[Any], Refusal]], ...] = (
    (InvalidField, _invalid),
    (Unknown, _unknown),
    (Unsupported, _unsupported),
    (SourcesFailed, _sources_failed),
    (RateLimited, _rate_limited),
    (TooManyStreams, _too_many_streams),
    (DeadlineTooShort, _deadline),
    (CursorExpired, _cursor_expired),
    (ShuttingDown, _shutting_down),
    (StoreUnavailable, _store_unavailable),
)


def _cut(text: str) -> str:
    return text[: LONGEST - 1] + "…"


def _retry(seconds: float) -> error_details_pb2.RetryInfo:
    info = error_details_pb2.RetryInfo()
    info.retry_delay.FromNanoseconds(int(max(0.0, seconds) * 1e9))
    return info


def _quota(subject: str, text: str) -> error_details_pb2.QuotaFailure:
    violation = error_details_pb2.QuotaFailure.Violation(subject=subject, description=text)
    return error_details_pb2.QuotaFailure(violations=[violation])


def _attempts(attempts: Iterable[Tried]) -> dict[str, str]:
    rows = [
        {"source": attempt.source, "outcome": attempt.outcome.value, "latencyMs": round(attempt.latency_s * 1000)}
        for attempt in attempts
    ]
    return {"attempts": json.dumps(rows[:SHOWN], separators=(",", ":"))} if rows else {}
