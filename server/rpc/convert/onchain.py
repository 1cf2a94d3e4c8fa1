"""On-chain values as messages; used by the on-chain servicer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from nerkh.v1 import onchain_pb2

from server.model import (
    Balance,
    Block,
    Chain,
    ChainFamily,
    ChainStatus,
    GasPrice,
    Transaction,
    Transfer,
    WhaleTransaction,
)
from server.rpc.convert.plain import decimal_text, optional_text, span_message, timestamp

_FAMILY: dict[ChainFamily, Any] = {
    each: onchain_pb2.ChainFamily.Value(f"CHAIN_FAMILY_{each.name}") for each in ChainFamily
}
_STATUS: dict[str, Any] = {
    name: onchain_pb2.TransactionStatus.Value(f"TRANSACTION_STATUS_{name.upper()}")
    for name in ("confirmed", "pending", "failed")
}


def chain_message(chain: Chain) -> onchain_pb2.Chain:
    """Return one chain of the registry."""
    return onchain_pb2.Chain(
        id=chain.id,
        name=chain.name,
        family=_FAMILY[chain.family],
        native_asset=chain.native_asset,
        native_symbol=chain.native_symbol,
        decimals=chain.decimals,
        evm_id=chain.evm_id,
        block_interval=span_message(timedelta(seconds=chain.block_time_s)) if chain.block_time_s else None,
        aliases=chain.aliases,
    )


def status_message(status: ChainStatus) -> onchain_pb2.ChainStatus:
    """Return the state of a chain."""
    return onchain_pb2.ChainStatus(
        chain=status.chain,
        height=status.height,
        block_time=timestamp(status.block_time),
        block_hash=status.block_hash,
        mean_block_interval=span_message(status.mean_block_interval),
        pending_transaction_count=status.pending_transactions,
        hash_rate=optional_text(status.hash_rate),
        difficulty=optional_text(status.difficulty),
        supply=optional_text(status.supply),
    )


def gas_message(gas: GasPrice) -> onchain_pb2.GasPrice:
    """Return what a transaction costs."""
    return onchain_pb2.GasPrice(
        chain=gas.chain,
        unit=gas.unit,
        slow=decimal_text(gas.slow),
        standard=decimal_text(gas.standard),
        fast=decimal_text(gas.fast),
        base_fee=optional_text(gas.base_fee),
        priority_fee=optional_text(gas.priority_fee),
        block_height=gas.block_height,
    )


def balance_message(balance: Balance) -> onchain_pb2.Balance:
    """Return the balance of an address with its tokens."""
    return onchain_pb2.Balance(
        chain=balance.chain,
        address=balance.address,
        symbol=balance.symbol,
        amount=decimal_text(balance.amount),
        pending_amount=optional_text(balance.pending),
        transaction_count=balance.transaction_count,
        block_height=balance.block_height,
        tokens=[
            onchain_pb2.TokenBalance(
                asset=token.asset, symbol=token.symbol, contract=token.contract, amount=decimal_text(token.amount)
            )
            for token in balance.tokens
        ],
    )


def transaction_message(transaction: Transaction) -> onchain_pb2.Transaction:
    """Return one transaction."""
    return onchain_pb2.Transaction(
        chain=transaction.chain,
        hash=transaction.hash,
        status=_STATUS.get(transaction.status, 0),
        amount=decimal_text(transaction.amount),
        fee=optional_text(transaction.fee),
        block_height=transaction.block_height,
        block_hash=transaction.block_hash,
        block_time=timestamp(transaction.time),
        sender=transaction.sender,
        recipient=transaction.recipient,
        inputs=[_transfer(each) for each in transaction.inputs],
        outputs=[_transfer(each) for each in transaction.outputs],
        effect=optional_text(transaction.effect),
        nonce=transaction.nonce,
        gas_used=transaction.gas_used,
    )


def block_message(block: Block) -> onchain_pb2.Block:
    """Return one block."""
    return onchain_pb2.Block(
        chain=block.chain,
        height=block.height,
        hash=block.hash,
        block_time=timestamp(block.time),
        parent_hash=block.parent_hash,
        transaction_count=block.transaction_count,
        size_bytes=block.size,
        gas_used=block.gas_used,
        gas_limit=block.gas_limit,
        base_fee_gwei=optional_text(block.base_fee_gwei),
        miner=block.miner,
    )


def whale_message(whale: WhaleTransaction) -> onchain_pb2.WhaleTransaction:
    """Return one large transfer."""
    return onchain_pb2.WhaleTransaction(
        chain=whale.chain,
        hash=whale.hash,
        asset=whale.asset,
        symbol=whale.symbol,
        amount=decimal_text(whale.amount),
        amount_usd=optional_text(whale.amount_usd),
        block_time=timestamp(whale.time),
        block_height=whale.block_height,
        sender=whale.sender,
        recipient=whale.recipient,
    )


def _transfer(transfer: Transfer) -> onchain_pb2.Transfer:
    return onchain_pb2.Transfer(address=transfer.address, amount=decimal_text(transfer.amount))
