"""Large native transfers in the newest blocks of an EVM chain; the family's provider lists it."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from server.errors import BadAnswer
from server.model import Chain, WhalesQuery, WhaleTransaction, WhaleTransactions
from server.providers.amounts import amount_of
from server.providers.base import Follow, Reply, Request, Source
from server.providers.decode import dict_of, list_at
from server.providers.families.evm_rpc.wire import (
    address_at,
    call,
    hash_at,
    hex_at,
    optional_address,
    result_of,
    time_at,
)

BLOCKS = 3
"""Blocks that one answer looks at."""
LARGEST = 50
"""Transfers that one answer holds at most."""


def build_whales(_source: Source, _query: WhalesQuery) -> tuple[Request, ...]:
    """Ask for the newest block with all its transactions."""
    return (call("eth_getBlockByNumber", "latest", True),)


def parse_whales(_source: Source, query: WhalesQuery, replies: tuple[Reply, ...]) -> WhaleTransactions | Follow:
    """Return the largest transfers of the newest blocks; whether a call failed is not known without its receipt."""
    blocks = [dict_of(result, "block") for reply in replies if (result := result_of(reply)) is not None]
    if not blocks:
        raise BadAnswer("empty", "no block")
    if len(replies) == 1:
        height = hex_at(blocks[0], "number")
        earlier = range(height - 1, max(height - BLOCKS, -1), -1)
        if earlier:
            return Follow(tuple(call("eth_getBlockByNumber", hex(number), True) for number in earlier))
    found = [transfer for block in blocks for transfer in _transfers(query, block)]
    largest = sorted(found, key=lambda transfer: transfer[0], reverse=True)[:LARGEST]
    values = [_value(query.chain, units, row, height, time) for units, row, height, time in largest]
    values.sort(key=attrgetter("block_height"), reverse=True)
    return WhaleTransactions(query.chain.id, tuple(values), time_at(blocks[0], "timestamp"))


_Transfer = tuple[int, dict[str, object], int, datetime]


def _transfers(query: WhalesQuery, block: dict[str, object]) -> list[_Transfer]:
    height, time = hex_at(block, "number"), time_at(block, "timestamp")
    rows = (dict_of(row, "transaction") for row in list_at(block, "transactions"))
    moved = ((hex_at(row, "value"), row, height, time) for row in rows)
    return [one for one in moved if one[0] > 0 and amount_of(one[0], query.chain.decimals) >= query.least]


def _value(chain: Chain, units: int, row: dict[str, object], height: int, time: datetime) -> WhaleTransaction:
    return WhaleTransaction(
        chain.id,
        hash=hash_at(row, "hash"),
        asset=chain.native_asset,
        symbol=chain.native_symbol,
        amount=amount_of(units, chain.decimals),
        time=time,
        block_height=height,
        sender=address_at(row, "from"),
        recipient=optional_address(row, "to"),
    )
