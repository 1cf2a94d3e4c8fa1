"""Whatever bytes come, readers and parsers of on-chain, news and sentiment providers give a value or BadAnswer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from server.errors import BadAnswer
from server.model import (
    Asset,
    BalanceQuery,
    BlockQuery,
    Chain,
    ChainFamily,
    ChainQuery,
    Contract,
    FearGreedQuery,
    GasQuery,
    NewsQuery,
    PriceQuery,
    TransactionQuery,
    TransactionsQuery,
    WhalesQuery,
)
from server.providers import alternative_me, blockchain_info, mempool
from server.providers.base import Follow, Provider, Reply
from server.providers.catalog import PROVIDERS
from server.providers.families import blockscout, esplora, etherscan, evm_rpc, rss
from tests.providers.market.test_fuzz import PROVIDERS as MARKETS

EXAMPLES = Path(__file__).parents[1] / "examples"
FOLDERS = {
    "alternative_me": alternative_me.PROVIDER,
    "blockchain_info": blockchain_info.PROVIDER,
    "blockscout": blockscout.PROVIDER,
    "esplora": esplora.PROVIDER,
    "etherscan": etherscan.PROVIDER,
    "evm_rpc": evm_rpc.PROVIDER,
    "mempool": mempool.PROVIDER,
    "rss": rss.PROVIDER,
}
ETHEREUM = Chain("ethereum", "Ethereum", ChainFamily.EVM, "ethereum", "ETH", 18, 1, 12.0)
BITCOIN = Chain("bitcoin", "Bitcoin", ChainFamily.BITCOIN, "bitcoin", "BTC", 8, None, 600.0)
TOKEN = Asset("t", "T", "T", contracts=(Contract("ethereum", "0x" + "1" * 40, 6, ""),))
EVM_ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
BTC_ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
QUERIES: tuple[Any, ...] = (
    FearGreedQuery(),
    NewsQuery(),
    PriceQuery(Asset("bitcoin", "BTC", "Bitcoin")),
    *(query(chain) for query in (GasQuery, BlockQuery, ChainQuery, WhalesQuery) for chain in (ETHEREUM, BITCOIN)),
    BlockQuery(BITCOIN, "860000"),
    BlockQuery(BITCOIN, "e" * 64),
    BalanceQuery(ETHEREUM, EVM_ADDRESS, (TOKEN,)),
    BalanceQuery(ETHEREUM, EVM_ADDRESS),
    BalanceQuery(BITCOIN, BTC_ADDRESS),
    TransactionsQuery(ETHEREUM, EVM_ADDRESS),
    TransactionsQuery(BITCOIN, BTC_ADDRESS),
    TransactionQuery(ETHEREUM, "0x" + "1" * 64),
    TransactionQuery(BITCOIN, "2" * 64),
)
DEEP = 100_000
HOSTILE = (
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b"true",
    b'"text"',
    b"1e999999999",
    b"-1",
    b"NaN",
    b"[NaN]",
    b'{"result": Infinity}',
    b"[" * DEEP,
    b'{"result":' * DEEP,
    b"[" * DEEP + b"]" * DEEP,
    b"<a>" * DEEP,
    b"9" * 100_000,
    b'{"jsonrpc":"2.0","id":1,"result":"0x' + b"f" * 100_000 + b'"}',
    b'{"jsonrpc":"2.0","id":1,"result":"' + b"x" * 10_000_000 + b'"}',
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b'{"a":"\\ud800"}',
    b'{"result":[' + b"{}," * 1000 + b"{}]}",
    b"<!DOCTYPE html><html></html>",
    b"<html>403</html>",
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><rss>&b;</rss>',
)
WORDS = (
    b"null",
    b"-1",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b"NaN",
    b"1e400",
    b"99999999999999999999999999999999999999999999",
    b'"\\ud83d"',
    b'"0x"',
    b'"-0x1"',
    b'"' + b"9" * 200 + b'"',
    b"0.1",
)


def mutated(body: bytes, dice: random.Random) -> bytes:
    """Return a body with one thing wrong: cut, a byte changed, a part doubled or lost, a value replaced."""
    at = dice.randrange(max(len(body), 1))
    kind = dice.randrange(5)
    if kind == 0:
        return body[:at]
    if kind == 1:
        return body[:at] + bytes([dice.randrange(256)]) + body[at + 1 :]
    if kind == 2:
        return body[:at] + body[max(0, at - dice.randrange(60)) :]
    if kind == 3:
        return body[:at] + body[at + dice.randrange(1, 60) :]
    start = body.find(b":", at)
    end = min((place for place in (body.find(mark, start) for mark in (b",", b"}", b"\n")) if place > 0), default=-1)
    return body[: start + 1] + dice.choice(WORDS) + body[end:] if start > 0 and end > 0 else body[:at]


def fed(provider: Provider, query: Any, replies: list[Reply]) -> None:
    """Give a parser the same replies again and again until it asks for nothing more."""
    capability = provider.capability(query.kind)
    if capability is None:
        return
    for source in provider.sources[:2]:
        if not capability.serves(source, query):
            continue
        due = len(capability.build(source, query))
        given: tuple[Reply, ...] = ()
        for _ in range(6):
            given += tuple((replies * due)[:due])
            try:
                value = capability.parse(source, query, given)
            except BadAnswer:
                break
            if not isinstance(value, Follow):
                break
            due = len(value.requests)


def read(provider: Provider, reply: Reply) -> None:
    """Give a reply to every reader."""
    for recorded in provider.recorded:
        try:
            recorded.reader(reply)
        except BadAnswer:
            continue


def bodies(folder: str) -> Iterator[tuple[str, bytes]]:
    """Yield the examples of a provider, for those that share another's format its examples too."""
    shared = {"mempool": ("esplora",), "etherscan": ("evm_rpc",), "blockscout": ("etherscan",)}.get(folder, ())
    for name in (folder, *shared):
        for path in sorted((EXAMPLES / name).iterdir()):
            yield path.name, path.read_bytes()


def test_every_provider_is_fuzzed() -> None:
    """Here or with the markets; and every kind that one here serves is asked for."""
    assert {*FOLDERS, *MARKETS} == {provider.name for provider in PROVIDERS}
    for name, provider in FOLDERS.items():
        for capability in provider.capabilities:
            queries = [query for query in QUERIES if query.kind is capability.kind]
            served = [source for source in provider.sources[:2] if any(capability.serves(source, q) for q in queries)]
            assert served, (name, capability.kind)


@pytest.mark.parametrize("folder", FOLDERS)
def test_hostile_bodies_are_values_or_refused(folder: str) -> None:
    """Nothing but BadAnswer leaves a reader or a parser: nesting, NaN, giants, pages, broken text, bombs."""
    provider = FOLDERS[folder]
    for body in HOSTILE:
        for status in (200, 404):
            reply = Reply(status, body)
            read(provider, reply)
            for query in QUERIES:
                fed(provider, query, [reply])


@pytest.mark.parametrize("folder", FOLDERS)
def test_mutated_examples_are_values_or_refused(folder: str) -> None:
    """Real answers with one thing wrong, alone and beside good ones, give a value or BadAnswer alone."""
    provider = FOLDERS[folder]
    dice = random.Random(7)  # noqa: S311 -- a seed makes the run the same each time
    examples = [body for _, body in bodies(folder)]
    for body in examples:
        for _ in range(40):
            wrong = Reply(200, mutated(body, dice))
            read(provider, wrong)
            good = [Reply(200, dice.choice(examples)) for _ in range(2)]
            replies = [wrong, *good]
            dice.shuffle(replies)
            for query in QUERIES:
                fed(provider, query, replies)


def test_amounts_beyond_any_balance_are_refused() -> None:
    """A token that claims 2^255 units is out of bounds, not an amount that nothing can hold."""
    capability = evm_rpc.PROVIDER.capability(BalanceQuery.kind)
    assert capability is not None
    word = b'{"jsonrpc":"2.0","id":1,"result":"0x%s"}'
    replies = (Reply(200, word % b"1"), Reply(200, word % b"1"), Reply(200, word % (b"8" + b"0" * 63)))
    with pytest.raises(BadAnswer, match="out_of_bounds"):
        capability.parse(evm_rpc.PROVIDER.sources[0], BalanceQuery(ETHEREUM, EVM_ADDRESS, (TOKEN,)), replies)
    assert WhalesQuery(ETHEREUM).least == Decimal(0)
