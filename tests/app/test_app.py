"""The composition root: what keeps it from starting, and what it leaves."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from server.app import running
from server.clock import SystemClock
from server.errors import SetupError
from server.settings import Settings
from tests.services.serving import ROOT, simulator


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a simulator."""
    with simulator(tmp_path_factory.mktemp("simulator")) as url:
        yield url


def settings(folder: Path, **given: Any) -> Settings:
    """Return settings on free ports."""
    free = {"grpc_port": 0, "admin_port": 0, "metrics_port": 0, "collect": False, "store_wait_s": 0.2}
    return Settings(data=folder, **{**free, **given})


@pytest.mark.parametrize("flag", ["grpc_port", "admin_port", "metrics_port"])
async def test_a_taken_port_is_one_line_that_names_its_flag(
    flag: str, database: str, control: str, tmp_path: Path
) -> None:
    """Nothing is shared in silence, and nothing of the failed start stays."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        given = {flag: holder.getsockname()[1], "database_url": database, "simulator_url": control}
        with pytest.raises(SetupError, match=f"--{flag.replace('_', '-')}") as caught:
            async with running(settings(tmp_path, **given), SystemClock()):
                pass
    assert caught.value.status == 69
    assert "\n" not in str(caught.value)


async def test_without_a_database_it_says_what_to_do(tmp_path: Path, control: str) -> None:
    """None named is wrong use; one that is not there is not available, and its password is not shown."""
    with pytest.raises(SetupError, match="NERKH_DATABASE_URL") as unset:
        async with running(settings(tmp_path, simulator_url=control), SystemClock()):
            pass
    assert unset.value.status == 2
    url = "postgresql://user:hidden@127.0.0.1:1/none"
    with pytest.raises(SetupError) as away:
        async with running(settings(tmp_path, simulator_url=control, database_url=url), SystemClock()):
            pass
    assert away.value.status == 69
    assert "hidden" not in str(away.value)


async def test_without_its_simulator_it_says_so(tmp_path: Path, database: str) -> None:
    """An address where none answers is named."""
    given = {"simulator_url": "http://127.0.0.1:1", "database_url": database}
    with pytest.raises(SetupError, match="simulator"):
        async with running(settings(tmp_path, **given), SystemClock()):
            pass


async def test_all_listeners_answer_and_nothing_is_left(tmp_path: Path, database: str, control: str) -> None:
    """gRPC, the operators' gRPC with its token, metrics with the sources' gauges; afterwards no task is left."""
    given = {"database_url": database, "simulator_url": control, "collect": True}
    async with running(settings(tmp_path, **given), SystemClock()) as app:
        token = (tmp_path / "admin.token").read_text().strip()
        health = "/grpc.health.v1.Health/Check"
        async with grpc.aio.insecure_channel(app.addresses["grpc"]) as channel:
            assert await channel.unary_unary(health)(b"") == b"\x08\x01"
        async with grpc.aio.insecure_channel(app.addresses["admin"]) as channel:
            call = channel.unary_unary(health)
            assert await call(b"", metadata=(("authorization", f"Bearer {token}"),)) == b"\x08\x01"
            with pytest.raises(grpc.RpcError):
                await call(b"")
        page = await asyncio.to_thread(read, str(app.addresses["metrics"]))
        for name in ("nerkh_calls_total", "nerkh_cache_entries", "nerkh_store_reachable", 'source="binance"'):
            assert name in page
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left


def read(url: str) -> str:
    """Return a page."""
    with urllib.request.urlopen(url, timeout=5) as page:  # noqa: S310 -- loopback
        return str(page.read().decode())


Start = Callable[[Path, str, str], tuple["subprocess.Popen[bytes]", dict[str, Any]]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `nerkh serve` as a process and read its ready line; what still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def run(folder: Path, url: str, control: str) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
        ports = {f"NERKH_{name}_PORT": "0" for name in ("GRPC", "ADMIN", "METRICS")}
        own = {"NERKH_DATABASE_URL": url, "NERKH_SIMULATOR_URL": control, "NERKH_DATA": str(folder), **ports}
        argv, environ = [sys.executable, "-m", "server", "serve"], {**os.environ, **own}
        pipe = subprocess.PIPE
        process = subprocess.Popen(argv, stdout=pipe, stderr=pipe, cwd=ROOT, env=environ)
        started.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


async def test_a_signal_drains_the_process(start: Start, tmp_path: Path, database: str, control: str) -> None:
    """SIGTERM ends it with status 0 and a line that says so; a start with a wrong setting ends with status 2."""
    process, ready = await asyncio.to_thread(start, tmp_path, database, control)
    assert ready["ready"] is True
    process.send_signal(signal.SIGTERM)
    _, error = await asyncio.to_thread(process.communicate, None, 30)
    assert process.returncode == 0
    events = [line.split("event=")[1].split()[0] for line in error.decode().splitlines() if "event=" in line]
    assert events[-2:] == ["draining", "stopped"]
    assert "Traceback" not in error.decode()


async def test_a_second_signal_ends_the_process_at_once(
    start: Start, tmp_path: Path, database: str, control: str
) -> None:
    """Also while a call in flight holds the drain."""
    process, ready = await asyncio.to_thread(start, tmp_path, database, control)
    async with grpc.aio.insecure_channel(str(ready["grpc"])) as channel:
        watch = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")()
        await watch.write(b"\x3a\x00")
        await watch.read()
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, 1)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 5) == 128 + signal.SIGTERM
        watch.cancel()
