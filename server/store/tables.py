"""The tables as statements see them; used by everything in the store. The migrations make them.

Times are UTC, numbers exact. `time` of an observation is the source's own time, else when it was received, so that
the same answer written twice is one row. Tables whose natural key holds a time are partitioned by it; articles,
transactions, whales and listings are not: what makes two of them one has no time in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.types import TypeEngine

METADATA = MetaData()
TIME = DateTime(timezone=True)
NUMBER = Numeric(asdecimal=True)


def _columns(type_: TypeEngine[Any] | type[TypeEngine[Any]], names: str) -> list[Column[Any]]:
    """Make columns of one type; a name that ends in `?` may be null."""
    return [Column(name.removesuffix("?"), type_, nullable=name.endswith("?")) for name in names.split()]


def _table(name: str, key: str, *columns: Sequence[Column[Any]]) -> Table:
    parts = {column.name: column for group in columns for column in group}
    for part in key.split():
        parts[part].primary_key = True
    return Table(name, METADATA, *parts.values())


def _received() -> list[Column[Any]]:
    return [*_columns(Text, "source"), *_columns(TIME, "source_time? receive_time"), *_columns(Boolean, "simulated")]


PRICES = _table(
    "price_observations",
    "asset quote time source",
    _columns(Text, "asset quote"),
    _columns(TIME, "time"),
    _received(),
    _columns(
        NUMBER,
        "value bid? ask? open? high? low? change? change_percent? base_volume? quote_volume? market_cap? native_value? "
        "confidence? raw_value?",
    ),
    _columns(BigInteger, "rank?"),
    _columns(Text, "native_quote?"),
    _columns(Boolean, "flagged"),
    _columns(BigInteger, "agreed asked"),
)
PRICE_LISTS = _table(
    "price_lists",
    "quote time source",
    _columns(Text, "quote"),
    _columns(TIME, "time"),
    _received(),
    _columns(ARRAY(Text), "assets quotes"),
    _columns(ARRAY(TIME), "times"),
)
CANDLES = _table(
    "candles",
    "asset interval open_time quote source",
    _columns(Text, "asset interval"),
    _columns(TIME, "open_time"),
    _columns(Text, "quote"),
    _received(),
    _columns(Boolean, "closed"),
    _columns(NUMBER, "open high low close volume? quote_volume?"),
    _columns(BigInteger, "trades?"),
)
OVERVIEWS = _table(
    "overview_observations",
    "time source",
    _columns(TIME, "time"),
    _received(),
    _columns(
        NUMBER,
        "total_market_cap total_volume? bitcoin_dominance? ethereum_dominance? market_cap_change_percent?",
    ),
    _columns(BigInteger, "active_assets? markets?"),
)
TRENDING = _table(
    "trending_observations",
    "time source",
    _columns(TIME, "time"),
    _received(),
    _columns(JSONB, "assets"),
)
LISTED_ASSETS = _table(
    "listed_assets",
    "source id",
    _received(),
    _columns(Text, "id symbol name base? quote?"),
    _columns(Boolean, "active?"),
    _columns(BigInteger, "rank? position"),
)
FEAR_GREED = _table(
    "fear_greed_readings",
    "time source",
    _columns(TIME, "time"),
    _received(),
    _columns(NUMBER, "value"),
    _columns(Text, "classification"),
)
GAS = _table(
    "gas_observations",
    "chain time source",
    _columns(Text, "chain"),
    _columns(TIME, "time"),
    _received(),
    _columns(Text, "unit"),
    _columns(NUMBER, "slow standard fast base_fee? priority_fee?"),
    _columns(BigInteger, "block_height?"),
)
CHAINS = _table(
    "chain_observations",
    "chain time source",
    _columns(Text, "chain"),
    _columns(TIME, "time"),
    _received(),
    _columns(BigInteger, "height pending_transactions?"),
    _columns(TIME, "block_time?"),
    _columns(Text, "block_hash?"),
    _columns(Interval, "mean_block_interval?"),
    _columns(NUMBER, "hash_rate? difficulty? supply?"),
)
BLOCKS = _table(
    "blocks",
    "chain height time hash",
    _columns(Text, "chain"),
    _columns(BigInteger, "height"),
    _columns(TIME, "time"),
    _columns(Text, "hash"),
    _received(),
    _columns(Text, "parent_hash miner?"),
    _columns(BigInteger, "transaction_count? size? gas_used? gas_limit?"),
    _columns(NUMBER, "base_fee_gwei?"),
)
BALANCES = _table(
    "balances",
    "chain address time source",
    _columns(Text, "chain address"),
    _columns(TIME, "time"),
    _received(),
    _columns(Text, "symbol"),
    _columns(NUMBER, "amount pending?"),
    _columns(BigInteger, "transaction_count? block_height?"),
    _columns(JSONB, "tokens"),
)
TRANSACTIONS = _table(
    "transactions",
    "chain hash",
    _columns(Text, "chain hash"),
    _received(),
    _columns(Text, "status block_hash? sender? recipient?"),
    _columns(NUMBER, "amount fee?"),
    _columns(BigInteger, "block_height? nonce? gas_used?"),
    _columns(TIME, "time?"),
    _columns(JSONB, "inputs outputs"),
)
ADDRESS_TRANSACTIONS = _table(
    "address_transactions",
    "chain address hash",
    _columns(Text, "chain address hash"),
    _columns(NUMBER, "effect?"),
    _columns(BigInteger, "position"),
    _columns(TIME, "receive_time"),
)
TRANSACTION_PAGES = _table(
    "transaction_pages",
    "chain address",
    _columns(Text, "chain address"),
    _received(),
)
WHALES = _table(
    "whale_transactions",
    "chain hash asset recipient",
    _columns(Text, "chain hash asset recipient"),
    _received(),
    _columns(Text, "symbol sender?"),
    _columns(NUMBER, "amount amount_usd?"),
    _columns(TIME, "time?"),
    _columns(BigInteger, "block_height?"),
)
ARTICLES = _table(
    "articles",
    "id",
    _columns(Text, "id title url"),
    _columns(TIME, "published_time"),
    _received(),
    _columns(Text, "summary author image_url language"),
    _columns(ARRAY(Text), "categories"),
    _columns(Double, "sentiment?"),
    _columns(TSVECTOR, "search?"),
)
ARTICLE_SOURCES = _table(
    "article_sources",
    "article source",
    _columns(Text, "article source"),
    _columns(TIME, "published_time receive_time"),
)
ARTICLE_ASSETS = _table(
    "article_assets",
    "asset published_time article",
    _columns(Text, "asset"),
    _columns(TIME, "published_time"),
    _columns(Text, "article"),
)
SECRETS = _table("secrets", "name", _columns(Text, "name"), _columns(LargeBinary, "value"))
QUOTA_CLAIMS = _table(
    "quota_claims",
    "source key egress span_s slice",
    _columns(Text, "source key egress"),
    _columns(BigInteger, "span_s slice claimed"),
)

SOURCE_HEALTH = _table(
    "source_health",
    "source",
    _columns(Text, "source phase reason"),
    _columns(Double, "failing_s nameless_s"),
    _columns(BigInteger, "gone"),
    _columns(Boolean, "is_down"),
    _columns(TIME, "noted_time"),
    _columns(JSONB, "circuits"),
)
DECISIONS = _table(
    "operator_decisions",
    "number",
    _columns(BigInteger, "number"),
    _columns(Text, "source action kind reason"),
    _columns(TIME, "time"),
)
INCIDENTS = _table(
    "source_incidents",
    "source start_time cause",
    _columns(Text, "source cause kind reason"),
    _columns(TIME, "start_time end_time?"),
    _columns(BigInteger, "occurrences"),
)


@dataclass(frozen=True, slots=True)
class Partitioned:
    """How a table is cut: by the month or year of `column`, from `since` on (None: from now on)."""

    table: Table
    column: str
    span: str
    since: int | None = None


PARTITIONED = (
    *(
        Partitioned(table, "time", "month")
        for table in (PRICES, PRICE_LISTS, OVERVIEWS, TRENDING, GAS, CHAINS, BLOCKS, BALANCES)
    ),
    Partitioned(CANDLES, "open_time", "year", 2017),
    Partitioned(FEAR_GREED, "time", "year"),
)
