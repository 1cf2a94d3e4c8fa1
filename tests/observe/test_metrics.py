"""Metrics: counted, budgeted, shown."""

from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request
from collections.abc import Iterator

import pytest

from server.observe.metrics import Exposition, LabelBudget, Metrics, Sample


def test_calls_are_counted_and_timed() -> None:
    """The quick way and the whole way count into the same series; the whole way alone is timed."""
    metrics = Metrics()
    metrics.count_call("a/b", "OK", 0.2)
    metrics.count_call("a/b", "NOT_FOUND", 0.2)
    tally = metrics.tally("a/b")
    value = metrics.registry.get_sample_value
    for expected in (4, 7):
        tally.count += 3
        assert value("nerkh_calls_total", {"method": "a/b", "code": "OK"}) == expected
    assert value("nerkh_call_seconds_count", {"method": "a/b"}) == 2
    metrics.stream("a/c", 1)
    metrics.stream("a/c", -1)
    assert value("nerkh_streams", {"method": "a/c"}) == 0


def test_a_scrape_takes_nothing_away_from_a_tally() -> None:
    """The loop alone writes it: a scrape between its reading and its writing a number would lose calls else."""
    metrics = Metrics()
    tally = metrics.tally("a/b")
    read = tally.count
    tally.count = read + 5
    value = metrics.registry.get_sample_value
    assert value("nerkh_calls_total", {"method": "a/b", "code": "OK"}) == 5
    assert value("nerkh_calls_total", {"method": "a/b", "code": "OK"}) == 5
    assert tally.count == 5


def test_a_budget_of_labels_ends_in_other() -> None:
    """New values beyond the budget are one value; known ones stay themselves."""
    budget = LabelBudget(2)
    assert [budget(value, "x") for value in "abcab"] == [
        ("a", "x"),
        ("b", "x"),
        ("other", "other"),
        ("a", "x"),
        ("b", "x"),
    ]
    assert budget.over == 1


def test_readings_are_asked_on_scrape_within_the_budget() -> None:
    """Counters and gauges with and without labels; what is beyond the budget is summed up as other, and counted."""
    metrics = Metrics(series=3)

    def read() -> Iterator[Sample]:
        yield Sample("nerkh_plain", "Plain.", 5)
        yield Sample("nerkh_rising", "Rising.", 7, counter=True)
        for number in range(10):
            yield Sample("nerkh_many", "Many.", number, (("source", str(number)),))

    metrics.read(read)
    value = metrics.registry.get_sample_value
    assert value("nerkh_plain") == 5
    assert value("nerkh_rising_total") == 7
    assert [value("nerkh_many", {"source": str(number)}) for number in range(4)] == [0, 1, 2, None]
    assert value("nerkh_many", {"source": "other"}) == sum(range(3, 10))
    before = value("nerkh_metric_overflow_total", {"metric": "nerkh_many"})
    assert before is not None
    assert value("nerkh_metric_overflow_total", {"metric": "nerkh_many"}) == before + 7


def test_made_up_names_cannot_grow_the_page() -> None:
    """A thousand methods and a thousand sources make as many series as the budget allows, and one for all others."""
    metrics, most = Metrics(series=100), 100

    def read() -> Iterator[Sample]:
        for number in range(1000):
            yield Sample("nerkh_many", "Many.", 1, (("source", f"source{number}"), ("kind", "price")), counter=True)

    metrics.read(read)
    for number in range(1000):
        metrics.count_call(f"made.up/Method{number}", "OK", 0.1)
        metrics.stream(f"made.up/Method{number}", 1)
        metrics.tally(f"made.up/Method{number}").count += 1
    series = {family.name: len(family.samples) for family in metrics.registry.collect() if "nerkh" in family.name}
    created = 2  # prometheus_client tells beside a counter and a histogram when each was made
    others = {"nerkh_call_seconds": 20}
    assert {name for name, count in series.items() if count > created * (most + others.get(name, 1))} == set()
    value = metrics.registry.get_sample_value
    other = {"method": "other", "code": "other"}
    assert value("nerkh_calls_total", other) == 2 * (1000 - most)
    assert value("nerkh_streams", {"method": "other"}) == 1000 - most
    assert value("nerkh_many_total", {"source": "other", "kind": "other"}) == 1000 - most
    assert value("nerkh_metric_overflow_total", {"metric": "nerkh_streams"}) == 1000 - most


async def test_readings_are_taken_on_the_loop_where_they_were_added() -> None:
    """A scrape runs in a thread; the engine's figures change on the loop, and are read there and nowhere else."""
    metrics, threads = Metrics(), []

    def read() -> Iterator[Sample]:
        threads.append(threading.get_ident())
        yield Sample("nerkh_plain", "Plain.", 5)

    metrics.read(read)
    value = metrics.registry.get_sample_value
    assert await asyncio.to_thread(value, "nerkh_plain") == 5
    assert value("nerkh_plain") == 5
    assert threads == [threading.get_ident()] * 2


def test_a_scrape_after_the_loop_has_ended_leaves_its_readings_out() -> None:
    """The listener outlives the loop by a moment; what is counted is shown all the same."""
    metrics = Metrics()

    async def add() -> None:
        metrics.read(lambda: (Sample("nerkh_plain", "Plain.", 5),))

    asyncio.run(add())
    metrics.count_call("a/b", "OK", 0.2)
    value = metrics.registry.get_sample_value
    assert value("nerkh_plain") is None
    assert value("nerkh_calls_total", {"method": "a/b", "code": "OK"}) == 1


def test_metrics_are_shown_over_http_until_it_is_closed() -> None:
    """The page holds the process's own figures too; a taken port is an OSError."""
    metrics = Metrics()
    metrics.count_call("a/b", "OK", 0.2)
    exposition = Exposition(metrics, "127.0.0.1", 0)
    try:
        with urllib.request.urlopen(exposition.url, timeout=5) as page:  # noqa: S310 -- loopback
            text = page.read().decode()
        assert 'nerkh_calls_total{code="OK",method="a/b"} 1.0' in text
        assert "process_resident_memory_bytes" in text
        port = int(exposition.url.rsplit(":", 1)[1].split("/")[0])
        with pytest.raises(OSError, match="in use"):
            Exposition(metrics, "127.0.0.1", port)
    finally:
        exposition.close()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
