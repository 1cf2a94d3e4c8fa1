"""Kraken public REST: errors as a list inside a 200, pairs under their canonical name whatever name was asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from server.simulator.assets import SimulatedAsset, assets
from server.simulator.noise import mixed
from server.simulator.prices import Bar
from server.simulator.reply import Asked, Format, Said, routed, said, whole
from server.simulator.series import open_times
from server.simulator.view import View, iso

MINUTES = (1, 5, 15, 30, 60, 240, 1440, 10_080, 21_600)
LONG_BASES = {
    "XBT": "XXBT", "ETH": "XETH", "LTC": "XLTC", "XRP": "XXRP", "XDG": "XXDG", "XLM": "XXLM", "XMR": "XXMR",
    "ZEC": "XZEC", "ETC": "XETC", "REP": "XREP", "MLN": "XMLN",
}  # fmt: skip
"""Old assets keep a leading X, and their pairs with old currencies both prefixes."""
LONG_QUOTES = {"USD": "ZUSD", "EUR": "ZEUR", "GBP": "ZGBP", "CAD": "ZCAD", "JPY": "ZJPY", "XBT": "XXBT", "ETH": "XETH"}
WORLD_QUOTES = {"XBT": "BTC"}
Pair = tuple[SimulatedAsset, str, str]


def _error(text: str) -> Said:
    return said({"error": [text]})


UNKNOWN = _error("EQuery:Unknown asset pair")


@cache
def _pairs() -> dict[str, Pair]:
    """Return every pair by its canonical name, with the asset, base and quote in Kraken's names."""
    found: dict[str, Pair] = {}
    for asset in assets():
        base = asset.id_at("kraken")
        if not base:
            continue
        quotes = ("USD", "EUR", "GBP", "USDT", "XBT") if asset.rank <= 30 else ("USD", "EUR")
        for quote in quotes:
            if quote != base and not (quote == "XBT" and asset.follows):
                found[_canonical(base, quote)] = (asset, base, quote)
    return found


def _canonical(base: str, quote: str) -> str:
    if base in LONG_BASES and quote in LONG_QUOTES:
        return LONG_BASES[base] + LONG_QUOTES[quote]
    if base == "USDT" and quote == "USD":
        return "USDTZUSD"
    return base + quote


def _names(name: str, pair: Pair) -> set[str]:
    """Return every name under which a pair may be asked for."""
    _, base, quote = pair
    plain = {"XBT": "BTC", "XDG": "DOGE"}.get(base, base), {"XBT": "BTC"}.get(quote, quote)
    return {name, base + quote, f"{base}/{quote}", "".join(plain), "/".join(plain)}


@cache
def _by_name() -> dict[str, str]:
    """Return the canonical name of every name that a pair has."""
    return {name: key for key, pair in _pairs().items() for name in _names(key, pair)}


def _asked_pairs(view: View, asked: Asked) -> list[tuple[str, Pair]] | Said:
    """Return the pairs a request names, all when it names none; an unknown one fails the whole request."""
    pairs, by_name = _pairs(), _by_name()
    if "pair" not in asked.query:
        return list(pairs.items())
    found = []
    for name in asked.query["pair"].split(","):
        key = by_name.get(name.strip().upper())
        if key is None:
            return UNKNOWN
        found.append(_shown(view, key, pairs[key]))
    return found


def _shown(view: View, name: str, pair: Pair) -> tuple[str, Pair]:
    asset = view.shown(pair[0])
    if asset is pair[0]:
        return name, pair
    base = asset.id_at("kraken") or asset.symbol
    return _canonical(base, pair[2]), (asset, base, pair[2])


def _key(asked: Asked, name: str, pair: Pair) -> str:
    """Return the key of a pair in the answer: plain names where `assetVersion=1` asks for them."""
    if asked.query.get("assetVersion") != "1":
        return name
    return "/".join({"XBT": "BTC", "XDG": "DOGE"}.get(part, part) for part in pair[1:])


def _places(price: float) -> int:
    return max(1, min(10, 5 - math.floor(math.log10(price)))) if price > 0 else 8


def _quote(quote: str) -> str:
    return WORLD_QUOTES.get(quote, quote)


def ticker(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/0/public/Ticker`."""
    pairs = _asked_pairs(view, asked)
    if isinstance(pairs, Said):
        return pairs
    return said({"error": [], "result": {_key(asked, name, pair): _ticker(view, pair) for name, pair in pairs}})


def _ticker(view: View, pair: Pair) -> dict[str, object]:
    asset, _base, quote = pair
    day, half = view.day(asset, _quote(quote)), view.half_spread(asset)
    places = _places(day.last)
    midnight = view.data_time - view.data_time % 86_400
    today = view.bars(asset, [midnight], 86_400, _quote(quote))[0]
    done = (view.data_time - midnight) / 86_400
    volume = day.volume_usd / day.last
    mean = (day.high + day.low + day.last) / 3
    low, high = min(day.low, day.last), max(day.high, day.last)
    trades = max(2, int(day.volume_usd / 1500))

    def price(value: float) -> str:
        return f"{value:.{places}f}"

    luck = mixed(asset.rank, int(view.data_time * 4)) / 2**64
    lots = 1 + int(luck * 2000 / view.world.prices.price(asset, view.data_time))
    return {
        "a": [price(day.last * (1 + half)), str(lots), f"{lots:.3f}"],
        "b": [price(day.last * (1 - half)), str(lots + 1), f"{lots + 1:.3f}"],
        "c": [price(day.last), f"{luck * 900 / day.last:.8f}"],
        "v": [f"{volume * done:.8f}", f"{volume:.8f}"],
        "p": [price((today.high + today.low + today.close) / 3), price(mean)],
        "t": [int(trades * done), trades],
        "l": [price(max(today.low, low)), price(low)],
        "h": [price(min(today.high, high)), price(high)],
        "o": price(today.open),
    }


def ohlc(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/0/public/OHLC`: the last 720 bars, those after `since` of them, the last one not final."""
    if "pair" not in asked.query:
        return _error("EGeneral:Invalid arguments")
    pairs = _asked_pairs(view, asked)
    if isinstance(pairs, Said):
        return pairs
    minutes = asked.query.get("interval", "1")
    if not minutes.isdigit() or int(minutes) not in MINUTES:
        return _error("EGeneral:Invalid arguments:interval")
    span = int(minutes) * 60
    opens = open_times(span, view.data_time, None, None, 720)
    since = whole(asked, "since", 0, 0, 2**62)
    name, pair = pairs[0]
    bars = view.bars(pair[0], [moment for moment in opens if moment > since], span, _quote(pair[2]))
    result: dict[str, object] = {_key(asked, name, pair): [_row(bar) for bar in bars]}
    result["last"] = int(opens[-2])
    return said({"error": [], "result": result})


def _row(bar: Bar) -> list[object]:
    places = _places(bar.close)
    prices = [f"{value:.{places}f}" for value in (bar.open, bar.high, bar.low, bar.close)]
    mean = f"{(bar.high + bar.low + bar.close) / 3:.{places}f}"
    return [int(bar.open_s), *prices, mean, f"{bar.volume:.8f}", int(bar.volume * bar.close / 1500)]


def asset_pairs(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/0/public/AssetPairs`."""
    pairs = _asked_pairs(view, asked)
    if isinstance(pairs, Said):
        return pairs
    return said({"error": [], "result": {_key(asked, name, pair): _listed(view, pair) for name, pair in pairs}})


def _listed(view: View, pair: Pair) -> dict[str, object]:
    asset, base, quote = pair
    places = _places(view.price(asset, _quote(quote)))
    steps = (0, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000)
    return {
        "altname": base + quote,
        "wsname": f"{base}/{quote}",
        "aclass_base": "currency",
        "base": LONG_BASES.get(base, base),
        "aclass_quote": "currency",
        "quote": LONG_QUOTES.get(quote, quote),
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": places,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [2, 3] if asset.rank <= 20 else [],
        "leverage_sell": [2, 3] if asset.rank <= 20 else [],
        "fees": [[step, round(0.4 - 0.035 * place, 3)] for place, step in enumerate(steps)],
        "fees_maker": [[step, round(0.25 - 0.025 * place, 3)] for place, step in enumerate(steps)],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": f"{5 / asset.anchor.price:.8f}",
        "costmin": "0.5",
        "tick_size": f"{10.0**-places:.{places}f}",
        "status": "online",
    }


def listed_assets(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/0/public/Assets`."""
    names = [asset.id_at("kraken") for asset in view.world.prices.assets]
    bases = [(LONG_BASES.get(name, name), name, 10, 5) for name in names if name]
    fiat = [("Z" + code, code, 4, 2) for code in ("USD", "EUR", "GBP", "CAD", "JPY")]
    rows = {
        key: {"aclass": "currency", "altname": name, "decimals": most, "display_decimals": few, "status": "enabled"}
        for key, name, most, few in bases + fiat
    }
    return said({"error": [], "result": rows})


def server_time(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/0/public/Time`."""
    return said({"error": [], "result": {"unixtime": int(view.now), "rfc1123": iso(view.now)}})


def status(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/0/public/SystemStatus`."""
    return said({"error": [], "result": {"status": "online", "timestamp": iso(view.now)}})


MISSING = said({"error": ["EGeneral:Unknown method"]}, 404)
FORMAT = Format(
    "kraken",
    routed(
        (
            ("/0/public/Ticker", ticker),
            ("/0/public/OHLC", ohlc),
            ("/0/public/AssetPairs", asset_pairs),
            ("/0/public/Assets", listed_assets),
            ("/0/public/Time", server_time),
            ("/0/public/SystemStatus", status),
        ),
        MISSING,
    ),
    MISSING,
    _error("EService:Unavailable"),
    UNKNOWN,
)
