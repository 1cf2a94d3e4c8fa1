"""Turns stored rows back into domain values with their origin; used by everything that reads."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Row as DatabaseRow

from server.model import Freshness, Provenance

T = TypeVar("T")


def value_of(kind: type[T], row: DatabaseRow[Any], **given: Any) -> T:
    """Make a domain value of a row: each field from the column of its name, or from `given`."""
    columns = row._mapping  # noqa: SLF001 -- SQLAlchemy's public name for it
    names = _names(kind)  # type: ignore[arg-type]  # a class can be hashed, whatever mypy makes of its type variable
    return kind(**{name: given[name] if name in given else columns[name] for name in names})


def origin_of(row: DatabaseRow[Any]) -> Provenance:
    """Return where a stored row came from."""
    columns = row._mapping  # noqa: SLF001 -- SQLAlchemy's public name for it
    return Provenance(
        source=row.source,
        receive_time=row.receive_time,
        freshness=Freshness.STORED,
        source_time=row.source_time,
        confidence=columns.get("confidence"),
        agreed=columns.get("agreed", 1),
        asked=columns.get("asked", 1),
        simulated=row.simulated,
    )


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
