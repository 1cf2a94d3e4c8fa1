"""One child process: started, watched, started again with growing pauses when it dies, and stopped in order.

A child dies with the supervisor, whatever ends that: the kernel sends it `death_signal`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from server.errors import SetupError
from server.supervisor.process import Launch, Running

log = structlog.get_logger()

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
STEADY_S = 30.0
"""A child that lived this long begins with the first pause again."""
GIVE_UP = 5
"""So many deaths in a row before the first readiness, and the start has failed."""
SETUP_STATUSES = frozenset({2, 69})


@dataclass(frozen=True, slots=True)
class Part:
    """What the supervisor must know of one child.

    `prepare` is awaited before each start; `feed` gives what the process reads from standard input, once what it
    needs is there; `await_ready` returns when it serves; `loud` picks the lines of its standard error worth logging,
    None hands standard error through as it is.
    """

    name: str
    prepare: Callable[[], Awaitable[Launch]]
    await_ready: Callable[[Child], Awaitable[None]]
    feed: Callable[[], Awaitable[str]] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_s: float = 5.0
    death_signal: signal.Signals = signal.SIGKILL
    loud: Callable[[str], bool] | None = None


class StartFailed(SetupError):
    """A child did not come up; its own words stand above on standard error."""


class Child:
    """A part as it runs. `ready` is set while it serves; `told` is the ready line that it last printed, if any."""

    def __init__(self, part: Part, remember: Callable[[str, int], None] = lambda *_: None) -> None:
        self.part = part
        self.ready = asyncio.Event()
        self.told: dict[str, Any] = {}
        self.pid = 0
        self._remember = remember
        self._running: Running | None = None
        self._spoken = asyncio.Event()
        self._stopping = False
        self._was_ready = False

    async def keep(self) -> None:
        """Run the process until `stop`; raises `StartFailed` or `SetupError` when it never comes up."""
        deaths, pause = 0, FIRST_PAUSE_S
        while not self._stopping:
            begun = time.monotonic()
            status = await self._attempt()
            if self._stopping:
                return
            lived = time.monotonic() - begun
            deaths = 1 if lived > STEADY_S else deaths + 1
            pause = FIRST_PAUSE_S if deaths == 1 else min(pause * 2, LONGEST_PAUSE_S)
            if not self._was_ready and status in SETUP_STATUSES:
                raise StartFailed("", status)
            if not self._was_ready and deaths >= GIVE_UP:
                raise StartFailed(f"{self.part.name} ended {deaths} times before it was ready; see above", 1)
            log.error("child_died", child=self.part.name, status=_shown(status), lived_s=round(lived, 1), again_s=pause)
            await asyncio.sleep(pause)

    async def _attempt(self) -> int:
        """Start the process once and return its status; a failed preparation counts as a death, later on."""
        try:
            launch = await self.part.prepare()
            if self._stopping:
                return 0
            running = await self._start(launch)
        except (SetupError, OSError) as error:
            if self._stopping:
                return 0
            told = error if isinstance(error, SetupError) else _refused(self.part.name, error)
            if not self._was_ready:
                raise told from None
            log.error("child_not_started", child=self.part.name, error=str(told))  # noqa: TRY400 -- it is one line
            return told.status
        return await self._watch(running)

    async def _start(self, launch: Launch) -> Running:
        part = self.part
        self.told = {}
        self._spoken.clear()
        return await Running.start(
            launch, self._said, fed=part.feed is not None, heard=part.loud is not None, death_signal=part.death_signal
        )

    async def _watch(self, running: Running) -> int:
        self._running, self.pid = running, running.pid
        self._remember(self.part.name, running.pid)
        coming = asyncio.create_task(self._come_up(running))
        try:
            return await running.wait()
        finally:
            self.ready.clear()
            coming.cancel()
            running.sweep()
            await asyncio.gather(coming, return_exceptions=True)

    async def _come_up(self, running: Running) -> None:
        if self.part.feed:
            running.feed(await self.part.feed())
        await self.part.await_ready(self)
        self.ready.set()
        if self._was_ready:
            log.info("child_back", child=self.part.name, pid=self.pid)
        self._was_ready = True

    def _said(self, descriptor: int, line: str) -> None:
        """Take a line of standard output (1) or standard error (2)."""
        if descriptor == 1:
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, dict) and said.get("ready") is True:
                    self.told = said
                    self._spoken.set()
        elif self.part.loud and self.part.loud(line):
            log.warning("child_says", child=self.part.name, line=line)

    async def spoken(self) -> dict[str, Any]:
        """Return the ready line that the running process printed, once it has."""
        await self._spoken.wait()
        return self.told

    async def stop(self) -> None:
        """Ask the process to stop, and end it when it does not within `stop_s`."""
        self._stopping = True
        running = self._running
        if running is None or not running.alive:
            return
        running.send(self.part.stop_signal)
        try:
            async with asyncio.timeout(self.part.stop_s):
                await running.wait()
        except TimeoutError:
            log.warning("child_killed", child=self.part.name, waited_s=self.part.stop_s)
            running.sweep()
            await running.wait()

    def kill(self) -> None:
        """End the process and what it started, at once."""
        self._stopping = True
        if self._running is not None and self._running.alive:
            self._running.sweep()


def _refused(name: str, error: OSError) -> SetupError:
    """Say that the system gave no file or no process: a full disk, a file of another user, a limit."""
    where = f": {error.filename}" if error.filename else ""
    why = f"{(error.strerror or type(error).__name__).lower()}{where}"
    return SetupError(f"{name} cannot be started ({why}); mend that, or give another --data")


def _shown(status: int) -> str:
    try:
        return signal.Signals(-status).name if status < 0 else str(status)
    except ValueError:
        return str(status)
