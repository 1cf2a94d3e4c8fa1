"""Runs what reads a stranger's bytes in a process of its own, so that no input can stop or fill the one that serves.

A regular expression or a tree that a hostile body blows up holds the interpreter, whatever thread it runs in; a process
can be ended. It has no keys in its environment, and ends with the one that started it.
"""

from __future__ import annotations

import asyncio
import copyreg
import os
import pickle
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, TypeVar

from server.errors import BadAnswer

_LONGEST_S = 2.0
"""After so long the kernel ends the process."""
_MOST_BYTES = 1 << 30
"""So much address space the process may have."""
_IDLE_S = 10.0
"""After so long without a call the process is ended: it is started anew in a third of a second."""
_BEGUN = b""
"""What the process says before it calls a function; outcomes are longer."""
_REFUSED = ("refused", "out_of_bounds", "it takes too long or too much memory to read")
T = TypeVar("T")


def _read_only(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


copyreg.pickle(MappingProxyType, lambda view: (_read_only, (dict(view),)))
"""Pickle knows no read-only views, which rows of sources hold."""


class OwnFault(Exception):
    """A function raised what it should not: the name of its class and the place in the code, never its text."""

    def __init__(self, name: str, where: str) -> None:
        super().__init__(name, where)
        self.name = name
        self.where = where


class Apart:
    """Calls functions of modules one at a time in a process that is started when it is needed."""

    def __init__(self, longest_s: float = _LONGEST_S, idle_s: float = _IDLE_S) -> None:
        self._longest_s = longest_s
        self._idle_s = idle_s
        self._thread = ThreadPoolExecutor(1, "apart")
        self._child: subprocess.Popen[bytes] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._calls = 0
        self._is_closed = False

    async def call(self, function: Callable[..., T], *args: Any, begun: Callable[[], None] | None = None) -> T:
        """Return what a function gives; function, arguments and result must be picklable.

        `begun` is called, in another thread, when the function's turn has come and the process begins with it. Raises
        the `BadAnswer` that the function raises, `out_of_bounds` when it takes longer than 2 s or more than 1 GiB, and
        `OwnFault` for anything else.
        """
        loop = asyncio.get_running_loop()
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        self._calls += 1
        try:
            kind, *found = await loop.run_in_executor(self._thread, self._ask, pickle.dumps((function, args)), begun)
        finally:
            self._calls -= 1
            if not self._calls and not self._is_closed:
                self._idle = loop.call_later(self._idle_s, self._thread.submit, self._end)
        if kind == "value":
            value: T = found[0]
            return value
        raise (BadAnswer if kind == "refused" else OwnFault)(*found)

    def close(self) -> None:
        """End the process; a call that is under way is refused."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._idle is not None:
            self._idle.cancel()
        if (child := self._child) is not None:
            child.kill()
        self._thread.submit(self._end)
        self._thread.shutdown(wait=False)

    def _ask(self, message: bytes, begun: Callable[[], None] | None) -> tuple[Any, ...]:
        """Send one call and wait for its outcome; runs in the thread, so one after another."""
        if self._is_closed:
            return _REFUSED
        child = self._child
        if child is None or child.poll() is not None:
            self._end()
            child = self._child = _start(self._longest_s)
        try:
            _send(child.stdin, message)
            answer = _receive(child.stdout)
            if answer == _BEGUN:
                if begun is not None:
                    begun()
                answer = _receive(child.stdout)
        except OSError:
            answer = None
        if answer is None:
            self._end()
            return _REFUSED
        outcome: tuple[Any, ...] = pickle.loads(answer)  # noqa: S301 -- from a process of ours
        return outcome

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()


def _start(longest_s: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 -- this module, by this interpreter
        [sys.executable, "-m", __name__, str(longest_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def _send(sink: IO[bytes] | None, message: bytes) -> None:
    if sink is None:
        raise BrokenPipeError
    sink.write(len(message).to_bytes(8, "big") + message)
    sink.flush()


def _receive(source: IO[bytes] | None) -> bytes | None:
    """Return the next message, None when there is no whole one any more."""
    if source is None:
        return None
    head = source.read(8)
    size = int.from_bytes(head, "big")
    message = source.read(size) if len(head) == 8 else b""
    return message if len(head) == 8 and len(message) == size else None


def _outcome(message: bytes, begin: Callable[[], None]) -> tuple[Any, ...]:
    """Call what a message asks for. Before `begin` there is only what is ours: modules may have to be loaded."""
    try:
        function, args = pickle.loads(message)  # noqa: S301 -- from the process that started this one
        begin()
        return ("value", function(*args))
    except BadAnswer as refused:
        return ("refused", refused.reason, refused.detail)
    except MemoryError:
        return ("refused", "out_of_bounds", "it takes too much memory to read")
    except Exception as error:  # noqa: BLE001 -- whatever it is, the caller is told
        return ("fault", type(error).__name__, place_of(error))


def place_of(error: Exception) -> str:
    """Return where in the code an exception was raised, such as `feed.py:42`."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(place.filename).name}:{place.lineno}"


def main(longest_s: float) -> None:
    """Answer calls on standard input until it ends. What takes too long ends the process, by the kernel's alarm."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def begin() -> None:
        _send(sink, _BEGUN)
        signal.setitimer(signal.ITIMER_REAL, longest_s)

    while (message := _receive(source)) is not None:
        answer = pickle.dumps(_outcome(message, begin))
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(sink, answer)


if __name__ == "__main__":
    main(float(sys.argv[1]))
