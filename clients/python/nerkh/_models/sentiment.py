"""The mood of the market; what `client.sentiment` returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from nerkh._models.common import AssetCandidate, Provenance


class SentimentLabel(StrEnum):
    """A score in a word: under -0.05 negative, above 0.05 positive."""

    UNSPECIFIED = ""
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True, kw_only=True)
class FearGreedReading:
    """One reading of the index, from 0 (extreme fear) to 100 (extreme greed)."""

    value: Decimal
    classification: str
    reading_time: datetime
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentiment:
    """A score from -1 to 1 and what it rests on; `asset` is empty for the market as a whole."""

    asset: str = ""
    score: float
    label: SentimentLabel
    model: str
    article_count: int = 0
    positive_count: int = 0
    neutral_count: int = 0
    negative_count: int = 0
    fear_greed_index: Decimal | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    ambiguous: bool = False
    candidates: tuple[AssetCandidate, ...] = ()
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSentiment:
    """The score of a text, from -1 to 1, and the model that judged it."""

    score: float
    label: SentimentLabel
    model: str
    provenance: Provenance
