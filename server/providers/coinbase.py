"""Coinbase Exchange: tickers with 24 h statistics, candles, products. Errors are `{"message": …}` with HTTP 4xx."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from server.errors import BadAnswer
from server.model import AssetsQuery, Candle, Candles, CandlesQuery, ListedAsset, ListedAssets, Price, PriceQuery
from server.providers.base import Limit, Provider, Recorded, Reply, Request, Source, Tier
from server.providers.decode import (
    code_of,
    decimal_of,
    dict_of,
    json_of,
    list_at,
    list_of,
    optional_decimal,
    optional_time,
    row_of,
    text_of,
    time_iso,
    time_s,
)
from server.providers.rows import Book, Refusal, Ticker, Trade
from server.providers.series import base_query, candles_of, merged, unix_s
from server.providers.values import only, or_refusal, percent_change, price_of_ticker, serving

QUOTES = frozenset({"USD", "EUR", "GBP", "BTC", "ETH", "USDT", "USDC"})
GRANULARITIES = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "6h": 21600, "1d": 86400}
BASES = {"3m": "1m", "30m": "15m", "2h": "1h", "4h": "1h", "8h": "1h", "12h": "6h", "1w": "1d"}
_MOST_CANDLES = 300
_MOST_REQUESTS = 4


def refusal(reply: Reply) -> Refusal | None:
    """Return the error that the body states, None when it states none."""
    body = json_of(reply)
    if isinstance(body, dict) and "message" in body and len(body) == 1:
        return Refusal(str(reply.status), code_of(body["message"]))
    return None


def _body(reply: Reply) -> object:
    stated = refusal(reply)
    if stated is None:
        return json_of(reply)
    if reply.status == 404 or stated.message == "NotFound":
        raise BadAnswer("unknown_asset", "no such product")
    raise BadAnswer("throttled" if "rate limit" in stated.message else "error_body", f"status {reply.status}")


def ticker(reply: Reply) -> Ticker:
    """Read a product's ticker, which does not name the product."""
    row = dict_of(_body(reply))
    return Ticker(
        symbol=None,
        last=decimal_of(row.get("price"), "price"),
        bid=optional_decimal(row.get("bid"), "bid"),
        ask=optional_decimal(row.get("ask"), "ask"),
        base_volume=optional_decimal(row.get("volume"), "volume"),
        time=optional_time(time_iso, row.get("time"), "time"),
    )


def stats(reply: Reply) -> Ticker:
    """Read a product's 24 h statistics, which name neither the product nor their time."""
    row = dict_of(_body(reply))
    last, opened = optional_decimal(row.get("last"), "last"), optional_decimal(row.get("open"), "open")
    return Ticker(
        symbol=None,
        last=last,
        high=optional_decimal(row.get("high"), "high"),
        low=optional_decimal(row.get("low"), "low"),
        open=opened,
        base_volume=optional_decimal(row.get("volume"), "volume"),
        percentage=percent_change(last, opened),
    )


def candles(reply: Reply) -> tuple[Candle, ...]:
    """Read candles, newest first: time in seconds, low, high, open, close, volume."""
    return tuple(_candle(row_of(row, 6, "candle")) for row in list_of(_body(reply)))


def _candle(row: list[object]) -> Candle:
    low, high, opened, close, volume = (decimal_of(value, "candle") for value in row[1:6])
    return Candle(time_s(row[0], "time"), opened, high, low, close, volume)


def products(reply: Reply) -> tuple[ListedAsset, ...]:
    """Read the products; `active` while online, unknown where the answer does not say."""
    return tuple(_product(dict_of(row, "product")) for row in list_of(_body(reply)))


def _product(row: dict[str, object]) -> ListedAsset:
    base = text_of(row.get("base_currency"), "base_currency", 40)
    status = row.get("status")
    return ListedAsset(
        id=text_of(row.get("id"), "id", 40),
        symbol=base,
        base=base,
        quote=text_of(row.get("quote_currency"), "quote_currency", 40),
        active=None if status is None else status == "online" and row.get("trading_disabled") is not True,
    )


def book(reply: Reply) -> Book:
    """Read an order book of level 1 or 2."""
    body = dict_of(_body(reply))
    return Book(_levels(list_at(body, "bids")), _levels(list_at(body, "asks")))


def _levels(rows: list[object]) -> tuple[tuple[Decimal, Decimal], ...]:
    levels = (row_of(row, 2, "level") for row in rows)
    return tuple((decimal_of(row[0], "price"), decimal_of(row[1], "size")) for row in levels)


def trades(reply: Reply) -> tuple[Trade, ...]:
    """Read trades, newest first; `side` is the maker's, the taker did the opposite."""
    return tuple(_trade(dict_of(row, "trade")) for row in list_of(_body(reply)))


def _trade(row: dict[str, object]) -> Trade:
    return Trade(
        id=code_of(row.get("trade_id")),
        time=time_iso(row.get("time"), "time"),
        price=decimal_of(row.get("price"), "price"),
        amount=decimal_of(row.get("size"), "size"),
        taker_side={"sell": "buy", "buy": "sell"}.get(code_of(row.get("side"))),
    )


def _market(query: PriceQuery | CandlesQuery) -> str:
    return f"{query.asset.source_ids['coinbase']}-{query.quote}"


def _lists(query: PriceQuery | CandlesQuery) -> bool:
    base = query.asset.source_ids.get("coinbase")
    return base is not None and query.quote in QUOTES and base != query.quote


def _price_requests(query: PriceQuery) -> tuple[Request, ...]:
    path = f"/products/{_market(query)}"
    return (Request(f"{path}/ticker"), Request(f"{path}/stats"))


def _price(query: PriceQuery, replies: tuple[Reply, ...]) -> Price:
    if len(replies) != 2:
        raise BadAnswer("empty", "two replies are due")
    now, day = ticker(replies[0]), _day(replies[1])
    merged = Ticker(
        symbol=None,
        last=now.last,
        bid=now.bid,
        ask=now.ask,
        high=day.high,
        low=day.low,
        open=day.open,
        base_volume=now.base_volume,
        percentage=percent_change(now.last, day.open),
        time=now.time,
    )
    return price_of_ticker(query, merged, query.quote)


def _day(reply: Reply) -> Ticker:
    """Return the statistics, empty ones where they cannot be had: the price stands without them."""
    try:
        return stats(reply)
    except BadAnswer as refused:
        if refused.reason == "throttled":
            raise
        return Ticker(symbol=None, last=None)


def _windows(query: CandlesQuery) -> tuple[tuple[datetime, datetime], ...]:
    """Return the spans to ask for, each of at most 300 candles with both ends inclusive; none for the newest."""
    whole = query.interval.span * query.limit
    if query.start_time is not None:
        start, end = query.start_time, query.start_time + whole
        end = min(end, query.end_time) if query.end_time is not None else end
    elif query.end_time is not None:
        start, end = query.end_time - whole, query.end_time
    else:
        return ()
    step = query.interval.span * _MOST_CANDLES
    count = -((start - end) // step)
    starts = (start + step * number for number in range(count))
    return tuple((begin, min(begin + step, end) - timedelta(seconds=1)) for begin in starts)


def _candles_requests(query: CandlesQuery) -> tuple[Request, ...]:
    path, base = f"/products/{_market(query)}/candles", base_query(query, BASES)
    fixed = ("granularity", str(GRANULARITIES[base.interval.token]))
    spans = _windows(base)
    if not spans:
        return (Request(path, (fixed,)),)
    return tuple(
        Request(path, (fixed, ("start", str(unix_s(start))), ("end", str(unix_s(end))))) for start, end in spans
    )


def _candles(query: CandlesQuery, replies: tuple[Reply, ...]) -> Candles:
    rows = [row for reply in replies for row in candles(reply)]
    return candles_of(query, merged(query, rows) if query.interval.token in BASES else rows, query.quote)


def _covers(query: CandlesQuery) -> bool:
    base = base_query(query, BASES)
    bounded = query.start_time is not None or query.end_time is not None
    most = _MOST_CANDLES * _MOST_REQUESTS if bounded else _MOST_CANDLES
    return _lists(query) and base.interval.token in GRANULARITIES and base.limit <= most


PROVIDER = Provider(
    name="coinbase",
    capabilities=(
        serving(PriceQuery, _price_requests, _price, _lists),
        serving(CandlesQuery, _candles_requests, _candles, _covers),
        serving(
            AssetsQuery,
            lambda _query: (Request("/products"),),
            lambda _query, replies: ListedAssets(products(only(replies))),
        ),
    ),
    sources=(
        Source(
            id="coinbase",
            name="Coinbase Exchange",
            provider="coinbase",
            base_url="https://api.exchange.coinbase.com",
            tier=Tier.CRITICAL,
            category="exchange",
            limits=(Limit(10, 1),),
            docs_url="https://docs.cdp.coinbase.com/exchange/rest-api",
            terms_url="https://www.coinbase.com/legal/market_data",
        ),
    ),
    recorded_as=("coinbaseexchange",),
    recorded=(
        Recorded(or_refusal(refusal, ticker), r"/products/[^/]+/ticker"),
        Recorded(or_refusal(refusal, stats), r"/products/[^/]+/stats"),
        Recorded(or_refusal(refusal, candles), r"/products/[^/]+/candles"),
        Recorded(or_refusal(refusal, trades), r"/products/[^/]+/trades"),
        Recorded(or_refusal(refusal, book), r"/products/[^/]+/book"),
        Recorded(or_refusal(refusal, products), r"/products"),
    ),
)
