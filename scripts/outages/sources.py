"""`scripts/chaos sources`: every source outage, under load, with its limits; each run is a Nerkh of its own.

For the leaders and the mix the cache is switched to one entry (`NERKH_CACHE_ENTRIES=1`), so that nearly every call is a
miss: an answer that says LIVE was fetched for that call, and only those count as misses. No source's published limits
allow so many, so those are not heeded (`NERKH_HEED_LIMITS=false`). For the outage of everything both are as usual.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scripts.benchmarks.measures import nerkh_up
from scripts.benchmarks.mix import SLOW, Draw, draws
from scripts.benchmarks.plain import Plain
from scripts.benchmarks.processes import started
from scripts.benchmarks.simulated import Simulated
from scripts.outages.judge import Judge
from scripts.outages.traffic import PACE, STREAMS, Calls, Seen, Traffic, p99, slowest
from server.fallback.http import Transport
from server.model import Query
from server.providers.base import Source
from server.providers.catalog import provider_of, sources

SEED = 7
WARM_S, BEFORE_S = 10.0, 15.0
MISSES = {"NERKH_CACHE_ENTRIES": "1", "NERKH_HEED_LIMITS": "false"}
"""Settings under which nearly every call is a fetch."""
FAULTS: dict[str, dict[str, Any]] = {
    "dies": {"fault": "dead"},
    "hangs": {"fault": "hang"},
    "lies 10x": {"fault": "wrong_value", "factor": 10},
    "is frozen": {"fault": "frozen"},
}
DURING_S = {"dies": 20.0, "hangs": 20.0, "lies 10x": 20.0, "is frozen": 75.0}
OLD_S = {"price": 60.0, "gas": 120.0, "block": 120.0}
"""Ages past which what a frozen source shows must not pass as fresh."""


@dataclass(slots=True)
class Limits:
    """The limits of a run with their figures; `say` prints each as it is known."""

    say: Callable[[bool, str], bool]
    held: bool = True

    def check(self, name: str, figure: float, limit: float, *, unit: str = "", least: bool = False) -> None:
        """Hold a figure against its limit: at most, or at least."""
        good = figure >= limit if least else figure <= limit
        self.held &= self.say(
            good, f"sources: {name}: {figure:.4g}{unit} ({'>=' if least else '<='} {limit:.4g}{unit})"
        )


@dataclass(slots=True)
class Run:
    """One Nerkh under load: its traffic, its simulator, and what is true."""

    traffic: Traffic
    world: Simulated
    judge: Judge
    began: float = 0.0
    struck: float = 0.0
    notes: list[str] = field(default_factory=list)

    async def warm(self) -> None:
        """Let the load run in, then run on healthy sources for a while: what is compared with."""
        await asyncio.sleep(WARM_S)
        self.began = time.time()
        await asyncio.sleep(BEFORE_S)

    def before(self) -> list[Seen]:
        """Return the calls on healthy sources."""
        return self.traffic.between(self.began, self.struck)

    def after(self, end: float | None = None) -> list[Seen]:
        """Return the calls since the fault."""
        return self.traffic.between(self.struck, end or time.time())

    def check_load(self, limits: Limits) -> None:
        """Hold the load before the fault: a run counts only if it was there."""
        limits.check("load before, calls/s", len(self.before()) / (self.struck - self.began), 0.95 * PACE, least=True)
        limits.check("load before, streams with frames", sum(map(bool, self.traffic.frames)), STREAMS, least=True)

    def check_failures(self, seen: list[Seen], limits: Limits, name: str) -> None:
        """Print what failed and hold it against none."""
        failed = [each for each in seen if each.error]
        for text, count in Counter(f"{each.call.kind}: {each.error[:160]}" for each in failed).most_common(5):
            print(f"  {count} x {text}")
        limits.check(f"{name}, failed requests of {len(seen)}", len(failed), 0)
        self.check_streams(limits, name)

    def check_streams(self, limits: Limits, name: str) -> None:
        """Print which streams broke and hold that against none."""
        for text in self.traffic.broken_streams[:5]:
            print(f"  {text}")
        limits.check(f"{name}, broken streams", len(self.traffic.broken_streams), 0)


@contextmanager
def nerkh(settings: Mapping[str, str], addresses: int = 0) -> Iterator[Run]:
    """Run all of Nerkh on simulated sources, its simulator warm; with settings of the run's own."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        with tempfile.TemporaryDirectory() as folder, started(nerkh_up(f"{folder}/data")) as (_, ready):
            world = Simulated.at(str(ready["simulator"]))
            asyncio.run(_warmed(world))
            calls = Calls(random.Random(SEED), addresses)
            yield Run(Traffic(str(ready["grpc"]), calls), world, Judge(SEED))
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


async def _warmed(world: Simulated) -> None:
    transport = Transport(local=world.base_urls.values())
    try:
        await Plain(sources(), world, transport).warm([each for many in Calls.queries().values() for each in many])
    finally:
        await transport.close()


def serving(query: Query) -> set[str]:
    """Return the sources that can be asked a query without a key."""
    return {source.id for source in sources() if _serves(source, query)}


def _serves(source: Source, query: Query) -> bool:
    capability = provider_of(source).capability(query.kind)
    is_keyless = source.key is None or not source.key.required
    return capability is not None and is_keyless and capability.serves(source, query)


def leading(seen: list[Seen]) -> dict[str, str]:
    """Return, for each kind, the source that answered most of its misses; news are of many sources at once."""
    known = {source.id for source in sources()}
    counts: dict[str, Counter[str]] = {}
    for each in seen:
        if each.freshness == "LIVE" and each.source in known:
            counts.setdefault(each.call.kind, Counter())[each.source] += 1
    return {kind: found.most_common(1)[0][0] for kind, found in counts.items()}


def strikable(leaders: dict[str, str]) -> set[str]:
    """Return the leaders that may be struck at once: each kind keeps one source that is none of them."""
    struck: set[str] = set()
    for source in sorted(set(leaders.values())):
        trial = struck | {source}
        if all(serving(query) - trial for many in Calls.queries().values() for query in many):
            struck = trial
        else:
            print(f"  {source} is left alone: nothing but leaders could take its place")
    return struck


def leader(fault: str, limits: Limits, during_s: float | None = None) -> None:
    """Strike the leading source of each kind at once, in one way."""
    with nerkh(MISSES) as run:
        leaders: dict[str, str] = {}
        struck: set[str] = set()

        async def script(_: Traffic) -> None:
            await run.warm()
            leaders.update(leading(run.traffic.between(run.began, time.time())))
            struck.update(strikable(leaders))
            run.struck = time.time()
            await asyncio.gather(*(asyncio.to_thread(run.world.put, source, **FAULTS[fault]) for source in struck))
            await asyncio.sleep(during_s or DURING_S[fault])

        asyncio.run(run.traffic.run(script))
        shown = ", ".join(f"{kind} {source}" for kind, source in sorted(leaders.items()) if source in struck)
        print(f"  the leading source {fault} ({busy()}): {shown}")
        run.check_load(limits)
        run.check_failures(run.after(), limits, f"leader {fault}")
        _check_switch(run, fault, {kind: by for kind, by in leaders.items() if by in struck}, limits)
        ratio = p99(run.after()) / p99(run.before())
        print(f"  p99 before {p99(run.before()) * 1e3:.0f} ms, after {p99(run.after()) * 1e3:.0f} ms; the slowest:")
        print("".join(f"    {way}\n" for way in slowest(run.after())), end="")
        limits.check(f"leader {fault}, p99 after / before", ratio, 2.0)


def _check_switch(run: Run, fault: str, leaders: dict[str, str], limits: Limits) -> None:
    """Hold how long each kind took to be answered by another source, and what passed as fresh meanwhile."""
    spans: dict[str, float] = {}
    for kind, source in leaders.items():
        answers = [each for each in run.after() if each.call.kind == kind and each.is_fresh]
        if fault in ("dies", "hangs"):
            spans[kind] = switched_after(missed([each for each in run.after() if each.call.kind == kind]), source)
        elif fault == "lies 10x":
            spans[kind] = max((each.end - run.struck for each in answers if run.judge.wrong(each)), default=0.0)
        elif kind in OLD_S:
            old = run.struck + OLD_S[kind]
            late = [each.end - old for each in answers if each.source == source and each.end > old]
            spans[kind] = max(late, default=0.0)
    slowest = max(spans, key=lambda kind: spans[kind], default="")
    print("  switched after: " + ", ".join(f"{kind} {span:.1f} s" for kind, span in sorted(spans.items())))
    limits.check(f"leader {fault}, kinds whose switch was judged", len(spans), 1, least=True)
    limits.check(f"leader {fault}, switched ({slowest} last)", spans.get(slowest, 0.0), 2.0, unit=" s")
    wrong = Counter[str]()
    examples: dict[str, str] = {}
    for each in run.after():
        text = run.judge.wrong(each) if each.is_fresh else ""
        if text and not each.is_doubted:
            wrong[each.call.kind] += 1
            examples.setdefault(each.call.kind, f"{each.source}: {text}")
    for kind, count in wrong.most_common():
        print(f"  {count} wrong answers of {kind} passed as fresh, such as {examples[kind]}")
    limits.check(f"leader {fault}, wrong values marked fresh", wrong.total(), 0)


def busy() -> str:
    """Return how busy the machine is: latencies mean little when more wants to run than there are cores."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def switched_after(misses: list[Seen], source: str) -> float:
    """Return how long the first miss after a fault, and those with it, waited until another source had answered one.

    Until something is asked that no cached answer serves, there is nothing to switch.
    """
    first = min((each.due for each in misses), default=0.0)
    others = (each.end for each in misses if each.freshness == "LIVE" and each.source != source)
    return min(others, default=float("inf")) - first if misses else 0.0


def mixed(limits: Limits, *, runs: int, misses: int) -> None:
    """Let a fifth of all sources fail and a tenth be slow, each draw on a Nerkh that knew healthy ones alone."""
    chance = random.Random(SEED)
    questions = [each for many in Calls.queries().values() for each in many]
    catalog = [source for source in sources() if source.key is None or not source.key.required]
    good = total = extra = 0
    ratios = []
    for draw in draws(catalog, questions, chance, runs):
        seen, ratio = _mixed(draw, limits, misses)
        ratios.append(ratio)
        total += len(seen)
        good += sum(each.is_fresh for each in seen)
        extra += sum(max(0, each.attempts - 1) for each in seen if each.call.kind != "news")  # news sweep all feeds
    limits.check(f"20 % failing, 10 % slow, success over {total} misses", good / max(1, total), 0.9999, least=True)
    limits.check("20 % failing, 10 % slow, p99 after / healthy, the worst draw", max(ratios), 1.5)
    limits.check("20 % failing, 10 % slow, attempts beyond the first, a request", extra / max(1, total), 0.3)


def _mixed(draw: Draw, limits: Limits, misses: int) -> tuple[list[Seen], float]:
    with nerkh(MISSES) as run:

        async def script(traffic: Traffic) -> None:
            await run.warm()
            run.struck = time.time()
            puts = [asyncio.to_thread(run.world.put, id_, fault=fault) for id_, fault in draw.failing.items()]
            puts += [asyncio.to_thread(run.world.put, id_, **SLOW) for id_ in draw.slow]
            await asyncio.gather(*puts)
            await traffic.until(lambda: len(missed(traffic.between(run.struck, time.time()))) >= misses)

        asyncio.run(run.traffic.run(script))
        run.check_load(limits)
        run.check_streams(limits, "20 % failing, 10 % slow")
        seen, healthy = missed(run.after()), missed(run.before())
        for text, count in Counter(
            f"{each.call.kind} {each.error[:60] or each.freshness}" for each in seen if not each.is_fresh
        ).most_common(5):
            print(f"  {count} x {text}")
        before_ms, after_ms = p99(healthy) * 1e3, p99(seen) * 1e3
        print(f"  p99 of misses: healthy {before_ms:.0f} ms, after {after_ms:.0f} ms ({busy()}); the slowest:")
        print("".join(f"    {way}\n" for way in slowest(seen)), end="")
        return seen, p99(seen) / p99(healthy)


def missed(seen: list[Seen]) -> list[Seen]:
    """Return the calls that no cached answer served: LIVE ones, and those for which nothing fresh was had."""
    return [each for each in seen if each.freshness != "CACHED"]


def run_all(*, full: bool, say: Callable[[bool, str], bool]) -> bool:
    """Run every source outage; print each limit with its figure."""
    from scripts.outages.silence import everything_down

    limits = Limits(say)
    begun = time.monotonic()
    for fault in FAULTS:
        leader(fault, limits, 140.0 if full and fault == "is frozen" else None)
    mixed(limits, runs=5 if full else 2, misses=20_000 if full else 3_000)
    everything_down(limits, 600.0 if full else 75.0)
    print(f"  all source outages took {time.monotonic() - begun:.0f} s")
    return limits.held
