"""The domain's error tree; raised by any layer, turned into a gRPC status in one place (`rpc/status.py`).

NerkhError
├── InvalidField        a field of a request is not what it should be
│   └── InvalidPageToken
├── Unknown             an asset, chain, source, article … that does not exist
├── Unsupported         it exists, yet no source serves it
├── SourcesFailed       every source was tried and failed, and nothing is stored
├── SourcesExhausted    every source is out of quota or open, and nothing is stored
├── RateLimited         the caller asked too often
├── TooManyStreams      the caller holds too many streams
├── DeadlineTooShort    the caller's deadline ended first
├── CursorExpired       what lies behind a cursor is no longer held
├── ShuttingDown        the service is draining
└── StoreUnavailable    the database cannot be reached
BadAnswer               a source's answer is not what it should be (stays between providers and engine)
SetupError              a setting, port, folder or database is unusable (ends the process with one line)
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Protocol


class Tried(Protocol):
    """What an error tells of one attempt at one source; `server.model.Attempt` is one."""

    @property
    def source(self) -> str:
        """The source's id."""

    @property
    def outcome(self) -> Enum:
        """How it ended."""

    @property
    def latency_s(self) -> float:
        """How long it took, in seconds."""


class NerkhError(Exception):
    """Root of what a caller may be told."""


class InvalidField(NerkhError):
    """A request field is wrong. `field` is its path in the request, `expected` says what would be right."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(field, value, expected)
        self.field = field
        self.value = value
        self.expected = expected

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        return f"{self.field}: {_shown(self.value)} is not valid; expected {self.expected}"


class InvalidPageToken(InvalidField):
    """A page token that this service did not make, or made for another filter."""

    def __init__(self, value: str, expected: str) -> None:
        super().__init__("page_token", value, expected)
        self.args = (value, expected)


class Unknown(NerkhError):
    """Something that was named does not exist. `what` is an asset, chain, source or article."""

    def __init__(self, what: str, name: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(what, name, tuple(suggestions))
        self.what = what
        self.name = name
        self.suggestions = tuple(suggestions)

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        hint = f"; did you mean {', '.join(self.suggestions)}?" if self.suggestions else ""
        return f"no {self.what} {_shown(self.name)}{hint}"


class Unsupported(NerkhError):
    """What was asked exists, yet no source serves it. `supported` names what is served instead."""

    def __init__(self, what: str, supported: Sequence[str] = ()) -> None:
        super().__init__(what, tuple(supported))
        self.what = what
        self.supported = tuple(supported)

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        hint = f"; supported: {', '.join(self.supported)}" if self.supported else ""
        return f"{self.what} is not served by any source{hint}"


class SourcesFailed(NerkhError):
    """Every source failed and nothing was ever stored. `retry_after_s` is in seconds."""

    def __init__(self, what: str, attempts: Sequence[Tried] = (), retry_after_s: float = 5.0) -> None:
        super().__init__(what, tuple(attempts), retry_after_s)
        self.what = what
        self.attempts = tuple(attempts)
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        tried = ", ".join(f"{a.source} ({a.outcome.value})" for a in self.attempts)
        return f"no source could answer {self.what}" + (f"; tried {tried}" if tried else "")


class SourcesExhausted(SourcesFailed):
    """No source may be asked now: all are open or out of quota, and nothing was ever stored."""

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        return f"every source of {self.what} is resting; retry in {self.retry_after_s:.0f} s"


class RateLimited(NerkhError):
    """The caller asked too often. `retry_after_s` is in seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        return f"too many requests; retry in {self.retry_after_s:.1f} s"


class TooManyStreams(NerkhError):
    """The caller holds as many streams as one caller may."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        return f"a caller may hold {self.limit} streams at once; close one first"


class DeadlineTooShort(NerkhError):
    """The deadline ended before an answer was there. `spent_s` is in seconds."""

    def __init__(self, spent_s: float, attempts: Sequence[Tried] = ()) -> None:
        super().__init__(spent_s, tuple(attempts))
        self.spent_s = spent_s
        self.attempts = tuple(attempts)

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        return f"the deadline ended after {self.spent_s:.3f} s without an answer; allow more time"


class CursorExpired(NerkhError):
    """A stream cannot go on from a cursor without a hole. `oldest` is the oldest cursor that still can be given."""

    def __init__(self, oldest: str) -> None:
        super().__init__(oldest)
        self.oldest = oldest

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        return f"what came after the cursor is no longer held; the oldest cursor is {self.oldest}"


class ShuttingDown(NerkhError):
    """The service drains; another instance, or this one in a moment, will answer."""

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        return "the service is shutting down; retry"


class StoreUnavailable(NerkhError):
    """The database cannot be reached, and the request is one that only it can answer."""

    def __str__(self) -> str:
        """Return the sentence a caller reads."""
        return "the database cannot be reached; stored history is not available now"


class BadAnswer(Exception):
    """A source's answer is not what it should be; `reason` is a short code, the text never shows a payload.

    Reasons: html, not_json, not_xml, schema, out_of_bounds, empty, error_body, unknown_asset, throttled,
    wrong_asset, key_rejected.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        """Return the code with its detail."""
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


class SetupError(Exception):
    """Nerkh cannot start as it is set up; the text is one line that says what to do, `status` the exit status."""

    def __init__(self, text: str, status: int = 69) -> None:
        super().__init__(text, status)
        self.text = text
        self.status = status

    def __str__(self) -> str:
        """Return the one line."""
        return self.text


def _shown(value: Any) -> str:
    """Quote a caller's value for an error: one line, at most 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…'"
