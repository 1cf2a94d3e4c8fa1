"""The objects of Blockscout's v2 API: statistics, blocks, addresses, token balances, transactions.

Names moved over the versions (`block` to `block_number`, `address` to `address_hash`): both are read.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from server.errors import BadAnswer
from server.model import Block, Chain, Transaction
from server.providers.amounts import amount_of, gwei_of
from server.providers.base import Reply
from server.providers.decode import (
    decimal_of,
    dict_at,
    dict_of,
    int_of,
    json_of,
    list_at,
    list_of,
    optional_decimal,
    optional_int,
    optional_time,
    time_iso,
)
from server.providers.families.evm_rpc.wire import address_at, hash_at
from server.providers.onchain import refuse_missing
from server.providers.rows import Account, FeeRates

_STATUSES = {"ok": "confirmed", "error": "failed", None: "pending"}


def body_of(reply: Reply) -> dict[str, object]:
    """Return the object of a reply whose status is good."""
    refuse_missing(reply)
    return dict_of(json_of(reply))


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the explorer says of its chain: fee rates in gwei, and the mean interval of blocks in milliseconds."""

    fees: FeeRates | None
    fees_time: datetime | None
    block_interval_ms: Decimal | None


def statistics(reply: Reply) -> Statistics:
    """Read the statistics; gas prices are null while the indexer catches up."""
    body = body_of(reply)
    prices = body.get("gas_prices")
    return Statistics(
        None if prices is None else _fees(dict_of(prices, "gas_prices")),
        optional_time(time_iso, body.get("gas_price_updated_at"), "gas_price_updated_at"),
        optional_decimal(body.get("average_block_time"), "average_block_time"),
    )


def _fees(prices: dict[str, object]) -> FeeRates | None:
    rates: dict[str, Decimal] = {}
    for speed in ("slow", "average", "fast"):
        given = prices.get(speed)
        # Newer versions give an object with the price in gwei and in dollars.
        price = given.get("price") if isinstance(given, dict) else given
        if price is None:
            return None
        rates[speed] = decimal_of(price, speed)
    return FeeRates(rates)


def blocks(reply: Reply) -> list[dict[str, object]]:
    """Read a page of blocks, newest first."""
    return [dict_of(row, "block") for row in list_at(body_of(reply), "items")]


def block_of(chain: Chain, row: dict[str, object], *, newest: bool) -> Block:
    """Return the value of a block. Only the newest block's time is the age of the answer."""
    time = time_iso(row.get("timestamp"), "timestamp")
    base_fee = optional_int(row.get("base_fee_per_gas"), "base_fee_per_gas")
    miner = row.get("miner")
    return Block(
        chain.id,
        int_of(row.get("height"), "height"),
        hash_at(row, "hash"),
        time,
        parent_hash=hash_at(row, "parent_hash") if row.get("parent_hash") else "",
        transaction_count=_count(row),
        size=optional_int(row.get("size"), "size"),
        gas_used=optional_int(row.get("gas_used"), "gas_used"),
        gas_limit=optional_int(row.get("gas_limit"), "gas_limit"),
        base_fee_gwei=None if base_fee is None else gwei_of(base_fee),
        miner=None if miner is None else address_at(dict_of(miner, "miner"), "hash"),
        source_time=time if newest else None,
    )


def _count(row: dict[str, object]) -> int | None:
    names = ("transactions_count", "transaction_count", "tx_count")
    return next((optional_int(row[name], name) for name in names if name in row), None)


def account(reply: Reply) -> Account:
    """Read an address; its balance is null until the explorer has asked a node for it."""
    body = body_of(reply)
    balance = optional_int(body.get("coin_balance"), "coin_balance")
    if balance is None:
        raise BadAnswer("empty", "the balance is not known yet")
    if balance < 0:
        raise BadAnswer("out_of_bounds", "coin_balance: below zero")
    return Account(address_at(body, "hash"), balance)


def token_units(reply: Reply, wanted: Container[str] | None = None) -> dict[str, int]:
    """Read the units of every ERC-20 token that an address holds, by contract in lower case.

    With `wanted` (contracts in lower case) the other rows are left unread: anyone may send an address a token whose
    amount is beyond belief.
    """
    refuse_missing(reply)
    found: dict[str, int] = {}
    for row in (dict_of(row, "token balance") for row in list_of(json_of(reply))):
        token = dict_at(row, "token")
        if token.get("type") == "ERC-20":
            contract = address_at(token, "address_hash" if token.get("address_hash") else "address").lower()
            if wanted is None or contract in wanted:
                found[contract] = int_of(row.get("value"), "value")
    return found


def transactions(reply: Reply) -> list[dict[str, object]]:
    """Read a page of transactions, newest first."""
    return [dict_of(row, "transaction") for row in list_at(body_of(reply), "items")]


def next_page(reply: Reply) -> tuple[tuple[str, str], ...] | None:
    """Return the query of the page after this one, None at the end."""
    given = body_of(reply).get("next_page_params")
    if given is None:
        return None
    plain = {key: value for key, value in dict_of(given, "next_page_params").items() if isinstance(value, str | int)}
    return tuple((str(key)[:40], str(value)[:100]) for key, value in plain.items())[:20] or None


def transaction_of(chain: Chain, row: dict[str, object], address: str | None = None) -> Transaction:
    """Return the value of a transaction, with its net effect on `address` where one was asked about."""
    status = row.get("status")
    if status not in ("ok", "error", None):
        raise BadAnswer("schema", "status: unknown")
    sender = address_at(dict_at(row, "from"), "hash")
    to = row.get("to")
    recipient = None if to is None else address_at(dict_of(to, "to"), "hash")
    units = int_of(row.get("value"), "value")
    paid = row.get("fee")
    fee = None if paid is None else optional_int(dict_of(paid, "fee").get("value"), "fee")
    moved = units if status == "ok" else 0
    effect = (moved if recipient == address else 0) - (moved + (fee or 0) if sender == address else 0)
    height = optional_int(row.get("block_number", row.get("block")), "block_number")
    return Transaction(
        chain.id,
        hash=hash_at(row, "hash"),
        status="pending" if height is None else _STATUSES.get(status if isinstance(status, str) else None, "pending"),
        amount=amount_of(units, chain.decimals),
        fee=None if fee is None else amount_of(fee, chain.decimals),
        block_height=height,
        block_hash=hash_at(row, "block_hash") if row.get("block_hash") else None,
        time=optional_time(time_iso, row.get("timestamp"), "timestamp"),
        sender=sender,
        recipient=recipient,
        effect=None if address is None else amount_of(effect, chain.decimals),
        nonce=optional_int(row.get("nonce"), "nonce"),
        gas_used=optional_int(row.get("gas_used"), "gas_used"),
    )


def withdrawals(reply: Reply) -> tuple[tuple[str, int], ...]:
    """Read withdrawals from the beacon chain: the receiver and the amount in wei."""
    rows = (dict_of(row, "withdrawal") for row in list_at(body_of(reply), "items"))
    return tuple((address_at(dict_at(row, "receiver"), "hash"), int_of(row.get("amount"), "amount")) for row in rows)
