"""The store: what is fetched is offered and written behind, history is read back; opened by the composition root."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.clock import Clock
from server.errors import SetupError, StoreUnavailable
from server.model import Answer, Claim, Grant, Observation, Query, Value
from server.settings import Settings
from server.store import partitions
from server.store.encode import Annotate
from server.store.engine import DATABASE_ERRORS, SCHEMA, SIMULATED_SCHEMA, is_poison, open_engine, sqlstate, told
from server.store.last import last
from server.store.migrate import migrate
from server.store.quota import book
from server.store.rows import StoreStatus
from server.store.sources import SourceMemory
from server.store.tables import SECRETS
from server.store.write import Writer

log = structlog.get_logger()

CLAIMED_FROM_S = 86_400.0
CHECK_S = 5.0
MAINTAIN_S = 3600.0
CLOSE_S = 2.0
RETRY_S = 60.0
"""How long a partition that was locked is left alone, in seconds: each try holds back who reads or writes there."""
LOCKED = "55P03"
AWAY_CLASSES = ("08", "53", "57P")
"""SQLSTATE classes of a database that starts, stops, crashed or is full: it may be back in a moment."""
AWAY = (
    (socket.gaierror, "its host is not known"),
    (ConnectionRefusedError, "nothing listens there"),
    (TimeoutError, "it does not answer"),
    (FileNotFoundError, "its socket is not there"),
)
"""What keeps a connection from being made, in words."""
ALIVE = text("SELECT 1")


class Store(SourceMemory):
    """History in PostgreSQL. Reads raise `StoreUnavailable` quickly while the database is away; writes wait for it."""

    claimed_from_s = CLAIMED_FROM_S
    """Windows of quotas at least this long are claimed here, in seconds: shorter ones end before a restart does."""

    def __init__(self, engine: AsyncEngine, schema: str, *, clock: Clock, settings: Settings) -> None:
        super().__init__(engine, settings.store_read_s)
        self._engine = engine
        self._schema = schema
        self._clock = clock
        self._writer = Writer(engine, clock, settings.store_queue, settings.store_batch, settings.store_flush_s)
        self._reachable = True
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @classmethod
    async def open(cls, url: str, *, clock: Clock, settings: Settings, annotate: Annotate | None = None) -> Store:
        """Connect, migrate, start the writer. `annotate` completes an article before it is written (assets, score).

        What the simulator says is kept apart, in a schema of its own. Raises `SetupError` when the database is not
        there within `settings.store_wait_s`.
        """
        schema = SCHEMA if settings.simulator_url is None else SIMULATED_SCHEMA
        engine = open_engine(url, schema)
        try:
            await _ready(engine, schema, clock, settings.store_wait_s)
            is_maintained = await _maintained(engine, schema, clock)
        except BaseException as error:
            await engine.dispose()
            if isinstance(error, DATABASE_ERRORS):
                raise SetupError(f"the database refuses to be set up: {told(error)}; see its log") from None
            raise
        store = cls(engine, schema, clock=clock, settings=settings)
        store._writer.annotate = annotate
        store._tasks = (asyncio.create_task(store._writer.run()), asyncio.create_task(store._watch(is_maintained)))
        return store

    async def close(self) -> None:
        """Write what can be written within two seconds, then let go of the database."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ended()
        await self._engine.dispose()

    def offer(self, observation: Observation) -> bool:
        """Queue a fresh value for writing; False when the queue is full. Never waits; what stands aside is skipped."""
        return observation.aside or self._writer.offer(observation)

    async def flush(self) -> None:
        """Return when all that was offered before is in the database."""
        await self._writer.flush()

    async def last(self, query: Query) -> Answer[Value] | None:
        """Return the newest stored answer to a query, None when there is none."""
        try:
            return await self.read(lambda connection: last(connection, query))
        except DATABASE_ERRORS as error:
            if is_poison(error):  # a value that no column can hold was never stored
                return None
            raise

    async def secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the secret of this name, made at its first wish and the same for all services ever after."""

        async def work(connection: AsyncConnection) -> bytes:
            wanted = select(SECRETS.c.value).where(SECRETS.c.name == name)
            found = await connection.scalar(wanted)
            if found is None:
                await connection.execute(insert(SECRETS).values(name=name, value=make()).on_conflict_do_nothing())
                found = await connection.scalar(wanted)
            return bytes(found or b"")

        return await self.read(work)

    async def claim(self, claims: Sequence[Claim]) -> Sequence[Grant]:
        """Book claims of sources' quotas and return what each brought; raises while the database is away."""
        return await book(self._engine, claims)

    def status(self) -> StoreStatus:
        """Return how the store does; asks nobody."""
        counts = dataclasses.asdict(self._writer.counts)
        return StoreStatus(reachable=self._reachable and not self._writer.is_waiting, **counts)

    async def _watch(self, is_maintained: bool) -> None:
        """Look after the connection every few seconds and the partitions every hour, sooner when they were locked."""
        due = self._clock.monotonic() + (MAINTAIN_S if is_maintained else RETRY_S)
        while True:
            await self._clock.sleep(CHECK_S)
            try:
                await self.rows(ALIVE)
                self._reachable = True
                if self._clock.monotonic() >= due:
                    is_maintained = await _maintained(self._engine, self._schema, self._clock)
                    due = self._clock.monotonic() + (MAINTAIN_S if is_maintained else RETRY_S)
            except StoreUnavailable:
                self._reachable = False
            except DATABASE_ERRORS:
                pass  # it went away in the middle of it: next round


async def _maintained(engine: AsyncEngine, schema: str, clock: Clock) -> bool:
    """Make the partitions that are due; False when one is locked, as by a backup: default ones take the rows then."""
    try:
        await partitions.ensure(engine, schema, clock.now())
    except DATABASE_ERRORS as error:
        if sqlstate(error) != LOCKED:
            raise
        log.info("partitions_wait", why="a default partition is locked", retry_s=RETRY_S)
        return False
    return True


async def _ready(engine: AsyncEngine, schema: str, clock: Clock, wait_s: float) -> None:
    """Migrate as soon as the database answers. Raises `SetupError` when it does not, in one line without secrets."""
    until = clock.monotonic() + wait_s
    while True:
        try:
            await migrate(engine, schema)
        except DATABASE_ERRORS as error:
            code = sqlstate(error)
            is_away = not code or code.startswith(AWAY_CLASSES)
            if not is_away or clock.monotonic() >= until:
                raise SetupError(_refused(error, code)) from None
            await clock.sleep(0.05)
        else:
            return


def _refused(error: BaseException, code: str) -> str:
    if code.startswith("28"):
        return "the database refuses the user or password of NERKH_DATABASE_URL; correct it"
    if code == "3D000":
        return "the database named by NERKH_DATABASE_URL does not exist; create it"
    why = next((why for kind, why in AWAY if isinstance(error, kind)), told(error))
    return f"the database cannot be used ({why}); start it, or correct NERKH_DATABASE_URL"
