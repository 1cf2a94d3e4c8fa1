"""What a source has shown: which ends count, for how long, and what times are made of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from server.fallback.classify import VERDICTS
from server.fallback.measures import Measures
from server.model import Outcome

TIME = datetime(2026, 1, 1, tzinfo=UTC)


def noted(*ends: tuple[Outcome, float], at: float = 0.0) -> Measures:
    """Return the measures of calls that ended so after so long."""
    measures = Measures()
    for outcome, latency_s in ends:
        measures.note(outcome, VERDICTS[outcome], latency_s, at, TIME, 0.0)
    return measures


def test_what_says_nothing_of_a_source_is_left_out() -> None:
    """A caller that went away and an asset that is not known are neither success nor failure, nor a latency."""
    measures = noted(*[(Outcome.CANCELLED, 9.0), (Outcome.UNKNOWN_ASSET, 9.0), (Outcome.OK, 0.1)] * 10)
    measures.refresh(0.0)
    assert (measures.calls, measures.successes, measures.error_ratio) == (10, 10, 0.0)
    assert (measures.p99_s, measures.last_outcome, measures.last_failure) == (0.1, Outcome.OK, None)


def test_latency_is_that_of_answers_and_of_what_was_waited_for_in_vain() -> None:
    """A refusal that comes at once makes no source fast, and one that hangs does not look fast for it."""
    refusals = noted(*[(Outcome.OK, 1.0)] * 10, *[(Outcome.REFUSED, 0.001)] * 90)
    refusals.refresh(0.0)
    assert refusals.p50_s == 1.0
    hung = noted(*[(Outcome.OK, 0.1)] * 80, *[(Outcome.TIMEOUT, 5.0)] * 10, *[(Outcome.OVERDUE, 3.0)] * 10)
    hung.refresh(0.0)
    assert (hung.p50_s, hung.p70_s, hung.p95_s, hung.p99_s) == (0.1, 0.1, 5.0, 5.0)


def test_an_attempt_may_take_half_as_long_again_as_the_slowest_hundredth() -> None:
    """Between its bounds; two seconds while fewer than ten are known."""
    assert noted(*[(Outcome.OK, 0.1)] * 9).attempt_s(0.5, 8.0) == 2.0
    assert noted().attempt_s(3.0, 8.0) == 3.0
    assert noted().attempt_s(0.5, 1.0) == 1.0
    for latency_s, attempt_s in ((0.01, 0.5), (2.0, 3.0), (7.0, 8.0)):
        assert noted(*[(Outcome.OK, latency_s)] * 10).attempt_s(0.5, 8.0) == pytest.approx(attempt_s)


def test_an_attempt_is_late_by_what_is_usual_for_its_source() -> None:
    """Between a tenth of a second and three seconds; half a second while fewer than ten are known."""
    assert noted(*[(Outcome.OK, 0.1)] * 9).overdue_s() == 0.5
    for latency_s, late_s in ((0.01, 0.1), (0.7, 0.7), (7.0, 3.0)):
        assert noted(*[(Outcome.OK, latency_s)] * 10).overdue_s() == late_s


def test_failures_are_forgotten_after_ten_minutes() -> None:
    """Counts for good stay."""
    measures = noted(*[(Outcome.RESET, 0.1)] * 5, at=0.0)
    measures.note(Outcome.OK, VERDICTS[Outcome.OK], 0.1, 500.0, TIME, 0.0)
    measures.refresh(600.0)
    assert (measures.recent, measures.error_ratio) == (6, pytest.approx(5 / 6))
    measures.refresh(601.0)
    assert (measures.recent, measures.error_ratio, measures.calls) == (1, 0.0, 6)


def test_a_success_that_was_a_lie_is_a_failure() -> None:
    """In its place while it is the last one, else beside it."""
    measures = noted((Outcome.OK, 0.1), (Outcome.OK, 0.1))
    measures.recant(Outcome.OUT_OF_BOUNDS, 1.0, TIME)
    assert (measures.calls, measures.successes, measures.counts(1.0)) == (2, 1, (2, 1))
    assert (measures.last_outcome, measures.last_failure) == (Outcome.OUT_OF_BOUNDS, TIME)
    measures.recant(Outcome.OUT_OF_BOUNDS, 1.0, TIME)
    assert (measures.calls, measures.successes, measures.counts(1.0)) == (3, 1, (3, 1))


def test_lag_is_smoothed_over_about_ten_answers() -> None:
    """Failures say nothing of how old a source's data is."""
    measures = Measures()
    for outcome, age_s in ((Outcome.OK, 10.0), (Outcome.RESET, 500.0), (Outcome.OK, 10.0)):
        measures.note(outcome, VERDICTS[outcome], 0.1, 0.0, TIME, age_s)
    assert measures.lag_s == pytest.approx(1.9)
