"""Articles and sentiments as messages; used by the news, sentiment and history servicers."""

from __future__ import annotations

from typing import Any

from nerkh.v1 import news_pb2, sentiment_pb2

from server.model import Article, FearGreedReading, Sentiment, SentimentLabel
from server.rpc.convert.plain import decimal_text, optional_text, timestamp

LABEL: dict[SentimentLabel, Any] = {
    each: sentiment_pb2.SentimentLabel.Value(f"SENTIMENT_LABEL_{each.name}") for each in SentimentLabel
}


def article_message(article: Article) -> news_pb2.Article:
    """Return one article."""
    return news_pb2.Article(
        id=article.id,
        title=article.title,
        url=article.url,
        published_time=timestamp(article.published_time),
        sources=article.sources,
        summary=article.summary,
        author=article.author,
        image_url=article.image_url,
        language=article.language,
        categories=article.categories,
        assets=article.assets,
        sentiment_score=article.sentiment,
    )


def reading_message(reading: FearGreedReading) -> sentiment_pb2.FearGreedReading:
    """Return one reading of the fear and greed index."""
    return sentiment_pb2.FearGreedReading(
        value=decimal_text(reading.value), classification=reading.classification, reading_time=timestamp(reading.time)
    )


def sentiment_message(sentiment: Sentiment) -> sentiment_pb2.Sentiment:
    """Return a sentiment with what it rests on."""
    return sentiment_pb2.Sentiment(
        asset=sentiment.asset,
        score=sentiment.score,
        label=LABEL[sentiment.label],
        model=sentiment.model,
        article_count=sentiment.articles,
        positive_count=sentiment.positive,
        neutral_count=sentiment.neutral,
        negative_count=sentiment.negative,
        fear_greed_index=optional_text(sentiment.fear_greed),
        start_time=timestamp(sentiment.from_time),
        end_time=timestamp(sentiment.to_time),
    )
