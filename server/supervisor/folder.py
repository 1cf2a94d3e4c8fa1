"""The data folder as the supervisor holds it: one supervisor a folder, and what an earlier one left is ended.

The lock is the kernel's (`flock`), so it goes with the process however that ends.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
import time
from pathlib import Path

from server.errors import SetupError

BOOT = Path("/proc/sys/kernel/random/boot_id")


class DataFolder:
    """The folder, locked from `open` until `close`; it remembers the children's process ids across a SIGKILL."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock = -1
        self._children: dict[str, int] = {}

    def open(self) -> None:
        """Make the folder and take its lock. Raises `SetupError` when it cannot be used or is in use."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._take(lock)
            except BaseException:
                os.close(lock)
                raise
            self._lock = lock
        except OSError as error:
            raise SetupError(_told(error, self.path)) from None

    def _take(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode(errors="replace").strip() or "another"
            text = f"the data folder {self.path} is in use by process {holder}; stop it, or give another --data"
            raise SetupError(text) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Give the lock back; the children have ended."""
        if self._lock >= 0:
            with contextlib.suppress(OSError):
                self._record.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1

    @property
    def _record(self) -> Path:
        return self.path / "children.json"

    def remember(self, name: str, pid: int) -> None:
        """Write down a child that just started, so that the next supervisor knows it for ours."""
        self._children[name] = pid
        marks = {name: _mark(pid) for name, pid in self._children.items()}
        new = self._record.with_suffix(".new")
        with contextlib.suppress(OSError):  # a full disk: the children die with this process all the same
            new.write_text(json.dumps({"boot": _boot(), "children": marks}), encoding="utf-8")
            new.replace(self._record)

    def end_earlier(self, longest_s: float = 5.0) -> None:
        """End what an earlier supervisor that was killed left behind, and wait until it is gone.

        Its children got the parent-death signal when it went; this is for the moment until they have ended.
        """
        try:
            left = json.loads(self._record.read_text(encoding="utf-8"))
            marks = left["children"] if left["boot"] == _boot() else {}
        except (OSError, ValueError, KeyError, TypeError):
            return
        ours = [mark for mark in marks.values() if isinstance(mark, list) and mark == _mark(mark[0])]
        for pid, _ in ours:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + longest_s
        while any(mark == _mark(mark[0]) for mark in ours) and time.monotonic() < deadline:
            time.sleep(0.01)


def _mark(pid: int) -> list[int] | None:
    """Return a process's id and start time, which together are never used twice; None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    rest = stat.rpartition(")")[2].split()
    return None if rest[0] == "Z" else [pid, int(rest[19])]


def _boot() -> str:
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _told(error: OSError, path: Path) -> str:
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"the data folder {path} cannot be written; make it writable, or give another --data"
    if error.errno in {errno.EEXIST, errno.ENOTDIR}:
        return f"the data folder {path} is not a folder; give another --data"
    if error.errno == errno.ENOSPC:
        return f"no space is left in {path}; free some, or give another --data"
    return f"the data folder {path} cannot be used ({(error.strerror or 'unknown').lower()}); give another --data"
