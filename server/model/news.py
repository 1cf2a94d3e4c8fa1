"""News and sentiment values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `id` is made from its normalised link and title, so that one story is one article.

    `sources` are the feeds that carried it; `assets` our ids named in it; `language` a BCP-47 tag; `sentiment` in
    -1 … 1. The last two are filled by the service, not by a feed's parser.
    """

    id: str
    title: str
    url: str
    published_time: datetime
    sources: tuple[str, ...]
    summary: str = ""
    author: str = ""
    image_url: str = ""
    language: str = "en"
    categories: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    sentiment: float | None = None


@dataclass(frozen=True, slots=True)
class Articles:
    """What one feed carries now."""

    articles: tuple[Article, ...]
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class FearGreedReading:
    """One reading of an index from 0 (extreme fear) to 100 (extreme greed)."""

    value: Decimal
    classification: str
    time: datetime


@dataclass(frozen=True, slots=True)
class FearGreed:
    """Readings of one index, newest first, each time once."""

    readings: tuple[FearGreedReading, ...]
    source_time: datetime | None = None


class SentimentLabel(StrEnum):
    """A score in words: below -0.05 negative, above 0.05 positive."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True)
class Sentiment:
    """A score in -1 … 1 with the counts and the model it rests on. `asset` is empty for the whole market."""

    asset: str
    score: float
    label: SentimentLabel
    model: str
    articles: int
    positive: int
    neutral: int
    negative: int
    fear_greed: Decimal | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None
