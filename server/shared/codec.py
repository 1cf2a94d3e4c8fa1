"""Answers as bytes and back, exactly: JSON built from the types of the values themselves; used by the shared cache.

What comes back is checked against those types: whatever the bytes are, they become the value that was written, or
`Garbled` is raised. Never a pickle: who can write into the cache must not be able to run code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from hashlib import blake2b
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson

from server.model import (
    Answer,
    Articles,
    Attempt,
    Balance,
    Block,
    Candles,
    ChainStatus,
    FearGreed,
    GasPrice,
    Kind,
    ListedAssets,
    Overview,
    Price,
    Prices,
    Provenance,
    Transaction,
    TransactionPage,
    Trending,
    Value,
    WhaleTransactions,
)

VALUES: dict[Kind, type] = {
    Kind.PRICE: Price,
    Kind.PRICES: Prices,
    Kind.CANDLES: Candles,
    Kind.ASSETS: ListedAssets,
    Kind.OVERVIEW: Overview,
    Kind.TRENDING: Trending,
    Kind.NEWS: Articles,
    Kind.FEAR_GREED: FearGreed,
    Kind.GAS: GasPrice,
    Kind.BLOCK: Block,
    Kind.CHAIN: ChainStatus,
    Kind.BALANCE: Balance,
    Kind.TRANSACTIONS: TransactionPage,
    Kind.TRANSACTION: Transaction,
    Kind.WHALES: WhaleTransactions,
}
"""What a query of each kind is answered with."""

_LONG = 1 << 53
_WHOLE = re.compile(r"-?[0-9]{1,100}")
_LONGEST_NUMBER = 200
_MAGNITUDE = 300
"""Most digits before or behind the point of a number that is read: arithmetic on more would take for ever."""

Step = Callable[[Any], Any]


class Garbled(Exception):
    """Bytes that no answer of ours would have become, or a value that no bytes can hold."""


def written(kind: Kind, text: str, answer: Answer[Value]) -> bytes:
    """Return an answer to the query that `text` is of, as bytes; raises `Garbled` for what cannot be written."""
    encode, _ = _CODECS[kind]
    try:
        return orjson.dumps([text, _PROVENANCE[0](answer.provenance), encode(answer.value)])
    except (TypeError, ValueError, AttributeError) as error:  # orjson's own error is a TypeError
        raise Garbled(type(error).__name__) from None


def read(kind: Kind, text: str, data: bytes) -> Answer[Value]:
    """Return the answer to the query that `text` is of; raises `Garbled` for anything else."""
    try:
        of, provenance, value = orjson.loads(data)
    except (ValueError, TypeError):
        raise Garbled("no JSON of three parts") from None
    if of != text:
        raise Garbled("another query")
    _, decode = _CODECS[kind]
    return Answer(decode(value), _PROVENANCE[1](provenance))


def _steps(hint: Any) -> tuple[Step, Step]:
    """Return how what has a type is written and read."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (inner,) = (part for part in parts if part is not NoneType)
        return _optional(*_steps(inner))
    if origin is tuple:
        return _rows(*_steps(parts[0]))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _choice(hint)
    if is_dataclass(hint):
        return _record(hint)
    raise TypeError(f"{hint} cannot be written")


def _record(made: Any) -> tuple[Step, Step]:
    """Return the steps of a dataclass: a list of its fields in their order."""
    hints = get_type_hints(made)
    names = tuple(field.name for field in fields(made))
    steps = [(name, *_steps(hints[name])) for name in names]
    encoders = tuple((name, encode) for name, encode, _ in steps)
    decoders = tuple(decode for _, _, decode in steps)

    def encode(value: Any) -> list[Any]:
        if type(value) is not made:
            raise TypeError
        return [step(getattr(value, name)) for name, step in encoders]

    def decode(raw: Any) -> Any:
        if type(raw) is not list or len(raw) != len(decoders):
            raise Garbled(f"no {made.__name__}")
        return made(*[step(part) for step, part in zip(decoders, raw, strict=True)])

    return encode, decode


def _rows(encode: Step, decode: Step) -> tuple[Step, Step]:
    """Return the steps of a tuple of any length."""

    def decode_all(raw: Any) -> tuple[Any, ...]:
        if type(raw) is not list:
            raise Garbled("no list")
        return tuple([decode(part) for part in raw])

    return lambda value: [encode(part) for part in value], decode_all


def _optional(encode: Step, decode: Step) -> tuple[Step, Step]:
    """Return the steps of what may be absent."""
    return (
        lambda value: None if value is None else encode(value),
        lambda raw: None if raw is None else decode(raw),
    )


def _choice(made: type[StrEnum]) -> tuple[Step, Step]:
    """Return the steps of one of several words."""

    def decode(raw: Any) -> StrEnum:
        try:
            return made(raw)
        except (ValueError, TypeError):
            raise Garbled(f"no {made.__name__}") from None

    return lambda value: value.value, decode


def _text(raw: Any) -> str:
    if type(raw) is not str:
        raise Garbled("no text")
    return raw


def _flag(raw: Any) -> bool:
    if type(raw) is not bool:
        raise Garbled("no flag")
    return raw


def _whole(raw: Any) -> int:
    """Read a whole number; a large one is written as text, for JSON promises no more than 53 bits."""
    if type(raw) is int:
        return raw
    if type(raw) is str and _WHOLE.fullmatch(raw):
        return int(raw)
    raise Garbled("no whole number")


def _ratio(raw: Any) -> float:
    if type(raw) not in (float, int):
        raise Garbled("no number")
    return float(raw)


def _finite(value: float) -> float:
    if not isfinite(value):
        raise ValueError
    return float(value)


def _amount(raw: Any) -> Decimal:
    if type(raw) is not str or len(raw) > _LONGEST_NUMBER:
        raise Garbled("no amount")
    try:
        value = Decimal(raw)
    except InvalidOperation:
        raise Garbled("no amount") from None
    if not value.is_finite() or abs(value.adjusted()) > _MAGNITUDE:
        raise Garbled("no finite amount")
    return value


def _amount_text(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError
    return str(value)


def _time(raw: Any) -> datetime:
    try:
        time = datetime.fromisoformat(raw)
    except (ValueError, TypeError):
        raise Garbled("no time") from None
    if time.tzinfo is None:
        raise Garbled("a time without its zone")
    return time


def _time_text(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError
    return value.isoformat()


def _span(raw: Any) -> timedelta:
    try:
        return timedelta(microseconds=_whole(raw))
    except OverflowError:
        raise Garbled("no span") from None


_MICROSECOND = timedelta(microseconds=1)
_PLAIN: dict[Any, tuple[Step, Step]] = {
    str: (lambda value: value, _text),
    bool: (bool, _flag),
    int: (lambda value: value if -_LONG < value < _LONG else str(value), _whole),
    float: (_finite, _ratio),
    Decimal: (_amount_text, _amount),
    datetime: (_time_text, _time),
    timedelta: (lambda value: value // _MICROSECOND, _span),
}
_CODECS = {kind: _steps(made) for kind, made in VALUES.items()}
_PROVENANCE = _steps(Provenance)


def _shape(hint: Any, seen: dict[str, Any]) -> None:
    """Collect how a type and all in it is written."""
    for part in get_args(hint):
        _shape(part, seen)
    if is_dataclass(hint) and isinstance(hint, type) and hint.__name__ not in seen:
        hints = get_type_hints(hint)
        seen[hint.__name__] = [(field.name, str(hints[field.name])) for field in fields(hint)]
        for each in hints.values():
            _shape(each, seen)
    elif isinstance(hint, type) and issubclass(hint, StrEnum):
        seen[hint.__name__] = [each.value for each in hint]


def _fingerprint() -> str:
    seen: dict[str, Any] = {}
    for hint in (*VALUES.values(), Provenance, Attempt):
        _shape(hint, seen)
    return blake2b(repr(sorted(seen.items())).encode(), digest_size=4).hexdigest()


SHAPE = _fingerprint()
"""Stands for the types that are written: a release with other ones finds none of these bytes under its own keys."""
