"""CoinMarketCap's public API without a key: prices, lists, overview, and its own fear and greed index.

Every body has a `status`, whose `error_code` (a number, at times text) is not 0 on an error, also with HTTP 200. A
quote is a list in version 3 and an object by currency in the versions before; a map of assets became a list.
"""

from __future__ import annotations

from collections.abc import Iterator

from server.errors import BadAnswer
from server.model import (
    AssetsQuery,
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
)
from server.providers.base import Limit, Provider, Recorded, Reply, Request, Source, Tier
from server.providers.decode import (
    code_of,
    decimal_of,
    dict_of,
    int_of,
    json_of,
    list_of,
    optional_decimal,
    optional_int,
    optional_text,
    optional_time,
    text_of,
    time_iso,
    time_s,
)
from server.providers.rows import Item, Refusal
from server.providers.values import only, or_refusal, price_among, prices_of, serving, wider

QUOTES = frozenset({"USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "INR", "KRW", "BTC", "ETH", "USDT"})
_KEY = frozenset({"1001", "1002", "1003", "1004", "1005", "1006", "1007"})
_THROTTLED = frozenset({"1008", "1009", "1010", "1011"})


def refusal(reply: Reply) -> Refusal | None:
    """Return the error that the body's status states, None when it states none."""
    body = json_of(reply)
    status = body.get("status") if isinstance(body, dict) else None
    if not isinstance(status, dict):
        return None
    code = code_of(status.get("error_code") or 0)
    return None if code == "0" else Refusal(code, code_of(status.get("error_message")))


def _data(reply: Reply) -> object:
    stated = refusal(reply)
    if stated is None:
        return dict_of(json_of(reply)).get("data")
    if stated.code in _KEY or stated.code in _THROTTLED:
        raise BadAnswer("throttled" if stated.code in _THROTTLED else "key_rejected", f"code {stated.code}")
    if stated.code == "400" and '"id"' in stated.message:
        raise BadAnswer("unknown_asset", "no such id")
    raise BadAnswer("error_body", f"code {stated.code}")


def listings(reply: Reply) -> tuple[Item, ...]:
    """Read listings or quotes, a row for each asset and currency; rows without a price are left out."""
    data = _data(reply)
    rows = list(data.values()) if isinstance(data, dict) else list_of(data, "data")
    return tuple(item for row in rows for item in _items(dict_of(row, "asset")))


def _quotes(row: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    quote = row.get("quote")
    if isinstance(quote, dict):
        for currency, values in quote.items():
            yield currency[:20], dict_of(values, "quote")
    else:
        for values in list_of(quote, "quote"):
            found = dict_of(values, "quote")
            yield text_of(found.get("symbol"), "symbol", 20), found


def _items(row: dict[str, object]) -> Iterator[Item]:
    for currency, values in _quotes(row):
        if values.get("price") is not None:
            yield Item(
                id=str(int_of(row.get("id"), "id")),
                symbol=text_of(row.get("symbol"), "symbol", 100),
                price=decimal_of(values["price"], "price"),
                name=optional_text(row.get("name"), "name", 200),
                quote=currency,
                market_cap=optional_decimal(values.get("market_cap"), "market_cap"),
                volume=optional_decimal(values.get("volume_24h"), "volume_24h"),
                change_percent=optional_decimal(values.get("percent_change_24h"), "percent_change_24h"),
                rank=optional_int(row.get("cmc_rank"), "cmc_rank"),
                time=optional_time(time_iso, values.get("last_updated") or row.get("last_updated"), "last_updated"),
            )


def assets(reply: Reply) -> tuple[ListedAsset, ...]:
    """Read the map of assets."""
    rows = (dict_of(row, "asset") for row in list_of(_data(reply), "data"))
    return tuple(
        ListedAsset(
            id=str(int_of(row.get("id"), "id")),
            symbol=optional_text(row.get("symbol"), "symbol", 200) or "",
            name=optional_text(row.get("name"), "name", 300) or "",
            active=row["is_active"] in (1, True) if "is_active" in row else None,
            rank=optional_int(row.get("rank"), "rank"),
        )
        for row in rows
    )


def overview(reply: Reply) -> Overview:
    """Read the state of the whole market in USD."""
    row = dict_of(_data(reply), "data")
    values = dict(_quotes(row)).get("USD")
    if values is None:
        raise BadAnswer("schema", "no figures in USD")
    return Overview(
        total_market_cap=decimal_of(values.get("total_market_cap"), "total_market_cap"),
        total_volume=optional_decimal(values.get("total_volume_24h"), "total_volume_24h"),
        bitcoin_dominance=optional_decimal(row.get("btc_dominance"), "btc_dominance"),
        ethereum_dominance=optional_decimal(row.get("eth_dominance"), "eth_dominance"),
        market_cap_change_percent=optional_decimal(
            values.get("total_market_cap_yesterday_percentage_change"), "total_market_cap_yesterday_percentage_change"
        ),
        active_assets=optional_int(row.get("active_cryptocurrencies"), "active_cryptocurrencies"),
        markets=optional_int(row.get("active_market_pairs"), "active_market_pairs"),
        source_time=optional_time(time_iso, values.get("last_updated") or row.get("last_updated"), "last_updated"),
    )


def fear_greed(reply: Reply) -> FearGreed:
    """Read the index now or its history, newest first, each time once."""
    data = _data(reply)
    rows = data if isinstance(data, list) else [data]
    readings = {reading.time: reading for reading in (_reading(dict_of(row, "reading")) for row in rows)}
    ordered = tuple(readings[time] for time in sorted(readings, reverse=True))
    return FearGreed(ordered, ordered[0].time if ordered else None)


def _reading(row: dict[str, object]) -> FearGreedReading:
    stamp = row.get("timestamp")
    return FearGreedReading(
        value=decimal_of(row.get("value"), "value"),
        classification=text_of(row.get("value_classification"), "value_classification", 40),
        time=time_iso(row.get("update_time"), "update_time") if stamp is None else time_s(stamp, "timestamp"),
    )


def _price_request(query: PriceQuery) -> tuple[Request, ...]:
    asked = (("id", query.asset.source_ids["coinmarketcap"]), ("convert", query.quote))
    return (Request("/v3/cryptocurrency/quotes/latest", asked),)


def _price(query: PriceQuery, replies: tuple[Reply, ...]) -> Price:
    return price_among(query, "coinmarketcap", listings(only(replies)))


def _prices_request(query: PricesQuery) -> tuple[Request, ...]:
    asked = (("start", "1"), ("limit", str(wider(query.limit, 500))), ("convert", query.quote))
    return (Request("/v3/cryptocurrency/listings/latest", asked),)


def _prices(query: PricesQuery, replies: tuple[Reply, ...]) -> Prices:
    return prices_of(query, "coinmarketcap", listings(only(replies)))


def _fear_greed_request(query: FearGreedQuery) -> tuple[Request, ...]:
    if query.limit == 1:
        return (Request("/v3/fear-and-greed/latest"),)
    return (Request("/v3/fear-and-greed/historical", (("start", "1"), ("limit", str(query.limit)))),)


def _fear_greed(query: FearGreedQuery, replies: tuple[Reply, ...]) -> FearGreed:
    found = fear_greed(only(replies))
    if not found.readings:
        raise BadAnswer("empty", "no reading")
    return FearGreed(found.readings[: query.limit], found.source_time)


PROVIDER = Provider(
    name="coinmarketcap",
    capabilities=(
        serving(
            PriceQuery,
            _price_request,
            _price,
            lambda query: "coinmarketcap" in query.asset.source_ids and query.quote in QUOTES,
        ),
        serving(PricesQuery, _prices_request, _prices, lambda query: query.quote in QUOTES),
        serving(
            AssetsQuery,
            lambda _query: (Request("/v1/cryptocurrency/map"),),
            lambda _query, replies: ListedAssets(assets(only(replies))),
        ),
        serving(
            OverviewQuery,
            lambda _query: (Request("/v1/global-metrics/quotes/latest"),),
            lambda _query, replies: overview(only(replies)),
        ),
        serving(FearGreedQuery, _fear_greed_request, _fear_greed, lambda query: query.limit <= 500),
    ),
    sources=(
        Source(
            id="coinmarketcap",
            name="CoinMarketCap",
            provider="coinmarketcap",
            base_url="https://pro-api.coinmarketcap.com/public-api",
            tier=Tier.MEDIUM,
            category="market_data",
            limits=(Limit(10, 60),),
            attribution="Data by CoinMarketCap",
            terms_url="https://coinmarketcap.com/terms/",
            docs_url="https://coinmarketcap.com/api/documentation/pro-api-reference/keyless-public-api",
        ),
    ),
    recorded_as=("coinmarketcap",),
    recorded=(
        Recorded(or_refusal(refusal, listings), r".*/cryptocurrency/(listings|quotes)/latest"),
        Recorded(or_refusal(refusal, assets), r".*/cryptocurrency/map"),
        Recorded(or_refusal(refusal, overview), r".*/global-metrics/quotes/latest"),
        Recorded(or_refusal(refusal, fear_greed), r".*/fear-and-greed/(latest|historical)"),
    ),
)
