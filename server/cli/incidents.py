"""`nerkh incidents`: what happened to a source."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from server.cli.asking import Address, Json, Limit, asking, show


def incidents(
    source: Annotated[str, typer.Argument(help="a source's id, as nerkh sources shows it")],
    *,
    limit: Limit = 20,
    json: Json = False,
    address: Address = None,
) -> None:
    """Show what happened to a source: when it was down, given up, disabled or contradicted, the newest first."""
    from server.cli import show as look

    with asking(address) as client:
        page = client.monitoring.incidents(source, page_size=limit)
    rows = [
        (
            _time(each.start_time),
            _time(each.end_time) if each.end_time else "lasts",
            each.cause.value,
            f"{each.occurrence_count:,}",
            each.kind or "all",
            each.reason,
        )
        for each in page.items
    ]
    heads = ("from (UTC)", "until (UTC)", "what", "times", "kind", "why")
    show(
        page.items,
        json,
        lambda: look.table(heads, rows, right=(3,)) if rows else f"nothing is known to have happened to {source}",
    )


def _time(time: datetime | None) -> str:
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M:%S}"
