"""Names of queries: equal queries have one, others another, and the query can be made of it again."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.assets import registry
from server.model import (
    INTERVALS,
    AssetsQuery,
    BalanceQuery,
    BlockQuery,
    CandlesQuery,
    ChainQuery,
    FearGreedQuery,
    GasQuery,
    Kind,
    NewsQuery,
    OverviewQuery,
    PriceQuery,
    PricesQuery,
    Query,
    TransactionQuery,
    TransactionsQuery,
    TrendingQuery,
    WhalesQuery,
)
from server.shared.naming import digest, query_of, text_of

WORLD = registry()
BITCOIN, TETHER, ETHEREUM = WORLD.asset("bitcoin"), WORLD.asset("tether"), WORLD.chain("ethereum")
DAY = datetime(2026, 1, 1, tzinfo=UTC)
QUERIES: tuple[Query, ...] = (
    PriceQuery(BITCOIN),
    PriceQuery(BITCOIN, "EUR"),
    PriceQuery(TETHER),
    PricesQuery(),
    CandlesQuery(BITCOIN, INTERVALS["1m"]),
    CandlesQuery(BITCOIN, INTERVALS["1M"], start_time=DAY),
    CandlesQuery(BITCOIN, INTERVALS["1M"], end_time=DAY),
    AssetsQuery(),
    OverviewQuery(),
    TrendingQuery(),
    NewsQuery(),
    FearGreedQuery(),
    FearGreedQuery(30),
    GasQuery(ETHEREUM),
    BlockQuery(ETHEREUM),
    BlockQuery(ETHEREUM, "1"),
    ChainQuery(ETHEREUM),
    BalanceQuery(ETHEREUM, "0xab"),
    BalanceQuery(ETHEREUM, "0xab", (TETHER,)),
    TransactionsQuery(ETHEREUM, "0xab"),
    TransactionQuery(ETHEREUM, "0xab"),
    WhalesQuery(ETHEREUM),
    WhalesQuery(ETHEREUM, Decimal("0.5")),
)


def test_every_query_has_a_name_of_its_own() -> None:
    """No two of them share one, and every kind is among them."""
    assert len({digest(text_of(query)) for query in QUERIES}) == len(QUERIES)
    assert {query.kind for query in QUERIES} == set(Kind)


@pytest.mark.parametrize("query", QUERIES, ids=text_of)
def test_a_query_is_made_of_its_name(query: Query) -> None:
    """The same query comes back, its asset and its chain from the registry."""
    assert query_of(text_of(query), WORLD) == query


def test_equal_queries_have_one_name() -> None:
    """What the first level takes for one query the second does too, however its number is written."""
    one, other = WhalesQuery(ETHEREUM, Decimal(1)), WhalesQuery(ETHEREUM, Decimal("1.00"))
    assert one == other
    assert text_of(one) == text_of(other)


def test_another_process_gives_the_same_name() -> None:
    """Nothing of it hangs on a process's own seed."""
    code = (
        "from server.assets import registry; from server.model import PriceQuery;"
        "from server.shared.naming import digest, text_of;"
        "print(digest(text_of(PriceQuery(registry().asset('bitcoin')))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(text_of(QUERIES[0]))


@given(
    st.text(max_size=40) | st.sampled_from(['["price",1,"USD"]', '["price","nothing","USD"]', "[]", "{}", '["price"]'])
)
def test_no_text_is_more_than_no_query(text: str) -> None:
    """Whatever stands among the names in Redis, it is a query or nothing."""
    assert query_of(text, WORLD) is None
