"""The connection to Redis or Valkey: short time-outs, and an own breaker, so that one that is away costs little.

The shared cache, the shared counters and their listener speak over one of these; nothing else knows the protocol.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from ssl import SSLError
from typing import Any

import structlog
from pydantic import SecretStr
from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    InvalidResponse,
    NoPermissionError,
)
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import TimeoutError as TooSlow

from server.clock import Clock
from server.shared.wire import Away, Wire, left

_log = structlog.get_logger()

CONNECT_S = 1.0
IO_S = 0.5
"""Longest wait for a batch of replies: then the server counts as away."""
BEHIND_S = 2.0
"""The same for what no caller waits for."""
BEAT_S = 1.0
RETRY_S = 0.5
RETRY_LONGEST_S = 3.0
SILENT_S = 3.0
STEADY_S = 10.0
"""One that was there for less is waited for longer each time."""
_PERIODS = 20
_ALIVE_EVERY = 15
_GIVEN = {
    "protocol": 2,
    "socket_timeout": None,  # batches have bounds of their own
    "socket_connect_timeout": CONNECT_S,
    "health_check_interval": 0,
    "client_name": "nerkh",
    "decode_responses": False,
}


def told(error: BaseException) -> str:
    """Return in words why the server is away; never its address, a password, or what it sent."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    for kinds, words in _WORDS:
        if any(isinstance(each, kinds) for each in chain):
            return words
    return f"it cannot be used ({type(error).__name__})"


_WORDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    ((AuthenticationError, AuthorizationError, NoPermissionError), "it refuses the user or the password"),
    (BusyLoadingError, "it still loads its data"),
    (SSLError, "TLS with it fails, or its certificate is not to be trusted"),
    ((TooSlow, TimeoutError), "it does not answer in time"),
    (InvalidResponse, "it does not speak the protocol of Redis"),
    ((NotConnected, OSError, EOFError), "no connection to it can be made, or kept"),
)


class Link:
    """Connects, stays connected, and says whether it is. `up` is awaited on each connection before it counts as up.

    `heard` is told of what is published on `channel`.
    """

    def __init__(self, url: SecretStr, clock: Clock, channel: str) -> None:
        self._url = url
        self._clock = clock
        self._channel = channel
        self.fast = Wire(self._connection, self._lost, clock)
        """For what callers wait for."""
        self.behind = Wire(self._connection, self._lost, clock)
        """For what is written behind them."""
        self.is_up = False
        self.since = -inf
        """Since when it is up, or away (monotonic); since ever while it was never up."""
        self.since_time = clock.now()
        self.ended: deque[tuple[float, float]] = deque(maxlen=_PERIODS)
        """From when to when it was up, before now; the first time since ever, for others may have known it for long."""
        self.error = "it was not reached yet"
        self.up: Callable[[], Awaitable[None]] = _nothing
        self.heard: Callable[[bytes], None] = lambda _: None
        self._is_told = False
        """Whether it was said that it is away, and not yet that it is back."""
        self._broken = asyncio.Event()
        self._first = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, longest_s: float = CONNECT_S) -> None:
        """Begin to connect; return when that is done or has failed once, at the latest after a while."""
        self._task = asyncio.create_task(self._run())
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._first.wait()

    async def close(self) -> None:
        """Let go of the server."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.fast.close()
        await self.behind.close()
        self.is_up = False
        self._first.clear()

    def give_up(self, error: BaseException) -> None:
        """Take the server for away: what it says, or does not say in time, is of no use."""
        self._lost(error)

    def _connection(self) -> Connection:
        """Return a connection that is not made yet. Raises nothing: the settings have checked the address."""
        given: dict[str, Any] = {**parse_url(self._url.get_secret_value()), **_GIVEN}
        made = given.pop("connection_class", Connection)
        connection: Connection = made(retry=Retry(NoBackoff(), 0), **given)
        return connection

    def _lost(self, error: BaseException) -> None:
        """Take in that the server is away: it is tried again behind, and costs callers nothing meanwhile."""
        self._first.set()
        self._broken.set()
        if not isinstance(error, Away):  # else why it is was told before
            self.error = told(error)
        if self.is_up:
            self.is_up = False
            now = self._clock.monotonic()
            self.ended.append((self.since if self.ended else -inf, now))
            self.since, self.since_time = now, self._clock.now()
        if not self._is_told:
            self._is_told = True
            _log.warning("redis away", error=self.error)

    def _came(self) -> None:
        self.is_up, self.error, self._is_told = True, "", False
        self.since, self.since_time = self._clock.monotonic(), self._clock.now()
        _log.info("redis there")
        self._first.set()

    async def _run(self) -> None:
        """Connect, listen until that breaks, and again."""
        wait_s = RETRY_S
        while True:
            self._broken.clear()
            try:
                await self._connected()
                if self.ended and self.ended[-1][1] - self.ended[-1][0] >= STEADY_S:
                    wait_s = RETRY_S
            except Exception as error:  # noqa: BLE001 -- as above: it is tried again
                self._lost(error)
            await self.fast.close()
            await self.behind.close()
            await self._clock.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_LONGEST_S)

    async def _connected(self) -> None:
        """Connect and listen; returns when the connection broke after it was made, raises when it could not be."""
        listener = self._connection()
        try:
            async with asyncio.timeout(CONNECT_S + BEHIND_S):
                await listener.connect()  # type: ignore[no-untyped-call]  # it comes without types
                await listener.send_command("SUBSCRIBE", self._channel, check_health=False)
                await listener.read_response()
                await self.fast.open(IO_S)
                await self.behind.open(BEHIND_S)
                await self.up()
            self._came()
            listening = asyncio.create_task(self._listen(listener))
            broken = asyncio.create_task(self._broken.wait())
            try:
                await asyncio.wait((listening, broken), return_when=asyncio.FIRST_COMPLETED)
                if listening.done() and (error := listening.exception()) is not None:
                    self._lost(error)
            finally:
                listening.cancel()
                broken.cancel()
                await asyncio.gather(listening, broken, return_exceptions=True)
        finally:
            await left(listener)

    async def _listen(self, listener: Connection) -> None:
        """Take in what is published; a beat now and then finds out that the other side is gone."""
        beating = asyncio.create_task(self._beat(listener))
        try:
            while True:
                async with asyncio.timeout(SILENT_S):
                    message = await listener.read_response(timeout=SILENT_S)
                if isinstance(message, list) and len(message) == 3 and message[0] == b"message":
                    self.heard(message[2])
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _beat(self, listener: Connection) -> None:
        beats = 0
        while True:
            await self._clock.sleep(BEAT_S)
            await listener.send_command("PING", check_health=False)
            beats += 1
            if beats % _ALIVE_EVERY == 0:  # servers close what is idle for long
                with suppress(Away):
                    await asyncio.gather(self.fast.ask([("PING",)]), self.behind.ask([("PING",)]))


async def _nothing() -> None:
    """Stand in for what is done on each connection until someone wants it."""
