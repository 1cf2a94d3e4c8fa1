"""Prices, candles, assets, and the market as a whole; what `client.market` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from nerkh._models.common import Agreement, AssetCandidate, Attempt, GapCause, Provenance
from nerkh._models.monitoring import Tier


class PriceOrder(StrEnum):
    """The order of a list of prices: the largest market cap, rise or fall first."""

    MARKET_CAP = "market_cap"
    GAINERS = "gainers"
    LOSERS = "losers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """A source whose quote was not counted for a price: what it said, and why that does not count."""

    source: str
    value: Decimal
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of one asset. Amounts are in `quote`, `base_volume` in the asset; what is unknown is None.

    `open`, `high`, `low`, `change` and the volumes are over 24 hours. When the source's own quote was converted,
    `native_quote` and `native_value` keep what it said. `ambiguous`: the symbol is shared by `candidates`, the
    largest of which was taken. `flagged`: the price jumped, and nothing confirmed it. Where several sources agree on
    the value, `confidence` is its half-width, `raw_value` what the source of the provenance itself said, and
    `outliers` are those that do not agree.
    """

    asset: str
    symbol: str
    name: str = ""
    quote: str
    value: Decimal
    bid: Decimal | None = None
    ask: Decimal | None = None
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    change: Decimal | None = None
    change_percent: Decimal | None = None
    base_volume: Decimal | None = None
    quote_volume: Decimal | None = None
    market_cap: Decimal | None = None
    rank: int | None = None
    native_quote: str | None = None
    native_value: Decimal | None = None
    confidence: Decimal | None = None
    agreement: Agreement | None = None
    flagged: bool = False
    ambiguous: bool = False
    candidates: tuple[AssetCandidate, ...] = ()
    provenance: Provenance
    raw_value: Decimal | None = None
    outliers: tuple[Outlier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What one source says of a price, in the quote of its series, and as it said it, in its `native_quote`.

    `outlier`: it does not count for the price; `outlier_reason` says why.
    """

    source: str
    tier: Tier = Tier.UNSPECIFIED
    value: Decimal
    native_quote: str
    native_value: Decimal
    bid: Decimal | None = None
    ask: Decimal | None = None
    source_time: datetime | None = None
    receive_time: datetime
    outlier: bool = False
    outlier_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteSeries:
    """What quotes are of, and the price that they agree on: None when no source gave one."""

    asset: str
    symbol: str
    quote: str
    value: Decimal | None = None
    confidence: Decimal | None = None
    agreement: Agreement | None = None
    ambiguous: bool = False
    candidates: tuple[AssetCandidate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFailure:
    """Why the price of one asset of a batch could not be had; `reason` as an error's, such as `UNKNOWN_ASSET`."""

    asset: str
    reason: str
    message: str
    suggestions: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBatch:
    """The prices of several assets: those that could be had, and why others could not."""

    prices: tuple[Price, ...]
    failures: tuple[PriceFailure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceUpdate:
    """One update of a stream of prices.

    `sequence` strictly rises for each asset; `conflated_count` updates were skipped before this one. `snapshot`: the
    state at the beginning, no change. `replayed`: it happened while the stream was away. `cursor` resumes behind it and
    all that came in the same frame.
    """

    price: Price
    sequence: int
    conflated_count: int = 0
    snapshot: bool = False
    replayed: bool = False
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Marks in a stream that updates are missing; read them from the history, if they were stored.

    `end_time` is None when the hole ends with what follows, or lasts. `keys` are asset ids, empty means all.
    """

    start_time: datetime | None = None
    end_time: datetime | None = None
    cause: GapCause = GapCause.UNSPECIFIED
    keys: tuple[str, ...] = ()


class StreamKeyStatus(StrEnum):
    """What became of an asset that a stream was asked for."""

    UNSPECIFIED = ""
    ACCEPTED = "accepted"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamKey:
    """An asset as a stream was asked for it, the id it stands for, and whether it is followed."""

    key: str
    id: str = ""
    status: StreamKeyStatus
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One candle; `volume` in the asset, `quote_volume` in the quote, None where the source gives none."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None = None
    quote_volume: Decimal | None = None
    trade_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleSeries:
    """What a page of candles is of; `quote` is that of the market, which may differ from the one asked for."""

    asset: str
    symbol: str
    quote: str
    interval: str
    ambiguous: bool = False
    candidates: tuple[AssetCandidate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleInterval:
    """An interval in which candles can be had, and the sources that serve it."""

    interval: str
    span: timedelta
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A contract of an asset on a chain."""

    chain: str
    address: str
    decimals: int
    caip19: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One asset with its other names, contracts and the sources' own ids of it."""

    id: str
    symbol: str
    name: str
    rank: int | None = None
    aliases: tuple[str, ...] = ()
    contracts: tuple[Contract, ...] = ()
    source_ids: Mapping[str, str] = field(default_factory=dict)
    ambiguous: bool = False
    candidates: tuple[AssetCandidate, ...] = ()
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOverview:
    """The market as a whole, in USD; what is unknown is None."""

    total_market_cap_usd: Decimal
    total_volume_usd: Decimal | None = None
    bitcoin_dominance_percent: Decimal | None = None
    ethereum_dominance_percent: Decimal | None = None
    market_cap_change_percent: Decimal | None = None
    active_asset_count: int | None = None
    market_count: int | None = None
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendingAsset:
    """An asset that draws attention; `asset` is empty when the service does not know it by itself."""

    asset: str
    symbol: str
    name: str
    position: int
    market_cap_rank: int | None = None
    price_usd: Decimal | None = None
    change_percent: Decimal | None = None
    provenance: Provenance
