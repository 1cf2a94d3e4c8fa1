"""Items of feeds turned into articles whose identity does not depend on the feed; the family's provider uses it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from server.errors import BadAnswer
from server.model import Article, Articles, NewsQuery
from server.providers.base import Reply, Request, Source
from server.providers.families.rss.feed import items, plain
from server.providers.rows import NewsItem

_TRACKING = re.compile(r"utm_.*|fbclid|gclid|mc_cid|mc_eid|cmpid|cmp|ref|source|rss|feed", re.IGNORECASE)
_NOT_WORD = re.compile(r"[\W_]+")
_SUMMARY = 1_000
_ACCEPT = ("Accept", "application/rss+xml, application/atom+xml, application/xml;q=0.9")


def build_news(source: Source, _query: NewsQuery) -> tuple[Request, ...]:
    """Ask for the feed."""
    return (Request(source.options["path"], headers=(_ACCEPT,)),)


def parse_news(source: Source, _query: NewsQuery, replies: tuple[Reply, ...]) -> Articles:
    """Return the feed's articles, newest first, each once; an item without a date or a web link is none."""
    if replies[0].status >= 400:
        raise BadAnswer("error_body", f"status {replies[0].status}")
    found = items(replies[0])
    once = {article.id: article for item in reversed(found) if (article := article_of(source, item)) is not None}
    if not once:
        raise BadAnswer("empty", "no article with a date")
    newest = sorted(once.values(), key=lambda article: article.published_time, reverse=True)
    # A feed's own time is that of its newest article, which may be hours old: it says nothing of the answer's age.
    return Articles(tuple(newest))


def article_of(source: Source, item: NewsItem) -> Article | None:
    """Return an item as an article, None where it has no date or no web link."""
    url = normal_link(item.link)
    if item.time is None or not url:
        return None
    return Article(
        article_id(item.link, item.title),
        item.title,
        url,
        item.time,
        (source.id,),
        summary=plain(item.summary or "", _SUMMARY),
        author=item.author or "",
        image_url=item.image_url or "",
        language=item.language or source.options.get("language", "en"),
        categories=tuple(dict.fromkeys(item.categories)),
    )


def article_id(url: str, title: str) -> str:
    """Return the id of a story: 24 hexadecimal digits of its normal link, of its normal title where it has no link."""
    basis = _place(normal_link(url)) or normal_title(title)
    return hashlib.sha256(basis.encode()).hexdigest()[:24]


def normal_link(url: str) -> str:
    """Return a web link without fragment, tracking parameters and user; empty for what is no web link."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    kept = [(key, value) for key, value in parse_qsl(parts.query) if not _TRACKING.fullmatch(key)]
    return urlunsplit((parts.scheme.lower(), f"{host}:{port}" if port else host, parts.path, urlencode(kept), ""))


def _place(link: str) -> str:
    """Return what is equal for all ways of writing one link: without scheme, `www.`, closing slash and order."""
    parts = urlsplit(link)
    kept = "&".join(sorted(parts.query.split("&")))
    return f"{parts.netloc.removeprefix('www.')}{parts.path.rstrip('/')}?{kept}" if parts.netloc else ""


def normal_title(title: str) -> str:
    """Return a title in lower case, without accents, punctuation and doubled spaces: equal for one story told twice."""
    folded = unicodedata.normalize("NFKD", title).casefold()
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return _NOT_WORD.sub(" ", letters).strip()
