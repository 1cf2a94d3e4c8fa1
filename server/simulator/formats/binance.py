"""Binance spot v3: prices as text with eight decimals, klines in twelve columns, errors as `{code, msg}`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from server.simulator.assets import SimulatedAsset
from server.simulator.formats.binance_markets import Market, asked_markets, error, exchange_info, fixed, tick
from server.simulator.noise import key_of, mixed, uniform
from server.simulator.prices import Bar
from server.simulator.reply import Asked, Format, Said, routed, said, whole
from server.simulator.series import MONTH_S, month_span, open_times
from server.simulator.view import View

SPANS = {
    "1s": 1, "1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14_400,
    "6h": 21_600, "8h": 28_800, "12h": 43_200, "1d": 86_400, "3d": 259_200, "1w": 604_800, "1M": MONTH_S,
}  # fmt: skip

MONDAY_S = 345_600

_MINI = (
    "symbol", "openPrice", "highPrice", "lowPrice", "lastPrice", "volume", "quoteVolume", "openTime", "closeTime",
    "firstId", "lastId", "count",
)  # fmt: skip


def _one_or_all(asked: Asked, rows: list[dict[str, object]]) -> Said:
    return said(rows[0] if "symbol" in asked.query else rows)


def _depth_quantity(view: View, asset: SimulatedAsset, level: int) -> float:
    """Return the size that rests on one level of the book, some thousand dollars."""
    luck = uniform(key_of(view.world.seed, "book", asset.id), level + int(view.now * 4) * 64)
    return (500 + 40_000 * luck * luck) / view.world.prices.price(asset, view.data_time)


def ticker(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/ticker/24hr`."""
    markets = asked_markets(view, asked)
    if isinstance(markets, Said):
        return markets
    rows = [_ticker(view, name, market) for name, market in markets]
    if asked.query.get("type") == "MINI":
        rows = [{name: row[name] for name in _MINI} for row in rows]
    return _one_or_all(asked, rows)


def _ticker(view: View, name: str, market: Market) -> dict[str, object]:
    asset, _, quote = market
    day, half = view.day(asset, quote), view.half_spread(asset)
    places = tick(day.last)
    close_ms = int(view.data_time * 1000)
    volume = day.volume_usd / day.last
    trades = max(1, int(day.volume_usd / 900))
    last_id = int(view.data_time) * 12 - asset.rank
    last, first = round(day.last, places), round(day.open, places)
    bid, ask = _touch(day.last, half, places)
    return {
        "symbol": name,
        "priceChange": fixed(last - first),
        "priceChangePercent": f"{(last / first - 1) * 100:.3f}",
        "weightedAvgPrice": fixed((day.high + day.low + day.last + day.open) / 4),
        "prevClosePrice": fixed(first),
        "lastPrice": fixed(last),
        "lastQty": fixed(_depth_quantity(view, asset, 0) / 10),
        "bidPrice": fixed(bid),
        "bidQty": fixed(_depth_quantity(view, asset, 1)),
        "askPrice": fixed(ask),
        "askQty": fixed(_depth_quantity(view, asset, 2)),
        "openPrice": fixed(first),
        "highPrice": fixed(max(round(day.high, places), last, first)),
        "lowPrice": fixed(min(round(day.low, places), last, first)),
        "volume": fixed(volume),
        "quoteVolume": fixed(day.volume_usd),
        "openTime": close_ms - 86_400_000,
        "closeTime": close_ms,
        "firstId": last_id - trades,
        "lastId": last_id,
        "count": trades,
    }


def _touch(price: float, half: float, places: int) -> tuple[float, float]:
    """Return best bid and ask on the price grid, at least one step apart."""
    step = 10.0**-places
    bid = math.floor(price * (1 - half) / step) * step
    return bid, max(math.ceil(price * (1 + half) / step) * step, bid + step)


def ticker_price(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/ticker/price`."""
    markets = asked_markets(view, asked)
    if isinstance(markets, Said):
        return markets
    rows: list[dict[str, object]] = []
    for name, (asset, _base, quote) in markets:
        price = view.price(asset, quote)
        rows.append({"symbol": name, "price": fixed(round(price, tick(price)))})
    return _one_or_all(asked, rows)


def book_ticker(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/ticker/bookTicker`."""
    markets = asked_markets(view, asked)
    if isinstance(markets, Said):
        return markets
    rows: list[dict[str, object]] = []
    for name, (asset, _base, quote) in markets:
        price = view.price(asset, quote)
        bid, ask = _touch(price, view.half_spread(asset), tick(price))
        sizes = [fixed(_depth_quantity(view, asset, level)) for level in (1, 2)]
        row = {"symbol": name, "bidPrice": fixed(bid), "bidQty": sizes[0], "askPrice": fixed(ask), "askQty": sizes[1]}
        rows.append(dict(row))
    return _one_or_all(asked, rows)


def klines(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/klines`: oldest first, the open bar last, both ends inclusive on open time."""
    if "symbol" not in asked.query:
        return error(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
    if "interval" not in asked.query:
        return error(-1102, "Mandatory parameter 'interval' was not sent, was empty/null, or malformed.")
    span = SPANS.get(asked.query["interval"])
    if span is None:
        return error(-1120, "Invalid interval.")
    markets = asked_markets(view, asked)
    if isinstance(markets, Said):
        return markets
    asset, _base, quote = markets[0][1]
    start, end = _milliseconds(asked, "startTime"), _milliseconds(asked, "endTime")
    opens = open_times(span, view.now, start, end, whole(asked, "limit", 500, 1, 1000), offset=MONDAY_S)
    if span != MONTH_S:
        return said([_kline(bar, span) for bar in view.bars(asset, opens, span, quote)])
    spans = [(moment, month_span(moment)) for moment in opens]
    return said([_kline(bar, size) for moment, size in spans for bar in view.bars(asset, [moment], size, quote)])


def _milliseconds(asked: Asked, name: str) -> float | None:
    """Return a time parameter in seconds, None when it is absent or no number."""
    text = asked.query.get(name, "")
    return int(text) / 1000 if text.lstrip("-").isdigit() else None


def _kline(bar: Bar, span: float) -> list[object]:
    places = tick(bar.close)
    luck = mixed(0x517, int(bar.open_s)) / 2**64
    base, taken = bar.volume, 0.42 + 0.16 * luck
    quoted = base * (bar.high + bar.low + bar.close) / 3
    ends = [fixed(round(value, places)) for value in (bar.open, bar.high, bar.low, bar.close)]
    count = max(1, int(quoted / 900))
    open_ms = int(bar.open_s * 1000)
    closing = open_ms + int(span * 1000) - 1
    return [open_ms, *ends, fixed(base), closing, fixed(quoted), count, fixed(base * taken), fixed(quoted * taken), "0"]


def depth(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/depth`."""
    if "symbol" not in asked.query:
        return error(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
    markets = asked_markets(view, asked)
    if isinstance(markets, Said):
        return markets
    asset, _base, quote = markets[0][1]
    price = view.price(asset, quote)
    places = tick(price)
    step = max(10.0**-places, price * 2e-5)
    bid, ask = _touch(price, view.half_spread(asset), places)
    levels = range(whole(asked, "limit", 100, 1, 5000))
    below = [(round(bid - step * level, places), 3 + level) for level in levels if bid > step * level]
    above = [(round(ask + step * level, places), 9000 + level) for level in levels]
    bids, asks = (
        [[fixed(value), fixed(_depth_quantity(view, asset, place))] for value, place in side] for side in (below, above)
    )
    return said({"lastUpdateId": int(view.data_time * 40), "bids": bids, "asks": asks})


def ping(_view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/ping`."""
    return said({})


def server_time(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/time`."""
    return said({"serverTime": int(view.now * 1000)})


_NO_PAGE = b"<html>\n<head><title>404 Not Found</title></head>\n<body><h1>Not Found</h1></body>\n</html>\n"

MISSING = Said(404, _NO_PAGE, "text/html")

FORMAT = Format(
    "binance",
    routed(
        (
            ("/api/v3/ticker/24hr", ticker),
            ("/api/v3/ticker/price", ticker_price),
            ("/api/v3/ticker/bookTicker", book_ticker),
            ("/api/v3/klines", klines),
            ("/api/v3/exchangeInfo", exchange_info),
            ("/api/v3/depth", depth),
            ("/api/v3/ping", ping),
            ("/api/v3/time", server_time),
        ),
        MISSING,
    ),
    MISSING,
    error(-1000, "An unknown error occurred while processing the request."),
    error(-1121, "Invalid symbol."),
)
