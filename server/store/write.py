"""The writer: takes observations at once, writes them in batches, loses none while the database is away.

Used by the store. The queue is bounded in rows; what finds it full is refused and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.clock import Clock
from server.model import Observation
from server.store.encode import Annotate, rows_of, weight
from server.store.engine import is_poison, told
from server.store.merge import Stages, distinct

BACKOFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
COMMIT_S = 35.0
AT_ONCE = 100


@dataclass(slots=True)
class Counts:
    """What became of the rows; figures only rise, `queued` apart."""

    queued: int = 0
    written: int = 0
    refused: int = 0
    failed: int = 0
    last_write_time: datetime | None = None
    last_error: str = ""


@dataclass(slots=True)
class Writer:
    """Writes what is offered. `limit` bounds the queue, `batch` one transaction, in rows; `pause_s` gathers a batch."""

    engine: AsyncEngine
    clock: Clock
    limit: int
    batch: int
    pause_s: float
    annotate: Annotate | None = None
    counts: Counts = field(default_factory=Counts)
    is_waiting: bool = False
    """True while the database does not take what is written."""
    _queue: deque[tuple[Observation, int]] = field(default_factory=deque)
    _offered: int = 0
    _settled: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _full: asyncio.Event = field(default_factory=asyncio.Event)
    _settling: asyncio.Condition = field(default_factory=asyncio.Condition)
    _connection: AsyncConnection | None = None
    _stages: Stages = field(default_factory=Stages)

    def offer(self, observation: Observation) -> bool:
        """Queue an observation, or refuse it when the queue is full; never waits."""
        rows = weight(observation)
        if self.counts.queued and self.counts.queued + rows > self.limit:
            self.counts.refused += rows
            return False
        self._queue.append((observation, rows))
        self.counts.queued += rows
        self._offered += 1
        self._wake.set()
        if self.counts.queued >= self.batch:
            self._full.set()
        return True

    async def flush(self) -> None:
        """Return when all that was offered so far is in the database, or was found not storable."""
        target = self._offered
        async with self._settling:
            while self._settled < target:
                self._full.set()
                await self._settling.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._wake.wait()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.pause_s):
                        await self._full.wait()
                self._full.clear()
                while self._queue:
                    await self._write(self._taken())
                self._wake.clear()
        finally:
            await self._drop()

    def _taken(self) -> list[tuple[Observation, int]]:
        taken: list[tuple[Observation, int]] = []
        rows = 0
        while self._queue and (not taken or rows + self._queue[0][1] <= self.batch):
            taken.append(self._queue.popleft())
            rows += taken[-1][1]
        return taken

    async def _write(self, taken: Sequence[tuple[Observation, int]]) -> None:
        batch: dict[Table, list[tuple[Any, ...]]] = {}
        since = 0
        for observation, rows in taken:
            self._encode(observation, batch)
            since += rows
            if since >= AT_ONCE:  # requests are answered by the same loop
                since = 0
                await asyncio.sleep(0)
        await self._settle({table: distinct(table, rows) for table, rows in batch.items()})
        self.counts.queued -= sum(rows for _, rows in taken)
        async with self._settling:
            self._settled += len(taken)
            self._settling.notify_all()

    def _encode(self, observation: Observation, batch: dict[Table, list[tuple[Any, ...]]]) -> None:
        """Add an observation's rows to a batch; what cannot be a row is counted and never stops the others."""
        makers = iter(rows_of(observation, self.annotate))
        while True:
            try:
                table, row = next(makers)()
            except StopIteration:
                return
            except Exception as error:  # noqa: BLE001 -- whatever a value is, the writer lives on
                self._fail(1, error)
                if getattr(makers, "gi_frame", None) is None:
                    return
            else:
                batch.setdefault(table, []).append(row)

    async def _settle(self, batch: dict[Table, list[tuple[Any, ...]]]) -> None:
        """Write a batch; when a row in it cannot be stored, write all the others and count that one."""
        if not batch:
            return
        try:
            await self._commit(batch)
        except Exception as error:
            if not is_poison(error):
                raise
            rows = [(table, row) for table, found in batch.items() for row in found]
            if len(rows) == 1:
                self._fail(1, error)
                return
            for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
                part: dict[Table, list[tuple[Any, ...]]] = {}
                for table, row in half:
                    part.setdefault(table, []).append(row)
                await self._settle(part)

    async def _commit(self, batch: dict[Table, list[tuple[Any, ...]]]) -> None:
        """Commit a batch, as often as it takes while the database is away. Raises only what is wrong with a row."""
        attempt = 0
        while True:
            try:
                async with asyncio.timeout(COMMIT_S):
                    await self._attempt(batch)
            except Exception as error:
                if is_poison(error):
                    self._stages.forget()
                    raise
                await self._drop()
                self.is_waiting = True
                self.counts.last_error = told(error)
                wait_s = BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)]
                await self.clock.sleep(wait_s * (0.75 + self.clock.random() / 2))
                attempt += 1
            else:
                self.counts.written += sum(len(rows) for rows in batch.values())
                self.counts.last_write_time = self.clock.now()
                self.counts.last_error = ""
                self.is_waiting = False
                return

    async def _attempt(self, batch: dict[Table, list[tuple[Any, ...]]]) -> None:
        if self._connection is None:
            self._stages.forget()
            self._connection = await self.engine.connect()
        async with self._connection.begin():
            await self._stages.write(self._connection, batch)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):  # it is broken or about to be; nothing of it is wanted
                await connection.invalidate()
                await connection.close()

    def _fail(self, rows: int, error: BaseException) -> None:
        self.counts.failed += rows
        self.counts.last_error = f"not storable: {told(error)}"
