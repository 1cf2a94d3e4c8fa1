"""Etherscan-like explorers: queries with the chain in path or parameter, errors inside HTTP 200, proxied calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from server.errors import BadAnswer
from server.model import (
    Asset,
    BalanceQuery,
    BlockQuery,
    Chain,
    GasQuery,
    TransactionQuery,
    TransactionsQuery,
)
from server.providers.base import Reply, Request
from server.providers.families.etherscan import PROVIDER
from server.providers.families.etherscan.wire import ether_price, result_of, withdrawals

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
ROUTESCAN, ETHERSCAN = 0, 1
Answers = Callable[..., Any]


def requests(query: Any, source: int) -> tuple[Request, ...]:
    """Return what a source is asked."""
    capability = PROVIDER.capability(query.kind)
    assert capability is not None
    return capability.build(PROVIDER.sources[source], query)


def test_the_chain_is_in_the_path_or_in_a_parameter(ethereum: Chain) -> None:
    """Routescan has the chain's id in its path, Etherscan V2 takes it as a parameter; neither shows a key."""
    (one,) = requests(BalanceQuery(ethereum, ADDRESS), ROUTESCAN)
    assert one.path == "/v2/network/mainnet/evm/1/etherscan/api"
    assert dict(one.query) == {"module": "account", "action": "balance", "address": ADDRESS, "tag": "latest"}
    (other,) = requests(BalanceQuery(ethereum, ADDRESS), ETHERSCAN)
    assert (other.path, dict(other.query)["chainid"]) == ("", "1")
    assert "apikey" not in dict(other.query)
    assert PROVIDER.sources[ROUTESCAN].key is None
    assert PROVIDER.sources[ETHERSCAN].key is not None


def test_calls_go_through_the_proxy_module(ethereum: Chain) -> None:
    """A JSON-RPC call becomes a query of the proxy module with its parameters named."""
    (block,) = requests(BlockQuery(ethereum, "20000000"), ETHERSCAN)
    assert dict(block.query) == {
        "chainid": "1",
        "module": "proxy",
        "action": "eth_getBlockByNumber",
        "tag": "0x1312d00",
        "boolean": "false",
    }
    both = requests(TransactionQuery(ethereum, "0x" + "1" * 64), ROUTESCAN)
    assert [dict(one.query)["action"] for one in both] == ["eth_getTransactionByHash", "eth_getTransactionReceipt"]
    assert all(dict(one.query)["txhash"] == "0x" + "1" * 64 for one in both)


def test_what_it_does_not_serve(ethereum: Chain, bitcoin: Chain, usd_coin: Asset) -> None:
    """Blocks by hash, balances with tokens and other chains are left to others."""
    bnb = Chain("bnb", "BNB", ethereum.family, "bnb", "BNB", 18, 56)
    for query in (
        BlockQuery(ethereum, "0x" + "1" * 64),
        BalanceQuery(ethereum, ADDRESS, (usd_coin,)),
        GasQuery(bitcoin),
        GasQuery(bnb),
    ):
        capability = PROVIDER.capability(query.kind)
        assert capability is not None
        assert not any(capability.serves(source, query) for source in PROVIDER.sources)


def test_balance_gas_and_block(answer: Answers, ethereum: Chain) -> None:
    """Wei become ether without losing a digit; the oracle's speeds are in gwei; a proxied block is a block."""
    held = answer(PROVIDER, BalanceQuery(ethereum, ADDRESS), ("etherscan/balance.json",))
    assert held.amount == Decimal("2.000000000000000001")
    gas = answer(PROVIDER, GasQuery(ethereum), ("etherscan/gas_oracle.json",))
    assert (gas.slow, gas.standard, gas.fast) == (Decimal("10.1"), Decimal(11), Decimal("13.25"))
    assert (gas.base_fee, gas.block_height) == (Decimal("9.512345678"), 20_000_000)
    assert answer(PROVIDER, BlockQuery(ethereum), ("evm_rpc/block.json",)).height == 20_000_000


def test_transactions_state_their_effect(answer: Answers, ethereum: Chain) -> None:
    """Sent, received, failed and a contract made: each with what it did to the address; none at all is an answer."""
    page = answer(PROVIDER, TransactionsQuery(ethereum, ADDRESS), ("etherscan/txlist.json",))
    assert [(one.status, one.effect) for one in page.transactions] == [
        ("confirmed", Decimal("-1.500252")),
        ("confirmed", Decimal(1)),
        ("failed", Decimal("-0.000252")),
        ("confirmed", Decimal("-0.000252")),
    ]
    assert page.transactions[3].recipient is None
    empty = answer(PROVIDER, TransactionsQuery(ethereum, ADDRESS), ("etherscan/txlist_empty.json",))
    assert empty.transactions == ()
    other = "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"
    with pytest.raises(BadAnswer, match="wrong_asset"):
        answer(PROVIDER, TransactionsQuery(ethereum, other), ("etherscan/txlist.json",))


def test_a_proxied_transaction_asks_for_its_block_the_same_way(answer: Answers, ethereum: Chain) -> None:
    """The block that gives the time is asked for through the proxy module too."""
    query = TransactionQuery(ethereum, "0x" + "1" * 64)
    files = ("evm_rpc/transaction.json", "evm_rpc/receipt.json")
    found = answer(PROVIDER, query, files, ("evm_rpc/block.json",), source=ETHERSCAN)
    assert (found.status, found.fee) == ("confirmed", Decimal("0.000252"))
    with pytest.raises(BadAnswer, match="throttled"):
        answer(PROVIDER, query, ("etherscan/refused_rate.json", "evm_rpc/receipt.json"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("refused_rate", "throttled"),
        ("refused_key", "key_rejected"),
        ("refused_chain", "error_body"),
        ("refused_null", "error_body"),
    ],
)
def test_refusals_inside_status_200(example: Callable[..., Reply], name: str, reason: str) -> None:
    """What the source refuses stands in the result's text and is told by reason, without the text itself."""
    with pytest.raises(BadAnswer) as caught:
        result_of(example(f"etherscan/{name}.json"))
    assert caught.value.reason == reason
    assert "XYZ" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Too many invalid api key attempts, please try again later", "key_rejected"),
        ("Missing/Invalid API Key, rate limit of 1/5sec applied", "throttled"),
        ("Max calls per sec rate limit reached (3/sec)", "throttled"),
        ("Too many requests", "throttled"),
    ],
)
def test_a_rejected_key_is_told_from_too_many_calls(said: str, reason: str) -> None:
    """The words of both look alike; what is set aside differs: the key, or the source."""
    body = json.dumps({"status": "0", "message": "NOTOK", "result": said}).encode()
    with pytest.raises(BadAnswer) as caught:
        result_of(Reply(200, body))
    assert caught.value.reason == reason


def test_beside_the_kinds(example: Callable[..., Reply]) -> None:
    """The price of ether and beacon withdrawals are read for recorded answers."""
    assert [row.last for row in ether_price(example("etherscan/ether_price.json"))] == [
        Decimal("2512.33"),
        Decimal("0.0371"),
    ]
    assert withdrawals(example("etherscan/withdrawals.json")) == ((ADDRESS, Decimal(10742175)),)
