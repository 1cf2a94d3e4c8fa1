"""RSS and Atom feeds of crypto news; a new feed is a row here."""

from __future__ import annotations

from typing import cast

from server.model import Kind
from server.providers.base import Build, Capability, Limit, Parse, Provider, Recorded, Source, Tier
from server.providers.families.rss.articles import article_id, build_news, normal_link, normal_title, parse_news
from server.providers.families.rss.feed import items

__all__ = ["PROVIDER", "article_id", "normal_link", "normal_title"]


def _feed(id_: str, name: str, url: str, path: str, tier: Tier = Tier.MEDIUM) -> Source:
    return Source(
        f"rss_{id_}",
        name,
        "rss",
        url,
        tier,
        "news",
        # Feeds state no limits; a minute between two calls is what their readers are used to.
        limits=(Limit(2, 60),),
        options={"path": path, "language": "en"},
        attribution=name,
        docs_url=url,
    )


PROVIDER = Provider(
    "rss",
    capabilities=(Capability(Kind.NEWS, cast("Build", build_news), cast("Parse", parse_news), is_apart=True),),
    sources=(
        _feed("coindesk", "CoinDesk", "https://www.coindesk.com", "/arc/outboundfeeds/rss/", Tier.CRITICAL),
        _feed("cointelegraph", "Cointelegraph", "https://cointelegraph.com", "/rss", Tier.HIGH),
        _feed("decrypt", "Decrypt", "https://decrypt.co", "/feed", Tier.HIGH),
        _feed("the_block", "The Block", "https://www.theblock.co", "/rss.xml", Tier.HIGH),
        _feed("bitcoin_magazine", "Bitcoin Magazine", "https://bitcoinmagazine.com", "/feed"),
        _feed("cryptoslate", "CryptoSlate", "https://cryptoslate.com", "/feed/"),
        _feed("the_defiant", "The Defiant", "https://thedefiant.io", "/feed"),
        _feed("dl_news", "DL News", "https://www.dlnews.com", "/arc/outboundfeeds/rss/"),
        _feed("crypto_briefing", "Crypto Briefing", "https://cryptobriefing.com", "/feed/"),
        _feed("unchained", "Unchained", "https://unchainedcrypto.com", "/feed/"),
        _feed("newsbtc", "NewsBTC", "https://www.newsbtc.com", "/feed/", Tier.LOW),
        _feed("bitcoinist", "Bitcoinist", "https://bitcoinist.com", "/feed/", Tier.LOW),
        _feed("utoday", "U.Today", "https://u.today", "/rss", Tier.LOW),
        _feed("daily_hodl", "The Daily Hodl", "https://dailyhodl.com", "/feed/", Tier.LOW),
    ),
    recorded_as=("coindesk", "cointelegraph"),
    recorded=(Recorded(items),),
)
