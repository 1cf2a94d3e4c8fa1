"""Answers as bytes: what was written is what is read, for every kind of value; whatever else is there is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from random import Random
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.model import Answer, Attempt, Freshness, Kind, Outcome, Outlier, Price, Provenance
from server.shared.codec import VALUES, Garbled, read, written

ZONES = (UTC, timezone(timedelta(hours=3, minutes=30)))
LETTERS = 'aZ0 "\\\n\u0000éßЖ中🙂\ufeff\u2028'
PLAIN: dict[Any, Callable[[Random], Any]] = {
    str: lambda chance: "".join(chance.choices(LETTERS, k=chance.randrange(6))),
    bool: lambda chance: chance.random() < 0.5,
    int: lambda chance: chance.choice((0, -1, 2**53 - 1, 2**53, -(2**53), 2**64, 10**77, chance.randrange(10**9))),
    float: lambda chance: chance.choice((0.0, -1.5, 1e-308, 1e308, 0.1 + 0.2, chance.random())),
    Decimal: lambda chance: Decimal(chance.randrange(-(10**12), 10**12)).scaleb(chance.randrange(-60, 60)),
    datetime: lambda chance: datetime(2009, 1, 1, tzinfo=chance.choice(ZONES)) + span(chance),
    timedelta: lambda chance: span(chance) * chance.choice((1, -1)),
}


def span(chance: Random) -> timedelta:
    """Return some time."""
    return timedelta(days=chance.randrange(10_000), microseconds=chance.choice((0, 1, 500_000, 999_999)))


def drawn(hint: Any, chance: Random) -> Any:
    """Return some value of a type."""
    if hint in PLAIN:
        return PLAIN[hint](chance)
    if get_origin(hint) in (Union, UnionType):
        (inner,) = (part for part in get_args(hint) if part is not NoneType)
        return None if chance.random() < 0.3 else drawn(inner, chance)
    if get_origin(hint) is tuple:
        return tuple(drawn(get_args(hint)[0], chance) for _ in range(chance.randrange(4)))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return chance.choice(list(hint))
    hints = get_type_hints(hint)
    return hint(**{field.name: drawn(hints[field.name], chance) for field in fields(hint)})


@pytest.mark.parametrize("kind", Kind)
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_what_is_written_is_read(kind: Kind, seed: int) -> None:
    """Every field of every kind comes back equal and of the same type: digits of decimals, zones, large numbers."""
    chance = Random(seed)  # noqa: S311 -- values to test with
    answer = Answer(drawn(VALUES[kind], chance), drawn(Provenance, chance))
    found = read(kind, "q", written(kind, "q", answer))
    assert found == answer
    assert repr(found) == repr(answer)


PRICE = Answer(
    Price("bitcoin", "USD", Decimal("1.50"), raw_value=Decimal("1.5E+3"), outliers=(Outlier("c", Decimal(9), "far"),)),
    Provenance("a", datetime(2026, 1, 1, tzinfo=UTC), Freshness.LIVE, attempts=(Attempt("a", Outcome.OK, 0.1),)),
)
GOOD = written(Kind.PRICE, "q", PRICE)


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    """Garbage is `Garbled`, and nothing else is ever raised."""
    for kind in (Kind.PRICE, Kind.TRANSACTION):
        with pytest.raises(Garbled):
            read(kind, "q", data)


@settings(max_examples=500)
@given(place=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_still_a_price(place: int, byte: int) -> None:
    """A value that was tampered with is of the right types still, or it is no value."""
    try:
        found = read(Kind.PRICE, "q", GOOD[:place] + bytes([byte]) + GOOD[place + 1 :])
    except Garbled:
        return
    assert isinstance(found.value, Price)
    assert found.value.value.is_finite()
    assert found.provenance.receive_time.tzinfo is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=24) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=30,
)


@settings(max_examples=80)
@given(origin=JSON, value=JSON)
def test_json_of_another_form_is_refused(origin: Any, value: Any) -> None:
    """Lists, numbers and texts where others are due never become a value."""
    with pytest.raises(Garbled):
        read(Kind.CHAIN, "q", orjson.dumps(["q", origin, value]))


@pytest.mark.parametrize(
    "wrong", ['"NaN"', '"Infinity"', '"1e999999999"', '"1e-999"', '""', "1.5", "null", "true", '"1"' + "1" * 300]
)
def test_no_amount_that_harms_is_read(wrong: str) -> None:
    """Neither what is no number, nor one whose arithmetic would take for ever."""
    data = GOOD.replace(b'"1.50"', wrong.encode())
    with pytest.raises(Garbled):
        read(Kind.PRICE, "q", data)


def test_the_answer_to_another_query_is_refused() -> None:
    """The query's name stands with the answer, so that a key that was mixed up brings nothing."""
    with pytest.raises(Garbled, match="another query"):
        read(Kind.PRICE, "r", GOOD)


def test_deep_nesting_is_refused() -> None:
    """Brackets without end are no answer and no crash."""
    with pytest.raises(Garbled):
        read(Kind.PRICE, "q", b"[" * 1_000_000)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity")])
def test_what_cannot_come_back_is_not_written(value: Decimal) -> None:
    """A number that no check would let in is not written in the first place."""
    with pytest.raises(Garbled):
        written(Kind.PRICE, "q", Answer(Price("bitcoin", "USD", value), PRICE.provenance))
