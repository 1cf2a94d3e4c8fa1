"""blockchain.info: balances, transactions and the newest block of bitcoin, one request each."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from server.errors import BadAnswer
from server.model import (
    BalanceQuery,
    BlockQuery,
    Chain,
    ChainQuery,
    TransactionQuery,
    TransactionsQuery,
    WhalesQuery,
)
from server.providers.base import Reply
from server.providers.blockchain_info import PROVIDER, accounts

ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
Answers = Callable[..., Any]


def test_balance_and_newest_block(answer: Answers, bitcoin: Chain) -> None:
    """The balance is that of the asked address; of the newest block height, hash and time are known."""
    held = answer(PROVIDER, BalanceQuery(bitcoin, ADDRESS), ("blockchain_info/balance.json",))
    assert (held.amount, held.transaction_count) == (Decimal("500.01999"), 2)
    with pytest.raises(BadAnswer, match="wrong_asset"):
        answer(
            PROVIDER,
            BalanceQuery(bitcoin, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            ("blockchain_info/balance.json",),
        )
    block = answer(PROVIDER, BlockQuery(bitcoin), ("blockchain_info/latestblock.json",))
    state = answer(PROVIDER, ChainQuery(bitcoin), ("blockchain_info/latestblock.json",))
    assert block.height == state.height == 860_000
    assert block.source_time == state.source_time


def test_only_what_one_small_answer_holds_is_served(bitcoin: Chain) -> None:
    """Blocks by name (megabytes each) and more than fifty transactions are left to others."""
    for query in (BlockQuery(bitcoin, "860000"), TransactionsQuery(bitcoin, ADDRESS, 51)):
        capability = PROVIDER.capability(query.kind)
        assert capability is not None
        assert not capability.serves(PROVIDER.sources[0], query)


def test_transactions_and_one_of_them(answer: Answers, bitcoin: Chain) -> None:
    """The effect on the address is what the source itself calls the result."""
    page = answer(PROVIDER, TransactionsQuery(bitcoin, ADDRESS), ("blockchain_info/rawaddr.json",))
    assert [(one.status, one.effect) for one in page.transactions] == [
        ("pending", Decimal("-0.03001")),
        ("confirmed", Decimal(500)),
    ]
    one = answer(PROVIDER, TransactionQuery(bitcoin, "2" * 64), ("blockchain_info/rawtx.json",))
    assert (one.block_height, one.amount) == (860_000, Decimal("1199.99999"))
    with pytest.raises(BadAnswer, match="wrong_asset"):
        answer(PROVIDER, TransactionQuery(bitcoin, "3" * 64), ("blockchain_info/rawtx.json",))
    assert accounts(Reply(200, b'{"addresses": [], "txs": []}')) == ()


def test_whales_are_taken_from_what_waits(answer: Answers, bitcoin: Chain) -> None:
    """Only what reaches the least amount is listed, without change and without new coins."""
    found = answer(PROVIDER, WhalesQuery(bitcoin, Decimal(100)), ("blockchain_info/unconfirmed.json",))
    assert [(whale.amount, whale.block_height) for whale in found.transactions] == [(Decimal("1199.99999"), None)]


def test_what_is_not_there(bitcoin: Chain, example: Callable[..., Reply]) -> None:
    """The source says in its body, with status 404 or 500, that it has no such transaction."""
    capability = PROVIDER.capability(TransactionQuery.kind)
    assert capability is not None
    for status in (200, 404):
        with pytest.raises(BadAnswer, match="unknown_asset"):
            capability.parse(
                PROVIDER.sources[0],
                TransactionQuery(bitcoin, "2" * 64),
                (example("blockchain_info/not_found.json", status),),
            )
