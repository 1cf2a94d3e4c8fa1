"""Ready answers: bounded, and the past goes first."""

from __future__ import annotations

from datetime import UTC, datetime

from server.model import RequestRecord
from server.rpc.memo import LARGEST_KEY, Kept, Memo

RECORD = RequestRecord("a/b", datetime(2026, 1, 1, tzinfo=UTC), 0.1, "OK")


def kept(until: float) -> Kept:
    """Return an answer that is fresh until then."""
    return Kept(until, b"answer", RECORD)


def test_a_full_memo_forgets_what_was_kept_longest_ago() -> None:
    """So that it never grows beyond its size, and a flood of new requests costs no search."""
    memo = Memo(size=3)
    for key in (b"a", b"b", b"c", b"d"):
        memo.keep(key, kept(10.0))
    assert [memo.get(key) is not None for key in (b"a", b"b", b"c", b"d")] == [False, True, True, True]


def test_an_answer_kept_anew_costs_no_other_its_place() -> None:
    """The same request takes its own place, and counts as new."""
    memo = Memo(size=3)
    for key in (b"a", b"b", b"c", b"a", b"a"):
        memo.keep(key, kept(10.0))
    assert [memo.get(key) is not None for key in (b"a", b"b", b"c")] == [True, True, True]
    memo.keep(b"d", kept(10.0))
    assert [memo.get(key) is not None for key in (b"a", b"b", b"c")] == [True, False, True]


def test_long_requests_are_not_remembered() -> None:
    """They would fill the memory, and are never asked twice."""
    memo = Memo()
    memo.keep(b"x" * (LARGEST_KEY + 1), kept(10.0))
    assert memo.get(b"x" * (LARGEST_KEY + 1)) is None
