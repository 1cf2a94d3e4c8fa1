"""The hub: takes in fresh values, keeps the journal, and fans out to subscriptions; wired by the app, read by rpc.

It is handed a way to ask and subscribes to what the engine publishes, so that any caller's fetch feeds the streams.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from server.clock import Clock
from server.errors import CursorExpired, InvalidField, ShuttingDown
from server.live import cursor as cursors
from server.live.cursor import Cursor
from server.live.frames import (
    Accepted,
    Frame,
    Gap,
    GapCause,
    Interruption,
    InterruptionReason,
    KeyStatus,
    PriceKey,
)
from server.live.journal import Event, Journal
from server.live.poll import Ask, Poller
from server.live.subscription import Subscription
from server.model import Answer, Asset, Freshness, Observation, PriceQuery, Value

_POLL_S = 5.0
_LONGEST_AGE_S = 60.0
_WATCH_S = 1.0
_RECONNECT_S = 1.0
_LEAST_HEARTBEAT_S = 5.0
_MOST_HEARTBEAT_S = 60.0
_CONFLATIONS_S = (0.0, 0.2, 1.0, 10.0)


class Hub:
    """The prices topic. `covers` says whether any source serves a query; `key` signs cursors, the same for good."""

    def __init__(
        self,
        ask: Ask,
        clock: Clock,
        *,
        key: bytes,
        covers: Callable[[PriceQuery], bool] = lambda _: True,
        poll_s: float = _POLL_S,
        most_events: int = 100_000,
    ) -> None:
        self._clock = clock
        self._key = key
        self._covers = covers
        start = clock.now()
        self._epoch = (int(start.timestamp() * 1000) << 16) | int(clock.random() * 65536)
        self._journal = Journal(start, most_events)
        self._values: dict[PriceKey, Event] = {}
        self._unreachable: dict[PriceKey, Gap] = {}
        self._listening: dict[PriceKey, dict[Subscription, None]] = defaultdict(dict)
        self._subscriptions: dict[Subscription, None] = {}
        self._poller = Poller(ask, clock, poll_s, answered=self._take, failed=self._fail)
        self._cursor_text = (-1, "")
        self._is_draining = False
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look after stalled readers."""
        self._watch = asyncio.create_task(self._watch_on())

    async def drain(self, wait_s: float = 2.0) -> None:
        """Tell every stream SHUTDOWN, refuse new ones, and return when all have ended or the wait is over."""
        self._is_draining = True
        for subscription in tuple(self._subscriptions):
            subscription.dismiss(_RECONNECT_S * (1 + 4 * self._clock.random()))
        until = self._clock.monotonic() + wait_s
        while self._subscriptions and self._clock.monotonic() < until:
            await self._clock.sleep(0.02)

    async def close(self) -> None:
        """End everything at once."""
        self._is_draining = True
        for subscription in tuple(self._subscriptions):
            subscription.close()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._poller.close()

    def receive(self, observation: Observation) -> None:
        """Take in what the engine publishes; anything but the vetted price of one asset is left to others."""
        query = observation.query
        if isinstance(query, PriceQuery) and not observation.aside:
            self._take(PriceKey(query.asset, query.quote), observation.answer)

    def subscribe_prices(
        self,
        keys: Sequence[tuple[Asset, str]],
        *,
        conflation_s: float = 0.0,
        heartbeat_s: float = 10.0,
        cursor: str = "",
    ) -> Subscription:
        """Return a stream of the prices of some keys; use it as a context manager.

        `conflation_s` is 0 (every change), 0.2, 1 or 10. `cursor` goes on behind a frame that was received. When the
        reader wrote one frame for 5 s the stream ends with SLOW_CONSUMER. Raises `ShuttingDown`, `InvalidField`, or
        `CursorExpired` with the oldest cursor.
        """
        if self._is_draining:
            raise ShuttingDown
        _check_spans(conflation_s, heartbeat_s)
        asked = tuple(dict.fromkeys(PriceKey(*key) for key in keys))
        followed = [key for key in asked if self._covers(PriceQuery(key.asset, key.quote))]
        given = cursors.decode(cursor, self._key) if cursor else None
        goes_on = given is not None and given.epoch == self._epoch
        if given is not None and goes_on:
            self._check_place(given)
        position = given.position if given is not None and goes_on else self._journal.position
        first: list[Frame] = [
            Accepted(
                self.cursor(position),
                tuple((key, KeyStatus.ACCEPTED if key in followed else KeyStatus.UNSUPPORTED) for key in asked),
                heartbeat_s,
                conflation_s,
                goes_on,
            )
        ]
        if given is not None and not goes_on:
            gap = Gap(given.time, GapCause.RESTART, self._clock.now())
            first.append(Interruption(self.cursor(), InterruptionReason.GAP, gap=gap))
        subscription = Subscription(
            self,
            self._clock,
            followed,
            first,
            conflation_s=conflation_s,
            heartbeat_s=heartbeat_s,
            ended=self._left,
        )
        self._register(subscription, position, with_snapshot=not goes_on)
        return subscription

    def cursor(self, position: int | None = None) -> str:
        """Return the cursor behind a position, by default behind the newest."""
        if position is None:
            position = self._journal.position
        if self._cursor_text[0] != position:
            place = Cursor(self._epoch, position, self._journal.time_of(position))
            self._cursor_text = (position, cursors.encode(place, self._key))
        return self._cursor_text[1]

    def newest(self, key: PriceKey) -> Event | None:
        """Return the event that holds a key's value now, marked stale when it is old; None when there is none."""
        event = self._values.get(key)
        if event is None or self._clock.monotonic() - event.at < _LONGEST_AGE_S:
            return event
        provenance = replace(event.answer.provenance, freshness=Freshness.STALE)
        return replace(event, answer=replace(event.answer, provenance=provenance))

    def streams(self) -> int:
        """Return how many streams there are."""
        return len(self._subscriptions)

    def polled(self) -> int:
        """Return how many keys are polled."""
        return self._poller.count()

    def _check_place(self, given: Cursor) -> None:
        """Refuse a place that the journal does not reach, on either side."""
        self._journal.trim(self._clock.monotonic())
        oldest, time = self._journal.oldest()
        if given.position < oldest:
            raise CursorExpired(cursors.encode(Cursor(self._epoch, oldest, time), self._key))
        if given.position > self._journal.position:
            raise InvalidField("cursor", given.position, "a cursor of a frame that was sent")

    def _register(self, subscription: Subscription, position: int, *, with_snapshot: bool) -> None:
        """Queue what was missed behind a position, then let live events in: none is lost between, none comes twice."""
        keys = subscription.keys
        wanted = frozenset(keys)
        missed = [] if with_snapshot else [event for event in self._journal.after(position) if event.key in wanted]
        sent = {key: self._journal.sequence(key) for key in keys}
        for event in reversed(missed):
            sent[event.key] = event.sequence - 1
        subscription.begin(sent, missed, with_snapshot=with_snapshot)
        for key in keys:
            self._listening[key][subscription] = None
            if (gap := self._unreachable.get(key)) is not None:
                subscription.interrupt(key, gap)
            if not self._poller.is_followed(key) and self._is_old(key):
                self._values.pop(key, None)
        self._subscriptions[subscription] = None
        self._poller.follow(keys)

    def _left(self, subscription: Subscription) -> None:
        """Forget a subscription that ended."""
        self._subscriptions.pop(subscription, None)
        for key in subscription.keys:
            listening = self._listening[key]
            listening.pop(subscription, None)
            if not listening:
                del self._listening[key]
                self._unreachable.pop(key, None)
        self._poller.leave(subscription.keys)

    def _take(self, key: PriceKey, answer: Answer[Value]) -> None:
        """Journal a value that differs from the last one of its key, and offer it to who listens."""
        last = self._values.get(key)
        if answer.provenance.freshness in (Freshness.LIVE, Freshness.CACHED):
            self._unreachable.pop(key, None)
        now = self._clock.monotonic()
        if last is not None and last.answer.value == answer.value:
            if answer.provenance.freshness is not Freshness.STALE:
                self._values[key] = replace(last, answer=answer, at=now)
            return
        event = self._journal.append(key, answer, now, self._clock.now())
        self._values[key] = event
        for subscription in self._listening.get(key, ()):
            subscription.offer(event)

    def _fail(self, key: PriceKey) -> None:
        """Tell who listens, once an outage, that nothing comes for a key."""
        if key in self._unreachable:
            return
        last = self._values.get(key)
        gap = self._unreachable[key] = Gap(self._clock.now() if last is None else last.time, GapCause.UPSTREAM)
        for subscription in self._listening.get(key, ()):
            subscription.interrupt(key, gap)

    def _is_old(self, key: PriceKey) -> bool:
        """Say whether a key's value is too old to begin a stream with while a new one is on its way."""
        event = self._values.get(key)
        return event is not None and self._clock.monotonic() - event.at >= _LONGEST_AGE_S

    async def _watch_on(self) -> None:
        """End streams whose reader does not read; outside the tasks that write."""
        while True:
            await self._clock.sleep(_WATCH_S)
            now = self._clock.monotonic()
            for subscription in tuple(self._subscriptions):
                subscription.check_stall(now)


def _check_spans(conflation_s: float, heartbeat_s: float) -> None:
    """Refuse spans that are not offered."""
    if conflation_s not in _CONFLATIONS_S:
        raise InvalidField("conflation_interval", f"{conflation_s:g}s", "0.2s, 1s, 10s, or nothing for every change")
    if not _LEAST_HEARTBEAT_S <= heartbeat_s <= _MOST_HEARTBEAT_S:
        raise InvalidField("heartbeat_interval", f"{heartbeat_s:g}s", "5s to 60s")
