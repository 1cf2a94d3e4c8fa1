"""The four children of `nerkh up`: Postgres, the simulator, the service and Envoy, as the supervisor must know them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.settings import Settings
from server.store.embedded import EmbeddedPostgres
from server.supervisor import envoy
from server.supervisor.child import Child, Part
from server.supervisor.ports import LOOPBACK, Ports
from server.supervisor.process import Launch

POLL_S = 0.01
DRAIN_MARGIN_S = 12.0
PYTHON = (sys.executable, "-P", "-m")
SERVICE = "server.supervisor.gate"
LOUD = ("FATAL:", "PANIC:", "could not", "corrupt")
"""What makes a line of PostgreSQL's log worth showing."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """How the simulator is to run: what it replays, and the seed of its world."""

    replay: Path | None
    seed: int | None


@dataclass(slots=True)
class Reached:
    """Where the database is reached, once it was prepared."""

    url: str = ""


def postgres(database: EmbeddedPostgres, reached: Reached, level: str) -> Part:
    """Return the embedded database; its folder is made ready before each start, and `reached` is told."""
    cluster: list[Path] = []

    async def prepare() -> Launch:
        prepared = await asyncio.to_thread(database.prepare)
        cluster[:] = [prepared.cwd]
        reached.url = prepared.url
        options = prepared.options()
        del options["env"]
        return Launch(prepared.argv, prepared.env, options)

    async def await_ready(child: Child) -> None:
        await until(lambda: _accepts(cluster[0], child.pid))

    def loud(line: str) -> bool:
        if level == "debug":
            return True
        return any(word in line for word in LOUD) and "is starting up" not in line  # whoever connects is told as much

    return Part(
        name="postgres",
        prepare=prepare,
        await_ready=await_ready,
        stop_signal=signal.SIGINT,  # fast: no waiting for connections
        stop_s=15.0,
        death_signal=signal.SIGQUIT,  # at once, yet with its shared memory given back
        loud=loud,
    )


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; it may be a coroutine function."""
    while True:
        held = condition()
        if await held if isinstance(held, Awaitable) else held:
            return
        await asyncio.sleep(POLL_S)


def _accepts(cluster: Path, pid: int) -> bool:
    """Tell whether the server of `pid` says in its own file that it takes connections."""
    with contextlib.suppress(OSError):
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
    return False


def simulator(simulation: Simulation, data: Path, port: int) -> Part:
    """Return the stand-in for the outside world; its ports stay the same when it is started again."""
    flags = {"--port": str(port), "--ports-file": str(data / "simulator.json")}
    if simulation.replay is not None:
        flags["--replay"] = str(simulation.replay)
    if simulation.seed is not None:
        flags["--seed"] = str(simulation.seed)
    argv = (*PYTHON, "server", "simulate", *[word for pair in flags.items() for word in pair])

    async def prepare() -> Launch:
        return Launch(argv, os.environ)

    return Part(name="simulator", prepare=prepare, await_ready=_spoken, stop_s=3.0)


async def _spoken(child: Child) -> None:
    await child.spoken()


@dataclass(frozen=True, slots=True)
class Needs:
    """What the service waits for: the embedded database and the simulator, where there are such."""

    database: Child | None
    reached: Reached
    simulator: Child | None


def service(settings: Settings, data: Path, ports: Ports, needs: Needs) -> Part:
    """Return the gRPC service; it imports while the database and the simulator start, and is told of both then."""
    environ = {
        "NERKH_HOST": settings.host,
        "NERKH_GRPC_PORT": str(ports.grpc),
        "NERKH_ADMIN_PORT": str(ports.admin),
        "NERKH_METRICS_PORT": str(ports.metrics),
        "NERKH_DATA": str(data),
        "NERKH_LOG_LEVEL": settings.log_level,
    }

    async def prepare() -> Launch:
        return Launch((*PYTHON, SERVICE), {**os.environ, **environ})

    async def feed() -> str:
        known: dict[str, str] = {}
        if needs.database is not None:
            await needs.database.ready.wait()
            known["NERKH_DATABASE_URL"] = needs.reached.url
        if needs.simulator is not None:
            await needs.simulator.ready.wait()
            known["NERKH_SIMULATOR_URL"] = str(needs.simulator.told["control"])
        return json.dumps(known) + "\n"

    return Part(
        name="service", prepare=prepare, await_ready=_spoken, feed=feed, stop_s=settings.drain_s + DRAIN_MARGIN_S
    )


def front(data: Path, ports: Ports, trusted_hops: int) -> Part:
    """Return Envoy, on the configuration of the project with this run's ports."""
    values: Mapping[str, object] = {
        "host": json.dumps(ports.host),
        "trusted_hops": trusted_hops,
        "http_port": ports.http,
        "admin_http_port": ports.admin_http,
        "envoy_admin_port": ports.envoy_admin,
        "grpc_host": json.dumps(ports.reached),
        "grpc_port": ports.grpc,
        "admin_port": ports.admin,
    }

    async def prepare() -> Launch:
        config = envoy.write(data / "envoy.yaml", values)
        argv = envoy.command(config, data / "envoy.admin")
        return Launch(argv, os.environ, {"cwd": envoy.FOLDER.parent})

    async def await_ready(_: Child) -> None:
        await until(lambda: healthz(ports))

    return Part(name="envoy", prepare=prepare, await_ready=await_ready, loud=lambda line: "SIGTERM" not in line)


async def healthz(ports: Ports) -> int:
    """Return the HTTP status of Envoy's `/healthz`; 0 while nothing answers."""
    return await _status(ports.reached, ports.http, "GET", "/healthz")


async def fail_health(ports: Ports) -> None:
    """Make Envoy say on `/healthz` that it goes, and close connections as they fall idle."""
    await _status(LOOPBACK, ports.envoy_admin, "POST", "/healthcheck/fail")


async def _status(host: str, port: int, method: str, path: str) -> int:
    try:
        async with asyncio.timeout(2.0):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"{method} {path} HTTP/1.1\r\nhost: nerkh\r\ncontent-length: 0\r\n\r\n".encode())
                words = (await reader.readline()).split()
                return int(words[1]) if len(words) > 1 else 0
            finally:
                writer.close()
    except (OSError, ValueError, TimeoutError):
        return 0
