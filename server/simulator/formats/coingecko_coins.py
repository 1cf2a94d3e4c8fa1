"""CoinGecko's coins and currencies: what there is, what it is worth, how it changed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from server.simulator.assets import FIAT, SimulatedAsset, assets
from server.simulator.noise import key_of, mixed
from server.simulator.reply import Asked, Said, said
from server.simulator.view import View, iso, rounded

COIN_MISSING = said({"error": "coin not found"}, 404)
IMAGE = "https://assets.coingecko.com/coins/images/{}/{}/{}.png?1696501400"

CURRENCIES = (*(code.lower() for code in FIAT), "btc", "eth", "bnb", "ltc", "xrp", "bch", "link", "dot", "sats", "bits")


@cache
def coins_by_id() -> dict[str, SimulatedAsset]:
    """Return every coin by CoinGecko's id, largest first."""
    return {name: asset for asset in assets() if (name := asset.id_at("coingecko"))}


def price_in(view: View, asset: SimulatedAsset, currency: str) -> float:
    """Return the price in a currency of CoinGecko's; raises KeyError for an unknown one."""
    if currency in {"sats", "bits"}:
        return view.price(asset, "BTC") * (1e8 if currency == "sats" else 1e6)
    return view.price(asset, currency.upper())


def is_known(view: View, currency: str) -> bool:
    """Say whether there is a currency of that name."""
    try:
        price_in(view, view.world.prices.assets[0], currency)
    except KeyError:
        return False
    return currency == currency.lower()


def shown_price(value: float, *, full: bool = False) -> float:
    """Round as CoinGecko does: whole above 10,000, else six significant figures."""
    if full:
        return value
    return round(value) if value >= 10_000 else rounded(value)


def change_percent(view: View, asset: SimulatedAsset, currency: str, span_s: float) -> float:
    """Return the change over a span in percent, in a currency."""
    prices, time = view.world.prices, view.data_time
    now, before = prices.price(asset, time), prices.price(asset, time - span_s)
    if currency.upper() in FIAT and currency != "usd":
        now, before = now * prices.rate(currency.upper(), time), before * prices.rate(currency.upper(), time - span_s)
    return (now / before - 1) * 100


def coin(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v3/coins/{id}`."""
    asset = coins_by_id().get(parts["id"])
    if asset is None:
        return COIN_MISSING
    asset = view.shown(asset)
    name = asset.id_at("coingecko") or asset.id
    up = round(50 + 40 * (mixed(key_of(view.world.seed, "votes", asset.id), int(view.now / 86_400)) / 2**64), 2)
    row: dict[str, object] = {
        "id": name,
        "symbol": asset.symbol.lower(),
        "name": asset.name,
        "web_slug": name,
        "asset_platform_id": None,
        "platforms": {chain: address for chain, (address, _) in asset.contracts.items()} or {"": ""},
        "categories": [],
        "description": {"en": f"{asset.name} is an asset of the simulated world."},
        "image": {size: IMAGE.format(asset.rank, size, name) for size in ("thumb", "small", "large")},
        "sentiment_votes_up_percentage": up,
        "sentiment_votes_down_percentage": round(100 - up, 2),
        "watchlist_portfolio_users": 2_000_000 // asset.rank,
        "market_cap_rank": asset.rank,
        "last_updated": iso(view.data_time, 3),
    }
    if asked.query.get("market_data", "true") == "true":
        price = view.price(asset)
        known = {
            currency: shown_price(price_in(view, asset, currency))
            for currency in CURRENCIES
            if is_known(view, currency)
        }
        row["market_data"] = {
            "current_price": known,
            "market_cap": {currency: round(value * asset.supply) for currency, value in known.items()},
            "total_volume": {"usd": round(view.day(asset).volume_usd)},
            "price_change_percentage_24h": round(change_percent(view, asset, "usd", 86_400), 5),
            "circulating_supply": asset.supply,
            "max_supply": asset.anchor.max_supply,
            "high_24h": {"usd": shown_price(max(view.day(asset).high, price))},
            "low_24h": {"usd": shown_price(min(view.day(asset).low, price))},
            "last_updated": iso(view.data_time, 3),
        }
    return said(row)


def coins_list(_view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/coins/list`, by id."""
    rows: list[dict[str, object]] = []
    for name, asset in sorted(coins_by_id().items()):
        row: dict[str, object] = {"id": name, "symbol": asset.symbol.lower(), "name": asset.name}
        if asked.query.get("include_platform") == "true":
            row["platforms"] = {chain: address for chain, (address, _) in asset.contracts.items()}
        rows.append(row)
    return said(rows)


def search(_view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/search`."""
    wanted = asked.query.get("query", "").lower()
    rows = [
        {"id": name, "name": asset.name, "api_symbol": name, "symbol": asset.symbol, "market_cap_rank": asset.rank}
        for name, asset in coins_by_id().items()
        if wanted and (wanted in name or wanted in asset.name.lower() or wanted == asset.symbol.lower())
    ]
    return said({"coins": rows, "exchanges": [], "icos": [], "categories": [], "nfts": []})
