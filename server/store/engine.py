"""Connections to PostgreSQL and what their errors mean; used by the store's readers, writer and migration."""

from __future__ import annotations

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no types
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from server.errors import SetupError

SCHEMA = "nerkh"
SIMULATED_SCHEMA = "nerkh_simulated"
CONNECT_S = 2.0
DATABASE_ERRORS = (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)
UNREADABLE = (
    "NERKH_DATABASE_URL is not a readable postgresql://user:password@host:port/name address; correct it "
    "(a / @ : ? # in the password is written %2F %40 %3A %3F %23)"
)
POISON_CLASSES = ("22", "23", "54")
"""SQLSTATE classes of what is wrong with a row and not with the database: data, constraint, a size limit."""
MISTAKE = "42"
"""SQLSTATE class of a statement that is wrong: never the database's fault."""


def open_engine(url: str, schema: str) -> AsyncEngine:
    """Return an engine whose connections see `schema` alone. Raises `SetupError` for an address that is none.

    `url` is what PostgreSQL's own programs take (`postgresql://user:password@host/name?sslmode=…`).
    """
    dsn = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    if not dsn.startswith(("postgresql://", "postgres://")):
        raise SetupError("NERKH_DATABASE_URL is not a postgresql:// address; correct or unset it", 2)

    async def connect() -> asyncpg.Connection:
        try:
            connection = await asyncpg.connect(dsn, timeout=CONNECT_S)
        except (ValueError, OverflowError):  # asyncpg's words may quote the password
            raise SetupError(UNREADABLE, 2) from None
        await connection.execute(f"SET search_path TO {schema}")
        return connection

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=5,
        max_overflow=5,
        pool_timeout=1,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text goes into logs, and a parameter may be an address that was asked about
    )


def sqlstate(error: BaseException) -> str:
    """Return PostgreSQL's five-letter code of an error, empty when it has none."""
    found: object = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(found, "sqlstate", None) or "")


def is_poison(error: BaseException) -> bool:
    """Tell whether a write failed for its rows, so that trying again is of no use.

    A value that the driver cannot encode counts as well: it never reached the database.
    """
    if sqlstate(error)[:2] in POISON_CLASSES:
        return True
    if isinstance(error, OSError | TimeoutError | asyncpg.PostgresConnectionError):
        return False
    found = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(found, asyncpg.DataError | ValueError | TypeError | OverflowError | ArithmeticError)


def told(error: BaseException) -> str:
    """Return an error in one line that names no value of a row and no password."""
    code = sqlstate(error)
    found = (isinstance(error, DBAPIError) and error.orig) or error
    kind = type(found.__cause__ or found).__name__
    return f"{kind} ({code})" if code else kind
