"""`client.sentiment`: the mood of the market."""

from __future__ import annotations

from datetime import datetime, timedelta

from nerkh import _methods as methods
from nerkh._listing import Listing
from nerkh._models.sentiment import FearGreedReading, Sentiment, TextSentiment
from nerkh._options import Timeout
from nerkh._reader import read
from nerkh._requests import duration_of, timestamp_of, view_of
from nerkh._sync._page import Page, page_of
from nerkh._transport import Transport
from nerkh.v1 import sentiment_pb2

READINGS = Listing(methods.LIST_FEAR_GREED_READINGS, "readings", FearGreedReading)


class SentimentClient:
    """Answers about sentiment; all raise `NerkhError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def fear_greed(self, *, full: bool = False, timeout: Timeout = None) -> FearGreedReading:
        """Return the newest reading of the fear and greed index."""
        request = sentiment_pb2.GetFearGreedIndexRequest(view=view_of(full))
        response = self._transport.call(methods.GET_FEAR_GREED_INDEX, request, timeout)
        return read(FearGreedReading, response.reading, response)

    def fear_greed_readings(
        self,
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        full: bool = False,
        timeout: Timeout = None,
    ) -> Page[FearGreedReading]:
        """List readings of the fear and greed index, the newest first."""
        request = sentiment_pb2.ListFearGreedReadingsRequest(
            start_time=timestamp_of(start_time),
            end_time=timestamp_of(end_time),
            page_size=page_size,
            page_token=page_token,
            view=view_of(full),
        )
        return page_of(self._transport, READINGS, request, timeout)

    def market(
        self, *, window: timedelta | float | None = None, full: bool = False, timeout: Timeout = None
    ) -> Sentiment:
        """Return the sentiment of the market as a whole; `window` is how far back articles count, 24 hours unset."""
        request = sentiment_pb2.GetMarketSentimentRequest(window=duration_of(window), view=view_of(full))
        response = self._transport.call(methods.GET_MARKET_SENTIMENT, request, timeout)
        return read(Sentiment, response.sentiment, response)

    def asset(
        self, asset: str, *, window: timedelta | float | None = None, full: bool = False, timeout: Timeout = None
    ) -> Sentiment:
        """Return the sentiment of what is written about one asset."""
        request = sentiment_pb2.GetAssetSentimentRequest(asset=asset, window=duration_of(window), view=view_of(full))
        response = self._transport.call(methods.GET_ASSET_SENTIMENT, request, timeout)
        return read(Sentiment, response.sentiment, response)

    def analyze(self, text: str, *, timeout: Timeout = None) -> TextSentiment:
        """Judge the sentiment of a text of 1 to 10,000 characters."""
        request = sentiment_pb2.AnalyzeSentimentRequest(text=text)
        response = self._transport.call(methods.ANALYZE_SENTIMENT, request, timeout)
        return read(TextSentiment, response)
