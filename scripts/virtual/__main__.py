"""`scripts/seeds [--seeds N] [--minutes M] [--sources K]`: lives through N seeds in virtual time, says what broke.

A share of the seeds is lived through twice, each time in another process: the same seed must give the same history.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator

from scripts.virtual.life import History, Plan, live

_TWICE = 20
"""One seed in so many is repeated."""
_SHOWN = 40


def histories(plans: list[Plan], processes: int) -> Iterator[History]:
    """Yield what came of each plan, in the order in which they end; each process lives through one at a time."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, maxtasksperchild=50) as pool:
        yield from pool.imap_unordered(live, plans)


def unequal(seen: list[History]) -> list[int]:
    """Return the seeds that gave more than one history."""
    digests: dict[int, set[str]] = {}
    for history in seen:
        digests.setdefault(history.seed, set()).add(history.digest)
    return sorted(seed for seed, found in digests.items() if len(found) > 1)


def main() -> int:
    """Live through what was asked for; return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="scripts/seeds")
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--minutes", type=float, default=10.0, help="virtual minutes of each")
    parser.add_argument("--sources", type=int, default=300, help="how many sources")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many at once")
    given = parser.parse_args()
    plans = [Plan(given.first + number, given.minutes, given.sources) for number in range(given.seeds)]
    plans += plans[::_TWICE]
    begun = time.monotonic()
    seen, totals = [], Counter[str]()
    for history in histories(plans, given.processes):
        seen.append(history)
        totals.update(history.figures)
        for line in history.broken[:_SHOWN]:
            print(f"BROKEN seed {history.seed}: {line}", flush=True)
    broken = sorted({history.seed for history in seen if history.broken})
    repeated = unequal(seen)
    for seed in repeated:
        print(f"BROKEN seed {seed}: two runs gave two histories")
    print(", ".join(f"{name} {count:,}" for name, count in sorted(totals.items())))
    print(
        f"{len(plans)} runs ({len(plans) - given.seeds} of them repeats) of {given.minutes:g} virtual minutes over "
        f"{given.sources} sources in {time.monotonic() - begun:.0f} s: {len(broken)} seeds broke a promise, "
        f"{len(repeated)} were not repeatable"
    )
    if broken:
        print(f"seeds that broke a promise: {', '.join(map(str, broken))}")
    return 1 if broken or repeated else 0


if __name__ == "__main__":
    sys.exit(main())
