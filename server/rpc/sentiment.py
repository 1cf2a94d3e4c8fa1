"""SentimentService: requests checked, the service asked, sentiments converted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from nerkh.v1 import sentiment_pb2

from server.clock import Clock
from server.rpc.calls import LIST_S, Call, Method, Unary
from server.rpc.convert.news import LABEL, reading_message, sentiment_message
from server.rpc.convert.plain import known_view, name_in, range_in, span_in
from server.rpc.convert.provenance import candidate_messages, provenance_message
from server.rpc.market import AN_ASSET
from server.rpc.pages import PageTokens, page_size
from server.services.answers import own
from server.services.naming import Names
from server.services.sentiment import Mood

SERVICE = "nerkh.v1.SentimentService"
WINDOW, LEAST_WINDOW, MOST_WINDOW = timedelta(hours=24), timedelta(minutes=1), timedelta(days=30)


class SentimentServicer:
    """Answers SentimentService."""

    def __init__(self, mood: Mood, names: Names, tokens: PageTokens, clock: Clock) -> None:
        self._mood = mood
        self._names = names
        self._tokens = tokens
        self._clock = clock

    def methods(self) -> tuple[Method, ...]:
        """Return the methods to bind."""
        path, pb = f"/{SERVICE}/", sentiment_pb2
        return (
            Unary(path + "GetFearGreedIndex", pb.GetFearGreedIndexRequest, self.get_fear_greed_index),
            Unary(
                path + "ListFearGreedReadings", pb.ListFearGreedReadingsRequest, self.list_fear_greed_readings, LIST_S
            ),
            Unary(path + "GetMarketSentiment", pb.GetMarketSentimentRequest, self.get_market_sentiment),
            Unary(path + "GetAssetSentiment", pb.GetAssetSentimentRequest, self.get_asset_sentiment),
            Unary(path + "AnalyzeSentiment", pb.AnalyzeSentimentRequest, self.analyze_sentiment),
        )

    async def get_fear_greed_index(self, request: Any, call: Call) -> sentiment_pb2.GetFearGreedIndexResponse:
        """Answer with the newest reading of the index."""
        full = known_view(request)
        answer = await self._mood.index(call.left_s())
        call.note(answer.provenance)
        return sentiment_pb2.GetFearGreedIndexResponse(
            reading=reading_message(answer.value.readings[0]),
            provenance=provenance_message(answer.provenance, full=full),
        )

    async def list_fear_greed_readings(self, request: Any, call: Call) -> sentiment_pb2.ListFearGreedReadingsResponse:
        """Answer with a page of readings, the newest first."""
        full = known_view(request)
        size, cursor = page_size(request, 30, 1000), self._tokens.read(request)
        start, end = range_in(request)
        before = cursor[0] if cursor is not None and isinstance(cursor[0], datetime) else None
        rows, provenance, more = await self._mood.readings(start, end, before, size, call.left_s())
        call.note(provenance)
        return sentiment_pb2.ListFearGreedReadingsResponse(
            readings=[reading_message(reading) for reading in rows],
            next_page_token=self._tokens.next((rows[-1].time,) if more and rows else None, request),
            provenance=provenance_message(provenance, full=full),
        )

    async def get_market_sentiment(self, request: Any, call: Call) -> sentiment_pb2.GetMarketSentimentResponse:
        """Answer with the mood of the market."""
        full = known_view(request)
        window = span_in(request, "window", WINDOW, LEAST_WINDOW, MOST_WINDOW)
        sentiment, provenance = await self._mood.of_market(window, call.left_s())
        call.note(provenance, courses=())
        return sentiment_pb2.GetMarketSentimentResponse(
            sentiment=sentiment_message(sentiment), provenance=provenance_message(provenance, full=full)
        )

    async def get_asset_sentiment(self, request: Any, call: Call) -> sentiment_pb2.GetAssetSentimentResponse:
        """Answer with the mood of what is written about an asset."""
        full = known_view(request)
        window = span_in(request, "window", WINDOW, LEAST_WINDOW, MOST_WINDOW)
        named = self._names.asset(name_in(request.asset, "asset", AN_ASSET))
        call.asset = named.asset.id
        sentiment, provenance = await self._mood.of_asset(named.asset, window, call.left_s())
        call.note(provenance, courses=())
        return sentiment_pb2.GetAssetSentimentResponse(
            sentiment=sentiment_message(sentiment),
            ambiguous=bool(named.candidates),
            candidates=candidate_messages(named.candidates),
            provenance=provenance_message(provenance, full=full),
        )

    async def analyze_sentiment(self, request: Any, _call: Call) -> sentiment_pb2.AnalyzeSentimentResponse:
        """Answer with the sentiment of a text."""
        score, label, model = self._mood.of_text(request.text)
        provenance = provenance_message(own(self._clock.now()))
        return sentiment_pb2.AnalyzeSentimentResponse(
            score=score, label=LABEL[label], model=model, provenance=provenance
        )
