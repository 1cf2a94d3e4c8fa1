"""CoinGecko's series: OHLC rows stamped with their close, and charts of prices, market caps and volumes."""

from __future__ import annotations

from collections.abc import Mapping

from server.simulator.assets import SimulatedAsset
from server.simulator.formats.coingecko_coins import COIN_MISSING, coins_by_id, is_known, price_in, shown_price
from server.simulator.reply import Asked, Said, said, whole
from server.simulator.series import open_times
from server.simulator.view import View, iso

OHLC_DAYS = {"1": 1, "7": 7, "14": 14, "30": 30, "90": 90, "180": 180, "365": 365}


def ohlc(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v3/coins/{id}/ohlc`: rows are stamped with the bar's close, their size follows the days asked."""
    asset, currency, problem = _chart(view, asked, parts)
    if problem:
        return problem
    days = OHLC_DAYS.get(asked.query.get("days", ""))
    if days is None:
        return said({"error": "Invalid days parameter"}, 400)
    span = 1800 if days <= 2 else 14_400 if days <= 30 else 345_600
    opens = open_times(span, view.data_time, None, None, days * 86_400 // span)
    scale = price_in(view, asset, currency) / view.price(asset)
    rows = [
        [
            int(min(bar.open_s + span, view.data_time)) * 1000,
            *(shown_price(value * scale) for value in (bar.open, bar.high, bar.low, bar.close)),
        ]
        for bar in view.bars(asset, opens, span)
    ]
    return said(rows)


def market_chart(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v3/coins/{id}/market_chart` and `/range`: five-minute, hourly or daily points; the last is now."""
    asset, currency, problem = _chart(view, asked, parts)
    if problem:
        return problem
    if "from" in asked.query and "to" in asked.query:
        start, end = float(whole(asked, "from", 0, 0, 2**40)), float(whole(asked, "to", 0, 0, 2**40))
    else:
        days = asked.query.get("days", "")
        if days != "max" and not days.replace(".", "", 1).isdigit():
            return said({"error": "Missing parameter days"}, 422)
        start, end = view.now - 86_400 * (365.0 if days == "max" else float(days)), view.now
    if start < view.now - 366 * 86_400:
        message = "Your request exceeds the allowed time range. Public API users are limited to the past 365 days."
        return said(
            {
                "error": {
                    "status": {"timestamp": iso(view.now, 3, "+00:00"), "error_code": 10_012, "error_message": message}
                }
            },
            401,
        )
    length = end - start
    span = (
        86_400 if asked.query.get("interval") == "daily" or length > 90 * 86_400 else 3600 if length > 86_400 else 300
    )
    times = [*open_times(span, end, start, end, 100_000), min(end, view.data_time)]
    scale = price_in(view, asset, currency) / view.world.prices.price(asset, view.data_time)
    prices = [(time, view.world.prices.price(asset, time) * scale) for time in times if time <= view.data_time]
    return said(
        {
            "prices": [[int(time * 1000), price] for time, price in prices],
            "market_caps": [[int(time * 1000), price * asset.supply] for time, price in prices],
            "total_volumes": [
                [int(time * 1000), view.world.prices.volume_usd(asset, time) * scale] for time, _ in prices
            ],
        }
    )


def _chart(view: View, asked: Asked, parts: Mapping[str, str]) -> tuple[SimulatedAsset, str, Said | None]:
    """Return the coin and currency of a series, with the error when one of them is wrong."""
    asset = coins_by_id().get(parts["id"])
    currency = asked.query.get("vs_currency", "").lower()
    first = view.world.prices.assets[0]
    if asset is None:
        return first, "usd", COIN_MISSING
    if not currency:
        return first, "usd", said({"error": "Missing parameter vs_currency"}, 422)
    if not is_known(view, currency):
        return first, "usd", said({"error": "invalid vs_currency"}, 400)
    return view.shown(asset), currency, None
