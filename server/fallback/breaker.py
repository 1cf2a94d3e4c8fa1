"""The circuit breaker: pure state and arithmetic on a clock's figures, one for each source and kind; used by lanes.

Closed, it counts; open, it refuses; half-open, it lets exactly one probe through at a time. Written here because
the libraries for it let a crowd through when a cool-down ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from server.fallback.classify import Verdict
from server.model import BreakerState


@dataclass(frozen=True, slots=True)
class Policy:
    """When a breaker trips and for how long; spans in seconds."""

    failures_in_row: int = 5
    least_calls: int = 10
    least_success: float = 0.5
    window_s: float = 60.0
    buckets: int = 10
    open_s: float = 60.0
    jitter: float = 0.2
    longest_open_s: float = 1800.0
    longest_retry_after_s: float = 300.0
    closing_successes: int = 2
    forgive_s: float = 600.0
    """Closed for as long without a trip, and the next one counts as the first again."""


_SUCCESS = Verdict.SUCCESS


class Admission(NamedTuple):
    """Leave to make one call. It belongs to one period of the breaker: what ends later does not count."""

    period: int
    probe: int
    """0 for an ordinary call, else the number of a half-open circuit's probe."""


class Breaker:
    """One circuit. Every method takes the monotonic time; none of them waits, logs or raises."""

    __slots__ = (
        "_bucket_s",
        "_call",
        "_closed_at",
        "_counts",
        "_early",
        "_forced",
        "_jitter",
        "_period",
        "_probe",
        "_probes",
        "_row",
        "_successes",
        "consecutive_failures",
        "is_open",
        "opened_at",
        "opened_counts",
        "policy",
        "retry_at",
        "trips",
    )

    def __init__(self, random: Callable[[], float], policy: Policy = Policy()) -> None:
        self.policy = policy
        self._jitter = random
        self._bucket_s = policy.window_s / policy.buckets
        self._counts: dict[int, list[int]] = {}
        self._period = 0
        self._call = Admission(0, 0)
        self._probes = 0
        self._probe: Admission | None = None
        self._early = False
        self._successes = 0
        self._forced = False
        self._closed_at = -inf
        self.is_open = False
        self.consecutive_failures = 0
        self._row = 0
        """The failures in a row before the last success."""
        self.trips = 0
        """Trips in a row; each makes the next cool-down longer."""
        self.opened_at = 0.0
        self.opened_counts = (0, 0)
        """Calls and failures in the window when it last opened; none when a probe opened it again."""
        self.retry_at = 0.0

    def state(self, now: float) -> BreakerState:
        """Return the state; an open circuit becomes half-open when its cool-down has ended."""
        if not self.is_open:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if now >= self.retry_at else BreakerState.OPEN

    def admit(self, now: float) -> Admission | None:
        """Return leave to call, None when the circuit is open or its one probe is under way.

        Who gets leave must give it back with `record` or `release`.
        """
        if not self.is_open:
            return self._call
        if now < self.retry_at or self._probe is not None:
            return None
        self._probes += 1
        self._probe = Admission(self._period, self._probes)
        return self._probe

    def record(self, admission: Admission, verdict: Verdict, now: float, retry_after_s: float | None = None) -> bool:
        """Count how an admitted call ended and free its slot; return True when the circuit opened or closed."""
        if admission.period != self._period:
            return False
        if admission.probe:
            if admission != self._probe:
                return False
            self._probe = None
            return self._probed(verdict, now, retry_after_s)
        if verdict is _SUCCESS:
            self._row, self.consecutive_failures = self.consecutive_failures, 0
            self._bucket(now)[0] += 1
        elif verdict is Verdict.FAILURE:
            self.consecutive_failures += 1
            self._bucket(now)[1] += 1
            if self._is_due(now):
                self._open(now, retry_after_s)
                return True
        return False

    def recant(self, now: float) -> bool:
        """Make the last success a failure after all; return True when the circuit opened."""
        if self.is_open:
            return False
        bucket = self._bucket(now)
        believed = next((each for each in reversed(self._counts.values()) if each[0]), bucket)
        believed[0] -= believed[0] > 0
        bucket[1] += 1
        self.consecutive_failures = self._row = max(self.consecutive_failures, self._row) + 1
        if self._is_due(now):
            self._open(now, None)
            return True
        return False

    def release(self, admission: Admission) -> None:
        """Give back leave that was not recorded; harmless when it was."""
        if admission.probe and admission == self._probe:
            self._probe = None

    def counts(self, now: float) -> tuple[int, int]:
        """Return calls and failures in the window."""
        self._forget(now)
        good = sum(bucket[0] for bucket in self._counts.values())
        bad = sum(bucket[1] for bucket in self._counts.values())
        return good + bad, bad

    def open_early(self, now: float) -> bool:
        """End a cool-down now, so that one probe may go; return False when there is none to end.

        When that probe fails the next cool-down is no longer than this one was.
        """
        if not self.is_open or self._forced or now >= self.retry_at:
            return False
        self.retry_at = now
        self._early = True
        return True

    def is_probing(self) -> bool:
        """Say whether the one probe of a half-open circuit is under way."""
        return self._probe is not None

    def is_halfway(self) -> bool:
        """Say whether a probe succeeded, and one more would close the circuit."""
        return self._successes > 0

    def force_open(self, now: float) -> None:
        """Open the circuit until it is reset."""
        self._open(now, None)
        self._forced = True
        self.retry_at = inf

    def reset(self, now: float) -> None:
        """Close the circuit and forget what was counted."""
        self._close(now)
        self.trips = 0

    def restore(self, opened_at: float, retry_at: float, trips: int) -> None:
        """Open as it was before a restart; what was counted then is gone."""
        self._turn()
        self.is_open = True
        self._forced = retry_at == inf
        self.opened_at, self.retry_at, self.trips = opened_at, retry_at, trips

    def _probed(self, verdict: Verdict, now: float, retry_after_s: float | None) -> bool:
        """Count a probe: successes in a row close the circuit, failures and throttling open it again.

        A refusal by region says nothing of the source: the next probe may come out elsewhere.
        """
        if verdict is Verdict.SUCCESS:
            self._successes += 1
            if self._successes >= self.policy.closing_successes:
                self._close(now)
                return True
        elif verdict not in (Verdict.NEUTRAL, Verdict.REGION):
            self.consecutive_failures += 1
            self._open(now, retry_after_s)
            return True
        return False

    def _is_due(self, now: float) -> bool:
        """Say whether what was counted is enough to trip."""
        policy = self.policy
        if self.consecutive_failures >= policy.failures_in_row:
            return True
        calls, failures = self.counts(now)
        return calls >= policy.least_calls and calls - failures < policy.least_success * calls

    def _open(self, now: float, retry_after_s: float | None) -> None:
        """Open for a span that grows with each trip in a row."""
        policy = self.policy
        if not self.is_open and now - self._closed_at >= policy.forgive_s:
            self.trips = 1
        elif not self._early:
            self.trips += 1
        spread = 1 + policy.jitter * (2 * self._jitter() - 1)
        span = min(policy.open_s * self.trips * spread, policy.longest_open_s)
        if retry_after_s is not None:
            span = max(span, min(retry_after_s, policy.longest_retry_after_s))
        self.opened_counts = self.counts(now)
        self._turn()
        self.is_open = True
        self.opened_at = now
        self.retry_at = now + span

    def _close(self, now: float) -> None:
        """Close and start counting from nothing."""
        self._turn()
        self.is_open = False
        self.consecutive_failures = self._row = 0
        self._closed_at = now

    def _turn(self) -> None:
        """Begin a new period: calls of the one before do not count any more."""
        self._period += 1
        self._call = Admission(self._period, 0)
        self._probe = None
        self._early = False
        self._successes = 0
        self._forced = False
        self._counts.clear()

    def _bucket(self, now: float) -> list[int]:
        """Return the successes and failures of the current bucket."""
        index = int(now // self._bucket_s)
        bucket = self._counts.get(index)
        if bucket is None:
            self._forget(now)
            bucket = self._counts[index] = [0, 0]
        return bucket

    def _forget(self, now: float) -> None:
        """Drop the buckets that left the window."""
        oldest = int(now // self._bucket_s) - self.policy.buckets + 1
        for index in [index for index in self._counts if index < oldest]:
            del self._counts[index]
