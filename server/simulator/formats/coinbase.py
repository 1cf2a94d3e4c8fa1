"""Coinbase Exchange: products such as BTC-USD, candles newest first and low and high before open, errors as message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from functools import cache

from server.simulator.assets import SimulatedAsset, assets
from server.simulator.noise import mixed, uniform
from server.simulator.prices import Bar
from server.simulator.reply import Asked, Format, Said, routed, said
from server.simulator.series import open_times
from server.simulator.view import View, iso

SPANS = (60, 300, 900, 3600, 21_600, 86_400)
MOST = 300
Product = tuple[SimulatedAsset, str]
MISSING = said({"message": "NotFound"}, 404)


@cache
def _products() -> dict[str, Product]:
    """Return every product: all assets against USD, the large ones against EUR, GBP, USDT and BTC too."""
    found: dict[str, Product] = {}
    for asset in assets():
        base = asset.id_at("coinbase")
        if not base:
            continue
        for quote in ("USD", "EUR", "GBP", "USDT", "BTC") if asset.rank <= 25 else ("USD",):
            if quote != base and not (quote == "BTC" and asset.follows):
                found[f"{base}-{quote}"] = (asset, quote)
    return found


def _product(view: View, parts: Mapping[str, str]) -> Product | None:
    found = _products().get(parts["id"].upper())
    return None if found is None else (view.shown(found[0]), found[1])


def _places(price: float) -> int:
    return max(2, min(9, 4 - math.floor(math.log10(price)))) if price > 0 else 8


def _plain(value: float, places: int) -> str:
    """Return a number as text without trailing zeros, as Coinbase writes bids and asks."""
    return f"{value:.{places}f}".rstrip("0").rstrip(".")


def products(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/products`."""
    return said([_listed(view, name, *product) for name, product in _products().items()])


def _listed(view: View, name: str, asset: SimulatedAsset, quote: str) -> dict[str, object]:
    base = name.partition("-")[0]
    flags = ("margin_enabled", "post_only", "limit_only", "cancel_only", "trading_disabled", "auction_mode")
    return {
        "id": name,
        "base_currency": base,
        "quote_currency": quote,
        "quote_increment": _plain(10.0 ** -_places(view.price(asset, quote)), 9),
        "base_increment": "0.00000001",
        "display_name": f"{base}-{quote}",
        "min_market_funds": "1",
        **dict.fromkeys(flags, False),
        "fx_stablecoin": asset.follows == "USD",
        "max_slippage_percentage": "0.02000000",
        "status": "online",
        "status_message": "",
        "high_bid_limit_percentage": "",
    }


def product(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/products/{id}`."""
    found = _product(view, parts)
    return MISSING if found is None else said(_listed(view, parts["id"].upper(), *found))


def ticker(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/products/{id}/ticker`."""
    found = _product(view, parts)
    if found is None:
        return MISSING
    asset, quote = found
    day, half = view.day(asset, quote), view.half_spread(asset)
    places = _places(day.last)
    luck = uniform(asset.rank, int(view.data_time * 8))
    return said(
        {
            "ask": _plain(day.last * (1 + half), places),
            "bid": _plain(day.last * (1 - half), places),
            "volume": f"{day.volume_usd / day.last:.8f}",
            "trade_id": int(view.data_time) * 3 - asset.rank,
            "price": _plain(day.last, places),
            "size": f"{1500 * luck * luck / view.world.prices.price(asset, view.data_time):.8f}",
            "time": iso(view.data_time, 6),
            "rfq_volume": f"{day.volume_usd / day.last / 170:.6f}",
        }
    )


def stats(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/products/{id}/stats`."""
    found = _product(view, parts)
    if found is None:
        return MISSING
    day = view.day(*found)
    places, volume = _places(day.last), day.volume_usd / day.last
    return said(
        {
            "open": _plain(day.open, places),
            "high": _plain(day.high, places),
            "low": _plain(day.low, places),
            "last": _plain(day.last, places),
            "volume": f"{volume:.8f}",
            "volume_30day": f"{volume * 29.4:.8f}",
            "rfq_volume_24hour": f"{volume / 170:.6f}",
            "rfq_volume_30day": f"{volume / 6:.6f}",
        }
    )


def candles(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/products/{id}/candles`: newest first; `start` and `end` count together alone."""
    found = _product(view, parts)
    if found is None:
        return MISSING
    text = asked.query.get("granularity", "60")
    if not text.isdigit() or int(text) not in SPANS:
        return said({"message": "Unsupported granularity"}, 400)
    span = int(text)
    start, end = _time(asked.query.get("start", "")), _time(asked.query.get("end", ""))
    if start is None or end is None:
        start = end = None
    elif end < start:
        return said({"message": "start must be before end"}, 400)
    elif (end - start) / span > MOST:
        message = "granularity too small for the requested time range. Count of aggregations requested exceeds 300"
        return said({"message": message}, 400)
    opens = open_times(span, view.data_time, start, end, MOST + 1 if start is not None else MOST)
    asset, quote = found
    return said([_candle(bar) for bar in reversed(view.bars(asset, opens, span, quote))])


def _candle(bar: Bar) -> list[float]:
    places = _places(bar.close)
    low, high, first, last = (round(value, places) for value in (bar.low, bar.high, bar.open, bar.close))
    return [int(bar.open_s), low, high, first, last, round(bar.volume, 8)]


def _time(text: str) -> float | None:
    """Return a time given in seconds or as ISO 8601, None when it is neither."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else datetime.fromisoformat(text + "+00:00").timestamp()


def book(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/products/{id}/book`: level 1 the best only, level 2 the whole aggregated book."""
    found = _product(view, parts)
    if found is None:
        return MISSING
    asset, quote = found
    price, half = view.price(asset, quote), view.half_spread(asset)
    places = _places(price)
    step = max(10.0**-places, price * 2e-5)
    levels = range(1 if asked.query.get("level", "1") == "1" else 400)

    def row(side: int, level: int) -> list[object]:
        luck = mixed(asset.rank * 7 + side, level + int(view.data_time) * 512) / 2**64
        size = (300 + 30_000 * luck * luck) / view.world.prices.price(asset, view.data_time)
        return [_plain(price * (1 + side * half) + side * step * level, places), f"{size:.8f}", 1 + int(luck * 4)]

    return said(
        {
            "bids": [row(-1, level) for level in levels if price * (1 - half) > step * level],
            "asks": [row(1, level) for level in levels],
            "sequence": int(view.data_time * 37),
            "auction_mode": False,
            "auction": None,
            "time": iso(view.data_time, 6),
        }
    )


FORMAT = Format(
    "coinbase",
    routed(
        (
            ("/products", products),
            ("/products/{id}", product),
            ("/products/{id}/ticker", ticker),
            ("/products/{id}/stats", stats),
            ("/products/{id}/candles", candles),
            ("/products/{id}/book", book),
        ),
        MISSING,
    ),
    MISSING,
    said({"message": "Internal server error"}, 500),
    MISSING,
)
