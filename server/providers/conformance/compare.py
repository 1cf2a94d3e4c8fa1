"""What INDEX.json expects of a recorded answer, held against a reader's rows; the run reports differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from server.model import Candle, ListedAsset, Overview
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
    rows_of,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_COMPUTED = Decimal("1e-12")
"""How far, relatively, a figure may be off that INDEX.json has as a float: it was computed with 53 bits."""

_TICKER = ("symbol", "last", "bid", "ask", "high", "low", "open", "base_volume", "quote_volume", "percentage")
_FIELDS: dict[type, dict[str, str]] = {
    Ticker: {name: name for name in _TICKER} | {"timestamp_ms": "time"},
    Item: {
        "id": "id",
        "symbol": "symbol",
        "price": "price",
        "price_usd": "price",
        "market_cap": "market_cap",
        "market_cap_usd": "market_cap",
        "total_volume": "volume",
        "volume_24h": "volume",
        "volume_usd_24h": "volume",
        "high_24h": "high",
        "low_24h": "low",
        "change_pct_24h": "change_percent",
        "rank": "rank",
        "updated_ms": "time",
        "timestamp_ms": "time",
    },
    Candle: {name: name for name in ("open", "high", "low", "close", "volume")} | {"timestamp_ms": "open_time"},
    Trade: {"id": "id", "timestamp_ms": "time", "price": "price", "amount": "amount", "taker_side": "taker_side"},
    ListedAsset: {name: name for name in ("id", "symbol", "name", "base", "quote", "active")},
    Overview: {
        "active_cryptocurrencies": "active_assets",
        "markets": "markets",
        "total_market_cap_usd": "total_market_cap",
        "total_volume_usd": "total_volume",
        "btc_dominance": "bitcoin_dominance",
        "eth_dominance": "ethereum_dominance",
        "market_cap_change_pct_24h": "market_cap_change_percent",
        "updated_ms": "source_time",
    },
    Reading: {
        "value": "value",
        "classification": "classification",
        "timestamp_ms": "time",
        "seconds_until_update": "seconds_until_update",
    },
    NewsItem: {
        "title": "title",
        "guid": "guid",
        "published_ms": "time",
        "author": "author",
        "categories": "categories",
        "url": "link",
    },
    Quantity: {"result_int": "value", "result_hex": "value"},
    Account: {
        "address": "address",
        "confirmed_balance_sat": "balance",
        "mempool_delta_sat": "pending",
        "tx_count": "transaction_count",
    },
    Refusal: {"error_code": "code", "error_message": "message"},
}
_SAID_OF_THE_CASE = {"raw_order", "rows_are", "note"}
_BESIDE = {"slug"}
"""What a row has no use for: another name beside its id."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not what was expected, with both."""

    where: str
    expected: object
    found: object


def differences(expected: Mapping[str, object], found: object) -> Iterator[Difference]:
    """Yield what differs; nothing when every expected value is there."""
    rows = rows_of(found)
    for key, value in expected.items():
        if key in _SAID_OF_THE_CASE:
            continue
        if key == "columns":
            yield from _series(expected, rows)
        elif key in {"tickers", "items"} and isinstance(value, list):
            # A long list is expected by its first rows; `count` says how many there are.
            yield from _rows(key, value, rows[: len(value)])
        elif key in {"first", "latest", "first_in_payload"}:
            yield from _rows(key, [value], rows[:1])
        elif key in {"last", "last_in_payload"} and isinstance(value, dict):
            yield from _rows(key, [value], rows[-1:])
        elif key != "rows_ascending":
            yield from _single(key, value, rows)


def _single(key: str, value: object, rows: list[object]) -> Iterator[Difference]:
    """Compare one figure about the whole answer, or one field of its only row."""
    first = rows[0] if rows else None
    if key in {"count", "active_count"}:
        listed = [row for row in rows if key == "count" or getattr(row, "active", None)]
        if value is not None and len(listed) != value:
            yield Difference(key, value, len(listed))
    elif isinstance(first, Book):
        yield from _book(key, value, first)
    elif isinstance(first, Chart):
        yield from _chart(key, value, first)
    elif isinstance(first, FeeRates):
        yield from _one(key, value, first.rates.get(key))
    elif key == "ids":
        yield from _one(key, value, sorted({str(getattr(row, "id", None)) for row in rows}))
    elif key == "prices" and isinstance(value, dict):
        yield from _prices(value, rows)
    else:
        yield from _field(key, key, value, first)


def _rows(where: str, expected: Sequence[object], rows: Sequence[object]) -> Iterator[Difference]:
    if len(expected) != len(rows):
        yield Difference(f"{where}: rows", len(expected), len(rows))
    for number, (wanted, row) in enumerate(zip(expected, rows, strict=False)):
        if isinstance(wanted, dict):
            for key, value in wanted.items():
                yield from _field(f"{where}[{number}].{key}", key, value, row)


def _field(where: str, key: str, value: object, row: object) -> Iterator[Difference]:
    name = _FIELDS.get(type(row), {}).get(key)
    if name is None:
        if key not in _BESIDE:
            yield Difference(where, value, f"nothing of that name in {type(row).__name__}")
        return
    actual = getattr(row, name)
    if key == "result_hex":
        actual = hex(actual)
    if key == "symbol" and isinstance(value, str) and "/" in value and (actual is None or "/" not in actual):
        # A name that a client library made of its own request: the answer has another, or none.
        return
    yield from _one(where, value, actual, percent=name in {"percentage", "change_percent"})


def _series(expected: Mapping[str, object], rows: list[object]) -> Iterator[Difference]:
    wanted, columns = expected.get("rows_ascending"), expected.get("columns")
    if not isinstance(wanted, list) or not isinstance(columns, list):
        return
    series = sorted((row for row in rows if isinstance(row, Candle)), key=lambda row: row.open_time)
    if expected.get("rows_are") == "first 3 and last 3":
        series = series[:3] + series[-3:]
    named = [dict(zip(columns, row, strict=False)) for row in wanted]
    yield from _rows("rows_ascending", named, series)


def _book(key: str, value: object, book: Book) -> Iterator[Difference]:
    side = book.bids if "bid" in key else book.asks
    if key in {"n_bids", "n_asks"}:
        yield from _one(key, value, len(side))
    elif key in {"best_bid", "best_ask"}:
        yield from _one(key, value, list(side[0]) if side else None)


def _chart(key: str, value: object, chart: Chart) -> Iterator[Difference]:
    found: dict[str, object] = {
        "n_prices": len(chart.prices),
        "n_market_caps": len(chart.market_caps),
        "n_total_volumes": len(chart.volumes),
        "first_price": list(chart.prices[0]) if chart.prices else None,
        "last_price": list(chart.prices[-1]) if chart.prices else None,
    }
    yield from _one(key, value, found.get(key))


def _prices(expected: Mapping[str, object], rows: list[object]) -> Iterator[Difference]:
    found = {(row.id, row.quote.lower()): row.price for row in rows if isinstance(row, Item)}
    for id_, quotes in expected.items():
        for quote, price in quotes.items() if isinstance(quotes, dict) else ():
            yield from _one(f"prices.{id_}.{quote}", price, found.get((id_, quote.lower())))


def _one(where: str, expected: object, found: object, *, percent: bool = False) -> Iterator[Difference]:
    if not _same(expected, found, percent=percent):
        yield Difference(where, expected, found)


def _same(expected: object, found: object, *, percent: bool) -> bool:
    if expected is None or found is None or isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(found, datetime):
        return expected == (found - _EPOCH) // _MILLISECOND
    if isinstance(expected, list) and isinstance(found, tuple | list):
        pairs = zip(expected, found, strict=False)
        return len(expected) == len(found) and all(_same(one, other, percent=percent) for one, other in pairs)
    if isinstance(found, Decimal | int) and isinstance(expected, str | int | Decimal):
        return _equal(expected, Decimal(found), percent=percent)
    return str(expected) == str(found)


def _equal(expected: str | int | Decimal, found: Decimal, *, percent: bool) -> bool:
    """Compare as decimals. A percentage of six places was computed and rounded, a float computed with 53 bits."""
    try:
        wanted = Decimal(expected)
    except InvalidOperation:
        return False
    if wanted == found:
        return True
    exponent = wanted.as_tuple().exponent
    if percent and exponent == -6:
        return abs(wanted - found) <= Decimal("5e-7")
    return isinstance(expected, Decimal) and abs(wanted - found) <= abs(wanted) * _COMPUTED
