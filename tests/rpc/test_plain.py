"""The grammar of decimals, times, spans and names in requests and answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from nerkh.v1 import market_pb2, sentiment_pb2

from server.errors import InvalidField
from server.rpc.convert.plain import (
    decimal_in,
    decimal_text,
    interval_in,
    known_view,
    least_in,
    name_in,
    optional_name,
    range_in,
    span_in,
    timestamp,
)

GRAMMAR = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e25"), max_value=Decimal("1e25")))
def test_decimals_are_written_in_the_contracts_grammar(value: Decimal) -> None:
    """No exponent, no plus, at most 38 digits, and exact as far as 38 digits go."""
    text = decimal_text(value)
    assert GRAMMAR.match(text)
    assert sum(sign.isdigit() for sign in text) <= 38
    assert abs(Decimal(text) - value) <= max(abs(value) * Decimal("1e-12"), Decimal("1e-37"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("64000.00000000", "64000"),
        ("1E+3", "1000"),
        ("-0", "0"),
        ("0E-8", "0"),
        ("1e-8", "0.00000001"),
        ("-1.50", "-1.5"),
    ],
)
def test_decimals_carry_no_idle_zeros(value: str, text: str) -> None:
    """A value has one text."""
    assert decimal_text(Decimal(value)) == text


@pytest.mark.parametrize(
    "text", ["1e3", "+1", "NaN", "Infinity", "1,5", " 1", ".5", "5.", "\u0661", "1" * 39, "0x1", "1_000"]
)
def test_what_is_no_decimal_is_refused(text: str) -> None:
    """Exponents, signs, specials and more than 38 digits name the field."""
    with pytest.raises(InvalidField, match="minimum_amount"):
        decimal_in(text, "minimum_amount")


def test_a_least_amount_is_not_below_zero() -> None:
    """Absent stays absent; zero is an amount."""
    assert least_in("", "least") is None
    assert least_in("0", "least") == 0
    with pytest.raises(InvalidField, match="below zero"):
        least_in("-1", "least")


@pytest.mark.parametrize(("seconds", "nanos"), [(-1, 0), (2**62, 0), (0, -1), (0, 2_000_000_000), (-(2**62), 0)])
def test_what_is_no_time_is_refused(seconds: int, nanos: int) -> None:
    """Also numbers that no calendar holds; never an error of another kind."""
    request = market_pb2.ListCandlesRequest(start_time=Timestamp(seconds=seconds, nanos=nanos))
    with pytest.raises(InvalidField, match="start_time"):
        range_in(request)


def test_a_range_that_holds_no_time_is_refused() -> None:
    """The end lies behind the start."""
    time = datetime(2026, 1, 1, tzinfo=UTC)
    request = market_pb2.ListCandlesRequest(start_time=timestamp(time), end_time=timestamp(time))
    with pytest.raises(InvalidField, match="end_time"):
        range_in(request)
    request.end_time.FromDatetime(time + timedelta(hours=1))
    assert range_in(request) == (time, time + timedelta(hours=1))


def test_a_span_keeps_its_bounds() -> None:
    """Absent means the usual, what is outside names the field."""
    bounds = timedelta(hours=24), timedelta(minutes=1), timedelta(days=30)
    request = sentiment_pb2.GetMarketSentimentRequest()
    assert span_in(request, "window", *bounds) == timedelta(hours=24)
    for seconds in (-5, 0, 10**9, 2**60):
        request.window.seconds = seconds
        with pytest.raises(InvalidField, match="window"):
            span_in(request, "window", *bounds)


@pytest.mark.parametrize("text", ["", "  ", "a" * 201, "a\x00b", "a\nb"])
def test_what_is_no_name_is_refused(text: str) -> None:
    """Empty, endless and control characters."""
    with pytest.raises(InvalidField, match="asset"):
        name_in(text, "asset", "an asset")


def test_an_optional_name_may_be_empty() -> None:
    """Empty stays empty; spaces around go."""
    assert optional_name("", "source", "a source") == ""
    assert optional_name(" binance ", "source", "a source") == "binance"


def test_an_unknown_interval_lists_those_there_are() -> None:
    """So that the caller need not look them up."""
    assert interval_in("").token == "1h"
    with pytest.raises(InvalidField, match="1m, 3m, 5m"):
        interval_in("7h")


def test_an_unknown_view_is_refused() -> None:
    """Numbers beyond the enum are no view."""
    assert known_view(market_pb2.GetPriceRequest(view=2)) is True  # type: ignore[arg-type]  # a number, as on the wire
    with pytest.raises(InvalidField, match="view"):
        known_view(market_pb2.GetPriceRequest(view=9))  # type: ignore[arg-type]  # same
