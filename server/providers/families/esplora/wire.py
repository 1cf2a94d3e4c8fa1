"""The objects of Esplora's REST API: transactions, blocks, addresses, fee estimates; mempool.space speaks it too.

Amounts are whole satoshi here. Errors are sentences in plain text with status 400 or 404.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from server.errors import BadAnswer
from server.providers.base import Reply
from server.providers.decode import (
    bool_of,
    decimal_of,
    dict_at,
    dict_of,
    int_of,
    json_of,
    list_at,
    list_of,
    optional_decimal,
    optional_int,
    optional_text,
    text_of,
    time_s,
)
from server.providers.onchain import refuse_missing
from server.providers.rows import Account, FeeRates

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Side:
    """One input or output: its address (None for scripts without one) and its satoshi."""

    address: str | None
    value: int


@dataclass(frozen=True, slots=True)
class OutputTransaction:
    """A transaction of outputs. `height`, `block_hash` and `time` are None while it waits."""

    id: str
    inputs: tuple[Side, ...]
    outputs: tuple[Side, ...]
    fee: int | None
    height: int | None
    block_hash: str | None
    time: datetime | None
    coinbase: bool


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block as Esplora lists it; `miner` only where mempool.space names the pool."""

    hash: str
    height: int
    time: datetime
    parent: str
    transactions: int
    size: int
    difficulty: Decimal | None
    miner: str | None


def body_of(reply: Reply) -> object:
    """Return the JSON of a reply whose status is good."""
    refuse_missing(reply)
    return json_of(reply)


def hash_of(value: object, where: str) -> str:
    """Return a hash or transaction id."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise BadAnswer("schema", f"{where}: not a hash")
    return value


def satoshi_of(value: object, where: str) -> int:
    """Return an amount that is not below zero."""
    amount = int_of(value, where)
    if amount < 0:
        raise BadAnswer("out_of_bounds", f"{where}: below zero")
    return amount


def transactions(reply: Reply) -> tuple[OutputTransaction, ...]:
    """Read a list of transactions, newest first as they come."""
    return tuple(_transaction(dict_of(row, "transaction")) for row in list_of(body_of(reply)))


def transaction(reply: Reply) -> OutputTransaction:
    """Read one transaction."""
    return _transaction(dict_of(body_of(reply)))


def _transaction(row: dict[str, object]) -> OutputTransaction:
    status = dict_at(row, "status")
    confirmed = bool_of(status.get("confirmed"), "confirmed")
    inputs = [dict_of(side, "vin") for side in list_at(row, "vin")]
    fee = optional_int(row.get("fee"), "fee")
    return OutputTransaction(
        hash_of(row.get("txid"), "txid"),
        # A coinbase has no output behind it.
        tuple(_side(dict_at(side, "prevout")) for side in inputs if side.get("prevout") is not None),
        tuple(_side(dict_of(side, "vout")) for side in list_at(row, "vout")),
        fee,
        int_of(status.get("block_height"), "block_height") if confirmed else None,
        hash_of(status.get("block_hash"), "block_hash") if confirmed else None,
        time_s(status.get("block_time"), "block_time") if confirmed else None,
        any(side.get("is_coinbase") is True for side in inputs),
    )


def _side(row: dict[str, object]) -> Side:
    return Side(optional_text(row.get("scriptpubkey_address"), "address", 100), satoshi_of(row.get("value"), "value"))


def blocks(reply: Reply) -> tuple[BlockRow, ...]:
    """Read a list of blocks, newest first."""
    rows = tuple(_block(dict_of(row, "block")) for row in list_of(body_of(reply)))
    return tuple(sorted(rows, key=lambda row: row.height, reverse=True))


def block(reply: Reply) -> BlockRow:
    """Read one block."""
    return _block(dict_of(body_of(reply)))


def _block(row: dict[str, object]) -> BlockRow:
    return BlockRow(
        hash_of(row.get("id"), "id"),
        int_of(row.get("height"), "height"),
        time_s(row.get("timestamp"), "timestamp"),
        hash_of(row["previousblockhash"], "previousblockhash") if row.get("previousblockhash") else "",
        int_of(row.get("tx_count"), "tx_count"),
        int_of(row.get("size"), "size"),
        optional_decimal(row.get("difficulty"), "difficulty"),
        _pool(row),
    )


def _pool(row: dict[str, object]) -> str | None:
    extras = row.get("extras")
    pool = extras.get("pool") if isinstance(extras, dict) else None
    return optional_text(pool.get("name"), "pool", 100) if isinstance(pool, dict) else None


def account(reply: Reply) -> Account:
    """Read an address: what was funded less what was spent, on the chain and in the mempool."""
    body = dict_of(body_of(reply))
    chain, mempool = dict_at(body, "chain_stats"), dict_at(body, "mempool_stats")
    balance = _difference(chain)
    if balance < 0:
        raise BadAnswer("out_of_bounds", "more spent than funded")
    return Account(
        text_of(body.get("address"), "address", 100),
        balance,
        _difference(mempool),
        int_of(chain.get("tx_count"), "tx_count"),
    )


def _difference(stats: dict[str, object]) -> int:
    funded = satoshi_of(stats.get("funded_txo_sum"), "funded_txo_sum")
    return funded - satoshi_of(stats.get("spent_txo_sum"), "spent_txo_sum")


def fee_estimates(reply: Reply) -> FeeRates:
    """Read fee-estimates: satoshi per virtual byte by the blocks within which a transaction is to be confirmed."""
    body = dict_of(body_of(reply))
    rates = {str(int_of(target, "target")): decimal_of(rate, "rate") for target, rate in body.items()}
    if not rates:
        raise BadAnswer("empty", "no estimates")
    return FeeRates(rates)


def waiting(reply: Reply) -> int:
    """Read how many transactions wait in the mempool."""
    return satoshi_of(dict_of(body_of(reply)).get("count"), "count")


def recent(reply: Reply) -> tuple[tuple[str, int], ...]:
    """Read the last transactions that entered the mempool: id and the sum of all outputs."""
    rows = (dict_of(row, "transaction") for row in list_of(body_of(reply)))
    return tuple((hash_of(row.get("txid"), "txid"), satoshi_of(row.get("value"), "value")) for row in rows)
