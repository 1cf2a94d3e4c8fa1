"""Esplora and mempool.space: blocks, fees, addresses and transactions of output chains, satoshi as bitcoin."""

from __future__ import annotations

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
    GasPrice,
    GasQuery,
    PriceQuery,
    TransactionQuery,
    TransactionsQuery,
    WhalesQuery,
)
from server.providers import mempool
from server.providers.base import Follow, Reply
from server.providers.families import esplora

ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
OTHER = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
HASH = "e" * 64
Answers = Callable[..., Any]


def paths(provider: Any, query: Any) -> list[str]:
    """Return the paths that the provider asks its first source for."""
    capability = provider.capability(query.kind)
    assert capability is not None
    return [request.path for request in capability.build(provider.sources[0], query)]


def test_both_ask_the_same_paths_but_for_what_mempool_adds(bitcoin: Chain) -> None:
    """mempool.space is asked for its own blocks, fees and hash rate; everything else is Esplora's."""
    for query, plain, own in (
        (GasQuery(bitcoin), ["/fee-estimates"], ["/v1/fees/recommended"]),
        (BlockQuery(bitcoin), ["/blocks"], ["/v1/blocks"]),
        (BlockQuery(bitcoin, "860000"), ["/block-height/860000"], ["/block-height/860000"]),
        (BlockQuery(bitcoin, HASH), [f"/block/{HASH}"], [f"/v1/block/{HASH}"]),
        (ChainQuery(bitcoin), ["/blocks", "/mempool"], ["/v1/blocks", "/mempool", "/v1/mining/hashrate/1m"]),
        (BalanceQuery(bitcoin, ADDRESS), [f"/address/{ADDRESS}"], [f"/address/{ADDRESS}"]),
        (WhalesQuery(bitcoin), ["/mempool/recent", "/blocks/tip/hash"], ["/mempool/recent", "/blocks/tip/hash"]),
    ):
        assert paths(esplora.PROVIDER, query) == plain
        assert paths(mempool.PROVIDER, query) == own


def test_fee_estimates_become_three_speeds(answer: Answers, bitcoin: Chain) -> None:
    """One, three and six blocks are fast, standard and slow."""
    gas = answer(esplora.PROVIDER, GasQuery(bitcoin), ("esplora/fee_estimates.json",))
    assert gas == GasPrice("bitcoin", "sat/vB", Decimal("5.1"), Decimal("8.25"), Decimal("12.5"))
    gas = answer(mempool.PROVIDER, GasQuery(bitcoin), ("mempool/fees_recommended.json",))
    assert (gas.slow, gas.standard, gas.fast) == (Decimal(9), Decimal(11), Decimal(14))


@pytest.mark.parametrize(
    ("body", "speeds"),
    [
        (b'{"2": 7, "144": 1.5}', ("1.5", "1.5", "7")),
        (b'{"1008": 1}', ("1", "1", "1")),
        (b'{"1": 3, "3": 4, "6": 5}', ("5", "5", "5")),
    ],
)
def test_missing_estimates_take_the_next_longer_wait(bitcoin: Chain, body: bytes, speeds: tuple[str, ...]) -> None:
    """A target that is not there takes the next longer one's rate, and a shorter wait never costs less."""
    capability = esplora.PROVIDER.capability(GasQuery.kind)
    assert capability is not None
    gas = capability.parse(esplora.PROVIDER.sources[0], GasQuery(bitcoin), (Reply(200, body),))
    assert isinstance(gas, GasPrice)
    assert (gas.slow, gas.standard, gas.fast) == tuple(Decimal(speed) for speed in speeds)


def test_a_block_is_found_by_height_through_its_hash(answer: Answers, bitcoin: Chain) -> None:
    """A height is turned into a hash first; the pool is named where the host knows it."""
    by_height = answer(
        esplora.PROVIDER, BlockQuery(bitcoin, "860000"), ("esplora/tip_hash.txt",), ("esplora/block.json",)
    )
    assert (by_height.hash, by_height.transaction_count, by_height.source_time) == (HASH, 3121, None)
    newest = answer(mempool.PROVIDER, BlockQuery(bitcoin), ("mempool/blocks.json",))
    assert (newest.height, newest.miner, newest.source_time) == (860_000, "Foundry USA", newest.time)
    with pytest.raises(BadAnswer, match="wrong_asset"):
        answer(esplora.PROVIDER, BlockQuery(bitcoin, "1" * 64), ("esplora/block.json",))


def test_the_chain_has_what_each_host_measures(answer: Answers, bitcoin: Chain) -> None:
    """Height, time, difficulty and what waits come from both, the hash rate from mempool.space alone."""
    state = answer(esplora.PROVIDER, ChainQuery(bitcoin), ("esplora/blocks.json", "esplora/mempool.json"))
    assert (state.height, state.pending_transactions, state.hash_rate) == (860_000, 48_213, None)
    assert state.mean_block_interval == timedelta(seconds=550)
    assert state.difficulty == Decimal("95672703408223.94")
    files = ("mempool/blocks.json", "esplora/mempool.json", "mempool/hashrate.json")
    assert answer(mempool.PROVIDER, ChainQuery(bitcoin), files).hash_rate == Decimal("7.123456789012346e+20")


def test_a_balance_keeps_what_waits_apart(answer: Answers, bitcoin: Chain) -> None:
    """Funded less spent is the balance; the mempool's difference is pending and may be below zero."""
    held = answer(esplora.PROVIDER, BalanceQuery(bitcoin, ADDRESS), ("esplora/address.json",))
    assert (held.amount, held.pending, held.transaction_count) == (Decimal("399.995002"), Decimal("-0.0031"), 3)
    with pytest.raises(BadAnswer, match="wrong_asset"):
        answer(esplora.PROVIDER, BalanceQuery(bitcoin, OTHER), ("esplora/address.json",))


def test_transactions_state_their_effect_on_the_address(answer: Answers, bitcoin: Chain) -> None:
    """Each transaction says what the address gained or lost by it; those that wait come first."""
    page = answer(esplora.PROVIDER, TransactionsQuery(bitcoin, ADDRESS), ("esplora/transactions.json",))
    assert [(one.status, one.effect) for one in page.transactions] == [
        ("pending", Decimal("-0.0031")),
        ("confirmed", Decimal(400)),
        ("confirmed", Decimal("0.000002")),
    ]
    assert page.transactions[0].time is None
    assert page.transactions[1].time == datetime(2024, 10, 27, 3, 33, 20, tzinfo=UTC)
    assert page.transactions[1].amount == Decimal("899.9999")


def test_more_transactions_are_asked_for_page_by_page(bitcoin: Chain, example: Callable[..., Reply]) -> None:
    """A full page with more wanted asks for the page after its last confirmed transaction, four pages at most."""
    query = TransactionsQuery(bitcoin, ADDRESS, limit=100)
    capability = esplora.PROVIDER.capability(query.kind)
    assert capability is not None
    one = example("esplora/transaction.json").body.decode()
    replies: tuple[Reply, ...] = ()
    for page in range(4):
        rows = [one.replace("2" * 64, f"{page}{number:02}".rjust(64, "a")) for number in range(25)]
        replies += (Reply(200, f"[{','.join(rows)}]".encode()),)
        value = capability.parse(esplora.PROVIDER.sources[0], query, replies)
        if page < 3:
            assert isinstance(value, Follow)
            last = f"{page}24".rjust(64, "a")
            assert value.requests[0].path == f"/address/{ADDRESS}/txs/chain/{last}"
    assert not isinstance(value, Follow)
    assert len(getattr(value, "transactions", ())) == 100


def test_one_transaction_and_a_missing_one(answer: Answers, bitcoin: Chain) -> None:
    """A transaction is its inputs and outputs; a 404 in plain text says that there is none."""
    query = TransactionQuery(bitcoin, "2" * 64)
    found = answer(esplora.PROVIDER, query, ("esplora/transaction.json",))
    assert [(side.address, side.amount) for side in found.inputs] == [(OTHER, Decimal(900))]
    assert found.fee == Decimal("0.0001")
    capability = esplora.PROVIDER.capability(query.kind)
    assert capability is not None
    with pytest.raises(BadAnswer, match="unknown_asset"):
        capability.parse(esplora.PROVIDER.sources[0], query, (Reply(404, b"Transaction not found"),))
    with pytest.raises(BadAnswer, match="error_body"):
        capability.parse(esplora.PROVIDER.sources[0], query, (Reply(400, b"Invalid hex string"),))
    with pytest.raises(BadAnswer, match="html"):
        capability.parse(esplora.PROVIDER.sources[0], query, (Reply(404, b"<html>Cannot GET</html>"),))


@pytest.mark.parametrize("query", [GasQuery, BlockQuery, ChainQuery, WhalesQuery])
def test_a_404_is_a_failure_where_an_answer_is_due(bitcoin: Chain, query: Any) -> None:
    """A source that has lost a path which always has an answer has failed: it does not merely not know."""
    capability = esplora.PROVIDER.capability(query.kind)
    assert capability is not None
    gone = Reply(404, b"Not found")
    with pytest.raises(BadAnswer, match="error_body"):
        capability.parse(esplora.PROVIDER.sources[0], query(bitcoin), (gone, gone))


def test_whales_leave_change_and_coinbase_out(answer: Answers, bitcoin: Chain) -> None:
    """A confirmed transfer counts what went to others; what waits comes first; new coins are no transfer."""
    found = answer(
        esplora.PROVIDER,
        WhalesQuery(bitcoin, Decimal(1)),
        ("esplora/recent.json", "esplora/tip_hash.txt"),
        ("esplora/block_transactions.json", "esplora/block_transactions.json"),
    )
    assert [(whale.amount, whale.block_height, whale.recipient) for whale in found.transactions] == [
        (Decimal(650), None, None),
        (Decimal(400), 860_000, ADDRESS),
    ]


def test_the_price_is_for_bitcoin_in_known_currencies(answer: Answers) -> None:
    """mempool.space prices bitcoin alone; a currency that it marks with -1 has no price."""
    bitcoin = Asset("bitcoin", "BTC", "Bitcoin")
    price = answer(mempool.PROVIDER, PriceQuery(bitcoin, "EUR"), ("mempool/prices.json",))
    assert (price.asset, price.quote, price.value) == ("bitcoin", "EUR", Decimal(62801))
    with pytest.raises(BadAnswer, match="empty"):
        answer(mempool.PROVIDER, PriceQuery(bitcoin, "JPY"), ("mempool/prices.json",))
    capability = mempool.PROVIDER.capability(PriceQuery.kind)
    assert capability is not None
    for query in (PriceQuery(bitcoin, "USDT"), PriceQuery(Asset("ethereum", "ETH", "Ethereum"), "USD")):
        assert not capability.serves(mempool.PROVIDER.sources[0], query)
