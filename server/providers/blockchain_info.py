"""blockchain.info: bitcoin addresses, transactions, the newest block and what waits; one call in ten seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from server.errors import BadAnswer
from server.model import (
    Balance,
    BalanceQuery,
    Block,
    BlockQuery,
    ChainQuery,
    ChainStatus,
    Query,
    Transaction,
    TransactionPage,
    TransactionQuery,
    TransactionsQuery,
    WhalesQuery,
    WhaleTransactions,
)
from server.providers.amounts import bitcoin_of
from server.providers.base import Limit, Provider, Recorded, Reply, Request, Source, Tier
from server.providers.decode import (
    dict_of,
    int_of,
    list_at,
    optional_int,
    optional_text,
    text_of,
    time_s,
)
from server.providers.families.esplora.values import largest_of, transaction_of, whale_of
from server.providers.families.esplora.wire import OutputTransaction, Side, body_of, hash_of, satoshi_of
from server.providers.onchain import capability_of, on_chain
from server.providers.rows import Account

_PAGE = 50


def _body(reply: Reply) -> dict[str, object]:
    body = dict_of(body_of(reply))
    if body.get("error") is not None:
        raise BadAnswer("unknown_asset" if "not-found" in str(body["error"])[:40] else "error_body", "error")
    return body


def transaction(reply: Reply) -> OutputTransaction:
    """Read one transaction."""
    return _transaction(_body(reply))


def transactions(reply: Reply) -> tuple[OutputTransaction, ...]:
    """Read the transactions of an address or of the mempool, newest first."""
    return tuple(_transaction(dict_of(row, "transaction")) for row in list_at(_body(reply), "txs"))


def _transaction(row: dict[str, object]) -> OutputTransaction:
    spent = [dict_of(side, "input").get("prev_out") for side in list_at(row, "inputs")]
    # A coinbase spends nothing: no output behind it, or one without a value.
    inputs = tuple(_side(side) for side in spent if isinstance(side, dict) and side.get("value") is not None)
    return OutputTransaction(
        hash_of(row.get("hash"), "hash"),
        inputs,
        tuple(_side(dict_of(side, "out")) for side in list_at(row, "out")),
        optional_int(row.get("fee"), "fee"),
        optional_int(row.get("block_height"), "block_height"),
        None,
        time_s(row.get("time"), "time"),
        coinbase=not inputs,
    )


def _side(row: dict[str, object]) -> Side:
    return Side(optional_text(row.get("addr"), "addr", 100), satoshi_of(row.get("value"), "value"))


def accounts(reply: Reply) -> tuple[Account, ...]:
    """Read the addresses of an answer about several, with their transactions beside them."""
    transactions(reply)
    return tuple(
        _account(text_of(row.get("address"), "address", 100), row)
        for row in (dict_of(row, "address") for row in list_at(_body(reply), "addresses"))
    )


def balances(reply: Reply) -> tuple[Account, ...]:
    """Read balances by address."""
    return tuple(_account(address, dict_of(row, "balance")) for address, row in _body(reply).items())


def _account(address: str, row: dict[str, object]) -> Account:
    return Account(
        address,
        satoshi_of(row.get("final_balance"), "final_balance"),
        transaction_count=int_of(row.get("n_tx"), "n_tx"),
    )


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest block."""

    hash: str
    height: int
    time: datetime


def tip(reply: Reply) -> Tip:
    """Read the newest block."""
    body = _body(reply)
    return Tip(
        hash_of(body.get("hash"), "hash"), int_of(body.get("height"), "height"), time_s(body.get("time"), "time")
    )


def build_balance(_source: Source, query: BalanceQuery) -> tuple[Request, ...]:
    """Ask for the balance."""
    return (Request("/balance", (("active", query.address),)),)


def parse_balance(_source: Source, query: BalanceQuery, replies: tuple[Reply, ...]) -> Balance:
    """Return the balance, which counts what waits too."""
    for row in balances(replies[0]):
        if row.address == query.address:
            return Balance(
                query.chain.id,
                query.address,
                query.chain.native_symbol,
                bitcoin_of(row.balance),
                transaction_count=row.transaction_count,
            )
    raise BadAnswer("wrong_asset", "another address")


def build_transactions(_source: Source, query: TransactionsQuery) -> tuple[Request, ...]:
    """Ask for the newest transactions of the address; the source gives at most fifty."""
    return (Request(f"/rawaddr/{query.address}", (("limit", str(min(query.limit, _PAGE))),)),)


def serves_transactions(source: Source, query: Query) -> bool:
    """Say whether one answer holds as many transactions as are asked for."""
    return on_chain(source, query) and isinstance(query, TransactionsQuery) and query.limit <= _PAGE


def parse_transactions(_source: Source, query: TransactionsQuery, replies: tuple[Reply, ...]) -> TransactionPage:
    """Return the newest transactions."""
    if _body(replies[0]).get("address") != query.address:
        raise BadAnswer("wrong_asset", "another address")
    rows = transactions(replies[0])[: query.limit]
    values = tuple(transaction_of(query.chain, row, query.address) for row in rows)
    return TransactionPage(query.chain.id, query.address, values)


def build_transaction(_source: Source, query: TransactionQuery) -> tuple[Request, ...]:
    """Ask for the transaction."""
    return (Request(f"/rawtx/{query.hash}"),)


def parse_transaction(_source: Source, query: TransactionQuery, replies: tuple[Reply, ...]) -> Transaction:
    """Return the transaction."""
    row = transaction(replies[0])
    if row.id != query.hash:
        raise BadAnswer("wrong_asset", "another transaction")
    return transaction_of(query.chain, row)


def build_tip(_source: Source, _query: BlockQuery | ChainQuery) -> tuple[Request, ...]:
    """Ask for the newest block."""
    return (Request("/latestblock"),)


def serves_block(source: Source, query: Query) -> bool:
    """Say whether the newest block is asked for: any other comes with megabytes of transactions."""
    return on_chain(source, query) and isinstance(query, BlockQuery) and query.block == "latest"


def parse_block(_source: Source, query: BlockQuery, replies: tuple[Reply, ...]) -> Block:
    """Return the newest block, of which the source gives height, hash and time alone."""
    row = tip(replies[0])
    return Block(query.chain.id, row.height, row.hash, row.time, source_time=row.time)


def parse_chain(_source: Source, query: ChainQuery, replies: tuple[Reply, ...]) -> ChainStatus:
    """Return the newest block as the chain's state."""
    row = tip(replies[0])
    return ChainStatus(query.chain.id, row.height, row.time, row.hash, source_time=row.time)


def build_whales(_source: Source, _query: WhalesQuery) -> tuple[Request, ...]:
    """Ask for a sample of what waits."""
    return (Request("/unconfirmed-transactions", (("format", "json"),)),)


def parse_whales(_source: Source, query: WhalesQuery, replies: tuple[Reply, ...]) -> WhaleTransactions:
    """Return the large transfers of the sample."""
    rows = transactions(replies[0])
    time = max((row.time for row in rows if row.time is not None), default=None)
    return WhaleTransactions(query.chain.id, largest_of(query, (whale_of(query.chain, row) for row in rows)), time)


PROVIDER = Provider(
    "blockchain_info",
    capabilities=(
        capability_of(BlockQuery, build_tip, parse_block, serves_block),
        capability_of(ChainQuery, build_tip, parse_chain),
        capability_of(BalanceQuery, build_balance, parse_balance),
        capability_of(TransactionsQuery, build_transactions, parse_transactions, serves_transactions),
        capability_of(TransactionQuery, build_transaction, parse_transaction),
        capability_of(WhalesQuery, build_whales, parse_whales),
    ),
    sources=(
        Source(
            "blockchain_info",
            "Blockchain.com",
            "blockchain_info",
            "https://blockchain.info",
            Tier.LOW,
            "explorer",
            chains=("bitcoin",),
            limits=(Limit(1, 10),),
            docs_url="https://www.blockchain.com/explorer/api",
        ),
    ),
    recorded_as=("blockchaininfo",),
    recorded=(
        Recorded(accounts, r"/multiaddr"),
        Recorded(balances, r"/balance"),
        Recorded(transactions, r"/(rawaddr/[^/]+|unconfirmed-transactions)"),
        Recorded(transaction, r"/rawtx/[^/]+"),
        Recorded(tip, r"/latestblock"),
    ),
)
