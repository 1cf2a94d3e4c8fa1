"""What sources say of their limits in headers, in each of the spellings, and in none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.fallback.allowance import Allowance, allowances, names_in
from server.fallback.classify import retry_after_s
from server.providers.base import Reply

WALL_S = datetime(2026, 1, 1, 0, 0, 20, tzinfo=UTC).timestamp()


def read(**headers: str) -> list[Allowance]:
    """Read headers whose names are given with underscores."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return allowances(named, names_in(named), WALL_S)


@pytest.mark.parametrize(
    ("headers", "left", "limit", "reset_s", "span_s"),
    [
        ({"x_ratelimit_remaining": "7", "x_ratelimit_limit": "10", "x_ratelimit_reset": "30"}, 7, 10, 30, None),
        ({"x_rate_limit_remaining": "0", "x_rate_limit_reset": str(WALL_S + 90)}, 0, None, 90, None),
        ({"x_ratelimit_remaining": "1", "x_ratelimit_reset": str(int(WALL_S * 1000) + 500)}, 1, None, 0.5, None),
        ({"x_ratelimit_remaining": "1", "x_ratelimit_reset": "2026-01-01T00:01:20Z"}, 1, None, 60, None),
        ({"x_ratelimit_remaining": "1", "x_ratelimit_reset": "Thu, 01 Jan 2026 00:01:20 GMT"}, 1, None, 60, None),
        ({"x_ratelimit_remaining": "1", "x_ratelimit_reset": "soon"}, 1, None, None, None),
        ({"x_ratelimit_remaining_day": "55", "x_ratelimit_limit_day": "100"}, 55, 100, None, 86_400),
        ({"ratelimit_remaining": "3", "ratelimit_limit": "5, 5;w=60", "ratelimit_reset": "9"}, 3, 5, 9, None),
        ({"ratelimit": "limit=100, remaining=50, reset=5"}, 50, 100, 5, None),
        ({"ratelimit": '"default";r=50;t=30', "ratelimit_policy": '"default";q=100;w=60'}, 50, 100, 30, 60),
        ({"x_bapi_limit_status": "9", "x_bapi_limit": "10"}, 9, 10, None, None),
        ({"x_gate_ratelimit_requests_remain": "9", "x_gate_ratelimit_limit": "10"}, 9, 10, None, None),
        ({"gw_ratelimit_remaining": "9", "gw_ratelimit_limit": "10", "gw_ratelimit_reset": "2500"}, 9, 10, 2.5, None),
    ],
)
def test_each_spelling_is_read(
    headers: dict[str, str], left: int, limit: int | None, reset_s: float | None, span_s: float | None
) -> None:
    """What is left, of how much, until when and in which span, as far as the source says."""
    (found,) = read(**headers)
    assert (found.left, found.limit, found.span_s) == (left, limit, span_s)
    assert found.reset_s == (None if reset_s is None else pytest.approx(reset_s, abs=0.01))


def test_used_weight_is_of_the_clocks_own_minute() -> None:
    """Binance says what was used; its minutes begin with the clock's."""
    (found,) = read(x_mbx_used_weight_1m="5990")
    assert (found.used, found.left, found.span_s) == (5990, None, 60.0)
    assert found.reset_s == pytest.approx(40.0)


def test_names_in_any_case_are_found_once() -> None:
    """Headers come as the source writes them; those that say nothing of limits are left out."""
    assert names_in(["X-RateLimit-Remaining", "Content-Type", "x-ratelimit-remaining", "X-MBX-USED-WEIGHT-1M"]) == (
        "x-ratelimit-remaining",
        "x-mbx-used-weight-1m",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"ratelimit": '"m";r=0', "ratelimit_policy": '"m";q=10;w=999999999999'},
        {"x_mbx_used_weight_9999d": "7"},
        {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "9999-12-31T00:00:00Z"},
    ],
)
def test_no_span_and_no_reset_is_longer_than_a_month(headers: dict[str, str]) -> None:
    """Whoever states ages lies, or means something else."""
    (found,) = read(**headers)
    assert max(found.span_s or 0, found.reset_s or 0) <= 31 * 86_400


@given(text=st.one_of(st.text(max_size=60), st.integers(-(10**30), 10**30).map(str), st.floats().map(str)))
def test_nonsense_is_passed_over(text: str) -> None:
    """Whatever a header holds, it is read as a number within bounds, or not at all."""
    for name in ("x_ratelimit_remaining", "ratelimit", "x_mbx_used_weight_1m", "gw_ratelimit_remaining"):
        for found in read(**{name: text, "x_ratelimit_reset": text, "ratelimit_policy": text}):
            assert found.left is None or 0 <= found.left <= 10**12
            assert found.reset_s is None or 0 <= found.reset_s <= 31 * 86_400
    wait_s = retry_after_s(Reply(200, b"", headers={"retry-after": text}), datetime.fromtimestamp(WALL_S, UTC))
    assert wait_s is None or wait_s >= 0


def test_of_a_header_as_long_as_can_be_the_beginning_is_read() -> None:
    """A source may send 8 kB with each answer, and what reads it takes the square of a run of letters."""
    told = "limit=100, remaining=5, reset=30"
    assert [each.left for each in read(ratelimit=told + " " * 8000)] == [5]
    assert read(ratelimit="a" * 512 + ", " + told) == []
    (found,) = read(ratelimit='"minute";r=5;t=30', ratelimit_policy="a" * 512 + ', "minute";q=100;w=60')
    assert (found.left, found.limit) == (5, None)
