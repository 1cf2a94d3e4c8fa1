"""CoinLore: numeric ids and prices as text, a page of at most 100, an unknown id as an empty list."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from server.simulator.assets import SimulatedAsset, assets
from server.simulator.reply import Asked, Format, Said, routed, said, whole
from server.simulator.view import View

UNKNOWN = said([])


@cache
def _coins() -> dict[str, SimulatedAsset]:
    return {name: asset for asset in assets() if (name := asset.id_at("coinlore"))}


def _change(view: View, asset: SimulatedAsset, span_s: float) -> str:
    prices, time = view.world.prices, view.data_time
    return f"{(prices.price(asset, time) / prices.price(asset, time - span_s) - 1) * 100:.2f}"


def _price(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value:.6f}" if value >= 0.001 else f"{value:.12f}"


def _row(view: View, name: str, asset: SimulatedAsset) -> dict[str, object]:
    """Return what both endpoints have in common."""
    price = view.price(asset)
    return {
        "id": name,
        "symbol": asset.symbol,
        "name": asset.name,
        "nameid": asset.name.lower().replace(" ", "-"),
        "rank": asset.rank,
        "price_usd": _price(price),
        "percent_change_24h": _change(view, asset, 86_400),
        "percent_change_1h": _change(view, asset, 3600),
        "percent_change_7d": _change(view, asset, 604_800),
        "price_btc": "1.00" if asset.symbol == "BTC" else f"{view.price(asset, 'BTC') / view.factor:.8f}",
        "market_cap_usd": f"{price * asset.supply:.2f}",
        "csupply": f"{asset.supply:.2f}",
        "tsupply": f"{asset.supply:.0f}",
        "msupply": f"{asset.anchor.max_supply:.0f}" if asset.anchor.max_supply else "",
    }


def tickers(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/tickers/`: prices as text, volumes as numbers."""
    start, limit = whole(asked, "start", 0, 0, 1_000_000), whole(asked, "limit", 100, 1, 100)
    rows = []
    for name, asset in list(_coins().items())[start : start + limit]:
        volume = view.day(asset).volume_usd
        rows.append({**_row(view, name, asset), "volume24": volume, "volume24a": volume * 1.3})
    return said({"data": rows, "info": {"coins_num": len(_coins()), "time": int(view.data_time)}})


def ticker(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/ticker/`: a bare list, volumes as text."""
    rows = []
    for wanted in asked.query.get("id", "").split(","):
        asset = _coins().get(wanted.strip())
        if asset is None:
            continue
        shown = view.shown(asset)
        name = wanted.strip() if shown is asset else shown.id_at("coinlore") or "0"
        day = view.day(shown)
        native = f"{day.volume_usd / day.last:.2f}"
        rows.append({**_row(view, name, shown), "volume24": f"{day.volume_usd:.2f}", "volume24_native": native})
    return said(rows)


def overview(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/global/`: a list of one object."""
    prices, time = view.world.prices, view.data_time
    now, before = prices.totals(time), prices.totals(time - 86_400)
    return said(
        [
            {
                "coins_count": 14_203,
                "active_markets": 36_012,
                "total_mcap": now.market_cap * view.factor,
                "total_volume": now.volume * view.factor,
                "btc_d": f"{now.share('bitcoin') * 100:.2f}",
                "eth_d": f"{now.share('ethereum') * 100:.2f}",
                "mcap_change": f"{(now.market_cap / before.market_cap - 1) * 100:.2f}",
                "volume_change": f"{(now.volume / before.volume - 1) * 100:.2f}",
                "avg_change_percent": f"{(now.market_cap / before.market_cap - 1) * 60:.2f}",
                "volume_ath": now.volume * 3,
                "mcap_ath": now.market_cap * 1.4,
            }
        ]
    )


MISSING = Said(404, b"<html><head><title>404 Not Found</title></head><body>404 Not Found</body></html>", "text/html")
FORMAT = Format(
    "coinlore",
    routed((("/api/tickers", tickers), ("/api/ticker", ticker), ("/api/global", overview)), MISSING),
    MISSING,
    Said(200, b""),
    UNKNOWN,
)
