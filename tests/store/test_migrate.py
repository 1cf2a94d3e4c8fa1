"""The schema: made from nothing, once, whoever comes first, and as the statements expect it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from server.clock import SystemClock
from server.errors import SetupError
from server.settings import Settings
from server.store import Store, partitions
from server.store.engine import SCHEMA, open_engine
from server.store.migrate import migrate
from server.store.migrations import HEAD
from server.store.tables import METADATA, PARTITIONED

MIGRATE = """
import asyncio, sys
from server.store.engine import open_engine
from server.store.migrate import migrate
print("begins", flush=True)
asyncio.run(migrate(open_engine(sys.argv[1], "nerkh"), "nerkh"))
"""


async def test_a_second_migration_has_nothing_to_do(empty_database: str) -> None:
    """The first call makes every table, the second finds the newest revision."""
    engine = open_engine(empty_database, SCHEMA)
    assert await migrate(engine, SCHEMA) is True
    assert await migrate(engine, SCHEMA) is False
    await engine.dispose()


async def test_services_that_start_at_once_migrate_once(empty_database: str) -> None:
    """Of several services on one database, one migrates and the others wait for it; all of them can then write."""
    settings = Settings()
    stores = await asyncio.gather(
        *(Store.open(empty_database, clock=SystemClock(), settings=settings) for _ in range(4))
    )
    secrets = {await store.secret("page_token", lambda: os.urandom(16)) for store in stores}
    assert len(secrets) == 1
    for store in stores:
        await store.close()


async def test_a_migration_that_was_killed_leaves_nothing(empty_database: str) -> None:
    """After SIGKILL at any moment of a migration the next one starts from a whole state and ends at the newest."""
    for wait_s in (0.0, 0.05, 0.1, 0.15, 0.2):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", MIGRATE, empty_database, stdout=subprocess.PIPE, cwd=Path.cwd()
        )
        assert child.stdout is not None
        await child.stdout.readline()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await child.wait()
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGKILL)
        await child.wait()
    store = await Store.open(empty_database, clock=SystemClock(), settings=Settings())
    assert (await store.candles("bitcoin", "USD", "1h", limit=1)).rows == ()
    await store.close()


def test_the_named_head_is_the_newest_revision() -> None:
    """The constant by which a start finds that there is nothing to do is alembic's own head."""
    config = Config()
    config.set_main_option("script_location", str(Path(partitions.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_the_tables_are_what_the_statements_expect(database: str) -> None:
    """Columns, their types and order of keys, and nullability in the database equal those in `tables`."""
    connection = await asyncpg.connect(database)
    columns = await connection.fetch(
        "SELECT relname, attname, format_type(atttypid, atttypmod) AS kind, attnotnull FROM pg_attribute "
        "JOIN pg_class own ON own.oid = attrelid WHERE relnamespace = 'nerkh'::regnamespace AND attnum > 0 "
        "AND relkind IN ('r', 'p') AND NOT relispartition AND NOT attisdropped"
    )
    keys = await connection.fetch(
        "SELECT relname, array_agg(attname ORDER BY place) AS names FROM pg_constraint "
        "JOIN pg_class own ON own.oid = conrelid CROSS JOIN unnest(conkey) WITH ORDINALITY AS part(number, place) "
        "JOIN pg_attribute ON attrelid = conrelid AND attnum = number "
        "WHERE contype = 'p' AND relnamespace = 'nerkh'::regnamespace AND NOT relispartition GROUP BY relname"
    )
    await connection.close()
    engine = open_engine(database, SCHEMA)
    found = {(row["relname"], row["attname"], row["kind"], row["attnotnull"]) for row in columns}
    expected = {
        (table.name, column.name, column.type.compile(engine.dialect).lower(), not column.nullable)
        for table in METADATA.tables.values()
        for column in table.columns
    }
    await engine.dispose()
    assert {row for row in found if row[0] != "alembic_version"} == expected
    primary = {row["relname"]: list(row["names"]) for row in keys if row["relname"] != "alembic_version"}
    assert {name: sorted(names) for name, names in primary.items()} == {
        table.name: sorted(column.name for column in table.primary_key) for table in METADATA.tables.values()
    }


async def test_simulated_values_are_kept_apart(database: str) -> None:
    """A store opened for the simulator works in a schema of its own, so that nothing simulated is taken for real."""
    settings = Settings(simulator_url="http://127.0.0.1:1")
    store = await Store.open(database, clock=SystemClock(), settings=settings)
    await store.secret("name", lambda: b"simulated")
    await store.close()
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(*) FROM nerkh_simulated.secrets") == 1
    assert await connection.fetchval("SELECT count(*) FROM nerkh.secrets") == 0
    await connection.close()


async def test_partitions_are_there_ahead_of_time(database: str) -> None:
    """This month's partition and the next two stand ready, each table has a default one, and more come as time goes."""
    engine = open_engine(database, SCHEMA)
    now = SystemClock().now()
    assert await partitions.ensure(engine, SCHEMA, now) == 0
    later = datetime(now.year + 1, 12, 15, tzinfo=UTC)
    assert await partitions.ensure(engine, SCHEMA, later) == 8 * 3 + 2
    async with engine.connect() as connection:
        for cut in PARTITIONED:
            name = await connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"{cut.table.name}_default"})
            assert name is not None
    await engine.dispose()


async def test_rows_of_the_default_partition_move_into_a_new_one(database: str) -> None:
    """A row that came before its partition is found in it afterwards, and stays one row."""
    engine = open_engine(database, SCHEMA)
    time = datetime(2031, 5, 6, tzinfo=UTC)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO overview_observations (time, source, receive_time, simulated, total_market_cap) "
                "VALUES (:time, 'one', :time, false, 1)"
            ),
            {"time": time},
        )
    await partitions.ensure(engine, SCHEMA, time)
    async with engine.connect() as connection:
        places = await connection.execute(text("SELECT tableoid::regclass::text FROM overview_observations"))
        assert places.scalars().all() == ["overview_observations_203105"]
    await engine.dispose()


async def test_a_database_of_a_newer_nerkh_is_refused(database: str) -> None:
    """An unknown revision ends the start with one line instead of damage."""
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE nerkh.alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(SetupError, match="another Nerkh"):
        await Store.open(database, clock=SystemClock(), settings=Settings())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://user:hunter2@127.0.0.1:1/nerkh", "cannot be used (nothing listens there)"),
        ("postgresql://user:hunter2@nowhere.invalid/nerkh", "cannot be used (its host is not known)"),
        ("postgresql://user:hunter2/x@127.0.0.1:1/nerkh", "readable"),
        ("postgresql://user:hunter2@[::1/nerkh", "readable"),
        ("postgresql://user:hunter2@127.0.0.1:99999/nerkh", "readable"),
        ("postgresql://user:hunter2@127.0.0.1:1/nerkh?sslmode=much", "readable"),
        ("postgresql://user:hunter2@/nerkh?host=/nonexistent", "cannot be used"),
        ("mysql://user:hunter2@127.0.0.1/nerkh", "not a postgresql:// address"),
    ],
)
async def test_a_database_that_is_not_there_is_one_line_without_its_password(url: str, says: str) -> None:
    """An address nobody answers ends the start in time, says what to do, and never shows the password."""
    with pytest.raises(SetupError) as caught:
        await Store.open(url, clock=SystemClock(), settings=Settings(store_wait_s=0.1))
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_role_without_rights_is_told_what_it_needs(postgres: Any, empty_database: str) -> None:
    """A role that may not make the schema, and a database that does not exist, are one line each."""
    admin = await asyncpg.connect(postgres.admin_url)
    name = empty_database.partition("@/")[2].partition("?")[0]
    await admin.execute(f"ALTER DATABASE {name} OWNER TO postgres")
    await admin.close()
    for url, says in (
        (empty_database, "grant CREATE on the database"),
        (postgres.url_of("nothing"), "does not exist"),
        (empty_database.replace("nerkh@", "somebody@"), "user or password"),
    ):
        with pytest.raises(SetupError, match=says):
            await Store.open(url, clock=SystemClock(), settings=Settings(store_wait_s=0))
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute(f"ALTER DATABASE {name} OWNER TO nerkh")
    await admin.close()
