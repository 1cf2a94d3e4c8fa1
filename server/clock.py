"""Time and randomness, real and simulated, handed in everywhere so that runs can be repeated.

The only reader of the wall clock.
"""

from __future__ import annotations

import asyncio
import random
import selectors
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """What the rest of Nerkh may know of time and chance."""

    def now(self) -> datetime:
        """Return the wall clock as an aware UTC datetime."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Wait; a negative span returns after one turn of the loop."""

    def random(self) -> float:
        """Return a number in [0, 1)."""


class SystemClock:
    """The machine's own clock and chance."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- jitter and sampling, nothing secret

    def now(self) -> datetime:
        """Return the wall clock as an aware UTC datetime."""
        return datetime.now(UTC)

    monotonic = staticmethod(time.monotonic)  # without a frame of its own: it is read several times on every call

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(max(0.0, seconds))

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing else is left to do.

    For runs in simulated time: no sockets, no threads. It raises `RuntimeError` when all wait and no timer is set.
    """

    def __init__(self) -> None:
        self._virtual_s = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the simulated seconds since the loop was made."""
        return self._virtual_s

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self._virtual_s += seconds


class _JumpingSelector(selectors.SelectSelector):
    """Waits for nothing: where a loop would sleep until its next timer, time passes instead."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now, letting time pass when nothing is."""
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits and no timer is set")
        if not ready and timeout is not None and timeout > 0:
            self._loop.advance(timeout)
        return ready


class VirtualClock:
    """Simulated time and chance from a seed: on a `VirtualLoop` it follows the loop, else it moves by `advance`."""

    def __init__(self, loop: VirtualLoop | None = None, seed: int = 0) -> None:
        self._loop = loop
        self._own_s = 0.0
        self._start = datetime(2026, 1, 1, tzinfo=UTC)
        self._random = random.Random(seed)  # noqa: S311 -- jitter and sampling, nothing secret

    def now(self) -> datetime:
        """Return the simulated wall clock, which starts with the year 2026."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the simulated seconds since the start."""
        return self._own_s if self._loop is None else self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Wait in simulated time."""
        if self._loop is None:
            self._own_s += max(0.0, seconds)
        await asyncio.sleep(0 if self._loop is None else max(0.0, seconds))

    def random(self) -> float:
        """Return a number in [0, 1), the same sequence for the same seed."""
        return self._random.random()

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        if self._loop is None:
            self._own_s += seconds
        else:
            self._loop.advance(seconds)


def run_virtual(main: Callable[[VirtualClock], Coroutine[Any, Any, T]], seed: int = 0) -> T:
    """Run a coroutine in simulated time from a seed; the same seed gives the same history."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(VirtualClock(loop, seed)))
