"""Bounds that rows keep whatever the source; a recorded answer without expected values is held to them alone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from server.model import Candle, Overview
from server.providers.rows import Book, Item, Reading, Ticker, Trade, rows_of

_AMOUNTS = {
    Ticker: ("last", "bid", "ask", "high", "low", "open", "base_volume", "quote_volume"),
    Item: ("price", "market_cap", "volume", "high", "low"),
    Trade: ("price", "amount"),
    Candle: ("open", "high", "low", "close", "volume"),
    Overview: ("total_market_cap", "total_volume", "bitcoin_dominance", "ethereum_dominance"),
}
_WHOLE = Decimal(100)


def beyond_bounds(found: object) -> Iterator[str]:
    """Yield, in words, each value of the rows that cannot be."""
    for row in rows_of(found):
        for name in _AMOUNTS.get(type(row), ()):
            value = getattr(row, name)
            if value is not None and value < 0:
                yield f"{type(row).__name__}.{name} is {value}, below zero"
        if isinstance(row, Candle) and not row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high:
            yield f"the candle of {row.open_time:%Y-%m-%d %H:%M} has its open or close outside low and high"
        if isinstance(row, Book) and row.bids and row.asks and row.bids[0][0] > row.asks[0][0]:
            yield f"the best bid {row.bids[0][0]} is above the best ask {row.asks[0][0]}"
        if isinstance(row, Reading) and not 0 <= row.value <= _WHOLE:
            yield f"the reading is {row.value}, not between 0 and 100"
