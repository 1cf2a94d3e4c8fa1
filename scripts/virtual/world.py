"""The virtual outside world: sources with moods, standing in for the transport; remembers every call and answer."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from scripts.virtual.catalog import DIGITS
from server.clock import VirtualClock
from server.fallback.http import TransportFailure
from server.model import Outcome
from server.providers.base import Reply, Request

MOODS = ("slow", "hang", "refuse", "reset", "throttle", "garbage", "failing", "frozen", "liar", "region", "empty")
_ENDS: dict[str, frozenset[Outcome]] = {
    "refuse": frozenset({Outcome.REFUSED}),
    "reset": frozenset({Outcome.RESET}),
    "dead": frozenset({Outcome.DNS}),
    "throttle": frozenset({Outcome.THROTTLED}),
    "garbage": frozenset({Outcome.SCHEMA}),
    "failing": frozenset({Outcome.SERVER_ERROR}),
    "region": frozenset({Outcome.REGION}),
}
_ANSWERED = frozenset({Outcome.OK, Outcome.STALE, Outcome.OUT_OF_BOUNDS})
"""What an answer may end as: believed, too old, or contradicted by another source."""
_CUT_SHORT = frozenset({Outcome.TIMEOUT, Outcome.OVERDUE, Outcome.CANCELLED})
_NUMBERS = {"price": 100.0, "gas": 20.0, "balance": 5.0, "fear_greed": 50.0, "news": 1.0}
_THIN_KINDS = frozenset({"price", "gas"})
_THIN_IN = 12
_THIN_S = 600.0
"""One market or chain of a source in so many moves on once in so many seconds, whatever the source's mood."""


@dataclass(frozen=True, slots=True)
class Given:
    """One answer that a source gave. Times are the world's; `is_true` is false for a lie."""

    source: str
    subject: str
    stated: datetime
    at: datetime
    is_true: bool


class Call:
    """One request that reached a source, and how its attempt may truthfully be recorded."""

    __slots__ = ("end", "ends", "source", "start", "subject")

    def __init__(self, source: str, subject: str, start: float) -> None:
        self.source = source
        self.subject = subject
        self.start = start
        self.end: float | None = None
        self.ends = _CUT_SHORT


class World:
    """Every source by its mood. `begins` and `ends` are told of each call: the watch listens there."""

    def __init__(self, clock: VirtualClock, chance: random.Random, names: list[str]) -> None:
        self.clock = clock
        self.chance = chance
        self.names = names
        self.mood = {name: "good" if chance.random() < 0.6 else chance.choice(MOODS) for name in names}
        self.since: dict[str, datetime] = dict.fromkeys(names, clock.now())
        self.pace = {name: chance.uniform(0.02, 0.4) for name in names}
        self.dead: set[str] = set()
        self.given: dict[int, Given] = {}
        self.calls: dict[str, list[Call]] = defaultdict(list)
        self.count = 0
        self.under_way = 0
        self.begins: Callable[[str, str], Any] = lambda _source, _subject: None
        self.ends: Callable[[Any], None] = lambda _token: None

    def turn(self, name: str, mood: str) -> None:
        """Change a source's mood; one that died for good stays dead."""
        if name not in self.dead:
            self.mood[name], self.since[name] = mood, self.clock.now()

    def kill(self, name: str) -> None:
        """Let a source die for good."""
        self.turn(name, "dead")
        self.dead.add(name)

    async def fetch(self, base_url: str, request: Request, **_: Any) -> Reply:
        """Stand in for the transport."""
        source, subject = base_url[8:-8], request.path[1:]
        call = Call(source, subject, self.clock.monotonic())
        known = self.calls[source]
        known.append(call)
        if len(known) > 400:
            del known[:200]
        self.count += 1
        self.under_way += 1
        token = self.begins(source, subject)
        try:
            return await self._reply(call)
        finally:
            call.end = self.clock.monotonic()
            self.under_way -= 1
            self.ends(token)

    async def _reply(self, call: Call) -> Reply:
        mood, chance = self.mood[call.source], self.chance
        if mood == "hang":
            await asyncio.sleep(1e6)
        pace = self.pace[call.source]
        await asyncio.sleep(chance.uniform(1.0, 6.0) if mood == "slow" else pace * chance.uniform(0.5, 1.5))
        call.ends = _ENDS.get(mood, _ANSWERED)
        match mood:
            case "refuse":
                raise TransportFailure(Outcome.REFUSED)
            case "reset":
                raise TransportFailure(Outcome.RESET)
            case "dead":
                raise TransportFailure(Outcome.DNS)
            case "throttle":
                wait = {"retry-after": str(chance.randint(1, 90))} if chance.random() < 0.5 else {}
                return Reply(429, b"", "", wait)
            case "garbage":
                return Reply(200, chance.randbytes(30))
            case "failing":
                return Reply(503, b"<html>")
            case "region":
                return Reply(451, b"{}")
        return self._answer(call, mood)

    def _answer(self, call: Call, mood: str) -> Reply:
        kind, of, quote = call.subject.split("/")
        now, chance = self.clock.now(), self.chance
        moved = self.since[call.source] if mood == "frozen" else now
        if kind in _THIN_KINDS and crc32(f"{call.source}/{of}".encode()) % _THIN_IN == 0:
            moved -= timedelta(seconds=moved.timestamp() % _THIN_S)
        stated = moved - timedelta(seconds=chance.uniform(0, 20))
        number = (1.0 if of == "tether" else _NUMBERS[kind]) * chance.uniform(0.99, 1.01)
        if mood == "liar":
            number *= chance.choice((0.1, 0.5, 1.5, 10.0))
        serial = len(self.given) + 1
        self.given[serial] = Given(call.source, call.subject, stated, now, mood != "liar")
        if mood == "empty" and kind == "news":
            quote = "none"
        return Reply(200, f"{of} {quote} {number:.4f}{serial:0{DIGITS}d} {stated.isoformat()}".encode())
