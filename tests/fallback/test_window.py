"""Windows and the pace that narrows them, under any calls."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.fallback.pace import Pace
from server.fallback.window import Window

STEPS = st.lists(
    st.tuples(st.one_of(st.just(0.0), st.floats(0, 0.02), st.floats(0.97, 1.03), st.floats(0, 1)), st.integers(1, 150)),
    max_size=60,
)
"""How long nothing happens, as a share of the span, and how many tokens are then wanted."""


def spent_within(log: list[tuple[float, int]], at: float, span_s: float) -> int:
    """Return what was spent in the span that ends at a time, its beginning not counted."""
    return sum(tokens for time, tokens in log if time <= at and time + span_s > at)


@settings(max_examples=500)
@given(limit=st.integers(1, 300), span_s=st.sampled_from([1.0, 10.0, 60.0]), steps=STEPS)
def test_no_span_holds_more_than_the_limit(limit: int, span_s: float, steps: list[tuple[float, int]]) -> None:
    """Whatever is asked for when, what was allowed in any span that ends with a call is within the limit."""
    window, now, log = Window(limit, span_s, 0.3), 0.0, []
    for wait_s, tokens in steps:
        now += wait_s * span_s
        if window.left(now) >= tokens:
            window.spend(now, tokens)
            log.append((now, tokens))
        assert spent_within(log, now, span_s) <= limit


@given(limit=st.integers(1, 300), steps=STEPS)
def test_what_left_the_window_is_free_again_when_it_says(limit: int, steps: list[tuple[float, int]]) -> None:
    """The time that is told is the first at which as many tokens are there; an unused span later all of them are."""
    window, now = Window(limit, 10.0, 0.0), 0.0
    for wait_s, tokens in steps:
        now += wait_s * 10.0
        wanted = min(tokens, limit)
        at = window.free_at(now, wanted)
        assert (at == now) is (window.left(now) >= wanted)
        if at > now:
            assert window.left(at) >= wanted
            now = at
        window.spend(now, wanted)
    full = window.full_at()
    assert window.left(now if full is None else full) == limit


@given(limit=st.integers(1, 600), span_s=st.sampled_from([1.0, 60.0]), events=st.lists(st.booleans(), max_size=300))
def test_the_pace_stays_between_its_floor_and_the_published_rate(limit: int, span_s: float, events: list[bool]) -> None:
    """Refusals halve it, successes raise it by a twentieth, one a minute is always left, and never more than all."""
    window = Window(limit, span_s, 0.3)
    pace = Pace(window, limit / span_s, cut=0.5, raise_=0.05, floor=1 / 60)
    for now, good in enumerate(events):
        before = pace.rate
        if good:
            pace.succeeded(now)
            assert pace.rate == min(before * 1.05, limit / span_s)
        else:
            pace.throttled(now, now)
            assert pace.rate == max(before / 2, 1 / 60)
        assert min(limit / span_s, 1 / 60) <= pace.rate <= limit / span_s
        assert 1 <= window.most <= limit
        assert window.most / window.span_s <= max(pace.rate, 1 / 60) * (1 + 1e-9)


def test_calls_that_were_under_way_at_a_refusal_are_one_refusal() -> None:
    """Thirty answers of 429 to calls sent together halve the rate once, and a success among them raises nothing."""
    window = Window(600, 60.0, 0.0)
    pace = Pace(window, 10.0, cut=0.5, raise_=0.05, floor=1 / 60)
    for number in range(30):
        pace.throttled(1.0, 2.0 + number / 100)
    pace.succeeded(1.0)
    assert (pace.rate, window.most) == (5.0, 300)
    pace.throttled(3.0, 4.0)
    assert pace.rate == 2.5


def test_without_a_published_limit_a_refusal_begins_from_what_was_asked() -> None:
    """Half of what was asked lately is allowed then, ever more with each success, and no limit at last."""
    window = Window(None, 60.0, 0.3)
    pace = Pace(window, None, cut=0.5, raise_=0.05, floor=1 / 60)
    for number in range(240):
        window.spend(number / 4, 1)
    pace.throttled(59.0, 60.0)
    assert pace.rate == pytest.approx(2.0, rel=0.02)
    assert window.most == int(pace.rate * 60)
    successes = 0
    while pace.is_slowed:
        pace.succeeded(61.0)
        successes += 1
    assert window.most == inf
    assert 60 < successes < 100


def test_what_weighs_more_than_the_pace_allows_is_borne_once_the_span_is_empty() -> None:
    """All that the limit holds, behind users without their part of it; then the span is waited for."""
    window = Window(10, 10.0, 0.3)
    window.slow(0.2)
    assert (window.most, window.left(0.0)) == (2, 2)
    assert window.bears(0.0, 10, background=False, goes_on=False)
    assert window.bears(0.0, 7, background=True, goes_on=False)
    assert not window.bears(0.0, 8, background=True, goes_on=False)
    assert not window.bears(0.0, 11, background=False, goes_on=False)
    window.spend(0.0, 5)
    assert not window.bears(9.9, 5, background=False, goes_on=False)
    assert window.bears(9.9, 5, background=False, goes_on=True)
    assert not window.bears(9.9, 6, background=False, goes_on=True)
    assert window.free_at(1.0, 5) == 10.0


def test_tokens_that_are_remembered_together_leave_with_the_last_of_them() -> None:
    """Of large windows a hundredth of the span is one entry; none of it is free before all of it is."""
    window = Window(1000, 100.0, 0.0)
    window.spend(0.0, 500)
    window.spend(0.9, 500)
    assert window.left(100.5) == 0
    assert window.free_at(100.5, 1) == pytest.approx(100.9)
    assert window.left(100.9) == 1000
