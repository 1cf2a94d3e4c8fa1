"""The short forms of the outages on purpose; `scripts/chaos --full` runs the long ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scripts.benchmarks.measures import nerkh_up
from scripts.benchmarks.processes import started
from scripts.outages import kills, leaders, malformed
from tests.whole.running import Nerkh


def test_malformed_requests_are_told_what_is_wrong(nerkh: Nerkh) -> None:
    """No malformed request over any RPC or path ends as INTERNAL or UNKNOWN, or breaks the error shape."""
    verdict = malformed.Verdict()
    host, _, port = str(nerkh.ready["http"]).removeprefix("http://").partition(":")
    asyncio.run(malformed.over_grpc(nerkh.grpc, 250, 3, verdict))
    asyncio.run(malformed.over_http(host, int(port), 250, 4, verdict))
    assert not verdict.broken
    assert verdict.statuses["grpc INVALID_ARGUMENT"] > 50
    assert verdict.statuses["http 400"] > 50


def test_after_a_kill_the_next_start_is_ready(tmp_path: Path) -> None:
    """SIGKILL of anything at random moments, the first start included, never hinders the next start."""
    seen = kills.run(tmp_path, 3, 11)
    assert [kill for kill in seen if kill.ready_s is None] == []


@pytest.mark.parametrize("fault", ["hang", "fail", "lie"])
def test_calls_go_on_when_the_leading_sources_are_struck(tmp_path: Path, fault: str) -> None:
    """With the leading source of every kind struck, every kind goes on answering and shows its attempts."""
    with started(nerkh_up(str(tmp_path / "data"))) as (_, ready):
        assert leaders.struck(str(ready["http"]), str(ready["simulator"]), fault) == []


def test_what_was_seen_is_still_answered_when_all_sources_are_dead(tmp_path: Path) -> None:
    """With every source dead, each kind that was seen is answered, and none is called LIVE."""
    with started(nerkh_up(str(tmp_path / "data"))) as (_, ready):
        assert leaders.silenced(str(ready["http"]), str(ready["simulator"])) == []
