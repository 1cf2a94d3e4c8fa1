"""The ring of recent requests."""

from __future__ import annotations

from datetime import timedelta

import grpc
import pytest

from server.clock import VirtualClock
from server.model import RequestRecord
from server.services.requests import RequestLog


def record(clock: VirtualClock, method: str, code: str = "OK") -> RequestRecord:
    """Return a request that was answered now."""
    return RequestRecord(method, clock.now(), 0.01, code)


def test_the_newest_come_first_page_by_page() -> None:
    """Each once, also when new ones come between pages; the oldest fall out."""
    clock = VirtualClock()
    log = RequestLog(clock, size=5)
    for number in range(7):
        log.add(record(clock, str(number)))
    first, cursor = log.newest(None, 2, lambda _: True)
    log.add(record(clock, "new"))
    second, last = log.newest(cursor, 10, lambda _: True)
    assert [each.method for each in (*first, *second)] == ["6", "5", "4", "3"]
    assert last is None
    assert (log.total, log.failed) == (8, 0)


def test_a_filter_passes_over_what_is_not_wanted() -> None:
    """A page is full of wanted ones, however many others lie between."""
    clock = VirtualClock()
    log = RequestLog(clock)
    for number in range(10):
        log.add(record(clock, str(number), "OK" if number % 3 else "NOT_FOUND"))
    found, cursor = log.newest(None, 2, lambda each: each.code == "NOT_FOUND")
    assert [each.method for each in found] == ["9", "6"]
    rest, _ = log.newest(cursor, 10, lambda each: each.code == "NOT_FOUND")
    assert [each.method for each in rest] == ["3", "0"]
    assert log.failed == 0


@pytest.mark.parametrize("code", [code.name for code in grpc.StatusCode])
def test_failed_is_what_the_usage_figures_call_so(code: str) -> None:
    """What a caller asked wrongly is refused, and no failure of the service; both counts say the same."""
    clock = VirtualClock()
    log = RequestLog(clock)
    log.add(record(clock, "GetPrice", code))
    (usage,) = log.usage(["1m"], "", 1)
    assert log.failed == usage.total.failed
    assert log.failed == (code in {"INTERNAL", "UNKNOWN", "DATA_LOSS", "UNAVAILABLE", "DEADLINE_EXCEEDED"})


def test_a_repeated_answer_has_its_own_time() -> None:
    """What was answered from ready bytes is listed when it was, not when it was made."""
    clock = VirtualClock()
    log = RequestLog(clock)
    made = record(clock, "GetPrice")
    log.add(made)
    clock.advance(3)
    log.repeat(made, clock.monotonic())
    clock.advance(2)
    (latest, first), _ = log.newest(None, 10, lambda _: True)
    assert latest.time - first.time == timedelta(seconds=3)
