"""Clients that come, go, resume and read slowly, from seeds: their own records prove the promises of a stream."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal

import pytest

from server.clock import VirtualClock, run_virtual
from server.errors import CursorExpired
from server.live import Accepted, Batch, Heartbeat, Hub, Interruption, InterruptionReason, PriceKey, Subscription
from server.model import Answer, Asset, Freshness, Observation, Price, PriceQuery, Provenance, Value

KEYS = [PriceKey(Asset(f"a{number}", f"A{number}", f"A {number}"), "USD") for number in range(6)]
SPAN_S = 400.0


class Service:
    """A hub that is restarted now and then, fed by whoever fetches."""

    def __init__(self, clock: VirtualClock, chance: random.Random) -> None:
        self.clock = clock
        self.chance = chance
        self.truth: dict[PriceKey, int] = dict.fromkeys(KEYS, 0)
        self.hub = self.made()
        self.restarts = 0

    def made(self) -> Hub:
        """Return a new hub with the same key for cursors."""
        return Hub(self.ask, self.clock, key=b"k", most_events=300)

    async def ask(self, query: PriceQuery) -> Answer[Value]:
        """Answer a poll with the newest value."""
        await asyncio.sleep(0.05)
        return self.answer(PriceKey(query.asset, query.quote))

    def answer(self, key: PriceKey) -> Answer[Value]:
        """Return the newest value of a key."""
        price = Price(key.asset.id, key.quote, Decimal(self.truth[key] + 1))
        return Answer(price, Provenance("a", self.clock.now(), Freshness.LIVE))

    async def trade(self) -> None:
        """Change values, in bursts too, and let the hub hear of most of them."""
        while True:
            await asyncio.sleep(self.chance.expovariate(3))
            for _ in range(self.chance.choice([1, 1, 1, 30])):
                key = self.chance.choice(KEYS)
                self.truth[key] += 1
                self.hub.receive(Observation(1, PriceQuery(key.asset, key.quote), self.answer(key)))

    async def restart(self) -> None:
        """Drain and start anew, rarely."""
        await self.hub.start()
        while True:
            await asyncio.sleep(self.chance.uniform(60, 180))
            old, self.hub = self.hub, self.made()
            await self.hub.start()
            self.restarts += 1
            try:
                await old.drain()
            finally:
                await old.close()


class Client:
    """Reads, stops, comes back with its cursor, and holds what it gets against what was promised."""

    def __init__(self, service: Service, chance: random.Random) -> None:
        self.service = service
        self.chance = chance
        self.keys = chance.sample(KEYS, chance.randint(1, len(KEYS)))
        self.conflation_s = chance.choice([0.0, 0.2, 1.0, 10.0])
        self.cursor = ""
        self.last: dict[PriceKey, int] = {}
        self.values: dict[PriceKey, int] = {}
        self.updates = 0
        self.resumed = 0
        self.gaps = 0

    async def live(self) -> None:
        """Connect again and again."""
        while True:
            try:
                stream = self.service.hub.subscribe_prices(
                    self.keys, conflation_s=self.conflation_s, heartbeat_s=5.0, cursor=self.cursor
                )
            except CursorExpired as error:
                self.cursor = error.oldest
                self.last.clear()
                continue
            with stream:
                await self.read(stream)
            await asyncio.sleep(self.chance.choice([0.0, 1.0, 20.0, 90.0]))

    async def read(self, stream: Subscription) -> None:
        """Read some frames of one connection."""
        first = await anext(stream)
        assert isinstance(first, Accepted)
        if first.resumed:
            self.resumed += 1
        else:
            self.last.clear()
        goes_on = first.resumed
        silent_since = self.service.clock.monotonic()
        for _ in range(self.chance.randint(1, 60)):
            try:
                frame = await anext(stream)
            except StopAsyncIteration:
                return
            now = self.service.clock.monotonic()
            assert now - silent_since <= 5.001 or isinstance(frame, Batch)
            silent_since = now
            self.cursor = frame.cursor
            if isinstance(frame, Interruption) and frame.reason is InterruptionReason.GAP:
                self.gaps += 1
            if isinstance(frame, Batch):
                assert not (frame.snapshot and goes_on)
                self.take(frame)
            elif not isinstance(frame, Heartbeat | Interruption):
                raise TypeError(frame)
            if self.chance.random() < 0.1:
                await asyncio.sleep(self.chance.uniform(0, 4))
                silent_since = self.service.clock.monotonic()

    def take(self, batch: Batch) -> None:
        """Check each update against the one before."""
        for update in batch.updates:
            assert update.key in self.keys
            last = self.last.get(update.key)
            if last is not None:
                assert update.sequence == last + update.conflated_count + 1
            if batch.replayed:
                assert update.conflated_count == 0
            self.last[update.key] = update.sequence
            self.updates += 1


async def live(clock: VirtualClock, seed: int) -> tuple[int, int, int]:
    """Let clients live with a service for some minutes; return what can be compared."""
    chance = random.Random(seed)  # noqa: S311 -- a repeatable world
    service = Service(clock, chance)
    clients = [Client(service, chance) for _ in range(10)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in (service.trade(), service.restart(), *(c.live() for c in clients))]
        await asyncio.sleep(SPAN_S)
        for task in tasks:
            task.cancel()
    await service.hub.close()
    assert len(asyncio.all_tasks()) == 1
    assert service.restarts > 0
    return (
        sum(client.updates for client in clients),
        sum(client.resumed for client in clients),
        sum(client.gaps for client in clients),
    )


@pytest.mark.parametrize("seed", range(8))
def test_streams_are_ordered_unique_and_say_every_hole(seed: int) -> None:
    """Sequences rise by exactly what was conflated, over resumes too; a restart is a GAP; silence is at most 5 s."""
    updates, resumed, gaps = run_virtual(lambda clock: live(clock, seed), seed)
    assert updates > 1000
    assert resumed > 0
    assert gaps > 0
