"""Bounds how long an attempt waits: what `asyncio.timeout` does, by plain calls and at half its cost; used by runners.

It is written out here because every attempt has one, and `asyncio.timeout` was a tenth of what a cache miss costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import Self


class Limit:
    """Cancels what its task waits for inside a `with`, in its time or by `end`, and raises `TimeoutError` there.

    A cancellation that comes from elsewhere passes through as it is, also when time is over as well. `late` is called
    when the wait has lasted `late_s`, if it lasts so long: one timer serves for both.
    """

    __slots__ = ("_cancelling", "_is_over", "_late", "_late_s", "_loop", "_span_s", "_task", "_timer")

    def __init__(self, span_s: float, late_s: float = inf, late: Callable[[], None] | None = None) -> None:
        self._span_s = span_s
        self._late_s = late_s
        self._late = late
        self._loop = asyncio.get_running_loop()
        self._is_over = False
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._timer: asyncio.Handle | None = None

    def __enter__(self) -> Self:
        task = self._task = asyncio.current_task(self._loop)
        if task is not None:
            self._cancelling = task.cancelling()
        if self._late is None or self._late_s > self._span_s:
            self._timer = self._loop.call_later(self._span_s, self._expire)
        else:
            self._timer = self._loop.call_later(self._late_s, self._be_late, self._late)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        task, self._task = self._task, None
        if self._is_over and task is not None:
            is_ours = task.uncancel() <= self._cancelling
            if is_ours and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def is_over(self) -> bool:
        """Say whether the wait was ended."""
        return self._is_over

    def end(self) -> None:
        """End the wait at once: with the next turn of the loop, unless what it waits for is there by then."""
        if self._timer is not None and self._task is not None:
            self._timer.cancel()
            self._timer = self._loop.call_soon(self._expire)

    def _be_late(self, late: Callable[[], None]) -> None:
        self._timer = self._loop.call_later(self._span_s - self._late_s, self._expire)
        late()

    def _expire(self) -> None:
        if self._task is not None:
            self._is_over = True
            self._task.cancel()
