"""Fixtures that every test may use: a real PostgreSQL for the session and a database of its own for each test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from server.clock import SystemClock
from server.store.embedded import EmbeddedPostgres, Prepared
from server.store.engine import SCHEMA, SIMULATED_SCHEMA, open_engine
from server.store.migrate import migrate
from server.store.partitions import ensure

# grpc, which is loaded later, tells on standard error of calls that a server cut short while it ended: in these tests a
# server of the test before, which a command has nothing to do with.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

# No test fails because a machine is busy.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


@dataclass(frozen=True, slots=True)
class RunningPostgres:
    """A server of this session. `url` is its first database, `admin_url` the same with all rights."""

    prepared: Prepared
    pid: int

    @property
    def url(self) -> str:
        """Return the address of the first database as the service's own role."""
        return self.prepared.url

    @property
    def admin_url(self) -> str:
        """Return the address of the first database with all rights."""
        return self.prepared.url.replace("//nerkh@", "//postgres@")

    def url_of(self, database: str) -> str:
        """Return the address of another database of this server."""
        return self.prepared.url.replace("@/nerkh?", f"@/{database}?")


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


def start_postgres(prepared: Prepared, log: Path, *extra: str) -> subprocess.Popen[bytes]:
    """Start a prepared server as the supervisor does, with further arguments, and return once it answers."""
    with log.open("ab") as sink:
        process = subprocess.Popen([*prepared.argv, *extra], stdout=sink, stderr=sink, **prepared.options())
    until = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < until:
        if asyncio.run(_answers(prepared.url)):
            return process
        time.sleep(0.02)
    process.kill()
    process.wait()
    pytest.fail(f"postgres did not come up: {log.read_text(errors='replace')[-2000:]}")


StartPostgres = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartPostgres]:
    """Start servers of a test's own from what `EmbeddedPostgres.prepare` gave; what still runs at its end is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def start(prepared: Prepared, *extra: str) -> subprocess.Popen[bytes]:
        running.append(start_postgres(prepared, tmp_path / "postgres.log", *extra))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostgres]:
    """Run one embedded PostgreSQL for the whole session, without waiting for the disk."""
    folder = tmp_path_factory.mktemp("postgres")
    embedded = EmbeddedPostgres(folder)
    prepared = embedded.prepare()
    # Without autovacuum: its workers are the superuser's, and one of them in a database keeps that from being dropped.
    options = ("fsync=off", "max_connections=200", "autovacuum=off")
    process = start_postgres(prepared, folder / "log", *(part for each in options for part in ("-c", each)))
    try:
        yield RunningPostgres(prepared, process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, prepared.stop_signal)
        process.wait(timeout=20)
        embedded.close()


@contextlib.asynccontextmanager
async def _database(postgres: RunningPostgres, template: str) -> AsyncIterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(postgres.url_of("template1"))
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield postgres.url_of(name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def _migrate(url: str) -> None:
    for schema in (SCHEMA, SIMULATED_SCHEMA):
        engine = open_engine(url, schema)
        await migrate(engine, schema)
        await ensure(engine, schema, SystemClock().now())
        await engine.dispose()


@pytest.fixture(scope="session")
def migrated(postgres: RunningPostgres) -> str:
    """Make, once a session, the database that the others are copies of, and return its name."""
    asyncio.run(_migrate(postgres.url))
    return "nerkh"


@pytest.fixture
async def database(postgres: RunningPostgres, migrated: str) -> AsyncIterator[str]:
    """Give the test the address of a database of its own, migrated and without rows, removed afterwards."""
    async with _database(postgres, migrated) as url:
        yield url


@pytest.fixture
async def empty_database(postgres: RunningPostgres) -> AsyncIterator[str]:
    """Give the test the address of a database of its own without any table, removed afterwards."""
    async with _database(postgres, "template0") as url:
        yield url
