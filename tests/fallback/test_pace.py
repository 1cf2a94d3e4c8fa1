"""The pace at which a source is asked: what each refusal and each success does to it, and between which bounds."""

from __future__ import annotations

from math import inf

import pytest

from server.fallback.pace import Pace
from server.fallback.window import Window


def paced(limit: int | None = 60) -> Pace:
    """Return the pace of so many requests a minute."""
    window = Window(limit, 60.0, 0.3)
    return Pace(window, None if limit is None else limit / 60, cut=0.5, raise_=0.05, floor=1 / 60)


def test_a_refusal_halves_the_rate_and_a_success_raises_it_by_a_twentieth() -> None:
    """Its window allows as many as the rate says."""
    pace = paced()
    assert pace.throttled(1.0, 2.0)
    assert (pace.rate, pace.share(), pace.is_slowed, pace.window.most) == (0.5, 0.5, True, 30)
    pace.succeeded(3.0)
    assert pace.rate == pytest.approx(0.525)
    assert pace.window.most == 31


def test_what_was_sent_before_a_refusal_neither_slows_nor_hastens() -> None:
    """It ends after it, and says nothing of the pace that holds since."""
    pace = paced()
    assert pace.throttled(1.0, 2.0)
    assert not pace.throttled(1.9, 3.0)
    pace.succeeded(1.9)
    assert pace.rate == 0.5
    assert pace.throttled(2.0, 4.0)
    assert pace.rate == 0.25


def test_it_never_falls_under_one_a_minute() -> None:
    """However often it is refused; one in a longer span is published where that is all there is."""
    pace = paced()
    for at in range(20):
        pace.throttled(float(at), float(at))
    assert pace.rate == 1 / 60
    rare = Pace(Window(1, 3600.0, 0.0), 1 / 3600, cut=0.5, raise_=0.05, floor=1 / 60)
    assert rare.throttled(1.0, 1.0)
    assert (rare.rate, rare.is_slowed) == (1 / 3600, False)


def test_it_never_rises_above_what_is_published() -> None:
    """Fifteen successes make up for one refusal; from there on all of the limit may be spent, and no more."""
    pace = paced()
    pace.throttled(1.0, 1.0)
    for _ in range(14):
        pace.succeeded(2.0)
    assert pace.is_slowed
    pace.succeeded(2.0)
    assert (pace.rate, pace.share(), pace.is_slowed, pace.window.most) == (1.0, 1.0, False, 60)


def test_without_a_published_limit_it_begins_from_what_was_asked_lately() -> None:
    """At a hundred a second it is held to nothing again."""
    pace = paced(None)
    assert pace.share() == 1.0
    for _ in range(600):
        pace.window.spend(59.0, 1)
    pace.throttled(59.0, 60.0)
    assert pace.rate == pytest.approx(5.0)
    while pace.is_slowed:
        before = pace.rate
        pace.succeeded(61.0)
    assert before == pytest.approx(100, rel=0.05)
    assert (pace.rate, pace.window.most) == (inf, inf)
    quiet = paced(None)
    quiet.throttled(1.0, 1.0)
    assert quiet.rate == 0.5
