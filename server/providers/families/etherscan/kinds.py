"""How an Etherscan-like explorer answers each kind; its proxy module passes JSON-RPC calls on to a node."""

from __future__ import annotations

from server.errors import BadAnswer
from server.model import (
    Balance,
    BalanceQuery,
    Block,
    BlockQuery,
    Chain,
    GasPrice,
    GasQuery,
    Query,
    Transaction,
    TransactionPage,
    TransactionQuery,
    TransactionsQuery,
)
from server.providers.amounts import amount_of
from server.providers.base import Follow, Reply, Request, Source
from server.providers.families.etherscan.wire import balance, gas_oracle, result_of, transaction_of, transfers
from server.providers.families.evm_rpc import kinds as node
from server.providers.onchain import on_chain

_PROXIED = {
    "eth_getBlockByNumber": ("tag", "boolean"),
    "eth_getTransactionByHash": ("txhash",),
    "eth_getTransactionReceipt": ("txhash",),
}
"""The names under which the proxy module takes a call's parameters."""


def _ask(source: Source, chain: Chain, module: str, action: str, **parameters: str) -> Request:
    """Return one query; a row's option `path` has the chain in it, without one the chain is a parameter."""
    path = source.options.get("path")
    place = () if path else (("chainid", str(chain.evm_id)),)
    query = (*place, ("module", module), ("action", action), *parameters.items())
    return Request(path.format(chain=chain.evm_id) if path else "", query)


def _proxied(source: Source, chain: Chain, calls: tuple[Request, ...]) -> tuple[Request, ...]:
    """Return JSON-RPC calls as the proxy module takes them."""
    asked = []
    for call in calls:
        body = call.json
        if not isinstance(body, dict):
            raise TypeError("not a JSON-RPC call")
        names = _PROXIED[body["method"]]
        values = (str(value).lower() for value in body["params"])
        asked.append(_ask(source, chain, "proxy", body["method"], **dict(zip(names, values, strict=True))))
    return tuple(asked)


def _checked(replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
    """Return proxied replies after the explorer's own refusals, which a node would not know, are raised."""
    for reply in replies:
        result_of(reply)
    return replies


def build_gas(source: Source, query: GasQuery) -> tuple[Request, ...]:
    """Ask the gas oracle."""
    return (_ask(source, query.chain, "gastracker", "gasoracle"),)


def parse_gas(_source: Source, query: GasQuery, replies: tuple[Reply, ...]) -> GasPrice:
    """Return the oracle's safe, proposed and fast price."""
    oracle = gas_oracle(replies[0])
    return GasPrice(
        query.chain.id,
        "gwei",
        slow=oracle.rates["SafeGasPrice"],
        standard=oracle.rates["ProposeGasPrice"],
        fast=oracle.rates["FastGasPrice"],
        base_fee=oracle.rates.get("suggestBaseFee"),
        block_height=oracle.block_height,
    )


def serves_block(source: Source, query: Query) -> bool:
    """Say whether the block is one that can be asked for: the proxy module knows no hashes."""
    return on_chain(source, query) and isinstance(query, BlockQuery) and not query.block.startswith("0x")


def build_block(source: Source, query: BlockQuery) -> tuple[Request, ...]:
    """Ask for the block through the proxy module."""
    return _proxied(source, query.chain, node.build_block(source, query))


def parse_block(source: Source, query: BlockQuery, replies: tuple[Reply, ...]) -> Block:
    """Return the block that the node behind the explorer gives."""
    return node.parse_block(source, query, _checked(replies))


def build_transaction(source: Source, query: TransactionQuery) -> tuple[Request, ...]:
    """Ask for the transaction and its receipt through the proxy module."""
    return _proxied(source, query.chain, node.build_transaction(source, query))


def parse_transaction(source: Source, query: TransactionQuery, replies: tuple[Reply, ...]) -> Transaction | Follow:
    """Return the transaction that the node behind the explorer gives."""
    value = node.parse_transaction(source, query, _checked(replies))
    return Follow(_proxied(source, query.chain, value.requests)) if isinstance(value, Follow) else value


def serves_balance(source: Source, query: Query) -> bool:
    """Say whether the native balance is all that is asked: each token would cost a call of a small quota."""
    return on_chain(source, query) and isinstance(query, BalanceQuery) and not node.contracts(query.chain, query.tokens)


def build_balance(source: Source, query: BalanceQuery) -> tuple[Request, ...]:
    """Ask for the native balance."""
    return (_ask(source, query.chain, "account", "balance", address=query.address, tag="latest"),)


def parse_balance(_source: Source, query: BalanceQuery, replies: tuple[Reply, ...]) -> Balance:
    """Return the native balance."""
    amount = amount_of(balance(replies[0]).balance, query.chain.decimals)
    return Balance(query.chain.id, query.address, query.chain.native_symbol, amount)


def build_transactions(source: Source, query: TransactionsQuery) -> tuple[Request, ...]:
    """Ask for the newest transactions of the address."""
    return (
        _ask(
            source,
            query.chain,
            "account",
            "txlist",
            address=query.address,
            startblock="0",
            endblock="999999999",
            page="1",
            offset=str(query.limit),
            sort="desc",
        ),
    )


def parse_transactions(_source: Source, query: TransactionsQuery, replies: tuple[Reply, ...]) -> TransactionPage:
    """Return the transactions, newest first; none at all is an answer too."""
    rows = sorted(transfers(replies[0]), key=lambda row: row.height, reverse=True)
    if any(query.address not in {row.sender, row.recipient} and row.recipient is not None for row in rows):
        raise BadAnswer("wrong_asset", "transactions of another address")
    values = tuple(transaction_of(query.chain, row, query.address) for row in rows[: query.limit])
    return TransactionPage(query.chain.id, query.address, values)
