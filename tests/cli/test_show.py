"""How answers are written for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import nerkh
import pytest
from rich.console import Console
from rich.text import Text

from server.cli import show

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (Decimal(0), "0.00"),
        (Decimal("64000.129"), "64,000.13"),
        (Decimal("1.23456"), "1.2346"),
        (Decimal("-250.5"), "-250.50"),
        (Decimal("0.5"), "0.50000000"),
        (Decimal("0.000009482"), "0.000009482"),
    ],
)
def test_an_amount_shows_as_many_places_as_its_size_asks_for(value: Decimal | None, shown: str) -> None:
    """Large amounts have cents, small ones at least four digits, and what is unknown is a dash."""
    assert show.amount(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (Decimal(1234567890123), "1.23 T"),
        (Decimal(45600000000), "45.60 B"),
        (Decimal(-7890000), "-7.89 M"),
        (Decimal(999999), "999,999"),
    ],
)
def test_a_large_amount_is_short(value: Decimal | None, shown: str) -> None:
    """Trillions, billions and millions have a letter; less is written out."""
    assert show.short(value) == shown


def test_a_change_has_its_sign_and_colour() -> None:
    """A rise is green with a plus, a fall red, and the unknown neither."""
    assert show.percent(Decimal("1.234")) == Text("+1.23 %", style="green")
    assert show.percent(Decimal("-0.5")).style == "red"
    assert show.percent(None) == Text("-")


@pytest.mark.parametrize(
    ("age", "said"), [(-5, "0 s ago"), (119, "119 s ago"), (120, "2 min ago"), (7200, "2 h ago"), (172800, "2 d ago")]
)
def test_an_age_is_in_one_unit(age: int, said: str) -> None:
    """An age is said in the largest unit of which there are two, and is never below zero."""
    assert show.ago(NOW - timedelta(seconds=age), NOW) == said


def test_json_keeps_decimals_exact_and_says_times_in_iso() -> None:
    """Decimals are texts without exponents, times ISO 8601, spans seconds."""
    made = nerkh.CandleInterval(interval="1h", span=timedelta(hours=1), sources=("binance",))
    assert json.loads(show.as_json((made, Decimal("1E-8"), NOW, {"a": None}))) == [
        {"interval": "1h", "span": 3600.0, "sources": ["binance"]},
        "0.00000001",
        "2026-03-01T12:00:00+00:00",
        {"a": None},
    ]


def lines(out: Console) -> list[str]:
    """Return what was written, by lines."""
    return out.file.getvalue().splitlines()  # type: ignore[attr-defined]  # a StringIO in these tests


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_narrow_terminal_cuts_the_last_column_alone(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is wrapped, no line is wider than the terminal, and every figure stays whole."""
    import io

    out = Console(file=io.StringIO(), width=width, force_terminal=True, no_color=True)
    monkeypatch.setattr(show, "console", lambda: out)
    rows = [(f"source_{n}", f"{n:,}", "one, two, three, four, five, six, seven, eight, nine, ten") for n in (7, 123456)]
    show.put(out, show.table(("source", "calls", "serves"), rows, right=(1,)))
    shown = [Text.from_ansi(line).plain for line in lines(out)]
    assert len(shown) == 3
    assert all(len(line) <= width and line == line.rstrip() for line in shown)
    assert "123,456" in shown[2]
    assert shown[2].endswith("ten" if width == 120 else "…")


def test_what_is_no_terminal_gets_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Piped output is neither wrapped nor cut nor padded, however long a row is."""
    words = "word " * 100 + "end"
    show.put(show.console(), show.table(("a", "b"), [("x", words), ("y", "short")]))
    assert capsys.readouterr().out.splitlines() == ["a  b", f"x  {words}", "y  short"]


def test_an_origin_names_source_freshness_age_and_simulation() -> None:
    """One line says where an answer came from; the age is that of the data where the source gave it."""
    origin = nerkh.Provenance(
        source="kraken",
        freshness=nerkh.Freshness.STALE,
        receive_time=NOW,
        source_time=NOW - timedelta(minutes=5),
        simulated=True,
    )
    assert show.origin(origin, NOW).plain == "from kraken · stale · 5 min ago · simulated"
    assert show.attempts(origin) is None
