"""Gives the client's tests a fake server and both clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import nerkh
import pytest
from nerkh.testing import FakeServer

QUICK = nerkh.Backoff(first_s=0.001, most_s=0.01, patience_s=0.05)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """Give a running fake server."""
    with FakeServer() as running:
        yield running


@pytest.fixture
async def client(server: FakeServer) -> AsyncIterator[nerkh.AsyncClient]:
    """Give an asynchronous client of the fake server that resumes quickly."""
    async with nerkh.AsyncClient(server.target, backoff=QUICK) as made:
        yield made


@pytest.fixture
def blocking(server: FakeServer) -> Iterator[nerkh.Client]:
    """Give a synchronous client of the fake server that resumes quickly."""
    with nerkh.Client(server.target, backoff=QUICK) as made:
        yield made
