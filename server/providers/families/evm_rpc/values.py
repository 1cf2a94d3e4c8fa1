"""Blocks and transactions of the execution API as values; the EVM nodes and Etherscan-like explorers use them."""

from __future__ import annotations

from datetime import datetime

from server.errors import BadAnswer
from server.model import Block, Chain, Transaction
from server.providers.amounts import amount_of, gwei_of
from server.providers.decode import dict_of, list_at, optional_text
from server.providers.families.evm_rpc.wire import (
    address_at,
    hash_at,
    hex_at,
    optional_address,
    optional_hex,
    time_at,
)


def block_of(chain: str, result: object, *, newest: bool) -> Block:
    """Return the value of a block object. Only the newest block's time is the age of the answer."""
    row = dict_of(result, "block")
    time = time_at(row, "timestamp")
    base_fee = optional_hex(row, "baseFeePerGas")
    miner = optional_text(row.get("miner"), "miner")
    return Block(
        chain,
        height=hex_at(row, "number"),
        hash=hash_at(row, "hash"),
        time=time,
        parent_hash=hash_at(row, "parentHash"),
        transaction_count=len(list_at(row, "transactions")),
        size=optional_hex(row, "size"),
        gas_used=hex_at(row, "gasUsed"),
        gas_limit=hex_at(row, "gasLimit"),
        base_fee_gwei=None if base_fee is None else gwei_of(base_fee),
        miner=address_at(row, "miner") if miner else None,
        source_time=time if newest else None,
    )


def transaction_of(chain: Chain, row: dict[str, object], receipt: object, time: datetime | None) -> Transaction:
    """Return the value of a transaction object with its receipt; without a receipt it is pending."""
    paid = None if receipt is None else dict_of(receipt, "receipt")
    gas_used = None if paid is None else hex_at(paid, "gasUsed")
    price = None if paid is None else optional_hex(paid, "effectiveGasPrice")
    if price is None:
        price = optional_hex(row, "gasPrice")
    height = optional_hex(row, "blockNumber")
    if paid is not None and hash_at(paid, "transactionHash") != hash_at(row, "hash"):
        raise BadAnswer("wrong_asset", "the receipt is of another transaction")
    return Transaction(
        chain.id,
        hash=hash_at(row, "hash"),
        status=_status(paid, height),
        amount=amount_of(hex_at(row, "value"), chain.decimals),
        fee=None if gas_used is None or price is None else amount_of(gas_used * price, chain.decimals),
        block_height=height,
        block_hash=None if height is None else hash_at(row, "blockHash"),
        time=time,
        sender=address_at(row, "from"),
        recipient=optional_address(row, "to"),
        nonce=optional_hex(row, "nonce"),
        gas_used=gas_used,
    )


def _status(receipt: dict[str, object] | None, height: int | None) -> str:
    if receipt is None or height is None:
        return "pending"
    # Receipts from before Byzantium have a root instead of a status: they tell nothing of a failure.
    return "failed" if optional_hex(receipt, "status") == 0 else "confirmed"
