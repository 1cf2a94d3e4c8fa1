"""Canonical assets and chains, found by id, symbol, name, CAIP-19 or a source's own id; built from packaged data.

The app hands the registry to services; providers' pure parsers, which need the map back from a source's ids, take the
same constant from `registry()`.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Self

from server.assets.mentions import Mentions
from server.errors import Unknown
from server.model import Asset, Chain, ChainFamily, Contract

_LONGEST = 100
_SUGGESTIONS = 3


class Registry:
    """All assets and chains that Nerkh knows. Immutable; built once by `load`."""

    def __init__(
        self,
        assets: Iterable[Asset],
        chains: Iterable[Chain],
        natives: Mapping[str, str],
        mentions: Mentions,
    ) -> None:
        """Index the assets, given largest first; `natives` maps CAIP-19 ids of native assets to asset ids."""
        self.assets = tuple(assets)
        self.chains = tuple(chains)
        self._mentions = mentions
        self._ids = {asset.id: asset for asset in self.assets}
        self._symbols = _grouped((asset.symbol.upper(), asset) for asset in self.assets)
        self._names = _grouped(
            (name.casefold(), asset) for asset in self.assets for name in (asset.id, asset.name, *asset.aliases)
        )
        self._sources = {
            (source, id_): asset for asset in reversed(self.assets) for source, id_ in asset.source_ids.items()
        }
        self._source_ids = _grouped((id_, asset) for asset in self.assets for id_ in asset.source_ids.values())
        tokens = ((contract.caip19, asset) for asset in self.assets for contract in asset.contracts)
        coins = ((caip19, self._ids[id_]) for caip19, id_ in natives.items())
        self._caip19 = _grouped((caip19.casefold(), asset) for caip19, asset in (*tokens, *coins))
        self._chains = {
            name.casefold(): chain for chain in self.chains for name in (chain.id, chain.name, *chain.aliases)
        }

    @classmethod
    def load(cls) -> Self:
        """Build the registry from the packaged data."""
        data = json.loads(files("server.assets").joinpath("assets.json").read_text(encoding="utf-8"))
        chains = tuple(_chain(row) for row in data["chains"])
        evm_ids = {chain.id: chain.evm_id for chain in chains}
        assets = tuple(_asset(row, rank, evm_ids) for rank, row in enumerate(data["assets"], start=1))
        natives = {row["caip19"]: row["id"] for row in data["assets"] if "caip19" in row}
        return cls(assets, chains, natives, Mentions(assets, data["words"], data["proper"]))

    def asset(self, text: str) -> Asset:
        """Return the asset that a text names; where several share a symbol, the largest by market cap.

        Raises Unknown, with the ids of similar ones.
        """
        found = self.candidates(text)
        if not found:
            raise Unknown("asset", text, self._similar(text))
        return found[0]

    def candidates(self, text: str) -> tuple[Asset, ...]:
        """Return all assets that a text may mean, largest first: more than one when they share a symbol.

        An id as we write it means that asset alone; then come symbols, names and aliases, a source's ids, CAIP-19.
        """
        name = text.strip()
        if not name or len(name) > _LONGEST:
            return ()
        if name in self._ids:
            return (self._ids[name],)
        folded = name.casefold()
        indexes = ((self._symbols, name.upper()), (self._names, folded), (self._source_ids, name))
        for index, key in (*indexes, (self._caip19, folded)):
            if key in index:
                return index[key]
        return ()

    def by_source(self, source_key: str, source_id: str) -> Asset | None:
        """Return the asset that a source knows by an id, None when it is not one of ours."""
        return self._sources.get((source_key, source_id))

    def chain(self, text: str) -> Chain:
        """Return the chain that a text names: id, name, alias, or CAIP-2 id. Raises Unknown."""
        name = text.strip().casefold()
        if name in self._chains:
            return self._chains[name]
        close = difflib.get_close_matches(name[:_LONGEST], self._chains, n=_SUGGESTIONS * 2, cutoff=0.6)
        ids = tuple(dict.fromkeys(self._chains[match].id for match in close))
        raise Unknown("chain", text, ids[:_SUGGESTIONS] or tuple(chain.id for chain in self.chains))

    def search(self, text: str) -> tuple[Asset, ...]:
        """Return the assets whose id, symbol or name holds a text: exact ones first, then beginnings, then the rest."""
        wanted = text.strip().casefold()
        if not wanted or len(wanted) > _LONGEST:
            return ()
        places = ((_place(asset, wanted), asset) for asset in self.assets)
        found = sorted((place, asset.rank, asset) for place, asset in places if place is not None)
        return tuple(asset for _, _, asset in found)

    def named_in(self, text: str) -> tuple[Asset, ...]:
        """Return the assets that a headline names, in the order of their first mention."""
        return self._mentions.find(text)

    def _similar(self, text: str) -> tuple[str, ...]:
        name = text.strip().casefold()
        if not name or len(name) > _LONGEST:
            return ()
        pool = {symbol.casefold(): group for symbol, group in self._symbols.items()} | self._names
        close = difflib.get_close_matches(name, pool, n=_SUGGESTIONS * 2, cutoff=0.6)
        return tuple(dict.fromkeys(pool[match][0].id for match in close))[:_SUGGESTIONS]


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Return the packaged registry: constant data, read once."""
    return Registry.load()


def _place(asset: Asset, wanted: str) -> int | None:
    names = [name.casefold() for name in (asset.id, asset.symbol, asset.name, *asset.aliases)]
    if wanted in names:
        return 0
    if any(name.startswith(wanted) for name in names):
        return 1
    return 2 if any(wanted in name for name in names) else None


def _grouped(pairs: Iterable[tuple[str, Asset]]) -> dict[str, tuple[Asset, ...]]:
    groups: dict[str, dict[str, Asset]] = {}
    for key, asset in pairs:
        groups.setdefault(key, {}).setdefault(asset.id, asset)
    return {key: tuple(sorted(group.values(), key=lambda asset: asset.rank)) for key, group in groups.items()}


def _asset(row: Mapping[str, Any], rank: int, evm_ids: Mapping[str, int | None]) -> Asset:
    contracts = tuple(
        Contract(chain, address, decimals, f"eip155:{evm_ids[chain]}/erc20:{address.lower()}")
        for chain, (address, decimals) in row.get("contracts", {}).items()
    )
    return Asset(
        id=row["id"],
        symbol=row["symbol"],
        name=row["name"],
        rank=rank,
        aliases=tuple(row.get("aliases", ())),
        contracts=contracts,
        source_ids=MappingProxyType({"coingecko": row["id"], **row["ids"]}),
    )


def _chain(row: Mapping[str, Any]) -> Chain:
    return Chain(
        id=row["id"],
        name=row["name"],
        family=ChainFamily(row["family"]),
        native_asset=row["native"],
        native_symbol=row["symbol"],
        decimals=row["decimals"],
        evm_id=row.get("evm_id"),
        block_time_s=row["block_time_s"],
        aliases=tuple(row["aliases"]),
    )
