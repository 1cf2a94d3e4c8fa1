"""Prices, candles, assets and the market as messages; used by the market servicer and the price stream."""

from __future__ import annotations

from nerkh.v1 import market_pb2, types_pb2

from server.model import Asset, Candle, Overview, Price, Provenance, SourceQuote, TrendingAsset
from server.rpc.convert.monitoring import tier_value
from server.rpc.convert.plain import decimal_text, optional_text, timestamp
from server.rpc.convert.provenance import candidate_messages, provenance_message
from server.services.naming import Named


def price_message(
    price: Price, asset: Asset | None, provenance: Provenance | None, *, full: bool = False
) -> market_pb2.Price:
    """Return a price; `asset` names it where the registry knows it, `provenance` is left out in lists."""
    made = market_pb2.Price(
        asset=price.asset,
        symbol=asset.symbol if asset else "",
        name=asset.name if asset else "",
        quote=price.quote,
        value=decimal_text(price.value),
        bid=optional_text(price.bid),
        ask=optional_text(price.ask),
        open=optional_text(price.open),
        high=optional_text(price.high),
        low=optional_text(price.low),
        change=optional_text(price.change),
        change_percent=optional_text(price.change_percent),
        base_volume=optional_text(price.base_volume),
        quote_volume=optional_text(price.quote_volume),
        market_cap=optional_text(price.market_cap),
        rank=price.rank,
        native_quote=price.native_quote,
        native_value=optional_text(price.native_value),
        confidence=optional_text(price.confidence),
        flagged=price.flagged,
        raw_value=optional_text(price.raw_value),
        outliers=[
            market_pb2.Outlier(source=each.source, value=decimal_text(each.value), reason=each.reason)
            for each in price.outliers
        ],
    )
    if provenance is not None:
        made.agreement.CopyFrom(types_pb2.Agreement(agreed=provenance.agreed, asked=provenance.asked))
        made.provenance.CopyFrom(provenance_message(provenance, full=full))
    return made


def named_price_message(price: Price, named: Named, provenance: Provenance, *, full: bool) -> market_pb2.Price:
    """Return a price that was asked for by name, with the candidates where the name was ambiguous."""
    made = price_message(price, named.asset, provenance, full=full)
    if named.candidates:
        made.ambiguous = True
        made.candidates.extend(candidate_messages(named.candidates))
    return made


def quote_message(quote: SourceQuote) -> market_pb2.Quote:
    """Return one source's quote; what it was not converted from is what it is in."""
    price, provenance = quote.price, quote.provenance
    native = price.value if price.native_value is None else price.native_value
    return market_pb2.Quote(
        source=provenance.source,
        tier=tier_value(quote.tier),
        value=decimal_text(price.value),
        native_quote=price.native_quote or price.quote,
        native_value=decimal_text(native),
        bid=optional_text(price.bid),
        ask=optional_text(price.ask),
        source_time=timestamp(provenance.source_time),
        receive_time=timestamp(provenance.receive_time),
        outlier=bool(quote.outlier),
        outlier_reason=quote.outlier,
    )


def candle_message(candle: Candle) -> market_pb2.Candle:
    """Return one candle."""
    return market_pb2.Candle(
        open_time=timestamp(candle.open_time),
        open=decimal_text(candle.open),
        high=decimal_text(candle.high),
        low=decimal_text(candle.low),
        close=decimal_text(candle.close),
        volume=optional_text(candle.volume),
        quote_volume=optional_text(candle.quote_volume),
        trade_count=candle.trades,
    )


def asset_message(asset: Asset) -> market_pb2.Asset:
    """Return one asset of the registry."""
    return market_pb2.Asset(
        id=asset.id,
        symbol=asset.symbol,
        name=asset.name,
        rank=asset.rank or None,
        aliases=asset.aliases,
        contracts=[
            market_pb2.Contract(chain=each.chain, address=each.address, decimals=each.decimals, caip19=each.caip19)
            for each in asset.contracts
        ],
        source_ids=dict(asset.source_ids),
    )


def overview_message(overview: Overview) -> market_pb2.MarketOverview:
    """Return the market as a whole."""
    return market_pb2.MarketOverview(
        total_market_cap_usd=decimal_text(overview.total_market_cap),
        total_volume_usd=optional_text(overview.total_volume),
        bitcoin_dominance_percent=optional_text(overview.bitcoin_dominance),
        ethereum_dominance_percent=optional_text(overview.ethereum_dominance),
        market_cap_change_percent=optional_text(overview.market_cap_change_percent),
        active_asset_count=overview.active_assets,
        market_count=overview.markets,
    )


def trending_message(trending: TrendingAsset) -> market_pb2.TrendingAsset:
    """Return one asset that draws attention."""
    return market_pb2.TrendingAsset(
        asset=trending.asset,
        symbol=trending.symbol,
        name=trending.name,
        position=trending.position,
        market_cap_rank=trending.market_cap_rank,
        price_usd=optional_text(trending.price),
        change_percent=optional_text(trending.change_percent),
    )
