"""The budget of hedges and repeats to the token: what each fetch and each second adds, and what it holds at most."""

from __future__ import annotations

import pytest

from server.fallback.budget import Budget, BudgetPolicy

SPENT = BudgetPolicy(share=0.1, per_s=3.0, most=2.0)


def spent(policy: BudgetPolicy = SPENT) -> Budget:
    """Return a budget that has nothing left at 0 s."""
    budget = Budget(policy, 0.0)
    while budget.take_hedge(0.0):
        pass
    return budget


def test_ten_fetches_pay_for_one_hedge() -> None:
    """Each adds its share and no more; time stands still."""
    budget = spent()
    for _ in range(9):
        budget.earn()
    assert not budget.take_hedge(0.0)
    budget.earn()
    budget.earn()  # ten tenths of floats are a little less than one
    assert budget.take_hedge(0.0)
    assert not budget.take_repeat(0.0)


def test_a_second_pays_for_as_many_as_the_policy_says() -> None:
    """Hedges and repeats draw on the same tokens."""
    budget = spent(BudgetPolicy(share=0.0, per_s=3.0, most=30.0))
    assert [budget.take_hedge(1.0), budget.take_repeat(1.0), budget.take_hedge(1.0)] == [True] * 3
    assert not budget.take_repeat(1.0)
    figures = budget.figures(1.0)
    assert (figures.hedges, figures.repeats, figures.refused) == (32, 1, 2)


def test_quiet_hours_and_many_fetches_save_up_no_storm() -> None:
    """It holds what the policy says at most, whether time or fetches fill it."""
    budget = spent()
    assert budget.figures(3600.0).left == 2.0
    for _ in range(100):
        budget.earn()
    assert budget.figures(3600.0).left == 2.0


def test_a_clock_that_goes_back_adds_nothing() -> None:
    """Nor does the way forward again add more than it took."""
    budget = spent()
    budget.take_hedge(10.0)
    budget.take_hedge(10.0)
    assert budget.figures(9.0).left == 0.0
    assert budget.figures(9.1).left == pytest.approx(0.3)
