"""Recorded answers of real sources, served by the simulator: Nerkh answers from them and stores them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from scripts.benchmarks.measures import nerkh_up
from scripts.benchmarks.processes import started
from tests.whole.running import Nerkh

FIXTURES = os.environ.get("NERKH_FIXTURES", "")
pytestmark = pytest.mark.skipif(
    not FIXTURES, reason="NERKH_FIXTURES names no folder of recorded answers of real sources"
)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nerkh]:
    """Start `nerkh up --simulate --replay` on the recorded answers.

    Most were recorded of one source alone, whose limit may be spent by what asked it beside another that was late.
    """
    data = tmp_path_factory.mktemp("replay")
    with started(["env", "NERKH_HEED_LIMITS=false", *nerkh_up(str(data)), "--replay", FIXTURES]) as (process, ready):
        yield Nerkh(process.pid, Path(data), ready)


ANSWERED = (
    "/v1/prices/BTC",
    "/v1/prices/ETH",
    "/v1/prices?pageSize=5",
    "/v1/candles/BTC?interval=5m&pageSize=5",
    "/v1/marketOverview",
    "/v1/trendingAssets",
    "/v1/fearGreedIndex",
    "/v1/articles?pageSize=3",
    "/v1/chains/bitcoin/gasPrice",
    "/v1/chains/ethereum/gasPrice",
    "/v1/chains/ethereum/addresses/0x3C69Bc9B9681683890ad82953Fe67d13Cd91D5EE/balance",
    "/v1/chains/bitcoin/addresses/1wiz18xYmhRX6xStj2b9t1rwWX4GKUgpv/balance",
    "/v1/chains/bitcoin/transactions/4a367acdeeaaf4bca2d9ae81d4cf4c42ac0f8131f52dc53222ff17189e2099b1",
)


@pytest.mark.parametrize("path", ANSWERED)
def test_recorded_answers_are_served(replayed: Nerkh, path: str) -> None:
    """What was recorded of a real source is answered, marked as simulated."""
    status, body = replayed.get(path)
    assert status == 200, json.dumps(body)
    assert '"simulated": true' in json.dumps(body)


def test_a_recorded_price_is_old_and_says_so(replayed: Nerkh) -> None:
    """A recorded price with its source's own time is answered as STALE, with that time."""
    price = replayed.get("/v1/prices/ETH")[1]["price"]
    assert price["provenance"]["freshness"] == "FRESHNESS_STALE"
    assert price["provenance"]["sourceTime"] < "2026"


def test_recorded_answers_are_stored(replayed: Nerkh) -> None:
    """Soon after, the recorded price is in the database: history lists it with its source."""
    price = replayed.get("/v1/prices/ETH")[1]["price"]
    points: list[dict[str, str]] = []
    for _ in range(50):
        points = replayed.get("/v1/history/prices/ETH?pageSize=50")[1]["points"]
        if any(Decimal(point["value"]) == Decimal(price["value"]) for point in points):
            break
        time.sleep(0.1)
    assert any(
        Decimal(point["value"]) == Decimal(price["value"]) and point["source"] == price["provenance"]["source"]
        for point in points
    )
