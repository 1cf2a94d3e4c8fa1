"""How much an asset moves: what is usual of its class, then what its own quotes show."""

from __future__ import annotations

import math
import random

import pytest

from server.fallback.volatility import Volatility, is_small, usual
from server.model import Asset


def test_it_is_measured_from_moves_and_the_times_between() -> None:
    """A Brownian path read at uneven times is found again to a fifth, from whatever was held usual."""
    chance = random.Random(7)  # noqa: S311 -- a repeatable path
    for start in (0.5e-4, 10e-4):
        found, price = Volatility(start), 100.0
        for _ in range(800):
            span = chance.uniform(1, 20)
            after = price * math.exp(chance.gauss(0, 3e-4 * math.sqrt(span)))
            found.note(price, after, span)
            price = after
        assert found.value == pytest.approx(3e-4, rel=0.2)


def test_a_leap_counts_as_a_large_step_only() -> None:
    """One price ten times off does not make the asset look wild for hours, and no span means no measure."""
    found = Volatility(2e-4)
    found.note(100, 1000, 5)
    assert found.value < 6e-4
    before = found.value
    found.note(100, 1000, 0)
    found.note(100, 1000, -5)
    assert found.value == before


def test_classes_by_place_and_peg() -> None:
    """A pegged coin moves least, a large one less than a small one; one of unknown place is small."""
    order = [Asset("t", "USDT", "", 3), Asset("b", "BTC", "", 1), Asset("m", "M", "", 50), Asset("s", "S", "", 150)]
    assert [usual(each) for each in order] == sorted({usual(each) for each in order})
    assert is_small(Asset("x", "X", ""))
    assert not is_small(order[2])
