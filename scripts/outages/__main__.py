"""`scripts/chaos NAME … [--full] [--seed N]`: runs outages and prints each limit with its figure."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scripts.benchmarks.measures import nerkh_up
from scripts.benchmarks.processes import started
from scripts.outages import kills, leaders, malformed


def say(held: bool, text: str) -> bool:
    """Print one limit with its figure."""
    print(f"{'held  ' if held else 'MISSED'} {text}", flush=True)
    return held


def run_malformed(full: bool, seed: int) -> bool:
    """Send malformed requests, 10,000 in the full form."""
    count = 10_000 if full else 2_000
    with tempfile.TemporaryDirectory() as folder, started(nerkh_up(f"{folder}/data")) as (_, ready):
        verdict = malformed.Verdict()
        host, _, port = str(ready["http"]).removeprefix("http://").partition(":")
        asyncio.run(malformed.over_grpc(str(ready["grpc"]), count // 2, seed, verdict))
        asyncio.run(malformed.over_http(host, int(port), count - count // 2, seed + 1, verdict))
    for broken in verdict.broken[:20]:
        print(f"  {broken}")
    print("  " + ", ".join(f"{status}: {number}" for status, number in sorted(verdict.statuses.items())))
    bad = len(verdict.broken)
    return say(not bad, f"malformed: {bad} of {count} ended as INTERNAL, UNKNOWN or shapeless")


def run_kill(full: bool, seed: int) -> bool:
    """Kill at random moments, twenty times in the full form."""
    count = 20 if full else 4
    with tempfile.TemporaryDirectory() as folder:
        seen = kills.run(Path(folder), count, seed)
        late = [kill for kill in seen if kill.ready_s is None]
        for kill in late:
            print(f"  killed {kill.victim} after {kill.after_s:.2f} s: the next start did not get ready")
        if late:
            print(Path(folder, "log").read_text()[-4000:])
        slowest = max((kill.ready_s for kill in seen if kill.ready_s is not None), default=0.0)
    return say(not late, f"kill: {count - len(late)} of {count} next starts ready, the slowest in {slowest:.1f} s")


def run_leaders(full: bool, _seed: int) -> bool:
    """Strike the leading sources in every way, then silence all."""
    held = True
    for fault in leaders.FAULTS if full else ("hang", "fail", "lie"):
        with tempfile.TemporaryDirectory() as folder, started(nerkh_up(f"{folder}/data")) as (_, ready):
            broken = leaders.struck(str(ready["http"]), str(ready["simulator"]), fault)
            if fault == "lie":
                broken += leaders.silenced(str(ready["http"]), str(ready["simulator"]))
                time.sleep(75)
                broken += leaders.outdated(str(ready["http"]))
        for line in broken:
            print(f"  {line}")
        text = f"leaders: {len(broken)} of {len(leaders.CALLS)} kinds failed with their leader made to {fault}"
        held &= say(not broken, text)
    return held


def run_sources(full: bool, _seed: int) -> bool:
    """Bring every source outage that the limits are stated for."""
    from scripts.outages.sources import run_all

    return run_all(full=full, say=say)


RUNS: dict[str, Callable[[bool, int], bool]] = {
    "malformed": run_malformed,
    "kill": run_kill,
    "leaders": run_leaders,
    "sources": run_sources,
}


def main() -> int:
    """Run what was asked."""
    parser = argparse.ArgumentParser(prog="scripts/chaos")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RUNS)}; all when none is given")
    parser.add_argument("--full", action="store_true", help="the long form")
    parser.add_argument("--seed", type=int, default=1, help="what chance starts from")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in RUNS]
    if unknown:
        parser.error(f"no outage {unknown[0]}; there are {', '.join(RUNS)}")
    held = [RUNS[name](options.full, options.seed) for name in options.names or RUNS]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
