"""Runs calls side by side; attempts send the requests of one round so."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


async def together(calls: list[Coroutine[None, None, T]]) -> list[T]:
    """Run requests side by side; the first that fails cancels the others and is raised alone."""
    first = None
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except BaseExceptionGroup as errors:
        first = errors.exceptions[0]
    if first is not None:
        raise first.with_traceback(None)  # out here, else error and group hold each other, and the bodies read so far
    return [task.result() for task in tasks]
