"""Every provider that Nerkh knows, listed by name; the engine, the app and the tests start here."""

from __future__ import annotations

from server.providers import (
    alternative_me,
    binance,
    blockchain_info,
    coinbase,
    coingecko,
    coinlore,
    coinmarketcap,
    coinpaprika,
    geckoterminal,
    kraken,
    mempool,
)
from server.providers.base import Provider, Source
from server.providers.families import blockscout, esplora, etherscan, evm_rpc, rss

PROVIDERS: tuple[Provider, ...] = (
    binance.PROVIDER,
    coinbase.PROVIDER,
    kraken.PROVIDER,
    coingecko.PROVIDER,
    coinpaprika.PROVIDER,
    coinmarketcap.PROVIDER,
    coinlore.PROVIDER,
    geckoterminal.PROVIDER,
    alternative_me.PROVIDER,
    rss.PROVIDER,
    mempool.PROVIDER,
    esplora.PROVIDER,
    blockchain_info.PROVIDER,
    evm_rpc.PROVIDER,
    blockscout.PROVIDER,
    etherscan.PROVIDER,
)


def sources() -> tuple[Source, ...]:
    """Return every source of every provider."""
    return tuple(source for provider in PROVIDERS for source in provider.sources)


def provider_of(source: Source) -> Provider:
    """Return the provider of a source; every source has one."""
    return next(provider for provider in PROVIDERS if provider.name == source.provider)
