"""CoinPaprika v1: tickers by ids such as btc-bitcoin, quotes by currency, daily candles only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from server.simulator.assets import SimulatedAsset, assets
from server.simulator.prices import Bar
from server.simulator.reply import Asked, Format, Said, routed, said, whole
from server.simulator.series import open_times
from server.simulator.view import View, iso

UNKNOWN = said({"error": "id not found"}, 404)
SPANS = {
    "15m": 900, "30m": 1800, "1h": 3600, "6h": 21_600, "12h": 43_200, "24h": 86_400, "7d": 604_800, "30d": 2_592_000,
    "1y": 31_536_000,
}  # fmt: skip
DAY_S = 86_400


@cache
def _coins() -> dict[str, SimulatedAsset]:
    return {name: asset for asset in assets() if (name := asset.id_at("coinpaprika"))}


def _shown(view: View, name: str) -> tuple[str, SimulatedAsset] | None:
    asset = _coins().get(name)
    if asset is None:
        return None
    shown = view.shown(asset)
    return (name, asset) if shown is asset else (shown.id_at("coinpaprika") or shown.id, shown)


def _ticker(view: View, name: str, asset: SimulatedAsset, currencies: list[str]) -> dict[str, object]:
    return {
        "id": name,
        "name": asset.name,
        "symbol": asset.symbol,
        "rank": asset.rank,
        "total_supply": round(asset.supply),
        "max_supply": round(asset.anchor.max_supply or 0),
        "beta_value": round(asset.anchor.beta, 6),
        "first_data_at": "2010-07-17T00:00:00Z",
        "last_updated": iso(view.data_time),
        "quotes": {code: _quote(view, asset, code) for code in currencies},
    }


def _quote(view: View, asset: SimulatedAsset, code: str) -> dict[str, object]:
    prices, time = view.world.prices, view.data_time
    true, price = prices.price(asset, time), view.price(asset, code)
    change = {name: round((true / prices.price(asset, time - span) - 1) * 100, 2) for name, span in SPANS.items()}
    volume = prices.volume_usd(asset, time)
    before = prices.volume_usd(asset, time - DAY_S)
    return {
        "price": price,
        "volume_24h": volume * price / true,
        "volume_24h_change_24h": round((volume / before - 1) * 100, 2),
        "market_cap": round(price * asset.supply),
        "market_cap_change_24h": change["24h"],
        **{f"percent_change_{name}": value for name, value in change.items()},
        "ath_price": price * 1.9,
        "ath_date": "2025-10-06T18:55:00Z",
        "percent_from_price_ath": -47.37,
    }


def _currencies(view: View, asked: Asked) -> list[str] | Said:
    codes = [code.strip().upper() for code in asked.query.get("quotes", "USD").split(",")]
    try:
        for code in codes:
            view.world.prices.rate(code, view.data_time)
    except KeyError:
        return said({"error": "invalid parameters"}, 400)
    return codes


def tickers(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/v1/tickers`, by rank."""
    codes = _currencies(view, asked)
    if isinstance(codes, Said):
        return codes
    rows = [_ticker(view, name, asset, codes) for name, asset in _coins().items()]
    return said(rows)


def ticker(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/v1/tickers/{id}`."""
    found, codes = _shown(view, parts["id"]), _currencies(view, asked)
    if found is None:
        return UNKNOWN
    return codes if isinstance(codes, Said) else said(_ticker(view, *found, codes))


def coins(_view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/v1/coins`."""
    return said([_listed(name, asset) for name, asset in _coins().items()])


def _listed(name: str, asset: SimulatedAsset) -> dict[str, object]:
    return {
        "id": name,
        "name": asset.name,
        "symbol": asset.symbol,
        "rank": asset.rank,
        "is_new": False,
        "is_active": True,
        "type": "token" if asset.contracts else "coin",
    }


def coin(_view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/v1/coins/{id}`."""
    asset = _coins().get(parts["id"])
    return UNKNOWN if asset is None else said(_listed(parts["id"], asset))


def overview(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/v1/global`."""
    prices, time = view.world.prices, view.data_time
    now, before = prices.totals(time), prices.totals(time - DAY_S)
    return said(
        {
            "market_cap_usd": round(now.market_cap * view.factor),
            "volume_24h_usd": round(now.volume * view.factor),
            "bitcoin_dominance_percentage": round(now.share("bitcoin") * 100, 2),
            "cryptocurrencies_number": 12_417,
            "market_cap_ath_value": round(now.market_cap * 1.4),
            "market_cap_ath_date": "2025-10-06T23:50:00Z",
            "volume_24h_ath_value": round(now.volume * 3),
            "volume_24h_ath_date": "2024-12-05T14:30:00Z",
            "volume_24h_percent_from_ath": -66.67,
            "volume_24h_percent_to_ath": 200.0,
            "market_cap_change_24h": round((now.market_cap / before.market_cap - 1) * 100, 2),
            "volume_24h_change_24h": round((now.volume / before.volume - 1) * 100, 2),
            "last_updated": int(time),
        }
    )


def _candle(view: View, asset: SimulatedAsset, bar: Bar) -> dict[str, object]:
    return {
        "time_open": iso(bar.open_s),
        "time_close": iso(min(bar.open_s + DAY_S - 1, view.data_time)),
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": round(bar.volume * bar.close),
        "market_cap": round(bar.close * asset.supply),
    }


def candles(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/v1/coins/{id}/ohlcv/latest`, `/today` and `/historical`: daily bars of the last year."""
    found = _shown(view, parts["id"])
    if found is None:
        return UNKNOWN
    today = view.data_time - view.data_time % DAY_S
    match parts["which"]:
        case "today":
            opens = [today]
        case "latest":
            opens = [today - DAY_S]
        case "historical":
            start, end = _time(asked.query.get("start", "")), _time(asked.query.get("end", ""))
            if start is None:
                return said({"error": "invalid start parameter"}, 400)
            if start < today - 366 * DAY_S:
                return said({"error": "Getting historical data before this date is not allowed in this plan"}, 402)
            opens = open_times(DAY_S, today - 1, start, end, whole(asked, "limit", 1, 1, 366))
        case _:
            return MISSING
    quote = "BTC" if asked.query.get("quote", "usd").lower() == "btc" else "USD"
    return said([_candle(view, found[1], bar) for bar in view.bars(found[1], opens, DAY_S, quote)])


def _time(text: str) -> float | None:
    """Return a time given as seconds, a date or RFC 3339, None when it is none of them."""
    if text.isdigit():
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def search(_view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/v1/search`."""
    wanted = asked.query.get("q", "").lower()
    rows = [
        _listed(name, asset)
        for name, asset in _coins().items()
        if wanted and (wanted in asset.name.lower() or wanted == asset.symbol.lower())
    ]
    return said(
        {"currencies": rows[: whole(asked, "limit", 6, 1, 250)], "exchanges": [], "icos": [], "people": [], "tags": []}
    )


MISSING = said({"error": "not found"}, 404)
FORMAT = Format(
    "coinpaprika",
    routed(
        (
            ("/v1/tickers", tickers),
            ("/v1/tickers/{id}", ticker),
            ("/v1/coins", coins),
            ("/v1/coins/{id}", coin),
            ("/v1/coins/{id}/ohlcv/{which}", candles),
            ("/v1/global", overview),
            ("/v1/search", search),
        ),
        MISSING,
    ),
    MISSING,
    said({"error": "payment required"}, 402),
    UNKNOWN,
)
