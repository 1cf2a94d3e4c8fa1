"""`scripts/bench [NAME …] [--json FILE] [--check]`: runs the measures and prints a table for each."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from scripts.benchmarks import measures
from scripts.benchmarks.faults import faults
from scripts.benchmarks.measures import Result
from scripts.benchmarks.miss import miss

MEASURES = {**measures.MEASURES, "miss": miss, "faults": faults}


def shown(result: Result) -> str:
    """Return a result as a table for people."""
    names = list(dict.fromkeys(name for row in result.rows for name in row.figures))
    width = max(len(row.system) for row in result.rows)
    lines = [f"{result.name}", " " * width + "".join(f"  {name:>20}" for name in names)]
    for row in result.rows:
        cells = "".join(f"  {row.figures[name]:>20.2f}" if name in row.figures else " " * 22 for name in names)
        lines.append(f"{row.system:<{width}}{cells}")
    lines += [
        f"  {'held  ' if check.held else 'MISSED'} {check.what}: {check.figure:.3f} ({check.limit})"
        for check in result.checks
    ]
    return "\n".join(lines)


def main() -> int:
    """Run what was asked; return 1 when `--check` is given and a ratio is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASURES)}; all when none is given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--check", action="store_true", help="end with status 1 when a ratio is missed")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in MEASURES]
    if unknown:
        parser.error(f"no benchmark {unknown[0]}; there are {', '.join(MEASURES)}")
    results = []
    for name in options.names or MEASURES:
        results.append(MEASURES[name]())
        print(shown(results[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps([dataclasses.asdict(result) for result in results], indent=1) + "\n")
    missed = any(not check.held for result in results for check in result.checks)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
