"""Finds and stops what an earlier run left of a database's processes, and never any other; used by `embedded`.

A process is ours when it runs as the database's user and carries the cluster's mark, made of the folder's device and
inode: PostgreSQL shows `cluster_name` in the arguments of its first process and in the titles of all others. So a
recycled process id is never taken for a live server, and a copy of a data folder is another database. Process titles
can be read without the rights that a container's root lacks (`/proc/PID/cwd` cannot).
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PROC = Path("/proc")
NAMES = (b"postgres", b"initdb", b"sh")


def mark_of(folder: Path) -> str:
    """Return the mark of a cluster's folder: the same after a rename, another one in a copy."""
    seen = folder.stat()
    return f"nerkh-{seen.st_dev:x}-{seen.st_ino:x}"


def processes(mark: str, uid: int) -> tuple[int, ...]:
    """Return the ids of all processes of the cluster with this mark, none where there is no `/proc`."""
    if not PROC.joinpath("self").exists():
        return ()
    pids = (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
    return tuple(pid for pid in pids if _role(pid, mark, uid))


def stop(mark: str, uid: int, patience_s: float = 5.0) -> int:
    """Stop all processes of a cluster and return how many there were.

    Their first process is asked for a fast shutdown, then for an immediate one. What is left is killed, and so are
    workers without a first process: what was committed is in the log. Each signal goes to the process that was
    looked at, not to a later one with its id.
    """
    found = processes(mark, uid)
    for number, wait_s in ((signal.SIGINT, patience_s), (signal.SIGQUIT, 2.0)):
        _signal([pid for pid in found if _role(pid, mark, uid) == "first"], number, wait_s, mark, uid)
    for _ in range(10):  # a process may have been made while the others were looked for
        if not (left := processes(mark, uid)):
            break
        _signal(left, signal.SIGKILL, 1.0, mark, uid)
    return len(found)


def remove(half_made: Path) -> None:
    """Remove a cluster that was never finished, and what still makes it.

    A process that was just being started when its supervisor was killed is seen a moment later, and writes until
    then: so the folder may fill again while it is emptied.
    """
    for left in reversed(range(200)):
        try:
            stop(mark_of(half_made), half_made.stat().st_uid, patience_s=0)
            shutil.rmtree(half_made)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.ENOENT} or not left:
                raise
            if not half_made.exists():
                return
        else:
            return


def alive_in(pid_file: Path) -> int | None:
    """Return the process id in a lock file when a process with this id is alive, whatever it is."""
    try:
        first = pid_file.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() and (PROC / first).exists() else None


def _role(pid: int, mark: str, uid: int) -> str:
    """Return `first`, `worker`, or nothing for a process that does not belong to the cluster."""
    try:
        if (PROC / str(pid)).stat().st_uid != uid:
            return ""
        line = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    text = mark.encode()
    if line.startswith(b"postgres: " + text + b": "):
        return "worker"
    parts = line.split(b"\0")
    is_named = parts[0].rpartition(b"/")[2] in NAMES
    return "first" if is_named and any(b"cluster_name=" + text in part for part in parts[1:]) else ""


def _signal(pids: Sequence[int], number: signal.Signals, wait_s: float, mark: str, uid: int) -> None:
    with contextlib.ExitStack() as opened:
        held = [opened.enter_context(_Held(pid)) for pid in pids]
        for process in held:
            if _role(process.pid, mark, uid):
                process.send(number)
        for process in held:
            process.wait(wait_s)


class _Held:
    """One process held by a descriptor, so that its id cannot come to mean another."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._file = -1

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):  # gone, or a kernel without pidfd
            self._file = os.pidfd_open(self.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file >= 0:
            os.close(self._file)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, nothing when the process is gone."""
        with contextlib.suppress(ProcessLookupError):
            if self._file >= 0:
                signal.pidfd_send_signal(self._file, number)
            else:
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> None:
        """Wait until the process ends, at most `seconds`."""
        if self._file >= 0:
            poll = select.poll()
            poll.register(self._file, select.POLLIN)
            poll.poll(seconds * 1000)
