"""Brings a database to the newest revision; used by the store at every start and by `nerkh migrate`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from server.errors import SetupError
from server.store.migrations import HEAD

LOCK = 0x6E65726B68
"""The advisory lock under which one of several services changes the schema while the others wait."""


async def migrate(engine: AsyncEngine, schema: str) -> bool:
    """Bring `schema` to the newest revision in one transaction; return whether there was anything to do.

    A process killed in the middle leaves what was there before. Raises `SetupError` when the database is of a newer
    Nerkh or its role may not make tables.
    """
    if await _revision(engine, schema) == HEAD:
        return False
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            await connection.run_sync(_upgrade, schema)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == "42501":  # insufficient_privilege
            raise SetupError(
                f"the database's role may not make the schema {schema}; grant CREATE on the database to it"
            ) from None
        raise
    return True


async def _revision(engine: AsyncEngine, schema: str) -> str | None:
    async with engine.connect() as connection:
        if await connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"{schema}.alembic_version"}) is None:
            return None
        found = await connection.scalar(text(f"SELECT version_num FROM {schema}.alembic_version"))  # noqa: S608 -- a constant
        return None if found is None else str(found)


def _upgrade(connection: Connection, schema: str) -> None:
    # Imported here since most starts have nothing to migrate, and alembic is slow to import.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    if connection.scalar(text("SELECT to_regnamespace(:name)"), {"name": schema}) is None:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes.update(connection=connection, schema=schema)
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SetupError(f"the database was made by another Nerkh ({error}); use the newest one") from None
