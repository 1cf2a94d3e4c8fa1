"""The conformance run as text: a table per kind, and each failure with both values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from server.providers.conformance.run import Result, Verdict

_COLUMNS = (
    ("passed", Verdict.PASSED),
    ("parsed", Verdict.PARSED),
    ("failed", Verdict.FAILED),
    ("without a provider", Verdict.NO_PROVIDER),
    ("without a reader", Verdict.NO_READER),
)
_MOST_REASONS = 20


def report(results: Sequence[Result]) -> str:
    """Return the whole report."""
    answers = [result for result in results if result.verdict is not Verdict.SOCKET]
    lines = [_row("kind", ["cases", *(title for title, _ in _COLUMNS)])]
    lines += [_counts(kind, [one for one in answers if one.case.kind == kind]) for kind in _kinds(answers)]
    lines.append(_counts("all", answers))
    sockets = len(results) - len(answers)
    lines += ["", f"{sockets} WebSocket frames are for the live feeds and are not read here.", *_unread(answers)]
    for result in answers:
        if result.verdict is Verdict.FAILED:
            lines += ["", f"FAILED {result.case.file} ({result.case.provider}, {result.case.kind})"]
            lines += [f"  {reason}" for reason in result.reasons[:_MOST_REASONS]]
            if len(result.reasons) > _MOST_REASONS:
                lines.append(f"  and {len(result.reasons) - _MOST_REASONS} more")
    return "\n".join(lines)


def _kinds(results: Iterable[Result]) -> list[str]:
    return sorted({result.case.kind for result in results})


def _counts(name: str, results: Sequence[Result]) -> str:
    counted = Counter(result.verdict for result in results)
    return _row(name, [str(len(results)), *(str(counted[verdict]) for _, verdict in _COLUMNS)])


def _row(name: str, cells: Sequence[str]) -> str:
    titles = ("cases", *(title for title, _ in _COLUMNS))
    return f"{name:<14}" + "".join(f"{cell:>{len(title) + 2}}" for cell, title in zip(cells, titles, strict=True))


def _unread(results: Sequence[Result]) -> list[str]:
    return [f"without a reader: {result.case.file}" for result in results if result.verdict is Verdict.NO_READER]
