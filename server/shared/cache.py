"""The second level of the cache, in Redis: looked up before sources are asked, written behind; `app` wires it.

Nothing that comes back is an error to a caller: away, slow, garbage, another query's answer are all a miss, counted
by the reason.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from typing import Any

import structlog
from redis.exceptions import ResponseError

from server.assets import Registry
from server.clock import Clock
from server.model import Answer, Kind, Query, Scope, SharedAnswer, SharedState, Value
from server.shared.codec import SHAPE, Garbled, read, written
from server.shared.generations import Generations
from server.shared.link import Link
from server.shared.naming import digest, query_of, text_of
from server.shared.scripts import PUT
from server.shared.wire import Away, Command

_log = structlog.get_logger()

LARGEST = 4 * 1024 * 1024
"""Most bytes of one answer, written or read."""
HEAD = 13
_WAITING = 2000
"""Most answers that wait to be written; the oldest makes room."""
_AT_ONCE = 50
_ASKED = 1000
"""How many of the queries last asked are remembered for a new process."""
_MOST_LATE = 3
_PASSED_S = 5.0
_SLOW = "it answers too late, and is passed by"
_FLUSH_S = 0.02
"""How long answers are gathered, in seconds."""

_Waiting = tuple[Query, Answer[Value], float, float]


class SharedCache:
    """Answers of all processes by their queries. `find` waits as long as it is told, `offer` never."""

    def __init__(self, link: Link, generations: Generations, registry: Registry, clock: Clock, base: str) -> None:
        self._link = link
        self._generations = generations
        self._registry = registry
        self._clock = clock
        self._base = base
        self._asked_key = f"{base}asked"
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._wanted = asyncio.Event()
        self._refused: Counter[str] = Counter()
        self._late = 0
        self._late_at = -inf
        self._passed_until = -inf
        self._written = 0
        self._dropped = 0

    async def find(self, query: Query, wait_s: float, source: str = "") -> SharedAnswer | None:
        """Return what any process kept for a query, or for one at a source; None for nothing, or nothing in time."""
        wire, now = self._link.fast, self._clock.monotonic()
        if not self._link.is_up or now < self._passed_until:
            return None
        if wire.busy_since is not None and now - wire.busy_since > wait_s:
            return None
        text, kind = text_of(query, source), query.kind
        commands = self._looks(kind, text)
        try:
            async with asyncio.timeout(wait_s):
                time, generation, data = await wire.ask(commands)
        except Away:
            return None
        except TimeoutError:
            self._was_late(now)
            return None
        self._late = 0
        return self._taken(kind, text, time, generation, data)

    def offer(self, query: Query, answer: Answer[Value], age_s: float, lasts_s: float, source: str = "") -> None:
        """Queue an answer to be written, fetched `age_s` ago and of use for `lasts_s`; the newest of a query stands.

        With a `source` it is that one's own answer, beside those of others.
        """
        if not self._link.is_up:
            self._dropped += 1
            return
        text = text_of(query, source)
        now = self._clock.monotonic()
        self._waiting.pop(text, None)
        if len(self._waiting) >= _WAITING:
            self._waiting.popitem(last=False)
            self._dropped += 1
        self._waiting[text] = (query, answer, now - age_s, now + lasts_s)
        self._wanted.set()

    async def drop(self, scope: Scope) -> bool:
        """Drop what a scope covers, here and for every process; False while they cannot be told: they will be."""
        self.forget(scope)
        return await self._generations.drop(scope)

    def forget(self, scope: Scope) -> None:
        """Write nothing of what waits and is covered by a scope that was dropped."""
        for text in [text for text, waiting in self._waiting.items() if scope.covers(waiting[0])]:
            del self._waiting[text]

    async def recent(self) -> list[Query]:
        """Return the queries last asked of any process, newest first; those this release knows."""
        try:
            (texts,) = await self._link.behind.ask([("ZREVRANGE", self._asked_key, 0, _ASKED - 1)])
        except Away:
            return []
        if not isinstance(texts, list):
            return []
        found = []
        for each in texts:
            with suppress(UnicodeDecodeError, AttributeError):
                if (query := query_of(each.decode(), self._registry)) is not None:
                    found.append(query)
        return found

    def refuse(self, kind: Kind, reason: str) -> None:
        """Count an answer that could not be used; the first one of a reason is logged."""
        self._refused[reason] += 1
        if self._refused[reason] == 1:
            _log.warning("shared answer refused", kind=kind.value, reason=reason)

    def state(self) -> SharedState:
        """Return how it stands; asks nobody."""
        link = self._link
        return SharedState(
            link.is_up,
            link.since_time,
            link.error or (_SLOW if self._late >= _MOST_LATE else ""),
            len(self._waiting),
            self._written,
            self._dropped,
            tuple(sorted(self._refused.items())),
        )

    async def run(self) -> None:
        """Write what is offered, until cancelled."""
        while True:
            await self._wanted.wait()
            await self._clock.sleep(_FLUSH_S)
            self._wanted.clear()
            await self.flush()

    async def flush(self) -> None:
        """Return when all that was offered before was written, or dropped."""
        while self._waiting:
            await self._flush()

    async def _flush(self) -> None:
        """Write a batch of what waits; while the server is away all of it is dropped, it would be old by then."""
        if not self._link.is_up:
            self._dropped += len(self._waiting)
            self._waiting.clear()
            return
        batch = [self._waiting.popitem(last=False) for _ in range(min(_AT_ONCE, len(self._waiting)))]
        puts: list[Command] = []
        asked: list[str | float] = []
        now = self._clock.monotonic()
        for text, (query, answer, made, until) in batch:
            if (command := self._put(text, query.kind, answer, now - made, until - now)) is None:
                self._dropped += 1
                continue
            puts.append(command)
            asked += [self._clock.now().timestamp(), text]
        if not puts:
            return
        noted: tuple[Command, ...] = (
            ("ZADD", self._asked_key, *asked),
            ("ZREMRANGEBYRANK", self._asked_key, 0, -_ASKED - 1),
        )
        try:
            if restored := self._generations.restored():
                await self._link.behind.ask(restored)
            *replies, added, _ = await self._link.behind.ask([*puts, *noted])
        except Away:
            self._dropped += len(puts)
            return
        await self._settle(replies, added)

    def _was_late(self, started: float) -> None:
        """Pass the server by for a while when it was too late several times in a row: then one look-up tries again."""
        if started < self._late_at:
            return  # one moment in which many looked
        self._late_at = self._clock.monotonic()
        self._late += 1
        if self._late >= _MOST_LATE:
            self._passed_until = self._late_at + _PASSED_S
            if self._late == _MOST_LATE:
                _log.warning("redis slow", error=_SLOW)

    async def _settle(self, replies: Sequence[Any], added: Any) -> None:
        """Count what became of a batch; of a key that holds something else than ours, it is taken away."""
        refused = [each for each in replies if isinstance(each, ResponseError)]
        self._written += len(replies) - len(refused)
        self._dropped += len(refused)
        if refused:
            self.refuse(Kind.PRICE, f"not written: {type(refused[0]).__name__}")
        if isinstance(added, ResponseError) and str(added).startswith("WRONGTYPE"):
            with suppress(Away):
                await self._link.behind.ask([("DEL", self._asked_key)])

    def _key(self, kind: Kind, text: str) -> str:
        return f"{self._base}{SHAPE}:{self._generations.of(kind)}:{digest(text)}"

    def _looks(self, kind: Kind, text: str) -> tuple[Command, ...]:
        """Return what is asked for one answer: the time, whether what was kept still counts, and its bytes."""
        return (
            ("TIME",),
            ("HGET", self._generations.key, kind.value),
            ("GETRANGE", self._key(kind, text), 0, LARGEST + HEAD),
        )

    def _put(self, text: str, kind: Kind, answer: Answer[Value], age_s: float, lasts_s: float) -> Command | None:
        """Return the command that keeps an answer, None for one that cannot be kept."""
        lasts_ms = int(lasts_s * 1000)
        if lasts_ms <= 0:
            return None
        try:
            data = written(kind, text, answer)
        except Garbled as error:
            self.refuse(kind, f"not written: {error}")
            return None
        if len(data) > LARGEST:
            self.refuse(kind, "not written: too large")
            return None
        return ("EVAL", PUT, 1, self._key(kind, text), data, max(0, int(age_s * 1000)), lasts_ms)

    def _taken(self, kind: Kind, text: str, time: Any, generation: Any, data: Any) -> SharedAnswer | None:
        """Return what was found, None for what cannot be used."""
        if not self._generations.holds(kind, generation):
            return None
        if data == b"":
            return None
        reason = _wrong(time, data)
        if reason:
            self.refuse(kind, reason)
            return None
        now_ms = int(time[0]) * 1000 + int(time[1]) // 1000
        try:
            answer = read(kind, text, data[HEAD:])
        except Garbled as error:
            self.refuse(kind, str(error))
            return None
        return SharedAnswer(answer, (now_ms - int(data[:HEAD])) / 1000)


def _wrong(time: Any, data: Any) -> str:
    """Return why replies cannot hold an answer, nothing when they may."""
    if isinstance(data, ResponseError):
        return "of another type" if str(data).startswith("WRONGTYPE") else "the server refused to give it"
    if not isinstance(data, bytes) or not isinstance(time, list) or len(time) != 2:
        return "no reply of the right form"
    if len(data) > LARGEST + HEAD:
        return "too large"
    parts = (data[:HEAD], *time)
    if not all(isinstance(part, bytes) and len(part) <= HEAD and part.isdigit() for part in parts):
        return "without the time it was fetched at"
    return ""
