"""Makes clients/python/nerkh/_sync from nerkh/_async by replacing tokens; `--check` only says whether it is current.

`scripts/unasync` runs it, and a test of the client holds the twin to it.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "clients" / "python" / "nerkh"
NAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "StopAsyncIteration": "StopIteration",
    "_async": "_sync",
}
PROSE = (
    (
        "Holds the asynchronous client, from which scripts/unasync makes the synchronous one.",
        "Holds the synchronous client, which scripts/unasync makes from the asynchronous one.",
    ),
)
UNUSED_WHEN_SYNCHRONOUS = (
    "# ruff: noqa: ASYNC109  # a call's timeout travels to the server as its deadline\n\n",
    "  # noqa: ASYNC109  # grpc's own",
)


def renamed(name: str) -> str:
    """Return a name's synchronous twin: `AsyncClient` is `Client`."""
    return NAMES.get(name) or re.sub(r"^Async(?=[A-Z])", "", name)


def transformed(source: str) -> str:
    """Return the synchronous twin of a module, formatted."""
    for comment in UNUSED_WHEN_SYNCHRONOUS:
        source = source.replace(comment, "")
    lines = source.splitlines(keepends=True)
    parts: list[str] = []
    row, column = 1, 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        while row < token.start[0]:
            parts.append(lines[row - 1][column:] if row <= len(lines) else "")
            row, column = row + 1, 0
        gap = lines[row - 1][column : token.start[1]] if row <= len(lines) else ""
        row, column = token.end
        if token.type == tokenize.NAME and token.string in {"async", "await"}:
            parts.append(gap)
            column += 1  # the blank behind it
            continue
        text = token.string
        if token.type == tokenize.NAME:
            text = renamed(text)
        elif token.type == tokenize.STRING:
            for old, new in PROSE:
                text = text.replace(old, new)
        parts.extend((gap, text))
    return formatted("".join(parts))


def formatted(source: str) -> str:
    """Return a module's text as the formatter writes it, imports sorted."""
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["check", "--quiet", "--select", "I,UP028", "--fix", "--unsafe-fixes"], ["format"]):
        arguments = [ruff, *command, "--stdin-filename", PACKAGE / "_sync" / "_made.py", "-"]
        source = subprocess.run(arguments, input=source, capture_output=True, text=True, check=True).stdout
    return source


def twins() -> dict[Path, str]:
    """Return what the synchronous package should hold."""
    return {
        PACKAGE / "_sync" / path.name: transformed(path.read_text())
        for path in sorted((PACKAGE / "_async").glob("*.py"))
    }


def outdated() -> list[Path]:
    """Return the files of the synchronous package that are not what they should be."""
    wanted = twins()
    stray = [path for path in (PACKAGE / "_sync").glob("*.py") if path not in wanted]
    return stray + [path for path, text in wanted.items() if not path.is_file() or path.read_text() != text]


def main() -> None:
    """Write the twin, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the twin is not current")
    if parser.parse_args().check:
        found = outdated()
        sys.exit(f"not current, run scripts/unasync: {', '.join(path.name for path in found)}" if found else 0)
    for path in outdated():
        path.unlink(missing_ok=True)
    for path, text in twins().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
