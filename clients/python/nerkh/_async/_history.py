"""`client.history`: what was stored, point by point, with its sources and gaps."""

# ruff: noqa: ASYNC109  # a call's timeout travels to the server as its deadline

from __future__ import annotations

from datetime import datetime

from nerkh import _methods as methods
from nerkh._async._page import AsyncSeries, series_of
from nerkh._listing import Listing
from nerkh._models.history import GasPoint, GasSeries, PricePoint, PriceSeries, SentimentPoint, SentimentSeries
from nerkh._options import Timeout
from nerkh._requests import timestamp_of
from nerkh._transport import AsyncTransport
from nerkh.v1 import history_pb2

PRICES = Listing(methods.LIST_PRICE_OBSERVATIONS, "points", PricePoint)
GAS = Listing(methods.LIST_GAS_OBSERVATIONS, "points", GasPoint)
SENTIMENT = Listing(methods.LIST_SENTIMENT_OBSERVATIONS, "points", SentimentPoint)


class AsyncHistoryClient:
    """Reads back what was stored, the newest first, in the half-open range of times; all raise `NerkhError`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def prices(
        self,
        asset: str,
        quote: str = "USD",
        *,
        source: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: Timeout = None,
    ) -> AsyncSeries[PriceSeries, PricePoint]:
        """List stored prices of one asset."""
        request = history_pb2.ListPriceObservationsRequest(
            asset=asset,
            quote=quote,
            source=source,
            start_time=timestamp_of(start_time),
            end_time=timestamp_of(end_time),
            page_size=page_size,
            page_token=page_token,
        )
        return await series_of(self._transport, PRICES, PriceSeries, request, timeout)

    async def gas(
        self,
        chain: str,
        *,
        source: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: Timeout = None,
    ) -> AsyncSeries[GasSeries, GasPoint]:
        """List stored gas prices of one chain."""
        request = history_pb2.ListGasObservationsRequest(
            chain=chain,
            source=source,
            start_time=timestamp_of(start_time),
            end_time=timestamp_of(end_time),
            page_size=page_size,
            page_token=page_token,
        )
        return await series_of(self._transport, GAS, GasSeries, request, timeout)

    async def sentiment(
        self,
        asset: str = "",
        *,
        source: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: Timeout = None,
    ) -> AsyncSeries[SentimentSeries, SentimentPoint]:
        """List stored sentiments of one asset, or of the market, with the readings of the index."""
        request = history_pb2.ListSentimentObservationsRequest(
            asset=asset,
            source=source,
            start_time=timestamp_of(start_time),
            end_time=timestamp_of(end_time),
            page_size=page_size,
            page_token=page_token,
        )
        return await series_of(self._transport, SENTIMENT, SentimentSeries, request, timeout)
