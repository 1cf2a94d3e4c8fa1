"""Routes explained and usage told by the running service: what is asked, what is refused, and what is never shown."""

from __future__ import annotations

import re
import urllib.request
from typing import Any

import pytest
from nerkh.v1 import monitoring_pb2

from server.model import Kind
from tests.services.serving import ROOT, Nerkh
from tests.services.test_market import refused

ASKED = monitoring_pb2.ROUTE_PLACE_ASKED
EXCLUDED = monitoring_pb2.ROUTE_PLACE_EXCLUDED
UNCOVERED = monitoring_pb2.ROUTE_PLACE_UNCOVERED

ASSET, CHAIN = {"asset": "BTC"}, {"chain": "eth"}
FIELDS = {Kind.PRICE: ASSET, Kind.CANDLES: ASSET} | dict.fromkeys(
    (Kind.GAS, Kind.BLOCK, Kind.CHAIN, Kind.BALANCE, Kind.TRANSACTIONS, Kind.TRANSACTION, Kind.WHALES), CHAIN
)


def test_the_route_of_a_price_stands_in_the_order_of_the_hierarchy(nerkh: Nerkh) -> None:
    """Positions count from 1 without a gap; each source has its sentence, its score and what that is made of."""
    route = nerkh("ExplainRoute", kind="price", asset="BTC").route
    asked = [each for each in route.sources if each.place == ASKED]
    assert [each.position for each in asked] == list(range(1, len(asked) + 1))
    order = nerkh.sources("price")
    assert [each.source for each in asked] == [name for name in order if name in {each.source for each in asked}]
    assert {each.source for each in route.sources} == set(order)
    assert asked[0].sentence.startswith("first: tier ")
    assert asked[0].source in route.summary
    for each in route.sources:
        assert each.score == pytest.approx(1 / (1 + sum(part.penalty for part in each.score_parts)))
        assert each.circuit_breaker.source == each.source
        assert each.HasField("position") == (each.place == ASKED)
        assert bool(each.excluded_reason) == (each.place == EXCLUDED)
        assert bool(each.uncovered_reason) == (each.place == UNCOVERED)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_can_be_explained(nerkh: Nerkh, kind: Kind) -> None:
    """With what it is about and nothing else; some source serves each, and the sentences begin with the place."""
    route = nerkh("ExplainRoute", kind=kind.value, **FIELDS.get(kind, {})).route
    assert route.kind == kind.value
    assert route.question
    starts = {ASKED: ("first:", "asked:"), EXCLUDED: ("out:",), UNCOVERED: ("not for this:",)}
    covering = [each for each in route.sources if each.place != UNCOVERED]
    assert covering
    for each in (covering[0], *[each for each in route.sources if each.place != ASKED]):
        assert each.sentence.startswith(starts[each.place]), each.sentence


def test_an_answer_that_is_cached_is_said_to_be(nerkh: Nerkh) -> None:
    """While it is fresh (the index for ten minutes) nobody is asked, and the route says until when."""
    nerkh("GetFearGreedIndex")
    route = nerkh("ExplainRoute", kind="fear_greed").route
    assert route.HasField("cache_expire_time")
    last = [each for each in route.sources if each.HasField("last_attempt")]
    assert last
    assert all(each.last_attempt.HasField("attempt_time") for each in last)


def test_what_no_source_serves_is_explained_too(nerkh: Nerkh) -> None:
    """Nobody is asked, and each source says what it lacks."""
    route = nerkh("ExplainRoute", kind="candles", asset="BTC", interval="1M", quote="JPY").route
    assert {each.place for each in route.sources} == {UNCOVERED}
    assert "no source serves it" in route.summary
    gap = nerkh("ExplainRoute", kind="gas", chain="bitcoin").route.sources[-1]
    assert (gap.place, gap.uncovered_reason.startswith("is not on bitcoin")) == (UNCOVERED, True)


def test_a_source_without_its_key_names_the_setting(nerkh: Nerkh) -> None:
    """A newcomer reads what to do."""
    sources = nerkh("ExplainRoute", kind="balance", chain="ethereum").route.sources
    (etherscan,) = [each for each in sources if each.source == "etherscan"]
    assert etherscan.place == EXCLUDED
    assert "set NERKH_KEY_ETHERSCAN" in etherscan.sentence
    assert not etherscan.HasField("retry_time")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({}, "INVALID_ARGUMENT", "kind"),
        ({"kind": "weather"}, "INVALID_ARGUMENT", "kind"),
        ({"kind": "price"}, "INVALID_ARGUMENT", "asset"),
        ({"kind": "gas"}, "INVALID_ARGUMENT", "chain"),
        ({"kind": "price", "asset": "BTC", "chain": "bitcoin"}, "INVALID_ARGUMENT", "chain"),
        ({"kind": "news", "asset": "BTC"}, "INVALID_ARGUMENT", "asset"),
        ({"kind": "price", "asset": "BTC", "interval": "1h"}, "INVALID_ARGUMENT", "interval"),
        ({"kind": "candles", "asset": "BTC", "interval": "7h"}, "INVALID_ARGUMENT", "interval"),
        ({"kind": "price", "asset": "BTC", "quote": "no quote"}, "INVALID_ARGUMENT", "quote"),
        ({"kind": "price", "asset": "bitcion"}, "NOT_FOUND", ""),
        ({"kind": "gas", "chain": "nochain"}, "NOT_FOUND", ""),
        ({"kind": "price", "asset": "B\nTC"}, "INVALID_ARGUMENT", "asset"),
    ],
)
def test_a_question_that_is_none_is_refused(nerkh: Nerkh, fields: dict[str, str], code: str, field: str) -> None:
    """What a kind needs, and what it does not take, is named with what would be right."""
    refusal = refused(nerkh, "ExplainRoute", **fields)
    assert (refusal.code, refusal.field) == (code, field)


def test_usage_counts_what_was_asked(nerkh: Nerkh) -> None:
    """Requests, answers, refusals and repeats of cached answers add up, by method, and the asset is among the top."""

    def taken() -> Any:
        (window,) = nerkh("GetUsageStats", windows=["5m"], method="nerkh.v1.MarketService/GetPrice").windows
        return window.methods[0] if window.methods else monitoring_pb2.MethodUsage()

    before = taken()
    for _ in range(5):
        nerkh("GetPrice", asset="LTC")
    refused(nerkh, "GetPrice", asset="a private word")
    after = taken()
    assert after.method == "nerkh.v1.MarketService/GetPrice"
    assert after.request_count - before.request_count == 6
    assert after.ok_count - before.ok_count == 5
    assert after.refused_count - before.refused_count == 1
    assert after.cached_count - before.cached_count >= 3
    assert 0 < after.latency_p50_ms <= after.latency_p95_ms <= after.latency_p99_ms
    assert 0 < after.cache_hit_ratio <= 1
    windows = nerkh("GetUsageStats", topCount=100).windows
    assert [window.window for window in windows] == ["1m", "5m", "1h", "24h"]
    for window in windows:
        assert window.total.request_count >= 6
        assert "litecoin" in {each.name for each in window.assets}
        assert window.start_time.ToNanoseconds() < window.end_time.ToNanoseconds()
    assert "private" not in str(windows)
    assert "127.0.0.1" not in str(windows)


@pytest.mark.parametrize(
    ("fields", "field"), [({"windows": ["1m", "7m"]}, "windows[1]"), ({"topCount": -1}, "top_count")]
)
def test_usage_that_is_not_kept_is_refused(nerkh: Nerkh, fields: dict[str, Any], field: str) -> None:
    """A window that there is not, and a number below zero."""
    assert refused(nerkh, "GetUsageStats", **fields).field == field


def test_the_document_names_each_metric_and_each_question(nerkh: Nerkh) -> None:
    """What the metrics page shows is in docs/monitoring.md, and nothing else but Redis; so is every RPC."""
    nerkh("GetPrice", asset="BTC")
    with urllib.request.urlopen(nerkh.app.addresses["metrics"], timeout=10) as page:  # noqa: S310 -- loopback
        shown = set(re.findall(r"^# TYPE (nerkh_\w+) ", page.read().decode(), re.MULTILINE))
    document = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(nerkh_\w+)` \|", document, re.MULTILINE))
    of_redis = {name for name in told if name.startswith(("nerkh_redis_", "nerkh_shared_"))}
    assert told - of_redis == {name for name in shown if not name.endswith("_created")}
    rpcs = monitoring_pb2.DESCRIPTOR.services_by_name["MonitoringService"].methods_by_name
    assert {name for name in rpcs if f"`{name}`" not in document} == set()
