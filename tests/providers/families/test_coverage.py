"""What the on-chain, news and sentiment sources serve between them, and that their rows are well formed."""

from __future__ import annotations

from typing import Any

import pytest

from server.model import (
    BalanceQuery,
    BlockQuery,
    Chain,
    ChainFamily,
    ChainQuery,
    GasQuery,
    TransactionQuery,
    TransactionsQuery,
    WhalesQuery,
)
from server.providers.catalog import PROVIDERS, provider_of, sources

BITCOIN = Chain("bitcoin", "Bitcoin", ChainFamily.BITCOIN, "bitcoin", "BTC", 8, None, 600.0)
EVM = {
    id_: Chain(id_, id_, ChainFamily.EVM, id_, id_, 18, number, 2.0)
    for id_, number in (("ethereum", 1), ("polygon", 137), ("bnb", 56))
}


def queries(chain: Chain) -> dict[str, Any]:
    """Return one query of each kind about a chain."""
    bitcoin = chain.family is ChainFamily.BITCOIN
    address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4" if bitcoin else "0x" + "1" * 40
    hash_ = "1" * 64 if bitcoin else "0x" + "1" * 64
    return {
        "gas": GasQuery(chain),
        "block": BlockQuery(chain),
        "chain": ChainQuery(chain),
        "balance": BalanceQuery(chain, address),
        "transactions": TransactionsQuery(chain, address),
        "transaction": TransactionQuery(chain, hash_),
        "whales": WhalesQuery(chain),
    }


def serving(query: Any) -> list[str]:
    """Return the sources that serve a query without a key."""
    found = []
    for source in sources():
        capability = provider_of(source).capability(query.kind)
        if source.key is None and capability is not None and capability.serves(source, query):
            found.append(source.id)
    return found


@pytest.mark.parametrize("kind", queries(BITCOIN))
@pytest.mark.parametrize("chain", [BITCOIN, EVM["ethereum"]], ids=lambda chain: chain.id)
def test_each_kind_has_two_keyless_sources(chain: Chain, kind: str) -> None:
    """Bitcoin and Ethereum are served in every kind by at least two sources that want no key."""
    assert len(serving(queries(chain)[kind])) >= 2


@pytest.mark.parametrize("kind", sorted(set(queries(BITCOIN)) - {"transactions"}))
@pytest.mark.parametrize("chain", ["polygon", "bnb"])
def test_the_other_chains_have_three_nodes(chain: str, kind: str) -> None:
    """Polygon and BNB are served by three nodes in all that a node can answer."""
    assert len(serving(queries(EVM[chain])[kind])) >= 3


def test_history_of_the_other_chains() -> None:
    """The transactions of an address are listed by explorers alone; none without a key lists BNB's."""
    assert len(serving(queries(EVM["polygon"])["transactions"])) >= 2
    assert serving(queries(EVM["bnb"])["transactions"]) == []


def test_rows_are_well_formed() -> None:
    """Ids are unique and lower case, addresses are HTTPS without a closing slash, providers' names are unique."""
    rows = sources()
    assert len({row.id for row in rows}) == len(rows)
    assert len({provider.name for provider in PROVIDERS}) == len(PROVIDERS)
    for row in rows:
        assert row.id == row.id.lower()
        assert row.base_url.startswith("https://")
        assert not row.base_url.endswith("/")
        assert provider_of(row).name == row.provider
