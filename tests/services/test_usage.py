"""How requests fared over a minute, five, an hour and a day: counted right, forgotten in time, bounded in memory."""

from __future__ import annotations

import sys
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from server.clock import VirtualClock
from server.model import RequestRecord
from server.services.requests import RequestLog
from server.services.usage import WINDOWS, Usage, UsageBook
from server.services.usage_slots import MethodCounts, Slot

PRICE = "nerkh.v1.MarketService/GetPrice"
ALL = tuple(WINDOWS)


def record(clock: VirtualClock, code: str = "OK", latency_s: float = 0.01, **parts: Any) -> RequestRecord:
    """Return a request that was answered now."""
    return RequestRecord(parts.pop("method", PRICE), clock.now(), latency_s, code, **parts)


def counted(book: UsageBook | RequestLog) -> dict[str, int]:
    """Return how many requests each window holds."""
    return {usage.window: usage.total.requests for usage in book.usage(ALL, "", 10)}


def only(book: UsageBook | RequestLog, window: str = "5m", method: str = "", top: int = 10) -> Usage:
    """Return one window."""
    (usage,) = book.usage([window], method, top)
    return usage


def test_each_end_of_a_request_is_counted_as_what_it_is() -> None:
    """Answered, refused for what was asked, failed, given up; of the answers: cached, fallback, old."""
    clock = VirtualClock()
    book = UsageBook(clock)
    for code in ("NOT_FOUND", "INVALID_ARGUMENT", "UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "CANCELLED"):
        book.take(record(clock, code), clock.monotonic(), 0.01)
    for freshness, fallback in (("live", False), ("live", True), ("cached", False), ("stale", True), ("stored", True)):
        book.take(record(clock, freshness=freshness, fallback=fallback), clock.monotonic(), 0.01)
    total = only(book).total
    assert (total.requests, total.ok, total.refused, total.failed, total.cancelled) == (11, 5, 2, 3, 1)
    assert (total.sourced, total.cached, total.fallback, total.old) == (5, 1, 3, 2)


def test_requests_leave_each_window_in_time() -> None:
    """A window holds what ended within its span, and a slot's length more at most; a day later nothing is left."""
    clock = VirtualClock()
    book = UsageBook(clock)
    book.take(record(clock), clock.monotonic(), 0.01)
    left: dict[str, float] = {}
    while len(left) < len(WINDOWS):
        for window, count in counted(book).items():
            assert count in (0, 1)
            if count == 0:
                left.setdefault(window, clock.monotonic())
        clock.advance(5)
    slots = {"1m": 10, "5m": 10, "1h": 120, "24h": 1800}
    for window, span_s in WINDOWS.items():
        assert span_s <= left[window] <= span_s + slots[window] + 5


def test_a_window_says_from_when_to_when_it_is() -> None:
    """From the beginning of its oldest slot, and from the start of the service while that is later."""
    clock = VirtualClock()
    clock.advance(1003)
    book = UsageBook(clock)
    started = clock.now()
    clock.advance(20)
    assert {usage.start_time for usage in book.usage(ALL, "", 1)} == {started}
    clock.advance(500)
    usage = only(book, "1m")
    assert usage.end_time == clock.now()
    assert timedelta(seconds=60) <= usage.end_time - usage.start_time < timedelta(seconds=70)


@pytest.mark.parametrize("seed", range(5))
def test_windows_hold_what_a_full_list_holds(seed: int) -> None:
    """However requests and idle hours alternate, each window counts exactly those that ended since it began."""
    clock, random = VirtualClock(), Random(seed)  # noqa: S311 -- one seed, one history
    log, ended = RequestLog(clock, size=20), []
    repeated = record(clock, freshness="cached")
    for _ in range(400):
        clock.advance(random.choice((0.1, 1.0, 7.0, 40.0, 400.0, 5000.0)))
        for _ in range(random.randrange(1, 40)):
            if random.random() < 0.7:
                log.repeat(repeated, clock.monotonic())
            else:
                log.add(record(clock))
            ended.append(clock.now())
        if random.random() < 0.3:
            for usage in log.usage(ALL, "", 10):
                assert usage.total.requests == sum(time >= usage.start_time for time in ended), usage.window


def test_repeats_count_like_the_answer_that_they_repeat() -> None:
    """Each with its method, asset and freshness; as quick as can be told; the first answer itself counts once."""
    clock = VirtualClock()
    log = RequestLog(clock, size=50)
    first = record(clock, latency_s=0.1, asset="bitcoin", freshness="cached")
    other = record(clock, latency_s=0.1, asset="ethereum", freshness="cached")
    log.add(first)
    log.add(other)
    for _ in range(300):
        log.repeat(first, clock.monotonic())
        log.repeat(other, clock.monotonic())
    usage = only(log)
    assert (usage.total.requests, usage.total.cached, log.total) == (602, 602, 602)
    assert usage.assets == (("bitcoin", 301), ("ethereum", 301))
    assert usage.total.quantile_s(0.5) == pytest.approx(0.0001)
    assert only(log).total.requests == 602


def test_what_is_meant_to_last_is_counted_and_not_timed() -> None:
    """A stream of an hour says nothing of latency."""
    clock = VirtualClock()
    log = RequestLog(clock)
    log.add(record(clock, latency_s=3600.0), timed=False)
    assert only(log).total.requests == 1
    assert only(log).total.quantile_s(0.99) is None


def test_quantiles_are_at_most_a_fifth_too_high_and_never_too_low() -> None:
    """Over latencies of five orders of magnitude, against the exact ones."""
    clock, random = VirtualClock(), Random(1)  # noqa: S311 -- one seed, one history
    counts = MethodCounts()
    latencies = sorted(10 ** random.uniform(-4, 1.5) for _ in range(2000))
    for latency_s in latencies:
        counts.take(record(clock), 1, latency_s)
    for share in (0.5, 0.95, 0.99):
        exact = latencies[int(share * 2000) - 1]
        found = counts.quantile_s(share)
        assert found is not None
        assert exact <= found <= exact * 1.19
    counts.take(record(clock), 1, 1e9)
    longest = counts.quantile_s(1.0)
    assert longest is not None
    assert longest > 90


def test_methods_assets_and_chains_stand_by_how_often_they_were_asked_for() -> None:
    """The most first, so many as asked for, the rest as other; one method alone where it is named."""
    clock = VirtualClock()
    book = UsageBook(clock)
    for number, asset in enumerate("abcde"):
        parts = {"method": f"m/{asset}", "asset": asset, "chain": "ethereum"}
        for _ in range(number + 1):
            book.take(record(clock, **parts), clock.monotonic(), 0.01)
    usage = only(book, top=2)
    assert [name for name, _ in usage.methods] == ["m/e", "m/d"]
    assert usage.assets == (("e", 5), ("d", 4), ("other", 6))
    assert usage.chains == (("ethereum", 15),)
    assert [(name, counts.requests) for name, counts in only(book, method="m/b").methods] == [("m/b", 2)]


def test_many_distinct_assets_and_methods_take_no_more_room_than_a_few() -> None:
    """A day of ever new names keeps every slot within its bound, counts all of them, and still names the busiest."""
    clock = VirtualClock()
    book = UsageBook(clock, names=20)
    number = 0
    for _ in range(24 * 6):
        for _ in range(50):
            book.take(record(clock, asset="bitcoin", chain="bitcoin"), clock.monotonic(), 0.01)
            number += 1
            made_up = {"asset": f"asset{number}", "chain": f"chain{number}", "method": f"method{number}"}
            book.take(record(clock, **made_up), clock.monotonic(), 0.01)
        clock.advance(600)
    slots = [slot for ring in book._rings for _, slot in ring._slots]
    assert len(slots) <= 31 + 31 + 49
    for slot in slots:
        assert max(len(slot.assets), len(slot.chains)) <= 20
        assert len(slot.methods) <= 20 + 1
    usage = only(book, "24h", top=3)
    assert usage.assets[0] == ("bitcoin", 24 * 6 * 50)
    assert usage.assets[-1][0] == "other"
    assert sum(count for _, count in usage.assets) == usage.total.requests == 2 * 24 * 6 * 50


def test_a_slot_keeps_what_counts_most_when_another_is_added() -> None:
    """Names of little use give way, and count as other."""
    clock = VirtualClock()
    slot, more = Slot(2), Slot(2)
    for name, times in (("a", 1), ("b", 5)):
        slot.take(record(clock, asset=name), times, None)
    more.take(record(clock, asset="c"), 3, None)
    slot.add(more)
    assert (slot.assets, slot.other_assets) == ({"b": 5, "c": 3}, 1)


def test_a_slot_is_small() -> None:
    """The histogram of one method takes less than a kilobyte: a day of all methods fits in a few megabytes."""
    assert sys.getsizeof(MethodCounts()._latencies) < 1024
