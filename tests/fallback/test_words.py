"""The small parts of the sentences: places and spans in words."""

from __future__ import annotations

import pytest

from server.clock import VirtualClock
from server.fallback.breaker import Breaker
from server.fallback.lane import Lane
from server.fallback.score import score_of
from server.fallback.standing import Standing
from server.fallback.words import excluded, figures, follower, ordinal, span
from server.model import Kind, Phase, ScorePart
from server.providers.base import Capability
from tests.fallback.world import build, parse, source


@pytest.mark.parametrize(
    ("position", "word"),
    [
        (1, "first"),
        (10, "tenth"),
        (11, "11th"),
        (12, "12th"),
        (21, "21st"),
        (22, "22nd"),
        (103, "103rd"),
        (111, "111th"),
    ],
)
def test_a_place_has_its_word(position: int, word: str) -> None:
    """Ten in letters, the others with the ending that English gives them."""
    assert ordinal(position) == word


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200000, "2 d")]
)
def test_a_span_is_told_in_one_unit(seconds: float, text: str) -> None:
    """In the largest that it holds twice."""
    assert span(seconds) == text


def weighed(id_: str, **penalties: float) -> Lane:
    """Return a lane that was asked before, with a score of these parts."""
    capability = Capability(Kind.PRICE, build, parse)
    lane = Lane(Standing(source(id_), f"https://{id_}.example", ()), capability, Breaker(VirtualClock().random))
    lane.measures.calls = lane.measures.recent = 1
    lane.parts = tuple(ScorePart(name, penalty, 1.0, penalty) for name, penalty in penalties.items())
    lane.score = score_of(lane.parts)
    return lane


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("error_ratio", "mostly for its failures"),
        ("latency_p70_s", "mostly for its latency"),
        ("lag_s", "mostly for the age of its data"),
        ("quota_used", "mostly for what is left of its quota"),
        ("moon_phase", "mostly for moon phase"),
    ],
)
def test_the_part_that_costs_most_is_the_reason(part: str, reason: str) -> None:
    """Of all parts of a score, the one by which it falls furthest behind the other's; a new part by its own name."""
    before = weighed("a", error_ratio=0.1, latency_p70_s=0.1, lag_s=0.1, quota_used=0.1)
    behind = weighed("b", **{"error_ratio": 0.1, "latency_p70_s": 0.1, "lag_s": 0.1, "quota_used": 0.1, part: 0.9})
    assert reason in follower(behind, 2, before, before, 0.1)


def test_figures_name_what_was_measured() -> None:
    """Success, latency, the age of data from a second on, and the quota where there is one."""
    lane = weighed("a", error_ratio=0.02, latency_p70_s=0.123, lag_s=12.0, quota_used=0.25)
    assert figures(lane) == "98 % success, 0.12 s at p70, data 12 s old, 75 % of its quota left"
    assert figures(weighed("b", error_ratio=0.0, latency_p70_s=0.0, lag_s=0.2)) == "100 % success"
    lane.measures.recent = 0
    assert figures(lane).startswith("not asked for it in the last 10 min, 0.12 s at p70, ")
    lane.measures.unranked = 1
    assert figures(lane).startswith("asked for it in the last 10 min only since the order was made, 0.12 s at p70, ")


def test_scores_that_round_alike_are_told_apart() -> None:
    """Nobody reads that 1.00 stands behind 1.00."""
    before, behind = weighed("a", latency_p70_s=0.001), weighed("b", latency_p70_s=0.002)
    assert "score 0.99800 behind a's 0.99900" in follower(behind, 2, before, before, 0.0)


@pytest.mark.parametrize(
    ("phase", "disabled", "told"),
    [
        (Phase.BLOCKED, None, "probed every few minutes"),
        (Phase.SUNSET, None, "probed once a day"),
        (Phase.BLOCKED, "it lies", "tried again when that has changed"),
    ],
)
def test_a_source_out_of_rotation_says_how_it_may_come_back(phase: Phase, disabled: str | None, told: str) -> None:
    """By itself when it was given up, by an operator's word when it was taken out by one."""
    clock = VirtualClock()
    row = source("a")
    lane = Lane(Standing(row, row.base_url, ()), Capability(Kind.PRICE, build, parse), Breaker(clock.random))
    lane.standing.health.phase, lane.standing.health.reason = phase, "no answer for a day"
    lane.standing.disabled = disabled
    lane.standing.settle(clock.monotonic())
    assert told in excluded(lane, "out of rotation", clock.monotonic())
