"""`python -m server.providers.conformance DIR`: run a folder of recorded answers and print how it went."""

from __future__ import annotations

import sys
from pathlib import Path

from server.errors import SetupError
from server.providers.catalog import PROVIDERS
from server.providers.conformance.cases import load
from server.providers.conformance.report import report
from server.providers.conformance.run import Verdict, run_case

_USAGE = "conformance: name a folder of recorded answers, as an argument or in NERKH_FIXTURES"


def main(arguments: list[str]) -> int:
    """Return the exit status: 0 when no case failed, 1 when one did, 2 when the folder cannot be run."""
    if len(arguments) != 1 or not arguments[0]:
        print(_USAGE, file=sys.stderr)  # noqa: T201 -- this is a command
        return 2
    try:
        cases = load(Path(arguments[0]))
    except SetupError as error:
        print(f"conformance: {error}", file=sys.stderr)  # noqa: T201 -- this is a command
        return error.status
    results = [run_case(case, PROVIDERS) for case in cases]
    print(report(results))  # noqa: T201 -- this is a command
    return 1 if any(result.verdict is Verdict.FAILED for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
