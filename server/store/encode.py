"""Turns an observation into rows of the tables; used by the writer.

A value that no row can hold raises `ValueError`, so that it is counted and the others are written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Table

from server.model import (
    Article,
    Articles,
    Balance,
    BalanceQuery,
    Block,
    Candles,
    ChainStatus,
    FearGreed,
    GasPrice,
    ListedAssets,
    Observation,
    Overview,
    Price,
    Prices,
    PricesQuery,
    Provenance,
    Transaction,
    TransactionPage,
    TransactionsQuery,
    Trending,
    WhaleTransactions,
)
from server.store import tables
from server.store.closing import is_final

T = TypeVar("T")
Made = tuple[Table, tuple[Any, ...]]
Maker = Callable[[], Made]
Annotate = Callable[[Article], Article]

COLUMNS = {
    table: tuple(column.name for column in table.columns if column.name != "search")
    for table in tables.METADATA.tables.values()
}
MAGNITUDE = 60
"""Most digits before or behind the point: far beyond any amount, far below what harms the database."""
TEXT_LIMIT = 20_000
AHEAD = timedelta(minutes=2)


def weight(observation: Observation) -> int:
    """Return about how many rows an observation makes, without making them."""
    value = observation.answer.value
    for name in ("prices", "candles", "assets", "articles", "readings", "transactions"):
        items = getattr(value, name, None)
        if isinstance(items, tuple):
            return max(1, len(items))
    return 1


def rows_of(observation: Observation, annotate: Annotate | None = None) -> Iterator[Maker]:
    """Yield one maker for each row; a maker raises `ValueError` when its row cannot be stored."""
    value, origin = observation.answer.value, observation.answer.provenance
    if isinstance(value, Articles):
        for article in value.articles:
            yield from _article(article, origin, annotate)
    else:
        yield from _ROWS[type(value)](observation, value, origin)


def encoded(items: Sequence[Any]) -> str:
    """Return dataclasses as JSON, numbers as text."""
    return json.dumps(
        [{field.name: _plain(getattr(item, field.name)) for field in fields(item)} for item in items],
        ensure_ascii=False,
    )


def decoded(kind: type[T], items: Sequence[dict[str, Any]]) -> tuple[T, ...]:
    """Return what `encoded` was given. Fields that are gone are left out, new ones take their defaults."""
    known = {field.name: "Decimal" in str(field.type) for field in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    return tuple(
        kind(
            **{
                name: Decimal(value) if known[name] and value is not None else value
                for name, value in item.items()
                if name in known
            }
        )
        for item in items
    )


def _one_price(_observation: Observation, price: Price, origin: Provenance) -> Iterator[Maker]:
    yield partial(_price, price, origin, price.source_time or origin.source_time)


def _price(price: Price, origin: Provenance, source_time: datetime | None) -> Made:
    given = {
        **_received(origin, source_time),
        "time": _time(source_time, origin),
        "confidence": price.confidence if price.confidence is not None else origin.confidence,
        "agreed": origin.agreed,
        "asked": origin.asked,
    }
    return _row(tables.PRICES, price, given)


def _prices(observation: Observation, prices: Prices, origin: Provenance) -> Iterator[Maker]:
    stated = prices.source_time or origin.source_time
    times = [price.source_time or stated for price in prices.prices]
    for price, time in zip(prices.prices, times, strict=True):
        yield partial(_price, price, origin, time)
    query = observation.query
    given = {
        **_received(origin, stated),
        "time": _time(stated, origin),
        "quote": query.quote if isinstance(query, PricesQuery) else "USD",
        "assets": [price.asset for price in prices.prices],
        "quotes": [price.quote for price in prices.prices],
        "times": [_time(time, origin) for time in times],
    }
    if prices.prices:
        yield partial(_row, tables.PRICE_LISTS, prices, given)


def _candles(_observation: Observation, series: Candles, origin: Provenance) -> Iterator[Maker]:
    given = {
        **_received(origin, series.source_time),
        "asset": series.asset,
        "interval": series.interval,
        "quote": series.quote,
    }
    last = len(series.candles) - 1
    for index, candle in enumerate(series.candles):
        closed = index < last or is_final(candle, series, origin)
        yield partial(_row, tables.CANDLES, candle, {**given, "closed": closed})


def _listed(_observation: Observation, listed: ListedAssets, origin: Provenance) -> Iterator[Maker]:
    received = _received(origin, listed.source_time)
    for position, asset in enumerate(listed.assets):
        yield partial(_row, tables.LISTED_ASSETS, asset, {**received, "position": position})


def _fear_greed(_observation: Observation, index: FearGreed, origin: Provenance) -> Iterator[Maker]:
    for reading in index.readings:
        yield partial(_row, tables.FEAR_GREED, reading, _received(origin, index.source_time))


def _whales(_observation: Observation, whales: WhaleTransactions, origin: Provenance) -> Iterator[Maker]:
    received = {**_received(origin, whales.source_time), "chain": whales.chain}
    for whale in whales.transactions:
        yield partial(_row, tables.WHALES, whale, {**received, "recipient": whale.recipient or ""})


def _article(article: Article, origin: Provenance, annotate: Annotate | None) -> Iterator[Maker]:
    if annotate is not None:
        article = annotate(article)
    summary, title = article.summary[:TEXT_LIMIT], article.title[:TEXT_LIMIT]
    yield partial(_row, tables.ARTICLES, article, {**_received(origin, None), "summary": summary, "title": title})
    link = {"article": article.id, "published_time": article.published_time, "receive_time": origin.receive_time}
    for source in dict.fromkeys(article.sources or (origin.source,)):
        yield partial(_row, tables.ARTICLE_SOURCES, article, {**link, "source": source})
    for asset in dict.fromkeys(article.assets):
        yield partial(_row, tables.ARTICLE_ASSETS, article, {**link, "asset": asset})


def _one_transaction(_observation: Observation, value: Transaction, origin: Provenance) -> Iterator[Maker]:
    yield partial(_transaction, value, origin)


def _transaction(transaction: Transaction, origin: Provenance) -> Made:
    moved = {"inputs": encoded(transaction.inputs), "outputs": encoded(transaction.outputs)}
    return _row(tables.TRANSACTIONS, transaction, {**_received(origin, transaction.source_time), **moved})


def _page(observation: Observation, page: TransactionPage, origin: Provenance) -> Iterator[Maker]:
    query = observation.query
    address = query.address if isinstance(query, TransactionsQuery) else page.address
    for position, transaction in enumerate(page.transactions):
        yield partial(_transaction, transaction, origin)
        given = {"address": address, "position": position, "receive_time": origin.receive_time}
        yield partial(_row, tables.ADDRESS_TRANSACTIONS, transaction, given)
    received = _received(origin, page.source_time)
    yield partial(_row, tables.TRANSACTION_PAGES, page, {**received, "address": address})


def _balance(observation: Observation, balance: Balance, origin: Provenance) -> Iterator[Maker]:
    query = observation.query
    address = query.address if isinstance(query, BalanceQuery) else balance.address
    yield partial(_with_items, tables.BALANCES, balance, {**_observed(balance, origin), "address": address}, "tokens")


def _trending(_observation: Observation, trending: Trending, origin: Provenance) -> Iterator[Maker]:
    yield partial(_with_items, tables.TRENDING, trending, _observed(trending, origin), "assets")


def _block(_observation: Observation, block: Block, origin: Provenance) -> Iterator[Maker]:
    yield partial(_row, tables.BLOCKS, block, _received(origin, block.source_time))


def _flat(table: Table) -> Callable[[Observation, Any, Provenance], Iterator[Maker]]:
    """Return how a value without parts becomes one row, its columns named as its fields."""

    def rows(_observation: Observation, value: Any, origin: Provenance) -> Iterator[Maker]:
        yield partial(_row, table, value, _observed(value, origin))

    return rows


def _with_items(table: Table, value: Any, given: dict[str, Any], name: str) -> Made:
    return _row(table, value, {**given, name: encoded(getattr(value, name))})


def _observed(value: Any, origin: Provenance) -> dict[str, Any]:
    received = _received(origin, value.source_time)
    return {**received, "time": _time(received["source_time"], origin)}


def _time(source_time: datetime | None, origin: Provenance) -> datetime:
    """Return what an observation is ordered by: a source whose clock is ahead must not stay the newest for long."""
    if source_time is None or source_time > origin.receive_time + AHEAD:
        return origin.receive_time
    return source_time


def _received(origin: Provenance, source_time: datetime | None) -> dict[str, Any]:
    return {
        "source": origin.source,
        "source_time": source_time or origin.source_time,
        "receive_time": origin.receive_time,
        "simulated": origin.simulated,
    }


def _row(table: Table, value: Any, given: dict[str, Any]) -> Made:
    return table, tuple([_storable(given[name] if name in given else getattr(value, name)) for name in COLUMNS[table]])


def _storable(value: Any) -> Any:
    kind = type(value)
    if kind is Decimal:
        if not value.is_finite() or not -MAGNITUDE <= value.adjusted() <= MAGNITUDE:
            raise ValueError("a number that is none, or beyond any magnitude")
    elif kind is datetime:
        if value.tzinfo is None:
            raise ValueError("a time without its zone")
    elif kind is str:
        return _text(value)
    elif kind is list or kind is tuple:
        return [_storable(item) for item in value]
    return value


def _text(value: str) -> str:
    """Return a text that PostgreSQL can hold: without NUL and lone surrogates."""
    if "\0" in value:
        value = value.replace("\0", "")
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(_storable(value))
    return _text(value) if isinstance(value, str) else value


_ROWS: dict[type, Callable[[Observation, Any, Provenance], Iterator[Maker]]] = {
    Price: _one_price,
    Prices: _prices,
    Candles: _candles,
    ListedAssets: _listed,
    Overview: _flat(tables.OVERVIEWS),
    Trending: _trending,
    FearGreed: _fear_greed,
    GasPrice: _flat(tables.GAS),
    ChainStatus: _flat(tables.CHAINS),
    Block: _block,
    Balance: _balance,
    Transaction: _one_transaction,
    TransactionPage: _page,
    WhaleTransactions: _whales,
}
