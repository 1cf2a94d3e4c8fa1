"""Rows in a source's own terms, between its bytes and our values: what readers give and recorded answers are held to.

Numbers are exact decimals as the source wrote them, times aware UTC, None where the answer does not give it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class Ticker(NamedTuple):
    """A market's or an asset's ticker. `symbol` as the source names it; `percentage` in percent over 24 h."""

    symbol: str | None
    last: Decimal | None
    bid: Decimal | None = None
    ask: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    open: Decimal | None = None
    base_volume: Decimal | None = None
    quote_volume: Decimal | None = None
    percentage: Decimal | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An aggregator's row for one asset, in one quote."""

    id: str
    symbol: str | None
    price: Decimal
    name: str | None = None
    quote: str = "USD"
    market_cap: Decimal | None = None
    volume: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    change_percent: Decimal | None = None
    rank: int | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade; `taker_side` is `buy` or `sell`."""

    id: str | None
    time: datetime
    price: Decimal
    amount: Decimal
    taker_side: str | None


@dataclass(frozen=True, slots=True)
class Book:
    """An order book: (price, amount) levels, best first."""

    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Series of (time, value) points, oldest first, each as the source samples it."""

    prices: tuple[tuple[datetime, Decimal], ...]
    market_caps: tuple[tuple[datetime, Decimal], ...] = ()
    volumes: tuple[tuple[datetime, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that the source states in its body; `code` and `message` are its own."""

    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading of a fear and greed index; `seconds_until_update` only where the source counts down."""

    value: Decimal
    classification: str
    time: datetime
    seconds_until_update: int | None = None


@dataclass(frozen=True, slots=True)
class NewsItem:
    """An item of a feed as the feed has it: the summary with its markup, the link with its tracking."""

    title: str
    link: str
    guid: str | None = None
    time: datetime | None = None
    author: str | None = None
    summary: str | None = None
    image_url: str | None = None
    language: str | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quantity:
    """A whole number, such as the result of a JSON-RPC call."""

    value: int


@dataclass(frozen=True, slots=True)
class Account:
    """An address with its balances in the smallest unit; `pending` is what is not confirmed, may be negative."""

    address: str | None
    balance: int
    pending: int | None = None
    transaction_count: int | None = None


@dataclass(frozen=True, slots=True)
class FeeRates:
    """Fee rates by the source's own names, in its own unit."""

    rates: Mapping[str, Decimal]
    block_height: int | None = None


def rows_of(found: object) -> list[object]:
    """Return what a reader gave as a list; a ticker alone is one row, though a tuple by itself."""
    return list(found) if isinstance(found, tuple | list) and not isinstance(found, Ticker) else [found]
