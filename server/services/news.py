"""Articles of all feeds, fetched and stored, as one list; the sentiment service reads them here too."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.clock import Clock
from server.errors import NerkhError, SourcesFailed, Unknown
from server.fallback import Engine
from server.model import Answer, Article, Articles, Freshness, NewsQuery, Provenance, Value
from server.services.answers import STORE
from server.services.answers import merged as merged_provenance
from server.services.stored import Beside
from server.services.stories import SAME_STORY, Annotator, completed, merged, plain_title
from server.store.rows import Page

_MOST_PARTS = 8
_SPARE = 50
"""So many articles beyond a page are looked at, since copies of a story are told elsewhere."""
_WORD = re.compile(r"\w+")

LONGEST_S = 3.0
"""So long a request waits for the slowest feed; collectors wait longer, and what they find is stored."""
PATIENCE_S = 0.1
"""Feeds that are late get this long at least once half have answered, in seconds."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which articles; empty and None mean any. `asset` is our id; the range is half-open."""

    asset: str = ""
    source: str = ""
    language: str = ""
    text: str = ""
    start: datetime | None = None
    end: datetime | None = None

    def takes(self, article: Article) -> bool:
        """Say whether an article passes the filter."""
        words = words_of(self.text)
        text = set(words_of(f"{article.title} {article.summary}")) if words else set()
        return (
            (not self.asset or self.asset in article.assets)
            and (not self.source or self.source in article.sources)
            and _speaks(article.language.casefold(), self.language.casefold())
            and (self.start is None or article.published_time >= self.start)
            and (self.end is None or article.published_time < self.end)
            and text.issuperset(words)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A page of articles, newest first, where they came from, and where the next page begins, None at the end."""

    articles: Sequence[Article]
    provenance: Provenance
    after: tuple[datetime, str] | None


class News:
    """Answers questions about news."""

    def __init__(
        self, engine: Engine, beside: Beside, annotator: Annotator, clock: Clock, *, simulated: bool = False
    ) -> None:
        self._engine = engine
        self._beside = beside
        self._annotator = annotator
        self._clock = clock
        self._simulated = simulated
        self._last: tuple[tuple[Answer[Value], ...], list[Article]] = ((), [])

    async def page(self, wanted: Wanted, after: tuple[datetime, str] | None, limit: int, deadline_s: float) -> Found:
        """Return the newest wanted articles older than `after`; raises `SourcesFailed` when there are none at all."""
        fetched, provenance, error = await self._fetched(deadline_s)
        found: list[Article] = []
        at = after
        # Copies that are folded elsewhere leave a part of a page short: then the next part fills it up.
        for turn in range(_MOST_PARTS):
            kept = await self._kept(wanted, at, limit)
            if turn == 0 and error is not None and not (kept and kept.rows):
                raise error
            part, at = await self._part(wanted, at, limit - len(found), fetched, kept)
            found += part
            if at is None or len(found) == limit:
                break
        return Found(found, provenance or self._stored(found), at)

    async def _kept(self, wanted: Wanted, after: tuple[datetime, str] | None, limit: int) -> Page[Article] | None:
        """Return what the store holds, some rows more than a page; None when it does not answer in time."""
        return await self._beside.read(
            lambda store: store.articles(
                asset=wanted.asset or None,
                source=wanted.source or None,
                language=wanted.language or None,
                text=" ".join(f'"{word}"' for word in words_of(wanted.text)) or None,
                start=wanted.start,
                end=wanted.end,
                after=after,
                limit=limit + _SPARE,
            )
        )

    async def _part(
        self,
        wanted: Wanted,
        after: tuple[datetime, str] | None,
        limit: int,
        fetched: Sequence[Article],
        kept: Page[Article] | None,
    ) -> tuple[list[Article], tuple[datetime, str] | None]:
        """Return at most `limit` articles of both, and where the next ones begin, None at the end."""
        rows = kept.rows if kept is not None else ()
        # Behind the store's own page only some articles are known, those that feeds still carry: they are not due yet.
        edge = _key(rows[-1]) if kept is not None and kept.after is not None else None
        due = [
            article
            for article in merged((*filter(wanted.takes, fetched), *map(self._annotator.annotated, rows)))
            if (after is None or _key(article) < after) and (edge is None or _key(article) >= edge)
        ]
        behind = edge
        if len(due) > limit + _SPARE:
            due = due[: limit + _SPARE]
            behind = _key(due[-1])
        told = completed(due, await self._copies(due), wanted.takes)
        if len(told) > limit:
            told = told[:limit]
            behind = _key(told[-1])
        return told, behind

    async def article(self, identity: str, deadline_s: float) -> tuple[Article, Provenance]:
        """Return one article by its id; raises `Unknown`."""
        stored = await self._beside.read(lambda store: store.article(identity))
        fetched, provenance, _ = await self._fetched(deadline_s)
        known = [article for article in fetched if article.id == identity]
        if stored is not None:
            known.append(self._annotator.annotated(stored))
        if not known:
            raise Unknown("article", identity)
        (one,) = completed(merged(known), await self._copies(known), lambda _: False)
        if provenance is None or known[0] not in fetched:
            return one, self._stored((one,))
        return one, dataclasses.replace(provenance, source=",".join(one.sources))

    async def _copies(self, articles: Sequence[Article]) -> list[Article]:
        """Return what the store holds of the same stories: copies that no feed carries any more, or no page held."""
        titles = {title for article in articles if (title := plain_title(article.title))}
        times = [article.published_time for article in articles]
        if not titles:
            return []
        start, end = min(times) - SAME_STORY, max(times) + SAME_STORY + timedelta(seconds=1)
        found = await self._beside.read(lambda store: store.copies(sorted(titles), start, end))
        return [self._annotator.annotated(article) for article in found or ()]

    async def _fetched(self, deadline_s: float) -> tuple[list[Article], Provenance | None, NerkhError | None]:
        """Return what the feeds carry now, or why there is nothing."""
        try:
            sweep = await self._engine.sweep(
                NewsQuery(), deadline_s=min(LONGEST_S, 0.8 * deadline_s), patience_s=PATIENCE_S
            )
        except NerkhError as error:
            return [], None, error
        if not sweep.answers:
            return [], None, SourcesFailed("news", sweep.attempts)
        asked = len({attempt.source for attempt in sweep.attempts})
        provenance = merged_provenance(sweep.answers, sweep.attempts)
        articles = self._merged(sweep.answers)
        return articles, dataclasses.replace(provenance, asked=max(asked, provenance.agreed)), None

    def _merged(self, answers: tuple[Answer[Value], ...]) -> list[Article]:
        """Return the articles of a sweep's answers; the same answers, out of the cache, are merged once."""
        last, articles = self._last
        if len(last) == len(answers) and all(one is other for one, other in zip(last, answers, strict=True)):
            return articles
        values = (answer.value for answer in answers)
        each = (article for value in values if isinstance(value, Articles) for article in value.articles)
        articles = merged(map(self._annotator.annotated, each))
        self._last = answers, articles
        return articles

    def _stored(self, articles: Sequence[Article]) -> Provenance:
        newest = max((article.published_time for article in articles), default=None)
        return Provenance(STORE, self._clock.now(), Freshness.STORED, newest, simulated=self._simulated)


def words_of(text: str) -> list[str]:
    """Return the words of a text, without case and punctuation: what a search compares."""
    return _WORD.findall(text.casefold())


def _key(article: Article) -> tuple[datetime, str]:
    return article.published_time, article.id


def _speaks(language: str, wanted: str) -> bool:
    """Say whether a language is the wanted one or a variety of it; empty means any."""
    return not wanted or language == wanted or language.startswith(f"{wanted}-")
