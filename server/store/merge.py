"""How rows enter each table: copied to a stage, then merged by their natural key; used by the writer.

Merging orders rows by their key, so that two services that write the same rows cannot lock each other out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no types
from sqlalchemy import Executable, MetaData, Table, and_, case, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from server.store.encode import COLUMNS

Batch = Mapping[Table, Sequence[tuple[Any, ...]]]

NEWEST_WINS = {tables.LISTED_ASSETS, tables.TRANSACTION_PAGES, tables.ADDRESS_TRANSACTIONS}
CHANGED_WINS = {tables.CANDLES, tables.FEAR_GREED}
"""A newer answer replaces an older one where it says something else; a closed candle stays as it is."""
FILLED_UP = {tables.BLOCKS, tables.TRANSACTIONS, tables.WHALES}
"""As above, and what a newer answer leaves out is kept from the older one."""
ORIGIN = {"source", "source_time", "receive_time"}

ORDER = tuple(tables.METADATA.tables.values())


class Stages:
    """The stages that one connection has, made when they are first wanted; a stage is empty after each transaction."""

    def __init__(self) -> None:
        self._made: set[str] = set()

    async def write(self, connection: AsyncConnection, batch: Batch) -> None:
        """Merge a batch within the connection's transaction. Raises what the database or its driver raise."""
        await connection.execute(text("SET LOCAL statement_timeout = '30s'"))
        raw = await connection.get_raw_connection()
        driver: asyncpg.Connection = raw.driver_connection
        for table in ORDER:
            if rows := batch.get(table):
                stage = f"stage_{table.name}"
                if stage not in self._made:
                    await connection.execute(
                        text(f"CREATE TEMP TABLE IF NOT EXISTS {stage} (LIKE {table.name}) ON COMMIT DELETE ROWS")
                    )
                await driver.copy_records_to_table(stage, records=rows, columns=COLUMNS[table])
                await connection.execute(MERGES[table])
                self._made.add(stage)

    def forget(self) -> None:
        """Forget all stages, as those of a connection that is gone, or whose transaction was undone."""
        self._made.clear()


def distinct(table: Table, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows with each natural key once: the last one offered, of a candle the first closed one."""
    places = [COLUMNS[table].index(column.name) for column in table.primary_key]
    closed = COLUMNS[table].index("closed") if table is tables.CANDLES else None
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in rows:
        key = tuple([row[place] for place in places])
        if closed is None or key not in found or not found[key][closed]:
            found[key] = row
    return list(found.values())


def _merge(table: Table) -> Executable:
    names = COLUMNS[table]
    keys = [column.name for column in table.primary_key]
    stage = Table(f"stage_{table.name}", MetaData(), *(column._copy() for column in table.columns))  # noqa: SLF001 -- SQLAlchemy's own way to copy a column
    rows = select(*(stage.c[name] for name in names)).order_by(*(stage.c[key] for key in keys))
    if table in {tables.ARTICLE_SOURCES, tables.ARTICLE_ASSETS}:  # an article keeps its first time, its links too
        times = {"published_time": tables.ARTICLES.c.published_time}
        rows = select(*(times.get(name, stage.c[name]) for name in names)).join_from(
            stage, tables.ARTICLES, tables.ARTICLES.c.id == stage.c.article
        )
    statement = insert(table).from_select(list(names), rows)
    new, old = statement.excluded, table.c
    others = [name for name in names if name not in keys]
    if table is tables.ARTICLES:
        return _merge_articles(statement)
    if table not in NEWEST_WINS | CHANGED_WINS | FILLED_UP:
        return statement.on_conflict_do_nothing()
    taken: dict[str, Any] = {name: new[name] for name in others}
    if table in FILLED_UP:
        taken |= {name: func.coalesce(new[name], old[name]) for name in others if old[name].nullable}
        for name in {"inputs", "outputs"} & set(others):
            taken[name] = case((func.jsonb_array_length(new[name]) > 0, new[name]), else_=old[name])
    conditions = [new.receive_time >= old.receive_time]
    if table not in NEWEST_WINS:
        conditions.append(or_(*(old[name].is_distinct_from(taken[name]) for name in others if name not in ORIGIN)))
    if table is tables.CANDLES:
        conditions.append(~old.closed)
    elif table is tables.TRANSACTIONS:  # a source that lags does not undo what is mined
        conditions.append(or_(old.block_height.is_(None), new.block_height.is_not(None)))
    return statement.on_conflict_do_update(index_elements=keys, set_=taken, where=and_(*conditions))


def _merge_articles(statement: Any) -> Executable:
    """One story of many feeds: what the first left empty is filled, a newer score replaces an older one."""
    new, old = statement.excluded, tables.ARTICLES.c
    filled = {name: case((old[name] == "", new[name]), else_=old[name]) for name in ("summary", "author", "image_url")}
    wanted = [and_(old[name] == "", new[name] != "") for name in filled]
    score = and_(new.sentiment.is_not(None), old.sentiment.is_distinct_from(new.sentiment))
    return statement.on_conflict_do_update(  # type: ignore[no-any-return]  # SQLAlchemy's own statement, typed loosely above
        index_elements=["id"],
        set_={**filled, "sentiment": func.coalesce(new.sentiment, old.sentiment)},
        where=or_(*wanted, score),
    )


MERGES: dict[Table, Executable] = {table: _merge(table) for table in ORDER if table is not tables.SECRETS}
