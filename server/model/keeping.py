"""What is kept of sources beyond a restart: their health, their incidents, and what operators decided of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Phase(StrEnum):
    """How far a source's failure has gone, over all that it serves."""

    WELL = "well"
    FAILING = "failing"
    BLOCKED = "blocked"
    SUNSET = "sunset"


class IncidentCause(StrEnum):
    """What happened to a source."""

    DOWN = "down"
    BLOCKED = "blocked"
    SUNSET = "sunset"
    DISABLED = "disabled"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that happened to a source, from `start_time` until `end_time`, None while it lasts.

    `kind` is the kind of data at which it showed, empty when it concerns the whole source; `count` how often it
    happened in that time.
    """

    source: str
    cause: IncidentCause
    start_time: datetime
    end_time: datetime | None
    kind: str
    reason: str
    count: int = 1

    @property
    def key(self) -> tuple[datetime, str]:
        """What tells one incident of a source from another, in the order in which they began."""
        return self.start_time, self.cause.value


class Action(StrEnum):
    """What an operator can decide of a source."""

    DISABLE = "disable"
    ENABLE = "enable"
    RESET = "reset"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of an operator; who decided is not kept. `kind` narrows a reset, empty means all kinds."""

    source: str
    action: Action
    time: datetime
    kind: str = ""
    reason: str = ""
    number: int = 0
    """Its place among all decisions, given by the database; 0 until it is stored."""


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """A circuit that was open: a restart does not ask its source before `retry_time`, None until it is reset."""

    kind: str
    opened_time: datetime
    retry_time: datetime | None
    trips: int


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source's health as it is kept. `failing_s` counts seconds of failure while other sources answered."""

    source: str
    phase: Phase
    reason: str
    failing_s: float
    nameless_s: float
    gone: int
    """How many answers in a row said that it is gone for good."""
    is_down: bool
    noted_time: datetime
    """When it last failed or was last probed."""
    circuits: tuple[OpenCircuit, ...] = ()
