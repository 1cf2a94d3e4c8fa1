"""The fear and greed index, and the mood of what is written about an asset or the market."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import fmean

from server.clock import Clock
from server.errors import InvalidField, NerkhError
from server.fallback import Engine
from server.model import (
    Answer,
    Article,
    Asset,
    FearGreed,
    FearGreedQuery,
    FearGreedReading,
    Provenance,
    Sentiment,
    SentimentLabel,
)
from server.services.answers import ask, merged
from server.services.news import Found, News, Wanted
from server.services.sentiment_model import LONGEST, SentimentModel, label_of

MOST_ARTICLES = 500
"""Most articles that a sentiment rests on: the newest."""

_READINGS = (31, 100, 500, 1000, 2000, 5000, 10_000)
"""How many daily readings are asked for, from today on: in steps, so that pages share one answer."""
ARTICLES_WEIGHT, INDEX_WEIGHT = 2.0, 1.0
"""How the mood of the market is made of what is written and of the index."""


class Mood:
    """Answers questions about sentiment."""

    def __init__(self, engine: Engine, news: News, model: SentimentModel, clock: Clock) -> None:
        self._engine = engine
        self._news = news
        self._model = model
        self._clock = clock

    async def index(self, deadline_s: float) -> Answer[FearGreed]:
        """Return the newest reading of the index; raises what `Engine.ask` does."""
        return await ask(self._engine, FearGreed, FearGreedQuery(limit=1), deadline_s)

    async def readings(
        self, start: datetime | None, end: datetime | None, before: datetime | None, limit: int, deadline_s: float
    ) -> tuple[list[FearGreedReading], Provenance, bool]:
        """Return the newest readings in a range older than `before`, and whether there are more."""
        last = min(each for each in (before, end, self._clock.now()) if each is not None)
        back = (self._clock.now() - last).days + 1 + limit + 1
        if start is not None:
            back = min(back, (self._clock.now() - start).days + 2)
        asked = next((each for each in _READINGS if each >= back), _READINGS[-1])
        answer = await ask(self._engine, FearGreed, FearGreedQuery(limit=asked), deadline_s)
        rows = [
            reading
            for reading in answer.value.readings
            if (start is None or reading.time >= start)
            and (end is None or reading.time < end)
            and (before is None or reading.time < before)
        ]
        return rows[:limit], answer.provenance, len(rows) > limit

    async def of_asset(self, asset: Asset, window: timedelta, deadline_s: float) -> tuple[Sentiment, Provenance]:
        """Return the mood of what was written about an asset lately; raises when no article can be had at all."""
        found, span = await self._articles(asset.id, window, deadline_s)
        return self._judged(asset.id, found.articles, span), found.provenance

    async def of_market(self, window: timedelta, deadline_s: float) -> tuple[Sentiment, Provenance]:
        """Return the mood of the market, of articles and the index, or of what can be had; raises when nothing can."""
        index, failure = None, None
        try:
            index = await self.index(deadline_s / 2)
        except NerkhError as error:
            failure = error
        try:
            found, span = await self._articles("", window, deadline_s / 2)
        except NerkhError:
            if index is None:
                raise failure or AssertionError from None  # one of both has failed
            now = self._clock.now()
            return self._with_index(self._judged("", (), (now - window, now)), index), index.provenance
        sentiment = self._judged("", found.articles, span)
        if index is None:
            return sentiment, found.provenance
        written = dataclasses.replace(index, provenance=found.provenance)
        return self._with_index(sentiment, index), merged((index, written))

    def of_text(self, text: str) -> tuple[float, SentimentLabel, str]:
        """Return score, label and model of a text; raises `InvalidField` when it is empty or too long."""
        if not text.strip() or len(text) > LONGEST:
            raise InvalidField("text", f"{len(text)} characters", f"1 to {LONGEST} characters")
        score = self._model.score(text)
        return score, label_of(score), self._model.name

    async def _articles(
        self, asset: str, window: timedelta, deadline_s: float
    ) -> tuple[Found, tuple[datetime, datetime]]:
        now = self._clock.now()
        wanted = Wanted(asset=asset, start=now - window, end=now)
        return await self._news.page(wanted, None, MOST_ARTICLES, deadline_s), (now - window, now)

    def _judged(self, asset: str, articles: Sequence[Article], span: tuple[datetime, datetime]) -> Sentiment:
        scores = [article.sentiment for article in articles if article.sentiment is not None]
        labels = [label_of(score) for score in scores]
        score = fmean(scores) if scores else 0.0
        return Sentiment(
            asset=asset,
            score=score,
            label=label_of(score),
            model=self._model.name,
            articles=len(scores),
            positive=labels.count(SentimentLabel.POSITIVE),
            neutral=labels.count(SentimentLabel.NEUTRAL),
            negative=labels.count(SentimentLabel.NEGATIVE),
            from_time=span[0] if scores else None,
            to_time=span[1] if scores else None,
        )

    def _with_index(self, sentiment: Sentiment, index: Answer[FearGreed]) -> Sentiment:
        """Return the mood with the index in it: 0 of it counts as -1, 100 as 1."""
        reading = index.value.readings[0].value
        mood = float((reading - Decimal(50)) / Decimal(50))
        if sentiment.articles:
            total = ARTICLES_WEIGHT + INDEX_WEIGHT
            mood = (ARTICLES_WEIGHT * sentiment.score + INDEX_WEIGHT * mood) / total
        return dataclasses.replace(sentiment, score=mood, label=label_of(mood), fear_greed=reading)
