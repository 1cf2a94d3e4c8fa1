"""Names of queries that are the same in every process, their keys, and queries made of names again; pure.

Used by the shared cache. Never Python's `hash`, which differs from process to process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any, get_args, get_type_hints

import orjson

from server.assets import Registry
from server.errors import Unknown
from server.model import Asset, Chain, Interval, Kind, Query, interval_of

_LONGEST = 4096


def text_of(query: Query, source: str = "") -> str:
    """Return the name of a query, or of one at one source: equal ones have one name, and no two others share it."""
    parts = [_written(getattr(query, name)) for name, _ in _FIELDS[query.kind]]
    text = orjson.dumps([query.kind.value, *parts]).decode()
    return f"{text} at {source}" if source else text


def digest(text: str) -> str:
    """Return what stands for a name in a key."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def query_of(text: str, registry: Registry) -> Query | None:
    """Return the query of a name, None for what is no name, or of an asset or a chain that this release has not."""
    try:
        if len(text) > _LONGEST:
            return None
        kind, *parts = orjson.loads(text)
        named = _FIELDS[Kind(kind)]
        given = {name: _READ[hint](part, registry) for (name, hint), part in zip(named, parts, strict=True)}
        query: Query = _QUERIES[Kind(kind)](**given)
        return query if text_of(query) == text else None
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation, Unknown):
        return None


def _written(part: Any) -> Any:
    """Return one part of a name."""
    if isinstance(part, Asset | Chain):
        return part.id
    if isinstance(part, Interval):
        return part.token
    if isinstance(part, datetime):
        return part.isoformat()
    if isinstance(part, Decimal):
        return str(part.normalize())
    if isinstance(part, tuple):
        return [_written(each) for each in part]
    return part


def _text(part: Any, _registry: Registry) -> str:
    if type(part) is not str:
        raise TypeError
    return part


def _whole(part: Any, _registry: Registry) -> int:
    if type(part) is not int:
        raise TypeError
    return part


def _interval(part: Any, _registry: Registry) -> Interval:
    found = interval_of(part)
    if found is None:
        raise ValueError
    return found


_READ: dict[Any, Callable[[Any, Registry], Any]] = {
    str: _text,
    int: _whole,
    Decimal: lambda part, registry: Decimal(_text(part, registry)),
    Asset: lambda part, registry: registry.asset(_text(part, registry)),
    Chain: lambda part, registry: registry.chain(_text(part, registry)),
    Interval: _interval,
    datetime | None: lambda part, _: None if part is None else datetime.fromisoformat(part),
    tuple[Asset, ...]: lambda part, registry: tuple(registry.asset(_text(each, registry)) for each in part),
}
_QUERIES: dict[Kind, Any] = {made.kind: made for made in get_args(Query)}


def _named(made: Any) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(made)
    return tuple((field.name, hints[field.name]) for field in fields(made))


_FIELDS = {kind: _named(made) for kind, made in _QUERIES.items()}
