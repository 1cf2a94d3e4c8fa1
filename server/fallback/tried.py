"""How one attempt ended, filled in by the runner; whoever holds it can end the attempt. Used by fetches and sweeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from server.clock import Clock
from server.fallback.health import Sign
from server.fallback.lane import Lane
from server.fallback.limit import Limit
from server.fallback.routes import DIRECT, Route
from server.fallback.trip import Trip
from server.model import Attempt, Outcome, Value

_NEVER = datetime.fromtimestamp(0, UTC)


class Tried:
    """How an attempt ended. `value` is there when it parsed, also when a check then refused it."""

    __slots__ = (
        "age_s",
        "avoid",
        "detail",
        "figures",
        "is_beaten",
        "is_behind",
        "is_late",
        "judged_at",
        "lane",
        "latency_s",
        "limit",
        "on_late",
        "outcome",
        "retry_after_s",
        "sign",
        "source_time",
        "time",
        "trip",
        "value",
        "waited_s",
        "waits",
    )

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.time = _NEVER
        """When the answer was there."""
        self.outcome = Outcome.CANCELLED
        self.detail = ""
        self.latency_s = 0.0
        self.value: Value | None = None
        self.age_s = 0.0
        """How old its data was when it was judged."""
        self.judged_at = 0.0
        """When that was (monotonic seconds)."""
        self.figures = lane.figures
        self.retry_after_s: float | None = None
        self.source_time: datetime | None = None
        self.limit: Limit | None = None
        """What bounds it while it waits for its source."""
        self.is_late = False
        """Whether it took longer than its source usually does, and is counted there while it is under way."""
        self.on_late: Callable[[], None] | None = None
        """What is to be done then."""
        self.is_beaten = False
        """Whether another attempt had the answer first."""
        self.trip: Trip | None = None
        """Its way out; None when it goes direct."""
        self.avoid: Route | None = None
        """The route of the attempt that it is a hedge of."""

        self.sign = Sign.FAILURE
        """What it is a sign of where it fails: that its name is gone, say."""
        self.is_behind = False
        """Whether its data of what was asked is old while other data of its source is not."""
        self.waits = False
        """Whether what its source answered waits for our reader."""
        self.waited_s = 0.0
        """How long it waited before it was read."""

    def age(self, now: float) -> float:
        """Return how old its data is at a monotonic time, in seconds."""
        return self.age_s + max(0.0, now - self.judged_at)

    def is_old(self, now: float) -> bool:
        """Say whether its data is past its longest age, also when it got there only after it was judged."""
        return self.is_past(self.age(now))

    def is_past(self, age_s: float) -> bool:
        """Say whether its data, so and so old, is past its longest age."""
        return self.outcome is Outcome.STALE or age_s > self.figures.longest_s

    def wait(self, clock: Clock) -> Callable[[], None]:
        """Take in that an answer waits for our reader; return what to call, in any thread, when it is being read."""
        since, self.waits = clock.monotonic(), True

        def begin() -> None:
            self.waited_s += clock.monotonic() - since
            self.waits = False

        return begin

    def own_s(self, spent_s: float) -> float:
        """Return how much of a time its source has to answer for: not the wait for our reader, none while it waits."""
        return 0.0 if self.waits else spent_s - self.waited_s

    def be_late(self) -> None:
        """Take in that it is late for its source."""
        self.is_late = True
        self.lane.late += 1
        self.lane.standing.late += 1
        if self.on_late is not None:
            self.on_late()

    def beat(self) -> None:
        """End the attempt at once, for another has the answer; it is recorded as overdue, or as nothing while young."""
        if self.limit is not None and not self.limit.is_over():
            self.is_beaten = True
            self.limit.end()

    def is_own_word(self) -> bool:
        """Say whether what came back is what its source said: over a way that is not sealed it may be another's."""
        return self.trip is None or self.trip.route.is_sealed(self.lane.standing.base_url)

    def route(self) -> Route:
        """Return the way out that was taken last."""
        return DIRECT if self.trip is None else self.trip.route

    def attempt(self) -> Attempt:
        """Return the record for provenance."""
        egress = "direct" if self.trip is None else self.trip.route.name
        return Attempt(self.lane.id, self.outcome, self.latency_s, egress, self.detail)
