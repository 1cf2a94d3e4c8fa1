"""One connection to Redis: commands in batches, each bounded in time; the link has two of these.

Whatever the other side is or sends, who asks learns no more than that it is away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from redis.asyncio.connection import Connection
from redis.exceptions import AuthenticationError, BusyLoadingError, ResponseError
from redis.exceptions import ConnectionError as NotConnected

from server.clock import Clock

Command = tuple[str | bytes | int | float, ...]
Reply = Any
"""What one command brought; a `ResponseError` where the server refused it."""

_Asked = tuple[Sequence[Command], asyncio.Future[list[Reply]]]


class Away(Exception):
    """The server is not there, or not now."""


class Wire:
    """One connection. What is asked while a batch is under way goes out together with the next one."""

    def __init__(self, make: Callable[[], Connection], failed: Callable[[BaseException], None], clock: Clock) -> None:
        self._make = make
        self._failed = failed
        self._clock = clock
        self._connection: Connection | None = None
        self._queue: list[_Asked] = []
        self._task: asyncio.Task[None] | None = None
        self._longest_s = 0.0
        self.busy_since: float | None = None
        """Since when the batch under way waits for its replies (monotonic); None when there is none."""

    async def open(self, longest_s: float) -> None:
        """Connect anew."""
        self._longest_s = longest_s
        connection = self._make()
        try:
            await connection.connect()  # type: ignore[no-untyped-call]  # it comes without types
        except BaseException:
            await left(connection)
            raise
        self._connection = connection

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """Return what each command brought; raises `Away`."""
        if self._connection is None:
            raise Away
        done: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()
        self._queue.append((commands, done))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await done

    async def close(self) -> None:
        """Let go of the connection; who waits is told that it is away."""
        connection, self._connection = self._connection, None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if connection is not None:
            await left(connection)

    async def _work(self) -> None:
        """Send what is queued until nothing is; in a task of its own, so that no caller's end breaks it off."""
        under_way: list[_Asked] = []
        try:
            while self._queue:
                under_way, self._queue = self._queue, []
                await self._batch(under_way)
        except Exception as error:  # noqa: BLE001 -- whatever the other side is or sends, callers go on without it
            self._connection, gone = None, self._connection
            self._failed(error)
            if gone is not None:
                await left(gone)
        finally:
            self._task, self.busy_since = None, None
            for _, done in (*under_way, *self._queue):
                if not done.done():
                    done.set_exception(Away())
                    done.exception()  # taken note of, whoever waited may have gone
            self._queue = []

    async def _batch(self, asked: Sequence[_Asked]) -> None:
        connection = self._connection
        if connection is None:
            raise NotConnected
        self.busy_since = self._clock.monotonic()
        async with asyncio.timeout(self._longest_s):
            packed = connection.pack_commands([command for commands, _ in asked for command in commands])
            await connection.send_packed_command(packed, check_health=False)
            for commands, done in asked:
                replies = [await _reply(connection) for _ in commands]
                if not done.done():
                    done.set_result(replies)
        self.busy_since = None


async def _reply(connection: Connection) -> Reply:
    """Read one reply; a command that was refused is one as well."""
    try:
        return await connection.read_response()
    except (BusyLoadingError, AuthenticationError):
        raise
    except ResponseError as error:
        return error


async def left(connection: Connection) -> None:
    """Close a connection whatever state it is in."""
    with suppress(Exception):
        await connection.disconnect(nowait=True)
