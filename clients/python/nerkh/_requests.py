"""Turns what callers give into what requests hold; the sub-clients use it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from nerkh.v1 import types_pb2


def view_of(full: bool) -> types_pb2.View:
    """Return the view of an answer, with or without the attempts."""
    return types_pb2.VIEW_FULL if full else types_pb2.VIEW_BASIC


def timestamp_of(time: datetime | None) -> Timestamp | None:
    """Return a time as a message; raises `ValueError` for one without a zone."""
    if time is None:
        return None
    if time.tzinfo is None:
        raise ValueError(f"{time!r} has no time zone; give an aware datetime, such as datetime.now(UTC)")
    message = Timestamp()
    message.FromDatetime(time.astimezone(UTC).replace(tzinfo=None))
    return message


def duration_of(span: timedelta | float | None) -> Duration | None:
    """Return a span, or seconds, as a message."""
    if span is None:
        return None
    message = Duration()
    message.FromTimedelta(span if isinstance(span, timedelta) else timedelta(seconds=span))
    return message


def decimal_of(value: Decimal | int | str | None) -> str:
    """Return a number as the contract writes decimals, empty for None; raises `ValueError` for anything else."""
    if value is None:
        return ""
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise ValueError(f"{value!r} is not a decimal number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not finite")
    return f"{number:f}"
