"""What the tests of the market providers share: examples of answers, and queries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from server.providers.base import Reply

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def example() -> Callable[..., Reply]:
    """Return a function that gives an example of a provider's answers as a reply."""

    def read(name: str, status: int = 200) -> Reply:
        return Reply(status, (EXAMPLES / f"{name}.json").read_bytes(), "application/json")

    return read
