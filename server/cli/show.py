"""Shows answers: tables for people, JSON for programs. Used by the commands that ask a running Nerkh."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from nerkh import Article, Outlier, Provenance
from rich.console import Console, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

UNBOUNDED = 100_000
"""The width of what is no terminal: lines that a program reads are never wrapped or cut."""
FIGURES = 4
"""How many digits a small amount shows at least: eight places say too little of 0.000009482."""
GAP = 2
MOST_FEEDS = 3
PADDING = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)


def console() -> Console:
    """Return where answers are shown: colours on a terminal alone, and its width; elsewhere no line is wrapped."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else UNBOUNDED)


def put(out: Console, shown: RenderableType) -> None:
    """Print to the console, without the blanks that fill a table's last column."""
    with out.capture() as captured:
        out.print(shown)
    out.file.write(PADDING.sub(r"\1", captured.get()))
    out.file.flush()


def plain(value: Any) -> Any:
    """Return what JSON does not know as what it does: decimals as text, times in ISO 8601, spans in seconds."""
    if dataclasses.is_dataclass(value):
        return {part.name: getattr(value, part.name) for part in dataclasses.fields(value)}
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return dict(value)


def as_json(value: Any) -> str:
    """Return a value as one JSON text."""
    return json.dumps(value, default=plain, ensure_ascii=False)


def amount(value: Decimal | None, places: int | None = None) -> str:
    """Return a decimal with its thousands apart; without `places` as many as its size asks for; a dash for None."""
    if value is None:
        return "-"
    if places is None:
        size = value.copy_abs()
        places = 2 if size >= 100 or not size else 4 if size >= 1 else max(8, FIGURES - 1 - size.adjusted())
    return f"{value:,.{places}f}"


def within(value: Decimal, confidence: Decimal | None) -> str:
    """Return an amount, and how far it may be off where that is known."""
    return amount(value) if confidence is None else f"{amount(value)} ± {amount(confidence)}"


def short(value: Decimal | None) -> str:
    """Return a large amount in words that fit a column: 1.23 T, 45.6 B, 7.89 M."""
    if value is None:
        return "-"
    for unit, size in (("T", 12), ("B", 9), ("M", 6)):
        if value.copy_abs() >= Decimal(10) ** size:
            return f"{value.scaleb(-size):,.2f} {unit}"
    return amount(value, 0)


def percent(value: Decimal | None) -> Text:
    """Return a change in percent with its sign, green or red."""
    if value is None:
        return Text("-")
    return Text(f"{value:+.2f} %", style="green" if value >= 0 else "red")


def ago(then: datetime | None, now: datetime) -> str:
    """Return how long ago something was, in one unit."""
    if then is None:
        return "-"
    seconds = max(0.0, (now - then).total_seconds())
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def origin(provenance: Provenance, now: datetime) -> Text:
    """Return one line on where an answer came from."""
    parts = [
        f"from {provenance.source}",
        provenance.freshness.value,
        ago(provenance.source_time or provenance.receive_time, now),
    ]
    if provenance.contested:
        parts.append("contested: no other source confirms it")
    if provenance.simulated:
        parts.append("simulated")
    return Text(" · ".join(parts), style="dim")


def outlier(found: Outlier, quote: str) -> Text:
    """Return one line on a source that does not agree."""
    return Text(f"{found.source} says {amount(found.value)} {quote}: {found.reason}", style="yellow")


def attempts(provenance: Provenance) -> Table | None:
    """Return the attempts as a table; None when the answer holds none."""
    if not provenance.attempts:
        return None
    return table(
        ("source", "outcome", "latency ms", "egress", "detail"),
        [(a.source, a.outcome.value, f"{a.latency_ms:.0f}", a.egress, a.detail) for a in provenance.attempts],
        right=(2,),
    )


def article(found: Article, now: datetime) -> Text:
    """Return a headline, when it was told and by whom, and its address on a line of its own."""
    names = [source.removeprefix("rss_") for source in found.sources]
    told = ", ".join(names[:MOST_FEEDS]) + (f" and {len(names) - MOST_FEEDS} more" if len(names) > MOST_FEEDS else "")
    return Text.assemble(
        (found.title, "bold"), "\n", (f"{ago(found.published_time, now)} · {told}", "dim"), "\n", (found.url, "dim")
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str | Text]], right: Sequence[int] = ()) -> Table:
    """Return a table without lines; the columns named in `right` hold figures.

    The last column alone gives way on a narrow terminal, if it holds words: it is cut, and the others stay whole.
    """
    made = Table(box=None, pad_edge=False, header_style="bold")
    widths = [max(map(len, (head, *(row[number] for row in rows)))) for number, head in enumerate(heads)]
    last = len(heads) - 1
    if last not in right:
        widths[last] = min(widths[last], max(len(heads[last]), console().width - sum(widths[:last]) - GAP * last))
    for number, (head, width) in enumerate(zip(heads, widths, strict=True)):
        justify: JustifyMethod = "right" if number in right else "left"
        made.add_column(head, justify=justify, no_wrap=True, overflow="ellipsis", width=width)
    for row in rows:
        made.add_row(*row)
    return made
