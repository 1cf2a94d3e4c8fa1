"""The `nerkh` command: starts Nerkh's processes, and asks a running one through the Python client.

Exit status 0, 1 failed, 2 wrong use, 69 unavailable; an error is one line on standard error that says what to do.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and end the process with its exit status."""
    own = signal.getsignal(signal.SIGINT)
    if own is signal.default_int_handler:  # Ctrl-C during the imports ends the process without a word
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["serve"] and len(words) == 1:
        # The supervisor starts the service by this one word: nothing of the command line need be imported for it.
        from server.cli.process import serve_now

        sys.exit(serve_now())
    from server.cli.commands import run

    signal.signal(signal.SIGINT, own)
    sys.exit(run(words))
