"""Makes partitions ahead of time and empties default ones into them; used by the store at start and every hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.store.migrate import LOCK
from server.store.tables import PARTITIONED, Partitioned

MONTHS_AHEAD = 2
EXISTING = text(
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
    "WHERE child.relnamespace = to_regnamespace(:schema)"
)


async def ensure(engine: AsyncEngine, schema: str, now: datetime) -> int:
    """Make the partitions that are due at `now` and return how many were made; several services may do so at once.

    Rows that had to go to a default partition meanwhile are moved. Each partition is one short transaction.
    """
    made = 0
    async with engine.connect() as connection:
        existing = set((await connection.execute(EXISTING, {"schema": schema})).scalars())
    due = [(cut, span) for cut in PARTITIONED for span in _due(cut, now) if _name(cut, span[0]) not in existing]
    for cut, (start, end) in due:
        async with engine.begin() as connection:
            made += await _make(connection, cut, start, end, schema)
    return made


async def _make(connection: AsyncConnection, cut: Partitioned, start: datetime, end: datetime, schema: str) -> bool:
    parent, name = cut.table.name, _name(cut, start)
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    if await connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"{schema}.{name}"}) is not None:
        return False
    low, high = f"'{start.isoformat()}'", f"'{end.isoformat()}'"
    column, rest = cut.column, f"{parent}_default"
    moved = f"DELETE FROM {rest} WHERE {column} >= {low} AND {column} < {high} RETURNING *"  # noqa: S608 -- our own names
    for statement in (
        "SET LOCAL lock_timeout = '500ms'",
        f"LOCK TABLE {rest} IN ACCESS EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE {parent} INCLUDING ALL)",
        f"WITH moved AS ({moved}) INSERT INTO {name} SELECT * FROM moved",  # noqa: S608 -- our own names
        f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})",
    ):
        await connection.exec_driver_sql(statement)
    return True


def _due(cut: Partitioned, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    if cut.span == "month":
        first = now.year * 12 + now.month - 1
        for month in range(first, first + MONTHS_AHEAD + 1):
            yield _month(month), _month(month + 1)
    else:
        for year in range(cut.since or now.year, now.year + 2):
            yield datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)


def _month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _name(cut: Partitioned, start: datetime) -> str:
    return f"{cut.table.name}_{start:%Y%m}" if cut.span == "month" else f"{cut.table.name}_{start:%Y}"
