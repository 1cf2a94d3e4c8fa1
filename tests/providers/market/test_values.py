"""What the market providers make of an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from server.assets import registry
from server.errors import BadAnswer
from server.model import (
    AssetsQuery,
    Candle,
    Candles,
    CandlesQuery,
    FearGreed,
    FearGreedQuery,
    FearGreedReading,
    ListedAsset,
    ListedAssets,
    Overview,
    OverviewQuery,
    Price,
    PriceQuery,
    Prices,
    PricesQuery,
    Query,
    Trending,
    TrendingAsset,
    TrendingQuery,
    Value,
    interval_of,
)
from server.providers.base import Follow, Reply
from server.providers.catalog import provider_of, sources

SOURCES = {source.id: source for source in sources()}
Example = Callable[..., Reply]
D = Decimal


def parsed(source: str, query: Query, *replies: Reply) -> Value:
    """Return what a source's answers to a query mean."""
    row = SOURCES[source]
    capability = provider_of(row).capability(query.kind)
    assert capability is not None
    value = capability.parse(row, query, replies)
    assert not isinstance(value, Follow)
    return value


def price(asset: str = "bitcoin", quote: str = "USD") -> PriceQuery:
    """Return a price query."""
    return PriceQuery(registry().asset(asset), quote)


def candles(interval: str = "1h", limit: int = 10, **times: datetime) -> CandlesQuery:
    """Return a candles query for bitcoin in USD."""
    found = interval_of(interval)
    assert found is not None
    return CandlesQuery(registry().asset("bitcoin"), found, "USD", limit=limit, **times)


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """Return a time in November 2025."""
    return datetime(2025, 11, day, hour, minute, second, microsecond, tzinfo=UTC)


PRICES: dict[str, tuple[tuple[str, ...], Price]] = {
    "binance": (
        ("binance/ticker_24hr",),
        Price(
            "bitcoin",
            "USDT",
            D("97500.1"),
            at(20, 12, 0, 0, 123000),
            bid=D("97500.09"),
            ask=D("97500.1"),
            open=D(95000),
            high=D(98000),
            low=D(94000),
            change=D("2500.1"),
            change_percent=D("2.632"),
            base_volume=D("21000.5"),
            quote_volume=D(2032000000),
        ),
    ),
    "coinbase": (
        ("coinbase/ticker", "coinbase/stats"),
        Price(
            "bitcoin",
            "USD",
            D("97501.15"),
            at(20, 12, 0, 0, 123456),
            bid=D("97501.10"),
            ask=D("97501.20"),
            open=D(95000),
            high=D("98010.5"),
            low=D(94010),
            change=D("2501.15"),
            change_percent=D("2.632789"),
            base_volume=D("5200.12345678"),
        ),
    ),
    "kraken": (
        ("kraken/ticker",),
        Price(
            "bitcoin",
            "USD",
            D("97507.5"),
            bid=D(97505),
            ask=D(97510),
            high=D(98020),
            low=D(94005),
            base_volume=D("2100.5"),
            quote_volume=D("2100.5") * 96500,
        ),
    ),
    "coingecko": (
        ("coingecko/markets_one",),
        Price(
            "bitcoin",
            "USD",
            D(97502),
            at(20, 12, 0, 0, 500000),
            high=D("98477.02"),
            low=D("94576.94"),
            change_percent=D("2.63158"),
            quote_volume=D(45000000000),
            market_cap=D(1945000000000),
            rank=1,
        ),
    ),
    "coinpaprika": (
        ("coinpaprika/ticker",),
        Price(
            "bitcoin",
            "USD",
            D("97498.765432101"),
            at(20, 11, 59, 30),
            change_percent=D("2.61"),
            quote_volume=D("44000000000.5"),
            market_cap=D(1944900000000),
            rank=1,
        ),
    ),
    "coinlore": (
        ("coinlore/ticker",),
        Price(
            "bitcoin",
            "USD",
            D("97480.50"),
            change_percent=D("2.55"),
            quote_volume=D("43000000000.125"),
            market_cap=D("1944700000000.00"),
            rank=1,
        ),
    ),
    "coinmarketcap": (
        ("coinmarketcap/quotes",),
        Price(
            "bitcoin",
            "USD",
            D("97501.123456789"),
            at(20, 11, 59),
            change_percent=D("2.64"),
            quote_volume=D("46000000000.5"),
            market_cap=D("1945100000000.5"),
            rank=1,
        ),
    ),
}


@pytest.mark.parametrize("source", PRICES)
def test_prices_of_bitcoin(source: str, example: Example) -> None:
    """A ticker becomes a price, every figure exact and in its place; Kraken's open of the UTC day is left out."""
    names, expected = PRICES[source]
    assert parsed(source, price(), *(example(name) for name in names)) == expected


def test_older_and_plain_forms(example: Example) -> None:
    """CoinMarketCap's version 2 and Kraken's plain names mean the same as the forms of today."""
    new, old = (
        parsed("coinmarketcap", price(), example(f"coinmarketcap/{name}")) for name in ("quotes", "quotes_version_2")
    )
    assert new == old
    classic, plain = (parsed("kraken", price(), example(f"kraken/{name}")) for name in ("ticker", "ticker_plain"))
    assert classic == plain


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("binance", ("binance/ticker_24hr_other",)),
        ("binance", ("binance/ticker_24hr_all",)),
        ("kraken", ("kraken/ticker_other",)),
        ("coingecko", ("coingecko/markets_other",)),
        ("coinpaprika", ("coinpaprika/ticker_other",)),
        ("coinlore", ("coinlore/ticker_other",)),
        ("coinmarketcap", ("coinmarketcap/quotes_other",)),
    ],
)
def test_another_asset(source: str, names: tuple[str, ...], example: Example) -> None:
    """An answer about another asset is refused, never taken for the one that was asked."""
    with pytest.raises(BadAnswer) as raised:
        parsed(source, price(), *(example(name) for name in names))
    assert raised.value.reason == "wrong_asset"


def test_another_pairs_candles(example: Example) -> None:
    """Kraken's candles of another pair are refused."""
    query = CandlesQuery(registry().asset("ethereum"), candles().interval)
    with pytest.raises(BadAnswer) as raised:
        parsed("kraken", query, example("kraken/ohlc"))
    assert raised.value.reason == "wrong_asset"


FIRST = Candle(at(20, 10), D(97000), D(97400), D("96900.5"), D(97300), D("812.5"))
SECOND = Candle(at(20, 11), D(97300), D(97600), D(97250), D("97500.1"), D("401.25"))


def test_binance_candles(example: Example) -> None:
    """Binance's klines become candles in USDT with quote volume and trades."""
    value = parsed("binance", candles(), example("binance/klines"))
    assert isinstance(value, Candles)
    assert (value.asset, value.quote, value.interval) == ("bitcoin", "USDT", "1h")
    assert value.candles == (
        Candle(at(20, 10), D(97000), D(97400), D("96900.5"), D(97300), D("812.5"), D(78900000), 120000),
        Candle(at(20, 11), D(97300), D(97600), D(97250), D("97500.1"), D("401.25"), D(39100000), 60000),
    )


def test_coinbase_candles(example: Example) -> None:
    """Coinbase's candles, newest first with low and high before open, become oldest first; overlaps count once."""
    value = parsed("coinbase", candles(), example("coinbase/candles"), example("coinbase/candles"))
    assert isinstance(value, Candles)
    assert value.quote == "USD"
    assert [row.open_time for row in value.candles] == [at(20, 10), at(20, 11)]
    assert value.candles[0] == FIRST
    assert value.candles[1] == Candle(at(20, 11), D(97300), D("97600.5"), D(97250), D("97500.1"), D("401.25"))


def test_kraken_candles(example: Example) -> None:
    """Kraken's candles keep volume and trades."""
    value = parsed("kraken", candles(), example("kraken/ohlc"))
    assert isinstance(value, Candles)
    assert value.candles[0] == Candle(
        at(20, 10), D("97000.0"), D("97400.0"), D("96900.5"), D("97300.0"), D("12.5"), trades=310
    )


def test_coingecko_candles(example: Example) -> None:
    """CoinGecko stamps closes: opens are an interval earlier, and the point of the present has no place."""
    value = parsed("coingecko", candles("4h"), example("coingecko/ohlc"))
    assert isinstance(value, Candles)
    assert [row.open_time for row in value.candles] == [at(20, 4), at(20, 8)]
    assert value.candles[1] == Candle(at(20, 8), D(97000), D(97600), D(96900), D("97502.25"))


def test_coinpaprika_candles(example: Example) -> None:
    """CoinPaprika's last full day and today's are one series; its volume is in the quote."""
    value = parsed(
        "coinpaprika", candles("1d", 2), example("coinpaprika/ohlcv_latest"), example("coinpaprika/ohlcv_today")
    )
    assert isinstance(value, Candles)
    assert [row.open_time for row in value.candles] == [at(19), at(20)]
    assert value.candles[0] == Candle(
        at(19), D("95000.5"), D(96500), D(94000), D("96100.25"), quote_volume=D(41000000000)
    )


@pytest.mark.parametrize(
    ("query", "times"),
    [
        (candles(limit=1), [at(20, 11)]),
        (candles(limit=1, start_time=at(20, 10)), [at(20, 10)]),
        (candles(end_time=at(20, 11)), [at(20, 10)]),
        (candles(start_time=at(20, 10), end_time=at(20, 11)), [at(20, 10)]),
        (candles(start_time=at(20, 11)), [at(20, 11)]),
        (candles(start_time=at(20, 12)), []),
    ],
)
def test_ranges(query: CandlesQuery, times: list[datetime], example: Example) -> None:
    """Ranges are half-open; with a start the first candles count, without one the last."""
    value = parsed("binance", query, example("binance/klines"))
    assert isinstance(value, Candles)
    assert [row.open_time for row in value.candles] == times


@pytest.mark.parametrize("source", ["kraken", "coingecko"])
def test_history_that_is_not_there(source: str, example: Example) -> None:
    """A source whose history begins after the asked range says so instead of answering with a hole."""
    if source == "kraken":
        hour = 3_600
        rows = [[1763632800 - hour * back, "1", "1", "1", "1", "1", "1", 1] for back in range(720)]
        body = str({"error": [], "result": {"XXBTZUSD": rows, "last": 1}}).replace("'", '"').encode()
        replies: tuple[Reply, ...] = (Reply(200, body),)
    else:
        replies = (example("coingecko/ohlc"),)
    interval = "1h" if source == "kraken" else "4h"
    for query in (
        candles(interval, 10, start_time=datetime(2025, 9, 1, tzinfo=UTC)),
        candles(interval, 10, end_time=datetime(2025, 9, 1, tzinfo=UTC)),
    ):
        with pytest.raises(BadAnswer) as raised:
            parsed(source, query, *replies)
        assert raised.value.reason == "unknown_asset"


@pytest.mark.parametrize(
    ("source", "names", "ids", "time"),
    [
        ("coingecko", ("coingecko/markets",), ["bitcoin", "ethereum", "tether"], at(20, 12, 0, 0, 500000)),
        ("coinpaprika", ("coinpaprika/tickers",), ["bitcoin", "ethereum"], at(20, 11, 59, 30)),
        (
            "coinlore",
            ("coinlore/tickers", "coinlore/tickers_second"),
            ["bitcoin", "ethereum", "dogecoin"],
            at(20, 11, 59, 40),
        ),
        ("coinmarketcap", ("coinmarketcap/listings",), ["bitcoin", "ethereum"], at(20, 11, 59)),
    ],
)
def test_lists_of_prices(source: str, names: tuple[str, ...], ids: list[str], time: datetime, example: Example) -> None:
    """Lists become prices of our assets, largest first; unknown assets and rows without a price are left out."""
    value = parsed(source, PricesQuery(), *(example(name) for name in names))
    assert isinstance(value, Prices)
    assert [row.asset for row in value.prices] == ids
    assert value.source_time == time
    assert all(row.market_cap for row in value.prices)
    cut = parsed(source, PricesQuery(limit=1), *(example(name) for name in names))
    assert isinstance(cut, Prices)
    assert [row.asset for row in cut.prices] == ["bitcoin"]


@pytest.mark.parametrize(
    ("source", "name", "first"),
    [
        ("binance", "exchange_info", ListedAsset("BTCUSDT", "BTC", base="BTC", quote="USDT", active=True)),
        ("coinbase", "products", ListedAsset("BTC-USD", "BTC", base="BTC", quote="USD", active=True)),
        ("kraken", "asset_pairs", ListedAsset("XXBTZUSD", "XBTUSD", base="XXBT", quote="ZUSD", active=True)),
        ("coingecko", "coins_list", ListedAsset("bitcoin", "btc", "Bitcoin")),
        ("coinpaprika", "coins", ListedAsset("btc-bitcoin", "BTC", "Bitcoin", active=True, rank=1)),
        ("coinlore", "tickers", ListedAsset("90", "BTC", "Bitcoin", rank=1)),
        ("coinmarketcap", "map", ListedAsset("1", "BTC", "Bitcoin", active=True, rank=1)),
    ],
)
def test_listings(source: str, name: str, first: ListedAsset, example: Example) -> None:
    """What a source lists keeps the source's own names, and says what is not traded any more."""
    value = parsed(source, AssetsQuery(), example(f"{source}/{name}"))
    assert isinstance(value, ListedAssets)
    assert value.assets[0] == first
    assert value.assets[1].active in (False, None)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "coingecko",
            Overview(
                D("3350000000000.25"), D("150000000000.5"), D("58.1"), D("12.05"), D("1.25"), 17000, 1300, at(20, 12)
            ),
        ),
        (
            "coinpaprika",
            Overview(D(3349000000000), D(149000000000), D("58.05"), None, D("1.2"), 12000, source_time=at(20, 12)),
        ),
        (
            "coinlore",
            Overview(D("3348000000000.5"), D("148000000000.25"), D("58.00"), D("12.00"), D("1.10"), 14000, 36000),
        ),
        (
            "coinmarketcap",
            Overview(
                D("3351000000000.5"),
                D("151000000000.5"),
                D("58.2"),
                D("12.1"),
                D("1.3"),
                9500,
                110000,
                at(20, 11, 59),
            ),
        ),
    ],
)
def test_overviews(source: str, expected: Overview, example: Example) -> None:
    """The whole market: caps and volumes in USD, shares in percent."""
    assert parsed(source, OverviewQuery(), example(f"{source}/global")) == expected


def test_coingecko_trending(example: Example) -> None:
    """Trending coins keep their places; those that we know bear our id; prices may be numbers or text in dollars."""
    assert parsed("coingecko", TrendingQuery(), example("coingecko/trending")) == Trending(
        (
            TrendingAsset("solana", "SOL", "Solana", 1, 6, D("152.25"), D("4.25")),
            TrendingAsset("", "UHO", "Unheard Of", 2, None, D("0.0025")),
        )
    )


def test_geckoterminal_trending(example: Example) -> None:
    """Trending pools become their base tokens, each once, with the first pool's price, cut where it is too long."""
    value = parsed("geckoterminal", TrendingQuery(), example("geckoterminal/trending_pools"))
    assert isinstance(value, Trending)
    assert [(row.asset, row.symbol, row.name, row.position) for row in value.assets] == [
        ("pepe", "PEPE", "Pepe", 1),
        ("", "UHO", "UHO", 2),
    ]
    assert value.assets[0].price == D("0.0000054123456789012345678901234567")
    assert value.assets[0].change_percent == D("-30.893")


def test_fear_and_greed(example: Example) -> None:
    """CoinMarketCap's index now and its history, newest first, each time once, no more than asked for."""
    now = parsed("coinmarketcap", FearGreedQuery(), example("coinmarketcap/fear_greed"))
    assert isinstance(now, FearGreed)
    assert now.readings == (FearGreedReading(D(32), "Fear", at(20, 11, 45)),)
    history = parsed("coinmarketcap", FearGreedQuery(2), example("coinmarketcap/fear_greed_history"))
    assert isinstance(history, FearGreed)
    assert history.readings == (
        FearGreedReading(D(31), "Fear", at(20)),
        FearGreedReading(D(45), "Neutral", at(19)),
    )
    assert history.source_time == at(20)
