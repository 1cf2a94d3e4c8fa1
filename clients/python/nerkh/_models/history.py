"""What was stored, point by point; what `client.history` returns.

`observation_time` is the source's own time, else that of receipt. Each point names its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from nerkh._models.common import AssetCandidate, Gap
from nerkh._models.sentiment import SentimentLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """One stored price, in the quote of its series; what is unknown is None.

    `raw_value` is what the source itself said, where `value` is what several sources agreed on.
    """

    observation_time: datetime
    receive_time: datetime
    source: str
    value: Decimal
    bid: Decimal | None = None
    ask: Decimal | None = None
    base_volume: Decimal | None = None
    quote_volume: Decimal | None = None
    market_cap: Decimal | None = None
    change_percent: Decimal | None = None
    flagged: bool = False
    simulated: bool = False
    raw_value: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSeries:
    """What a page of stored prices is of; `gaps` are the spans within the page without data."""

    asset: str
    symbol: str
    quote: str
    gaps: tuple[Gap, ...] = ()
    ambiguous: bool = False
    candidates: tuple[AssetCandidate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GasPoint:
    """One stored gas price, in the unit of its series; what is unknown is None."""

    observation_time: datetime
    receive_time: datetime
    source: str
    slow: Decimal
    standard: Decimal
    fast: Decimal
    base_fee: Decimal | None = None
    priority_fee: Decimal | None = None
    block_height: int | None = None
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GasSeries:
    """What a page of stored gas prices is of; `gaps` are the spans within the page without data."""

    chain: str
    unit: str
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentPoint:
    """One stored score (`score`, `label`, `model`) or reading (`fear_greed_index`, `classification`)."""

    observation_time: datetime
    receive_time: datetime
    source: str
    fear_greed_index: Decimal | None = None
    classification: str = ""
    score: float | None = None
    label: SentimentLabel = SentimentLabel.UNSPECIFIED
    model: str = ""
    article_count: int | None = None
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentSeries:
    """What a page of stored sentiments is of; `asset` is empty for the market as a whole."""

    asset: str = ""
    gaps: tuple[Gap, ...] = ()
    ambiguous: bool = False
    candidates: tuple[AssetCandidate, ...] = ()
