"""One method as it is bound and one call on its way; every servicer is written in these terms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from google.protobuf.message import Message
from grpc.aio import ServicerContext

from server.model import Attempt, Freshness, Kind, Outcome, Provenance

PRICE_S, SINGLE_S, LIST_S = 3.0, 5.0, 8.0
"""Longest time of a price, of another single value and of a list, in seconds."""

_OLD = frozenset({Freshness.STALE, Freshness.STORED})

Context: TypeAlias = "ServicerContext[Any, Any]"
"""What grpc hands a handler; requests and responses are bytes here."""


@dataclass(slots=True)
class Call:
    """One call: who asks, until when, and what is noted of it for monitoring.

    `deadline` is on the monotonic clock, infinite for a stream without one. A handler sets `keep_until` when its
    answer may be given again, byte for byte, to the same request bytes until then.
    """

    request_id: str
    caller: str
    loopback: bool
    started: float
    deadline: float
    asset: str = ""
    chain: str = ""
    source: str = ""
    freshness: str = ""
    fallback: bool = False
    keep_until: float = 0.0
    monotonic: Callable[[], float] = field(default=lambda: 0.0, repr=False)

    def left_s(self) -> float:
        """Return how many seconds the call still has; never below zero."""
        return max(0.0, self.deadline - self.monotonic())

    def note(self, provenance: Provenance, *, courses: Sequence[Sequence[Attempt]] | None = None) -> None:
        """Keep what monitoring shows of an answer's provenance.

        `courses`: of an answer that is merged, the attempts of each part for which sources were asked one after
        another. None at all where all were asked at the same time, so that none of them was the first.
        """
        if courses is None:
            courses = (provenance.attempts,)
        self.source = provenance.source
        self.freshness = provenance.freshness.value
        is_old = provenance.freshness in _OLD
        self.fallback = is_old or not all(_first_answered(each) for each in courses)

    def keep(self, provenance: Provenance, until: float) -> None:
        """Allow the response to be repeated until the cached answer it shows stops being fresh."""
        if provenance.freshness is Freshness.CACHED:
            self.keep_until = until


def _first_answered(attempts: Sequence[Attempt]) -> bool:
    """Say whether the first source that was asked gave an answer, be it to a second try.

    What was given up counts for nothing, and what was asked beside or after a good answer does not matter.
    """
    tried = [attempt for attempt in attempts if attempt.outcome is not Outcome.CANCELLED]
    return not tried or any(each.outcome is Outcome.OK for each in tried if each.source == tried[0].source)


UnaryHandler = Callable[[Message, Call], Awaitable[Message]]
StreamHandler = Callable[[Message, Call], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Unary:
    """A method with one answer. `path` is `/package.Service/Method`; `longest_s` the method's own deadline."""

    path: str
    request: type[Message]
    handler: UnaryHandler
    longest_s: float = SINGLE_S
    kept: Kind | None = None
    """The kind of data whose cached answers may be repeated from ready bytes; None for none."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A method that streams frames, already encoded; it has no deadline but the caller's."""

    path: str
    request: type[Message]
    handler: StreamHandler


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A two-way method: requests are decoded as they come, answers encoded as they go (reflection)."""

    path: str
    request: type[Message]
    handler: Callable[[AsyncIterator[Message], Call], AsyncIterator[Message]]


Method = Unary | Stream | Dialogue
