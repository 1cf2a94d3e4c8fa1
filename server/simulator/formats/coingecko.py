"""CoinGecko v3: prices by slug in any currency, ranked markets, OHLC stamped with its close, errors as text."""

from __future__ import annotations

from collections.abc import Mapping

from server.simulator.assets import FIAT, SimulatedAsset
from server.simulator.formats.coingecko_coins import (
    COIN_MISSING,
    IMAGE,
    change_percent,
    coin,
    coins_by_id,
    coins_list,
    is_known,
    price_in,
    search,
    shown_price,
)
from server.simulator.formats.coingecko_series import market_chart, ohlc
from server.simulator.reply import Asked, Format, Said, routed, said, whole
from server.simulator.view import View, iso, rounded


def ping(_view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/ping`."""
    return said({"gecko_says": "(V3) To the Moon!"})


def simple_price(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/simple/price`: unknown ids and currencies are silently absent."""
    for name in ("vs_currencies", "ids"):
        if not asked.query.get(name) and (name != "ids" or not asked.query.get("symbols")):
            return said({"error": f"Missing parameter {name}"}, 422)
    coins = coins_by_id()
    ids = [name.strip() for name in asked.query.get("ids", "").split(",")]
    symbols = {name.strip().lower() for name in asked.query.get("symbols", "").split(",") if name}
    ids += [name for name, asset in coins.items() if asset.symbol.lower() in symbols]
    currencies = [name.strip().lower() for name in asked.query["vs_currencies"].split(",")]
    known = [name for name in currencies if is_known(view, name)]
    shown = [(name, coins[name]) for name in ids if name in coins]
    if view.swap:
        shown = [(asset.id_at("coingecko") or asset.id, asset) for asset in (view.shown(a) for _, a in shown)]
    return said({name: _simple(view, asked, asset, known) for name, asset in shown})


def _simple(view: View, asked: Asked, asset: SimulatedAsset, currencies: list[str]) -> dict[str, float]:
    row: dict[str, float] = {}
    full = asked.query.get("precision") == "full"
    for currency in currencies:
        price = price_in(view, asset, currency)
        row[currency] = shown_price(price, full=full)
        if asked.query.get("include_market_cap") == "true":
            row[f"{currency}_market_cap"] = price * asset.supply
        if asked.query.get("include_24hr_vol") == "true":
            usd = view.price(asset)
            row[f"{currency}_24h_vol"] = view.day(asset).volume_usd * price / usd
        if asked.query.get("include_24hr_change") == "true":
            row[f"{currency}_24h_change"] = change_percent(view, asset, currency, 86_400)
    if asked.query.get("include_last_updated_at") == "true":
        row["last_updated_at"] = int(view.data_time)
    return row


def markets(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/coins/markets`, a page at a time, largest market cap first."""
    currency = asked.query.get("vs_currency", "").lower()
    if not currency:
        return said({"error": "Missing parameter vs_currency"}, 422)
    if not is_known(view, currency):
        return said({"error": "invalid vs_currency"}, 400)
    coins = coins_by_id()
    for name, field in (("ids", "id"), ("symbols", "symbol")):
        if asked.query.get(name):
            wanted = {part.strip().lower() for part in asked.query[name].split(",")}
            coins = {
                key: asset for key, asset in coins.items() if (key if field == "id" else asset.symbol.lower()) in wanted
            }
    per_page, page = whole(asked, "per_page", 100, 1, 250), whole(asked, "page", 1, 1, 10_000)
    caps = {asset.id: view.world.prices.market_cap(asset, view.data_time) for asset in coins.values()}
    ranked = sorted(coins.items(), key=lambda item: -caps[item[1].id])
    rows = [
        _market(view, asked, name, asset, currency) for name, asset in ranked[(page - 1) * per_page : page * per_page]
    ]
    return said(rows)


def _market(view: View, asked: Asked, name: str, asset: SimulatedAsset, currency: str) -> dict[str, object]:
    if view.swap:
        asset = view.shown(asset)
        name = asset.id_at("coingecko") or asset.id
    price = price_in(view, asset, currency)
    day, scale = view.day(asset), price / view.price(asset)
    change = change_percent(view, asset, currency, 86_400)
    cap = price * asset.supply
    most = asset.anchor.max_supply or asset.supply
    top, bottom = price * 1.9, price * 0.02
    row: dict[str, object] = {
        "id": name,
        "symbol": asset.symbol.lower(),
        "name": asset.name,
        "image": IMAGE.format(asset.rank, "large", name),
        "current_price": shown_price(price),
        "market_cap": round(cap),
        "market_cap_rank": asset.rank,
        "fully_diluted_valuation": round(price * most),
        "total_volume": round(day.volume_usd * scale),
        "high_24h": shown_price(max(day.high * scale, price)),
        "low_24h": shown_price(min(day.low * scale, price)),
        "price_change_24h": rounded(price - price / (1 + change / 100)),
        "price_change_percentage_24h": round(change, 5),
        "market_cap_change_24h": rounded(cap - cap / (1 + change / 100), 12),
        "market_cap_change_percentage_24h": round(change, 5),
        "circulating_supply": asset.supply,
        "total_supply": asset.supply,
        "max_supply": asset.anchor.max_supply,
        "ath": shown_price(top),
        "ath_change_percentage": -47.36842,
        "ath_date": "2025-10-06T18:57:42.558Z",
        "atl": rounded(bottom),
        "atl_change_percentage": 4900.0,
        "atl_date": "2013-07-06T00:00:00.000Z",
        "roi": None,
        "last_updated": iso(view.data_time, 3),
    }
    for span, seconds in (("1h", 3600), ("24h", 86_400), ("7d", 604_800), ("14d", 1_209_600), ("30d", 2_592_000)):
        if span in asked.query.get("price_change_percentage", "").split(","):
            row[f"price_change_percentage_{span}_in_currency"] = change_percent(view, asset, currency, seconds)
    if asked.query.get("sparkline") == "true":
        hours = [view.world.prices.price(asset, view.data_time - 3600 * back) * scale for back in range(167, -1, -1)]
        row["sparkline_in_7d"] = {"price": hours}
    return row


def overview(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/global`."""
    prices, time = view.world.prices, view.data_time
    now, before = prices.totals(time), prices.totals(time - 86_400)
    rates = {code.lower(): prices.rate(code, time) for code in FIAT}
    rates |= {
        name: prices.rate(name.upper(), time) for name in ("btc", "eth", "ltc", "bch", "bnb", "xrp", "link", "dot")
    }
    largest = sorted(now.caps, key=lambda name: -now.caps[name])[:10]
    return said(
        {
            "data": {
                "active_cryptocurrencies": 18_912,
                "upcoming_icos": 0,
                "ongoing_icos": 49,
                "ended_icos": 3376,
                "markets": 1432,
                "total_market_cap": {name: now.market_cap * rate * view.factor for name, rate in rates.items()},
                "total_volume": {name: now.volume * rate * view.factor for name, rate in rates.items()},
                "market_cap_percentage": {prices.by_id[name].symbol.lower(): now.share(name) * 100 for name in largest},
                "market_cap_change_percentage_24h_usd": (now.market_cap / before.market_cap - 1) * 100,
                "updated_at": int(time),
            }
        }
    )


def trending(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/search/trending`."""
    rows = []
    for score, asset in enumerate(view.world.trending(view.data_time)[:15]):
        name = asset.id_at("coingecko") or asset.id
        change = {currency: change_percent(view, asset, currency, 86_400) for currency in ("usd", "eur", "gbp")}
        price, bitcoin = view.price(asset), view.price(asset, "BTC")
        rows.append(
            {
                "item": {
                    "id": name,
                    "coin_id": 1000 + asset.rank,
                    "name": asset.name,
                    "symbol": asset.symbol,
                    "market_cap_rank": asset.rank,
                    **{size: IMAGE.format(1000 + asset.rank, size, name) for size in ("thumb", "small", "large")},
                    "slug": name,
                    "price_btc": bitcoin,
                    "score": score,
                    "data": {
                        "price": price,
                        "price_btc": f"{bitcoin:.16f}",
                        "price_change_percentage_24h": change,
                        "market_cap": f"${price * asset.supply:,.0f}",
                        "market_cap_btc": f"{bitcoin * asset.supply}",
                        "total_volume": f"${view.day(asset).volume_usd:,.0f}",
                        "total_volume_btc": f"{view.day(asset).volume_usd / price * bitcoin}",
                    },
                }
            }
        )
    return said({"coins": rows, "nfts": [], "categories": []})


def exchange_rates(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v3/exchange_rates`: units of each currency for one bitcoin."""
    bitcoin = view.world.prices.by_id["bitcoin"]
    rows = {
        code.lower(): {"name": code, "unit": code, "value": round(view.price(bitcoin, code), 3), "type": "fiat"}
        for code in FIAT
    }
    rows["btc"] = {"name": "Bitcoin", "unit": "BTC", "value": 1.0, "type": "crypto"}
    return said({"rates": rows})


MISSING = said({"error": "Incorrect path. Please check https://docs.coingecko.com/"}, 404)

_FAILURE = {"status": {"error_code": 500, "error_message": "Something went wrong. Please try again later."}}

FORMAT = Format(
    "coingecko",
    routed(
        (
            ("/api/v3/ping", ping),
            ("/api/v3/simple/price", simple_price),
            ("/api/v3/coins/markets", markets),
            ("/api/v3/coins/list", coins_list),
            ("/api/v3/coins/{id}/ohlc", ohlc),
            ("/api/v3/coins/{id}/market_chart", market_chart),
            ("/api/v3/coins/{id}/market_chart/range", market_chart),
            ("/api/v3/coins/{id}", coin),
            ("/api/v3/global", overview),
            ("/api/v3/search/trending", trending),
            ("/api/v3/search", search),
            ("/api/v3/exchange_rates", exchange_rates),
        ),
        MISSING,
    ),
    MISSING,
    said(_FAILURE),
    COIN_MISSING,
)
