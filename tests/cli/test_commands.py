"""The command line itself: help, wrong use, and the commands that start processes, up to where those begin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nerkh import PriceUpdate
from nerkh.testing import FakeServer, price

from server.cli import commands, process, questions
from server.errors import SetupError
from server.settings import Settings

from .conftest import Command

STARTING = ("up", "serve", "migrate", "simulate")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NERKH_SETTINGS", "NERKH_DATABASE_URL", "NERKH_DATA"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["", *STARTING, *questions.COMMANDS])
def test_every_command_has_help(nerkh: Command, name: str) -> None:
    """`--help` of each command ends with 0 and explains each of its options."""
    ended = nerkh(*name.split(), "--help")
    assert ended.status == 0
    assert "Usage: nerkh" in ended.out


def test_every_command_is_known_by_name() -> None:
    """The names that error texts point to are those of the commands."""
    own = {command.name or command.callback.__name__ for command in commands.app.registered_commands}
    groups = {group.typer_instance.info.name for group in commands.app.registered_groups}
    assert own | groups == commands.NAMES


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nonsense"], "No such command 'nonsense' (nerkh --help tells more)"),
        (["price"], "Missing argument 'asset' (nerkh price --help tells more)"),
        (["price", "BTC", "--bogus"], "--bogus (nerkh price --help tells more)"),
        (["news", "--limit", "0"], "'--limit'"),
        (["up", "--seed", "1"], "add --simulate"),
        (["up", "--grpc-port", "70000"], "--grpc-port"),
        (["up", "--log-level", "loud"], "NERKH_LOG_LEVEL"),
        (["migrate"], "NERKH_DATABASE_URL is not set"),
        (["simulate", "--host", "192.0.2.1"], "loopback"),
        (["simulate", "--replay", "/nowhere"], "INDEX.json"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_line_and_2(nerkh: Command, words: list[str], said: str) -> None:
    """What was typed wrongly is said in one line that tells what would be right, with status 2."""
    ended = nerkh(*words)
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    assert said in ended.err


def test_nothing_asked_shows_the_help(nerkh: Command) -> None:
    """`nerkh` alone shows what there is."""
    ended = nerkh()
    assert "fear-greed" in ended.out + ended.err


@pytest.mark.parametrize(
    "words", [["price", "BTC"], ["price", "BTC", "--json"], ["watch", "BTC", "--count", "1"], ["price", "--help"]]
)
def test_an_answer_that_cannot_be_written_is_one_line(service: FakeServer, words: list[str]) -> None:
    """A full device is said in one line with status 1; a reader that went away is not worth a word."""
    service.answer("GetPrice", price("BTC", "64000"))
    service.stream("StreamPrices", [PriceUpdate(price=price("BTC", "64000"), sequence=1)])
    command = [sys.executable, "-m", "server", *words]
    environ = {**os.environ, "NERKH_ADDRESS": service.target}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environ)
    said = "nerkh: cannot write (no space left on device); make room, or write elsewhere\n"
    assert (ended.returncode, ended.stderr) == (1, said)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        ended = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, text=True, check=False, env=environ)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_another_error_of_the_systems_goes_on() -> None:
    """Only what keeps a command from writing is told as that."""
    with pytest.raises(FileNotFoundError):
        commands.unwritten(FileNotFoundError(2, "No such file"))


def test_flags_of_up_stand_over_the_environment(
    nerkh: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The flags that are given win over the variables; those that are not leave them."""
    seen: list[tuple[Settings, dict[str, Any]]] = []

    def supervise(settings: Settings, **rest: Any) -> int:
        seen.append((settings, rest))
        return 0

    monkeypatch.setattr("server.supervisor.up", supervise)
    monkeypatch.setenv("NERKH_GRPC_PORT", "1111")
    monkeypatch.setenv("NERKH_HTTP_PORT", "2222")
    data = str(tmp_path / "data")
    assert nerkh("up", "--http-port", "3333", "--data", data, "--simulate", "--seed", "5").status == 0
    settings, rest = seen[0]
    assert (settings.grpc_port, settings.http_port, settings.data) == (1111, 3333, Path(data))
    assert rest == {"simulate": True, "replay": None, "seed": 5}


def test_a_bad_setting_keeps_the_service_from_starting(nerkh: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """`serve` with a setting that cannot be ends with 2 and names it, with and without further words."""
    monkeypatch.setenv("NERKH_GRPC_PORT", "many")
    for words in (["serve"], ["serve", "--help"]):
        ended = nerkh(*words)
        assert ended.status == (2 if len(words) == 1 else 0)
    assert "NERKH_GRPC_PORT" in nerkh("serve").err


def test_the_status_of_a_set_up_error_is_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """What keeps Nerkh from starting is one line on standard error, and its status is the command's."""
    assert process.complain(SetupError("port 1 is in use")) == 69
    assert capsys.readouterr().err == "nerkh: port 1 is in use\n"


def test_serving_ends_with_the_services_status(monkeypatch: pytest.MonkeyPatch, nerkh: Command) -> None:
    """`serve` runs the service on its loop, prints its ready line, and ends as the service does."""

    async def serve(settings: Settings, *, ready: Any) -> int:
        ready({"ready": True, "host": settings.host})
        return 7

    monkeypatch.setattr("server.app.serve", serve)
    ended = nerkh("serve")
    assert (ended.status, ended.out) == (7, '{"ready": true, "host": "127.0.0.1"}\n')


def test_an_interruption_ends_with_130(monkeypatch: pytest.MonkeyPatch, nerkh: Command) -> None:
    """Ctrl-C ends a command quietly, with the status that shells give it."""

    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "up", interrupted)
    ended = nerkh("up")
    assert (ended.status, ended.out.strip(), ended.err.strip()) == (130, "", "")


def test_migrate_makes_the_schema(nerkh: Command, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`migrate` brings the named database to the newest schema, says so, and may be run again."""
    monkeypatch.setenv("NERKH_DATABASE_URL", empty_database)
    for _ in range(2):
        ended = nerkh("migrate")
        assert (ended.status, ended.err) == (0, "nerkh: the database has the newest schema\n")
