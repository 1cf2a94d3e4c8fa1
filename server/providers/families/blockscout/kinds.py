"""How a Blockscout explorer answers each kind; the family's provider lists these."""

from __future__ import annotations

from datetime import timedelta

from server.errors import BadAnswer
from server.model import (
    Balance,
    BalanceQuery,
    Block,
    BlockQuery,
    ChainQuery,
    ChainStatus,
    GasPrice,
    GasQuery,
    TokenBalance,
    Transaction,
    TransactionPage,
    TransactionQuery,
    TransactionsQuery,
)
from server.providers.amounts import amount_of
from server.providers.base import Follow, Reply, Request, Source
from server.providers.families.blockscout.wire import (
    account,
    block_of,
    blocks,
    body_of,
    next_page,
    statistics,
    token_units,
    transaction_of,
    transactions,
)
from server.providers.families.evm_rpc.kinds import contracts

_STATS = Request("/api/v2/stats")
_BLOCKS = Request("/api/v2/blocks", (("type", "block"),))
_MOST_PAGES = 4
_DAY_MS = 86_400_000


def build_gas(_source: Source, _query: GasQuery) -> tuple[Request, ...]:
    """Ask for the statistics, which hold the gas prices."""
    return (_STATS,)


def parse_gas(_source: Source, query: GasQuery, replies: tuple[Reply, ...]) -> GasPrice:
    """Return the gas prices with the time at which the explorer computed them."""
    found = statistics(replies[0])
    if found.fees is None:
        raise BadAnswer("empty", "no gas prices")
    rates = found.fees.rates
    return GasPrice(query.chain.id, "gwei", rates["slow"], rates["average"], rates["fast"], source_time=found.fees_time)


def build_block(_source: Source, query: BlockQuery) -> tuple[Request, ...]:
    """Ask for the newest blocks, or for one by its height or hash."""
    return (_BLOCKS,) if query.block == "latest" else (Request(f"/api/v2/blocks/{query.block}"),)


def parse_block(_source: Source, query: BlockQuery, replies: tuple[Reply, ...]) -> Block:
    """Return the block."""
    if query.block == "latest":
        return _newest(query, replies[0])
    block = block_of(query.chain, body_of(replies[0]), newest=False)
    if query.block not in {str(block.height), block.hash}:
        raise BadAnswer("wrong_asset", "another block")
    return block


def _newest(query: BlockQuery | ChainQuery, reply: Reply) -> Block:
    rows = [block_of(query.chain, row, newest=True) for row in blocks(reply)]
    if not rows:
        raise BadAnswer("empty", "no block")
    return max(rows, key=lambda row: row.height)


def build_chain(_source: Source, _query: ChainQuery) -> tuple[Request, ...]:
    """Ask for the newest blocks and for the statistics."""
    return (_BLOCKS, _STATS)


def parse_chain(_source: Source, query: ChainQuery, replies: tuple[Reply, ...]) -> ChainStatus:
    """Return the newest block as the chain's state, with the explorer's mean interval."""
    newest, mean = _newest(query, replies[0]), statistics(replies[1]).block_interval_ms
    if mean is not None and not 0 <= mean < _DAY_MS:
        raise BadAnswer("out_of_bounds", "average_block_time: not an interval of blocks")
    return ChainStatus(
        query.chain.id,
        height=newest.height,
        block_time=newest.time,
        block_hash=newest.hash,
        mean_block_interval=timedelta(milliseconds=float(mean)) if mean else None,
        source_time=newest.time,
    )


def build_balance(_source: Source, query: BalanceQuery) -> tuple[Request, ...]:
    """Ask for the address, and for its token balances where tokens are asked for."""
    path = f"/api/v2/addresses/{query.address}"
    tokens = contracts(query.chain, query.tokens)
    return (Request(path), Request(f"{path}/token-balances")) if tokens else (Request(path),)


def parse_balance(_source: Source, query: BalanceQuery, replies: tuple[Reply, ...]) -> Balance:
    """Return the balances; a token that is not listed is held in no amount."""
    row = account(replies[0])
    if row.address != query.address:
        raise BadAnswer("wrong_asset", "another address")
    asked = contracts(query.chain, query.tokens)
    wanted = {contract.address.lower() for _, contract in asked}
    units = token_units(replies[1], wanted) if len(replies) > 1 else {}
    tokens = (
        TokenBalance(
            asset.id,
            asset.symbol,
            contract.address,
            amount_of(units.get(contract.address.lower(), 0), contract.decimals),
        )
        for asset, contract in asked
    )
    return Balance(
        query.chain.id,
        query.address,
        query.chain.native_symbol,
        amount_of(row.balance, query.chain.decimals),
        tokens=tuple(tokens),
    )


def build_transactions(_source: Source, query: TransactionsQuery) -> tuple[Request, ...]:
    """Ask for the newest fifty transactions of the address."""
    return (Request(f"/api/v2/addresses/{query.address}/transactions"),)


def parse_transactions(
    _source: Source, query: TransactionsQuery, replies: tuple[Reply, ...]
) -> TransactionPage | Follow:
    """Return the newest transactions, page after page until there are enough."""
    rows = [row for reply in replies for row in transactions(reply)]
    following = next_page(replies[-1])
    if len(rows) < query.limit and following is not None and len(replies) < _MOST_PAGES:
        return Follow((Request(f"/api/v2/addresses/{query.address}/transactions", following),))
    values = {value.hash: value for value in (transaction_of(query.chain, row, query.address) for row in rows)}.values()
    newest = sorted(values, key=lambda value: (value.block_height is not None, -(value.block_height or 0)))
    return TransactionPage(query.chain.id, query.address, tuple(newest[: query.limit]))


def build_transaction(_source: Source, query: TransactionQuery) -> tuple[Request, ...]:
    """Ask for the transaction."""
    return (Request(f"/api/v2/transactions/{query.hash}"),)


def parse_transaction(_source: Source, query: TransactionQuery, replies: tuple[Reply, ...]) -> Transaction:
    """Return the transaction."""
    value = transaction_of(query.chain, body_of(replies[0]))
    if value.hash != query.hash:
        raise BadAnswer("wrong_asset", "another transaction")
    return value
