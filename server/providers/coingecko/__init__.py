"""CoinGecko without a key, or with a free demo key: prices, candles, lists, overview, trending.

Its ids are ours. Public answers are refreshed about once a minute.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from server.errors import BadAnswer
from server.model import (
    AssetsQuery,
    Candles,
    CandlesQuery,
    ListedAssets,
    OverviewQuery,
    Price,
    PriceQuery,
    Prices,
    PricesQuery,
    Trending,
    TrendingQuery,
)
from server.providers.base import Key, Limit, Provider, Recorded, Reply, Request, Source, Tier
from server.providers.coingecko import readers
from server.providers.rows import Item
from server.providers.series import candles_of, reach
from server.providers.values import only, or_refusal, price_among, prices_of, serving, wider

QUOTES = frozenset({"USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "INR", "KRW", "BTC", "ETH", "BNB"})
DAYS = {"30m": (1, 48), "4h": (30, 180)}
"""Intervals that it has, each with the days to ask for and how many candles they hold."""


def _price_request(query: PriceQuery) -> tuple[Request, ...]:
    asked = (("vs_currency", query.quote.lower()), ("ids", query.asset.source_ids["coingecko"]), ("precision", "full"))
    return (Request("/api/v3/coins/markets", asked),)


def _quoted(reply: Reply, quote: str) -> tuple[Item, ...]:
    return tuple(replace(item, quote=quote) for item in readers.markets(reply))


def _price(query: PriceQuery, replies: tuple[Reply, ...]) -> Price:
    return price_among(query, "coingecko", _quoted(only(replies), query.quote))


def _prices_request(query: PricesQuery) -> tuple[Request, ...]:
    asked = (
        ("vs_currency", query.quote.lower()),
        ("order", "market_cap_desc"),
        ("per_page", str(wider(query.limit, 250))),
        ("page", "1"),
        ("precision", "full"),
    )
    return (Request("/api/v3/coins/markets", asked),)


def _prices(query: PricesQuery, replies: tuple[Reply, ...]) -> Prices:
    return prices_of(query, "coingecko", _quoted(only(replies), query.quote))


def _candles_request(query: CandlesQuery) -> tuple[Request, ...]:
    days, _ = DAYS[query.interval.token]
    asked = (("vs_currency", query.quote.lower()), ("days", str(days)), ("precision", "full"))
    return (Request(f"/api/v3/coins/{query.asset.source_ids['coingecko']}/ohlc", asked),)


def _candles(query: CandlesQuery, replies: tuple[Reply, ...]) -> Candles:
    span = query.interval.span
    rows = [replace(row, open_time=row.open_time - span) for row in readers.candles(only(replies))]
    # The newest may carry the present as its time instead of its close: it has no place on the grid.
    rows = [row for row in rows if not timedelta(seconds=row.open_time.timestamp()) % span]
    earliest = reach(query)
    if earliest is not None and (not rows or min(row.open_time for row in rows) > earliest):
        raise BadAnswer("unknown_asset", "does not reach back that far")
    return candles_of(query, rows, query.quote)


def _lists(query: PriceQuery) -> bool:
    return "coingecko" in query.asset.source_ids and query.quote in QUOTES


def _covers(query: CandlesQuery) -> bool:
    known = "coingecko" in query.asset.source_ids and query.quote in QUOTES
    return known and query.interval.token in DAYS and query.limit <= DAYS[query.interval.token][1]


def _trending(_query: TrendingQuery, replies: tuple[Reply, ...]) -> Trending:
    found = readers.trending(only(replies))
    if not found.assets:
        raise BadAnswer("empty", "nothing is trending")
    return found


PROVIDER = Provider(
    name="coingecko",
    capabilities=(
        serving(PriceQuery, _price_request, _price, _lists),
        serving(PricesQuery, _prices_request, _prices, lambda query: query.quote in QUOTES),
        serving(CandlesQuery, _candles_request, _candles, _covers),
        serving(
            AssetsQuery,
            lambda _query: (Request("/api/v3/coins/list"),),
            lambda _query, replies: ListedAssets(readers.listed(only(replies))),
        ),
        serving(
            OverviewQuery,
            lambda _query: (Request("/api/v3/global"),),
            lambda _query, replies: readers.overview(only(replies)),
        ),
        serving(TrendingQuery, lambda _query: (Request("/api/v3/search/trending"),), _trending),
    ),
    sources=(
        Source(
            id="coingecko",
            name="CoinGecko",
            provider="coingecko",
            base_url="https://api.coingecko.com",
            tier=Tier.MEDIUM,
            category="market_data",
            key=Key(
                "NERKH_KEY_COINGECKO",
                place="header",
                name="x-cg-demo-api-key",
                required=False,
                limits=(Limit(100, 60), Limit(10_000, 2_592_000)),
            ),
            limits=(Limit(5, 60),),
            attribution="Data by CoinGecko",
            terms_url="https://www.coingecko.com/en/api_terms",
            docs_url="https://docs.coingecko.com",
        ),
    ),
    recorded_as=("coingecko",),
    recorded=tuple(
        Recorded(or_refusal(readers.refusal, reader), path)
        for path, reader in (
            (r"/api/v3/coins/markets", readers.markets),
            (r"/api/v3/coins/list", readers.listed),
            (r"/api/v3/exchanges", readers.listed),
            (r"/api/v3/search", readers.found),
            (r"/api/v3/search/trending", readers.trending),
            (r"/api/v3/simple/price/?", readers.simple_prices),
            (r"/api/v3/exchange_rates", readers.rates),
            (r"/api/v3/global", readers.overview),
            (r"/api/v3/global/decentralized_finance_defi", readers.defi_overview),
            (r"/api/v3/coins/[^/]+/ohlc", readers.candles),
            (r"/api/v3/coins/[^/]+/market_chart(/range)?", readers.chart),
            (r"/api/v3/coins/[^/]+/tickers", readers.coin_tickers),
            (r"/api/v3/coins/[^/]+(/history)?", readers.coin),
        )
    ),
)
