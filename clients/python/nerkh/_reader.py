"""Reads generated messages into the dataclasses of `_models`, field by field of the same name; the clients use it.

A field's annotation says what becomes of it: `Decimal` of a string, `datetime` of a Timestamp, `timedelta` of a
Duration, an enum's member of its number, a tuple of a repeated field. `X | None` is None where the message has no
value. A field that must be there and is not raises `InvalidAnswer`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from google.protobuf.message import Message

from nerkh._exceptions import InvalidAnswer

T = TypeVar("T")
Getter = Callable[[Any], Any]


def read(cls: Callable[..., T], *messages: Message, **given: object) -> T:
    """Make a `cls`; each field is from `given`, else from the first of the messages that has it."""
    for name, place, getter in _plan(cls, tuple(type(message) for message in messages)):
        if name not in given:
            given[name] = getter(messages[place])
    return cls(**given)


def enum_name(descriptor: Any, number: int) -> str:
    """Return a value's name without its enum's prefix in lower case; empty for an unspecified or unknown one."""
    value = descriptor.values_by_number.get(number)
    prefix = descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return "" if value is None or number == 0 else value.name.removeprefix(prefix).lower()


@cache
def hints_of(cls: Any) -> dict[str, Any]:
    """Return a dataclass's annotations, resolved."""
    return get_type_hints(cls)


def bare(hint: Any) -> Any:
    """Return the X of `X | None`, and anything else as it is."""
    return next(part for part in get_args(hint) if part is not NoneType) if NoneType in get_args(hint) else hint


@cache
def _plan(cls: Any, messages: tuple[type[Message], ...]) -> tuple[tuple[str, int, Getter], ...]:
    layouts = [message.DESCRIPTOR.fields_by_name for message in messages]
    steps = []
    for field in dataclasses.fields(cls):
        place = next((index for index, layout in enumerate(layouts) if field.name in layout), None)
        if place is not None:
            steps.append((field.name, place, _getter(layouts[place][field.name], hints_of(cls)[field.name])))
    return tuple(steps)


def _getter(field: Any, hint: Any) -> Getter:
    name = field.name
    if get_origin(hint) is tuple:
        item = _converter(field, get_args(hint)[0])
        return lambda message: tuple(item(value) for value in getattr(message, name))
    if get_origin(hint) is Mapping:
        return lambda message: dict(getattr(message, name))
    convert = _converter(field, bare(hint))
    if not field.has_presence:
        return lambda message: convert(getattr(message, name))
    is_optional = NoneType in get_args(hint)

    def present(message: Any) -> Any:
        if message.HasField(name):
            return convert(getattr(message, name))
        if is_optional:
            return None
        raise InvalidAnswer(f"the answer has no {field.full_name}")

    return present


def _converter(field: Any, kind: Any) -> Getter:
    if dataclasses.is_dataclass(kind):
        return lambda value: _nested(kind, value)
    if kind is Decimal:
        return lambda value: _decimal(value, field.full_name)
    if kind is datetime:
        return lambda value: value.ToDatetime(tzinfo=UTC)
    if kind is timedelta:
        return lambda value: value.ToTimedelta()
    if issubclass(kind, Enum):
        members = {number: kind(enum_name(field.enum_type, number)) for number in field.enum_type.values_by_number}
        return lambda value: members.get(value, kind(""))
    return lambda value: value


def _nested(kind: Any, message: Message) -> Any:
    return read(kind, message)


def _decimal(text: str, name: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise InvalidAnswer(f"{name} is {text!r}, which is not a decimal") from None
    if not value.is_finite():
        raise InvalidAnswer(f"{name} is {text!r}, which is not finite")
    return value
