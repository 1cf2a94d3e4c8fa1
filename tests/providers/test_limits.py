"""Every source's limits: stated where it publishes some, and wide enough for what one attempt asks side by side."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

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
from server.providers.base import Limit, Source
from server.providers.catalog import provider_of, sources

UNPUBLISHED = ("publicnode_",)
"""Sources that publish no limits, by how their ids begin: they are slowed down only when they refuse."""

ADDRESSES = {"bitcoin": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"}
VITALIK = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
RESERVE = 0.3


def queries() -> Iterator[Query]:
    """Give queries of every kind that attempts of the service and its collectors make."""
    world = registry()
    for asset in (world.asset("bitcoin"), world.asset("ethereum")):
        for quote in ("USD", "EUR"):
            yield PriceQuery(asset, quote)
        yield from (CandlesQuery(asset, interval, limit=300) for interval in INTERVALS.values())
    yield from (PricesQuery(limit=250), AssetsQuery(), OverviewQuery(), TrendingQuery(), NewsQuery())
    yield FearGreedQuery(limit=30)
    for chain in world.chains:
        address = ADDRESSES.get(chain.id, VITALIK)
        yield from (GasQuery(chain), BlockQuery(chain), BlockQuery(chain, "100"), ChainQuery(chain))
        yield from (BalanceQuery(chain, address), TransactionsQuery(chain, address))
        yield from (TransactionQuery(chain, "0x" + "0" * 64), WhalesQuery(chain, Decimal(1)))


def limits_of(source: Source) -> tuple[Limit, ...]:
    """Return every limit of a source, with a key and without."""
    return (*source.limits, *(source.key.limits if source.key is not None else ()))


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.id)
def test_limits_are_stated_and_bear_every_attempt(source: Source) -> None:
    """No window is narrower than the requests that one attempt sends at once, for collectors less users' reserve."""
    limits = limits_of(source)
    assert limits or source.id.startswith(UNPUBLISHED)
    assert all(limit.requests > 0 and limit.window_s > 0 for limit in limits)
    assert len({limit.window_s for limit in source.limits}) == len(source.limits)
    asked = 0
    for query in queries():
        capability = provider_of(source).capability(query.kind)
        if capability is None or not capability.serves(source, query):
            continue
        cost = sum(request.cost for request in capability.build(source, query))
        asked += 1
        for limit in limits:
            assert cost <= limit.requests - int(RESERVE * limit.requests), (query, cost, limit)
    assert asked


def test_sources_of_one_group_state_the_same_limits() -> None:
    """Who shares a limit agrees on it."""
    groups: dict[str, set[tuple[Limit, ...]]] = {}
    for source in sources():
        if source.quota_group:
            groups.setdefault(source.quota_group, set()).add(source.limits)
    assert groups
    assert all(len(limits) == 1 for limits in groups.values())
