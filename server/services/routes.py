"""Makes the query whose route is to be explained out of what a caller names; used by the monitoring servicer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from server.errors import InvalidField
from server.model import (
    INTERVALS,
    Asset,
    AssetsQuery,
    BalanceQuery,
    BlockQuery,
    CandlesQuery,
    Chain,
    ChainQuery,
    FearGreedQuery,
    GasQuery,
    Interval,
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
from server.services.market import LISTED

_USUAL_QUOTE = "USD"
_USUAL_INTERVAL = "1h"


@dataclass(frozen=True, slots=True)
class Named:
    """What a caller named; None where nothing was."""

    asset: Asset | None = None
    chain: Chain | None = None
    quote: str | None = None
    interval: Interval | None = None

    def told(self, field: str) -> str:
        """Return what stands in a field, as a caller would write it."""
        match getattr(self, field):
            case Asset(id=name) | Chain(id=name) | Interval(token=name) | str(name):
                return name
        return ""


_FIELDS = {
    Kind.PRICE: ("asset", "quote"),
    Kind.PRICES: ("quote",),
    Kind.CANDLES: ("asset", "quote", "interval"),
    Kind.GAS: ("chain",),
    Kind.BLOCK: ("chain",),
    Kind.CHAIN: ("chain",),
    Kind.BALANCE: ("chain",),
    Kind.TRANSACTIONS: ("chain",),
    Kind.TRANSACTION: ("chain",),
    Kind.WHALES: ("chain",),
}
"""What a kind takes; the other kinds take nothing."""

_PLAIN: dict[Kind, Callable[[], Query]] = {
    Kind.ASSETS: AssetsQuery,
    Kind.OVERVIEW: OverviewQuery,
    Kind.TRENDING: TrendingQuery,
    Kind.NEWS: NewsQuery,
    Kind.FEAR_GREED: FearGreedQuery,
}
_ON_CHAIN: dict[Kind, Callable[[Chain], Query]] = {
    Kind.GAS: GasQuery,
    Kind.BLOCK: BlockQuery,
    Kind.CHAIN: ChainQuery,
    # Which address or transaction it is about decides nothing on who is asked.
    Kind.BALANCE: lambda chain: BalanceQuery(chain, ""),
    Kind.TRANSACTIONS: lambda chain: TransactionsQuery(chain, ""),
    Kind.TRANSACTION: lambda chain: TransactionQuery(chain, ""),
    Kind.WHALES: WhalesQuery,
}


def query_of(kind: Kind, named: Named) -> Query:
    """Return the query of a kind; raises `InvalidField` for what the kind needs and lacks, or does not take."""
    taken = _FIELDS.get(kind, ())
    for field in ("asset", "chain", "quote", "interval"):
        if getattr(named, field) is not None and field not in taken:
            takes = " and ".join(taken) if taken else "nothing"
            raise InvalidField(field, named.told(field), f"no {field}: a question of kind {kind.value} takes {takes}")
    quote = named.quote or _USUAL_QUOTE
    if kind in _PLAIN:
        return _PLAIN[kind]()
    if kind is Kind.PRICES:
        return PricesQuery(quote, LISTED)
    if kind in _ON_CHAIN:
        if named.chain is None:
            raise InvalidField("chain", "", f"a chain's id or alias: {kind.value} is about one chain")
        return _ON_CHAIN[kind](named.chain)
    if named.asset is None:
        raise InvalidField("asset", "", f"an asset such as BTC: {kind.value} is about one asset")
    if kind is Kind.CANDLES:
        return CandlesQuery(named.asset, named.interval or INTERVALS[_USUAL_INTERVAL], quote, limit=1)
    return PriceQuery(named.asset, quote)
