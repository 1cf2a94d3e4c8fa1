"""Reads history back by keyset pages; used by the store. Ranges are half-open, cursors those of the last row."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Table,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy import Row as DatabaseRow
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.errors import StoreUnavailable
from server.model import Article, FearGreedReading, GasPrice, Price
from server.store import tables
from server.store.decode import origin_of, value_of
from server.store.engine import DATABASE_ERRORS, MISTAKE, is_poison, sqlstate
from server.store.rows import FearGreedRow, GasRow, Page, PriceRow, Row, StoredCandle
from server.store.series import best_candles, market_of, stored_candle

T = TypeVar("T")
Cursor = Sequence[object]
SIMPLE: ColumnElement[Any] = literal_column("'simple'::regconfig")
"""The text search configuration of the articles: words as they are, in any language."""


class Reader:
    """Reads within `limit_s` seconds, or raises `StoreUnavailable`."""

    def __init__(self, engine: AsyncEngine, limit_s: float) -> None:
        self._reads = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._limit_s = limit_s
        self._running: set[asyncio.Task[Any]] = set()

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Return what `work` reads; what goes wrong with the database, or takes too long, is `StoreUnavailable`.

        The caller does not wait for a frozen server's connection to be given up, which takes seconds more.
        """
        task = asyncio.create_task(self._connected(work))
        self._running.add(task)
        task.add_done_callback(self._ended)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._limit_s)
            if not done:
                raise StoreUnavailable
            return task.result()
        except DATABASE_ERRORS as error:
            if sqlstate(error).startswith(MISTAKE) or is_poison(error):
                raise
            raise StoreUnavailable from error
        finally:
            task.cancel()

    async def ended(self) -> None:
        """Return when no read is on its way any more."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _connected(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with self._reads.connect() as connection:
            return await work(connection)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # said to the caller, or too late for it

    async def rows(self, statement: Executable) -> Sequence[DatabaseRow[Any]]:
        """Return all rows of a statement: none when it asks for a value that no column can hold, such as a NUL."""

        async def work(connection: AsyncConnection) -> Sequence[DatabaseRow[Any]]:
            found: Sequence[DatabaseRow[Any]] = (await connection.execute(statement)).all()
            return found

        try:
            return await self.read(work)
        except DATABASE_ERRORS as error:
            if is_poison(error):
                return ()
            raise

    async def price_observations(
        self,
        asset_id: str,
        quote: str,
        *,
        source: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        after: Cursor | None = None,
        limit: int = 100,
    ) -> Page[PriceRow]:
        """Return stored prices in [start, end), newest first. Cursor: (time, source)."""
        table = tables.PRICES
        chosen = [table.c.asset == asset_id, table.c.quote == quote, *_equal(table, source)]
        rows = await self._newest(table, chosen, (start, end), after, limit)
        return _page([Row(row.time, value_of(Price, row, outliers=()), origin_of(row)) for row in rows], limit)

    async def gas_observations(
        self,
        chain_id: str,
        *,
        source: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        after: Cursor | None = None,
        limit: int = 100,
    ) -> Page[GasRow]:
        """Return stored gas prices in [start, end), newest first. Cursor: (time, source)."""
        table = tables.GAS
        chosen = [table.c.chain == chain_id, *_equal(table, source)]
        rows = await self._newest(table, chosen, (start, end), after, limit)
        return _page([Row(row.time, value_of(GasPrice, row), origin_of(row)) for row in rows], limit)

    async def fear_greed_observations(
        self,
        *,
        source: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        after: Cursor | None = None,
        limit: int = 100,
    ) -> Page[FearGreedRow]:
        """Return stored index readings in [start, end), newest first. Cursor: (time, source)."""
        table = tables.FEAR_GREED
        rows = await self._newest(table, _equal(table, source), (start, end), after, limit)
        return _page([Row(row.time, value_of(FearGreedReading, row), origin_of(row)) for row in rows], limit)

    async def candles(
        self,
        asset_id: str,
        quote: str | None,
        interval: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        after: Cursor | None = None,
        limit: int = 100,
        prefer: Sequence[str] = (),
    ) -> Page[StoredCandle]:
        """Return one series merged from all sources, oldest first, that opens in [start, end). Cursor: (open_time,).

        A page is of one quote. USD, or none, means the dollar or what stands for it: of these the one with most
        candles. `prefer` names sources, best first.
        """
        table = tables.CANDLES
        chosen = [table.c.asset == asset_id, table.c.interval == interval, *between(table.c.open_time, start, end)]
        if after is not None:
            chosen.append(table.c.open_time > after[0])

        async def work(connection: AsyncConnection) -> Sequence[DatabaseRow[Any]]:
            market = await market_of(connection, chosen, quote, limit)
            statement = best_candles(chosen, market, prefer).limit(limit + 1)
            return list((await connection.execute(statement)).all())

        rows = await self.read(work)
        found = [stored_candle(row) for row in rows]
        more = len(found) > limit
        return Page(tuple(found[:limit]), (found[limit - 1].candle.open_time,) if more else None)

    async def articles(
        self,
        *,
        asset: str | None = None,
        source: str | None = None,
        language: str | None = None,
        text: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        after: Cursor | None = None,
        limit: int = 100,
    ) -> Page[Article]:
        """Return articles published in [start, end), newest first. Cursor: (published_time, id).

        `text` holds words that must all occur; a quoted phrase, `or` and `-word` mean what they do to a search engine.
        """
        table = tables.ARTICLES
        time, key = table.c.published_time, table.c.id
        chosen: list[Any] = between(time, start, end)
        for links, column, wanted in (
            (tables.ARTICLE_ASSETS, tables.ARTICLE_ASSETS.c.asset, asset),
            (tables.ARTICLE_SOURCES, tables.ARTICLE_SOURCES.c.source, source),
        ):
            if wanted:
                chosen.append(key.in_(select(links.c.article).where(column == wanted)))
        if language:
            spoken = func.lower(table.c.language)
            chosen.append(or_(spoken == language.lower(), spoken.startswith(f"{language.lower()}-", autoescape=True)))
        if text:
            chosen.append(table.c.search.op("@@")(func.websearch_to_tsquery(SIMPLE, text)))
        if after is not None:
            chosen.append(tuple_(time, key) < tuple_(*after))
        statement = article_select().where(*chosen).order_by(time.desc(), key.desc()).limit(limit + 1)
        rows = await self.rows(statement)
        found = [article_of(row) for row in rows]
        more = len(found) > limit
        return Page(tuple(found[:limit]), (found[limit - 1].published_time, found[limit - 1].id) if more else None)

    async def copies(self, titles: Sequence[str], start: datetime, end: datetime) -> tuple[Article, ...]:
        """Return the articles published in [start, end) whose title is among `titles`, at most 1000, newest first.

        Titles are compared by their letters from a to z and digits alone, in lower case; so they are to be given.
        """
        table = tables.ARTICLES
        plain = func.regexp_replace(func.lower(table.c.title), "[^a-z0-9]+", "", "g")
        chosen = [*between(table.c.published_time, start, end), plain.in_(titles)]
        rows = await self.rows(article_select().where(*chosen).order_by(table.c.published_time.desc()).limit(1000))
        return tuple(article_of(row) for row in rows)

    async def article(self, key: str) -> Article | None:
        """Return one article by its id, None when there is none."""
        rows = await self.rows(article_select().where(tables.ARTICLES.c.id == key))
        return article_of(rows[0]) if rows else None

    async def _newest(
        self,
        table: Table,
        chosen: Sequence[Any],
        span: tuple[datetime | None, datetime | None],
        after: Cursor | None,
        limit: int,
    ) -> Sequence[DatabaseRow[Any]]:
        time, source = table.c.time, table.c.source
        statement = select(table).where(*chosen, *between(time, *span))
        if after is not None:
            statement = statement.where(tuple_(time, source) < tuple_(*after))
        statement = statement.order_by(time.desc(), source.desc()).limit(limit + 1)
        return await self.rows(statement)


def article_select() -> Select[Any]:
    """Select articles with the feeds that carried them, in order, and the assets that they name."""
    table, sources, assets = tables.ARTICLES, tables.ARTICLE_SOURCES, tables.ARTICLE_ASSETS
    columns = [column for column in table.c if column.name != "search"]
    fed = select(func.array_agg(sources.c.source.op("ORDER BY")(tuple_(sources.c.receive_time, sources.c.source))))
    named = select(func.array_agg(assets.c.asset.op("ORDER BY")(assets.c.asset)))
    return select(
        *columns,
        fed.where(sources.c.article == table.c.id).scalar_subquery().label("sources"),
        named.where(assets.c.article == table.c.id).scalar_subquery().label("assets"),
    )


def article_of(row: DatabaseRow[Any]) -> Article:
    """Make an article of a row of `article_select`."""
    lists = {
        "sources": tuple(row.sources or (row.source,)),
        "assets": tuple(row.assets or ()),
        "categories": tuple(row.categories),
    }
    return value_of(Article, row, **lists)


def between(column: Any, start: datetime | None, end: datetime | None) -> list[Any]:
    """Return the conditions of a half-open range; an end that is None is open."""
    bounds = [] if start is None else [column >= start]
    return bounds if end is None else [*bounds, column < end]


def _equal(table: Table, source: str | None) -> list[Any]:
    return [] if source is None else [table.c.source == source]


def _page(found: list[Row[T]], limit: int) -> Page[Row[T]]:
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(tuple(found[:limit]), (last.time, last.provenance.source) if last else None)
