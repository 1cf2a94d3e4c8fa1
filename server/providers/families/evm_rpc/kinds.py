"""How an EVM node answers each kind: the calls, and the value made of their results; the provider lists them."""

from __future__ import annotations

from datetime import timedelta

from server.errors import BadAnswer
from server.model import (
    Asset,
    Balance,
    BalanceQuery,
    Block,
    BlockQuery,
    Chain,
    ChainQuery,
    ChainStatus,
    Contract,
    GasPrice,
    GasQuery,
    TokenBalance,
    Transaction,
    TransactionQuery,
)
from server.providers.amounts import amount_of, gwei_of
from server.providers.base import Follow, Reply, Request, Source
from server.providers.decode import dict_of, hex_of
from server.providers.families.evm_rpc.values import block_of, transaction_of
from server.providers.families.evm_rpc.wire import (
    FeeHistory,
    call,
    fee_history,
    hash_at,
    quantity,
    result_of,
    time_at,
)

MEASURED_BLOCKS = 100
"""Blocks over which the mean interval is measured."""
_BALANCE_OF = "0x70a08231"
_PERCENTILES = (10, 50, 90)


def build_gas(_source: Source, _query: GasQuery) -> tuple[Request, ...]:
    """Ask for the fees of the last 20 blocks, and for the newest block, whose time tells a frozen host."""
    return (
        call("eth_feeHistory", "0x14", "latest", list(_PERCENTILES)),
        call("eth_getBlockByNumber", "latest", False),
    )


def parse_gas(_source: Source, query: GasQuery, replies: tuple[Reply, ...]) -> GasPrice | Follow:
    """Add the median rewards of the 10th, 50th and 90th percentile to the next base fee.

    Where there is no base fee, or no history, the host's own eth_gasPrice stands for all three.
    """
    block = block_of(query.chain.id, _found(replies[1]), newest=True)
    history = _history(replies[0])
    if history is None:
        if len(replies) == 2:
            return Follow((call("eth_gasPrice"),))
        price = gwei_of(quantity(replies[2]).value)
        return GasPrice(
            query.chain.id, "gwei", price, price, price, block_height=block.height, source_time=block.source_time
        )
    slow, standard, fast = (gwei_of(history.base_fee + reward) for reward in history.rewards)
    return GasPrice(
        query.chain.id,
        "gwei",
        slow,
        standard,
        fast,
        base_fee=gwei_of(history.base_fee),
        priority_fee=gwei_of(history.rewards[1]),
        block_height=max(block.height, history.newest_block),
        source_time=block.source_time,
    )


def _history(reply: Reply) -> FeeHistory | None:
    """Return the fee history, None where the host has no such method."""
    try:
        history = fee_history(reply)
    except BadAnswer as refused:
        if refused.reason == "error_body":
            return None
        raise
    if history is not None and len(history.rewards) != len(_PERCENTILES):
        raise BadAnswer("schema", "reward: not the percentiles that were asked for")
    return history


def build_block(_source: Source, query: BlockQuery) -> tuple[Request, ...]:
    """Ask for one block, with the hashes of its transactions alone."""
    if query.block.startswith("0x"):
        return (call("eth_getBlockByHash", query.block, False),)
    return (call("eth_getBlockByNumber", _tag(query.block), False),)


def parse_block(_source: Source, query: BlockQuery, replies: tuple[Reply, ...]) -> Block:
    """Return the block. Raises BadAnswer `unknown_asset` where the node has none of that name."""
    newest = query.block == "latest"
    result = _found(replies[0]) if newest else _known(replies[0], "block")
    block = block_of(query.chain.id, result, newest=newest)
    if not newest and query.block not in {str(block.height), block.hash}:
        raise BadAnswer("wrong_asset", "another block")
    return block


def build_chain(_source: Source, _query: ChainQuery) -> tuple[Request, ...]:
    """Ask for the newest block, and for the chain's id, because misrouted hosts answer for other chains."""
    return (call("eth_getBlockByNumber", "latest", False), call("eth_chainId"))


def parse_chain(_source: Source, query: ChainQuery, replies: tuple[Reply, ...]) -> ChainStatus | Follow:
    """Return the newest block as the chain's state, with the mean interval of the last hundred."""
    if quantity(replies[1]).value != query.chain.evm_id:
        raise BadAnswer("wrong_asset", "the host is of another chain")
    newest = block_of(query.chain.id, _found(replies[0]), newest=True)
    if len(replies) == 2 and newest.height > MEASURED_BLOCKS:
        return Follow((call("eth_getBlockByNumber", hex(newest.height - MEASURED_BLOCKS), False),))
    return ChainStatus(
        query.chain.id,
        height=newest.height,
        block_time=newest.time,
        block_hash=newest.hash,
        mean_block_interval=_mean_interval(newest, replies[2:]),
        source_time=newest.source_time,
    )


def _mean_interval(newest: Block, earlier: tuple[Reply, ...]) -> timedelta | None:
    if not earlier:
        return None
    first = block_of(newest.chain, _found(earlier[0]), newest=False)
    if first.height >= newest.height or first.time > newest.time:
        raise BadAnswer("out_of_bounds", "an earlier block is not earlier")
    return (newest.time - first.time) / (newest.height - first.height)


def build_balance(_source: Source, query: BalanceQuery) -> tuple[Request, ...]:
    """Ask for the native balance, the count of sent transactions, and balanceOf of each token."""
    padded = query.address[2:].lower().rjust(64, "0")
    tokens = (
        call("eth_call", {"to": contract.address, "data": _BALANCE_OF + padded}, "latest")
        for _, contract in contracts(query.chain, query.tokens)
    )
    return (
        call("eth_getBalance", query.address, "latest"),
        call("eth_getTransactionCount", query.address, "latest"),
        *tokens,
    )


def parse_balance(_source: Source, query: BalanceQuery, replies: tuple[Reply, ...]) -> Balance:
    """Return the balances; a token whose contract does not answer is left out."""
    tokens = (
        _token(asset, contract, reply)
        for (asset, contract), reply in zip(contracts(query.chain, query.tokens), replies[2:], strict=True)
    )
    return Balance(
        query.chain.id,
        query.address,
        query.chain.native_symbol,
        amount_of(quantity(replies[0]).value, query.chain.decimals),
        transaction_count=_count(replies[1]),
        tokens=tuple(token for token in tokens if token is not None),
    )


def _count(reply: Reply) -> int | None:
    """Return how many transactions were sent, None where that cannot be had: the balance stands without it."""
    try:
        return quantity(reply).value
    except BadAnswer as refused:
        if refused.reason == "throttled":
            raise
        return None


def contracts(chain: Chain, tokens: tuple[Asset, ...]) -> tuple[tuple[Asset, Contract], ...]:
    """Return the tokens that have a contract on the chain, with it."""
    return tuple((asset, contract) for asset in tokens for contract in asset.contracts if contract.chain == chain.id)


def _token(asset: Asset, contract: Contract, reply: Reply) -> TokenBalance | None:
    try:
        result = result_of(reply)
    except BadAnswer as refused:
        if refused.reason == "error_body":
            return None
        raise
    if result == "0x":
        return None
    units = hex_of(result, "balanceOf")
    return TokenBalance(asset.id, asset.symbol, contract.address, amount_of(units, contract.decimals))


def build_transaction(_source: Source, query: TransactionQuery) -> tuple[Request, ...]:
    """Ask for the transaction and its receipt."""
    return (call("eth_getTransactionByHash", query.hash), call("eth_getTransactionReceipt", query.hash))


def parse_transaction(_source: Source, query: TransactionQuery, replies: tuple[Reply, ...]) -> Transaction | Follow:
    """Return the transaction; its block is asked for where the node does not give the time with it."""
    row = dict_of(_known(replies[0], "transaction"), "transaction")
    if hash_at(row, "hash") != query.hash:
        raise BadAnswer("wrong_asset", "another transaction")
    time = None
    if row.get("blockTimestamp") is not None:
        time = time_at(row, "blockTimestamp")
    elif len(replies) > 2:
        time = block_of(query.chain.id, _found(replies[2]), newest=False).time
    elif row.get("blockNumber") is not None:
        return Follow((call("eth_getBlockByNumber", hex(hex_of(row["blockNumber"], "blockNumber")), False),))
    return transaction_of(query.chain, row, result_of(replies[1]), time)


def _tag(block: str) -> str:
    return block if block == "latest" else hex(int(block))


def _found(reply: Reply) -> object:
    """Return a result that every node has; without one it is not in step."""
    result = result_of(reply)
    if result is None:
        raise BadAnswer("empty", "no block")
    return result


def _known(reply: Reply, what: str) -> object:
    """Return a result that may not exist. Raises BadAnswer `unknown_asset`."""
    result = result_of(reply)
    if result is None:
        raise BadAnswer("unknown_asset", f"no such {what}")
    return result
