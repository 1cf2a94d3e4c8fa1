"""The score by its parts: each fault lowers it by its own weight, and none without bound but latency."""

from __future__ import annotations

from datetime import UTC, datetime
from random import random

import pytest

from server.fallback.breaker import Breaker
from server.fallback.classify import VERDICTS
from server.fallback.lane import Lane
from server.fallback.score import parts_of, score_of
from server.fallback.standing import Standing
from server.model import Outcome
from server.providers.base import Limit
from tests.fallback.world import TOY, source

TIME = datetime(2026, 1, 1, tzinfo=UTC)


def scored(*latencies_s: float, failures: int = 0, age_s: float = 0.0, asked: int = 0) -> dict[str, float]:
    """Return the penalties, and the score, of a source that answered so and may be asked ten times a minute."""
    row = source("a", limits=(Limit(10, 60),))
    lane = Lane(Standing(row, row.base_url, ()), TOY.capabilities[0], Breaker(random))
    for latency_s in latencies_s:
        lane.measures.note(Outcome.OK, VERDICTS[Outcome.OK], latency_s, 0.0, TIME, age_s)
    for _ in range(failures):
        lane.measures.note(Outcome.RESET, VERDICTS[Outcome.RESET], 0.0, 0.0, TIME, 0.0)
    lane.standing.quota.purses()[0].spend(0.0, asked)
    lane.measures.refresh(0.0)
    parts = parts_of(lane, 0.0)
    return {part.name: part.penalty for part in parts} | {"score": score_of(parts)}


def test_a_source_without_a_fault_scores_one() -> None:
    """So does one that nobody asked yet."""
    assert scored()["score"] == scored(0.0)["score"] == 1.0


def test_errors_weigh_four_times_their_ratio() -> None:
    """One call in four failed: as bad as an answer that takes a second."""
    found = scored(0.0, 0.0, 0.0, failures=1)
    assert (found["error_ratio"], found["score"]) == (1.0, 0.5)
    assert scored(*[1.0] * 4)["score"] == 0.5


def test_latency_is_what_seven_answers_in_ten_need_at_most() -> None:
    """The slowest three say nothing of how a source usually is, and the median would forgive too much."""
    assert scored(*[0.1] * 6, *[0.5] * 2, *[9.0] * 2)["latency_p70_s"] == 0.5


def test_lag_weighs_no_more_than_the_longest_age_does() -> None:
    """A price may be a minute old: data that lags by more is served as stale, and no worse for the ranking."""
    assert scored(0.0, age_s=300.0)["lag_s"] == pytest.approx(0.5)
    assert scored(*[0.0] * 100, age_s=6000.0)["lag_s"] == 1.0


def test_what_is_used_of_a_limit_of_a_minute_weighs() -> None:
    """A source that is nearly used up is spared while others are as good."""
    found = scored(0.0, asked=5)
    assert (found["quota_used"], found["score"]) == (0.5, pytest.approx(1 / 1.5))
