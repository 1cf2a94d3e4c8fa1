"""An operating system process as `child` runs it: its lines, its end, and its tie to this process's life."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

LINE_LIMIT = 64 * 1024
"""Longer lines are cut, in bytes."""
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a process: command line, whole environment, and further options of `subprocess.Popen`."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)


class Lines(asyncio.SubprocessProtocol):
    """Cuts what a process writes into lines and hands each to `said` with its descriptor; `ended` is its status.

    `ended` does not wait for the pipes: what the process leaves running may hold them.
    """

    def __init__(self, said: Callable[[int, str], None]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._said = said
        self._rest = {1: b"", 2: b""}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take what came from a pipe."""
        *lines, rest = (self._rest[fd] + data).split(b"\n")
        self._rest[fd] = rest[:LINE_LIMIT]
        for line in lines:
            self._said(fd, line[:LINE_LIMIT].decode(errors="replace").rstrip())

    def process_exited(self) -> None:
        """Take the end of the process."""
        if not self.ended.done():
            self.ended.set_result(None)


class Running:
    """A process that was started. It dies with this one: the kernel then sends it `death_signal`."""

    def __init__(self, transport: asyncio.SubprocessTransport, lines: Lines) -> None:
        self.pid = transport.get_pid()
        self._transport = transport
        self._lines = lines

    @classmethod
    async def start(
        cls,
        launch: Launch,
        said: Callable[[int, str], None],
        *,
        fed: bool = False,
        heard: bool = False,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> Running:
        """Start a process in a group of its own; `fed` opens its standard input, `heard` reads its standard error."""
        transport, lines = await asyncio.get_running_loop().subprocess_exec(
            lambda: Lines(said),
            *launch.argv,
            env=dict(launch.env),
            stdin=asyncio.subprocess.PIPE if fed else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE if heard else None,
            process_group=0,  # Ctrl-C in a terminal reaches the supervisor alone
            preexec_fn=_die_with(os.getpid(), death_signal),
            **launch.options,
        )
        return cls(transport, lines)

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self._lines.ended.done()

    def feed(self, text: str) -> None:
        """Write to its standard input."""
        pipe = self._transport.get_pipe_transport(0)
        if pipe is not None:
            cast("asyncio.WriteTransport", pipe).write(text.encode())

    async def wait(self) -> int:
        """Return its status once it has ended; negative: the signal that ended it."""
        await asyncio.shield(self._lines.ended)
        status = self._transport.get_returncode()
        return 0 if status is None else status

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                self._transport.send_signal(number)

    def sweep(self) -> None:
        """End it and all that it left running of its own, and let go of the pipes."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._transport.close()


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    """Return what a child does before it becomes its program: tie its life to the supervisor's.

    The signal comes when the thread that started the child ends, so children are started by the main thread alone.
    """

    def tie() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the supervisor died before the kernel knew
            os._exit(1)

    return tie
