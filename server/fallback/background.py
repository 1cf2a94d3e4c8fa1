"""Background quotes: for what was asked lately, one further source at a time, so that a request need not ask several.

The engine owns one. It costs nothing for what nobody asks for, and takes a small share of what sources allow.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from math import inf
from typing import Any

from server.clock import Clock
from server.fallback.lane import Lane
from server.fallback.quote_page import witness
from server.fallback.quotes import Quotes
from server.model import PriceQuery
from server.settings import Settings

_WANTED_S = 30.0
_DEADLINE_S = 3.0
_SHARE = 0.25
"""The part of a source's stated limits that background quotes may take."""

_AT_ONCE = 3
_AGAIN_S = 10.0
_YOUNG_S = 4.0
_BURST = 6.0


class Background:
    """Asks for further quotes of what is wanted, some a second in all, and one of each price in a while.

    `covering` gives the lanes of a query in the plan's order; `ask` asks one lane until monotonic time, and writes what
    it says into the book.
    """

    def __init__(
        self,
        covering: Callable[[PriceQuery], Sequence[Lane]],
        ask: Callable[[Lane, PriceQuery, float], Coroutine[None, None, object]],
        quotes: Quotes,
        clock: Clock,
        spawn: Callable[[Coroutine[None, None, Any]], asyncio.Task[Any]],
        *,
        settings: Settings,
    ) -> None:
        self._covering = covering
        self._ask = ask
        self._quotes = quotes
        self._clock = clock
        self._spawn = spawn
        self._per_s = settings.quotes_per_s
        self._every_s = settings.quotes_every_s
        self._wanted: OrderedDict[PriceQuery, float] = OrderedDict()
        self._due: dict[PriceQuery, float] = {}
        self._next: dict[str, float] = {}
        """When each source may be asked again."""
        self._hurried: dict[PriceQuery, float] = {}
        self._tokens = _BURST
        self._filled = clock.monotonic()
        self._run: asyncio.Task[None] | None = None

    def want(self, query: PriceQuery) -> None:
        """Take in that someone asked for a price now."""
        if not self._per_s:
            return
        self._wanted[query] = self._clock.monotonic() + _WANTED_S
        self._wanted.move_to_end(query)
        if self._run is None or self._run.done():
            self._run = Context().run(self._spawn, self._go_on())

    def hurry(self, query: PriceQuery) -> None:
        """Ask some sources of a disputed price at once, so that it is decided; not again for some seconds."""
        now = self._clock.monotonic()
        if query not in self._wanted or now < self._hurried.get(query, now):
            return
        self._hurried[query] = now + _AGAIN_S
        Context().run(self._spawn, self._settle(query))  # it is nobody's request

    async def _go_on(self) -> None:
        """Ask for one further quote after another while something is wanted."""
        while self._wanted:
            await self._clock.sleep(1 / self._per_s)
            now = self._clock.monotonic()
            while self._wanted and next(iter(self._wanted.values())) < now:
                query, _ = self._wanted.popitem(last=False)
                self._due.pop(query, None)
                self._hurried.pop(query, None)
            first = min(self._wanted, key=lambda each: self._due.get(each, 0.0), default=None)
            if first is None or self._due.get(first, 0.0) > now:
                continue
            self._due[first] = now + self._every_s
            for lane in self._chosen(first, 1):
                await self._one(lane, first)

    async def _settle(self, query: PriceQuery) -> None:
        """Ask several sources side by side and judge what they say."""
        await asyncio.gather(*(self._one(lane, query) for lane in self._chosen(query, _AT_ONCE)))

    async def _one(self, lane: Lane, query: PriceQuery) -> None:
        """Ask one source and judge its quote with the others."""
        await self._ask(lane, query, self._clock.monotonic() + _DEADLINE_S)
        self._quotes.review(query, lane.source)

    def _chosen(self, query: PriceQuery, most: int) -> list[Lane]:
        """Return the lanes to ask now: those whose quotes are oldest, one a witness, within the budgets."""
        now = self._clock.monotonic()
        self._tokens = min(_BURST, self._tokens + (now - self._filled) * self._per_s)
        self._filled = now
        seen = self._quotes.seen(query)
        oldest: dict[str, tuple[float, Lane]] = {}
        for lane in self._covering(query):
            name = witness(lane.source)
            known = seen.get(name)
            at = -inf if known is None else known.at
            if name in oldest or now - at < _YOUNG_S or now < self._next.get(lane.id, 0.0):
                continue
            if lane.exclusion(now) is None and not lane.comes_last(query, now):
                oldest[name] = (at, lane)
        chosen = [lane for _, lane in sorted(oldest.values(), key=lambda pair: pair[0])[:most]]
        chosen = chosen[: int(self._tokens)]
        self._tokens -= len(chosen)
        for lane in chosen:
            gaps = (limit.window_s / limit.requests for limit in lane.source.limits)
            self._next[lane.id] = now + max(gaps, default=0.0) / _SHARE
        return chosen
