"""CoinPaprika: prices, the last two daily candles, lists and overview, on its free plan. Errors are `{"error": …}`."""

from __future__ import annotations

from server.errors import BadAnswer
from server.model import (
    INTERVALS,
    AssetsQuery,
    Candle,
    Candles,
    CandlesQuery,
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
    dict_at,
    dict_of,
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
from server.providers.series import candles_of
from server.providers.values import only, or_refusal, price_among, prices_of, serving

QUOTES = frozenset({"USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "INR", "KRW", "BTC", "ETH"})


def refusal(reply: Reply) -> Refusal | None:
    """Return the error that the body states, None when it states none."""
    body = json_of(reply)
    if isinstance(body, dict) and "error" in body:
        return Refusal(str(reply.status), code_of(body["error"]))
    return None


def _body(reply: Reply) -> object:
    stated = refusal(reply)
    if stated is None:
        return json_of(reply)
    if "not found" in stated.message:
        raise BadAnswer("unknown_asset", "no such coin")
    raise BadAnswer("throttled" if "limit" in stated.message.lower() else "error_body", f"status {reply.status}")


def tickers(reply: Reply) -> tuple[Item, ...]:
    """Read one ticker or a list of them, a row for each quote."""
    body = _body(reply)
    rows = body if isinstance(body, list) else [body]
    return tuple(item for row in rows for item in _items(dict_of(row, "ticker")))


def _items(row: dict[str, object]) -> tuple[Item, ...]:
    id_, symbol = text_of(row.get("id"), "id", 100), text_of(row.get("symbol"), "symbol", 100)
    name, rank = optional_text(row.get("name"), "name", 200), optional_int(row.get("rank"), "rank")
    time = optional_time(time_iso, row.get("last_updated"), "last_updated")
    return tuple(
        Item(
            id=id_,
            symbol=symbol,
            price=decimal_of(dict_of(values, "quote").get("price"), "price"),
            name=name,
            quote=quote,
            market_cap=optional_decimal(dict_of(values, "quote").get("market_cap"), "market_cap"),
            volume=optional_decimal(dict_of(values, "quote").get("volume_24h"), "volume_24h"),
            change_percent=optional_decimal(dict_of(values, "quote").get("percent_change_24h"), "percent_change_24h"),
            rank=rank,
            time=time,
        )
        for quote, values in dict_at(row, "quotes").items()
    )


def candles(reply: Reply) -> tuple[Candle, ...]:
    """Read daily candles; their volume is in the quote."""
    return tuple(_candle(dict_of(row, "candle")) for row in list_of(_body(reply)))


def _candle(row: dict[str, object]) -> Candle:
    opened, high, low, close = (decimal_of(row.get(key), key) for key in ("open", "high", "low", "close"))
    volume = optional_decimal(row.get("volume"), "volume")
    return Candle(time_iso(row.get("time_open"), "time_open"), opened, high, low, close, quote_volume=volume)


def coins(reply: Reply) -> tuple[ListedAsset, ...]:
    """Read the list of coins; a rank of 0 says that there is none."""
    rows = (dict_of(row, "coin") for row in list_of(_body(reply)))
    return tuple(
        ListedAsset(
            id=text_of(row.get("id"), "id", 200),
            symbol=text_of(row.get("symbol"), "symbol", 200),
            name=optional_text(row.get("name"), "name", 300) or "",
            active=row["is_active"] is True if "is_active" in row else None,
            rank=optional_int(row.get("rank"), "rank") or None,
        )
        for row in rows
    )


def overview(reply: Reply) -> Overview:
    """Read the state of the whole market in USD."""
    row = dict_of(_body(reply))
    return Overview(
        total_market_cap=decimal_of(row.get("market_cap_usd"), "market_cap_usd"),
        total_volume=optional_decimal(row.get("volume_24h_usd"), "volume_24h_usd"),
        bitcoin_dominance=optional_decimal(row.get("bitcoin_dominance_percentage"), "bitcoin_dominance_percentage"),
        market_cap_change_percent=optional_decimal(row.get("market_cap_change_24h"), "market_cap_change_24h"),
        active_assets=optional_int(row.get("cryptocurrencies_number"), "cryptocurrencies_number"),
        source_time=optional_time(time_s, row.get("last_updated"), "last_updated"),
    )


def _price_request(query: PriceQuery) -> tuple[Request, ...]:
    return (Request(f"/v1/tickers/{query.asset.source_ids['coinpaprika']}", (("quotes", query.quote),)),)


def _price(query: PriceQuery, replies: tuple[Reply, ...]) -> Price:
    return price_among(query, "coinpaprika", tickers(only(replies)))


def _prices(query: PricesQuery, replies: tuple[Reply, ...]) -> Prices:
    return prices_of(query, "coinpaprika", tickers(only(replies)))


def _candles_requests(query: CandlesQuery) -> tuple[Request, ...]:
    path, asked = f"/v1/coins/{query.asset.source_ids['coinpaprika']}/ohlcv", (("quote", query.quote.lower()),)
    return (Request(f"{path}/latest", asked), Request(f"{path}/today", asked))


def _candles(query: CandlesQuery, replies: tuple[Reply, ...]) -> Candles:
    return candles_of(query, (row for reply in replies for row in candles(reply)), query.quote)


def _lists(query: PriceQuery) -> bool:
    return "coinpaprika" in query.asset.source_ids and query.quote in QUOTES


def _covers(query: CandlesQuery) -> bool:
    newest = query.start_time is None and query.end_time is None and query.limit <= 2
    known = "coinpaprika" in query.asset.source_ids and query.quote in ("USD", "BTC")
    return newest and known and query.interval == INTERVALS["1d"]


PROVIDER = Provider(
    name="coinpaprika",
    capabilities=(
        serving(PriceQuery, _price_request, _price, _lists),
        serving(
            PricesQuery,
            lambda query: (Request("/v1/tickers", (("quotes", query.quote),)),),
            _prices,
            lambda query: query.quote in QUOTES,
        ),
        serving(CandlesQuery, _candles_requests, _candles, _covers),
        serving(
            AssetsQuery,
            lambda _query: (Request("/v1/coins"),),
            lambda _query, replies: ListedAssets(coins(only(replies))),
        ),
        serving(
            OverviewQuery,
            lambda _query: (Request("/v1/global"),),
            lambda _query, replies: overview(only(replies)),
        ),
    ),
    sources=(
        Source(
            id="coinpaprika",
            name="CoinPaprika",
            provider="coinpaprika",
            base_url="https://api.coinpaprika.com",
            tier=Tier.MEDIUM,
            category="market_data",
            limits=(Limit(10, 1), Limit(20_000, 2_592_000)),
            attribution="Data by CoinPaprika; free for non-commercial use",
            terms_url="https://coinpaprika.com/terms-of-use",
            docs_url="https://docs.coinpaprika.com",
        ),
    ),
    recorded_as=("coinpaprika",),
    recorded=(
        Recorded(or_refusal(refusal, tickers), r"/v1/tickers(/[^/]+)?"),
        Recorded(or_refusal(refusal, candles), r"/v1/coins/[^/]+/ohlcv/.*"),
        Recorded(or_refusal(refusal, coins), r"/v1/coins"),
        Recorded(or_refusal(refusal, overview), r"/v1/global"),
    ),
)
