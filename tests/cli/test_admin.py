"""`nerkh admin` and `nerkh incidents`: the token is read in the data folder, and what was done is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nerkh as client
import pytest
from nerkh.testing import FakeServer

from server.rpc.operators import operators_token

from .conftest import Command, Ended

Operate = Callable[..., Ended]
DONE = client.SourceDecision(
    source=client.Source(
        id="kraken",
        name="Kraken",
        state=client.SourceState.DISABLED,
        excluded_reason="disabled by an operator: lies",
    ),
    stored=True,
)
RESTING = client.EgressRoute(
    name="proxy1",
    kind=client.EgressKind.SOCKS5,
    quarantined_host_count=2,
    quarantine_end_time=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
    test_detail="proxy: no connection",
)


@pytest.fixture
def operate(nerkh: Command, service: FakeServer, tmp_path: Path) -> Operate:
    """Give `nerkh admin`, asking the fake service with the token of a folder."""
    operators_token(tmp_path)
    port = service.target.rpartition(":")[2]
    return lambda *words: nerkh("admin", *words, "--data", str(tmp_path), "--admin-port", port)


@pytest.mark.parametrize(
    ("words", "method", "answer", "asked", "shown"),
    [
        (
            ["disable", "kraken", "--reason", "lies"],
            "DisableSource",
            DONE,
            {"source": "kraken", "reason": "lies"},
            "kraken is disabled (disabled by an operator: lies)",
        ),
        (["enable", "kraken"], "EnableSource", DONE, {"source": "kraken"}, "kraken is disabled"),
        (
            ["reset", "kraken", "price"],
            "ResetCircuitBreaker",
            DONE,
            {"source": "kraken", "kind": "price"},
            "kraken is disabled",
        ),
        (
            ["remove-failed"],
            "RemoveFailedSources",
            client.RemovedSources(sources=("a", "b"), stored=True),
            {},
            "removed: a, b",
        ),
        (
            ["remove-failed"],
            "RemoveFailedSources",
            client.RemovedSources(sources=("a", "b")),
            {},
            "removed: a, b; the database is away, the decision is stored as soon as it is back",
        ),
        (["remove-failed"], "RemoveFailedSources", client.RemovedSources(stored=True), {}, "no source fails now"),
        (
            ["cache"],
            "GetCacheStats",
            client.CacheStats(
                entry_count=7,
                kinds=(
                    client.KindCacheStats(kind="price", entry_count=7, hit_count=3000, miss_count=1000, hit_ratio=0.75),
                ),
            ),
            {},
            "3,000",
        ),
        (
            ["warm", "BTC", "FOO", "--quote", "EUR"],
            "WarmCache",
            client.WarmedCache(assets=("bitcoin",), failures=(client.WarmFailure(asset="FOO", message="no asset"),)),
            {"assets": ["BTC", "FOO"], "quote": "EUR"},
            "cached: bitcoin\nFOO: no asset",
        ),
        (["egress"], "ListEgressRoutes", [RESTING], {}, "proxy: no connection"),
        (
            ["test-egress", "proxy1"],
            "TestEgressRoute",
            RESTING,
            {"egress_route": "proxy1"},
            "proxy1 does not work: proxy: no connection; it rests until 12:30:00 UTC",
        ),
        (
            ["test-egress", "proxy1"],
            "TestEgressRoute",
            client.EgressRoute(name="proxy1", healthy=True, latency_ms=12.4),
            {"egress_route": "proxy1"},
            "proxy1 works (latency 12 ms)",
        ),
    ],
)
def test_what_operators_do_is_asked_and_told(  # noqa: PLR0917 -- a row of the table above
    operate: Operate,
    service: FakeServer,
    tmp_path: Path,
    words: list[str],
    method: str,
    answer: Any,
    asked: dict[str, Any],
    shown: str,
) -> None:
    """Each command asks its one call with the folder's token, and says what came of it; `--json` for programs."""
    service.answer(method, answer)
    ended = operate(*words)
    assert (ended.status, ended.err) == (0, "")
    assert shown in ended.out
    (call,) = service.calls
    assert (call.method, call.request) == (method, asked)
    assert call.metadata["authorization"] == f"Bearer {(tmp_path / 'admin.token').read_text().strip()}"
    assert json.loads(operate(*words, "--json").out)


@pytest.mark.parametrize(
    ("told_all", "later"),
    [(True, ""), (False, "; other processes could not be told yet, they are told when Redis is back")],
)
def test_the_cache_is_emptied_by_what_is_named(
    operate: Operate, service: FakeServer, told_all: bool, later: str
) -> None:
    """Options that are given again all count; who could not be told of it is said."""
    service.answer("InvalidateCache", client.InvalidatedCache(dropped_count=1234, told_all=told_all))
    ended = operate("invalidate", "--kind", "price", "--kind", "gas", "--chain", "ethereum")
    assert (ended.status, ended.out) == (0, f"1,234 answers dropped{later}\n")
    assert service.calls[0].request == {"kinds": ["price", "gas"], "chains": ["ethereum"]}
    told = json.loads(operate("invalidate", "--all", "--json").out)
    assert told == {"dropped_count": 1234, "told_all": told_all}
    assert service.calls[1].request == {"all": True}


def test_ways_out_read_well(operate: Operate, service: FakeServer) -> None:
    """One row each: what it is, whether it works, and what is the matter; a dash for what is not known."""
    direct = client.EgressRoute(name="direct", kind=client.EgressKind.DIRECT, healthy=True, latency_ms=80.4)
    service.answer("ListEgressRoutes", [direct, RESTING])
    lines = [" ".join(line.split()) for line in operate("egress").out.splitlines()]
    assert lines[1:] == [
        "direct direct yes 80 0 - -",
        "proxy1 socks5 no - 2 2026-03-01 12:30:00 - proxy: no connection",
    ]


def test_a_decision_that_is_not_stored_yet_says_so(operate: Operate, service: FakeServer) -> None:
    """It holds, and whoever decided knows that a restart before the database is back forgets it."""
    service.answer("DisableSource", client.SourceDecision(source=DONE.source))
    assert "the database is away" in operate("disable", "kraken", "--reason", "lies").out


def test_without_a_token_it_says_which_folder_to_name(nerkh: Command, tmp_path: Path) -> None:
    """One line, nothing is made, and a token that is refused is one line as well."""
    ended = nerkh("admin", "cache", "--data", str(tmp_path / "none"))
    assert (ended.status, ended.err.count("\n")) == (69, 1)
    assert "--data" in ended.err
    assert not (tmp_path / "none").exists()
    wanting = nerkh("admin", "disable", "kraken")
    assert wanting.status == 2
    assert "--reason" in wanting.err


def test_who_does_not_answer_is_named(nerkh: Command, tmp_path: Path) -> None:
    """The port and the option that changes it."""
    operators_token(tmp_path)
    ended = nerkh("admin", "cache", "--data", str(tmp_path), "--admin-port", "1")
    assert ended.status == 69
    assert "127.0.0.1:1 does not answer" in ended.err
    assert "--admin-port" in ended.err


def test_incidents_read_well(ask: Command, service: FakeServer) -> None:
    """From when until when, what and why; one that lasts says so."""
    began = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    cause = client.IncidentCause
    service.answer(
        "ListSourceIncidents",
        [
            client.SourceIncident(source="kraken", cause=cause.DOWN, start_time=began, kind="price", reason="timeout"),
            client.SourceIncident(
                source="kraken",
                cause=cause.CONTRADICTED,
                start_time=began,
                end_time=began,
                reason="jumped",
                occurrence_count=3,
            ),
        ],
        source="kraken",
    )
    ended = ask("incidents", "kraken")
    assert (ended.status, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert "2026-03-01 12:30:00 lasts down 1 price timeout" in lines
    assert "2026-03-01 12:30:00 2026-03-01 12:30:00 contradicted 3 all jumped" in lines
    assert json.loads(ask("incidents", "kraken", "--json").out)[1]["occurrence_count"] == 3
    service.answer("ListSourceIncidents", [], source="binance")
    assert "nothing is known" in ask("incidents", "binance").out
