"""Rows of output chains turned into values: transactions with the effect on an address, blocks, large transfers.

Used by Esplora, mempool.space and blockchain.info, whose bodies differ but whose transactions are the same thing.
"""

from __future__ import annotations

from collections.abc import Iterable

from server.model import Block, Chain, Transaction, Transfer, WhalesQuery, WhaleTransaction
from server.providers.amounts import bitcoin_of
from server.providers.families.esplora.wire import BlockRow, OutputTransaction, Side

LARGEST = 50
"""Transfers that one answer holds at most."""


def block_of(chain: Chain, row: BlockRow, *, newest: bool) -> Block:
    """Return a block. Only the newest block's time is the age of the answer."""
    return Block(
        chain.id,
        row.height,
        row.hash,
        row.time,
        parent_hash=row.parent,
        transaction_count=row.transactions,
        size=row.size,
        miner=row.miner,
        source_time=row.time if newest else None,
    )


def transaction_of(chain: Chain, row: OutputTransaction, address: str | None = None) -> Transaction:
    """Return a transaction, with its net effect on `address` where one was asked about."""
    return Transaction(
        chain.id,
        hash=row.id,
        status="pending" if row.height is None else "confirmed",
        amount=bitcoin_of(sum(side.value for side in row.outputs)),
        fee=None if row.fee is None else bitcoin_of(row.fee),
        block_height=row.height,
        block_hash=row.block_hash,
        time=row.time,
        inputs=_transfers(row.inputs),
        outputs=_transfers(row.outputs),
        effect=None if address is None else bitcoin_of(_effect(row, address)),
    )


def _transfers(sides: tuple[Side, ...]) -> tuple[Transfer, ...]:
    return tuple(Transfer(side.address or "", bitcoin_of(side.value)) for side in sides)


def _effect(row: OutputTransaction, address: str) -> int:
    received = sum(side.value for side in row.outputs if side.address == address)
    return received - sum(side.value for side in row.inputs if side.address == address)


def whale_of(chain: Chain, row: OutputTransaction) -> WhaleTransaction:
    """Return what a transaction moved to others: its outputs without those back to the addresses it spends from."""
    own = {side.address for side in row.inputs}
    given = [side for side in row.outputs if side.address not in own]
    return WhaleTransaction(
        chain.id,
        row.id,
        chain.native_asset,
        chain.native_symbol,
        bitcoin_of(sum(side.value for side in given)),
        time=row.time,
        block_height=row.height,
        sender=_largest(row.inputs),
        recipient=_largest(given),
    )


def _largest(sides: Iterable[Side]) -> str | None:
    return max(sides, key=lambda side: side.value, default=Side(None, 0)).address


def largest_of(query: WhalesQuery, found: Iterable[WhaleTransaction]) -> tuple[WhaleTransaction, ...]:
    """Return the largest transfers that reach the query's least amount, each once, those that wait and newest first."""
    once = {whale.hash: whale for whale in found if whale.amount >= query.least and whale.amount > 0}
    largest = sorted(once.values(), key=lambda whale: whale.amount, reverse=True)[:LARGEST]
    return tuple(sorted(largest, key=lambda whale: (whale.block_height is not None, -(whale.block_height or 0))))
