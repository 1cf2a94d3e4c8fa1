"""`client.market`: prices, candles, assets, and the market as a whole."""

from __future__ import annotations

from datetime import datetime, timedelta

from nerkh import _methods as methods
from nerkh._listing import Listing
from nerkh._models.market import (
    Asset,
    Candle,
    CandleInterval,
    CandleSeries,
    MarketOverview,
    Price,
    PriceBatch,
    PriceOrder,
    Quote,
    QuoteSeries,
    TrendingAsset,
)
from nerkh._options import Timeout
from nerkh._reader import read
from nerkh._requests import duration_of, timestamp_of, view_of
from nerkh._sync._page import Page, Series, page_of, series_of
from nerkh._sync._stream import PriceStream
from nerkh._transport import Transport
from nerkh.v1 import market_pb2

PRICES = Listing(methods.LIST_PRICES, "prices", Price)
QUOTES = Listing(methods.LIST_QUOTES, "quotes", Quote)
CANDLES = Listing(methods.LIST_CANDLES, "candles", Candle)
INTERVALS = Listing(methods.LIST_INTERVALS, "intervals", CandleInterval)
ASSETS = Listing(methods.LIST_ASSETS, "assets", Asset)
TRENDING = Listing(methods.LIST_TRENDING_ASSETS, "assets", TrendingAsset)


class MarketClient:
    """Answers about the market; all raise `NerkhError`. `asset` takes an id, a symbol, a source's or a CAIP-19 id."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def price(self, asset: str, quote: str = "USD", *, full: bool = False, timeout: Timeout = None) -> Price:
        """Return the price of one asset; `full` adds the attempts to its provenance."""
        request = market_pb2.GetPriceRequest(asset=asset, quote=quote, view=view_of(full))
        response = self._transport.call(methods.GET_PRICE, request, timeout)
        return read(Price, response.price)

    def prices(self, *assets: str, quote: str = "USD", full: bool = False, timeout: Timeout = None) -> PriceBatch:
        """Return the prices of several assets: those that could be had, and why others could not."""
        request = market_pb2.BatchGetPricesRequest(assets=assets, quote=quote, view=view_of(full))
        response = self._transport.call(methods.BATCH_GET_PRICES, request, timeout)
        return read(PriceBatch, response)

    def list_prices(
        self,
        quote: str = "USD",
        *,
        order_by: PriceOrder | str = PriceOrder.MARKET_CAP,
        page_size: int = 0,
        page_token: str = "",
        full: bool = False,
        timeout: Timeout = None,
    ) -> Page[Price]:
        """List prices by market cap, or those that rose or fell most."""
        request = market_pb2.ListPricesRequest(
            quote=quote,
            order_by=f"PRICE_ORDER_{PriceOrder(order_by).name}",
            page_size=page_size,
            page_token=page_token,
            view=view_of(full),
        )
        return page_of(self._transport, PRICES, request, timeout)

    def quotes(
        self,
        asset: str,
        quote: str = "USD",
        *,
        page_size: int = 0,
        page_token: str = "",
        full: bool = False,
        timeout: Timeout = None,
    ) -> Series[QuoteSeries, Quote]:
        """List what each source says of one asset's price, side by side; `series` holds what they agree on."""
        request = market_pb2.ListQuotesRequest(
            asset=asset, quote=quote, page_size=page_size, page_token=page_token, view=view_of(full)
        )
        return series_of(self._transport, QUOTES, QuoteSeries, request, timeout)

    def stream_prices(
        self,
        *assets: str,
        quote: str = "USD",
        conflation: timedelta | float | None = None,
        heartbeat: timedelta | float | None = None,
        cursor: str = "",
    ) -> PriceStream:
        """Stream prices: a snapshot, then changes; every one, or one each `conflation` (0.2, 1 or 10 seconds)."""
        request = market_pb2.StreamPricesRequest(
            assets=assets,
            quote=quote,
            conflation_interval=duration_of(conflation),
            heartbeat_interval=duration_of(heartbeat),
            cursor=cursor,
        )
        return PriceStream(self._transport, request)

    def candles(
        self,
        asset: str,
        interval: str = "1h",
        *,
        quote: str = "USD",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        full: bool = False,
        timeout: Timeout = None,
    ) -> Series[CandleSeries, Candle]:
        """List candles, the oldest first in each page; without `start_time` pages go back from the newest."""
        request = market_pb2.ListCandlesRequest(
            asset=asset,
            interval=interval,
            quote=quote,
            start_time=timestamp_of(start_time),
            end_time=timestamp_of(end_time),
            page_size=page_size,
            page_token=page_token,
            view=view_of(full),
        )
        return series_of(self._transport, CANDLES, CandleSeries, request, timeout)

    def intervals(
        self, asset: str, *, quote: str = "USD", page_size: int = 0, page_token: str = "", timeout: Timeout = None
    ) -> Page[CandleInterval]:
        """List the intervals in which candles of an asset can be had, and from where."""
        request = market_pb2.ListIntervalsRequest(asset=asset, quote=quote, page_size=page_size, page_token=page_token)
        return page_of(self._transport, INTERVALS, request, timeout)

    def assets(
        self,
        search: str = "",
        *,
        chain: str = "",
        page_size: int = 0,
        page_token: str = "",
        timeout: Timeout = None,
    ) -> Page[Asset]:
        """List the assets that the service knows, the largest first; `search` looks into ids, symbols and names."""
        request = market_pb2.ListAssetsRequest(search=search, chain=chain, page_size=page_size, page_token=page_token)
        return page_of(self._transport, ASSETS, request, timeout)

    def asset(self, asset: str, *, timeout: Timeout = None) -> Asset:
        """Return one asset with its aliases, contracts and the sources' ids."""
        request = market_pb2.GetAssetRequest(asset=asset)
        response = self._transport.call(methods.GET_ASSET, request, timeout)
        return read(Asset, response.asset, response)

    def overview(self, *, full: bool = False, timeout: Timeout = None) -> MarketOverview:
        """Return figures of the market as a whole."""
        request = market_pb2.GetMarketOverviewRequest(view=view_of(full))
        response = self._transport.call(methods.GET_MARKET_OVERVIEW, request, timeout)
        return read(MarketOverview, response.overview, response)

    def trending(
        self, *, page_size: int = 0, page_token: str = "", full: bool = False, timeout: Timeout = None
    ) -> Page[TrendingAsset]:
        """List the assets that draw most attention now."""
        request = market_pb2.ListTrendingAssetsRequest(page_size=page_size, page_token=page_token, view=view_of(full))
        return page_of(self._transport, TRENDING, request, timeout)
