"""The engine in virtual time over 300 faulty sources: the short form of `scripts/seeds`, and seeds that failed once."""

from __future__ import annotations

from collections import Counter

import pytest

from scripts.virtual.life import Plan, live
from server.fallback.breaker import Breaker
from server.fallback.fetch import Fetcher
from server.fallback.window import Window

KEPT = ((7, 3.0), (24, 3.0), (36, 5.0), (6, 1.0), (61, 4.0))
"""Seeds that failed once, with virtual minutes; the first three on an engine that drew its chance otherwise.

7 and 36: a hedge whose time ran out in the moment it was beaten raised into the fetch. 24: a hedge beside the last
attempt that is allowed was one too many. 6: a hedge that was beaten before it began was told as an attempt, and then
made all the same. 61: quotes that nobody asked for ran as if they were a caller's.
"""


HAPPEN = (
    "hedges",
    "hedges won",
    "probes",
    "failures",
    "gone",
    "lies of news untold",
    "limits full",
    "swept",
    "answers live",
    "answers stale",
)
"""What must have been seen for a run to prove anything."""


def test_no_promise_is_broken_whatever_the_sources_do() -> None:
    """Probes, deadlines, provenance, freshness, what was seen, the hedge budget and what is left running all hold."""
    seen: Counter[str] = Counter()
    for seed, minutes in (*((seed, 2.0) for seed in range(1001, 1003)), *KEPT):
        history = live(Plan(seed, minutes))
        assert not history.broken, seed
        assert history.figures["calls"] > 50 * minutes
        seen.update(history.figures)
    assert min(seen[name] for name in HAPPEN) > 0, seen


def test_the_same_seed_gives_the_same_history() -> None:
    """Two runs agree in every call and every answer; another seed does not."""
    one, again, other = (live(Plan(seed, 1.0)).digest for seed in (5, 5, 6))
    assert one == again
    assert one != other


def test_the_watch_sees_a_crowd_of_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A breaker that forgets its probe under way lets several through, and the watch says so."""
    admit = Breaker.admit

    def forgetful(breaker: Breaker, now: float):  # noqa: ANN202 -- as the one it takes the place of
        breaker._probe = None
        return admit(breaker, now)

    monkeypatch.setattr(Breaker, "admit", forgetful)
    assert any("probes at once" in line for seed in range(3, 13) for line in live(Plan(seed, 5.0)).broken)


def test_the_watch_sees_a_limit_overspent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that always has room lets more calls through than a source allows, and the watch says so."""
    monkeypatch.setattr(Window, "left", lambda _window, _now: 1e9)
    assert any("are allowed" in line for line in live(Plan(6, 2.0, pace=4.0)).broken)


def test_the_watch_sees_who_works_past_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch that takes more time than its caller has is said to outlive the deadline."""
    fetch = Fetcher.fetch

    async def patient(self, slot, lanes, until, **how):  # noqa: ANN001, ANN003, ANN202 -- as the one it stands for
        return await fetch(self, slot, lanes, until + 5, **how)

    monkeypatch.setattr(Fetcher, "fetch", patient)
    broken = live(Plan(3, 5.0)).broken
    assert any("outlived its caller's deadline" in line for line in broken)
