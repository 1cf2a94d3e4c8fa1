"""SIGKILL at random moments, the first start included: each next start on the same ports and folder must get ready."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
READY_S = 30.0


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: which process, when after the start, and how long the next start took to get ready (None: never)."""

    victim: str
    after_s: float
    ready_s: float | None


def free_ports(count: int) -> list[int]:
    """Return ports that are free now, from where the kernel takes none for outgoing connections."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(12_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return sorted(set(found)) if len(set(found)) == count else free_ports(count)


def command(data: Path, ports: list[int]) -> list[str]:
    """Return the command that starts all of Nerkh on given ports."""
    flags = ("--grpc-port", "--admin-port", "--http-port", "--admin-http-port", "--metrics-port")
    pairs = [word for flag, port in zip(flags, ports, strict=True) for word in (flag, str(port))]
    return [sys.executable, "-m", "server", "up", "--simulate", "--data", str(data), *pairs]


def begin(argv: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start Nerkh, its log appended to a file."""
    with log.open("ab") as sink:
        return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=sink)


def ready_line(process: subprocess.Popen[bytes], limit_s: float) -> dict[str, object] | None:
    """Wait for the ready line; None when the program ended or the time was over first."""
    assert process.stdout is not None
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if select.select([process.stdout], [], [], 0.1)[0]:
            line = process.stdout.readline()
            if not line:
                return None
            return json.loads(line)
    return None


def family(pid: int) -> dict[int, str]:
    """Return the process and all its descendants with their command lines."""
    parents: dict[int, int] = {}
    lines: dict[int, str] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            lines[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    found = {pid: lines.get(pid, "")}
    grown = True
    while grown:
        grown = False
        for child, parent in parents.items():
            if parent in found and child not in found:
                found[child] = lines[child]
                grown = True
    return found


def victim_of(chance: random.Random, pid: int) -> tuple[int, str]:
    """Choose whom to kill: the supervisor half of the time, else any of its descendants."""
    others = {child: line for child, line in family(pid).items() if child != pid}
    if not others or chance.random() < 0.5:
        return pid, "supervisor"
    chosen = chance.choice(sorted(others))
    return chosen, others[chosen][:60]


def run(folder: Path, count: int, seed: int) -> list[Kill]:
    """Kill `count` times at random moments; every fourth time on a folder that was never started before."""
    chance = random.Random(seed)
    kills = []
    ports = free_ports(5)
    for number in range(count):
        data = folder / (f"data-{number}" if number % 4 == 0 else "data")
        log = folder / "log"
        process = begin(command(data, ports), log)
        after = chance.uniform(0.05, 4.0)
        time.sleep(after)
        pid, name = victim_of(chance, process.pid)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            name += " (gone already)"
        if pid != process.pid:
            time.sleep(chance.uniform(0, 0.5))
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
        begun = time.monotonic()
        again = begin(command(data, ports), log)
        line = ready_line(again, READY_S)
        kills.append(Kill(name, after, time.monotonic() - begun if line else None))
        again.terminate()
        again.wait(30)
        if again.stdout:
            again.stdout.close()
    return kills
