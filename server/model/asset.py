"""Assets and chains: what a price or a balance is of; filled by the registry (`server/assets.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Contract:
    """A token contract. `caip19` is the CAIP-19 id, such as `eip155:1/erc20:0xa0b8…`."""

    chain: str
    address: str
    decimals: int
    caip19: str


@dataclass(frozen=True, slots=True)
class Asset:
    """One canonical asset. Two assets are equal when their ids are; `source_ids` maps a source to its own id."""

    id: str
    symbol: str = field(compare=False)
    name: str = field(compare=False)
    rank: int = field(compare=False, default=0)
    """Place by market cap in the registry, 1 the largest; decides between assets that share a symbol."""
    aliases: tuple[str, ...] = field(compare=False, default=())
    contracts: tuple[Contract, ...] = field(compare=False, default=())
    source_ids: Mapping[str, str] = field(compare=False, default_factory=dict, repr=False)

    def __hash__(self) -> int:
        return hash(self.id)


class ChainFamily(StrEnum):
    """How a chain counts: it decides addresses, units and fees."""

    EVM = "evm"
    BITCOIN = "bitcoin"


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain. `decimals` of its native asset; `evm_id` is the EIP-155 id of EVM chains."""

    id: str
    name: str = field(compare=False)
    family: ChainFamily = field(compare=False)
    native_asset: str = field(compare=False)
    native_symbol: str = field(compare=False)
    decimals: int = field(compare=False)
    evm_id: int | None = field(compare=False, default=None)
    block_time_s: float = field(compare=False, default=0.0)
    aliases: tuple[str, ...] = field(compare=False, default=())
