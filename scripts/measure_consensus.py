"""Prints how often the true price lies within the stated confidence: with five, three and two sources, one lying.

The whole engine runs over the simulator's wire formats in one process and simulated time; scripts/consensus runs it.
"""

from __future__ import annotations

import argparse
import logging

import structlog

from tests.fallback.market import FIVE, Tally, measure


def main() -> None:
    """Measure and print one line for each number of sources, with and without a liar, and asset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="how many worlds")
    parser.add_argument("--answers", type=int, default=1000, help="answers in each world")
    parser.add_argument("--assets", nargs="+", default=["bitcoin", "solana", "morpho"])
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for ids in (FIVE, FIVE[:3], FIVE[:2]):
        for liars in (False, True):
            for asset in given.assets:
                whole = Tally()
                for seed in range(1, given.seeds + 1):
                    whole.add(measure(seed, ids, liars=liars, answers=given.answers, asset=asset))
                who = "one liar" if liars else "honest  "
                print(f"{len(ids)} sources, {who}, {asset:<8} {whole.text()}", flush=True)


if __name__ == "__main__":
    main()
