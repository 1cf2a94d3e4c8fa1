"""Gives the tests of the command line a fake service, and the command itself in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from nerkh.testing import FakeServer

from server import cli


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    status: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def service() -> Iterator[FakeServer]:
    """Give a running fake service."""
    with FakeServer() as running:
        yield running


@pytest.fixture
def nerkh(capfd: pytest.CaptureFixture[str]) -> Command:
    """Give the command as a function of its words."""

    def call(*words: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        out, err = capfd.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def ask(nerkh: Command, service: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give the command, asking the fake service."""
    monkeypatch.setenv("NERKH_ADDRESS", service.target)
    return nerkh
