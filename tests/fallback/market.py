"""The simulator's world behind the engine, in one process and simulated time: real wire formats, and a known truth.

The tests of consensus measure with it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from server.assets import registry
from server.clock import VirtualClock, run_virtual
from server.fallback.engine import Engine
from server.model import Freshness, Price, PriceQuery
from server.providers.base import Reply, Request
from server.providers.catalog import PROVIDERS, sources
from server.settings import Settings
from server.simulator.effects import answered
from server.simulator.faults import Fault
from server.simulator.reply import Asked
from server.simulator.sources import stand_ins
from server.simulator.view import View
from server.simulator.world import World

FIVE = ("coinbase", "kraken", "coingecko", "coinmarketcap", "coinlore")
LIES = ("10x", "tenth", "1%", "5%", "frozen", "wrong_asset", "skew")
LATENCY_S = 0.15
LYING_S, HONEST_S = 300.0, 65.0


def lie(name: str, now: float) -> Fault:
    """Return the fault of a source that lies so."""
    factors = {"10x": 10.0, "tenth": 0.1, "1%": 1.01, "5%": 1.05}
    if name in factors:
        return Fault("wrong_value", now, None, values={"factor": factors[name]})
    return Fault(name, now, None, values={"by_s": -50.0} if name == "skew" else {})


class Market:
    """Stands in for the transport: each source answers as the simulator's stand-in would, with its faults."""

    def __init__(self, clock: VirtualClock, seed: int) -> None:
        self.clock = clock
        self.world = World(seed)
        self.faults: dict[str, dict[str, Fault]] = {}
        self.asked: dict[str, int] = {}
        self._stand_ins = {each.id: each for each in stand_ins()}

    async def fetch(self, base_url: str, request: Request, **_: Any) -> Reply:
        """Answer one request after a while."""
        await asyncio.sleep(LATENCY_S)
        where = urlsplit(base_url)
        id_ = where.netloc
        self.asked[id_] = self.asked.get(id_, 0) + 1
        stand_in = self._stand_ins[id_]
        view = View(self.world, id_, self.now(), stand_in.venue, stand_in.options)
        asked = Asked(request.method, where.path + request.path, dict(request.query))
        said = answered(view, asked, stand_in.form, self.faults.get(id_, {}))
        return Reply(said.status, said.body, said.content_type, said.headers)

    def now(self) -> float:
        """Return the simulated Unix time."""
        return self.clock.now().timestamp()

    def truth(self, asset: str) -> float:
        """Return the true price in US dollars now."""
        return self.world.prices.price(self.world.prices.by_id[asset], self.now())

    def engine(self, ids: Iterable[str], **given: Any) -> Engine:
        """Return an engine over some of the catalogue's sources."""
        wanted = set(ids)
        catalog = [source for source in sources() if source.id in wanted]
        return Engine(
            catalog=catalog,
            providers={provider.name: provider for provider in PROVIDERS},
            transport=self,  # type: ignore[arg-type]  # stands in for the outside world
            clock=self.clock,
            settings=Settings(**given),
            keys={},
            base_urls={each.id: f"http://{each.id}{urlsplit(each.base_url).path}" for each in catalog},
        )


@dataclass(slots=True)
class Tally:
    """What answers were worth: how many covered the truth, and by how much they were off, in basis points."""

    answers: int = 0
    sure: int = 0
    """Answers with a confidence."""
    covered: int = 0
    decided: int = 0
    """Answers whose confidence is below 1 %: no dispute made it wide."""
    covered_decided: int = 0
    wrong: int = 0
    """Fresh answers more than 5 % off the truth that do not say so by their confidence."""
    wide: list[float] = field(default_factory=list)
    off: list[float] = field(default_factory=list)
    raw_off: list[float] = field(default_factory=list)

    def take(self, price: Price, truth: float, *, is_fresh: bool) -> None:
        """Count one answer."""
        self.answers += 1
        off = abs(float(price.value) - truth)
        wide = None if price.confidence is None else float(price.confidence)
        if is_fresh and off > 0.05 * truth and (wide is None or wide < off):
            self.wrong += 1
        if wide is None:
            return
        self.sure += 1
        self.covered += off <= wide
        self.wide.append(wide / truth * 1e4)
        self.off.append(off / truth * 1e4)
        self.raw_off.append(abs(float(price.raw_value or price.value) - truth) / truth * 1e4)
        if wide < 0.01 * truth:
            self.decided += 1
            self.covered_decided += off <= wide

    def add(self, other: Tally) -> None:
        """Count another tally's answers too."""
        for part in fields(self):
            setattr(self, part.name, getattr(self, part.name) + getattr(other, part.name))

    def text(self) -> str:
        """Return the figures in a line."""
        sure = max(1, self.sure)
        return (
            f"{self.answers} answers, {self.sure / self.answers:.1%} with a confidence, covered "
            f"{self.covered / sure:.2%}; decided {self.decided / sure:.1%}, of these covered "
            f"{self.covered_decided / max(1, self.decided):.2%}; median confidence {_middle(self.wide):.1f} bp, "
            f"off {_middle(self.off):.1f} bp (raw {_middle(self.raw_off):.1f}); wrong {self.wrong}"
        )


def measure(
    seed: int, ids: Sequence[str], *, liars: bool, answers: int, asset: str = "bitcoin", lies: Sequence[str] = LIES
) -> Tally:
    """Ask for a price again and again, with one liar at a time when there are `liars`, and tally the answers.

    Each lies for five minutes, and all are honest for a minute between, so that no two lie within one book.
    """

    async def main(clock: VirtualClock) -> Tally:
        chance = random.Random(seed)  # noqa: S311 -- a repeatable world
        clock.advance(chance.uniform(0, 1e6))
        market, tally = Market(clock, seed), Tally()
        engine = market.engine(ids)
        await engine.start()
        query = PriceQuery(registry().asset(asset))
        turns = 0
        turn_until = clock.monotonic() + HONEST_S
        while tally.answers < answers:
            if liars and clock.monotonic() >= turn_until:
                is_over = bool(market.faults)
                market.faults = {}
                if not is_over:
                    fault = lie(chance.choice(lies), market.now())
                    market.faults[ids[turns % len(ids)]] = {fault.name: fault}
                    turns += 1
                turn_until = clock.monotonic() + (HONEST_S if is_over else LYING_S)
            answer = await engine.ask(query)
            assert isinstance(answer.value, Price)
            if answer.provenance.freshness in (Freshness.LIVE, Freshness.CACHED):
                tally.take(answer.value, market.truth(asset), is_fresh=True)
            await asyncio.sleep(chance.uniform(0.5, 4))
        await engine.close()
        return tally

    return run_virtual(main, seed)


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0
