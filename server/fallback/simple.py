"""A simple query of each kind that any source of it should be able to answer; the prober asks it of excluded ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from server.assets import registry
from server.fallback.lane import Lane
from server.model import (
    INTERVALS,
    AssetsQuery,
    BalanceQuery,
    BlockQuery,
    CandlesQuery,
    Chain,
    ChainFamily,
    ChainQuery,
    FearGreedQuery,
    GasQuery,
    Kind,
    NewsQuery,
    OverviewQuery,
    PriceQuery,
    PricesQuery,
    Query,
    TransactionsQuery,
    TrendingQuery,
    WhalesQuery,
)

_SYMBOLS = ("BTC", "ETH", "USDT")
_ADDRESSES = {
    ChainFamily.EVM: "0x00000000219ab540356cbb839cbe05303d7705fa",
    ChainFamily.BITCOIN: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
}
"""An address that every chain of a family knows: the deposit contract, and that of the first block."""


_PLAIN: dict[Kind, Query] = {
    Kind.PRICES: PricesQuery(),
    Kind.ASSETS: AssetsQuery(),
    Kind.OVERVIEW: OverviewQuery(),
    Kind.TRENDING: TrendingQuery(),
    Kind.NEWS: NewsQuery(),
    Kind.FEAR_GREED: FearGreedQuery(),
}
_BY_CHAIN: dict[Kind, Callable[[Chain], Query]] = {
    Kind.GAS: GasQuery,
    Kind.BLOCK: BlockQuery,
    Kind.CHAIN: ChainQuery,
    Kind.WHALES: WhalesQuery,
}


def simple_query(lane: Lane) -> Query | None:
    """Return a query that the lane serves, None when there is none that could be made up (one transaction by hash)."""
    return next((query for query in _queries(lane.kind) if lane.capability.serves(lane.source, query)), None)


def _queries(kind: Kind) -> Iterator[Query]:
    world = registry()
    if kind in _PLAIN:
        yield _PLAIN[kind]
    elif kind is Kind.PRICE:
        yield from (PriceQuery(world.asset(symbol)) for symbol in _SYMBOLS)
    elif kind is Kind.CANDLES:
        yield from (
            CandlesQuery(world.asset(symbol), interval, limit=2)
            for symbol in _SYMBOLS
            for interval in INTERVALS.values()
        )
    else:
        made = (_of_chain(kind, chain) for chain in world.chains)
        yield from (query for query in made if query is not None)


def _of_chain(kind: Kind, chain: Chain) -> Query | None:
    if kind in _BY_CHAIN:
        return _BY_CHAIN[kind](chain)
    address = _ADDRESSES.get(chain.family)
    if address is None or kind not in (Kind.BALANCE, Kind.TRANSACTIONS):
        return None
    return BalanceQuery(chain, address) if kind is Kind.BALANCE else TransactionsQuery(chain, address, limit=2)
