"""Decimals, times and the fields of requests: their grammar, and what is refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from server.errors import InvalidField
from server.model import INTERVALS, Interval

MOST_DIGITS = 38
_ROUNDED = Context(prec=MOST_DIGITS)
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
LONGEST_NAME = 200
"""Most characters of a name: an asset, a chain, a source."""


def decimal_text(value: Decimal) -> str:
    """Return a decimal in the contract's grammar: no exponent, no plus, at most 38 digits, no idle zeros."""
    text = format(value, "f")
    if len(text) > MOST_DIGITS and sum(sign.isdigit() for sign in text) > MOST_DIGITS:
        text = format(_ROUNDED.plus(value), "f")
        whole, _, rest = text.partition(".")
        text = f"{whole}.{rest[: max(0, MOST_DIGITS - len(whole.lstrip('-')))]}" if rest else whole
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def optional_text(value: Decimal | None) -> str | None:
    """Return a decimal's text, None for None."""
    return None if value is None else decimal_text(value)


def decimal_in(text: str, field: str) -> Decimal | None:
    """Return the decimal of a request field, None when it is empty; raises `InvalidField`."""
    if not text:
        return None
    if len(text) > MOST_DIGITS + 2 or not _DECIMAL.match(text) or sum(s.isdigit() for s in text) > MOST_DIGITS:
        raise InvalidField(field, text, f"a decimal such as 12.5: digits, no exponent, at most {MOST_DIGITS} of them")
    return Decimal(text)


def least_in(text: str, field: str) -> Decimal | None:
    """Return the decimal of a field that is a least amount: not below zero; None when it is empty."""
    value = decimal_in(text, field)
    if value is not None and value < 0:
        raise InvalidField(field, text, "a decimal that is not below zero")
    return value


def timestamp(time: datetime | None) -> Timestamp | None:
    """Return a time as a message, None for None."""
    if time is None:
        return None
    made = Timestamp()
    made.FromDatetime(time)
    return made


def span_message(span: timedelta | None) -> Duration | None:
    """Return a span as a message, None for None."""
    if span is None:
        return None
    made = Duration()
    made.FromTimedelta(span)
    return made


def time_in(request: Message, field: str) -> datetime | None:
    """Return the time of a request field, None when it is absent; raises `InvalidField` when it is no time."""
    if not request.HasField(field):
        return None
    given: Timestamp = getattr(request, field)
    try:
        time = given.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None or not 0 <= given.nanos < 1_000_000_000 or not _EARLIEST <= time <= _LATEST:
        raise InvalidField(field, f"{given.seconds} s {given.nanos} ns", "a time between 1970 and 9999")
    return time


def range_in(request: Message) -> tuple[datetime | None, datetime | None]:
    """Return the half-open range of `start_time` and `end_time`; raises `InvalidField` when it holds no time."""
    start, end = time_in(request, "start_time"), time_in(request, "end_time")
    if start is not None and end is not None and end <= start:
        raise InvalidField("end_time", end.isoformat(), f"a time after start_time {start.isoformat()}")
    return start, end


def span_in(request: Message, field: str, usual: timedelta, least: timedelta, most: timedelta) -> timedelta:
    """Return the span of a request field, `usual` when it is absent; raises `InvalidField` outside its bounds."""
    if not request.HasField(field):
        return usual
    given: Any = getattr(request, field)
    try:
        span: timedelta | None = given.ToTimedelta()
    except (ValueError, OverflowError):
        span = None
    if span is None or not least <= span <= most:
        shown = f"{given.seconds} s {given.nanos} ns"
        bounds = f"{least.total_seconds():.15g}s to {most.total_seconds():.15g}s"  # as JSON writes them
        raise InvalidField(field, shown, f"a span from {bounds}")
    return span


def name_in(text: str, field: str, what: str) -> str:
    """Return a name that must be given; raises `InvalidField` when it is empty or no name at all."""
    if not text.strip():
        raise InvalidField(field, text, what)
    return optional_name(text, field, what)


def optional_name(text: str, field: str, what: str) -> str:
    """Return a name or empty; raises `InvalidField` for one too long or with control characters."""
    if len(text) > LONGEST_NAME:
        raise InvalidField(field, text, f"{what} of at most {LONGEST_NAME} characters")
    if not text.isprintable():
        raise InvalidField(field, text, f"{what} without control characters")
    return text.strip()


def interval_in(token: str, usual: str = "1h") -> Interval:
    """Return the interval of a token; raises `InvalidField` with the list of those there are."""
    interval = INTERVALS.get(token or usual)
    if interval is None:
        raise InvalidField("interval", token, f"one of {', '.join(INTERVALS)}")
    return interval


def known_view(request: Any) -> bool:
    """Return whether the full view is asked for; raises `InvalidField` for a view that there is not."""
    view = int(request.view)
    if view not in (0, 1, 2):
        raise InvalidField("view", view, "VIEW_BASIC or VIEW_FULL")
    return view == 2
