"""Binance spot: tickers, candles and symbols of its v3 API; recorded answers of its futures are read as well.

Prices here are of USDT markets where USD is asked; the engine converts. Errors are `{"code": -1121, "msg": …}`.
"""

from __future__ import annotations

from decimal import Decimal

from server.errors import BadAnswer
from server.model import (
    AssetsQuery,
    Candle,
    Candles,
    CandlesQuery,
    ListedAsset,
    ListedAssets,
    Price,
    PriceQuery,
)
from server.providers.base import Limit, Provider, Recorded, Reply, Request, Source, Tier
from server.providers.decode import (
    bool_of,
    code_of,
    decimal_of,
    dict_of,
    int_of,
    json_of,
    list_at,
    list_of,
    optional_decimal,
    optional_decimals,
    optional_time,
    row_of,
    text_of,
    time_ms,
)
from server.providers.rows import Book, Refusal, Ticker, Trade
from server.providers.series import candles_of, unix_ms
from server.providers.values import only, or_refusal, price_of_ticker, serving

QUOTES = {"USD": "USDT", "USDT": "USDT", "USDC": "USDC", "EUR": "EUR", "BTC": "BTC", "ETH": "ETH", "BNB": "BNB"}
_MOST_CANDLES = 1000
_FIGURES = (
    "bidPrice",
    "askPrice",
    "highPrice",
    "lowPrice",
    "openPrice",
    "volume",
    "quoteVolume",
    "priceChangePercent",
)
_REASONS = {"-1121": "unknown_asset", "-1003": "throttled", "-1015": "throttled"}


def refusal(reply: Reply) -> Refusal | None:
    """Return the error that the body states, None when it states none."""
    return _stated(json_of(reply))


def _stated(body: object) -> Refusal | None:
    if isinstance(body, dict) and "code" in body and "msg" in body:
        return Refusal(code_of(body["code"]), code_of(body["msg"]))
    return None


def _body(reply: Reply) -> object:
    body = json_of(reply)
    stated = _stated(body)
    if stated is not None:
        raise BadAnswer(_REASONS.get(stated.code, "error_body"), f"code {stated.code}")
    return body


def tickers(reply: Reply) -> tuple[Ticker, ...]:
    """Read one ticker or a list of them: 24 h, last price, best bid and ask, or futures' mark price."""
    body = _body(reply)
    if isinstance(body, list):
        return tuple(_ticker(dict_of(row, "ticker")) for row in body)
    return (_ticker(dict_of(body, "ticker")),)


def _ticker(row: dict[str, object]) -> Ticker:
    last = row.get("lastPrice", row.get("price", row.get("markPrice")))
    bid, ask, high, low, opened, volume, quote_volume, change = optional_decimals(row, *_FIGURES)
    return Ticker(
        text_of(row.get("symbol"), "symbol", 40),
        optional_decimal(last, "lastPrice"),
        bid,
        ask,
        high,
        low,
        opened,
        volume,
        quote_volume,
        change,
        optional_time(time_ms, row.get("closeTime", row.get("time")), "closeTime"),
    )


def candles(reply: Reply) -> tuple[Candle, ...]:
    """Read klines, oldest first: open time, open, high, low, close, volume, close time, quote volume, trades."""
    return tuple(_candle(row_of(row, 9, "kline")) for row in list_of(_body(reply)))


def _candle(row: list[object]) -> Candle:
    opened, high, low, close, volume = (decimal_of(value, "kline") for value in row[1:6])
    return Candle(
        time_ms(row[0], "open time"),
        opened,
        high,
        low,
        close,
        volume,
        decimal_of(row[7], "quote volume"),
        int_of(row[8], "trades"),
    )


def symbols(reply: Reply) -> tuple[ListedAsset, ...]:
    """Read the markets of exchangeInfo; `active` while it trades."""
    return tuple(_symbol(dict_of(row, "symbol")) for row in list_at(dict_of(_body(reply)), "symbols"))


def _symbol(row: dict[str, object]) -> ListedAsset:
    market = text_of(row.get("symbol"), "symbol", 40)
    base = text_of(row.get("baseAsset"), "baseAsset", 40)
    quote = text_of(row.get("quoteAsset"), "quoteAsset", 40)
    return ListedAsset(market, base, base=base, quote=quote, active=row.get("status") == "TRADING")


def trades(reply: Reply) -> tuple[Trade, ...]:
    """Read trades, single or aggregated; when the buyer made the order, the taker sold."""
    return tuple(_trade(dict_of(row, "trade")) for row in list_of(_body(reply)))


def _trade(row: dict[str, object]) -> Trade:
    return Trade(
        id=str(int_of(row.get("id", row.get("a")), "id")),
        time=time_ms(row.get("time", row.get("T")), "time"),
        price=decimal_of(row.get("price", row.get("p")), "price"),
        amount=decimal_of(row.get("qty", row.get("q")), "qty"),
        taker_side="sell" if bool_of(row.get("isBuyerMaker", row.get("m")), "maker") else "buy",
    )


def book(reply: Reply) -> Book:
    """Read an order book."""
    body = dict_of(_body(reply))
    return Book(_levels(list_at(body, "bids")), _levels(list_at(body, "asks")))


def _levels(rows: list[object]) -> tuple[tuple[Decimal, Decimal], ...]:
    levels = (row_of(row, 2, "level") for row in rows)
    return tuple((decimal_of(row[0], "price"), decimal_of(row[1], "amount")) for row in levels)


def _market(query: PriceQuery | CandlesQuery) -> str:
    return query.asset.source_ids["binance"] + QUOTES[query.quote]


def _lists(query: PriceQuery | CandlesQuery) -> bool:
    base, quote = query.asset.source_ids.get("binance"), QUOTES.get(query.quote)
    return base is not None and quote is not None and base != quote


def _price_request(query: PriceQuery) -> tuple[Request, ...]:
    return (Request("/api/v3/ticker/24hr", (("symbol", _market(query)),), cost=2),)


def _price(query: PriceQuery, replies: tuple[Reply, ...]) -> Price:
    rows = tickers(only(replies))
    if len(rows) != 1 or rows[0].symbol != _market(query):
        raise BadAnswer("wrong_asset", "another market's ticker")
    if rows[0].last == 0 and rows[0].base_volume == 0:
        # Markets that were closed stay listed, with zeros.
        raise BadAnswer("unknown_asset", "not traded any more")
    return price_of_ticker(query, rows[0], QUOTES[query.quote])


def _candles_request(query: CandlesQuery) -> tuple[Request, ...]:
    asked = [("symbol", _market(query)), ("interval", query.interval.token), ("limit", str(query.limit))]
    if query.start_time is not None:
        asked.append(("startTime", str(unix_ms(query.start_time))))
    if query.end_time is not None:
        asked.append(("endTime", str(unix_ms(query.end_time) - 1)))
    return (Request("/api/v3/klines", tuple(asked), cost=2),)


def _candles(query: CandlesQuery, replies: tuple[Reply, ...]) -> Candles:
    return candles_of(query, candles(only(replies)), QUOTES[query.quote])


def _covers(query: CandlesQuery) -> bool:
    return _lists(query) and query.limit <= _MOST_CANDLES


def _row(id_: str, name: str, base_url: str) -> Source:
    return Source(
        id=id_,
        name=name,
        provider="binance",
        base_url=base_url,
        tier=Tier.HIGH,
        category="exchange",
        limits=(Limit(6000, 60),),  # weights; each request states its own
        options={"witness": "binance"},
        docs_url="https://developers.binance.com/docs/binance-spot-api-docs/rest-api",
        terms_url="https://www.binance.com/en/terms",
    )


PROVIDER = Provider(
    name="binance",
    capabilities=(
        serving(PriceQuery, _price_request, _price, _lists),
        serving(CandlesQuery, _candles_request, _candles, _covers),
        serving(
            AssetsQuery,
            lambda _query: (Request("/api/v3/exchangeInfo", cost=20),),
            lambda _query, replies: ListedAssets(symbols(only(replies))),
        ),
    ),
    sources=(
        _row("binance", "Binance", "https://api.binance.com"),
        _row("binance_vision", "Binance market data", "https://data-api.binance.vision"),
    ),
    recorded_as=("binance", "binanceus"),
    recorded=(
        Recorded(or_refusal(refusal, tickers), r".*/(ticker/(24hr|price|bookTicker)|premiumIndex)"),
        Recorded(or_refusal(refusal, candles), r".*/klines"),
        Recorded(or_refusal(refusal, symbols), r".*/exchangeInfo"),
        Recorded(or_refusal(refusal, trades), r".*/(aggTrades|trades)"),
        Recorded(or_refusal(refusal, book), r".*/depth"),
    ),
)
