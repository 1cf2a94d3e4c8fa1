"""On-chain values. Amounts are in the asset's own unit (ETH, BTC), never in wei or satoshi, unless the name says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class GasPrice:
    """What a transaction costs. EVM chains: gwei per gas; Bitcoin-like: satoshi per virtual byte; `unit` says which."""

    chain: str
    unit: str
    """`gwei` or `sat/vB`."""
    slow: Decimal
    standard: Decimal
    fast: Decimal
    base_fee: Decimal | None = None
    priority_fee: Decimal | None = None
    block_height: int | None = None
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One block. `base_fee_gwei` on EVM chains from London on; `size` in bytes."""

    chain: str
    height: int
    hash: str
    time: datetime
    parent_hash: str = ""
    transaction_count: int | None = None
    size: int | None = None
    gas_used: int | None = None
    gas_limit: int | None = None
    base_fee_gwei: Decimal | None = None
    miner: str | None = None
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """The state of a chain now. `hash_rate` in hashes per second; `supply` in the native asset."""

    chain: str
    height: int
    block_time: datetime | None = None
    block_hash: str | None = None
    mean_block_interval: timedelta | None = None
    pending_transactions: int | None = None
    hash_rate: Decimal | None = None
    difficulty: Decimal | None = None
    supply: Decimal | None = None
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenBalance:
    """The balance of one token at an address."""

    asset: str
    symbol: str
    contract: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """The native balance of an address; `pending` is what is not confirmed yet, may be negative."""

    chain: str
    address: str
    symbol: str
    amount: Decimal
    pending: Decimal | None = None
    transaction_count: int | None = None
    block_height: int | None = None
    tokens: tuple[TokenBalance, ...] = ()
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """One side of a transaction: an input or an output, an address and an amount in `symbol`."""

    address: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction, of accounts (`sender`, `recipient`) or of outputs (`inputs`, `outputs`).

    `amount` is what moved in the native asset: on output chains the sum of all outputs; `effect` is the net change
    for the address that was asked about. `status` is `confirmed`, `pending` or `failed`.
    """

    chain: str
    hash: str
    status: str
    amount: Decimal
    fee: Decimal | None = None
    block_height: int | None = None
    block_hash: str | None = None
    time: datetime | None = None
    sender: str | None = None
    recipient: str | None = None
    inputs: tuple[Transfer, ...] = ()
    outputs: tuple[Transfer, ...] = ()
    effect: Decimal | None = None
    nonce: int | None = None
    gas_used: int | None = None
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """Transactions of an address, newest first."""

    chain: str
    address: str
    transactions: tuple[Transaction, ...]
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class WhaleTransaction:
    """One large transfer of a chain's native asset; `amount_usd` is filled by the service where a price is known."""

    chain: str
    hash: str
    asset: str
    symbol: str
    amount: Decimal
    time: datetime | None = None
    block_height: int | None = None
    sender: str | None = None
    recipient: str | None = None
    amount_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class WhaleTransactions:
    """Large transfers lately, newest first."""

    chain: str
    transactions: tuple[WhaleTransaction, ...]
    source_time: datetime | None = None
