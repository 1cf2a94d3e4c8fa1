"""Shared polling: one poll for each key, however many listen, only while someone does; the hub owns one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context

import structlog

from server.clock import Clock
from server.errors import NerkhError
from server.live.frames import PriceKey
from server.model import Answer, Freshness, PriceQuery, Value

_log = structlog.get_logger()

_JITTER = 0.1
_SPREAD_S = 0.2

Ask = Callable[[PriceQuery], Awaitable[Answer[Value]]]


class Poller:
    """Asks for each followed key every `every_s`, with jitter.

    `answered` is told of every answer; `failed` of every key for which no source can be reached.
    """

    def __init__(
        self,
        ask: Ask,
        clock: Clock,
        every_s: float,
        *,
        answered: Callable[[PriceKey, Answer[Value]], None],
        failed: Callable[[PriceKey], None],
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._every_s = every_s
        self._answered = answered
        self._failed = failed
        self._listeners: dict[PriceKey, int] = {}
        self._polls: dict[PriceKey, asyncio.Task[None]] = {}

    def follow(self, keys: Iterable[PriceKey]) -> None:
        """Begin to poll the keys that nobody followed yet."""
        for key in keys:
            self._listeners[key] = self._listeners.get(key, 0) + 1
            if key not in self._polls:
                # In a context of its own: it outlives the call that began it, and must not log under its request id.
                self._polls[key] = asyncio.create_task(self._poll(key), context=Context())

    def leave(self, keys: Iterable[PriceKey]) -> None:
        """Stop polling the keys that nobody follows any more."""
        for key in keys:
            left = self._listeners.get(key, 0) - 1
            if left > 0:
                self._listeners[key] = left
                continue
            self._listeners.pop(key, None)
            poll = self._polls.pop(key, None)
            if poll is not None:
                poll.cancel()

    def is_followed(self, key: PriceKey) -> bool:
        """Say whether someone follows a key."""
        return key in self._listeners

    def count(self) -> int:
        """Return how many keys are polled."""
        return len(self._polls)

    async def close(self) -> None:
        """Stop all polls."""
        polls = list(self._polls.values())
        self._polls.clear()
        self._listeners.clear()
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)

    async def _poll(self, key: PriceKey) -> None:
        """Ask for one key again and again."""
        if len(self._polls) > 1:
            await self._clock.sleep(_SPREAD_S * self._clock.random())
        query = PriceQuery(key.asset, key.quote)
        while True:
            try:
                answer = await self._ask(query)
            except NerkhError:
                self._failed(key)
            except Exception:  # noqa: BLE001 -- a poll must outlive whatever one round of it meets
                _log.exception("poll failed", asset=key.asset.id, quote=key.quote)
                self._failed(key)
            else:
                self._answered(key, answer)
                if answer.provenance.freshness in (Freshness.STALE, Freshness.STORED):
                    self._failed(key)
            await self._clock.sleep(self._every_s * (1 + _JITTER * self._clock.random()))
