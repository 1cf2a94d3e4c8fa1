"""Starts what is measured as processes of its own, and reads their CPU time and memory from the kernel."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class NotReady(Exception):
    """A program ended, or its time was over, before it was ready; the text holds its last words."""


@contextlib.contextmanager
def started(argv: Sequence[str], *, ready_s: float = 60.0) -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
    """Start a program that prints one JSON line when it is ready; yield it with that line; stop it in the end."""
    with tempfile.TemporaryFile("w+") as words:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=words, text=True)
        try:
            line = _first_line(process, ready_s)
            if not line:
                words.seek(0)
                raise NotReady(f"{' '.join(argv)}: {words.read()[-3000:]}")
            yield process, json.loads(line)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _first_line(process: subprocess.Popen[str], ready_s: float) -> str:
    """Return the ready line; empty when the program ended, or its time was over, without one."""
    assert process.stdout is not None
    end = time.monotonic() + ready_s
    while time.monotonic() < end:
        if select.select([process.stdout], [], [], 0.2)[0]:
            return process.stdout.readline()
    return ""


def children(pid: int) -> list[int]:
    """Return the direct and indirect children of a process."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                child = int(path.parts[2])
                found += [child, *children(child)]
    return found


def child_named(pid: int, word: str) -> int:
    """Return the child of a process whose command line holds a word."""
    for child in children(pid):
        with contextlib.suppress(OSError):
            if word in Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode():
                return child
    sys.exit(f"no child of {pid} runs {word}")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds, user and system, that a process has used so far."""
    with contextlib.suppress(OSError):
        total = 0
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process and its children in MB."""
    own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6
    children = " ".join(each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children"))
    return own + sum(resident_mb(int(child)) for child in children.split())
