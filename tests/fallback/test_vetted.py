"""What was believed before: jumps against it, doubts that time settles, heights that fall."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from server.clock import VirtualClock
from server.fallback.opinions import near
from server.fallback.vetted import Doubt, Vetted
from server.model import Block, BlockQuery, Chain, ChainFamily, Price, Prices, PricesQuery

D = Decimal
PRICE = Price("bitcoin", "USD", D(100))
CHAIN = Chain("x", "X", ChainFamily.EVM, "x", "X", 18, block_time_s=10)
BLOCK = Block("x", 1000, "0x", VirtualClock().now())


def test_a_jump_is_more_than_a_fifth_against_the_last_believed_price() -> None:
    """Without a believed price nothing jumps; the quote belongs to it."""
    vetted = Vetted(most=2)
    assert not vetted.jumps(PRICE)
    vetted.believe_price(PRICE, 0)
    assert not vetted.jumps(replace(PRICE, value=D(120)))
    assert vetted.jumps(replace(PRICE, value=D("120.1")))
    assert vetted.jumps(replace(PRICE, value=D("79.9")))
    assert not vetted.jumps(replace(PRICE, quote="EUR", value=D(1)))
    vetted.believe_price(replace(PRICE, quote="A"), 0)
    vetted.believe_price(replace(PRICE, quote="B"), 0)
    assert not vetted.jumps(replace(PRICE, value=D(500)))


def test_a_height_may_fall_by_a_hundred_and_is_forgotten_after_a_while() -> None:
    """A deeper fall is doubted, until nothing higher was seen for ten minutes: a lie must not stop a chain for good."""
    vetted, newest = Vetted(), BlockQuery(CHAIN)
    assert not vetted.contradicts(newest, replace(BLOCK, height=1000), 0)
    vetted.believe(newest, replace(BLOCK, height=900), 1)
    assert not vetted.contradicts(newest, replace(BLOCK, height=800), 2)
    assert vetted.contradicts(newest, replace(BLOCK, height=799), 2)
    assert not vetted.contradicts(newest, replace(BLOCK, chain="y", height=1), 2)
    assert not vetted.contradicts(newest, replace(BLOCK, height=799), 602)


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("100", "90", True), ("100", "89.9", False), ("1", "10", False)]
)
def test_two_prices_agree_within_a_tenth(one: str, other: str, *, expected: bool) -> None:
    """The order does not matter."""
    assert near(D(one), D(other)) is expected
    assert near(D(other), D(one)) is expected


def test_a_price_that_nobody_confirms_is_believed_after_ten_minutes() -> None:
    """Where one source alone serves an asset, a real move is in doubt for a while, and not for good."""
    vetted = Vetted()
    assert not vetted.doubts(PRICE, 0)
    assert vetted.doubts(replace(PRICE, value=D(130)), 10)
    assert vetted.doubts(replace(PRICE, value=D(131)), 600)
    assert not vetted.doubts(replace(PRICE, value=D(132)), 610)
    assert not vetted.jumps(replace(PRICE, value=D(140)))


def test_a_doubt_begins_anew_with_another_price_and_ends_with_a_believed_one() -> None:
    """Ten minutes of the same are needed, not ten minutes of noise."""
    vetted = Vetted()
    vetted.believe_price(PRICE, 0)
    assert vetted.doubts(replace(PRICE, value=D(200)), 0)
    assert vetted.doubts(replace(PRICE, value=D(300)), 590)
    assert vetted.doubts(replace(PRICE, value=D(300)), 700)
    assert not vetted.doubts(PRICE, 800)
    assert vetted.doubts(replace(PRICE, value=D(300)), 1300)


def test_a_list_is_believed_only_where_nothing_was() -> None:
    """What is learned stands first, and no jump replaces what was believed; the pegs are there from the start."""
    vetted = Vetted([replace(PRICE, asset="tether", value=D(1))])
    assert vetted.last("tether", "USD") == (1, True)
    assert vetted.last("bitcoin", "USD") is None
    vetted.learn(PRICE, 0)
    assert vetted.jumps(replace(PRICE, value=D(1000)))
    vetted.learn(replace(PRICE, value=D(1000)), 1000)
    assert vetted.last("bitcoin", "USD") == (100, False)


def test_a_list_goes_along_with_the_market_and_says_nothing_against_what_is_fresh() -> None:
    """What was believed more than ten minutes ago follows a list, but for a jump; a list's word is never a sure one."""
    vetted = Vetted()
    vetted.believe_price(PRICE, 0, is_sure=True)
    vetted.learn(replace(PRICE, value=D(110)), 600)
    assert vetted.last("bitcoin", "USD") == (100, True)
    vetted.learn(replace(PRICE, value=D(110)), 601)
    assert vetted.last("bitcoin", "USD") == (110, False)
    vetted.learn(replace(PRICE, value=D(133)), 1300)
    assert vetted.last("bitcoin", "USD") == (110, False)


def test_lists_that_repeat_a_jump_are_believed_of_lists_alone() -> None:
    """After ten minutes its flag falls, though the price moves on slowly; a single price is still to be confirmed."""
    vetted = Vetted()
    vetted.believe_price(PRICE, 0)
    for minute in range(10):
        gone = Prices((replace(PRICE, value=D(200 + 3 * minute)),))
        assert vetted.question(PricesQuery(), gone, 60 * minute) is Doubt.JUMPED
        assert vetted.marked(gone, 60 * minute).prices[0].flagged
    late = Prices((replace(PRICE, value=D(233)),))
    assert vetted.question(PricesQuery(), late, 660) is Doubt.NONE
    assert not vetted.contradicts(PricesQuery(), late, 660)
    assert not vetted.marked(late, 660).prices[0].flagged
    assert vetted.doubts(late.prices[0], 660)
    vetted.believe_price(PRICE, 661)
    assert vetted.marked(late, 662).prices[0].flagged


def test_two_lists_that_agree_do_not_replace_what_several_sources_just_said() -> None:
    """One coin of a list that both have wrong stays flagged; what nobody asked for of late is theirs."""
    vetted = Vetted()
    other = replace(PRICE, asset="ethereum")
    vetted.believe_price(PRICE, 0, is_sure=True)
    vetted.believe_price(other, 0)
    both = Prices((replace(PRICE, value=D(1000)), replace(other, value=D(1000))))
    vetted.believe(PricesQuery(), both, 10)
    assert [price.flagged for price in vetted.marked(both, 10).prices] == [True, False]


def test_what_is_used_all_the_time_is_not_forgotten_first() -> None:
    """The dollar's peg came first of all, and is used by every conversion: many coins do not push it out."""
    vetted = Vetted([Price("tether", "USD", Decimal(1))], most=3)
    for number in range(10):
        vetted.doubts(Price("tether", "USD", Decimal(1)), number)
        vetted.doubts(Price(f"coin{number}", "USD", Decimal(5)), number)
        assert vetted.jumps(Price("tether", "USD", Decimal(3))), number
