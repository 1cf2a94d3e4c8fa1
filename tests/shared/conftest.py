"""A real Redis for each test here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared.server import RedisServer


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Run a server of the test's own; its socket's path is short."""
    folder: Path = tmp_path_factory.mktemp("r")
    with RedisServer(folder) as running:
        yield running
