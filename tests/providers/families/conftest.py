"""Fixtures of the on-chain, news and sentiment providers' tests: chains, example replies, answers made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from server.model import Asset, Chain, ChainFamily, Contract, Query, Value
from server.providers.base import Follow, Provider, Reply, Request

EXAMPLES = Path(__file__).parents[1] / "examples"

Read = Callable[..., Reply]
Answers = Callable[..., Value]


@pytest.fixture
def ethereum() -> Chain:
    """Make Ethereum as the registry has it."""
    return Chain("ethereum", "Ethereum", ChainFamily.EVM, "ethereum", "ETH", 18, 1, 12.0)


@pytest.fixture
def bitcoin() -> Chain:
    """Make Bitcoin as the registry has it."""
    return Chain("bitcoin", "Bitcoin", ChainFamily.BITCOIN, "bitcoin", "BTC", 8, None, 600.0)


@pytest.fixture
def usd_coin() -> Asset:
    """Make a token with a contract on Ethereum and one elsewhere."""
    address = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
    return Asset(
        "usd-coin",
        "USDC",
        "USD Coin",
        contracts=(
            Contract("ethereum", address, 6, f"eip155:1/erc20:{address}"),
            Contract("polygon", address, 6, f"eip155:137/erc20:{address}"),
        ),
    )


@pytest.fixture
def example() -> Read:
    """Read an example as a reply."""

    def read(name: str, status: int = 200) -> Reply:
        return Reply(status, (EXAMPLES / name).read_bytes())

    return read


@pytest.fixture
def answer(example: Read) -> Answers:
    """Give what a provider makes of example files: `answer(provider, query, *rounds)`, each round a tuple of names.

    Every round holds the replies to the requests that the round before asked for, as many as those.
    """

    def make(provider: Provider, query: Query, *rounds: tuple[str, ...], source: int = 0) -> Value:
        capability = provider.capability(query.kind)
        assert capability is not None
        row = provider.sources[source]
        assert capability.serves(row, query)
        asked: tuple[Request, ...] = capability.build(row, query)
        replies: tuple[Reply, ...] = ()
        for names in rounds:
            assert len(names) == len(asked)
            replies += tuple(example(name) for name in names)
            value = capability.parse(row, query, replies)
            if not isinstance(value, Follow):
                assert names == rounds[-1]
                return value
            asked = value.requests
        pytest.fail("more was asked for")

    return make
