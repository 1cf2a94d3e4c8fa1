"""The measures: each runs Nerkh and its peers side by side and returns rows, with the ratio that is checked."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scripts.benchmarks import load
from scripts.benchmarks.processes import child_named, cpu_s, resident_mb, started

GET_PRICE = "/nerkh.v1.MarketService/GetPrice"
ROUNDS = 5
CALLS = 4000
PORTS = ("--grpc-port", "0", "--admin-port", "0", "--http-port", "0", "--admin-http-port", "0", "--metrics-port", "0")


@dataclass(frozen=True, slots=True)
class Row:
    """One system's figures, by name with their unit."""

    system: str
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Check:
    """One ratio or limit: `held` says whether it was reached."""

    what: str
    figure: float
    limit: str
    held: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What one benchmark found."""

    name: str
    rows: list[Row] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


def nerkh_up(data: str) -> list[str]:
    """Return the command that starts all of Nerkh on free ports."""
    return [sys.executable, "-m", "server", "up", "--simulate", "--seed", "7", "--data", data, *PORTS]


def peer(which: str, file: str) -> list[str]:
    """Return the command that starts a peer."""
    return [sys.executable, "-m", "scripts.benchmarks.peers", which, file]


@dataclass
class _Measured:
    """A system under load, its rounds gathered."""

    system: str
    pids: list[int]
    run: Callable[[int], load.Load]
    cpu_us: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)

    def round(self, calls: int) -> None:
        """Run one round and note what it cost."""
        before = sum(cpu_s(pid) for pid in self.pids)
        seen = self.run(calls)
        spent = sum(cpu_s(pid) for pid in self.pids) - before
        self.cpu_us.append(spent / seen.calls * 1e6)
        self.rate.append(seen.rate)
        self.p50_ms.append(seen.p50_s * 1e3)
        self.p99_ms.append(seen.p99_s * 1e3)

    def row(self) -> Row:
        """Return the medians of all rounds."""
        median = statistics.median
        return Row(
            self.system,
            {
                "server CPU µs/call": median(self.cpu_us),
                "calls/s": median(self.rate),
                "p50 ms": median(self.p50_ms),
                "p99 ms": median(self.p99_ms),
            },
        )


def _interleaved(systems: list[_Measured]) -> list[Row]:
    """Run the systems in turn, round by round, so that a noisy moment meets them all; the first round only warms."""
    for system in systems:
        system.run(CALLS // 4)
    for _ in range(ROUNDS):
        for system in systems:
            system.round(CALLS)
    return [system.row() for system in systems]


def _answer(target: str, folder: str) -> tuple[bytes, str]:
    """Fetch the answer that the peers are to give: the same bytes that Nerkh gives from its cache."""
    import grpc
    from nerkh.v1 import market_pb2 as pb

    request = pb.GetPriceRequest(asset="BTC").SerializeToString()
    with grpc.insecure_channel(target) as channel:
        call = channel.unary_unary(GET_PRICE)
        call(request)
        body = call(request)
    file = Path(folder, "answer.bin")
    file.write_bytes(body)
    return request, str(file)


def unary() -> Result:
    """Measure cached GetPrice over gRPC beside a bare handler's constant bytes; FastAPI over HTTP for comparison."""
    with tempfile.TemporaryDirectory() as folder, started(nerkh_up(f"{folder}/data")) as (up, ready):
        target = str(ready["grpc"])
        request, file = _answer(target, folder)
        text = Path(folder, "answer.json")
        text.write_bytes(urllib.request.urlopen(f"{ready['http']}/v1/prices/BTC").read())
        with started(peer("bare", file)) as (bare, at), started(peer("fastapi", str(text))) as (fast, web):
            rows = _interleaved(
                [
                    _Measured("Nerkh", [child_named(up.pid, "server.supervisor.gate")], _caller(target, request)),
                    _Measured("bare grpc.aio handler", [bare.pid], _caller(str(at["grpc"]), request)),
                    _Measured("FastAPI + uvicorn", [fast.pid], _getter(f"{web['http']}/v1/prices/BTC")),
                ]
            )
    ratio = rows[0].figures["server CPU µs/call"] / rows[1].figures["server CPU µs/call"]
    return Result("unary", rows, [Check("server CPU, Nerkh / bare handler", ratio, "<= 1.2", ratio <= 1.2)])


def _caller(target: str, request: bytes) -> Callable[[int], load.Load]:
    return lambda calls: asyncio.run(load.unary(target, GET_PRICE, request, calls=calls))


def _getter(url: str) -> Callable[[int], load.Load]:
    return lambda calls: asyncio.run(load.http(url, calls=calls))


def json() -> Result:
    """Measure the same through Envoy, the bare handler behind the same configuration, FastAPI without one."""
    from scripts.benchmarks.envoy import in_front_of

    with tempfile.TemporaryDirectory() as folder, started(nerkh_up(f"{folder}/data")) as (up, ready):
        _, file = _answer(str(ready["grpc"]), folder)
        text = Path(folder, "answer.json")
        text.write_bytes(urllib.request.urlopen(f"{ready['http']}/v1/prices/BTC").read())
        with (
            started(peer("bare", file)) as (bare, at),
            started(peer("fastapi", str(text))) as (fast, web),
            in_front_of(str(at["grpc"]), folder) as (envoy, address),
        ):
            served = [child_named(up.pid, "server.supervisor.gate"), child_named(up.pid, "_bin/envoy")]
            rows = _interleaved(
                [
                    _Measured("Nerkh behind Envoy", served, _getter(f"{ready['http']}/v1/prices/BTC")),
                    _Measured("bare handler behind Envoy", [bare.pid, envoy.pid], _getter(f"{address}/v1/prices/BTC")),
                    _Measured("FastAPI + uvicorn", [fast.pid], _getter(f"{web['http']}/v1/prices/BTC")),
                ]
            )
    ratio = rows[0].figures["calls/s"] / rows[1].figures["calls/s"]
    return Result("json", rows, [Check("calls/s, Nerkh / bare behind Envoy", ratio, ">= 0.85", ratio >= 0.85)])


IDLE_S = 20.0


def start() -> Result:
    """Measure `nerkh up` on an initialised folder to the first answer, and what the service uses while it idles."""
    spans, idle, memory = [], 0.0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        with started(nerkh_up(f"{folder}/data")):
            pass
        for number in range(3):
            begun = time.monotonic()
            with started(nerkh_up(f"{folder}/data")) as (up, ready):
                urllib.request.urlopen(f"{ready['http']}/v1/prices/BTC").read()
                spans.append(time.monotonic() - begun)
                if number == 2:
                    pid = child_named(up.pid, "server.supervisor.gate")
                    time.sleep(5)
                    before = cpu_s(pid)
                    time.sleep(IDLE_S)
                    idle = (cpu_s(pid) - before) / IDLE_S
                    memory = resident_mb(pid)
    span = statistics.median(spans)
    return Result(
        "start",
        [
            Row("Nerkh", {"to first answer s": span, "idle % of a core": idle * 100, "idle MB": memory}),
            Row("the system that Nerkh replaces (stated)", {"to first answer s": 3.0, "idle MB": 164.0}),
        ],
        [
            Check("seconds to the first answer", span, "<= 2", span <= 2),
            Check("idle share of a core", idle, "< 0.01", idle < 0.01),
            Check("idle memory, MB", memory, "<= 120", memory <= 120),
        ],
    )


MEASURES: dict[str, Callable[[], Result]] = {"unary": unary, "json": json, "start": start}
