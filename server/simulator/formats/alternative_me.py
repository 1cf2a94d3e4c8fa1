"""Alternative.me's fear and greed index: values and times as text, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from server.simulator.mood import words_of
from server.simulator.reply import Asked, Format, Said, routed, said, whole
from server.simulator.view import View

FIRST_DAY_S = 1_517_443_200
DAY_S = 86_400
_DATES = {"us": "%m-%d-%Y", "cn": "%Y/%m/%d", "kr": "%Y-%m-%d", "world": "%d-%m-%Y"}


def index(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/fng/`: `limit` days, 0 for all since February 2018."""
    today = int(view.data_time // DAY_S) * DAY_S
    limit = whole(asked, "limit", 1, 0, 100_000)
    days = min(limit or 100_000, (today - FIRST_DAY_S) // DAY_S + 1)
    rows = [_row(view, today - DAY_S * back, asked.query.get("date_format", "")) for back in range(days)]
    if rows:
        rows[0]["time_until_update"] = str(int(today + DAY_S - view.data_time))
    return said({"name": "Fear and Greed Index", "data": rows, "metadata": {"error": None}})


def _row(view: View, day: int, form: str) -> dict[str, str]:
    value = round(view.world.mood.reading(day, "alternative_me") * view.factor)
    stamp = datetime.fromtimestamp(day, UTC).strftime(_DATES[form]) if form in _DATES else str(day)
    return {"value": str(value), "value_classification": words_of(value), "timestamp": stamp}


MISSING = Said(404, b"<html><head><title>404 Not Found</title></head><body>404 Not Found</body></html>", "text/html")
_FAILURE = {"name": "Fear and Greed Index", "data": [], "metadata": {"error": "Service unavailable, try again later."}}
FORMAT = Format("alternative_me", routed((("/fng", index),), MISSING), MISSING, said(_FAILURE), MISSING)
