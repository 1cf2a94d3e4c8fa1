"""Every source down for a while: what was once seen is answered with its true age, and recovery is quick.

Sources reset every connection instead of refusing it, so that the simulator's record shows each probe.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections import Counter
from typing import Any

from scripts.outages.sources import SEED, Limits, Run, leading, nerkh
from scripts.outages.traffic import Seen, Traffic, price_of
from server.providers.catalog import provider_of, sources
from server.simulator.world import World

SETTLE_S = 30.0
"""So long after the outage began every circuit has opened; from then on there are probes alone."""
RETURN_S = 35.0
LONGEST_S = {"price": 60.0, "prices": 300.0, "gas": 120.0, "block": 120.0, "balance": 300.0}
"""Ages past which an answer of a kind has to say STALE."""
TOGETHER_S = 0.2
"""Requests to a source that are less apart are one probe: many ask for several things at once."""
EARLY_EVERY_S, COOL_S = 0.3, 48.0
"""Probes: early ones when all is excluded, and the shortest cool-down of a circuit."""


def everything_down(limits: Limits, outage_s: float) -> None:
    """Let every source fail for a while, then let the first ones return, then all."""
    with nerkh({}, addresses=10) as run:
        asked: dict[str, Seen] = {}
        last: dict[str, Seen] = {}
        probes: Counter[str] = Counter()
        back = [0.0]

        async def script(traffic: Traffic) -> None:
            await run.warm()
            asked.update(await _seen_once(traffic))
            firsts = set(leading(traffic.seen).values())
            run.struck = time.time()
            await asyncio.to_thread(run.world.put, "*", fault="reset")
            await _counting(run, outage_s, probes)
            last.update(await _seen_once(traffic, list(asked)))
            back[0] = time.time()
            for source in sorted(firsts):
                await asyncio.to_thread(run.world.lift, source)
            await asyncio.sleep(RETURN_S)

        asyncio.run(run.traffic.run(script))
        run.check_load(limits)
        during = run.traffic.between(run.struck, back[0])
        run.check_failures(during, limits, "everything down")
        _check_ages(run, during, asked, last, limits)
        _check_probes(probes, outage_s - SETTLE_S, limits)
        _check_return(run, back[0], limits)


async def _seen_once(traffic: Traffic, assets: list[str] | None = None) -> dict[str, Seen]:
    """Ask the price of every asset once; return what could be answered."""
    names = [asset.id for asset in World(SEED).prices.assets] if assets is None else assets
    gate = asyncio.Semaphore(8)

    async def one(name: str) -> Seen:
        async with gate:
            return await traffic.ask(price_of(name))

    found = await asyncio.gather(*(one(name) for name in names))
    return {name: each for name, each in zip(names, found, strict=True) if assets is not None or not each.error}


async def _counting(run: Run, outage_s: float, probes: Counter[str]) -> None:
    """Wait, and count the probes that reach sources once every circuit had time to open."""
    newest = run.struck + SETTLE_S
    latest: dict[str, float] = {}
    end = run.struck + outage_s
    while (now := time.time()) < end:
        await asyncio.sleep(min(5.0, end - now))
        rows = [row for row in await asyncio.to_thread(_requests, run.world.control) if row["time"] > newest]
        for row in sorted(rows, key=lambda row: row["time"]):
            probes[row["source"]] += row["time"] - latest.get(row["source"], 0.0) > TOGETHER_S
            latest[row["source"]] = newest = row["time"]


def _requests(control: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{control}/_control/requests?limit=5000", timeout=10) as answer:
        rows: list[dict[str, Any]] = json.load(answer)["requests"]
    return rows


def _check_ages(run: Run, during: list[Seen], asked: dict[str, Seen], last: dict[str, Seen], limits: Limits) -> None:
    """Hold every answer's freshness against its age, and the age against when its source was last up."""
    young = [
        each
        for each in during
        if each.is_fresh
        and each.call.kind in LONGEST_S
        and each.source_time is not None
        and each.end - each.source_time > LONGEST_S[each.call.kind] + 0.5
    ]
    limits.check("everything down, answers past their age that pass as fresh", len(young), 0)
    newer = [each for each in [*during, *last.values()] if (each.source_time or 0.0) > run.struck + 1.0]
    limits.check("everything down, answers that claim to be of the outage", len(newer), 0)
    silent = {name: each for name, each in last.items() if each.error or each.freshness not in ("STALE", "STORED")}
    for name, each in list(silent.items())[:5]:
        print(f"  {name}: {each.error or each.freshness}")
    limits.check("everything down, assets whose price was seen before", len(asked), 100, least=True)
    limits.check(f"everything down, assets of {len(asked)} once seen without a STALE answer", len(silent), 0)


def _check_probes(probes: Counter[str], span_s: float, limits: Limits) -> None:
    """Hold the probes of the outage against the rate that they may have."""
    lanes = sum(len(provider_of(source).capabilities) for source in sources())
    allowed = 1 / EARLY_EVERY_S + lanes / COOL_S
    limits.check("everything down, probes of all sources", probes.total() / span_s, allowed, unit="/s")
    most = max(probes.values(), default=0) / span_s
    busiest = max(probes, key=lambda source: probes[source], default="none")
    limits.check(f"everything down, probes of the most probed source ({busiest})", most, 1 / EARLY_EVERY_S, unit="/s")


def _check_return(run: Run, back: float, limits: Limits) -> None:
    """Hold how long it took until each kind was answered freshly again."""
    spans = {}
    for kind in ("price", "gas", "block", "balance"):
        fresh = (each.end - back for each in run.traffic.between(back, time.time()) if _fetched(each, kind, back))
        spans[kind] = min(fresh, default=float("inf"))
    print("  fresh again after: " + ", ".join(f"{kind} {span:.1f} s" for kind, span in spans.items()))
    limits.check("everything down, recovery of the slowest kind", max(spans.values()), 30.0, unit=" s")


def _fetched(seen: Seen, kind: str, back: float) -> bool:
    """Say whether an answer was fetched after the first sources were back."""
    if seen.call.kind != kind or not seen.is_fresh:
        return False
    return bool(seen.provenance.receive_time.ToNanoseconds() / 1e9 > back)
