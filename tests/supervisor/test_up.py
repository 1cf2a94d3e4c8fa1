"""`nerkh up` on the real children: what it says, what it brings back, and how it ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

NAMES = ("grpc", "admin", "http", "admin-http", "metrics")
AWAY = {"NERKH_DATABASE_URL": "postgresql://nerkh:secret@127.0.0.1:1/nerkh", "NERKH_STORE_WAIT_S": "0"}
FREE = dict.fromkeys(NAMES, 0)


@dataclass(frozen=True)
class Up:
    """A running `nerkh up`."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    data: Path

    def child(self, name: str) -> int:
        """Return a child's process id."""
        return int(json.loads((self.data / "children.json").read_text())["children"][name][0])

    def get(self, path: str) -> int:
        """Return the HTTP status of a path; 0 when nothing answers."""
        connection = http.client.HTTPConnection(self.ready["http"].removeprefix("http://"), timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def family(self) -> list[int]:
        """Return the process ids of the supervisor's children."""
        ids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(each) for each in ids]


def command(data: Path, ports: dict[str, int], *words: str) -> list[str]:
    """Return the command line."""
    flags = [part for name, port in ports.items() for part in (f"--{name}-port", str(port))]
    return [sys.executable, "-m", "server", "up", "--data", str(data), *flags, *words]


def refused(data: Path, ports: dict[str, int], *words: str, **environ: str) -> tuple[int, str]:
    """Run it where it cannot start; return its exit status and what it said."""
    env = {**os.environ, **environ}
    argv = command(data, ports, *words)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, env=env)
    assert done.stdout == ""
    return done.returncode, done.stderr.strip()


@contextlib.contextmanager
def started(data: Path, ports: dict[str, int]) -> Iterator[Up]:
    """Start it inside the block; it is killed in the end if it still runs."""
    with (data.parent / "log").open("a") as log:
        process = subprocess.Popen(command(data, ports, "--simulate"), stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line, (data.parent / "log").read_text()[-3000:]
        yield Up(process, json.loads(line), data)
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def asked(url: str, put: dict[str, Any] | None = None) -> Iterator[http.client.HTTPResponse]:
    """GET a URL, or PUT an object there; give the answer as it begins."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    with contextlib.closing(connection):
        path = url.removeprefix(f"http://{parts.netloc}")
        connection.request("PUT" if put else "GET", path, body=json.dumps(put) if put else None)
        with connection.getresponse() as answer:
            yield answer


def until(condition: Any, what: str, longest_s: float = 20.0) -> float:
    """Wait until a condition holds; return how long it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < longest_s, what
        time.sleep(0.02)
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Start one that most tests share."""
    with started(tmp_path_factory.mktemp("up") / "data", FREE) as running:
        yield running


def ports_of(up: Up) -> dict[str, int]:
    """Return the ports that a running one holds."""
    keys = {"grpc": "grpc", "admin": "admin", "http": "http", "admin-http": "adminHttp", "metrics": "metrics"}
    return {name: int(up.ready[key].split("/metrics")[0].rpartition(":")[2]) for name, key in keys.items()}


def test_the_ready_line_is_the_whole_of_standard_output(up: Up) -> None:
    """It has every address that design promises, in that order, and no port is 0."""
    assert list(up.ready) == ["ready", "grpc", "admin", "http", "adminHttp", "metrics", "simulator"]
    assert up.ready["ready"] is True
    assert all(ports_of(up).values())
    assert up.get("/healthz") == 200
    assert up.get("/v1/prices/BTC") == 200


def test_a_second_one_on_the_folder_is_refused(up: Up) -> None:
    """One line with who holds the folder, exit status 69, and the first goes on."""
    status, said = refused(up.data, FREE)
    assert status == 69
    assert said.startswith("nerkh: the data folder ")
    assert f"is in use by process {up.process.pid}" in said
    assert "\n" not in said
    assert up.get("/healthz") == 200


def test_a_busy_port_is_refused_before_anything_starts(up: Up, tmp_path: Path) -> None:
    """One line names the port, its holder and the flag; no database was made for it."""
    port = ports_of(up)["http"]
    status, said = refused(tmp_path / "data", {**FREE, "http": port})
    assert status == 69
    assert said == (
        f"nerkh: port {port} is in use by envoy (process {up.child('envoy')}); choose another with --http-port"
    )
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.mark.parametrize(
    ("words", "environ", "status", "text"),
    [
        (("--replay", "/nowhere", "--simulate"), {}, 2, "--replay: /nowhere holds no INDEX.json"),
        ((), {"NERKH_LOG_LEVEL": "loud"}, 2, "NERKH_LOG_LEVEL"),
        ((), {"NERKH_DRAIN_S": "-1"}, 2, "NERKH_DRAIN_S"),
        (("--host", "localhost"), {}, 2, "NERKH_HOST: 'localhost' is no IP address"),
        (("--host", "192.0.2.77"), {}, 69, "no address of this machine"),
        ((), AWAY, 69, "the database cannot be used (nothing listens there)"),
        ((), {"NERKH_DATABASE_URL": "postgresql://nerkh:secret/x@127.0.0.1/nerkh"}, 2, "NERKH_DATABASE_URL"),
    ],
)
def test_what_cannot_be_set_up_is_one_line(
    tmp_path: Path, words: tuple[str, ...], environ: dict[str, str], status: int, text: str
) -> None:
    """Bad settings end with 2, what is unavailable with 69; the last line says what to do and holds no secret."""
    got, said = refused(tmp_path / "data", FREE, *words, **environ)
    assert got == status, said
    assert text in said.splitlines()[-1]
    assert "Traceback" not in said
    assert "secret" not in said


@pytest.mark.parametrize("name", ["service", "envoy", "postgres", "simulator"])
def test_a_killed_child_comes_back(up: Up, name: str) -> None:
    """After SIGKILL of any child, the same address answers again within a few seconds."""
    pid = up.child(name)
    os.kill(pid, signal.SIGKILL)
    until(lambda: up.child(name) != pid, f"{name} was not started again")
    until(lambda: up.get("/healthz") == 200, "Envoy did not see it")
    until(lambda: up.get("/v1/prices/BTC") == 200, "no answer")


def test_after_a_sigkill_the_next_start_works_at_once_on_the_same_ports(tmp_path: Path) -> None:
    """Nothing that the first left is in the second one's way; SIGTERM then ends it with 0 and leaves nothing."""
    with started(tmp_path / "data", FREE) as first:
        family = first.family()
        first.process.kill()
        first.process.wait()
        with started(tmp_path / "data", ports_of(first)) as second:
            assert not [pid for pid in family if Path(f"/proc/{pid}/root").exists()]
            assert second.get("/v1/prices/BTC") == 200
            family = second.family()
            assert len(family) == 4
            second.process.send_signal(signal.SIGTERM)
            assert second.process.wait(30) == 0
            assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]
    for port in ports_of(first).values():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))


def test_a_second_signal_ends_everything_at_once(tmp_path: Path) -> None:
    """Whoever is in a hurry asks twice: a stream that is open does not hold it up."""
    with started(tmp_path / "data", FREE) as running:
        family = running.family()
        os.kill(running.child("service"), signal.SIGSTOP)
        running.process.send_signal(signal.SIGINT)
        until(lambda: running.get("/healthz") != 200, "it does not stop")
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(5) == 130
        until(lambda: not [pid for pid in family if Path(f"/proc/{pid}/root").exists()], "children are left")


def test_ctrl_c_in_the_middle_of_the_first_start_is_an_orderly_end(tmp_path: Path) -> None:
    """A terminal sends it to the whole group: the database that is being made is finished, nothing is complained of."""
    data = tmp_path / "data"
    with subprocess.Popen(command(data, FREE), stderr=subprocess.PIPE, text=True, process_group=0) as process:
        until(lambda: list(data.glob("postgres/new-*/base")), "no database is being made")
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 0, said
    assert "nerkh: " not in said
    assert "Traceback" not in said
    assert sorted(path.name for path in (data / "postgres").iterdir()) == ["cluster", "lock"]


def test_a_drain_finishes_calls_and_tells_streams(tmp_path: Path) -> None:
    """On SIGTERM a call in flight is answered, an open stream ends with its reason, and the exit status is 0."""
    with started(tmp_path / "data", FREE) as running, ThreadPoolExecutor() as pool:
        control = running.ready["simulator"]
        with asked(f"{control}/_control/sources") as answer:
            sources = json.load(answer)["sources"]
        for source in sources:
            with asked(f"{control}/_control/faults/{source}", {"fault": "latency", "ms": 700}) as answer:
                assert answer.status == 200
        with asked(f"{running.ready['http']}/v1/prices:stream?assets=BTC") as stream:
            stream.readline()
            calls = [pool.submit(running.get, f"/v1/prices/{asset}") for asset in ("LTC", "DOT", "LINK")]
            time.sleep(0.3)  # all of them are under way: no answer takes less than 0.7 s
            running.process.send_signal(signal.SIGTERM)
            assert [call.result() for call in calls] == [200, 200, 200]
            last = json.loads(stream.read().splitlines()[-1])
        assert last["interruption"]["reason"] == "INTERRUPTION_REASON_SHUTDOWN"
        assert running.process.wait(30) == 0


def test_a_start_that_waits_for_its_database_can_be_stopped(tmp_path: Path) -> None:
    """A signal ends it at once and in order, not after the wait."""
    environ = {
        **os.environ,
        **AWAY,
        "NERKH_STORE_WAIT_S": "60",
        "NERKH_DATA": str(tmp_path),
        "NERKH_LOG_LEVEL": "debug",
    }
    environ |= {f"NERKH_{name}_PORT": "0" for name in ("GRPC", "ADMIN", "METRICS")}
    argv = [sys.executable, "-m", "server", "serve"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=environ) as process:
        until((tmp_path / "admin.token").exists, "it does not open")
        time.sleep(0.5)  # it waits for the database by now, for a minute if it is let
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=10)[1]
    assert process.returncode == 0, said
    assert "Traceback" not in said
