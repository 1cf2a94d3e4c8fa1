"""The simulator alone, without the rest of Nerkh: `python -m server.simulator`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from server.simulator.run import DEFAULT_SEED, run


def main(arguments: list[str] | None = None) -> int:
    """Read the options, serve until stopped, and return the exit status: 0, or 2 when an option is wrong."""
    parser = argparse.ArgumentParser(prog="python -m server.simulator", description="simulate every source on loopback")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port of the control API; 0 picks a free one")
    parser.add_argument("--ports-file", type=Path, help="file that keeps every port across restarts")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="seed of the world")
    parser.add_argument("--replay", type=Path, help="folder of recorded answers with an INDEX.json")
    given = parser.parse_args(arguments)
    try:
        asyncio.run(run(**vars(given)))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
