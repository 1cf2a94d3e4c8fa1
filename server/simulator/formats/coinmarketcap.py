"""CoinMarketCap's keyless API under /public-api: a status object around everything, quotes as a list from v3 on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from server.simulator.assets import SimulatedAsset, assets
from server.simulator.mood import words_of
from server.simulator.reply import Asked, Format, Said, routed, said, whole
from server.simulator.view import View, iso

SPANS = {"1h": 3600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000, "60d": 5_184_000, "90d": 7_776_000}
QUOTE_IDS = {"USD": 2781, "EUR": 2790, "GBP": 2791, "JPY": 2797}


@cache
def _coins() -> dict[str, SimulatedAsset]:
    return {name: asset for asset in assets() if (name := asset.id_at("coinmarketcap"))}


def _status(now: float, code: int = 0, message: str | None = None) -> dict[str, object]:
    return {
        "timestamp": iso(now, 3),
        "error_code": code,
        "error_message": message,
        "elapsed": 4,
        "credit_count": 0 if code else 1,
        "notice": None,
    }


def _data(view: View, data: object) -> Said:
    return said({"status": _status(view.now), "data": data})


def _error(status: int, code: int, message: str, now: float = 0.0) -> Said:
    return said({"status": _status(now, code, message)}, status)


def _row(view: View, name: str, asset: SimulatedAsset, codes: list[str], *, as_list: bool) -> dict[str, object]:
    quotes = [{"id": QUOTE_IDS.get(code, 3000), "symbol": code, **_quote(view, asset, code)} for code in codes]
    slug = asset.name.lower().replace(" ", "-")
    return {
        "id": int(name),
        "name": asset.name,
        "symbol": asset.symbol,
        "slug": slug,
        "num_market_pairs": 12_000 // asset.rank + 10,
        "date_added": "2013-04-28T00:00:00.000Z",
        "tags": ["mineable"] if asset.symbol in {"BTC", "LTC", "BCH", "DOGE", "ETC", "XMR"} else [],
        "max_supply": asset.anchor.max_supply,
        "circulating_supply": asset.supply,
        "total_supply": asset.supply,
        "infinite_supply": asset.anchor.max_supply is None,
        "platform": None,
        "cmc_rank": asset.rank,
        "self_reported_circulating_supply": None,
        "self_reported_market_cap": None,
        "tvl_ratio": None,
        "is_active": 1,
        "is_fiat": 0,
        "last_updated": iso(view.data_time, 3),
        "quote": quotes if as_list else {code: _quote(view, asset, code) for code in codes},
    }


def _quote(view: View, asset: SimulatedAsset, code: str) -> dict[str, object]:
    prices, time = view.world.prices, view.data_time
    true, price = prices.price(asset, time), view.price(asset, code)
    cap = price * asset.supply
    volume = prices.volume_usd(asset, time) * price / true
    return {
        "price": price,
        "volume_24h": volume,
        "volume_change_24h": round((volume / (prices.volume_usd(asset, time - 86_400) * price / true) - 1) * 100, 4),
        **{
            f"percent_change_{name}": round((true / prices.price(asset, time - span) - 1) * 100, 8)
            for name, span in SPANS.items()
        },
        "market_cap": cap,
        "market_cap_dominance": round(prices.totals(time).share(asset.id) * 100, 4),
        "fully_diluted_market_cap": price * (asset.anchor.max_supply or asset.supply),
        "tvl": None,
        "last_updated": iso(time, 3),
    }


def _converted(view: View, asked: Asked) -> list[str] | Said:
    codes = [code.strip().upper() for code in asked.query.get("convert", "USD").split(",")]
    for code in codes:
        try:
            view.world.prices.rate(code, view.data_time)
        except KeyError:
            return _error(400, 400, f'Invalid value for "convert": "{code}"', view.now)
    return codes


def listings(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/v3/cryptocurrency/listings/latest`, by rank, a page from `start` on."""
    codes = _converted(view, asked)
    if isinstance(codes, Said):
        return codes
    start, limit = whole(asked, "start", 1, 1, 1_000_000), whole(asked, "limit", 100, 1, 5000)
    found = list(_coins().items())[start - 1 : start - 1 + limit]
    return _data(view, [_row(view, name, asset, codes, as_list=parts["version"] == "v3") for name, asset in found])


def quotes(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/v3/cryptocurrency/quotes/latest` by id, symbol or slug; v2 gives a map by id."""
    codes = _converted(view, asked)
    if isinstance(codes, Said):
        return codes
    key = next((name for name in ("id", "symbol", "slug") if asked.query.get(name)), None)
    if key is None:
        return _error(400, 400, '"value" must contain at least one of [id, symbol, slug]', view.now)
    found = []
    for wanted in asked.query[key].split(","):
        asset = _named(key, wanted.strip())
        if asset is None:
            return _error(400, 400, f'Invalid value for "{key}": "{wanted}"', view.now)
        shown = view.shown(asset)
        name = shown.id_at("coinmarketcap") or "0"
        found.append(_row(view, name, shown, codes, as_list=parts["version"] == "v3"))
    return _data(view, found if parts["version"] == "v3" else {str(row["id"]): row for row in found})


def _named(key: str, wanted: str) -> SimulatedAsset | None:
    if key == "id":
        return _coins().get(wanted)
    for asset in _coins().values():
        name = asset.symbol if key == "symbol" else asset.name.replace(" ", "-")
        if wanted.lower() == name.lower():
            return asset
    return None


def id_map(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/v1/cryptocurrency/map`."""
    start, limit = whole(asked, "start", 1, 1, 1_000_000), whole(asked, "limit", 5000, 1, 5000)
    rows = [
        {
            "id": int(name),
            "rank": asset.rank,
            "name": asset.name,
            "symbol": asset.symbol,
            "slug": asset.name.lower().replace(" ", "-"),
            "is_active": 1,
            "status": 1,
            "first_historical_data": "2010-07-13T00:05:00.000Z",
            "last_historical_data": iso(view.data_time, 3),
            "platform": None,
        }
        for name, asset in _coins().items()
    ]
    return _data(view, rows[start - 1 : start - 1 + limit])


def overview(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/v1/global-metrics/quotes/latest`."""
    prices, time = view.world.prices, view.data_time
    now, before = prices.totals(time), prices.totals(time - 86_400)
    cap, volume = now.market_cap * view.factor, now.volume * view.factor
    bitcoin, ethereum = now.share("bitcoin") * 100, now.share("ethereum") * 100
    usd = {
        "total_market_cap": cap,
        "total_volume_24h": volume,
        "total_volume_24h_reported": volume * 1.6,
        "altcoin_volume_24h": volume * 0.6,
        "altcoin_market_cap": cap * (1 - bitcoin / 100),
        "defi_volume_24h": volume * 0.09,
        "defi_market_cap": cap * 0.035,
        "stablecoin_volume_24h": volume * 0.9,
        "stablecoin_market_cap": cap * 0.08,
        "total_market_cap_yesterday": before.market_cap,
        "total_market_cap_yesterday_percentage_change": (now.market_cap / before.market_cap - 1) * 100,
        "total_volume_24h_yesterday_percentage_change": (now.volume / before.volume - 1) * 100,
        "last_updated": iso(time, 3),
    }
    return _data(
        view,
        {
            "active_cryptocurrencies": 9412,
            "total_cryptocurrencies": 36_104,
            "active_market_pairs": 117_203,
            "active_exchanges": 871,
            "total_exchanges": 9980,
            "eth_dominance": ethereum,
            "btc_dominance": bitcoin,
            "quote": {"USD": usd},
            "last_updated": iso(time, 3),
        },
    )


def fear_greed(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/v3/fear-and-greed/latest`."""
    reading = view.world.mood.reading(view.data_time, "coinmarketcap")
    value = min(100, round(reading * view.factor))
    row = {"value": value, "value_classification": words_of(value).capitalize(), "update_time": iso(view.data_time, 3)}
    return _data(view, row)


def fear_greed_history(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/v3/fear-and-greed/historical`: days, newest first, with their time as text."""
    start, limit = whole(asked, "start", 1, 1, 1_000_000), whole(asked, "limit", 50, 1, 500)
    today = view.data_time - view.data_time % 86_400
    days = [today - 86_400 * back for back in range(start - 1, start - 1 + limit)]
    rows = []
    for day in days:
        value = min(100, round(view.world.mood.reading(day, "coinmarketcap") * view.factor))
        rows.append({"timestamp": str(int(day)), "value": value, "value_classification": words_of(value).capitalize()})
    return _data(view, rows)


def keyed(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer an endpoint that takes a key."""
    return _error(401, 1002, "API key missing.", view.now)


MISSING = said({"statusCode": 404, "error": "Not Found", "message": "Not Found"}, 404)
_ROOT = "/public-api"
FORMAT = Format(
    "coinmarketcap",
    routed(
        (
            (_ROOT + "/{version}/cryptocurrency/listings/latest", listings),
            (_ROOT + "/{version}/cryptocurrency/quotes/latest", quotes),
            (_ROOT + "/v1/cryptocurrency/map", id_map),
            (_ROOT + "/v1/global-metrics/quotes/latest", overview),
            (_ROOT + "/v3/fear-and-greed/latest", fear_greed),
            (_ROOT + "/v3/fear-and-greed/historical", fear_greed_history),
            (_ROOT + "/v1/cryptocurrency/trending/{which}", keyed),
        ),
        MISSING,
    ),
    MISSING,
    said(
        {
            "status": _status(
                0, 1008, "You've exceeded your API Key's HTTP request rate limit. Rate limits reset every minute."
            )
        }
    ),
    _error(400, 400, 'Invalid value for "id": "0"'),
)
