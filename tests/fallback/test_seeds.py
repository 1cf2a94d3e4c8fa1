"""The engine in a faulty world for minutes of simulated time, from seeds: what must hold whatever happens."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from server.clock import VirtualClock, run_virtual
from server.errors import NerkhError, SourcesFailed
from server.fallback.engine import Engine
from server.fallback.http import TransportFailure
from server.model import Answer, Asset, Freshness, Observation, Outcome, Price, PriceQuery, Value
from server.providers.base import Reply, Request
from tests.fallback.world import World

NAMES = [f"s{number}" for number in range(8)]
ASSETS = [Asset(f"asset{number}", f"A{number}", f"A {number}") for number in range(5)]
MINUTES = 3


class Chaos:
    """Sources that turn good and bad by chance; watches how many probes are under way."""

    def __init__(self, world: World, clock: VirtualClock, seed: int) -> None:
        self.world = world
        self.clock = clock
        self.chance = random.Random(seed)  # noqa: S311 -- a repeatable world
        self.mood = dict.fromkeys(NAMES, "good")
        self.latest_start = 0.0
        self.engine: Engine | None = None
        self.worst_wait_s = 0.0
        self.answers = 0
        self.failures = 0
        for name in NAMES:
            world.does(name, self.answering(name))

    def answering(self, name: str):  # noqa: ANN201 -- a coroutine function of one source
        """Return how one source answers: by its mood."""

        async def answer(request: Request) -> Reply:
            mood = self.mood[name]
            _, asset, quote = request.path.split("/")
            if mood == "hangs":
                await asyncio.sleep(1e5)
            await asyncio.sleep(self.chance.uniform(0.01, 3.0 if mood == "slow" else 0.2))
            if mood == "refuses":
                raise TransportFailure(Outcome.REFUSED)
            if mood == "throttles":
                return Reply(429, b"", "", {"retry-after": str(self.chance.randint(1, 90))})
            if mood == "garbage":
                return Reply(200, self.chance.randbytes(30))
            age_s = 500.0 if mood == "frozen" else self.chance.uniform(0, 20)
            time = self.clock.now() - timedelta(seconds=age_s)
            return Reply(200, f"{asset} {quote} {self.chance.uniform(95, 105):.4f} {time.isoformat()}".encode())

        return answer

    async def weather(self) -> None:
        """Change a source's mood now and then; sometimes all go at once."""
        moods = ["good", "good", "good", "slow", "hangs", "refuses", "throttles", "garbage", "frozen"]
        while True:
            await asyncio.sleep(self.chance.expovariate(1 / 8))
            if self.chance.random() < 0.05:
                self.mood = dict.fromkeys(NAMES, "refuses")
            else:
                self.mood[self.chance.choice(NAMES)] = self.chance.choice(moods)

    async def caller(self, engine: Engine) -> None:
        """Ask again and again, sometimes in a hurry, sometimes gone before the answer."""
        seen: dict[str, bool] = {}
        while True:
            await asyncio.sleep(self.chance.expovariate(2))
            asset = self.chance.choice(ASSETS)
            deadline_s = self.chance.choice([None, None, 1.0, 0.3])
            start = self.clock.monotonic()
            failure: NerkhError | None = None
            try:
                async with asyncio.timeout(self.chance.choice([100.0, 100.0, 0.5])):
                    answer = await engine.ask(PriceQuery(asset), deadline_s=deadline_s)
            except TimeoutError:
                continue
            except NerkhError as error:
                self.failures += 1
                failure = error
            else:
                self.answers += 1
                seen[asset.id] = True
                self.judge(asset, answer)
            assert failure is None or not seen.get(asset.id), f"{asset.id} was seen, yet {failure!r}"
            assert not isinstance(failure, SourcesFailed) or failure.retry_after_s > 0
            wait_s = self.clock.monotonic() - start
            assert wait_s <= (3.0 if deadline_s is None else max(deadline_s, 0.2)) + 0.001

    def judge(self, asset: Asset, answer: Answer[Value]) -> None:
        """Hold an answer against what it claims."""
        price, provenance = answer.value, answer.provenance
        assert isinstance(price, Price)
        assert (price.asset, price.quote) == (asset.id, "USD")
        assert provenance.source_time is not None
        age_s = (self.clock.now() - provenance.source_time).total_seconds()
        if provenance.freshness in (Freshness.LIVE, Freshness.CACHED):
            assert age_s <= 60.001
        if provenance.freshness is Freshness.LIVE:
            assert provenance.attempts[-1].source == provenance.source or provenance.asked == 2
        assert sum(each.latency_s for each in provenance.attempts) <= 12


async def live(clock: VirtualClock, seed: int) -> tuple[int, int, list[int]]:
    """Live for some minutes; return what can be compared between runs."""
    world = World(clock)
    chaos = Chaos(world, clock, seed)
    engine = world.engine(NAMES)
    sequences: list[int] = []

    def receive(observation: Observation) -> None:
        sequences.append(observation.sequence)

    engine.subscribe(receive)
    await engine.start()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(chaos.weather()), *(group.create_task(chaos.caller(engine)) for _ in range(12))]
        for _ in range(MINUTES * 60):
            await asyncio.sleep(1)
            for each in engine.breakers():
                assert each.trips >= 0
        for task in tasks:
            task.cancel()
    await engine.close()
    assert world.under_way == 0
    assert len(asyncio.all_tasks()) == 1
    assert sequences == sorted(set(sequences))
    assert chaos.answers > 500
    return chaos.answers, chaos.failures, sequences[-1:]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_sources_do_callers_get_true_answers_in_time(seed: int) -> None:
    """No call outlives its deadline, nothing once seen goes unanswered, nothing old is called fresh, nothing stays."""
    run_virtual(lambda clock: live(clock, seed), seed)


def test_the_same_seed_gives_the_same_history() -> None:
    """A run can be repeated to the last call."""
    one = run_virtual(lambda clock: live(clock, 99), 99)
    assert run_virtual(lambda clock: live(clock, 99), 99) == one
