"""Several sources' quotes of one price, side by side: what ListQuotes answers with."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from server.model.market import Price
from server.model.provenance import Attempt, Provenance


@dataclass(frozen=True, slots=True)
class SourceQuote:
    """One source's own quote; `outlier` says why it does not count, empty when it does."""

    price: Price
    provenance: Provenance
    tier: str
    outlier: str = ""


@dataclass(frozen=True, slots=True)
class QuoteList:
    """All quotes of one price, and the price that they agree on; `value` is None when no source gave one."""

    quotes: tuple[SourceQuote, ...]
    attempts: tuple[Attempt, ...]
    value: Decimal | None = None
    confidence: Decimal | None = None
    agreed: int = 0
    asked: int = 0
