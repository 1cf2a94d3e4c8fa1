"""Candles of many sources as one series of one market; used by `read` and `last`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal_column, select
from sqlalchemy import Row as DatabaseRow
from sqlalchemy.ext.asyncio import AsyncConnection

from server.model import Candle
from server.store import tables
from server.store.decode import value_of
from server.store.rows import DOLLARS, StoredCandle


async def market_of(
    connection: AsyncConnection, chosen: Sequence[Any], quote: str | None, limit: int, *, newest: bool = False
) -> str:
    """Return a series' quote: the asked one; for the dollar that of its stand-ins with most of `limit` candles."""
    if quote not in {None, "USD"}:
        return str(quote)
    table = tables.CANDLES
    time = table.c.open_time.desc() if newest else table.c.open_time
    first = (
        select(table.c.open_time, table.c.quote)
        .where(*chosen, table.c.quote.in_(DOLLARS))
        .group_by(table.c.open_time, table.c.quote)
        .order_by(time)
        .limit(limit * len(DOLLARS))
        .subquery()
    )
    found = await connection.execute(select(first.c.quote, func.count()).group_by(first.c.quote))
    counts = {name: min(number, limit) for name, number in found.all()}
    return max(DOLLARS, key=lambda name: counts.get(name, 0))


def best_candles(chosen: Sequence[Any], quote: str, prefer: Sequence[str], *, newest: bool = False) -> Select[Any]:
    """Select one candle an open time: closed before open, then by source.

    Of the sources, those in `prefer` come first in their order, then those that know the volume, then by name: so a
    series does not jump between sources from candle to candle.
    """
    table = tables.CANDLES
    time = table.c.open_time.desc() if newest else table.c.open_time
    order: list[Any] = [table.c.closed.desc()]
    if prefer:
        order.append(case({source: place for place, source in enumerate(prefer)}, value=table.c.source, else_=99))
    order += [table.c.volume.is_(None), table.c.source]
    first: ColumnElement[Any] = literal_column("DISTINCT ON (candles.open_time)")
    return select(table).where(*chosen, table.c.quote == quote).prefix_with(first).order_by(time, *order)


def stored_candle(row: DatabaseRow[Any]) -> StoredCandle:
    """Make a candle of a row of `best_candles`."""
    candle = value_of(Candle, row)
    return StoredCandle(candle, row.quote, row.source, row.receive_time, row.closed, row.simulated)
