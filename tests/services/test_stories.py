"""One story of many feeds is one article, with its assets and its sentiment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.assets import Registry
from server.model import Article, SentimentLabel
from server.services.sentiment_model import SentimentModel, label_of
from server.services.stories import Annotator, merged, normalised

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TITLE = "Bitcoin climbs above its old record"


def article(identity: str, title: str = TITLE, hours: float = 0, source: str = "a", summary: str = "") -> Article:
    """Return an article."""
    return Article(identity, title, f"https://x/{identity}", NOON + timedelta(hours=hours), (source,), summary)


def test_the_same_id_is_the_same_article() -> None:
    """Its feeds are counted together, and what one lacks the other fills in."""
    (one,) = merged([article("1", source="a"), article("1", source="b", summary="More")])
    assert one.sources == ("a", "b")
    assert one.summary == "More"


def test_the_same_title_within_two_days_is_the_same_story() -> None:
    """Case, accents and punctuation do not matter; the earliest stays; three days later it is another story."""
    copies = [article("2", "BITCOIN climbs, above its old récord!", 20, "b"), article("1")]
    later = article("3", hours=92, source="c")
    found = merged([*copies, later])
    assert [each.id for each in found] == ["3", "1"]
    assert found[1].sources == ("a", "b")


def test_short_titles_tell_no_stories_apart() -> None:
    """`Market update` comes every day and is never the same."""
    assert len(merged([article("1", "Market update"), article("2", "Market update", 1)])) == 2


@given(st.permutations([article(str(number), f"{TITLE} {number % 5} times", number * 7) for number in range(12)]))
def test_the_order_of_feeds_does_not_matter(articles: list[Article]) -> None:
    """The same articles in any order are the same list, newest first."""
    found = merged(articles)
    assert found == merged(reversed(articles))
    assert [each.published_time for each in found] == sorted((each.published_time for each in found), reverse=True)


def test_titles_are_compared_without_their_dress() -> None:
    """Width, accents, spacing and punctuation go."""
    assert normalised("  \uff25ther—Crème: 5% UP! ") == "ethercreme5up"


def test_an_article_is_given_its_assets_and_its_sentiment_once() -> None:
    """What is named in title and summary; an article that has both stays as it is."""
    annotator = Annotator(Registry.load(), SentimentModel(), remembered=1)
    known = annotator.annotated(article("1", "Ethereum crashes", summary="Bitcoin follows"))
    assert known.assets == ("ethereum", "bitcoin")
    assert known.sentiment is not None
    assert label_of(known.sentiment) is SentimentLabel.NEGATIVE
    assert annotator.annotated(known) is known
    annotator.annotated(article("2", "Solana soars"))
    assert annotator.annotated(article("1", "Ethereum crashes", summary="Bitcoin follows")) == known


def test_a_score_has_its_word() -> None:
    """The bounds are neutral."""
    assert [label_of(score) for score in (-0.051, -0.05, 0.0, 0.05, 0.051)] == [
        SentimentLabel.NEGATIVE,
        SentimentLabel.NEUTRAL,
        SentimentLabel.NEUTRAL,
        SentimentLabel.NEUTRAL,
        SentimentLabel.POSITIVE,
    ]
