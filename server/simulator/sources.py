"""Every source that has a stand-in: its wire format, how it shows the world, and the real hosts it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from server.simulator.formats import (
    alternative_me,
    binance,
    blockchain_info,
    blockscout,
    coinbase,
    coingecko,
    coinlore,
    coinmarketcap,
    coinpaprika,
    esplora,
    etherscan,
    evm,
    geckoterminal,
    kraken,
    mempool,
    rss,
)
from server.simulator.reply import Format
from server.simulator.view import Venue

_BINANCE = Venue(lag_s=0.1, spread_bp=0.2, basis_bp=0.5, share=0.22)
_FEEDS = {
    "coindesk": (
        "https://www.coindesk.com",
        "/arc/outboundfeeds/rss/",
        "arc",
        "CoinDesk: Bitcoin, Ethereum, Crypto News",
    ),
    "cointelegraph": ("https://cointelegraph.com", "/rss", "cointelegraph", "Cointelegraph.com News"),
    "decrypt": ("https://decrypt.co", "/feed", "plain", "Decrypt"),
    "the_block": ("https://www.theblock.co", "/rss.xml", "plain", "The Block"),
    "bitcoin_magazine": ("https://bitcoinmagazine.com", "/feed", "wordpress", "Bitcoin Magazine"),
    "cryptoslate": ("https://cryptoslate.com", "/feed/", "wordpress", "CryptoSlate"),
    "the_defiant": ("https://thedefiant.io", "/feed", "plain", "The Defiant"),
    "dl_news": ("https://www.dlnews.com", "/arc/outboundfeeds/rss/", "arc", "DL News"),
    "crypto_briefing": ("https://cryptobriefing.com", "/feed/", "wordpress", "Crypto Briefing"),
    "unchained": ("https://unchainedcrypto.com", "/feed/", "wordpress", "Unchained Crypto"),
    "newsbtc": ("https://www.newsbtc.com", "/feed/", "wordpress", "NewsBTC"),
    "bitcoinist": ("https://bitcoinist.com", "/feed/", "wordpress", "Bitcoinist.com"),
    "utoday": ("https://u.today", "/rss", "plain", "U.Today"),
    "daily_hodl": ("https://dailyhodl.com", "/feed/", "wordpress", "The Daily Hodl"),
}


_NODES = {
    "publicnode_ethereum": ("ethereum", "ethereum-rpc.publicnode.com", ""),
    "drpc_ethereum": ("ethereum", "eth.drpc.org", ""),
    "onerpc_ethereum": ("ethereum", "public.1rpc.io", "/eth"),
    "publicnode_polygon": ("polygon", "polygon-bor-rpc.publicnode.com", ""),
    "drpc_polygon": ("polygon", "polygon.drpc.org", ""),
    "onerpc_polygon": ("polygon", "public.1rpc.io", "/matic"),
    "publicnode_bnb": ("bnb", "bsc-rpc.publicnode.com", ""),
    "dataseed_bnb": ("bnb", "bsc-dataseed.bnbchain.org", ""),
    "drpc_bnb": ("bnb", "bsc.drpc.org", ""),
}
"""Nodes by source: chain, host, and the path that the host wants."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """One source. `hosts` are the real ones; `recorded_as` the names under which recorded answers know it."""

    id: str
    form: Format
    hosts: tuple[str, ...]
    recorded_as: tuple[str, ...] = ()
    venue: Venue = field(default_factory=Venue)
    options: Mapping[str, str] = field(default_factory=dict)


def stand_ins() -> tuple[StandIn, ...]:
    """Return every stand-in, in the order in which they are listed."""
    return (*_exchanges(), *_aggregators(), *_feeds(), *_nodes(), *_explorers())


def _exchanges() -> Iterator[StandIn]:
    yield StandIn("binance", binance.FORMAT, ("api.binance.com",), ("binance",), _BINANCE)
    yield StandIn("binance_vision", binance.FORMAT, ("data-api.binance.vision",), ("binance",), _BINANCE)
    venue = Venue(lag_s=0.3, spread_bp=0.6, basis_bp=1.0, share=0.06)
    yield StandIn("coinbase", coinbase.FORMAT, ("api.exchange.coinbase.com",), ("coinbaseexchange",), venue)
    venue = Venue(lag_s=0.6, spread_bp=1.2, basis_bp=1.5, share=0.02)
    yield StandIn("kraken", kraken.FORMAT, ("api.kraken.com",), ("kraken",), venue)


def _aggregators() -> Iterator[StandIn]:
    rows = (
        ("coingecko", coingecko.FORMAT, "api.coingecko.com", Venue(5.0, 25.0, basis_bp=2.0)),
        ("coinpaprika", coinpaprika.FORMAT, "api.coinpaprika.com", Venue(4.0, 20.0, basis_bp=3.0)),
        ("coinlore", coinlore.FORMAT, "api.coinlore.net", Venue(8.0, 22.0, basis_bp=4.0)),
        ("coinmarketcap", coinmarketcap.FORMAT, "pro-api.coinmarketcap.com", Venue(3.0, 20.0, basis_bp=2.0)),
        ("geckoterminal", geckoterminal.FORMAT, "api.geckoterminal.com", Venue(4.0, 10.0, basis_bp=5.0)),
    )
    for name, form, host, venue in rows:
        yield StandIn(name, form, (host,), (name,), venue)
    hosts = ("api.alternative.me",)
    yield StandIn("alternative_me", alternative_me.FORMAT, hosts, ("alternativeme",), Venue(5.0, 25.0))


def _feeds() -> Iterator[StandIn]:
    for place, (name, (site, path, style, title)) in enumerate(_FEEDS.items()):
        items = "10" if style == "wordpress" else "25"
        options = {"site": site, "path": path, "style": style, "title": title, "place": str(place), "items": items}
        host = site.removeprefix("https://")
        yield StandIn(f"rss_{name}", rss.FORMAT, (host,), (name,), Venue(5.0, 25.0), options)


def _nodes() -> Iterator[StandIn]:
    for place, (name, (chain, host, path)) in enumerate(_NODES.items()):
        options = {"chain": chain, "path": path}
        yield StandIn(name, evm.FORMAT, (host,), ("ethrpc",), Venue(0.2 + 0.3 * (place % 3)), options)


def _explorers() -> Iterator[StandIn]:
    yield StandIn("mempool_space", mempool.FORMAT, ("mempool.space",), ("mempool",), Venue(1.0))
    yield StandIn("mempool_emzy", mempool.FORMAT, ("mempool.emzy.de",), ("mempool",), Venue(2.0))
    yield StandIn("blockstream", esplora.FORMAT, ("blockstream.info",), ("esplora", "bchexplorer"), Venue(2.0))
    hosts = ("blockchain.info", "api.blockchain.info")
    yield StandIn("blockchain_info", blockchain_info.FORMAT, hosts, ("blockchaininfo",), Venue(5.0))
    for chain, host in (("ethereum", "eth.blockscout.com"), ("polygon", "polygon.blockscout.com")):
        options = {"chain": chain}
        yield StandIn(f"blockscout_{chain}", blockscout.FORMAT, (host,), ("blockscout",), Venue(3.0), options)
    options = {"chain": "ethereum"}
    yield StandIn("routescan", etherscan.ROUTESCAN, ("api.routescan.io",), ("etherscan",), Venue(4.0), options)
    yield StandIn("etherscan", etherscan.ETHERSCAN, ("api.etherscan.io",), ("etherscan",), Venue(1.0), options)
