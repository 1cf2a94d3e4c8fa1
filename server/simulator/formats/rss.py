"""RSS 2.0 feeds in the dialects of their makers: Arc, Cointelegraph's, WordPress, and a plain one with thumbnails."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from server.simulator.news import Story
from server.simulator.reply import Asked, Format, Said
from server.simulator.view import View, iso

XML = "application/rss+xml; charset=utf-8"
_SPACES = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "atom": "http://www.w3.org/2005/Atom",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "media": "http://search.yahoo.com/mrss/",
}
_TEXT_PAGE = "text/html; charset=utf-8"
MISSING = Said(404, b"<!DOCTYPE html><html><head><title>Page not found</title></head><body></body></html>", _TEXT_PAGE)
_EMPTY = b'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title></title></channel></rss>\n'
_AGENCIES = ("https://www.coindesk.com", "https://cointelegraph.com", "https://decrypt.co", "https://www.theblock.co")
"""Where syndicated stories come from; their links lead there from whatever feed carries them."""


def answer(view: View, asked: Asked) -> Said:
    """Answer a feed's own path, with what it carries now, newest first."""
    options = view.options
    if asked.path.rstrip("/") != options["path"].rstrip("/"):
        return MISSING
    carried = view.world.news.carried(view.source, int(options["place"]), view.data_time, int(options["items"]))
    write = {"arc": _arc, "cointelegraph": _cointelegraph, "wordpress": _wordpress}.get(options["style"], _plain)
    items = "".join(write(view, story, time) for story, time in carried)
    spaces = "".join(f'\n  xmlns:{name}="{url}"' for name, url in _SPACES.items())
    built = _date(carried[0][1]) if carried else _date(view.now)
    head = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"{spaces}>\n<channel>\n'
        f"<title>{escape(options['title'])}</title>\n<link>{options['site']}</link>\n"
        f'<atom:link href="{options["site"]}{options["path"]}" rel="self" type="application/rss+xml"/>\n'
        f"<description>Latest headlines</description>\n<lastBuildDate>{built}</lastBuildDate>\n"
        f"<language>en-US</language>\n"
    )
    return Said(200, f"{head}{items}</channel>\n</rss>\n".encode(), XML)


def _site(view: View, story: Story) -> str:
    """Return the site that a story's link leads to: one of the large ones, or the feed's own for its own stories."""
    return _AGENCIES[story.slot % len(_AGENCIES)] if story.author_place is None else view.options["site"]


def _link(view: View, story: Story) -> str:
    day = datetime.fromtimestamp(story.time, UTC).strftime("%Y/%m/%d")
    return f"{_site(view, story)}/{story.category.lower()}/{day}/{story.slug}"


def _date(time: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(time), UTC))


def _arc(view: View, story: Story, time: float) -> str:
    link = escape(_link(view, story) + "/?utm_medium=referral&utm_source=rss&utm_campaign=headlines")
    tags = "".join(f'<category domain="tag"><![CDATA[{tag}]]></category>\n' for tag in story.tags)
    return (
        f"<item>\n<title><![CDATA[{story.title}]]></title>\n<link>{link}</link>\n"
        f'<guid isPermaLink="false">{story.code}</guid>\n<dc:creator><![CDATA[{story.author}]]></dc:creator>\n'
        f"<description><![CDATA[{story.summary}]]></description>\n<pubDate>{_date(time)}</pubDate>\n"
        f"<atom:updated>{iso(time, 3, '+00:00')}</atom:updated>\n"
        f'<category domain="{view.options["site"]}/markets/"><![CDATA[{story.category}]]></category>\n{tags}'
        f'<media:content url="{view.options["site"]}/resizer/{story.code}.png" type="image/png" height="600">'
        f'<media:description type="plain"><![CDATA[{story.title}]]></media:description></media:content>\n</item>\n'
    )


def _cointelegraph(view: View, story: Story, time: float) -> str:
    link = _link(view, story)
    return (
        f"<item>\n<title>{escape(story.title)}</title>\n<pubDate>{_date(time)}</pubDate>\n"
        f'<guid isPermaLink="true">{link}</guid>\n<link><![CDATA[{link}?utm_source=rss_feed]]></link>\n'
        f"<dc:creator><![CDATA[Cointelegraph by {story.author}]]></dc:creator>\n"
        f"<category><![CDATA[{story.tags[0]}]]></category>\n"
        f'<description><![CDATA[<p><img src="{link}.jpg"></p><p>{story.summary}</p>]]></description>\n'
        f'<enclosure url="{link}.jpg" length="0" type="image/jpg"/>\n</item>\n'
    )


def _wordpress(view: View, story: Story, time: float) -> str:
    link = _link(view, story) + "/"
    tags = "".join(f"<category><![CDATA[{tag}]]></category>\n" for tag in (story.category, *story.tags))
    post = f"{view.options['site']}/?p={story.slot % 10_000_000}"
    return (
        f"<item>\n<title>{escape(story.title)}</title>\n<link>{link}</link>\n"
        f"<dc:creator><![CDATA[{story.author}]]></dc:creator>\n<pubDate>{_date(time)}</pubDate>\n{tags}"
        f'<guid isPermaLink="false">{post}</guid>\n'
        f"<description><![CDATA[<p>{story.summary} [&#8230;]</p>]]></description>\n"
        f"<content:encoded><![CDATA[<p>{story.summary}</p>\n<p>More on {story.tags[0]}.</p>]]></content:encoded>\n"
        "</item>\n"
    )


def _plain(view: View, story: Story, time: float) -> str:
    link = _link(view, story)
    return (
        f"<item>\n<title>{escape(story.title)}</title>\n<link>{link}</link>\n<pubDate>{_date(time)}</pubDate>\n"
        f'<guid isPermaLink="false">{story.code.lower()}</guid>\n<description>{escape(story.summary)}</description>\n'
        f'<category>{escape(story.category)}</category>\n<media:thumbnail url="{link}.webp"/>\n</item>\n'
    )


FORMAT = Format("rss", answer, MISSING, Said(200, _EMPTY, XML), MISSING)
