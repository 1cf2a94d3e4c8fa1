"""Pages of articles from feeds and from the store: each story once, none lost where the store's page ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import example, given
from hypothesis import strategies as st

from server.assets import Registry
from server.clock import VirtualClock
from server.fallback.sweep import Sweep
from server.model import Answer, Article, Articles, Attempt, Freshness, Outcome, Provenance
from server.services.news import News, Wanted
from server.services.sentiment_model import SentimentModel
from server.services.stories import Annotator, plain_title
from server.store.rows import Page

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ANNOTATOR = Annotator(Registry.load(), SentimentModel())


def article(number: int, story: int) -> Article:
    """Return an article that is so many minutes old; copies of one story have its title."""
    title = f"Story number {story} of this long day"
    return Article(f"id{number:03}", title, f"https://x/{number}", NOON - timedelta(minutes=number), ("a",))


class Feeds:
    """Carries some articles."""

    def __init__(self, articles: list[Article]) -> None:
        origin = Provenance("a", NOON, Freshness.LIVE)
        self.found = Sweep((Answer(Articles(tuple(articles)), origin),), (Attempt("a", Outcome.OK),))

    async def sweep(self, _query: object, *, deadline_s: float, patience_s: float) -> Sweep:
        """Answer like the engine."""
        assert deadline_s > patience_s > 0
        return self.found


class Kept:
    """Holds all articles, and gives them by keyset pages."""

    def __init__(self, articles: list[Article]) -> None:
        self.all = sorted(articles, key=lambda each: (each.published_time, each.id), reverse=True)

    async def read(self, read: Callable[[Any], Awaitable[Page[Article]]]) -> Page[Article]:
        """Read like the store beside a fetch."""
        return await read(self)

    async def articles(self, *, after: tuple[datetime, str] | None, limit: int, **_filters: object) -> Page[Article]:
        """Return a page."""
        rows = [each for each in self.all if after is None or (each.published_time, each.id) < after]
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(tuple(rows[:limit]), (last.published_time, last.id) if last else None)

    async def copies(self, titles: list[str], start: datetime, end: datetime) -> tuple[Article, ...]:
        """Return the articles of some titles."""
        return tuple(
            each for each in self.all if plain_title(each.title) in titles and start <= each.published_time < end
        )

    async def article(self, identity: str) -> Article | None:
        """Return one article."""
        return next((each for each in self.all if each.id == identity), None)


def pages(stories: list[int], carried: set[int], size: int) -> list[list[Article]]:
    """Return all pages of so many articles, of which the feeds carry some."""
    every = [article(number, story) for number, story in enumerate(stories)]
    feeds = Feeds([each for number, each in enumerate(every) if number in carried])
    news = News(cast("Any", feeds), cast("Any", Kept(every)), ANNOTATOR, VirtualClock())

    async def run() -> list[list[Article]]:
        found, after = [], None
        while True:
            page = await news.page(Wanted(), after, size, 5.0)
            found.append(list(page.articles))
            assert page.articles or page.after is None
            if page.after is None:
                return found
            assert after is None or page.after < after
            after = page.after

    return asyncio.run(run())


@given(carried=st.sets(st.integers(0, 39)), size=st.integers(1, 12))
def test_every_article_comes_once_whatever_the_feeds_still_carry(carried: set[int], size: int) -> None:
    """What feeds carry does not hide what only the store holds between."""
    found = [each.id for page in pages(list(range(40)), carried, size) for each in page]
    assert found == [f"id{number:03}" for number in range(40)]


@example(stories=[0] * 5 + [1, 0] * 18, carried=set(), size=1)
@given(stories=st.lists(st.integers(0, 10), max_size=40), carried=st.sets(st.integers(0, 39)), size=st.integers(1, 12))
def test_every_story_comes_once(stories: list[int], carried: set[int], size: int) -> None:
    """In the place of its earliest copy, also where copies stand on both sides of a page's end, in feeds or not."""
    found = [each.id for page in pages(stories, carried, size) for each in page]
    earliest = {story: number for number, story in enumerate(stories)}
    assert found == [f"id{number:03}" for number in sorted(earliest.values())]


def test_one_article_is_told_with_all_its_feeds() -> None:
    """Those that carry it no more are known to the store."""
    every = [replace(article(number, 1), sources=(source,)) for number, source in enumerate("abc")]
    news = News(cast("Any", Feeds(every[:1])), cast("Any", Kept(every)), ANNOTATOR, VirtualClock())
    for each in every:
        found, _ = asyncio.run(news.article(each.id, 5.0))
        assert (found.id, found.sources) == (each.id, ("a", "b", "c"))
