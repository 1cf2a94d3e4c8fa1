"""From a reply's bytes to checked Python values; every reader and parser of a provider stands on it.

Whatever the bytes are, each function here gives a value or raises `BadAnswer`, whose text names the place and never
shows the payload. `where` is that place: the field as the source names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar

from server.errors import BadAnswer
from server.providers.base import Reply

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_is_usual = re.compile(r"-?[0-9]+(?:\.[0-9]+)?").fullmatch
_is_plain = re.compile(r"[0-9.-]+").fullmatch
_TEXTS = {str}
_HEX = re.compile(r"0x[0-9a-fA-F]{1,64}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONGEST_NUMBER = 100
_DIGITS = 38
_MAGNITUDE = 60
_MS = timedelta(milliseconds=1)
_EARLIEST_MS, _LATEST_MS = (EARLIEST - EPOCH) // _MS, (LATEST - EPOCH) // _MS

T = TypeVar("T")


def json_of(reply: Reply) -> object:
    """Return the JSON value of a reply, fractions as exact decimals.

    Raises BadAnswer: `empty` for no body, `html` for a page, `not_json` for what is not JSON in UTF-8, is nested too
    deep, or holds NaN, infinity or a number that no decimal can hold.
    """
    body = reply.body.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        raise BadAnswer("empty", "the body is empty")
    if body.startswith(b"<"):
        raise BadAnswer("html", "the body is a page")
    try:
        text = body.decode("utf-8")
        value: object
        value, end = _JSON.raw_decode(text)  # `decode` looks for white space around it, which is off
    except RecursionError:
        raise BadAnswer("not_json", "nested too deep") from None
    except UnicodeDecodeError:
        raise BadAnswer("not_json", "not UTF-8") from None
    except ValueError:
        raise BadAnswer("not_json", "the body is not JSON") from None
    if end != len(text):
        raise BadAnswer("not_json", "more than one value")
    return value


def _fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise BadAnswer("not_json", "a number is out of range") from None


def _constant(_text: str) -> NoReturn:
    raise BadAnswer("not_json", "NaN or infinity")


_JSON = json.JSONDecoder(parse_float=_fraction, parse_constant=_constant)
"""Made once: `json.loads` with these hooks makes one on each call."""


def dict_of(value: object, where: str = "body") -> dict[str, object]:
    """Return the value when it is an object."""
    if not isinstance(value, dict):
        raise _schema(where, "an object", value)
    return value


def list_of(value: object, where: str = "body") -> list[object]:
    """Return the value when it is an array."""
    if not isinstance(value, list):
        raise _schema(where, "an array", value)
    return value


def row_of(value: object, length: int, where: str = "row") -> list[object]:
    """Return the value when it is an array of at least `length` members."""
    row = list_of(value, where)
    if len(row) < length:
        raise BadAnswer("schema", f"{where}: {len(row)} members where {length} are due")
    return row


def dict_at(parent: Mapping[str, object], key: str) -> dict[str, object]:
    """Return the object under a key."""
    return dict_of(parent.get(key), key)


def list_at(parent: Mapping[str, object], key: str) -> list[object]:
    """Return the array under a key."""
    return list_of(parent.get(key), key)


def decimal_of(value: object, where: str = "number") -> Decimal:
    """Return an exact finite decimal from a JSON number or a string of one.

    Refused: booleans, NaN and infinity, more than 38 digits before the point or significant ones, below 1e-60.
    """
    if isinstance(value, str):
        if len(value) <= _DIGITS and _is_usual(value):
            return Decimal(value)  # so short and without an exponent it is within every bound
        text = value.strip()
        if len(text) > _LONGEST_NUMBER or not _DECIMAL.fullmatch(text):
            raise _schema(where, "a decimal", value)
        number = Decimal(text)
    elif isinstance(value, int) and not isinstance(value, bool):
        # The bound comes before the conversion: that of an int of thousands of digits is slow.
        if value.bit_length() > _MAGNITUDE * 4:
            raise BadAnswer("out_of_bounds", f"{where}: too large")
        number = Decimal(value)
    elif isinstance(value, Decimal):
        number = value
    else:
        raise _schema(where, "a decimal", value)
    return _sane(number, where)


def _sane(number: Decimal, where: str) -> Decimal:
    if not number.is_finite():
        raise BadAnswer("out_of_bounds", f"{where}: not finite")
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 -- narrows the type: finite numbers have one
    if abs(exponent) > _MAGNITUDE or number.adjusted() < -_MAGNITUDE or (number and number.adjusted() >= _DIGITS):
        raise BadAnswer("out_of_bounds", f"{where}: beyond any amount")
    while digits and digits[-1] == 0:
        digits = digits[:-1]
    if len(digits) > _DIGITS:
        raise BadAnswer("out_of_bounds", f"{where}: more than {_DIGITS} digits")
    return number


def optional_decimal(value: object, where: str = "number") -> Decimal | None:
    """Return a decimal, None for null or an empty string; anything else is checked as by `decimal_of`."""
    if isinstance(value, str) and len(value) <= _DIGITS and _is_usual(value):
        return Decimal(value)
    return _optional(value, where, decimal_of)


def optional_decimals(row: Mapping[str, object], *names: str) -> list[Decimal | None]:
    """Return the decimals under some names of an object, as by `optional_decimal`, None for what is not there."""
    texts: list[Any] = [row.get(name) for name in names]
    if {*map(type, texts)} == _TEXTS and _is_plain("".join(texts)) and max(map(len, texts)) <= _DIGITS:
        try:
            return list(map(Decimal, texts))  # most often: one look at their characters serves for all
        except InvalidOperation:
            pass  # each is looked at by itself
    return [_optional(value, name, decimal_of) for value, name in zip(texts, names, strict=True)]


def int_of(value: object, where: str = "number") -> int:
    """Return a whole number from a JSON number or a string of one."""
    number = decimal_of(value, where)
    if number != number.to_integral_value():
        raise _schema(where, "a whole number", value)
    return int(number)


def optional_int(value: object, where: str = "number") -> int | None:
    """Return a whole number, None for null or an empty string."""
    return _optional(value, where, int_of)


def hex_of(value: object, where: str = "quantity") -> int:
    """Return the number of a 0x-prefixed hexadecimal string of at most 256 bits."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise _schema(where, "a hexadecimal quantity", value)
    return int(value, 16)


def bool_of(value: object, where: str = "flag") -> bool:
    """Return a JSON boolean."""
    if not isinstance(value, bool):
        raise _schema(where, "a boolean", value)
    return value


def text_of(value: object, where: str = "text", longest: int = 10_000) -> str:
    """Return a non-empty string, cleaned of control characters and of what UTF-8 cannot hold, cut at `longest`."""
    if not isinstance(value, str):
        raise _schema(where, "a string", value)
    if value.isascii() and value.isalnum() and len(value) <= longest:
        return value  # the usual form of a name: nothing to clean
    text = _CONTROLS.sub("", value[: longest * 2]).encode("utf-8", "replace").decode("utf-8").strip()[:longest]
    if not text:
        raise BadAnswer("schema", f"{where}: empty")
    return text


def optional_text(value: object, where: str = "text", longest: int = 10_000) -> str | None:
    """Return a cleaned string, None for null or an empty one."""
    return _optional(value, where, lambda given, place: text_of(given, place, longest))


def time_ms(value: object, where: str = "time") -> datetime:
    """Return the time of a count of milliseconds since 1970."""
    if type(value) is int and _EARLIEST_MS <= value < _LATEST_MS:
        return EPOCH + timedelta(0, 0, 0, value)
    return _time(decimal_of(value, where) * 1000, where)


def time_s(value: object, where: str = "time") -> datetime:
    """Return the time of a count of seconds since 1970, whole or with a fraction."""
    return _time(decimal_of(value, where) * 1_000_000, where)


def _time(microseconds: Decimal, where: str) -> datetime:
    # The comparison comes first: timedelta raises OverflowError beyond its range.
    if not 0 <= microseconds < Decimal(10) ** 16:
        raise BadAnswer("out_of_bounds", f"{where}: not a time of this age")
    return _bounded(EPOCH + timedelta(microseconds=int(microseconds)), where)


def time_iso(value: object, where: str = "time") -> datetime:
    """Return the time of an ISO 8601 text; one without an offset is UTC."""
    if not isinstance(value, str) or len(value) > 40:
        raise _schema(where, "an ISO 8601 time", value)
    try:
        time = datetime.fromisoformat(value.strip())
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _schema(where, "an ISO 8601 time", value) from None
    return _bounded(time, where)


def _bounded(time: datetime, where: str) -> datetime:
    if not EARLIEST <= time < LATEST:
        raise BadAnswer("out_of_bounds", f"{where}: not between 2009 and 2100")
    return time


def code_of(value: object) -> str:
    """Return a short name that a source gives to something, a text or a number; `unnamed` for anything else.

    Never raises, for names in which a wrong form would not matter, such as an error's code.
    """
    if isinstance(value, str):
        return _CONTROLS.sub("", value[:200]).encode("utf-8", "replace").decode("utf-8")[:80]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64:
        return str(value)
    return "unnamed"


def optional_time(read: Callable[[object, str], datetime], value: object, where: str = "time") -> datetime | None:
    """Return a time by one of the readers above; None for null, an empty string or 0, which sources use for none."""
    if type(value) is int and value:
        return read(value, where)
    return None if value in (0, "0") else _optional(value, where, read)


def _optional(value: object, where: str, read: Callable[[object, str], T]) -> T | None:
    if value is None or (isinstance(value, str) and (not value or value.isspace())):
        return None
    return read(value, where)


def _schema(where: str, expected: str, value: object) -> BadAnswer:
    kind = {type(None): "null", dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return BadAnswer("schema", f"{where}: {kind.get(type(value), 'a number')} where {expected} is due")
