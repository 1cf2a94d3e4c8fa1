"""A lane by itself: when an attempt at it is late, and what it remembers not to know."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from server.fallback import lane as lanes
from server.fallback.breaker import Breaker
from server.fallback.classify import Verdict
from server.fallback.figures import FIGURES
from server.fallback.lane import Lane
from server.fallback.standing import Standing
from server.model import Asset, Kind, Outcome, PriceQuery
from tests.fallback.world import BTC_USD, ETH_USD, TOY, source


def one() -> Lane:
    """Return a lane that nobody asked yet."""
    row = source("a")
    return Lane(Standing(row, row.base_url, ()), TOY.capabilities[0], Breaker(lambda: 0.5))


def test_time_outs_of_its_own_do_not_excuse_a_source() -> None:
    """However long it has let callers wait, it is late after a quarter of what its kind's calls have."""
    lane = one()
    for _ in range(20):
        lane.measures.note(Outcome.TIMEOUT, Verdict.FAILURE, 8.0, 0.0, datetime(2026, 1, 1, tzinfo=UTC), 0.0)
    lane.measures.refresh(0.0)
    bound = FIGURES[Kind.PRICE].deadline_s / 4
    assert lane.measures.overdue_s() == 3.0 > bound
    assert lane.late_s() == bound


def test_what_it_does_not_know_is_remembered_for_an_hour_and_not_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """By asset and quote; what was learned longest ago makes room."""
    monkeypatch.setattr(lanes, "_MOST_LEARNED", 2)
    lane = one()
    lane.learn(BTC_USD, 0.0)
    assert lane.is_ignorant(BTC_USD, 3599.9)
    assert not lane.is_ignorant(BTC_USD, 3600.0)
    assert not lane.is_ignorant(PriceQuery(BTC_USD.asset, "EUR"), 1.0)
    lane.learn(ETH_USD, 1.0)
    lane.learn(BTC_USD, 2.0)
    lane.learn(PriceQuery(Asset("x", "X", "X"), "USD"), 3.0)
    assert len(lane.learned) == 2
    assert lane.is_ignorant(BTC_USD, 4.0)
    assert not lane.is_ignorant(ETH_USD, 4.0)
