"""One running service for the tests that ask it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator

import asyncpg
import pytest

from tests.conftest import RunningPostgres
from tests.services.serving import Nerkh, service, simulator


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="session")
def nerkh(postgres: RunningPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nerkh]:
    """Run the service over a simulator and a database of its own, without collectors."""
    folder = tmp_path_factory.mktemp("nerkh")
    name = f"services_{secrets.token_hex(6)}"
    asyncio.run(_execute(postgres.url, f"CREATE DATABASE {name}"))
    with simulator(folder) as control, service(folder, postgres.url_of(name), control, collect=False) as running:
        yield running
    asyncio.run(_execute(postgres.url, f"DROP DATABASE {name} WITH (FORCE)"))
