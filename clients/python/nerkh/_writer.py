"""Writes the dataclasses of `_models` into generated messages, the way back of `_reader`; `testing` uses it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from nerkh._requests import decimal_of, duration_of, timestamp_of


def write(message: Message, value: object) -> None:
    """Fill a message's fields from a value's attributes of the same name; None leaves a field out."""
    for name, field in message.DESCRIPTOR.fields_by_name.items():
        given = getattr(value, name, None)
        if given is None:
            continue
        if isinstance(given, tuple | list):
            write_items(message, name, given)
        elif isinstance(given, Mapping):
            getattr(message, name).update(given)
        elif field.message_type is not None:
            _write_message(getattr(message, name), given)
        else:
            setattr(message, name, _scalar(field, given))


def write_items(message: Message, name: str, items: tuple[object, ...] | list[object]) -> None:
    """Append items to a repeated field."""
    field = message.DESCRIPTOR.fields_by_name[name]
    for item in items:
        if field.message_type is not None:
            write(getattr(message, name).add(), item)
        else:
            getattr(message, name).append(_scalar(field, item))


def _write_message(message: Message, given: object) -> None:
    if isinstance(given, datetime):
        message.CopyFrom(timestamp_of(given) or Timestamp())
    elif isinstance(given, timedelta):
        message.CopyFrom(duration_of(given) or Duration())
    else:
        message.SetInParent()
        write(message, given)


def _scalar(field: Any, given: Any) -> Any:
    if isinstance(given, Decimal):
        return decimal_of(given)
    if isinstance(given, Enum):
        values = field.enum_type.values_by_name
        prefix = field.enum_type.values_by_number[0].name.removesuffix("UNSPECIFIED")
        return values[f"{prefix}{given.name}"].number
    return given
