"""The vote: who agrees, who is left out and why, and how sure the price is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.fallback.consensus import (
    DEVIATIONS,
    FLOOR,
    SERVED_S,
    WITHIN_SMALL,
    Consensus,
    Quote,
    Standing,
    as_decimals,
    combine,
    leeway,
)

NOW = 1000.0
SIGMA = 2e-4


def quotes(*values: float, ages: Sequence[float] = ()) -> list[Quote]:
    """Return one quote a source, `a`, `b` and so on, all of now unless ages are given."""
    aged = [*ages, *[0.0] * (len(values) - len(ages))]
    return [Quote("abcdefgh"[place], value, NOW - aged[place]) for place, value in enumerate(values)]


def vote(*values: float, ages: Sequence[float] = (), **given: object) -> Consensus:
    """Combine such quotes."""
    return combine(quotes(*values, ages=ages), NOW, SIGMA, **given)  # type: ignore[arg-type]  # of the tests alone


def names(found: Consensus) -> str:
    """Return who agrees."""
    return "".join(sorted(each.source for each in found.agreed))


def standings(found: Consensus) -> dict[str, Standing]:
    """Return how those stand that are left out."""
    return {each.quote.source: each.standing for each in found.apart}


def test_all_equal_is_the_price_with_what_a_source_may_be_off_by() -> None:
    """Five equal quotes give that very price, and the confidence is one source's leeway."""
    found = vote(100, 100, 100, 100, 100)
    assert (found.value, names(found), found.apart) == (100, "abcde", ())
    assert found.confidence == pytest.approx(leeway(found.agreed[0], NOW, SIGMA))


def test_one_source_alone_has_no_confidence() -> None:
    """Nothing is known of the uncertainty of a price that only one source gave."""
    assert vote(100) == Consensus(100, None, tuple(quotes(100)))


def test_the_median_is_the_price_and_no_mean() -> None:
    """A source that lies within the cluster moves the price less than it would move a mean."""
    found = vote(100, 100, 100, 100, 101.9)
    assert found.value == 100


@pytest.mark.parametrize("wrong", [1000.0, 10.0, 105.0, 95.0])
@pytest.mark.parametrize("place", range(4))
def test_three_outvote_one(wrong: float, place: int) -> None:
    """The odd one of four is an outlier, whoever it is and however wrong, and widens nothing."""
    values = [100.0, 100.1, 99.9, 100.05]
    values[place] = wrong
    found = vote(*values)
    assert standings(found) == {"abcd"[place]: Standing.OUTLIER}
    assert abs(found.value - 100) < 0.2
    assert found.confidence is not None
    assert found.confidence < 0.3


def test_two_values_never_judge_each_other() -> None:
    """Two that disagree leave it open: the price is that of the preferred source, the confidence reaches the other."""
    for preferred, value, other in (("a", 100.0, 110.0), ("b", 110.0, 100.0)):
        found = vote(100, 110, preferred=preferred)
        assert (found.value, len(found.agreed)) == (value, 1)
        assert set(standings(found).values()) == {Standing.DISPUTED}
        assert found.confidence is not None
        assert abs(other - found.value) <= found.confidence


def test_two_against_one_cannot_be_decided() -> None:
    """The two are taken, but the confidence reaches over the third, and nobody is called an outlier."""
    found = vote(1000, 1000, 100)
    assert (found.value, names(found)) == (1000, "ab")
    assert standings(found) == {"c": Standing.DISPUTED}
    assert found.confidence is not None
    assert found.confidence > 900


def test_two_pairs_and_three_against_three_are_undecided() -> None:
    """Sides of one size dispute each other; the side near what was believed before is taken."""
    for believed in (100.0, 200.0):
        found = vote(100, 100, 200, 200, believed=believed)
        assert found.value == believed
        assert set(standings(found).values()) == {Standing.DISPUTED}
        found = vote(100, 100, 100, 200, 200, 200, believed=believed)
        assert found.value == believed
        assert found.confidence is not None
        assert found.confidence > 99


def test_what_was_believed_weighs_more_than_two() -> None:
    """Two that agree far from what was believed do not carry it against one that stayed there; three do."""
    found = vote(1000, 1000, 100, believed=100.0)
    assert (found.value, names(found)) == (100, "c")
    assert set(standings(found).values()) == {Standing.DISPUTED}
    assert vote(1000, 1000, 1000, 100, believed=100.0).value == 1000


def test_three_outvote_two() -> None:
    """Three of five decide against two that agree on another price."""
    found = vote(100, 100.1, 99.9, 107, 107)
    assert names(found) == "abc"
    assert set(standings(found).values()) == {Standing.OUTLIER}


def test_between_equal_sides_the_better_tier_decides_last() -> None:
    """With nothing believed and nobody preferred, the side of the best tier is taken."""
    low, high = Quote("a", 100, NOW, tier=3), Quote("b", 110, NOW, tier=1)
    assert combine([low, high], NOW, SIGMA).value == 110


def test_small_caps_may_differ_by_ten_percent() -> None:
    """What makes an outlier of a large asset's quote is usual between thin markets."""
    assert standings(vote(100, 100, 100, 107)) == {"d": Standing.OUTLIER}
    assert vote(100, 100, 100, 107, within=WITHIN_SMALL).apart == ()
    assert standings(vote(100, 100, 100, 112, within=WITHIN_SMALL)) == {"d": Standing.OUTLIER}


def test_an_older_quote_is_outdated_and_a_younger_one_disputed() -> None:
    """The market may have moved since: three younger quotes do not blame an old one, three old ones no fresh one."""
    assert standings(vote(100, 100, 100, 97, ages=[0, 0, 0, 40])) == {"d": Standing.OUTDATED}
    fresh = vote(100, 100, 100, 103, ages=[40, 40, 40, 0])
    assert standings(fresh) == {"d": Standing.DISPUTED}
    assert fresh.confidence is not None
    assert fresh.value + fresh.confidence > 103


def test_no_market_goes_so_far_in_a_minute() -> None:
    """A lone fresh quote ten times off is an outlier even against older ones; two that agree on it are not."""
    assert standings(vote(100, 100, 100, 1000, ages=[40, 40, 40])) == {"d": Standing.OUTLIER}
    found = vote(100, 100, 100, 130, 130, ages=[40, 40, 40])
    assert set(standings(found).values()) == {Standing.DISPUTED}


def test_age_scatter_and_spread_widen() -> None:
    """What may be off: half the spread, twice the scatter or 5 bp, whichever is most, and the market's moves since."""
    fresh = leeway(Quote("a", 100, NOW), NOW, SIGMA)
    assert leeway(Quote("a", 100, NOW - 60), NOW, SIGMA) > fresh
    assert leeway(Quote("a", 100, NOW, half_spread=1), NOW, SIGMA) == pytest.approx(fresh - 0.05 + 1)
    assert leeway(Quote("a", 100, NOW, scatter=0.01), NOW, SIGMA) == pytest.approx(fresh - 0.05 + 2)
    assert leeway(Quote("a", 100, NOW, scatter=1e-5), NOW, SIGMA) == fresh
    assert leeway(Quote("a", 100, NOW + 5), NOW, SIGMA) == fresh


def test_a_price_has_the_digits_that_it_means() -> None:
    """A source's own figure stays exact; one between two has the finest source's places, or seven digits."""
    own = Decimal("97500.120000000001")
    assert as_decimals(Consensus(float(own), 12.345, ()), [own]) == (own, Decimal("12.3"))
    assert as_decimals(Consensus(97500.123456, None, ()), [Decimal("97500.12")]) == (Decimal("97500.12"), None)
    assert as_decimals(Consensus(2.3456789, 0.5, ()), [Decimal(2)])[0] == Decimal("2.345679")
    small = as_decimals(Consensus(9.0512e-06, 1e-9, ()), [Decimal("0.00000905")])
    assert small == (Decimal("0.0000090512"), Decimal("1E-9"))


PRICES = st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=8)


@given(PRICES, st.lists(st.floats(0, 60), min_size=8, max_size=8))
def test_whatever_is_said_the_price_lies_among_those_who_agree(values: list[float], ages: list[float]) -> None:
    """Every quote agrees or is named; the price is within the leeway of those who agree; order does not matter."""
    given_quotes = quotes(*values, ages=ages[: len(values)])
    found = combine(given_quotes, NOW, SIGMA, preferred="a")
    assert sorted(each.source for each in (*found.agreed, *(each.quote for each in found.apart))) == sorted(
        each.source for each in given_quotes
    )
    low = min(each.value - leeway(each, NOW, SIGMA) for each in found.agreed)
    high = max(each.value + leeway(each, NOW, SIGMA) for each in found.agreed)
    assert low <= found.value <= high
    assert (found.confidence is None) == (len(values) == 1)
    again = combine(given_quotes[::-1], NOW, SIGMA, preferred="a")
    assert (again.value, again.confidence) == (found.value, found.confidence)
    for each, standing in found.apart:
        if standing is Standing.DISPUTED:
            assert found.confidence is not None
            assert abs(each.value - found.value) <= found.confidence


@given(st.lists(st.floats(99.5, 100.5), min_size=3, max_size=7), st.floats(1e-3, 1e6))
def test_one_liar_among_honest_sources_never_is_the_price(honest: list[float], lie: float) -> None:
    """However one lies, the price is that of the others, or the confidence reaches them."""
    found = vote(*honest, lie)
    assert found.confidence is not None
    assert abs(found.value - 100) <= max(1.5, found.confidence)


def test_among_pairs_the_one_near_what_was_believed_is_taken_whoever_said_it() -> None:
    """One source's word decides where nothing else does; it outvotes no larger cluster."""
    pairs = [Quote(name, value, NOW) for name, value in (("a", 100), ("b", 100.5), ("c", 200), ("d", 201))]
    for believed, agreed in ((101.0, {"a", "b"}), (199.0, {"c", "d"})):
        found = combine(pairs, NOW, SIGMA, believed=believed, is_sure=False)
        assert {each.source for each in found.agreed} == agreed
    lone = combine([*pairs[:2], pairs[2]], NOW, SIGMA, believed=199.0, is_sure=False)
    assert {each.source for each in lone.agreed} == {"a", "b"}


def test_a_confidence_outlasts_the_answers_time_to_live() -> None:
    """A quote of this very moment may be off by what the market moves while it is served: 5 s."""
    floor, moved = 100 * FLOOR, 100 * DEVIATIONS * SIGMA * SERVED_S**0.5
    assert leeway(Quote("a", 100, NOW), NOW, SIGMA) == pytest.approx(floor + moved)
