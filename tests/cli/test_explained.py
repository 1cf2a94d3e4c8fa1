"""`nerkh explain`: what a newcomer reads, from a fake service and from one whose sources are out."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nerkh as client
import pytest
from nerkh.testing import FakeServer

from server.cli.explained import _PARTS

from .conftest import Command

NOW = datetime.now(UTC)
FIRST = client.RoutedSource(
    source="coinbase",
    tier=client.Tier.CRITICAL,
    place=client.RoutePlace.ASKED,
    position=1,
    score=0.83,
    score_parts=(
        client.ScorePart(name="error_ratio", measured=0.02, weight=4.0, penalty=0.08),
        client.ScorePart(name="latency_p70_s", measured=0.12, weight=1.0, penalty=0.12),
        client.ScorePart(name="lag_s", measured=0.0, weight=1.0, penalty=0.0),
    ),
    state=client.SourceState.ACTIVE,
    circuit_breaker=client.CircuitBreaker(source="coinbase", kind="price", state=client.BreakerState.CLOSED),
    last_attempt=client.LastAttempt(
        attempt_time=NOW - timedelta(hours=30), outcome=client.Outcome.OK, latency_ms=120.0
    ),
    sentence="first: tier CRITICAL and the best score of 3 (98 % success, 0.12 s at p70)",
)
OUT = client.RoutedSource(
    source="kraken",
    tier=client.Tier.HIGH,
    place=client.RoutePlace.EXCLUDED,
    state=client.SourceState.FAILED,
    circuit_breaker=client.CircuitBreaker(source="kraken", kind="price", state=client.BreakerState.HALF_OPEN),
    excluded_reason="circuit open",
    last_attempt=client.LastAttempt(
        attempt_time=NOW, outcome=client.Outcome.TIMEOUT, latency_ms=900.0, detail="no answer within 0.90 s"
    ),
    sentence="out: circuit open after 5 failures in a row (timeout); tried again in 42 s",
)
FAR = client.RoutedSource(
    source="coinlore", tier=client.Tier.LOW, place=client.RoutePlace.UNREACHED, sentence="not reached: too far behind"
)
GAP = client.RoutedSource(
    source="mempool",
    tier=client.Tier.LOW,
    place=client.RoutePlace.UNCOVERED,
    uncovered_reason="does not know bitcoin",
    sentence="not for this: it does not know bitcoin",
)
ROUTE = client.Route(
    kind="price",
    question="price of bitcoin in USD",
    summary="price of bitcoin in USD: 1 of 2 sources can be asked now; coinbase is asked first",
    sources=(FIRST, OUT, FAR, GAP),
    computed_time=NOW,
)


def test_each_source_stands_under_its_heading_with_its_sentence(ask: Command, service: FakeServer) -> None:
    """The order first, then who is out, who is too far behind and who is not for this, each with what it rests on."""
    service.answer("ExplainRoute", ROUTE)
    ended = ask("explain", "price", "--asset", "BTC")
    assert (ended.status, ended.err) == (0, "")
    lines = [line.strip() for line in ended.out.splitlines()]
    assert lines[0] == ROUTE.summary
    headings = ["asked, in this order", "out now", "too far behind to be asked", "not for this question"]
    assert [line for line in lines if line in headings] == headings
    assert f"1  coinbase  {FIRST.sentence}" in lines
    rests = "critical · score 0.83 = 1/(1 + 0.08 for failures + 0.12 for latency) · active"
    assert f"{rests} · last attempt 30 h ago: ok, 120 ms" in lines
    assert f"kraken  {OUT.sentence}" in lines
    (circuit,) = [line for line in lines if "circuit half-open · last attempt " in line]
    assert circuit.endswith(": timeout (no answer within 0.90 s), 900 ms")
    assert "mempool  does not know bitcoin" in lines
    assert lines.index("out now") > lines.index(f"1  coinbase  {FIRST.sentence}")
    assert "the cache answers" not in ended.out


def test_a_cached_answer_is_told_first(ask: Command, service: FakeServer) -> None:
    """Whoever wonders why nobody is asked reads that the cache answers, and for how long."""
    held = {"cache_expire_time": NOW + timedelta(days=9), "sources": (GAP,)}
    service.answer("ExplainRoute", client.Route(kind="price", question="", summary="", **held))  # type: ignore[arg-type]  # a mix of fields
    out = ask("explain", "price", "--asset", "BTC").out
    assert re.search(r"the cache answers for another 77\d{4} s", out)
    assert "asked, in this order" not in out


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        (["price", "--asset", "BTC"], {"kind": "price", "asset": "BTC"}),
        (
            ["candles", "--asset", "BTC", "--interval", "3m", "--quote", "EUR"],
            {"kind": "candles", "asset": "BTC", "interval": "3m", "quote": "EUR"},
        ),
        (["gas", "--chain", "ethereum"], {"kind": "gas", "chain": "ethereum"}),
        (["news"], {"kind": "news"}),
    ],
)
def test_the_question_travels_as_it_was_asked(
    ask: Command, service: FakeServer, words: list[str], request_: dict[str, Any]
) -> None:
    """Nothing is added to what was said: the service knows what is usual."""
    service.answer("ExplainRoute", ROUTE)
    assert ask("explain", *words).status == 0
    assert service.calls[0].request == request_


def test_programs_read_it_as_json(ask: Command, service: FakeServer) -> None:
    """One text on one line, with every sentence."""
    service.answer("ExplainRoute", ROUTE)
    ended = ask("explain", "price", "--asset", "BTC", "--json")
    assert ended.out.count("\n") == 1
    found = json.loads(ended.out)
    assert [each["sentence"] for each in found["sources"]] == [each.sentence for each in ROUTE.sources]


def test_a_wrong_question_is_one_line_and_wrong_use(ask: Command, service: FakeServer) -> None:
    """What would be right is said, with status 2."""
    service.fail("ExplainRoute", client.InvalidArgument("kind: 'weather' is not valid; expected one of price, gas"))
    ended = ask("explain", "weather")
    assert (ended.status, ended.out) == (2, "")
    assert "expected one of price, gas" in ended.err


def test_every_penalty_of_a_score_is_documented() -> None:
    """Those that the command names, by these names."""
    document = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    assert set(_PARTS.values()) == {name for name in _PARTS.values() if f'"{name}"' in document}
