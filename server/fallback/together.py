"""Runs calls side by side; attempts send the requests of one round so."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def together(calls: Iterable[Coroutine[None, None, T]]) -> list[T]:
    """Run requests side by side; the first that fails cancels the others and is raised alone.

    A task group is left out: before Python 3.13 a failure in it leaves its task marked as cancelled, so that a time-out
    around it is no longer known for one, and hides a cancellation that comes in the same moment.
    """
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        errors = [error for task in tasks if task.done() and (error := task.exception()) is not None]
    finally:
        await _end(tasks)
    if not errors:
        return [task.result() for task in tasks]
    tasks.clear()  # else the error and what was read so far hold each other
    try:
        raise errors[0].with_traceback(None)
    finally:
        errors.clear()


async def _end(tasks: Sequence[asyncio.Task[T]]) -> None:
    """Cancel what is still under way and wait until it has ended; how it ends does not matter."""
    waiting = [task for task in tasks if task.cancel()]
    if waiting:
        await asyncio.wait(waiting)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # else it is reported as never looked at
