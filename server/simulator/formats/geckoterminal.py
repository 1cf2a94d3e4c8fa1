"""GeckoTerminal v2: the pools that trend, with their base tokens as included rows."""

from __future__ import annotations

from collections.abc import Mapping

from server.simulator.assets import SimulatedAsset
from server.simulator.noise import digest
from server.simulator.reply import Asked, Format, Said, routed, said
from server.simulator.view import View

SPANS = {"m5": 300, "m15": 900, "m30": 1800, "h1": 3600, "h6": 21_600, "h24": 86_400}
POOLS = 20
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"


def trending_pools(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v2/networks/trending_pools`."""
    chosen = view.world.trending(view.data_time)[:POOLS]
    return said(
        {"data": [_pool(view, asset) for asset in chosen], "included": [_token(view, asset) for asset in chosen]}
    )


def _address(view: View, asset: SimulatedAsset) -> str:
    known = asset.contracts.get("ethereum")
    return known[0].lower() if known else "0x" + digest(view.world.seed, "token", asset.id, size=20).hex()


def _pool(view: View, asset: SimulatedAsset) -> dict[str, object]:
    prices, time = view.world.prices, view.data_time
    price, ether = view.price(asset), prices.price(prices.by_id["ethereum"], time)
    true, volume = prices.price(asset, time), prices.volume_usd(asset, time) / 200
    address = "0x" + digest(view.world.seed, "pool", asset.id, size=20).hex()
    change = {name: f"{(true / prices.price(asset, time - span) - 1) * 100:.3f}" for name, span in SPANS.items()}
    trades = {name: max(1, int(volume / 900 * span / 86_400)) for name, span in SPANS.items()}
    counts = {
        name: {"buys": count, "sells": count, "buyers": count // 2 + 1, "sellers": count // 2 + 1}
        for name, count in trades.items()
    }
    links = {
        "base_token": f"eth_{_address(view, asset)}",
        "quote_token": f"eth_{WETH}",
        "network": "eth",
        "dex": "uniswap_v3",
    }
    kinds = {"base_token": "token", "quote_token": "token", "network": "network", "dex": "dex"}
    return {
        "id": f"eth_{address}",
        "type": "pool",
        "attributes": {
            "base_token_price_usd": repr(price),
            "base_token_price_native_currency": repr(price / ether),
            "quote_token_price_usd": repr(ether),
            "quote_token_price_native_currency": "1.0",
            "base_token_price_quote_token": repr(price / ether),
            "quote_token_price_base_token": repr(ether / price),
            "address": address,
            "name": f"{asset.symbol} / WETH 0.3%",
            "pool_created_at": "2024-03-11T02:00:07Z",
            "fdv_usd": repr(price * (asset.anchor.max_supply or asset.supply)),
            "market_cap_usd": repr(price * asset.supply),
            "price_change_percentage": change,
            "transactions": counts,
            "volume_usd": {name: repr(volume * span / 86_400) for name, span in SPANS.items()},
            "reserve_in_usd": f"{volume * 1.7:.4f}",
            "sentiment_vote_positive_percentage": 75.0,
            "sentiment_vote_negative_percentage": 25.0,
            "community_sus_report": 0,
        },
        "relationships": {name: {"data": {"id": link, "type": kinds[name]}} for name, link in links.items()},
    }


def _token(view: View, asset: SimulatedAsset) -> dict[str, object]:
    address = _address(view, asset)
    return {
        "id": f"eth_{address}",
        "type": "token",
        "attributes": {
            "address": address,
            "name": asset.name,
            "symbol": asset.symbol,
            "decimals": 18,
            "image_url": "missing.png",
            "coingecko_coin_id": asset.id_at("coingecko"),
        },
    }


def networks(_view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v2/networks`."""
    rows = (
        ("eth", "Ethereum", "ethereum"),
        ("bsc", "BNB Chain", "binance-smart-chain"),
        ("polygon_pos", "Polygon POS", "polygon-pos"),
    )
    return said(
        {
            "data": [
                {"id": key, "type": "network", "attributes": {"name": name, "coingecko_asset_platform_id": platform}}
                for key, name, platform in rows
            ]
        }
    )


MISSING = said({"errors": [{"status": "404", "title": "Not Found"}]}, 404)
FORMAT = Format(
    "geckoterminal",
    routed((("/api/v2/networks/trending_pools", trending_pools), ("/api/v2/networks", networks)), MISSING),
    MISSING,
    said({"status": {"error_code": 500, "error_message": "Something went wrong."}}),
    MISSING,
)
