"""Checks per kind: what each bound refuses and what it lets pass, at its edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from server.fallback.checks import believable, judge
from server.fallback.figures import FIGURES, figures_of
from server.model import (
    INTERVALS,
    Article,
    Articles,
    Asset,
    AssetsQuery,
    Balance,
    BalanceQuery,
    Block,
    BlockQuery,
    Candle,
    Candles,
    CandlesQuery,
    Chain,
    ChainFamily,
    ChainQuery,
    ChainStatus,
    FearGreed,
    FearGreedQuery,
    FearGreedReading,
    GasPrice,
    GasQuery,
    Kind,
    ListedAssets,
    NewsQuery,
    Outcome,
    Overview,
    OverviewQuery,
    Price,
    PriceQuery,
    Prices,
    PricesQuery,
    Query,
    TokenBalance,
    Transaction,
    TransactionPage,
    TransactionQuery,
    TransactionsQuery,
    Value,
    WhalesQuery,
    WhaleTransaction,
    WhaleTransactions,
)

NOW = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
BITCOIN = Asset("bitcoin", "BTC", "Bitcoin")
CHAIN = Chain("bitcoin", "Bitcoin", ChainFamily.BITCOIN, "bitcoin", "BTC", 8, block_time_s=600)
HOUR = INTERVALS["1h"]
D = Decimal

PRICE = Price("bitcoin", "USD", D(100), NOW, bid=D(99), ask=D(101), high=D(110), low=D(90))
CANDLE = Candle(NOW.replace(minute=0, second=0), D(10), D(12), D(9), D(11), D(5))
CANDLES = Candles("bitcoin", "USD", "1h", (replace(CANDLE, open_time=CANDLE.open_time - HOUR.span), CANDLE))
GAS = GasPrice("bitcoin", "sat/vB", D(1), D(2), D(3))
BALANCE = Balance("bitcoin", "bc1qxyz", "BTC", D(1))
TRANSACTION = Transaction("bitcoin", "ab", "confirmed", D(1), D(0))
WHALE = WhaleTransaction("bitcoin", "ab", "bitcoin", "BTC", D(1000))
READING = FearGreedReading(D(50), "Neutral", NOW - timedelta(hours=12))
ARTICLE = Article("1", "T", "https://x", NOW, ("x",))
OVERVIEW = Overview(D(10), bitcoin_dominance=D(50), ethereum_dominance=D(0))

QUERIES: dict[type, Query] = {
    Price: PriceQuery(BITCOIN),
    Prices: PricesQuery(),
    Candles: CandlesQuery(BITCOIN, HOUR),
    ListedAssets: AssetsQuery(),
    Overview: OverviewQuery(),
    Articles: NewsQuery(),
    FearGreed: FearGreedQuery(),
    GasPrice: GasQuery(CHAIN),
    Block: BlockQuery(CHAIN),
    ChainStatus: ChainQuery(CHAIN),
    Balance: BalanceQuery(CHAIN, "BC1QXYZ"),
    Transaction: TransactionQuery(CHAIN, "AB"),
    TransactionPage: TransactionsQuery(CHAIN, "bc1qxyz"),
    WhaleTransactions: WhalesQuery(CHAIN),
}


def outcome_of(value: Value, query: Query | None = None) -> Outcome:
    """Return how the checks end for a value."""
    query = query or QUERIES[type(value)]
    flaw, _, _ = judge(query, value, NOW, figures_of(query, NOW))
    return Outcome.OK if flaw is None else flaw.outcome


GOOD: list[Value] = [
    PRICE,
    replace(PRICE, bid=D(101)),
    replace(PRICE, value=D("89.2")),
    replace(PRICE, value=D("111.1")),
    replace(PRICE, source_time=NOW - timedelta(seconds=60)),
    replace(PRICE, source_time=NOW + timedelta(seconds=119)),
    Prices((PRICE,) * 20),
    CANDLES,
    Candles("bitcoin", "USD", "1h", ()),
    ListedAssets(()),
    OVERVIEW,
    Articles((ARTICLE,)),
    Articles(()),
    FearGreed((READING,)),
    GAS,
    Block("bitcoin", 1, "ab", NOW - timedelta(hours=1), source_time=NOW - timedelta(minutes=99)),
    ChainStatus("bitcoin", 1),
    BALANCE,
    TRANSACTION,
    TransactionPage("bitcoin", "bc1qxyz", (TRANSACTION,)),
    WhaleTransactions("bitcoin", (WHALE,)),
]


@pytest.mark.parametrize("value", GOOD, ids=lambda value: type(value).__name__)
def test_what_is_within_bounds_passes(value: Value) -> None:
    """Values at the edge of their bounds are believed."""
    assert outcome_of(value) is Outcome.OK


OUT: list[Value] = [
    replace(PRICE, value=D(0)),
    replace(PRICE, value=D(-1)),
    replace(PRICE, value=D("1e12"), high=None),
    replace(PRICE, bid=D("101.01")),
    replace(PRICE, value=D("89.0"), bid=None),
    replace(PRICE, value=D("111.2"), ask=None),
    replace(PRICE, source_time=NOW + timedelta(seconds=121)),
    Prices(()),
    Prices((PRICE, replace(PRICE, value=D(-1)))),
    replace(CANDLES, candles=(replace(CANDLE, low=D(11)),)),
    replace(CANDLES, candles=(replace(CANDLE, high=D(10)),)),
    replace(CANDLES, candles=(replace(CANDLE, low=D(-1)),)),
    replace(CANDLES, candles=(replace(CANDLE, volume=D(-1)),)),
    replace(CANDLES, candles=(CANDLE, CANDLE)),
    replace(CANDLES, candles=CANDLES.candles[::-1]),
    replace(CANDLES, candles=(replace(CANDLE, open_time=NOW),)),
    replace(CANDLES, candles=(replace(CANDLE, open_time=NOW + timedelta(days=1)),)),
    replace(OVERVIEW, total_market_cap=D(0)),
    replace(OVERVIEW, bitcoin_dominance=D("100.1")),
    replace(OVERVIEW, ethereum_dominance=D(-1)),
    Articles((replace(ARTICLE, published_time=NOW + timedelta(days=1)),)),
    FearGreed(()),
    FearGreed((replace(READING, value=D(101)),)),
    FearGreed((replace(READING, time=NOW + timedelta(days=1)),)),
    replace(GAS, fast=D("1e6")),
    replace(GAS, slow=D(-1)),
    Block("bitcoin", -1, "ab", NOW),
    ChainStatus("bitcoin", -1),
    replace(BALANCE, amount=D(-1)),
    replace(BALANCE, tokens=(TokenBalance("x", "X", "0x", D(-1)),)),
    replace(TRANSACTION, amount=D(-1)),
    replace(TRANSACTION, fee=D(-1)),
    TransactionPage("bitcoin", "bc1qxyz", (replace(TRANSACTION, amount=D(-1)),)),
    WhaleTransactions("bitcoin", (replace(WHALE, amount=D(-1)),)),
]


@pytest.mark.parametrize("value", OUT, ids=lambda value: type(value).__name__)
def test_what_is_out_of_bounds_is_refused(value: Value) -> None:
    """Each bound of the table refuses what is just beyond it."""
    assert outcome_of(value) is Outcome.OUT_OF_BOUNDS


WRONG: list[Value] = [
    replace(PRICE, asset="ethereum"),
    replace(CANDLES, asset="ethereum"),
    replace(CANDLES, interval="1d"),
    replace(GAS, chain="ethereum"),
    replace(BALANCE, address="other"),
    replace(TRANSACTION, hash="cd"),
    TransactionPage("bitcoin", "other", ()),
]


@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
def test_an_answer_of_something_else_is_refused(value: Value) -> None:
    """Another asset, interval, chain, address or hash than was asked for is never served."""
    assert outcome_of(value) is Outcome.WRONG_ASSET


OLD: list[Value] = [
    replace(PRICE, source_time=NOW - timedelta(seconds=61)),
    Prices((PRICE,), NOW - timedelta(minutes=6)),
    replace(CANDLES, candles=(replace(CANDLE, open_time=CANDLE.open_time - 4 * HOUR.span),)),
    replace(OVERVIEW, source_time=NOW - timedelta(hours=2)),
    FearGreed((replace(READING, time=NOW - timedelta(hours=27)),)),
    replace(GAS, source_time=NOW - timedelta(minutes=101)),
]


@pytest.mark.parametrize("value", OLD, ids=lambda value: type(value).__name__)
def test_data_past_its_longest_age_is_stale(value: Value) -> None:
    """Age is judged on the source's own time; for candles by when the last one closed, for chains by ten blocks."""
    assert outcome_of(value) is Outcome.STALE


def test_what_is_closed_is_kept_for_good_and_never_stale() -> None:
    """Candles that have all closed, and a block by its height, do not age."""
    closed = CandlesQuery(BITCOIN, HOUR, end_time=NOW.replace(second=0))
    assert figures_of(closed, NOW).ttl_s == 10  # a source may not know yet of the last one
    assert figures_of(closed, NOW + timedelta(minutes=2)).ttl_s == float("inf")
    assert figures_of(CandlesQuery(BITCOIN, HOUR, end_time=NOW), NOW).ttl_s == 10  # the last opened before it, and runs
    month = CandlesQuery(BITCOIN, INTERVALS["1M"], end_time=NOW - timedelta(days=30))
    assert figures_of(month, NOW).ttl_s == 10
    assert figures_of(month, NOW + timedelta(days=2)).ttl_s == float("inf")
    one = CANDLES.candles[-1]
    until = replace(closed, end_time=one.open_time + 3 * HOUR.span)
    assert outcome_of(replace(CANDLES, candles=(one,)), until) is Outcome.OK
    assert outcome_of(replace(CANDLES, candles=(one,)), replace(until, limit=1)) is Outcome.OK
    old = Block("bitcoin", 1, "ab", NOW - timedelta(days=5000), source_time=NOW - timedelta(days=5000))
    assert outcome_of(old, BlockQuery(CHAIN, "1")) is Outcome.OK
    assert figures_of(BlockQuery(CHAIN), NOW).ttl_s == 5
    assert figures_of(BlockQuery(CHAIN, "ab" * 32), NOW).ttl_s == float("inf")
    assert figures_of(BlockQuery(CHAIN, "1"), NOW).ttl_s == 60  # a young block may yet give way to another


def test_every_kind_has_its_figures() -> None:
    """No kind is left without a time to live and a deadline."""
    assert set(FIGURES) == set(Kind)


@pytest.mark.parametrize("broken", [D("NaN"), D("sNaN")])
def test_a_value_that_breaks_arithmetic_raises_for_the_attempt_to_catch(broken: Decimal) -> None:
    """A NaN that a parser let through is no price; the attempt takes the error for a broken schema."""
    with pytest.raises(ArithmeticError):
        judge(QUERIES[Price], replace(PRICE, value=broken), NOW, FIGURES[Kind.PRICE])


def test_a_list_is_kept_without_the_rows_that_are_out_of_bounds() -> None:
    """One impossible price or article among many does not cost the list, and does not get into it."""
    wild = replace(PRICE, value=D("1e15"))
    list_ = Prices((*(PRICE,) * 19, wild))
    assert outcome_of(list_) is Outcome.OK
    assert believable(list_, NOW) == Prices((PRICE,) * 19)
    feed = Articles((ARTICLE, replace(ARTICLE, published_time=NOW + timedelta(days=9000))))
    assert outcome_of(feed) is Outcome.OK
    assert believable(feed, NOW) == Articles((ARTICLE,))
    assert believable(PRICE, NOW) is PRICE


def test_a_closed_range_whose_end_is_missing_is_stale() -> None:
    """A source that stands still gives the first part of it: that must not be kept for good."""
    last = CANDLES.candles[-1]
    query = CandlesQuery(BITCOIN, HOUR, end_time=last.open_time + 4 * HOUR.span)
    flaw, age_s, _ = judge(query, CANDLES, query.end_time + timedelta(days=5), figures_of(query, NOW))
    assert flaw is not None
    assert (flaw.outcome, flaw.detail) == (Outcome.STALE, "ends 10800 s before the asked end")
    assert age_s > 4 * 86400


def test_whales_are_as_old_as_their_chain_allows() -> None:
    """A bitcoin block may be an hour old and yet the newest."""
    query = WhalesQuery(replace(CHAIN, block_time_s=600.0))
    assert figures_of(query, NOW).longest_s == 6000
    assert figures_of(WhalesQuery(replace(CHAIN, block_time_s=1.0)), NOW).longest_s == 900


def test_a_value_of_no_checked_type_passes() -> None:
    """What has no bounds, such as a list of assets, is only checked for its age."""
    value = ListedAssets((), NOW - timedelta(days=31))
    assert outcome_of(value) is Outcome.STALE
