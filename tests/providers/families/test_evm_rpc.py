"""EVM nodes: what is asked for each kind, what is made of the answers, how errors are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.errors import BadAnswer
from server.model import (
    Asset,
    Balance,
    BalanceQuery,
    Block,
    BlockQuery,
    Chain,
    ChainQuery,
    ChainStatus,
    GasPrice,
    GasQuery,
    Transaction,
    TransactionQuery,
    TransactionsQuery,
    WhalesQuery,
    WhaleTransactions,
)
from server.providers.base import Reply
from server.providers.families.evm_rpc import PROVIDER
from server.providers.families.evm_rpc.wire import result_of

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
OTHER = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
TIME = datetime(2024, 1, 11, 14, 49, 36, tzinfo=UTC)
Answers = Callable[..., Any]


def asked(query: Any) -> list[tuple[str, list[object]]]:
    """Return the calls of a query as (method, parameters)."""
    capability = PROVIDER.capability(query.kind)
    assert capability is not None
    requests = capability.build(PROVIDER.sources[0], query)
    assert all(request.method == "POST" and not request.path for request in requests)
    bodies: list[Any] = [request.json for request in requests]
    return [(body["method"], body["params"]) for body in bodies]


def test_three_free_nodes_serve_each_chain() -> None:
    """Ethereum, Polygon and BNB have three nodes of their own each, none of which wants a key."""
    for chain in ("ethereum", "polygon", "bnb"):
        nodes = [source for source in PROVIDER.sources if source.chains == (chain,)]
        assert len(nodes) == 3
        assert not any(source.key for source in nodes)


def test_each_kind_asks_its_calls(ethereum: Chain, usd_coin: Asset) -> None:
    """The calls are single ones, with the parameters that the execution API documents."""
    hash_ = "0x" + "1" * 64
    assert asked(GasQuery(ethereum)) == [
        ("eth_feeHistory", ["0x14", "latest", [10, 50, 90]]),
        ("eth_getBlockByNumber", ["latest", False]),
    ]
    assert asked(BlockQuery(ethereum, "20000000")) == [("eth_getBlockByNumber", ["0x1312d00", False])]
    assert asked(BlockQuery(ethereum, hash_)) == [("eth_getBlockByHash", [hash_, False])]
    assert asked(TransactionQuery(ethereum, hash_)) == [
        ("eth_getTransactionByHash", [hash_]),
        ("eth_getTransactionReceipt", [hash_]),
    ]
    token = usd_coin.contracts[0].address
    data = "0x70a08231" + "0" * 24 + ADDRESS[2:].lower()
    assert asked(BalanceQuery(ethereum, ADDRESS, (usd_coin,))) == [
        ("eth_getBalance", [ADDRESS, "latest"]),
        ("eth_getTransactionCount", [ADDRESS, "latest"]),
        ("eth_call", [{"to": token, "data": data}, "latest"]),
    ]


def test_a_node_serves_its_own_chain_and_no_history(ethereum: Chain, bitcoin: Chain) -> None:
    """A node is not asked of another chain, nor for the transactions of an address, which it cannot list."""
    gas = PROVIDER.capability(GasQuery.kind)
    assert gas is not None
    served = [source.id for source in PROVIDER.sources if gas.serves(source, GasQuery(ethereum))]
    assert served == ["publicnode_ethereum", "drpc_ethereum", "onerpc_ethereum"]
    assert not any(gas.serves(source, GasQuery(bitcoin)) for source in PROVIDER.sources)
    assert PROVIDER.capability(TransactionsQuery.kind) is None


def test_gas_is_the_next_base_fee_with_median_rewards(answer: Answers, ethereum: Chain) -> None:
    """Slow, standard and fast add the medians of the 10th, 50th and 90th percentile to the next block's base fee."""
    gas = answer(PROVIDER, GasQuery(ethereum), ("evm_rpc/fee_history.json", "evm_rpc/block.json"))
    assert gas == GasPrice(
        "ethereum",
        "gwei",
        slow=Decimal("9.6"),
        standard=Decimal("10.5"),
        fast=Decimal(12),
        base_fee=Decimal("9.5"),
        priority_fee=Decimal(1),
        block_height=20_000_000,
        source_time=TIME,
    )


@pytest.mark.parametrize("first", ["fee_history_without_base", "error_method", "null"])
def test_gas_falls_back_to_the_nodes_own_price(answer: Answers, ethereum: Chain, first: str) -> None:
    """Where there is no base fee or no fee history, eth_gasPrice is asked for and stands for all speeds."""
    gas = answer(
        PROVIDER, GasQuery(ethereum), (f"evm_rpc/{first}.json", "evm_rpc/block.json"), ("evm_rpc/gas_price.json",)
    )
    assert (gas.slow, gas.standard, gas.fast, gas.base_fee) == (Decimal(12), Decimal(12), Decimal(12), None)


def test_a_block_has_its_fields_and_its_age_only_when_newest(answer: Answers, ethereum: Chain) -> None:
    """An old block that was asked for by height is not stale: only the newest block's time is the answer's age."""
    newest = answer(PROVIDER, BlockQuery(ethereum), ("evm_rpc/block.json",))
    assert isinstance(newest, Block)
    assert (newest.height, newest.time, newest.source_time, newest.transaction_count) == (20_000_000, TIME, TIME, 3)
    assert newest.base_fee_gwei == Decimal(10)
    assert newest.miner == "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"
    named = answer(PROVIDER, BlockQuery(ethereum, "20000000"), ("evm_rpc/block.json",))
    assert named.source_time is None
    with pytest.raises(BadAnswer, match="wrong_asset"):
        answer(PROVIDER, BlockQuery(ethereum, "19999999"), ("evm_rpc/block.json",))
    with pytest.raises(BadAnswer, match="unknown_asset"):
        answer(PROVIDER, BlockQuery(ethereum, "99999999"), ("evm_rpc/null.json",))
    with pytest.raises(BadAnswer, match="empty"):
        answer(PROVIDER, BlockQuery(ethereum), ("evm_rpc/null.json",))


def test_the_chain_measures_its_mean_interval(answer: Answers, ethereum: Chain) -> None:
    """The interval is that of the last hundred blocks; a host of another chain is told by its id."""
    files = ("evm_rpc/block.json", "evm_rpc/chain_id.json")
    state = answer(PROVIDER, ChainQuery(ethereum), files, ("evm_rpc/block_earlier.json",))
    assert isinstance(state, ChainStatus)
    assert (state.height, state.block_time, state.mean_block_interval) == (20_000_000, TIME, timedelta(seconds=12.05))
    with pytest.raises(BadAnswer, match="wrong_asset"):
        answer(PROVIDER, ChainQuery(ethereum), ("evm_rpc/block.json", "evm_rpc/count.json"))
    with pytest.raises(BadAnswer, match="out_of_bounds"):
        answer(PROVIDER, ChainQuery(ethereum), files, ("evm_rpc/block.json",))


def test_a_balance_is_exact_to_the_wei(answer: Answers, ethereum: Chain, usd_coin: Asset) -> None:
    """Native and token amounts keep every digit; a token whose contract does not answer is left out."""
    query = BalanceQuery(ethereum, ADDRESS, (usd_coin,))
    base = ("evm_rpc/balance.json", "evm_rpc/count.json")
    held = answer(PROVIDER, query, (*base, "evm_rpc/token.json"))
    assert isinstance(held, Balance)
    assert (held.amount, held.transaction_count) == (Decimal("2.000000000000000001"), 21)
    assert [(token.asset, token.amount) for token in held.tokens] == [("usd-coin", Decimal("1234.56789"))]
    for missing in ("nothing", "error_revert"):
        assert not answer(PROVIDER, query, (*base, f"evm_rpc/{missing}.json")).tokens
    with pytest.raises(BadAnswer, match="throttled"):
        answer(PROVIDER, query, (*base, "evm_rpc/error_limit.json"))


def test_a_transaction_takes_status_and_fee_from_its_receipt(answer: Answers, ethereum: Chain) -> None:
    """The fee is gas used times the effective price; the time is its block's; without a receipt it waits."""
    query = TransactionQuery(ethereum, "0x" + "1" * 64)
    block = ("evm_rpc/block.json",)
    good = answer(PROVIDER, query, ("evm_rpc/transaction.json", "evm_rpc/receipt.json"), block)
    assert isinstance(good, Transaction)
    assert (good.status, good.amount, good.fee, good.time) == (
        "confirmed",
        Decimal("1.5"),
        Decimal("0.000252"),
        TIME,
    )
    assert (good.sender, good.recipient, good.nonce, good.block_height) == (ADDRESS, OTHER, 21, 20_000_000)
    failed = answer(PROVIDER, query, ("evm_rpc/transaction.json", "evm_rpc/receipt_failed.json"), block)
    assert failed.status == "failed"
    waits = answer(PROVIDER, query, ("evm_rpc/transaction_waiting.json", "evm_rpc/null.json"))
    assert (waits.status, waits.fee, waits.time, waits.block_height) == ("pending", None, None, None)
    with pytest.raises(BadAnswer, match="unknown_asset"):
        answer(PROVIDER, query, ("evm_rpc/null.json", "evm_rpc/null.json"))
    with pytest.raises(BadAnswer, match="wrong_asset"):
        answer(
            PROVIDER,
            TransactionQuery(ethereum, "0x" + "2" * 64),
            ("evm_rpc/transaction.json", "evm_rpc/receipt.json"),
        )


def test_whales_are_native_transfers_of_the_newest_blocks(answer: Answers, ethereum: Chain) -> None:
    """Transfers that reach the least amount are listed, newest block first, the largest of a block first."""
    found = answer(
        PROVIDER,
        WhalesQuery(ethereum, Decimal(10)),
        ("evm_rpc/block_full.json",),
        ("evm_rpc/block_full_earlier.json", "evm_rpc/null.json"),
    )
    assert isinstance(found, WhaleTransactions)
    assert [(whale.amount, whale.block_height) for whale in found.transactions] == [
        (Decimal(1500), 20_000_000),
        (Decimal(40), 20_000_000),
        (Decimal(7000), 19_999_999),
    ]
    assert found.source_time == TIME
    assert found.transactions[0].symbol == "ETH"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"limit exceeded"}}', "throttled"),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Too many requests, slow down"}}', "throttled"),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-32090}}', "throttled"),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-32046,"message":"Cannot fulfill request"}}', "error_body"),
        (b'{"jsonrpc":"2.0","id":1,"error":"Unauthorized"}', "error_body"),
        (b'{"jsonrpc":"2.0","id":1}', "schema"),
        (b"[]", "schema"),
        (b"<html>", "html"),
        (b"", "empty"),
        (b'{"jsonrpc":"2.0","id":1,"resu', "not_json"),
    ],
)
def test_errors_are_told_by_reason(body: bytes, reason: str) -> None:
    """A throttled host, an error inside status 200 and a broken body are told apart, without showing the message."""
    with pytest.raises(BadAnswer) as caught:
        result_of(Reply(200, body))
    assert caught.value.reason == reason
    assert "slow down" not in str(caught.value)
