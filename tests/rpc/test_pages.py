"""Page tokens: they carry a cursor back unchanged, and nothing else passes."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nerkh.v1 import market_pb2

from server.errors import InvalidField, InvalidPageToken
from server.rpc.pages import PageTokens, page_of, page_size

TOKENS = PageTokens(b"k" * 32)
TIMES = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=8)
CURSORS = st.lists(st.one_of(st.text(max_size=20), st.integers(), TIMES, DECIMALS, st.none()), min_size=1, max_size=4)


def request(token: str = "", **filters: object) -> market_pb2.ListAssetsRequest:
    """Return a request for a page."""
    return market_pb2.ListAssetsRequest(page_token=token, **filters)  # type: ignore[arg-type]  # any filter


@given(CURSORS)
def test_a_token_gives_its_cursor_back(cursor: list[object]) -> None:
    """Texts, numbers, decimals and times come back as they were, of the same type."""
    token = TOKENS.make(tuple(cursor), request(search="x"))
    assert TOKENS.read(request(token, search="x")) == tuple(cursor)


def test_the_first_page_has_no_cursor_and_the_last_no_token() -> None:
    """Empty stands for both ends."""
    assert TOKENS.read(request()) is None
    assert TOKENS.next(None, request()) == ""


def test_page_size_and_token_may_change_and_the_filter_may_not() -> None:
    """A token is good for its own filter alone, and says so."""
    token = TOKENS.next(("a",), request(search="x", page_size=10))
    assert TOKENS.read(request(token, search="x", page_size=99)) == ("a",)
    for other in (request(token, search="y"), request(token), market_pb2.ListPricesRequest(page_token=token)):
        with pytest.raises(InvalidPageToken, match="same filter"):
            TOKENS.read(other)


@given(st.text(max_size=300))
def test_no_made_up_token_passes(token: str) -> None:
    """Any text but ours is refused as a page token, whatever it holds."""
    if token:
        with pytest.raises(InvalidPageToken):
            TOKENS.read(request(token))


@given(st.integers(0, 60), st.integers(1, 255))
def test_no_changed_token_passes(place: int, change: int) -> None:
    """One changed byte breaks it."""
    token = TOKENS.make(("bitcoin", 5), request())
    raw = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[place % len(raw)] ^= change
    with pytest.raises(InvalidPageToken):
        TOKENS.read(request(urlsafe_b64encode(raw).rstrip(b"=").decode()))


def test_tokens_of_another_key_and_endless_ones_are_refused() -> None:
    """The key is what makes a token ours; its length is bounded before anything is read."""
    token = PageTokens(b"z" * 32).make(("a",), request())
    for wrong in (token, "A" * 10_000):
        with pytest.raises(InvalidPageToken):
            TOKENS.read(request(wrong))


@pytest.mark.parametrize(("given_size", "size"), [(0, 100), (7, 7), (5000, 1000)])
def test_a_page_size_is_usual_or_bounded(given_size: int, size: int) -> None:
    """0 means the usual size, more than the most means the most."""
    assert page_size(request(page_size=given_size), 100, 1000) == size


def test_a_page_size_below_zero_is_refused() -> None:
    """It names the field."""
    with pytest.raises(InvalidField, match="page_size"):
        page_size(request(page_size=-1), 100, 1000)


@given(st.sets(st.integers(0, 1000), max_size=60), st.integers(1, 20), st.sets(st.integers(0, 1000), max_size=10))
def test_pages_hold_each_row_once_also_when_rows_come_and_go(rows: set[int], size: int, gone: set[int]) -> None:
    """What stays is listed exactly once and in order, whatever is removed between pages."""
    seen: list[int] = []
    after: tuple[object, ...] | None = None
    left = set(rows)
    while True:
        page, after = page_of(left, after, size, lambda row: (row,))
        seen += page
        if after is None:
            break
        left -= gone
    assert seen == sorted(set(seen))
    assert set(seen) >= rows - gone
