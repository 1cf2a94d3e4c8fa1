"""The markets of Binance: which there are, how a request names them, and how exchangeInfo lists them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import orjson

from server.simulator.assets import SimulatedAsset, assets
from server.simulator.reply import Asked, Said, said
from server.simulator.view import View

QUOTES = ("USDT", "USDC", "FDUSD", "BTC", "ETH", "EUR", "TRY")

_ALLOWED = (
    "icebergAllowed", "ocoAllowed", "otoAllowed", "quoteOrderQtyMarketAllowed", "allowTrailingStop",
    "cancelReplaceAllowed", "amendAllowed", "isSpotTradingAllowed", "isMarginTradingAllowed",
)  # fmt: skip

_PRECISIONS = (
    "baseAssetPrecision", "quotePrecision", "quoteAssetPrecision", "baseCommissionPrecision",
    "quoteCommissionPrecision",
)  # fmt: skip

_LEGAL_SYMBOLS = r'^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$'

Market = tuple[SimulatedAsset, str, str]


def fixed(value: float) -> str:
    """Return a number as Binance writes it."""
    return f"{value:.8f}"


def tick(price: float) -> int:
    """Return how many decimals a market of this price shows."""
    return max(2, min(8, 4 - math.floor(math.log10(price)) if price > 0 else 8))


@cache
def _markets() -> dict[str, Market]:
    """Return every market: all assets against USDT, the large ones against the other quotes too."""
    found: dict[str, Market] = {}
    for asset in assets():
        base = asset.id_at("binance")
        if not base:
            continue
        large = asset.rank <= 40 and not asset.follows
        for quote in QUOTES if large and asset.anchor.price > 0.1 else ("USDT",):
            if quote != base:
                found[base + quote] = (asset, base, quote)
    return found


def error(code: int, message: str, status: int = 400) -> Said:
    """Return an error of Binance's."""
    return said({"code": code, "msg": message}, status)


def asked_markets(view: View, asked: Asked) -> list[tuple[str, Market]] | Said:
    """Return the markets a request names, all when it names none, or the error it gets."""
    markets = _markets()
    names = list(markets)
    if "symbols" in asked.query:
        try:
            names = orjson.loads(asked.query["symbols"])
        except orjson.JSONDecodeError:
            return error(-1100, f"Illegal characters found in parameter 'symbols'; legal range is '{_LEGAL_SYMBOLS}'.")
    elif "symbol" in asked.query:
        names = [asked.query["symbol"]]
    if not isinstance(names, list) or any(name not in markets for name in names):
        return error(-1121, "Invalid symbol.")
    return [_shown(view, name, markets[name]) for name in names]


def _shown(view: View, name: str, market: Market) -> tuple[str, Market]:
    """Return the market that is shown for one that was asked for."""
    asset = view.shown(market[0])
    if asset is market[0]:
        return name, market
    base = asset.id_at("binance") or asset.symbol
    return base + market[2], (asset, base, market[2])


def exchange_info(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/exchangeInfo`."""
    markets = asked_markets(view, asked)
    if isinstance(markets, Said):
        return markets
    limits = [("REQUEST_WEIGHT", "MINUTE", 1, 6000), ("ORDERS", "SECOND", 10, 100), ("ORDERS", "DAY", 1, 200_000)]
    limits.append(("RAW_REQUESTS", "MINUTE", 5, 61_000))
    names = ("rateLimitType", "interval", "intervalNum", "limit")
    return said(
        {
            "timezone": "UTC",
            "serverTime": int(view.now * 1000),
            "rateLimits": [dict(zip(names, limit, strict=True)) for limit in limits],
            "exchangeFilters": [],
            "symbols": [_symbol(view, name, market) for name, market in markets],
        }
    )


def _symbol(view: View, name: str, market: Market) -> dict[str, object]:
    asset, base, quote = market
    step = f"{10.0 ** -tick(view.price(asset, quote)):.8f}"
    orders = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]
    return {
        "symbol": name,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": quote,
        **dict.fromkeys(_PRECISIONS, 8),
        "orderTypes": orders,
        **dict.fromkeys(_ALLOWED, True),
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": step, "maxPrice": "1000000.00000000", "tickSize": step},
            {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        ],
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
    }
