"""All of Nerkh as a user starts it, once for the tests that ask it, on free ports and a folder of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.benchmarks.measures import nerkh_up
from scripts.benchmarks.processes import children, started
from tests.whole.running import Nerkh


@pytest.fixture(scope="session")
def nerkh() -> Iterator[Nerkh]:
    """Start `nerkh up --simulate` once; stop it in the end and see that it leaves nothing behind."""
    folder = tempfile.mkdtemp(prefix="nerkh-whole-")
    with started(nerkh_up(f"{folder}/data")) as (process, ready):
        yield Nerkh(process.pid, Path(folder, "data"), ready)
        family = children(process.pid)
    left = [pid for pid in family if Path(f"/proc/{pid}").exists()]
    shutil.rmtree(folder, ignore_errors=True)
    assert not left
