"""The service's process as the supervisor starts it, with `python -m server.supervisor.gate`.

It imports everything first and then waits to be told where the database and the simulator are: so all of them start
side by side.
"""

from __future__ import annotations

import gc
import json
import os
import sys


def main() -> None:
    """Import the service, read its further environment as one line of JSON, and serve."""
    gc.disable()  # nothing that an import makes is garbage; looking for it takes a tenth of the start
    from server import app  # noqa: F401 -- imported early: this is what takes long
    from server.cli import main as nerkh

    gc.freeze()
    gc.enable()
    line = sys.stdin.readline()
    if not line:
        sys.exit(1)  # the supervisor is gone
    os.environ.update(json.loads(line))
    nerkh(["serve"])


if __name__ == "__main__":
    main()
