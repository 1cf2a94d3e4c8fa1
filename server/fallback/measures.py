"""What one source has shown lately for one kind: success, latency, lag; the plan ranks by it, attempts wait by it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from server.fallback.classify import Verdict
from server.model import Outcome

_REMEMBERED_S = 600.0
_ENOUGH = 10
_EVERY = 100
_SUCCESS = Verdict.SUCCESS
_NEUTRAL = Verdict.NEUTRAL
_CENSORED = frozenset({Outcome.TIMEOUT, Outcome.OVERDUE})


class Measures:
    """Latencies of successes and of censored calls, outcomes of the last ten minutes, and counts for good."""

    __slots__ = (
        "_latencies",
        "_outcomes",
        "calls",
        "error_ratio",
        "lag_s",
        "last_failure",
        "last_outcome",
        "last_success",
        "last_time",
        "p50_s",
        "p70_s",
        "p95_s",
        "p99_s",
        "recent",
        "successes",
        "unranked",
    )

    def __init__(self) -> None:
        self._latencies: deque[float] = deque(maxlen=200)
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=200)
        self.unranked = 0
        """How many calls came since the figures were computed."""
        self.calls = 0
        self.successes = 0
        self.recent = 0
        """On how many calls of the last ten minutes the figures rest."""
        self.error_ratio = 0.0
        self.lag_s = 0.0
        self.p50_s: float | None = None
        self.p70_s: float | None = None
        self.p95_s: float | None = None
        self.p99_s: float | None = None
        self.last_outcome: Outcome | None = None
        self.last_time: datetime | None = None
        self.last_success: datetime | None = None
        self.last_failure: datetime | None = None

    def note(  # noqa: PLR0917 -- one attempt has as many parts, and this runs on each
        self, outcome: Outcome, verdict: Verdict, latency_s: float, at: float, time: datetime, lag_s: float | None
    ) -> None:
        """Take in one attempt; one that says nothing of its source (caller gone, unknown asset) is left out.

        `lag_s` is how old the data was when it came, None where that was asked for; it is smoothed over ten answers.
        """
        if verdict is _NEUTRAL:
            return
        good = verdict is _SUCCESS
        self.calls += 1
        self.last_outcome = outcome
        self.last_time = time
        if good:
            self.successes += 1
            self.last_success = time
            if lag_s is not None:
                self.lag_s += (lag_s - self.lag_s) / 10
        else:
            self.last_failure = time
        self._outcomes.append((at, good))
        if good or outcome in _CENSORED:
            self._latencies.append(latency_s)
        self.unranked += 1
        if self.unranked >= _EVERY or (self.p99_s is None and self.unranked >= _ENOUGH):
            self.refresh(at)

    def recant(self, outcome: Outcome, at: float, time: datetime) -> None:
        """Make the last success a failure after all: what it said was found to be wrong."""
        if self._outcomes and self._outcomes[-1][1]:
            self._outcomes[-1] = (at, False)
            self.successes -= 1
        else:
            self._outcomes.append((at, False))
            self.calls += 1
        self.last_outcome, self.last_failure = outcome, time

    def refresh(self, now: float) -> None:
        """Recompute the figures that ranking and time-outs read."""
        self.unranked = 0
        self.recent, good = self.counts(now)
        self.error_ratio = (self.recent - good) / self.recent if self.recent else 0.0
        if self._latencies:
            ranked = sorted(self._latencies)
            self.p50_s, self.p70_s, self.p95_s, self.p99_s = (quantile(ranked, q) for q in (0.5, 0.7, 0.95, 0.99))

    def counts(self, now: float) -> tuple[int, int]:
        """Return how many calls there were in the last ten minutes, the last 200 at most, and how many went well."""
        outcomes = self._outcomes
        while outcomes and outcomes[0][0] < now - _REMEMBERED_S:
            outcomes.popleft()
        return len(outcomes), sum(good for _, good in outcomes)

    def attempt_s(self, floor_s: float, ceiling_s: float) -> float:
        """Return how long one attempt may take: 1.5 times the p99 between its bounds, 2 s until enough is known."""
        if self.p99_s is None or len(self._latencies) < _ENOUGH:
            return min(max(2.0, floor_s), ceiling_s)
        return min(max(1.5 * self.p99_s, floor_s), ceiling_s)

    def overdue_s(self) -> float:
        """Return after how long an attempt is late for its source: its p95 between 0.1 s and 3 s."""
        if self.p95_s is None or len(self._latencies) < _ENOUGH:
            return 0.5
        return min(max(self.p95_s, 0.1), 3.0)


def quantile(ranked: Sequence[float], share: float) -> float:
    """Return the nearest-rank quantile of a sorted, non-empty sequence."""
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
