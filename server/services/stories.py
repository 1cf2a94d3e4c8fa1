"""Articles of many feeds made one list: copies of one story are one article, each with its assets and its sentiment."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import reduce

from server.assets import Registry
from server.model import Article
from server.services.sentiment_model import SentimentModel

SAME_STORY = timedelta(hours=48)
"""Longest time between two copies of one story."""

_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_NO_WORD = re.compile(r"[\W_]+")
_LEAST_TITLE = 16
"""Shortest normalised title that tells a story from another; `Market update` is no story's name."""


class Annotator:
    """Adds what no feed says: the assets that an article names and its sentiment."""

    def __init__(self, registry: Registry, model: SentimentModel, remembered: int = 4096) -> None:
        self._registry = registry
        self.model = model
        self._remembered = remembered
        self._known: OrderedDict[tuple[str, str], tuple[tuple[str, ...], float]] = OrderedDict()

    def annotated(self, article: Article) -> Article:
        """Return the article with assets and sentiment; what is there stays."""
        if article.sentiment is not None:
            return article
        text = f"{article.title}. {article.summary}" if article.summary else article.title
        assets, sentiment = self._judged(article.id, text)
        return dataclasses.replace(article, assets=article.assets or assets, sentiment=sentiment)

    def _judged(self, identity: str, text: str) -> tuple[tuple[str, ...], float]:
        """Return the assets and the sentiment of a text; feeds carry the same articles for days, judged once."""
        known = self._known.get((identity, text))
        if known is None:
            known = tuple(asset.id for asset in self._registry.named_in(text)), self.model.score(text)
            self._known[identity, text] = known
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        return known


def merged(articles: Iterable[Article]) -> list[Article]:
    """Return the articles, newest first, with copies of one story folded into the earliest."""
    by_id: dict[str, Article] = {}
    for article in articles:
        seen = by_id.get(article.id)
        by_id[article.id] = article if seen is None else _folded(seen, article)
    places: dict[str, int] = {}
    found: list[Article] = []
    for article in sorted(by_id.values(), key=lambda each: (each.published_time, each.id)):
        title = normalised(article.title)
        place = places.get(title) if len(title) >= _LEAST_TITLE else None
        if place is not None and article.published_time - found[place].published_time <= SAME_STORY:
            found[place] = _folded(found[place], article)
        else:
            places[title] = len(found)
            found.append(article)
    return found[::-1]


def completed(
    articles: Iterable[Article], copies: Iterable[Article], takes: Callable[[Article], bool]
) -> list[Article]:
    """Return the articles with what copies of their stories add, in their order.

    One that has an earlier copy of its own is left out, when that passes the filter too: there the story stands.
    """
    by_title: dict[str, list[Article]] = {}
    for copy in copies:
        by_title.setdefault(normalised(copy.title), []).append(copy)
    found: list[Article] = []
    for article in articles:
        near = [
            copy
            for copy in by_title.get(normalised(article.title), ())
            if copy.id != article.id and abs(copy.published_time - article.published_time) <= SAME_STORY
        ]
        place = (article.published_time, article.id)
        if not any((copy.published_time, copy.id) < place and takes(copy) for copy in near):
            found.append(reduce(_folded, near, article))
    return found


def plain_title(title: str) -> str:
    """Return a title as the store compares it, empty when it is too short to tell a story."""
    plain = _NOT_PLAIN.sub("", title.lower())
    return plain if len(plain) >= _LEAST_TITLE else ""


def normalised(title: str) -> str:
    """Return a title without case, accents, punctuation and spacing."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    return _NO_WORD.sub("", "".join(sign for sign in plain if not unicodedata.combining(sign)))


def _folded(first: Article, copy: Article) -> Article:
    """Return the first article with what a copy adds."""
    return dataclasses.replace(
        first,
        sources=tuple(sorted({*first.sources, *copy.sources})),
        summary=first.summary or copy.summary,
        author=first.author or copy.author,
        image_url=first.image_url or copy.image_url,
        categories=tuple(dict.fromkeys((*first.categories, *copy.categories))),
        assets=tuple(dict.fromkeys((*first.assets, *copy.assets))),
        sentiment=copy.sentiment if first.sentiment is None else first.sentiment,
    )
