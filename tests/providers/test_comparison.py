"""What is expected of a recorded answer, held against rows of every shape; and the bounds that rows keep."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from server.model import Candle, ListedAsset, Overview
from server.providers.conformance.bounds import beyond_bounds
from server.providers.conformance.compare import differences
from server.providers.rows import (
    Account,
    Book,
    Chart,
    FeeRates,
    Item,
    NewsItem,
    Quantity,
    Reading,
    Refusal,
    Ticker,
    Trade,
)

TIME = datetime(2024, 1, 11, 15, 46, 8, 500_999, tzinfo=UTC)
MS = 1704987968500
D = Decimal
TICKER = Ticker(
    "BTCUSDT", D("1.50"), bid=D("1.4"), percentage=D("2.7010232"), quote_volume=D("42.0000000000001"), time=TIME
)
CANDLES = tuple(
    Candle(datetime(2024, 1, day, tzinfo=UTC), D(day), D(9), D(1), D(2), D(5)) for day in (4, 3, 2, 1, 5, 6, 7)
)
BOOK = Book(((D(10), D(1)), (D(9), D(2))), ((D(11), D(3)),))
CHART = Chart(((TIME, D(5)), (TIME, D(6))), ((TIME, D(7)),))
COLUMNS = ["timestamp_ms", "open", "close"]


def day(number: int, opened: int) -> list[object]:
    """Return a row of expected candles."""
    return [int(datetime(2024, 1, number, tzinfo=UTC).timestamp() * 1000), str(opened), "2"]


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"count": 1, "tickers": [{"symbol": "BTCUSDT", "last": "1.5", "ask": None, "timestamp_ms": MS}]}, (TICKER,)),
        ({"symbol": "BTC/USDT", "last": D("1.5"), "bid": "1.40"}, TICKER),
        ({"percentage": "2.701023"}, TICKER),
        ({"quote_volume": D(42)}, TICKER),
        ({"count": 2, "items": [{"id": 1, "price": "3", "slug": "x"}]}, (Item("1", "A", D(3)), Item("2", "B", D(4)))),
        ({"ids": ["a"], "prices": {"a": {"eur": "3"}}}, (Item("a", None, D(3), quote="EUR"),)),
        ({"columns": COLUMNS, "rows_ascending": [day(n, n) for n in range(1, 8)], "raw_order": "any"}, CANDLES),
        (
            {
                "columns": COLUMNS,
                "rows_are": "first 3 and last 3",
                "rows_ascending": [day(n, n) for n in (1, 2, 3, 5, 6, 7)],
            },
            CANDLES,
        ),
        ({"n_bids": 2, "n_asks": 1, "best_bid": ["10", "1"], "best_ask": ["11.0", "3"]}, BOOK),
        (
            {
                "n_prices": 2,
                "n_market_caps": 1,
                "n_total_volumes": 0,
                "first_price": [MS, "5"],
                "last_price": [MS, "6"],
            },
            CHART,
        ),
        (
            {
                "count": 1,
                "first_in_payload": {"id": "7", "timestamp_ms": MS, "price": "1", "amount": "2", "taker_side": None},
            },
            (Trade("7", TIME, D(1), D(2), None),),
        ),
        (
            {
                "count": 2,
                "active_count": 1,
                "first": {"id": "AB", "active": True},
                "last": {"id": "CD", "active": None},
            },
            (ListedAsset("AB", "A", active=True), ListedAsset("CD", "C")),
        ),
        (
            {"total_market_cap_usd": "5", "btc_dominance": "40.1", "updated_ms": MS},
            Overview(D(5), None, D("40.1"), source_time=TIME),
        ),
        ({"latest": {"value": 7, "classification": "Fear"}}, (Reading(D(7), "Fear", TIME),)),
        (
            {"first": {"title": "T", "published_ms": MS, "categories": ["a", "b"]}},
            (NewsItem("T", "l", time=TIME, categories=("a", "b")),),
        ),
        ({"result_hex": "0x1b", "result_int": "27"}, Quantity(27)),
        (
            {"address": "a", "confirmed_balance_sat": "5", "mempool_delta_sat": "-1", "tx_count": 2},
            Account("a", 5, -1, 2),
        ),
        ({"hourFee": "1.0"}, FeeRates({"hourFee": D(1)})),
        ({"error_code": -1121, "error_message": "Invalid symbol."}, Refusal("-1121", "Invalid symbol.")),
    ],
)
def test_equal_values_differ_in_nothing(expected: dict[str, Any], found: object) -> None:
    """Numbers are equal as decimals, times to the millisecond, whatever shape is expected of the rows."""
    assert list(differences(expected, found)) == []


@pytest.mark.parametrize(
    ("expected", "found", "where"),
    [
        ({"tickers": [{"last": "1.51"}]}, (TICKER,), "tickers[0].last"),
        ({"tickers": [{"last": "1.5"}, {"last": "2"}]}, (TICKER,), "tickers: rows"),
        ({"symbol": "ETHUSDT"}, TICKER, "symbol"),
        ({"last": D("1.5000001")}, TICKER, "last"),
        ({"last": "abc"}, TICKER, "last"),
        ({"ask": "0"}, TICKER, "ask"),
        ({"bid": None}, TICKER, "bid"),
        ({"percentage": "2.701024"}, TICKER, "percentage"),
        ({"timestamp_ms": MS + 1}, TICKER, "timestamp_ms"),
        ({"count": 3}, (TICKER,), "count"),
        ({"prices": {"a": {"usd": "3"}}}, (Item("b", None, D(3)),), "prices.a.usd"),
        ({"columns": COLUMNS, "rows_ascending": [day(1, 2)]}, CANDLES[3:4], "rows_ascending[0].open"),
        ({"columns": COLUMNS, "rows_ascending": [day(1, 1)]}, CANDLES, "rows_ascending: rows"),
        ({"best_bid": ["10", "2"]}, BOOK, "best_bid"),
        ({"best_ask": ["10", "2"]}, Book((), ()), "best_ask"),
        ({"n_prices": 3}, CHART, "n_prices"),
        ({"active_count": 2}, (ListedAsset("AB", "A", active=True),), "active_count"),
        ({"first": {"title": "T"}}, (), "first: rows"),
        ({"first": {"categories": ["a"]}}, (NewsItem("T", "l", categories=("a", "b")),), "first[0].categories"),
        ({"result_hex": "0x1c"}, Quantity(27), "result_hex"),
        ({"slowFee": "1"}, FeeRates({"hourFee": D(1)}), "slowFee"),
        ({"error_code": "1"}, Refusal("2"), "error_code"),
        ({"weather": 1}, TICKER, "weather"),
    ],
)
def test_each_difference_is_named(expected: dict[str, Any], found: object, where: str) -> None:
    """A wrong, missing or unread value is one difference, named by its place."""
    assert [difference.where for difference in differences(expected, found)] == [where]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Ticker("A", D(-1)), "below zero"),
        (Item("a", "A", D(1), volume=D(-1)), "below zero"),
        (Candle(TIME, D(5), D(4), D(1), D(2)), "outside low and high"),
        (Book(((D(12), D(1)),), ((D(11), D(1)),)), "above the best ask"),
        (Reading(D(101), "x", TIME), "not between"),
    ],
)
def test_values_that_cannot_be_are_named(found: object, words: str) -> None:
    """Rows without expected values are held to what can be at all."""
    assert words in " ".join(beyond_bounds((found,)))
    assert not list(beyond_bounds((TICKER, *CANDLES[:1], BOOK, "anything else")))
