"""The errors that the clients raise, made from the server's status; every one carries fields, no text to parse.

NerkhError
├── InvalidArgument         a field of the request is not what it should be
│   └── InvalidPageToken
├── NotFound                an asset, chain, source or article that does not exist
├── Unsupported             it exists, yet no source serves it
├── RateLimited             the caller asked too often
│   └── TooManyStreams
├── DeadlineExceeded        no answer came in time
├── CursorExpired           a stream's cursor is older than what can be replayed
├── Unavailable             the service cannot be reached, or cannot answer now; retry later
│   ├── SourcesFailed       every source was tried and failed, and nothing is stored
│   │   └── SourcesExhausted
│   └── ShuttingDown
├── Unauthenticated         the token is missing or wrong
├── InternalError           the service failed; quote the request id
├── ClientClosed            the client was closed, before the call or while it was in flight
└── InvalidAnswer           the answer is not what the contract says
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, TypedDict, Unpack

from nerkh._models.common import Attempt


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of a request, by its path, and what would be right."""

    field: str
    description: str


class About(TypedDict, total=False):
    """What every error may carry beside its text; `NerkhError` says what each means."""

    reason: str
    code: str
    request_id: str
    metadata: Mapping[str, str]


class NerkhError(Exception):
    """Root of all errors.

    `reason` is the server's word (`UNKNOWN_ASSET`), `code` the gRPC status's name. `request_id` finds the call in the
    server's log, empty when the server was not reached. `metadata` is all that the server said beside, by key.
    """

    default_reason: ClassVar[str] = "UNKNOWN"
    default_code: ClassVar[str] = "UNKNOWN"

    def __init__(self, message: str, **about: Unpack[About]) -> None:
        super().__init__(message)
        self.message = message
        self.reason = about.get("reason") or self.default_reason
        self.code = about.get("code") or self.default_code
        self.request_id = about.get("request_id", "")
        self.metadata: Mapping[str, str] = dict(about.get("metadata") or {})


class InvalidArgument(NerkhError):
    """A field of the request is wrong; `violations` name each field and what would be right."""

    default_reason = "INVALID_FIELD"
    default_code = "INVALID_ARGUMENT"

    def __init__(self, message: str, *, violations: tuple[FieldViolation, ...] = (), **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.violations = violations

    @property
    def field(self) -> str:
        """The path of the first field that is wrong; empty when the server named none."""
        return self.violations[0].field if self.violations else ""


class InvalidPageToken(InvalidArgument):
    """A page token that the service did not make, or made for another filter; begin at the first page."""

    default_reason = "INVALID_PAGE_TOKEN"


class NotFound(NerkhError):
    """Nothing of that name exists; `did_you_mean` holds names that are near, the nearest first."""

    default_reason = "NOT_FOUND"
    default_code = "NOT_FOUND"

    def __init__(self, message: str, *, did_you_mean: tuple[str, ...] = (), **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.did_you_mean = did_you_mean


class Unsupported(NerkhError):
    """What was asked exists, yet no source serves it; `supported` names what is served instead."""

    default_reason = "UNSUPPORTED"
    default_code = "FAILED_PRECONDITION"

    def __init__(self, message: str, *, supported: tuple[str, ...] = (), **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.supported = supported


class RateLimited(NerkhError):
    """The caller asked too often; `retry_after` says how long to wait, None when the server did not say."""

    default_reason = "RATE_LIMITED"
    default_code = "RESOURCE_EXHAUSTED"

    def __init__(self, message: str, *, retry_after: timedelta | None = None, **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.retry_after = retry_after


class TooManyStreams(RateLimited):
    """The caller holds as many streams as one caller may; close one first."""

    default_reason = "TOO_MANY_STREAMS"


class DeadlineExceeded(NerkhError):
    """No answer came in time; allow more by `timeout`."""

    default_reason = "DEADLINE_TOO_SHORT"
    default_code = "DEADLINE_EXCEEDED"


class CursorExpired(NerkhError):
    """A stream's cursor is older than what can be replayed; `oldest_cursor` is the oldest that can be, else empty."""

    default_reason = "CURSOR_EXPIRED"
    default_code = "OUT_OF_RANGE"

    def __init__(self, message: str, *, oldest_cursor: str = "", **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.oldest_cursor = oldest_cursor


class Unavailable(NerkhError):
    """The service cannot be reached, or cannot answer now; `retry_after` is None when the server did not say."""

    default_reason = "UNAVAILABLE"
    default_code = "UNAVAILABLE"

    def __init__(self, message: str, *, retry_after: timedelta | None = None, **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.retry_after = retry_after


class SourcesFailed(Unavailable):
    """Every source was tried and failed, and nothing was ever stored; `attempts` say how."""

    default_reason = "ALL_SOURCES_FAILED"

    def __init__(
        self,
        message: str,
        *,
        attempts: tuple[Attempt, ...] = (),
        retry_after: timedelta | None = None,
        **about: Unpack[About],
    ) -> None:
        super().__init__(message, retry_after=retry_after, **about)
        self.attempts = attempts


class SourcesExhausted(SourcesFailed):
    """No source may be asked now: all are resting or out of quota, and nothing was ever stored."""

    default_reason = "SOURCES_EXHAUSTED"


class ShuttingDown(Unavailable):
    """The service drains; another instance, or this one in a moment, will answer."""

    default_reason = "SHUTTING_DOWN"


class Unauthenticated(NerkhError):
    """The token is missing or wrong."""

    default_reason = "UNAUTHENTICATED"
    default_code = "UNAUTHENTICATED"


class InternalError(NerkhError):
    """The service failed; its log tells more under `request_id`."""

    default_reason = "INTERNAL"
    default_code = "INTERNAL"


class ClientClosed(NerkhError):
    """The client was closed, before the call or while it was in flight; make another."""

    default_reason = "CLIENT_CLOSED"
    default_code = "CANCELLED"

    def __init__(self, message: str = "the client is closed; make another", **about: Unpack[About]) -> None:
        super().__init__(message, **about)


class InvalidAnswer(NerkhError):
    """The answer is not what the contract says: client and server do not belong together."""

    default_reason = "INVALID_ANSWER"
    default_code = "INTERNAL"
