"""What each market provider asks for, and what it leaves to others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from server.assets import registry
from server.model import (
    AssetsQuery,
    CandlesQuery,
    FearGreedQuery,
    Kind,
    OverviewQuery,
    PriceQuery,
    PricesQuery,
    Query,
    TrendingQuery,
    interval_of,
)
from server.providers.base import Request
from server.providers.catalog import PROVIDERS, provider_of, sources

SOURCES = {source.id: source for source in sources()}
NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
TEN = datetime(2025, 11, 20, 10, tzinfo=UTC)


def price(asset: str = "bitcoin", quote: str = "USD") -> PriceQuery:
    """Return a price query."""
    return PriceQuery(registry().asset(asset), quote)


def candles(
    interval: str = "1h",
    limit: int = 2,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    asset: str = "bitcoin",
    quote: str = "USD",
) -> CandlesQuery:
    """Return a candles query."""
    found = interval_of(interval)
    assert found is not None
    return CandlesQuery(registry().asset(asset), found, quote, start, end, limit)


def built(source: str, query: Query) -> list[tuple[str, dict[str, str]]]:
    """Return paths and parameters that a source is asked for a query."""
    row = SOURCES[source]
    capability = provider_of(row).capability(query.kind)
    assert capability is not None
    assert capability.serves(row, query)
    requests = capability.build(row, query)
    assert all(request == Request(request.path, request.query, cost=request.cost) for request in requests)
    return [(request.path, dict(request.query)) for request in requests]


@pytest.mark.parametrize(
    ("source", "query", "expected"),
    [
        ("binance", price(), [("/api/v3/ticker/24hr", {"symbol": "BTCUSDT"})]),
        ("binance_vision", price("ethereum", "BTC"), [("/api/v3/ticker/24hr", {"symbol": "ETHBTC"})]),
        ("binance", price("bittorrent"), [("/api/v3/ticker/24hr", {"symbol": "BTTCUSDT"})]),
        ("coinbase", price(), [("/products/BTC-USD/ticker", {}), ("/products/BTC-USD/stats", {})]),
        ("kraken", price(), [("/0/public/Ticker", {"pair": "XBTUSD"})]),
        ("kraken", price("ethereum", "BTC"), [("/0/public/Ticker", {"pair": "ETHXBT"})]),
        ("kraken", price("dogecoin", "EUR"), [("/0/public/Ticker", {"pair": "XDGEUR"})]),
        (
            "coingecko",
            price("xrp", "EUR"),
            [("/api/v3/coins/markets", {"vs_currency": "eur", "ids": "ripple", "precision": "full"})],
        ),
        ("coinpaprika", price(), [("/v1/tickers/btc-bitcoin", {"quotes": "USD"})]),
        ("coinlore", price("solana"), [("/api/ticker/", {"id": "48543"})]),
        ("coinmarketcap", price(), [("/v3/cryptocurrency/quotes/latest", {"id": "1", "convert": "USD"})]),
    ],
)
def test_price_requests(source: str, query: PriceQuery, expected: list[tuple[str, dict[str, str]]]) -> None:
    """A price is asked by the source's own name of the asset and of the quote."""
    assert built(source, query) == expected


@pytest.mark.parametrize(
    ("source", "query", "expected"),
    [
        ("binance", candles(), [{"symbol": "BTCUSDT", "interval": "1h", "limit": "2"}]),
        (
            "binance",
            candles("1M", 500, start=TEN, end=NOON),
            [
                {
                    "symbol": "BTCUSDT",
                    "interval": "1M",
                    "limit": "500",
                    "startTime": "1763632800000",
                    "endTime": "1763639999999",
                }
            ],
        ),
        ("coinbase", candles(limit=300), [{"granularity": "3600"}]),
        (
            "coinbase",
            candles(limit=100, start=TEN, end=NOON),
            [{"granularity": "3600", "start": "1763632800", "end": "1763639999"}],
        ),
        (
            "coinbase",
            candles("1m", 700, end=NOON),
            [
                {"granularity": "60", "start": "1763598000", "end": "1763615999"},
                {"granularity": "60", "start": "1763616000", "end": "1763633999"},
                {"granularity": "60", "start": "1763634000", "end": "1763639999"},
            ],
        ),
        (
            "coinbase",
            candles("1d", 2, start=TEN),
            [{"granularity": "86400", "start": "1763632800", "end": "1763805599"}],
        ),
        (
            "coinbase",
            candles("4h", 2, start=TEN, end=NOON),
            [{"granularity": "3600", "start": "1763625600", "end": "1763639999"}],
        ),
        ("coinbase", candles("1w", 10), [{"granularity": "86400"}]),
        ("kraken", candles("12h", start=TEN), [{"pair": "XBTUSD", "interval": "240", "since": "1763596799"}]),
        ("kraken", candles("4h"), [{"pair": "XBTUSD", "interval": "240"}]),
        ("kraken", candles(start=TEN), [{"pair": "XBTUSD", "interval": "60", "since": "1763632799"}]),
        ("coingecko", candles("4h"), [{"vs_currency": "usd", "days": "30", "precision": "full"}]),
        ("coingecko", candles("30m"), [{"vs_currency": "usd", "days": "1", "precision": "full"}]),
        ("coinpaprika", candles("1d"), [{"quote": "usd"}, {"quote": "usd"}]),
    ],
)
def test_candles_requests(source: str, query: CandlesQuery, expected: list[dict[str, str]]) -> None:
    """A half-open range becomes what the source takes for one, in as many requests as its page needs."""
    assert [parameters for _, parameters in built(source, query)] == expected


@pytest.mark.parametrize(
    ("source", "query", "expected"),
    [
        ("coingecko", PricesQuery(limit=10), [("vs_currency", "usd"), ("per_page", "40")]),
        ("coingecko", PricesQuery(limit=250), [("per_page", "250")]),
        ("coinpaprika", PricesQuery("EUR"), [("quotes", "EUR")]),
        ("coinmarketcap", PricesQuery("BTC", 20), [("limit", "60"), ("convert", "BTC")]),
        ("coinlore", PricesQuery(limit=40), [("start", "0"), ("limit", "100")]),
    ],
)
def test_prices_requests(source: str, query: PricesQuery, expected: list[tuple[str, str]]) -> None:
    """Lists are asked for a little longer than wanted: what the registry does not know is left out."""
    assert set(expected) <= set(built(source, query)[0][1].items())


def test_coinlore_pages() -> None:
    """CoinLore gives a hundred a page: a long list is several requests side by side."""
    assert [parameters["start"] for _, parameters in built("coinlore", PricesQuery(limit=100))] == ["0", "100", "200"]


@pytest.mark.parametrize(
    ("source", "query", "path"),
    [
        ("binance", AssetsQuery(), "/api/v3/exchangeInfo"),
        ("coinbase", AssetsQuery(), "/products"),
        ("kraken", AssetsQuery(), "/0/public/AssetPairs"),
        ("coingecko", AssetsQuery(), "/api/v3/coins/list"),
        ("coinpaprika", AssetsQuery(), "/v1/coins"),
        ("coinlore", AssetsQuery(), "/api/tickers/"),
        ("coinmarketcap", AssetsQuery(), "/v1/cryptocurrency/map"),
        ("coingecko", OverviewQuery(), "/api/v3/global"),
        ("coinpaprika", OverviewQuery(), "/v1/global"),
        ("coinlore", OverviewQuery(), "/api/global/"),
        ("coinmarketcap", OverviewQuery(), "/v1/global-metrics/quotes/latest"),
        ("coingecko", TrendingQuery(), "/api/v3/search/trending"),
        ("geckoterminal", TrendingQuery(), "/networks/trending_pools"),
        ("coinmarketcap", FearGreedQuery(), "/v3/fear-and-greed/latest"),
        ("coinmarketcap", FearGreedQuery(30), "/v3/fear-and-greed/historical"),
    ],
)
def test_other_requests(source: str, query: Query, path: str) -> None:
    """Lists, overview, trending and the fear and greed index have their own paths."""
    assert built(source, query)[0][0] == path


@pytest.mark.parametrize(
    ("source", "query"),
    [
        ("binance", price("tether")),
        ("binance", price("bitcoin", "BTC")),
        ("binance", price("bitcoin", "JPY")),
        ("binance", price("monero")),
        ("binance", candles(limit=1001)),
        ("coinbase", price("usd-coin")),
        ("coinbase", candles("4h", 75)),
        ("coinbase", candles("3d")),
        ("coinbase", candles(limit=301)),
        ("coinbase", candles(limit=1201, start=TEN)),
        ("kraken", candles("1w", 102)),
        ("kraken", candles("1M")),
        ("kraken", candles(limit=721)),
        ("kraken", price("hyperliquid")),
        ("coingecko", price("bitcoin", "USDT")),
        ("coingecko", candles("1h")),
        ("coingecko", candles("4h", 181)),
        ("coinpaprika", price("aptos", "XRP")),
        ("coinpaprika", candles("1d", 3)),
        ("coinpaprika", candles("1d", 2, start=TEN)),
        ("coinpaprika", candles("1d", 2, quote="EUR")),
        ("coinlore", price("bitcoin", "EUR")),
        ("coinlore", PricesQuery("EUR")),
        ("coinmarketcap", price("bitcoin", "XAU")),
        ("coinmarketcap", FearGreedQuery(501)),
        ("kraken", OverviewQuery()),
    ],
)
def test_not_served(source: str, query: Query) -> None:
    """What a source does not have is left out of the plan, without a request."""
    row = SOURCES[source]
    capability = provider_of(row).capability(query.kind)
    assert capability is None or not capability.serves(row, query)


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        (Kind.PRICE, 7),
        (Kind.PRICES, 4),
        (Kind.CANDLES, 5),
        (Kind.ASSETS, 7),
        (Kind.OVERVIEW, 4),
        (Kind.TRENDING, 2),
        (Kind.FEAR_GREED, 2),
    ],
)
def test_kinds_have_several_providers(kind: Kind, least: int) -> None:
    """Every kind of market data has at least two unlike providers."""
    assert sum(provider.capability(kind) is not None for provider in PROVIDERS) >= least


def test_wrong_query() -> None:
    """A capability asked with another's query is a mistake of ours, and says so."""
    row = SOURCES["binance"]
    capability = provider_of(row).capability(Kind.PRICE)
    assert capability is not None
    with pytest.raises(TypeError, match="OverviewQuery"):
        capability.build(row, OverviewQuery())


def test_sources() -> None:
    """Source ids are unique, lower case, and every one has its provider, HTTPS and terms of use or documentation."""
    ids = [source.id for source in sources()]
    assert len(ids) == len(set(ids))
    for source in sources():
        assert source.id == source.id.lower()
        assert provider_of(source).name == source.provider
        assert source.base_url.startswith("https://")
        assert not source.base_url.endswith("/")
