"""News feeds: articles of RSS, Atom and broken XML, one identity for one story, and what is no feed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from server.errors import BadAnswer
from server.model import Articles, NewsQuery
from server.providers.base import Reply
from server.providers.families.rss import PROVIDER, article_id, normal_link, normal_title
from server.providers.families.rss.feed import items, plain

Answers = Callable[..., Any]


def test_at_least_eight_feeds_are_known() -> None:
    """Every feed is a row with its own path, and none wants a key."""
    assert len(PROVIDER.sources) >= 8
    for source in PROVIDER.sources:
        assert source.id.startswith("rss_")
        assert source.key is None
        (request,) = PROVIDER.capabilities[0].build(source, NewsQuery())
        assert request.path == source.options["path"]


def test_an_rss_item_becomes_an_article(answer: Answers) -> None:
    """Markup, tracking and entities are gone; the time is UTC; what has no date, web link or title is left out."""
    found = answer(PROVIDER, NewsQuery(), ("rss/rss.xml",))
    assert isinstance(found, Articles)
    assert [article.title for article in found.articles] == ["Newer one", "Bitcoin & Ether rise: markets calm"]
    article = found.articles[1]
    assert article.url == "https://news.example/2024/bitcoin-rises/?id=7"
    assert article.published_time == datetime(2024, 1, 11, 14, 46, 8, tzinfo=UTC)
    assert article.sources == ("rss_coindesk",)
    assert article.summary == "Prices rose by 2 %."
    assert (article.author, article.image_url) == ("Ada Writer", "https://news.example/7.jpg")
    assert (article.language, article.categories) == ("en-GB", ("Markets", "Bitcoin"))


def test_an_atom_entry_becomes_an_article(answer: Answers) -> None:
    """Atom's own elements are read the same way."""
    (article,) = answer(PROVIDER, NewsQuery(), ("rss/atom.xml",)).articles
    assert (article.title, article.author, article.language) == ("Krypto & Recht", "Jo Autor", "de")
    assert article.published_time == datetime(2024, 1, 11, 13, 30, tzinfo=UTC)
    assert article.image_url == "https://www.beispiel.example/k.png"


def test_broken_xml_is_read_all_the_same(answer: Answers) -> None:
    """Bare ampersands, unknown entities and missing ends are common among feeds."""
    (article,) = answer(PROVIDER, NewsQuery(), ("rss/broken.xml",)).articles
    assert article.title == "Tom & Jerry coin soars"
    assert article.published_time == datetime(2024, 1, 11, 21, 0, tzinfo=UTC)


FEED = (
    b'<rss version="2.0"><channel><title>t</title><item><title>One</title><link>https://a.example/c</link>'
    b"<description>%s</description></item></channel></rss>"
)
BOMB = b"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><rss><channel><item><title>&c;</title></item></channel></rss>"""
OUTSIDE = b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss><channel><title>&x;</title></channel></rss>'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<!DOCTYPE html><html></html>", "html"),
        (b"<html><body>blocked</body></html>", "html"),
        (b'<?xml version="1.0"?><!-- x --><html xmlns="http://www.w3.org/1999/xhtml"></html>', "html"),
        (b'{"items": []}', "not_xml"),
        (b"plain text", "not_xml"),
        (b"\xff\xfe\x00\x01garbage", "not_xml"),
        (BOMB, "not_xml"),
        (BOMB[:-20], "not_xml"),
        (BOMB.decode().replace("?>", ' encoding="utf-16"?>', 1).encode("utf-16"), "not_xml"),
        (OUTSIDE, "not_xml"),
        (b"<svg><a/></svg>", "not_xml"),
        (b"<rss>" + b"<a>" * 400_000, "out_of_bounds"),
        (b"<rss>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</rss>", "out_of_bounds"),
        (b"<rss><channel><title>" + b"x" * 10_000_000 + b"</title></channel></rss>", "out_of_bounds"),
    ],
)
def test_what_is_no_feed_is_told_by_reason(body: bytes, reason: str) -> None:
    """Pages, JSON, document types in any encoding, entity bombs and bodies beyond measure are refused."""
    with pytest.raises(BadAnswer) as caught:
        items(Reply(200, body))
    assert caught.value.reason == reason


def told(summary: str, encoding: str) -> bytes:
    """Return a feed of one item that states an encoding, not yet in it."""
    return (
        f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>t</title><item>'
        f"<title>One</title><link>https://a.example/c</link><description>{summary}</description></item></channel></rss>"
    ).encode(encoding)


@pytest.mark.parametrize(
    ("summary", "encoding"),
    [
        ("Цена выросла", "windows-1251"),
        ("Preis für €", "cp1252"),
        ("قیمت", "utf-8"),
        ("価格", "shift_jis"),
        ("価格", "utf-16"),
    ],
)
def test_a_feed_is_read_in_its_own_encoding(summary: str, encoding: str) -> None:
    """What it states of itself counts where it is no UTF-8; wide ones are known by their first bytes too."""
    body = told(summary, encoding)
    assert [item.summary for item in items(Reply(200, body))] == [summary]
    if encoding == "utf-16":
        assert [item.summary for item in items(Reply(200, body[2:]))] == [summary]


def test_a_feed_that_lies_about_its_encoding_is_read_as_far_as_it_goes() -> None:
    """Old bytes that claim to be UTF-8, and UTF-8 that claims to be something else, keep their ASCII."""
    broken = told("Preis für", "cp1252").replace(b"cp1252", b"utf-8")
    assert items(Reply(200, broken))[0].summary == "Preis f\ufffdr"
    other = told("für", "utf-8").replace(b"utf-8", b"koi8-r")
    assert items(Reply(200, other))[0].summary == "für"


@pytest.mark.parametrize("encoding", ["iso-2022-jp", "utf-7", "hz"])
def test_no_encoding_hides_an_entity(encoding: str) -> None:
    """Shifts that mean nothing, or letters in disguise, make an entity that only one of two parsers sees."""
    shift = {"iso-2022-jp": b"\x1b(B", "utf-7": b"", "hz": b"~}"}[encoding]
    mark = b"+ADwAIQ-" if encoding == "utf-7" else b"<!"
    head = b'<?xml version="1.0" encoding="' + encoding.encode() + b'"?>\n<!--\x1b$B<rss>x\x1b(B-->\n'
    bomb = mark + b"DOC" + shift + b"TYPE rss >\n" + mark + b"EN" + shift + b'TITY a "' + b"x" * 1000 + b'">\n'
    body = head + bomb + (FEED % (b"&a;" * 20)) + b"<b>"
    try:
        found = items(Reply(200, body))
    except BadAnswer:
        return
    assert all("xxx" not in f"{item.title}{item.summary}" for item in found)


def test_a_feed_without_articles_is_empty() -> None:
    """A feed with no dated article is an empty answer, so that the next source is asked."""
    capability = PROVIDER.capabilities[0]
    body = b"<rss version='2.0'><channel><title>t</title></channel></rss>"
    with pytest.raises(BadAnswer, match="empty"):
        capability.parse(PROVIDER.sources[0], NewsQuery(), (Reply(200, body),))


def test_one_story_has_one_id() -> None:
    """Tracking, fragments, scheme, www, a closing slash and the order of parameters do not make another story."""
    same = {
        article_id(url, "A title")
        for url in (
            "https://www.news.example/story?b=2&a=1",
            "http://news.example/story/?a=1&b=2&utm_campaign=x#top",
            " https://NEWS.example/story?a=1&b=2&fbclid=9",
        )
    }
    assert len(same) == 1
    assert article_id("https://news.example/other", "A title") not in same
    assert article_id("", "Bitcoin\u2019s  Day!") == article_id("mailto:x", "bitcoin s day")


def test_links_that_are_not_of_the_web_are_none() -> None:
    """Only http and https links are shown; user and password are never part of one."""
    for link in ("javascript:alert(1)", "ftp://a.b/c", "//a.b/c", "https://", "http://[::1", "http://a.b:99999/"):
        assert normal_link(link) == ""
    assert normal_link("https://user:secret@a.b/c") == "https://a.b/c"
    assert normal_title("  Ünïcode—Títle!! 2 ") == "unicode title 2"


def test_texts_are_plain_and_bounded() -> None:
    """Entities that were escaped twice are read, scripts are dropped, and a long text ends in an ellipsis."""
    assert plain("a &amp;amp; b <script>x()</script><b>c</b>", 100) == "a & b c"
    assert plain("<" * 5000 + "x", 100).startswith("<")
    assert len(plain("word " * 1000, 50)) <= 50
    assert plain("word " * 1000, 50).endswith("…")
