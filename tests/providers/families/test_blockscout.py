"""Blockscout: statistics, blocks, addresses and transactions of its v2 API, in its older and newer names."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.errors import BadAnswer
from server.model import (
    Asset,
    BalanceQuery,
    BlockQuery,
    Chain,
    ChainQuery,
    GasQuery,
    TransactionQuery,
    TransactionsQuery,
)
from server.providers.base import Follow, Reply
from server.providers.families.blockscout import PROVIDER
from server.providers.families.blockscout.wire import token_units

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
OTHER = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
Answers = Callable[..., Any]


def test_gas_is_read_in_both_forms(answer: Answers, ethereum: Chain) -> None:
    """Prices come as numbers or as objects with a price; none at all is an empty answer."""
    new = answer(PROVIDER, GasQuery(ethereum), ("blockscout/stats.json",))
    assert (new.slow, new.standard, new.fast) == (Decimal("9.75"), Decimal("10.5"), Decimal("12.01"))
    assert new.source_time == datetime(2024, 1, 11, 15, 46, 10, 123456, tzinfo=UTC)
    old = answer(PROVIDER, GasQuery(ethereum), ("blockscout/stats_old.json",))
    assert (old.slow, old.standard, old.fast, old.source_time) == (Decimal(30), Decimal("31.5"), Decimal(35), None)
    with pytest.raises(BadAnswer, match="empty"):
        answer(PROVIDER, GasQuery(ethereum), ("blockscout/stats_without_gas.json",))


def test_blocks_are_asked_for_by_any_name(answer: Answers, ethereum: Chain) -> None:
    """The newest comes from the list, any other by height or hash; another block than asked for is refused."""
    newest = answer(PROVIDER, BlockQuery(ethereum), ("blockscout/blocks.json",))
    assert (newest.height, newest.transaction_count, newest.base_fee_gwei) == (20_000_000, 143, Decimal(10))
    assert newest.source_time == newest.time
    for name in ("20000000", "0x" + "b" * 64):
        assert answer(PROVIDER, BlockQuery(ethereum, name), ("blockscout/block.json",)).source_time is None
    with pytest.raises(BadAnswer, match="wrong_asset"):
        answer(PROVIDER, BlockQuery(ethereum, "7"), ("blockscout/block.json",))


def test_the_chain_is_its_newest_block(answer: Answers, ethereum: Chain) -> None:
    """Height and time are the newest block's, the mean interval the explorer's."""
    state = answer(PROVIDER, ChainQuery(ethereum), ("blockscout/blocks.json", "blockscout/stats.json"))
    assert (state.height, state.mean_block_interval) == (20_000_000, timedelta(seconds=12.066))
    without = answer(PROVIDER, ChainQuery(ethereum), ("blockscout/blocks.json", "blockscout/stats_without_gas.json"))
    assert without.mean_block_interval is None


def test_balances_have_the_asked_tokens(answer: Answers, ethereum: Chain, usd_coin: Asset) -> None:
    """Tokens that are asked for and not listed are held in no amount; what is not a coin is left out."""
    plain = answer(PROVIDER, BalanceQuery(ethereum, ADDRESS), ("blockscout/address.json",))
    assert (plain.amount, plain.tokens) == (Decimal("2.000000000000000001"), ())
    files = ("blockscout/address.json", "blockscout/token_balances.json")
    held = answer(PROVIDER, BalanceQuery(ethereum, ADDRESS, (usd_coin,)), files)
    assert [token.amount for token in held.tokens] == [Decimal("1234.56789")]
    with pytest.raises(BadAnswer, match="empty"):
        answer(PROVIDER, BalanceQuery(ethereum, ADDRESS), ("blockscout/address_unknown_balance.json",))
    with pytest.raises(BadAnswer, match="wrong_asset"):
        answer(PROVIDER, BalanceQuery(ethereum, OTHER), ("blockscout/address.json",))


def test_a_token_beyond_belief_that_nobody_asked_for_costs_nothing(example: Callable[[str], Reply]) -> None:
    """Anyone may send an address any token: only what is asked for is read."""
    reply = example("blockscout/token_balances.json")
    rows = json.loads(reply.body)
    contract = rows[0]["token"].get("address_hash") or rows[0]["token"]["address"]
    spam = {"token": {"type": "ERC-20", "address": "0x" + "5" * 40}, "value": str(2**256 - 1)}
    spoiled = reply._replace(body=json.dumps([spam, *rows]).encode())
    assert token_units(spoiled, {contract.lower()}) == {contract.lower(): int(rows[0]["value"])}
    with pytest.raises(BadAnswer, match="out_of_bounds"):
        token_units(spoiled)


def test_transactions_state_their_effect(answer: Answers, ethereum: Chain) -> None:
    """What was sent costs its value and fee, what failed its fee alone, what waits comes first."""
    page = answer(
        PROVIDER,
        TransactionsQuery(ethereum, ADDRESS),
        ("blockscout/transactions.json",),
        ("blockscout/transactions_last.json",),
    )
    assert [(one.status, one.effect) for one in page.transactions] == [
        ("pending", Decimal("-0.000252")),
        ("confirmed", Decimal("-1.500252")),
        ("confirmed", Decimal(1)),
        ("failed", Decimal("-0.000252")),
        ("confirmed", Decimal("0.1")),
    ]
    assert page.transactions[0].recipient is None


def test_the_next_page_is_asked_for_as_the_explorer_says(ethereum: Chain, example: Callable[..., Reply]) -> None:
    """The parameters of the next page go back as they came, and only while more is wanted."""
    capability = PROVIDER.capability(TransactionsQuery.kind)
    assert capability is not None
    replies = (example("blockscout/transactions.json"),)
    more = capability.parse(PROVIDER.sources[0], TransactionsQuery(ethereum, ADDRESS, 5), replies)
    assert isinstance(more, Follow)
    assert dict(more.requests[0].query)["block_number"] == "19999999"
    enough = capability.parse(PROVIDER.sources[0], TransactionsQuery(ethereum, ADDRESS, 2), replies)
    assert not isinstance(enough, Follow)


@pytest.mark.parametrize("name", ["transaction", "transaction_old"])
def test_one_transaction_in_older_and_newer_names(answer: Answers, ethereum: Chain, name: str) -> None:
    """The block's number is read under both its names."""
    query = TransactionQuery(ethereum, "0x" + "1" * 64)
    found = answer(PROVIDER, query, (f"blockscout/{name}.json",))
    assert (found.block_height, found.amount, found.fee) == (20_000_000, Decimal("1.5"), Decimal("0.000252"))
    assert found.effect is None


def test_what_is_not_there_is_told_apart(ethereum: Chain, example: Callable[..., Reply]) -> None:
    """A 404 says that the explorer does not know it, a 422 that it was asked wrongly."""
    query = TransactionQuery(ethereum, "0x" + "1" * 64)
    capability = PROVIDER.capability(query.kind)
    assert capability is not None
    for status, reason in ((404, "unknown_asset"), (422, "error_body")):
        with pytest.raises(BadAnswer, match=reason):
            capability.parse(PROVIDER.sources[0], query, (example("blockscout/not_found.json", status),))
