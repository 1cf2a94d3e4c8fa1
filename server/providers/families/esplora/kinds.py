"""How an Esplora host answers each kind; Esplora's own provider and mempool.space's list these."""

from __future__ import annotations

from decimal import Decimal
from itertools import chain as chained

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
    Transaction,
    TransactionPage,
    TransactionQuery,
    TransactionsQuery,
    WhalesQuery,
    WhaleTransaction,
    WhaleTransactions,
)
from server.providers.amounts import bitcoin_of
from server.providers.base import Follow, Reply, Request, Source
from server.providers.decode import decimal_of, dict_of
from server.providers.families.esplora.values import block_of, largest_of, transaction_of, whale_of
from server.providers.families.esplora.wire import (
    BlockRow,
    account,
    block,
    blocks,
    body_of,
    fee_estimates,
    recent,
    transaction,
    transactions,
    waiting,
)
from server.providers.onchain import hash_text

SATOSHI_PER_VBYTE = "sat/vB"
_PAGE = 25
_MOST_PAGES = 4
_FAST, _STANDARD, _SLOW = 1, 3, 6
"""Within how many blocks each speed is to be confirmed, as mempool.space counts them too."""


def build_gas(_source: Source, _query: GasQuery) -> tuple[Request, ...]:
    """Ask for the fee estimates."""
    return (Request("/fee-estimates"),)


def parse_gas(_source: Source, query: GasQuery, replies: tuple[Reply, ...]) -> GasPrice:
    """Return the estimates for one, three and six blocks; where one is missing, that of the next longer wait."""
    rates = {int(target): rate for target, rate in fee_estimates(replies[0]).rates.items()}
    found: list[Decimal] = []
    for blocks_to_wait in (_SLOW, _STANDARD, _FAST):
        target = min((target for target in rates if target >= blocks_to_wait), default=max(rates))
        # A shorter wait never costs less, whatever an estimator that saw few blocks says.
        found.append(max([rates[target], *found[-1:]]))
    slow, standard, fast = found
    return GasPrice(query.chain.id, SATOSHI_PER_VBYTE, slow, standard, fast)


def _api(source: Source, path: str) -> str:
    """Return the path under which the host gives blocks with what it knows beyond Esplora, such as the pool."""
    return source.options.get("blocks", "") + path


def build_block(source: Source, query: BlockQuery) -> tuple[Request, ...]:
    """Ask for the newest blocks, for the hash at a height, or for a block by its hash."""
    if query.block == "latest":
        return (Request(_api(source, "/blocks")),)
    if len(query.block) == 64:
        return (Request(_api(source, f"/block/{query.block}")),)
    return (Request(f"/block-height/{query.block}"),)


def parse_block(source: Source, query: BlockQuery, replies: tuple[Reply, ...]) -> Block | Follow:
    """Return the block; a height takes a second request, by the hash found."""
    if query.block == "latest":
        return block_of(query.chain, _newest(replies[0]), newest=True)
    if len(query.block) == 64:
        row = block(replies[0])
    elif len(replies) == 1:
        return Follow((Request(_api(source, f"/block/{hash_text(replies[0])}")),))
    else:
        row = block(replies[1])
    if query.block not in {str(row.height), row.hash}:
        raise BadAnswer("wrong_asset", "another block")
    return block_of(query.chain, row, newest=False)


def _newest(reply: Reply) -> BlockRow:
    rows = blocks(reply)
    if not rows:
        raise BadAnswer("empty", "no block")
    return rows[0]


def build_chain(source: Source, _query: ChainQuery) -> tuple[Request, ...]:
    """Ask for the newest blocks and the mempool, and for the hash rate where the host measures it."""
    rate = source.options.get("hash_rate")
    return (Request(_api(source, "/blocks")), Request("/mempool"), *((Request(rate),) if rate else ()))


def parse_chain(_source: Source, query: ChainQuery, replies: tuple[Reply, ...]) -> ChainStatus:
    """Return the newest block as the chain's state, with the mean interval of the listed ones."""
    newest, rows = _newest(replies[0]), blocks(replies[0])
    first = rows[-1]
    steps = newest.height - first.height
    measured = dict_of(body_of(replies[2])) if len(replies) > 2 else {}
    return ChainStatus(
        query.chain.id,
        height=newest.height,
        block_time=newest.time,
        block_hash=newest.hash,
        # A block's time may lie before its parent's: over few blocks the span can be below zero.
        mean_block_interval=(newest.time - first.time) / steps if steps > 0 and newest.time > first.time else None,
        pending_transactions=waiting(replies[1]),
        hash_rate=decimal_of(measured.get("currentHashrate"), "currentHashrate") if measured else None,
        difficulty=newest.difficulty,
        source_time=newest.time,
    )


def build_balance(_source: Source, query: BalanceQuery) -> tuple[Request, ...]:
    """Ask for the address."""
    return (Request(f"/address/{query.address}"),)


def parse_balance(_source: Source, query: BalanceQuery, replies: tuple[Reply, ...]) -> Balance:
    """Return what is confirmed, and what waits apart."""
    row = account(replies[0])
    if row.address != query.address:
        raise BadAnswer("wrong_asset", "another address")
    return Balance(
        query.chain.id,
        query.address,
        query.chain.native_symbol,
        bitcoin_of(row.balance),
        pending=None if row.pending is None else bitcoin_of(row.pending),
        transaction_count=row.transaction_count,
    )


def build_transactions(_source: Source, query: TransactionsQuery) -> tuple[Request, ...]:
    """Ask for the transactions that wait and the newest 25 confirmed ones."""
    return (Request(f"/address/{query.address}/txs"),)


def parse_transactions(
    _source: Source, query: TransactionsQuery, replies: tuple[Reply, ...]
) -> TransactionPage | Follow:
    """Return the newest transactions, page after page until there are enough."""
    pages = [transactions(reply) for reply in replies]
    rows = {row.id: row for row in chained.from_iterable(pages)}
    confirmed = [row for row in pages[-1] if row.height is not None]
    if len(rows) < query.limit and len(confirmed) >= _PAGE and len(pages) < _MOST_PAGES:
        return Follow((Request(f"/address/{query.address}/txs/chain/{confirmed[-1].id}"),))
    newest = sorted(rows.values(), key=lambda row: (row.height is not None, -(row.height or 0)))
    values = tuple(transaction_of(query.chain, row, query.address) for row in newest[: query.limit])
    return TransactionPage(query.chain.id, query.address, values)


def build_transaction(_source: Source, query: TransactionQuery) -> tuple[Request, ...]:
    """Ask for the transaction."""
    return (Request(f"/tx/{query.hash}"),)


def parse_transaction(_source: Source, query: TransactionQuery, replies: tuple[Reply, ...]) -> Transaction:
    """Return the transaction."""
    row = transaction(replies[0])
    if row.id != query.hash:
        raise BadAnswer("wrong_asset", "another transaction")
    return transaction_of(query.chain, row)


def build_whales(_source: Source, _query: WhalesQuery) -> tuple[Request, ...]:
    """Ask for what entered the mempool last, and for the newest block's hash."""
    return (Request("/mempool/recent"), Request("/blocks/tip/hash"))


def parse_whales(_source: Source, query: WhalesQuery, replies: tuple[Reply, ...]) -> WhaleTransactions | Follow:
    """Return large transfers that wait and of the newest block's first fifty transactions.

    Of those that wait the host tells the sum of all outputs alone, change included.
    """
    entered = recent(replies[0])
    if len(replies) == 2:
        tip = hash_text(replies[1])
        return Follow((Request(f"/block/{tip}/txs/0"), Request(f"/block/{tip}/txs/{_PAGE}")))
    chain = query.chain
    waiting_ones = (
        WhaleTransaction(chain.id, id_, chain.native_asset, chain.native_symbol, bitcoin_of(value))
        for id_, value in entered
    )
    confirmed = [row for reply in replies[2:] for row in transactions(reply) if not row.coinbase]
    time = max((row.time for row in confirmed if row.time is not None), default=None)
    found = chained(waiting_ones, (whale_of(chain, row) for row in confirmed))
    return WhaleTransactions(chain.id, largest_of(query, found), time)
