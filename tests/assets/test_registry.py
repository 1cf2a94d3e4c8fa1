"""The registry: what it knows, how a text finds an asset or a chain, and what a miss suggests."""

from __future__ import annotations

import pytest

from server.addresses import check_address
from server.assets import Registry, registry
from server.errors import Unknown

EVERY = registry()
AGGREGATORS = ("coingecko", "coinpaprika", "coinlore", "coinmarketcap")
EXCHANGES = ("binance", "coinbase", "kraken")


def test_enough_assets() -> None:
    """There are at least 150 assets, each with CoinGecko's id, ranked from 1 without a gap."""
    assert len(EVERY.assets) >= 150
    assert [asset.rank for asset in EVERY.assets] == list(range(1, len(EVERY.assets) + 1))
    assert all(asset.source_ids["coingecko"] == asset.id for asset in EVERY.assets)


def test_top_assets_have_several_sources() -> None:
    """Of the 60 largest assets all but a few wrapped ones are known to at least three sources."""
    few = [asset.id for asset in EVERY.assets[:60] if len(asset.source_ids) < 3]
    assert set(few) <= {"wrapped-steth", "wrapped-eeth", "coinbase-wrapped-btc", "whitebit", "rocket-pool-eth"}


@pytest.mark.parametrize("source", AGGREGATORS + EXCHANGES)
def test_source_ids_are_unique(source: str) -> None:
    """No two assets share one id of a source, so that the way back is exact."""
    ids = [asset.source_ids[source] for asset in EVERY.assets if source in asset.source_ids]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 90
    for asset in EVERY.assets:
        if source in asset.source_ids:
            assert EVERY.by_source(source, asset.source_ids[source]) is asset


def test_source_without_the_id() -> None:
    """An id that a source does not use is nobody's."""
    assert EVERY.by_source("coingecko", "no-such-coin") is None
    assert EVERY.by_source("nowhere", "bitcoin") is None


def test_contracts_have_checksums() -> None:
    """Every contract address bears its EIP-55 checksum, and its CAIP-19 id finds the asset again."""
    contracts = [(asset, contract) for asset in EVERY.assets for contract in asset.contracts]
    assert len(contracts) >= 50
    for asset, contract in contracts:
        assert check_address(EVERY.chain(contract.chain), contract.address) == contract.address
        assert EVERY.asset(contract.caip19) is asset


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bitcoin", "bitcoin"),
        ("BTC", "bitcoin"),
        (" btc ", "bitcoin"),
        ("Bitcoin", "bitcoin"),
        ("XBT", "bitcoin"),
        ("btc-bitcoin", "bitcoin"),
        ("48543", "solana"),
        ("matic", "polygon-ecosystem-token"),
        ("ripple", "ripple"),
        ("XDG", "dogecoin"),
        ("Lido Staked Ether", "staked-ether"),
        ("eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7", "tether"),
        ("eip155:137/erc20:0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "usd-coin"),
        ("eip155:1/slip44:60", "ethereum"),
        ("bip122:000000000019d6689c085ae165831e93/slip44:0", "bitcoin"),
    ],
)
def test_ways_to_name_an_asset(text: str, expected: str) -> None:
    """An asset is found by our id, symbol, name, alias, a source's id and CAIP-19."""
    assert EVERY.asset(text).id == expected


@pytest.mark.parametrize(
    ("symbol", "ids"),
    [
        ("TON", ["the-open-network", "tokamak-network"]),
        ("STRK", ["starknet", "strike"]),
        ("jup", ["jupiter-exchange-solana", "jupiter"]),
        ("HOT", ["holotoken", "hydro-protocol"]),
        ("BEAM", ["beam-2", "beam"]),
    ],
)
def test_shared_symbols(symbol: str, ids: list[str]) -> None:
    """A shared symbol gives all its assets, largest first; the largest answers."""
    assert [asset.id for asset in EVERY.candidates(symbol)] == ids
    assert EVERY.asset(symbol).id == ids[0]


def test_id_beats_symbol() -> None:
    """Our id, as we write it, means that asset even where it is another's symbol."""
    assert [asset.id for asset in EVERY.candidates("beam")] == ["beam"]
    assert [asset.id for asset in EVERY.candidates("jupiter")] == ["jupiter"]


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [("bitcon", "bitcoin"), ("etherium", "ethereum"), ("SOLL", "solana"), ("dogcoin", "dogecoin")],
)
def test_suggestions(text: str, suggestion: str) -> None:
    """An unknown asset comes with the ids of similar ones, three at most."""
    with pytest.raises(Unknown) as raised:
        EVERY.asset(text)
    assert raised.value.what == "asset"
    assert suggestion in raised.value.suggestions
    assert len(raised.value.suggestions) <= 3


@pytest.mark.parametrize("text", ["", " ", "x" * 100_000, "\ud800", "☃", "'; drop table"])
def test_nonsense(text: str) -> None:
    """Nonsense is unknown, at once, whatever its length."""
    with pytest.raises(Unknown):
        EVERY.asset(text)
    assert EVERY.candidates(text) == ()
    with pytest.raises(Unknown):
        EVERY.chain(text)


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("ethereum", "ethereum"),
        ("ETH", "ethereum"),
        ("eip155:1", "ethereum"),
        ("matic", "polygon"),
        ("bsc", "bnb"),
        ("binance-smart-chain", "bnb"),
        ("btc", "bitcoin"),
    ],
)
def test_chains(text: str, chain: str) -> None:
    """A chain is found by id, name, alias and CAIP-2 id, in any case; its native asset is in the registry."""
    found = EVERY.chain(text)
    assert found.id == chain
    assert EVERY.asset(found.native_asset).symbol == found.native_symbol


def test_unknown_chain() -> None:
    """An unknown chain comes with similar ones, or with all there are."""
    with pytest.raises(Unknown) as near:
        EVERY.chain("etherium")
    assert near.value.suggestions == ("ethereum",)
    with pytest.raises(Unknown) as far:
        EVERY.chain("zzzzzz")
    assert set(far.value.suggestions) == {chain.id for chain in EVERY.chains}


def test_search() -> None:
    """A search gives exact matches first, then beginnings, then what holds the text, each by rank."""
    found = [asset.id for asset in EVERY.search("bit")]
    assert found[:2] == ["bitcoin", "bitcoin-cash"]
    assert found.index("wrapped-bitcoin") > found.index("bittorrent")
    assert EVERY.search("sui")[0].id == "sui"
    assert EVERY.search("") == ()
    assert EVERY.search("nothing like it") == ()


def test_loaded_twice() -> None:
    """Two loads are equal, and the shared one is loaded once."""
    assert Registry.load().assets == EVERY.assets
    assert registry() is EVERY
