"""Kraken spot: tickers, candles, pairs; recorded answers of its futures are read as well.

Kraken writes XBT for BTC and XDG for DOGE, and names an answer's pair by its old form (`XXBTZUSD` for `XBTUSD`).
Errors come as a list in `error` with HTTP 200. Its `o` is the open of the UTC day, not of the last 24 h.
"""

from __future__ import annotations

from decimal import Decimal

from server.errors import BadAnswer
from server.model import AssetsQuery, Candle, Candles, CandlesQuery, ListedAsset, ListedAssets, Price, PriceQuery
from server.providers.base import Limit, Provider, Recorded, Reply, Request, Source, Tier
from server.providers.decode import (
    code_of,
    decimal_of,
    dict_at,
    dict_of,
    int_of,
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
from server.providers.series import base_query, candles_of, merged, reach, unix_s
from server.providers.values import only, or_refusal, percent_change, positive, serving

QUOTES = {"USD": "USD", "EUR": "EUR", "GBP": "GBP", "BTC": "XBT", "ETH": "ETH", "USDT": "USDT", "USDC": "USDC"}
MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440}
BASES = {"3m": "1m", "2h": "1h", "6h": "1h", "8h": "4h", "12h": "4h", "1w": "1d"}
_MOST_CANDLES = 720


def refusal(reply: Reply) -> Refusal | None:
    """Return the first error that the body states, None when it states none."""
    body = dict_of(json_of(reply))
    errors = body.get("error")
    if isinstance(errors, list) and errors:
        return Refusal(code_of(errors[0]))
    if body.get("result") == "error":
        return Refusal(code_of(errors))
    return None


def _body(reply: Reply) -> dict[str, object]:
    stated = refusal(reply)
    if stated is None:
        return dict_of(json_of(reply))
    if stated.code.startswith("EQuery:Unknown asset"):
        raise BadAnswer("unknown_asset", stated.code)
    busy = "Rate limit" in stated.code or "Too many requests" in stated.code or stated.code == "apiLimitExceeded"
    raise BadAnswer("throttled" if busy else "error_body", "the body states an error")


def tickers(reply: Reply) -> tuple[Ticker, ...]:
    """Read tickers by pair. The 24 h figures are the second of each two; there is no time."""
    result = dict_at(_body(reply), "result")
    return tuple(_ticker(text_of(pair, "pair", 40), dict_of(row, "ticker")) for pair, row in result.items())


def _ticker(pair: str, row: dict[str, object]) -> Ticker:
    last = _member(row, "c", 0)
    opened = optional_decimal(row.get("o"), "o")
    volume, mean = _member(row, "v", 1), _member(row, "p", 1)
    return Ticker(
        symbol=pair,
        last=last,
        bid=_member(row, "b", 0),
        ask=_member(row, "a", 0),
        high=_member(row, "h", 1),
        low=_member(row, "l", 1),
        open=opened,
        base_volume=volume,
        quote_volume=volume * mean,
        percentage=percent_change(last, opened),
    )


def _member(row: dict[str, object], key: str, place: int) -> Decimal:
    return decimal_of(row_of(row.get(key), place + 1, key)[place], key)


def candles(reply: Reply) -> tuple[str, tuple[Candle, ...]]:
    """Read candles with their pair, oldest first: time in seconds, open, high, low, close, mean, volume, trades."""
    result = dict_at(_body(reply), "result")
    pairs = [pair for pair in result if pair != "last"]
    if len(pairs) != 1:
        raise BadAnswer("schema", "one pair is due")
    rows = list_of(result[pairs[0]], "candles")
    return pairs[0], tuple(_candle(row_of(row, 8, "candle")) for row in rows)


def _candle(row: list[object]) -> Candle:
    opened, high, low, close = (decimal_of(value, "candle") for value in row[1:5])
    return Candle(
        time_s(row[0], "time"),
        opened,
        high,
        low,
        close,
        decimal_of(row[6], "volume"),
        trades=int_of(row[7], "trades"),
    )


def pairs(reply: Reply) -> tuple[ListedAsset, ...]:
    """Read the pairs; `active` while online, unknown where the answer does not say."""
    result = dict_at(_body(reply), "result")
    return tuple(_pair(text_of(name, "pair", 40), dict_of(row, "pair")) for name, row in result.items())


def _pair(name: str, row: dict[str, object]) -> ListedAsset:
    status = row.get("status")
    return ListedAsset(
        id=name,
        symbol=text_of(row.get("altname"), "altname", 40),
        base=text_of(row.get("base"), "base", 40),
        quote=text_of(row.get("quote"), "quote", 40),
        active=None if status is None else status == "online",
    )


def currencies(reply: Reply) -> tuple[ListedAsset, ...]:
    """Read the assets by Kraken's old names, with the short ones as symbols."""
    result = dict_at(_body(reply), "result")
    rows = ((text_of(name, "asset", 40), dict_of(row, "asset")) for name, row in result.items())
    return tuple(ListedAsset(name, text_of(row.get("altname"), "altname", 40)) for name, row in rows)


def book(reply: Reply) -> Book:
    """Read an order book."""
    result = dict_at(_body(reply), "result")
    sides = dict_of(next(iter(result.values()), None), "pair")
    return Book(_levels(list_at(sides, "bids")), _levels(list_at(sides, "asks")))


def _levels(rows: list[object]) -> tuple[tuple[Decimal, Decimal], ...]:
    levels = (row_of(row, 2, "level") for row in rows)
    return tuple((decimal_of(row[0], "price"), decimal_of(row[1], "volume")) for row in levels)


def trades(reply: Reply) -> tuple[Trade, ...]:
    """Read trades, oldest first: price, volume, time in seconds, side, order type, note, and lately an id."""
    result = dict_at(_body(reply), "result")
    rows = [row for pair, found in result.items() if pair != "last" for row in list_of(found, "trades")]
    return tuple(_trade(row_of(row, 4, "trade")) for row in rows)


def _trade(row: list[object]) -> Trade:
    return Trade(
        id=code_of(row[6]) if len(row) > 6 else None,
        time=time_s(row[2], "time"),
        price=decimal_of(row[0], "price"),
        amount=decimal_of(row[1], "volume"),
        taker_side={"b": "buy", "s": "sell"}.get(code_of(row[3])),
    )


def futures(reply: Reply) -> tuple[Ticker, ...]:
    """Read the tickers of Kraken Futures."""
    return tuple(_future(dict_of(row, "ticker")) for row in list_at(_body(reply), "tickers"))


def _future(row: dict[str, object]) -> Ticker:
    last, opened = optional_decimal(row.get("last"), "last"), optional_decimal(row.get("open24h"), "open24h")
    return Ticker(
        symbol=text_of(row.get("symbol"), "symbol", 60),
        last=last,
        bid=optional_decimal(row.get("bid"), "bid"),
        ask=optional_decimal(row.get("ask"), "ask"),
        high=optional_decimal(row.get("high24h"), "high24h"),
        low=optional_decimal(row.get("low24h"), "low24h"),
        open=opened,
        base_volume=optional_decimal(row.get("vol24h"), "vol24h"),
        quote_volume=optional_decimal(row.get("volumeQuote"), "volumeQuote"),
        percentage=percent_change(last, opened),
        time=optional_time(time_iso, row.get("lastTime"), "lastTime"),
    )


def _market(query: PriceQuery | CandlesQuery) -> str:
    return query.asset.source_ids["kraken"] + QUOTES[query.quote]


def _names(query: PriceQuery | CandlesQuery) -> frozenset[str]:
    """Return the names under which Kraken may answer for a pair: short, old, and with a slash."""
    base, quote = query.asset.source_ids["kraken"], QUOTES[query.quote]
    names = {first + second for first in (base, f"X{base}") for second in (quote, f"X{quote}", f"Z{quote}")}
    return frozenset(names | {f"{base}/{quote}", f"{query.asset.symbol}/{query.quote}"})


def _lists(query: PriceQuery | CandlesQuery) -> bool:
    base, quote = query.asset.source_ids.get("kraken"), QUOTES.get(query.quote)
    return base is not None and quote is not None and base != quote


def _price_request(query: PriceQuery) -> tuple[Request, ...]:
    return (Request("/0/public/Ticker", (("pair", _market(query)),)),)


def _price(query: PriceQuery, replies: tuple[Reply, ...]) -> Price:
    rows = tickers(only(replies))
    if len(rows) != 1 or rows[0].symbol not in _names(query):
        raise BadAnswer("wrong_asset", "another pair's ticker")
    row = rows[0]
    # The open is the UTC day's: as the open of 24 h, and for the change, it would be wrong.
    return Price(
        asset=query.asset.id,
        quote=query.quote,
        value=positive(row.last, "last"),
        bid=row.bid or None,
        ask=row.ask or None,
        high=row.high or None,
        low=row.low or None,
        base_volume=row.base_volume,
        quote_volume=row.quote_volume,
    )


def _candles_request(query: CandlesQuery) -> tuple[Request, ...]:
    base = base_query(query, BASES)
    asked = [("pair", _market(query)), ("interval", str(MINUTES[base.interval.token]))]
    if base.start_time is not None:
        asked.append(("since", str(unix_s(base.start_time) - 1)))
    return (Request("/0/public/OHLC", tuple(asked)),)


def _candles(query: CandlesQuery, replies: tuple[Reply, ...]) -> Candles:
    pair, rows = candles(only(replies))
    if pair not in _names(query):
        raise BadAnswer("wrong_asset", "another pair's candles")
    earliest = reach(query)
    if earliest is not None and len(rows) >= _MOST_CANDLES and min(row.open_time for row in rows) > earliest:
        raise BadAnswer("unknown_asset", "reaches back 720 candles only")
    return candles_of(query, merged(query, rows) if query.interval.token in BASES else rows, query.quote)


def _covers(query: CandlesQuery) -> bool:
    base = base_query(query, BASES)
    return _lists(query) and base.interval.token in MINUTES and base.limit <= _MOST_CANDLES


PROVIDER = Provider(
    name="kraken",
    capabilities=(
        serving(PriceQuery, _price_request, _price, _lists),
        serving(CandlesQuery, _candles_request, _candles, _covers),
        serving(
            AssetsQuery,
            lambda _query: (Request("/0/public/AssetPairs"),),
            lambda _query, replies: ListedAssets(pairs(only(replies))),
        ),
    ),
    sources=(
        Source(
            id="kraken",
            name="Kraken",
            provider="kraken",
            base_url="https://api.kraken.com",
            tier=Tier.HIGH,
            category="exchange",
            limits=(Limit(15, 15),),  # one a second on the mean: it counts calls up to fifteen and forgets them in time
            docs_url="https://docs.kraken.com/api/",
            terms_url="https://www.kraken.com/legal",
        ),
    ),
    recorded_as=("kraken",),
    recorded=(
        Recorded(or_refusal(refusal, tickers), r"/0/public/Ticker"),
        Recorded(or_refusal(refusal, lambda reply: candles(reply)[1]), r"/0/public/OHLC"),
        Recorded(or_refusal(refusal, pairs), r"/0/public/AssetPairs"),
        Recorded(or_refusal(refusal, currencies), r"/0/public/Assets"),
        Recorded(or_refusal(refusal, book), r"/0/public/Depth"),
        Recorded(or_refusal(refusal, trades), r"/0/public/Trades"),
        Recorded(or_refusal(refusal, futures), r"/derivatives/api/v3/tickers"),
    ),
)
