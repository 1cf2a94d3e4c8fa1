"""Typed queries, one class per kind of data: what the engine is asked and what its cache is keyed by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from server.model.asset import Asset, Chain
from server.model.market import Interval


class Kind(StrEnum):
    """Kinds of data; limits, bounds, rankings and breakers are per kind."""

    PRICE = "price"
    PRICES = "prices"
    CANDLES = "candles"
    ASSETS = "assets"
    OVERVIEW = "overview"
    TRENDING = "trending"
    NEWS = "news"
    FEAR_GREED = "fear_greed"
    GAS = "gas"
    BLOCK = "block"
    CHAIN = "chain"
    BALANCE = "balance"
    TRANSACTIONS = "transactions"
    TRANSACTION = "transaction"
    WHALES = "whales"


@dataclass(frozen=True, slots=True)
class PriceQuery:
    """The price of one asset. `quote` is an upper-case symbol such as USD, EUR, BTC, USDT."""

    kind: ClassVar[Kind] = Kind.PRICE
    asset: Asset
    quote: str = "USD"


@dataclass(frozen=True, slots=True)
class PricesQuery:
    """Prices of the largest assets by market cap; `limit` at most 250."""

    kind: ClassVar[Kind] = Kind.PRICES
    quote: str = "USD"
    limit: int = 100


@dataclass(frozen=True, slots=True)
class CandlesQuery:
    """Candles that open in the half-open range [start, end); without `start` the newest `limit` before `end`."""

    kind: ClassVar[Kind] = Kind.CANDLES
    asset: Asset
    interval: Interval
    quote: str = "USD"
    start_time: datetime | None = None
    end_time: datetime | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class AssetsQuery:
    """What a source lists: its own ids, symbols and names."""

    kind: ClassVar[Kind] = Kind.ASSETS


@dataclass(frozen=True, slots=True)
class OverviewQuery:
    """Total market cap, volume and dominance."""

    kind: ClassVar[Kind] = Kind.OVERVIEW


@dataclass(frozen=True, slots=True)
class TrendingQuery:
    """Assets that draw most attention now."""

    kind: ClassVar[Kind] = Kind.TRENDING


@dataclass(frozen=True, slots=True)
class NewsQuery:
    """The newest articles of a source; the engine sweeps it over all feeds."""

    kind: ClassVar[Kind] = Kind.NEWS


@dataclass(frozen=True, slots=True)
class FearGreedQuery:
    """The newest `limit` readings of a fear and greed index, newest first."""

    kind: ClassVar[Kind] = Kind.FEAR_GREED
    limit: int = 1


@dataclass(frozen=True, slots=True)
class GasQuery:
    """What a transaction costs on a chain now."""

    kind: ClassVar[Kind] = Kind.GAS
    chain: Chain


@dataclass(frozen=True, slots=True)
class BlockQuery:
    """One block: `block` is `latest`, a decimal height, or a hash."""

    kind: ClassVar[Kind] = Kind.BLOCK
    chain: Chain
    block: str = "latest"


@dataclass(frozen=True, slots=True)
class ChainQuery:
    """The state of a chain: height, block time, pending."""

    kind: ClassVar[Kind] = Kind.CHAIN
    chain: Chain


@dataclass(frozen=True, slots=True)
class BalanceQuery:
    """The balance of an address, checked and normalised before; `tokens` are registry assets with a contract there."""

    kind: ClassVar[Kind] = Kind.BALANCE
    chain: Chain
    address: str
    tokens: tuple[Asset, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionsQuery:
    """The newest `limit` transactions of an address, newest first."""

    kind: ClassVar[Kind] = Kind.TRANSACTIONS
    chain: Chain
    address: str
    limit: int = 25


@dataclass(frozen=True, slots=True)
class TransactionQuery:
    """One transaction by its hash (lower case; 0x-prefixed on EVM chains)."""

    kind: ClassVar[Kind] = Kind.TRANSACTION
    chain: Chain
    hash: str


@dataclass(frozen=True, slots=True)
class WhalesQuery:
    """Large transfers lately on a chain, of its native asset; `least` in native units."""

    kind: ClassVar[Kind] = Kind.WHALES
    chain: Chain
    least: Decimal = Decimal(0)


Query = (
    PriceQuery
    | PricesQuery
    | CandlesQuery
    | AssetsQuery
    | OverviewQuery
    | TrendingQuery
    | NewsQuery
    | FearGreedQuery
    | GasQuery
    | BlockQuery
    | ChainQuery
    | BalanceQuery
    | TransactionsQuery
    | TransactionQuery
    | WhalesQuery
)
