"""Articles; what `client.news` returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nerkh._models.common import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article, however many feeds carried it; `sentiment_score` from -1 to 1, None when it was not judged."""

    id: str
    title: str
    url: str
    published_time: datetime
    sources: tuple[str, ...] = ()
    summary: str = ""
    author: str = ""
    image_url: str = ""
    language: str = ""
    categories: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    sentiment_score: float | None = None
    provenance: Provenance
