"""`faults`: success, p99 and amplification with 20 % of the sources failing and 10 % slow, beside the plain way.

Several draws of faults, by seed, each brought over an engine that has known healthy sources alone; under each, both
ways get the same questions at the same pace, one way after the other. Every question is a cache miss (`fresh`), far
more than sources' published limits allow, so neither way heeds those. It counts from the moment it was due, so that a
way that falls behind is not flattered.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from scripts.benchmarks.measures import Check, Result, Row
from scripts.benchmarks.mix import SLOW, Draw, Questions, draws
from scripts.benchmarks.plain import Plain
from scripts.benchmarks.simulated import Simulated, engine, simulator
from server.errors import NerkhError
from server.fallback.engine import Engine
from server.fallback.http import Transport
from server.model import Freshness, Kind, Query
from server.providers.catalog import sources

DRAWS = 4
SPAN_S = 15.0
PACE = 30.0
SEED = 7

Ask = Callable[[Query], Awaitable[tuple[bool, int]]]


@dataclass(slots=True)
class Seen:
    """How one way did: seconds each question took, how many were answered, attempts made for them in all."""

    spans: list[float] = field(default_factory=list)
    good: int = 0
    attempts: int = 0

    def share(self, part: float) -> float:
        """Return a quantile of the seconds."""
        ranked = sorted(self.spans)
        return ranked[min(len(ranked) - 1, int(len(ranked) * part))]

    def row(self, name: str) -> Row:
        """Return the figures as a row."""
        count = len(self.spans)
        return Row(
            name,
            {
                "questions": count,
                "success %": self.good / count * 100,
                "p50 ms": self.share(0.5) * 1e3,
                "p99 ms": self.share(0.99) * 1e3,
                "extra attempts each": self.attempts / count - 1,
            },
        )


def nerkhs(of: Engine) -> Ask:
    """Return how Nerkh is asked: answered means fresh, not what was seen before."""

    async def ask(query: Query) -> tuple[bool, int]:
        try:
            answer = await of.ask(query, fresh=True)
        except NerkhError as error:
            return False, len(getattr(error, "attempts", ()))
        made = [each for each in answer.provenance.attempts if not each.outcome.value.startswith("skipped")]
        return answer.provenance.freshness is Freshness.LIVE, len(made)

    return ask


def plains(of: Plain) -> Ask:
    """Return how the plain way is asked."""

    async def ask(query: Query) -> tuple[bool, int]:
        found = await of.ask(query)
        return found.value is not None, found.tries

    return ask


async def load(ask: Ask, questions: Sequence[Query], seen: Seen) -> None:
    """Ask at a constant pace, whatever the answers take, and wait for all."""

    async def one(query: Query, due: float) -> None:
        good, attempts = await ask(query)
        seen.spans.append(time.monotonic() - due)
        seen.good += good
        seen.attempts += attempts

    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, query in enumerate(questions):
            due = begun + number / PACE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            group.create_task(one(query, due))


def strike(world: Simulated, draw: Draw) -> None:
    """Bring a draw's faults over the simulator."""
    world.lift()
    for source, fault in draw.failing.items():
        world.put(source, fault=fault)
    for source in draw.slow:
        world.put(source, **SLOW)


async def _measured(world: Simulated) -> dict[str, Seen]:
    chance = random.Random(SEED)
    catalog = [source for source in sources() if source.id in world.base_urls]
    asking = Questions(chance)
    questions = [[asking.one() for _ in range(int(SPAN_S * PACE))] for _ in range(DRAWS + 1)]
    made = draws(catalog, questions[0], chance, DRAWS)
    seen = {name: Seen() for name in ("Nerkh, healthy", "Nerkh", "the plain way, healthy", "the plain way")}
    transport = Transport(local=world.base_urls.values())
    plain = Plain(catalog, world, transport)
    try:
        await plain.warm([query for query in set(questions[0]) if query.kind is not Kind.BALANCE])
        for number, draw in enumerate(made):
            async with engine(world, catalog, heed_limits=False) as of:
                for name, ask in {"Nerkh": nerkhs(of), "the plain way": plains(plain)}.items():
                    await load(ask, questions[0][: int(5 * PACE)], Seen())
                    await load(ask, questions[0], seen[f"{name}, healthy"])
                    await asyncio.to_thread(strike, world, draw)
                    await load(ask, questions[number + 1], seen[name])
                    await asyncio.to_thread(world.lift)
    finally:
        await transport.close()
    return seen


def faults() -> Result:
    """Measure both ways under the fault mix."""
    import uvloop

    with simulator(SEED) as world, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        seen = runner.run(_measured(world))
    ours, theirs = seen["Nerkh"], seen["the plain way"]
    success, ratio = ours.good / len(ours.spans), ours.share(0.99) / theirs.share(0.99)
    extra = ours.attempts / len(ours.spans) - 1
    return Result(
        "faults",
        [figures.row(name) for name, figures in seen.items()],
        [
            Check("success, Nerkh", success, ">= 0.9999", success >= 0.9999),
            Check("p99, Nerkh / the plain way", ratio, "<= 0.1", ratio <= 0.1),
            Check("attempts beyond the first, a question", extra, "<= 0.3", extra <= 0.3),
        ],
    )
