"""Chains, fees, balances, blocks and transactions; what `client.onchain` returns.

Amounts are in the asset's own unit, such as ETH or BTC, unless a field's name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from nerkh._models.common import Provenance


class ChainFamily(StrEnum):
    """How a chain counts: accounts and gas, or outputs and virtual bytes."""

    UNSPECIFIED = ""
    EVM = "evm"
    BITCOIN = "bitcoin"


class TransactionStatus(StrEnum):
    """How a transaction stands."""

    UNSPECIFIED = ""
    CONFIRMED = "confirmed"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One chain; `evm_id` is the EIP-155 id of EVM chains, `block_interval` what it aims at."""

    id: str
    name: str
    family: ChainFamily
    native_asset: str
    native_symbol: str
    decimals: int
    evm_id: int | None = None
    block_interval: timedelta | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """The state of a chain; `hash_rate` in hashes per second. What is unknown is None."""

    chain: str
    height: int
    block_time: datetime | None = None
    block_hash: str | None = None
    mean_block_interval: timedelta | None = None
    pending_transaction_count: int | None = None
    hash_rate: Decimal | None = None
    difficulty: Decimal | None = None
    supply: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """A chain with its state now."""

    chain: Chain
    status: ChainStatus
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class GasPrice:
    """What a transaction costs; every amount is in `unit`: `gwei` for each gas, or `sat/vB`."""

    chain: str
    unit: str
    slow: Decimal
    standard: Decimal
    fast: Decimal
    base_fee: Decimal | None = None
    priority_fee: Decimal | None = None
    block_height: int | None = None
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBalance:
    """The balance of one token, in its own unit."""

    asset: str
    symbol: str
    contract: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The confirmed balance of an address; `pending_amount` is not confirmed yet and may be negative."""

    chain: str
    address: str
    symbol: str
    amount: Decimal
    pending_amount: Decimal | None = None
    transaction_count: int | None = None
    block_height: int | None = None
    tokens: tuple[TokenBalance, ...] = ()
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One side of a transaction; `address` is empty when an output has none."""

    address: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One transaction, of accounts (`sender`, `recipient`) or of outputs (`inputs`, `outputs`).

    `effect` is the net change of the address that was asked about. What is unknown or does not apply is None.
    """

    chain: str
    hash: str
    status: TransactionStatus
    amount: Decimal
    fee: Decimal | None = None
    block_height: int | None = None
    block_hash: str | None = None
    block_time: datetime | None = None
    sender: str | None = None
    recipient: str | None = None
    inputs: tuple[Transfer, ...] = ()
    outputs: tuple[Transfer, ...] = ()
    effect: Decimal | None = None
    nonce: int | None = None
    gas_used: int | None = None
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block; what is unknown or does not apply to the chain is None."""

    chain: str
    height: int
    hash: str
    block_time: datetime
    parent_hash: str = ""
    transaction_count: int | None = None
    size_bytes: int | None = None
    gas_used: int | None = None
    gas_limit: int | None = None
    base_fee_gwei: Decimal | None = None
    miner: str | None = None
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class WhaleTransaction:
    """One large transfer; `amount_usd` is None when the price is unknown."""

    chain: str
    hash: str
    asset: str
    symbol: str
    amount: Decimal
    amount_usd: Decimal | None = None
    block_time: datetime | None = None
    block_height: int | None = None
    sender: str | None = None
    recipient: str | None = None
    provenance: Provenance
