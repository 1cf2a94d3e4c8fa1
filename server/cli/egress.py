"""Ways out as `nerkh admin` shows them: all in a table, and what came of one test."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import nerkh
    from rich.table import Table


def routes(found: tuple[nerkh.EgressRoute, ...], now: datetime) -> Table:
    """Return all ways out as a table."""
    from server.cli import show as look

    rows = [
        (
            each.name,
            each.kind.value,
            "yes" if each.healthy else "no",
            _latency(each),
            f"{each.quarantined_host_count:,}",
            f"{each.quarantine_end_time:%Y-%m-%d %H:%M:%S}" if each.quarantine_end_time else "-",
            look.ago(each.test_time, now),
            each.test_detail,
        )
        for each in found
    ]
    heads = ("route", "kind", "works", "latency ms", "hosts barred", "barred until (UTC)", "tested", "found wrong")
    return look.table(heads, rows, right=(3, 4))


def tested(route: nerkh.EgressRoute) -> str:
    """Return one line on what a test found."""
    if route.test_detail:
        rest = f"; it rests until {route.quarantine_end_time:%H:%M:%S} UTC" if route.quarantine_end_time else ""
        return f"{route.name} does not work: {route.test_detail}{rest}"
    return f"{route.name} works (latency {_latency(route)} ms)"


def _latency(route: nerkh.EgressRoute) -> str:
    return "-" if route.latency_ms is None else f"{route.latency_ms:.0f}"
