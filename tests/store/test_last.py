"""Every kind that is fetched can be read back as the last stored answer, exact and with its true origin."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D  # noqa: N817 -- it stands in every line below

import pytest

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
    Freshness,
    GasPrice,
    GasQuery,
    ListedAsset,
    ListedAssets,
    NewsQuery,
    Observation,
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
    Transfer,
    Trending,
    TrendingAsset,
    TrendingQuery,
    Value,
    WhalesQuery,
    WhaleTransaction,
    WhaleTransactions,
)
from server.store import Store

Observe = Callable[..., Observation]
NOW = datetime(2026, 11, 20, 12, 0, 30, 123456, tzinfo=UTC)
STATED = NOW - timedelta(seconds=3)
BITCOIN = Asset("bitcoin", "BTC", "Bitcoin", 1)
ETHEREUM = Asset("ethereum", "ETH", "Ethereum", 2)
TETHER = Asset("tether", "USDT", "Tether", 3)
ETH = Chain("ethereum", "Ethereum", ChainFamily.EVM, "ethereum", "ETH", 18)
BTC = Chain("bitcoin", "Bitcoin", ChainFamily.BITCOIN, "bitcoin", "BTC", 8)
HOUR = INTERVALS["1h"]
ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def price(asset: str, value: str, **more: object) -> Price:
    """Make a price."""
    return Price(asset, "USD", D(value), STATED, **more)


def candle(hour: int, close: str = "1.5", **more: object) -> Candle:
    """Make the candle of an hour of the day before."""
    opened = datetime(2026, 11, 19, hour, tzinfo=UTC)
    return Candle(opened, D(1), D(2), D("0.5"), D(close), **more)


ARTICLE = Article(
    "a1",
    "Bitcoin nears high",
    "https://example.org/a1",
    STATED,
    ("coindesk",),
    "Summary with ümlaut",
    categories=("markets", "news"),
    assets=("bitcoin",),
    sentiment=0.25,
)
TRANSACTION = Transaction(
    "bitcoin",
    "ab" * 32,
    "confirmed",
    D("1.00000001"),
    D("0.00001"),
    850_000,
    "cd" * 32,
    STATED,
    inputs=(Transfer("bc1q", D("1.00001001")),),
    outputs=(Transfer("bc1p", D(1)), Transfer("bc1q", D("0.00000001"))),
    source_time=STATED,
)

CASES: list[tuple[Query, Value]] = [
    (
        PriceQuery(BITCOIN),
        price(
            "bitcoin",
            "65000.10",
            bid=D(65000),
            ask=D("65000.2"),
            rank=1,
            native_quote="USDT",
            flagged=True,
            raw_value=D(64999),
        ),
    ),
    (
        PricesQuery(),
        Prices((price("bitcoin", "65000.10", market_cap=D("1.2E+12")), price("ethereum", "3000.000001")), STATED),
    ),
    (
        CandlesQuery(BITCOIN, HOUR, "USD"),
        Candles("bitcoin", "USDT", "1h", (candle(1, volume=D("12.5"), trades=7), candle(2)), STATED),
    ),
    (
        AssetsQuery(),
        ListedAssets((ListedAsset("BTCUSDT", "BTC", "Bitcoin", "BTC", "USDT", active=True), ListedAsset("x", "X"))),
    ),
    (OverviewQuery(), Overview(D("2.5E+12"), D("1E+11"), D("52.5"), None, D("-1.25"), 9000, None, STATED)),
    (
        TrendingQuery(),
        Trending((TrendingAsset("bitcoin", "BTC", "Bitcoin", 1, 1, D("65000.10")), TrendingAsset("", "Q", "Q", 2))),
    ),
    (NewsQuery(), Articles((ARTICLE,), STATED)),
    (
        FearGreedQuery(2),
        FearGreed(
            (FearGreedReading(D(40), "Fear", STATED), FearGreedReading(D(45), "Fear", STATED - timedelta(days=1))),
            STATED,
        ),
    ),
    (GasQuery(ETH), GasPrice("ethereum", "gwei", D("1.1"), D("1.2"), D(2), D("0.9"), D("0.1"), 21_000_000, STATED)),
    (
        BlockQuery(ETH),
        Block("ethereum", 21_000_000, "0xabc", STATED, "0xabb", 150, 90_000, 30_000_000, 36_000_000, D("0.9"), "0xm"),
    ),
    (
        ChainQuery(BTC),
        ChainStatus("bitcoin", 850_000, STATED, "00ab", timedelta(seconds=590.5), 40_000, D("6.5E+20"), D("9E+13")),
    ),
    (
        BalanceQuery(ETH, ADDRESS, (TETHER,)),
        Balance(
            "ethereum",
            ADDRESS,
            "ETH",
            D("12.000000000000000001"),
            None,
            5,
            21_000_000,
            (TokenBalance("tether", "USDT", "0xdac1", D("1000000.000001")),),
            STATED,
        ),
    ),
    (
        TransactionsQuery(BTC, "bc1q"),
        TransactionPage("bitcoin", "bc1q", (dataclasses.replace(TRANSACTION, effect=D("-1.00001")),), STATED),
    ),
    (TransactionQuery(BTC, "ab" * 32), TRANSACTION),
    (
        WhalesQuery(ETH, D(100)),
        WhaleTransactions(
            "ethereum",
            (WhaleTransaction("ethereum", "0x1", "ethereum", "ETH", D(5000), STATED, 21_000_000, "0xa", None),),
            STATED,
        ),
    ),
]


@pytest.mark.parametrize(("query", "value"), CASES, ids=[query.kind.value for query, _ in CASES])
async def test_what_was_offered_is_the_last_answer(store: Store, observe: Observe, query: Query, value: Value) -> None:
    """Offered, flushed and read back, a value equals itself; freshness is STORED, source and times are the first's."""
    assert await store.last(query) is None
    offered = observe(query, value, source="kraken", source_time=STATED, simulated=True)
    assert store.offer(offered)
    await store.flush()
    found = await store.last(query)
    assert store.status().failed == 0
    assert found is not None
    if getattr(value, "source_time", None) is None and hasattr(value, "source_time"):
        value = dataclasses.replace(value, source_time=STATED)
    assert found.value == value
    origin = found.provenance
    assert (origin.source, origin.receive_time, origin.source_time) == ("kraken", NOW, STATED)
    assert origin.freshness is Freshness.STORED
    assert origin.simulated
    store.offer(offered)
    await store.flush()
    assert await store.last(query) == found


async def test_a_block_is_found_by_height_and_by_hash(store: Store, observe: Observe) -> None:
    """The newest block, one at a height, one by its hash; a height beyond any is none."""
    for height in (1, 2, 3):
        block = Block("ethereum", height, f"0xb{height}", STATED + timedelta(seconds=height), source_time=STATED)
        store.offer(observe(BlockQuery(ETH, str(height)), block))
    await store.flush()
    for asked, height in (("latest", 3), ("2", 2), ("0xb1", 1), ("7", None), ("9" * 30, None), ("0xff", None)):
        found = await store.last(BlockQuery(ETH, asked))
        assert (found and found.value.height) == height, asked  # type: ignore[union-attr]  # a block was asked for


async def test_the_last_list_is_of_one_source_in_its_order(store: Store, observe: Observe) -> None:
    """A list read back is the newest one as its source gave it, cut to the limit, whatever else is known since."""
    names = ("bitcoin", "ethereum", "tether")
    for place, source in enumerate(("coingecko", "coinlore")):
        received = NOW + timedelta(seconds=place)
        values = tuple(Price(name, "USD", D(place + 1)) for name in (names if place else reversed(names)))
        store.offer(observe(PricesQuery(), Prices(values), source=source, receive_time=received))
    late = NOW + timedelta(seconds=9)
    store.offer(observe(PriceQuery(ETHEREUM), Price("ethereum", "USD", D(77)), receive_time=late))
    await store.flush()
    found = await store.last(PricesQuery(limit=2))
    assert found is not None
    assert found.provenance.source == "coinlore"
    assert isinstance(found.value, Prices)
    assert [(price.asset, price.value) for price in found.value.prices] == [("bitcoin", D(2)), ("ethereum", D(2))]
    assert await store.last(PricesQuery(quote="EUR")) is None


async def test_the_last_page_of_an_address_holds_what_is_known_of_it(store: Store, observe: Observe) -> None:
    """Mined transactions of earlier pages stay, a pending one that the newest page lacks is gone, newest first."""
    query = TransactionsQuery(BTC, "bc1q")

    def made(key: str, height: int | None, minute: int) -> Transaction:
        time = None if height is None else STATED + timedelta(minutes=minute)
        status = "pending" if height is None else "confirmed"
        return Transaction("bitcoin", key, status, D(1), block_height=height, time=time, effect=D(minute))

    for second, page in enumerate(((made("a", 1, 1), made("x", None, 9)), (made("c", 3, 3), made("b", 2, 2)))):
        when = NOW + timedelta(seconds=second)
        store.offer(observe(query, TransactionPage("bitcoin", "bc1q", page), source="blockstream", receive_time=when))
        await store.flush()
    found = await store.last(query)
    assert found is not None
    assert isinstance(found.value, TransactionPage)
    assert [(row.hash, row.effect) for row in found.value.transactions] == [("c", D(3)), ("b", D(2)), ("a", D(1))]
    assert found.provenance.receive_time == NOW + timedelta(seconds=1)
