"""RSS 2.0 and Atom bodies read into items, whatever state their XML is in; the family's provider uses it.

feedparser reads broken XML too; before it a strict parser refuses document types and entities, and so entity bombs.
Both get the same UTF-8, since a body in an encoding that one of them does not know could hide these from it.
"""

from __future__ import annotations

import codecs
import html
import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import fromstring

from server.errors import BadAnswer
from server.providers.base import Reply
from server.providers.decode import EARLIEST, LATEST
from server.providers.rows import NewsItem

_LARGEST_BODY = 4 * 1024 * 1024
_LARGEST_BROKEN = 512 * 1024
_MOST_ELEMENTS = 20_000
_MOST_ITEMS = 100
_MOST_CATEGORIES = 20
_SHORT, _LONG = 300, 4_000
_DECLARATION = re.compile(rb"<\?xml\b[^>]{0,200}>")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_KNOWN = re.compile(
    r"iso-8859-([1-9]|1[01]|1[3-6])|latin-?1|(windows-|cp)125[0-8]|koi8-[ru]|gb(2312|k|18030)|big5|euc-(jp|kr)|shift_jis",
    re.IGNORECASE,
)
"""Encodings of bodies that are no UTF-8; none that shifts by ASCII (ISO-2022, UTF-7), in which markup can be hidden."""
_WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_DECLARED = b'<?xml version="1.0" encoding="utf-8"?>'
_ROOTS = re.compile(rb"<(?:[a-z]+:)?(rss|feed|rdf)[\s>]", re.IGNORECASE)
_PAGE = re.compile(rb"^\s*(<\?xml[^>]*>)?\s*(<!--.*?-->\s*)?<(!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def items(reply: Reply) -> tuple[NewsItem, ...]:
    """Read the items of a feed, in its order. Items without a title or a link are left out.

    Raises BadAnswer: `empty`, `html` for a page, `not_xml` for what is no feed or has a document type.
    """
    import feedparser  # type: ignore[import-untyped]  # it has no types, and what serves does not need it

    body = _in_utf8(reply.body)
    _refuse(body)
    try:
        feed = feedparser.parse(io.BytesIO(_DECLARED + body), resolve_relative_uris=False, sanitize_html=False)
        language = _text(feed.feed, "language", 35)
        found = tuple(_item(entry, language) for entry in feed.entries[:_MOST_ITEMS])
    except BadAnswer:
        raise
    except Exception:  # noqa: BLE001 -- feedparser promises nothing of what it raises on hostile bytes
        raise BadAnswer("not_xml", "the feed cannot be read") from None
    if not feed.version and not found:
        raise BadAnswer("not_xml", "not a feed")
    return tuple(item for item in found if item is not None)


def _in_utf8(body: bytes) -> bytes:
    """Return a body in UTF-8 without its declaration; what cannot be decoded is replaced."""
    if len(body) > _LARGEST_BODY:
        raise BadAnswer("out_of_bounds", "the feed is too large")
    if (wide := _WIDE.get(body[:2])) is not None:
        body = body.decode(wide, "replace").encode()
    body = body.removeprefix(codecs.BOM_UTF8).lstrip()
    name = "cp1252"
    if (declaration := _DECLARATION.match(body)) is not None:
        body = body[declaration.end() :]
        stated = _ENCODING.search(declaration[0])
        name = "utf-8" if stated is None else stated[1].decode()
    try:
        body.decode()
    except UnicodeDecodeError:
        if name.lower().startswith("utf"):
            name = "utf-8"
        elif not _KNOWN.fullmatch(name):
            name = "cp1252"
        return body.decode(name, "replace").encode()
    return body


def _refuse(body: bytes) -> None:
    """Raise BadAnswer for what feedparser is not to see."""
    if not body.strip():
        raise BadAnswer("empty", "the body is empty")
    if _PAGE.search(body[:2000]):
        raise BadAnswer("html", "the body is a page")
    elements = _elements(body)
    if elements is None and len(body) > _LARGEST_BROKEN:
        raise BadAnswer("out_of_bounds", "the broken feed is too large")
    if elements is not None and elements > _MOST_ELEMENTS:
        raise BadAnswer("out_of_bounds", "the feed has too many elements")


def _elements(body: bytes) -> int | None:
    """Return how many elements a document has, None where its XML is broken.

    Broken XML is common among feeds and read all the same, as long as it looks like a feed and declares nothing.
    """
    try:
        return sum(1 for _ in fromstring(body, forbid_dtd=True).iter())
    except DTDForbidden as forbidden:
        reason = "html" if str(forbidden.name).lower() == "html" else "not_xml"
        raise BadAnswer(reason, "a document type") from None
    except DefusedXmlException:
        raise BadAnswer("not_xml", "entities") from None
    except (ParseError, ValueError, LookupError, RecursionError):
        head = body[:4000].lower()
        if not _ROOTS.search(head) or b"<!doctype" in head or b"<!entity" in body.lower():
            raise BadAnswer("not_xml", "not a feed") from None
        return None


def _item(entry: Mapping[str, object], language: str | None) -> NewsItem | None:
    title, link = plain(_text(entry, "title", _LONG) or "", _SHORT), _text(entry, "link", 2048)
    if not title or not link:
        return None
    return NewsItem(
        title,
        link,
        guid=_text(entry, "id", 2048),
        time=_time(entry),
        author=plain(_text(entry, "author", _LONG) or "", 100) or None,
        summary=_text(entry, "summary", _LONG),
        image_url=_image(entry),
        language=language,
        categories=_categories(entry),
    )


def _text(entry: Mapping[str, object], key: str, longest: int) -> str | None:
    value = entry.get(key)
    if not isinstance(value, str):
        return None
    return value[:longest].encode("utf-8", "replace").decode("utf-8").strip() or None


def _time(entry: Mapping[str, object]) -> datetime | None:
    """Return the time of publication, else of the last change; None where there is none or none that can be."""
    for key in ("published_parsed", "updated_parsed"):
        parts = entry.get(key)
        if isinstance(parts, tuple):
            try:
                year, month, day, hour, minute, second = parts[:6]
                time = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
            except (TypeError, ValueError, OverflowError):
                continue
            return time if EARLIEST <= time < LATEST else None
    return None


def _image(entry: Mapping[str, object]) -> str | None:
    """Return the address of the first image that goes with an item."""
    for key, address in (("media_content", "url"), ("media_thumbnail", "url"), ("enclosures", "href")):
        listed = entry.get(key)
        for one in listed[:5] if isinstance(listed, list) else ():
            kind = f"{one.get('type') or 'image'} {one.get('medium') or ''}"
            url = one.get(address)
            if "image" in kind and isinstance(url, str) and url.startswith(("https://", "http://")):
                return url[:2048]
    return None


def _categories(entry: Mapping[str, object]) -> tuple[str, ...]:
    tags = entry.get("tags")
    terms = (tag.get("term") for tag in tags[:_MOST_CATEGORIES]) if isinstance(tags, list) else ()
    return tuple(text for term in terms if isinstance(term, str) and (text := plain(term[:_SHORT], 60)))


def plain(text: str, longest: int) -> str:
    """Return a text without markup and entities (which feeds escape up to twice), in one line, cut at `longest`."""
    for _ in range(2):
        text = _TAG.sub(" ", _HIDDEN.sub(" ", html.unescape(text)))
    text = _SPACE.sub(" ", text).strip()
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
