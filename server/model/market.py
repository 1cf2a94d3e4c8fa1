"""Market values: prices, candles, listings, overview, trending. Decimals are exact, times aware UTC.

`source_time` is the time that the source itself states; None when it states none, then age counts from receipt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from server.model.records import record


@dataclass(frozen=True, slots=True)
class Interval:
    """A candle interval by its token. `span` is nominal for `1M` (30 days); months align to the calendar."""

    token: str
    span: timedelta


INTERVALS: dict[str, Interval] = {
    token: Interval(token, span)
    for token, span in (
        ("1m", timedelta(minutes=1)),
        ("3m", timedelta(minutes=3)),
        ("5m", timedelta(minutes=5)),
        ("15m", timedelta(minutes=15)),
        ("30m", timedelta(minutes=30)),
        ("1h", timedelta(hours=1)),
        ("2h", timedelta(hours=2)),
        ("4h", timedelta(hours=4)),
        ("6h", timedelta(hours=6)),
        ("8h", timedelta(hours=8)),
        ("12h", timedelta(hours=12)),
        ("1d", timedelta(days=1)),
        ("3d", timedelta(days=3)),
        ("1w", timedelta(days=7)),
        ("1M", timedelta(days=30)),
    )
}


def interval_of(token: str) -> Interval | None:
    """Return the interval of a token such as `1h`, None when there is none."""
    return INTERVALS.get(token)


@dataclass(frozen=True, slots=True)
class Outlier:
    """A source whose quote was not counted: what it said in the asked quote, and why that does not count."""

    source: str
    value: Decimal
    reason: str


@record(frozen=True, slots=True)
class Price:
    """The price of one asset: one source's, or what several agree on.

    `value` and every other amount are in `quote`; `base_volume` is in the asset. `change` is over 24 h,
    `change_percent` in percent. When a native quote was converted, `native_quote` and `native_value` keep what the
    source said.
    """

    asset: str
    quote: str
    value: Decimal
    source_time: datetime | None = None
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
    """Half-width of the price's uncertainty, in the quote; None when only one source was asked."""
    flagged: bool = False
    """True when the value jumped by more than the bound against the last vetted one and nothing confirmed it."""
    raw_value: Decimal | None = None
    """What the source itself said, in `quote`, where `value` is what several agree on; None when `value` is its own."""
    outliers: tuple[Outlier, ...] = ()
    """The sources whose quotes were not counted, by name."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of many assets from one source, largest market cap first."""

    prices: tuple[Price, ...]
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candle:
    """One candle; `volume` in the asset, `quote_volume` in the quote, None where the source gives none."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None = None
    quote_volume: Decimal | None = None
    trades: int | None = None


@dataclass(frozen=True, slots=True)
class Candles:
    """A series of candles, oldest first, each open time once and on the interval's grid. `quote` is the market's."""

    asset: str
    quote: str
    interval: str
    candles: tuple[Candle, ...]
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedAsset:
    """An asset or market as a source lists it. `base` and `quote` are the source's own names of a market."""

    id: str
    symbol: str
    name: str = ""
    base: str | None = None
    quote: str | None = None
    active: bool | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class ListedAssets:
    """Everything that a source lists."""

    assets: tuple[ListedAsset, ...]
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole market in USD; dominances and change in percent of 100."""

    total_market_cap: Decimal
    total_volume: Decimal | None = None
    bitcoin_dominance: Decimal | None = None
    ethereum_dominance: Decimal | None = None
    market_cap_change_percent: Decimal | None = None
    active_assets: int | None = None
    markets: int | None = None
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrendingAsset:
    """An asset that draws attention. `asset` is our id when the registry knows it, else empty."""

    asset: str
    symbol: str
    name: str
    position: int
    market_cap_rank: int | None = None
    price: Decimal | None = None
    change_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Trending:
    """Trending assets, most wanted first; prices in USD."""

    assets: tuple[TrendingAsset, ...]
    source_time: datetime | None = None
