"""The promise of the confidence, measured against the simulator's known truth; scripts/consensus is the long form."""

from __future__ import annotations

import pytest

from tests.fallback.market import FIVE, LIES, Tally, measure


@pytest.mark.parametrize("asset", ["bitcoin", "solana"])
def test_with_one_liar_in_five_the_truth_lies_within_the_confidence(asset: str) -> None:
    """At least 95 of 100 answers cover the true price, also of those that no dispute made wide; none is wrong."""
    whole = Tally()
    for seed in (1, 2):
        whole.add(measure(seed, FIVE, liars=True, answers=300, asset=asset))
    assert whole.sure >= 0.97 * whole.answers
    assert whole.covered >= 0.95 * whole.sure
    assert whole.decided >= 0.6 * whole.sure
    assert whole.covered_decided >= 0.95 * whole.decided
    assert whole.wrong == 0


def test_without_a_liar_the_confidence_is_small_and_true() -> None:
    """Five honest sources agree within some basis points, and the truth lies among them."""
    found = measure(4, FIVE, liars=False, answers=250)
    assert found.decided == found.sure
    assert found.covered >= 0.95 * found.sure
    assert sorted(found.wide)[len(found.wide) // 2] < 30


@pytest.mark.parametrize("lies", [[each] for each in LIES], ids=LIES)
def test_no_single_lie_is_ever_served_as_sure(lies: list[str]) -> None:
    """Whatever the lie, in turn at each of five sources, no fresh answer is off by more than it says."""
    found = measure(5, FIVE, liars=True, answers=120, lies=lies)
    assert found.wrong == 0
    assert found.covered >= 0.9 * found.sure
