"""Requests that are sent side by side: how they fail, and how they are cancelled."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress

import pytest

from server.fallback.together import together


async def test_the_first_that_fails_ends_the_others_and_is_raised_alone() -> None:
    """What still waits is cancelled, and the error comes as it is, in no group."""
    ended: list[str] = []

    async def failing() -> None:
        raise ValueError("no")

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting")

    with pytest.raises(ValueError, match="no"):
        await together([waiting(), failing()])
    assert ended == ["waiting"]


async def test_who_is_cancelled_while_one_fails_is_cancelled_all_the_same() -> None:
    """Both fall into one turn of the loop: the failure must not hide that the caller went away."""
    go = asyncio.Event()

    async def failing() -> None:
        await go.wait()
        raise ValueError

    async def waiting() -> None:
        await asyncio.Event().wait()

    whole = asyncio.create_task(together([failing(), waiting()]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # both are under way
    go.set()
    await asyncio.sleep(0)  # one fails in this turn, and who waits for it hears of that in the next one
    whole.cancel()
    with pytest.raises(asyncio.CancelledError):
        await whole
    assert whole.cancelled()


async def test_a_failure_leaves_nothing_behind_that_a_time_out_would_trip_over() -> None:
    """A time-out around it, which ends the wait later on, is still known for one."""

    async def failing() -> None:
        raise ValueError

    async def waiting() -> None:
        async with asyncio.timeout(0.01):
            with suppress(ValueError):
                await together([failing(), failing()])
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await waiting()


async def test_when_several_fail_at_once_the_first_is_raised_and_none_is_reported_as_forgotten() -> None:
    """No error of another one turns up later in the log as never retrieved."""
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    async def failing(text: str) -> None:
        raise ValueError(text)

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("c")

    with pytest.raises(ValueError, match="a"):
        await together([failing("a"), failing("b"), stubborn()])
    gc.collect()
    assert told == []
