"""Bytes to checked values: what counts as JSON, as a number, as a time, and what is refused."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import BadAnswer
from server.providers import decode
from server.providers.base import Reply


def reason(read: object, *arguments: object) -> str:
    """Return why a value is refused."""
    assert callable(read)
    with pytest.raises(BadAnswer) as raised:
        read(*arguments)
    return raised.value.reason


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1.50}', {"a": Decimal("1.50")}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b"  [] \n", []),
        (b"1e5", Decimal("1e5")),
        (b'"\xc3\xa9"', "é"),
        (b"null", None),
    ],
)
def test_json(body: bytes, value: object) -> None:
    """JSON keeps fractions exact; a byte order mark and white space do not matter."""
    assert decode.json_of(Reply(200, body)) == value


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<!DOCTYPE html><html></html>", "html"),
        (b"\xef\xbb\xbf <html>", "html"),
        (b'{"a": 1', "not_json"),
        (b"{'a': 1}", "not_json"),
        (b"NaN", "not_json"),
        (b"[Infinity]", "not_json"),
        (b"[" * 10_000 + b"]" * 10_000, "not_json"),
        (b'{"a":' * 10_000, "not_json"),
        (b"9" * 10_000, "not_json"),
        (b"1e99999999999999999999999", "not_json"),
        ('{"a": 1}'.encode("utf-16"), "not_json"),
        ('{"a": 1}'.encode("utf-16-le"), "not_json"),
        (b'{"a": "\xff"}', "not_json"),
        (b"\x1f\x8b\x08\x00", "not_json"),
    ],
)
def test_not_json(body: bytes, expected: str) -> None:
    """Pages, halves, other encodings, NaN and what is nested 10,000 deep are refused, each for its reason."""
    assert reason(decode.json_of, Reply(200, body)) == expected


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, "1"),
        ("1.50", "1.50"),
        (" -0.5 ", "-0.5"),
        ("+.5", "0.5"),
        ("1e-8", "1E-8"),
        (Decimal("0.1"), "0.1"),
        (10**30, str(10**30)),
        ("0." + "1" * 38, "0." + "1" * 38),
        ("1" + "0" * 37, "1" + "0" * 37),
        (0, "0"),
    ],
)
def test_decimals(value: object, number: str) -> None:
    """A decimal comes exactly from a number or a string of one."""
    assert decode.decimal_of(value) == Decimal(number)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "schema"),
        (None, "schema"),
        ("", "schema"),
        ("1,000", "schema"),
        ("1_000", "schema"),
        ("0x10", "schema"),
        ("NaN", "schema"),
        ("-Infinity", "schema"),
        ("١٢", "schema"),
        ("1" * 101, "schema"),
        ("1e99999", "schema"),
        ([], "schema"),
        (1.5, "schema"),
        ("1e61", "out_of_bounds"),
        ("1e-61", "out_of_bounds"),
        ("1e999", "out_of_bounds"),
        (Decimal("1e999999"), "out_of_bounds"),
        (Decimal("NaN"), "out_of_bounds"),
        (Decimal("Infinity"), "out_of_bounds"),
        (10**4000, "out_of_bounds"),
        ("1" * 39, "out_of_bounds"),
    ],
)
def test_not_decimals(value: object, expected: str) -> None:
    """Booleans, NaN, foreign digits, absurd exponents and more than 38 digits are no amounts."""
    assert reason(decode.decimal_of, value) == expected


_FIGURES = st.one_of(
    st.text("0123456789.-", max_size=45),
    st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=0, max_value=10**9).map(str),
    st.sampled_from(["", " ", "1e3", "1_000", "nan", "١٢", "5.", ".5", "-", None, 7, True, 1.5, Decimal("2.5"), []]),
)


@given(st.lists(_FIGURES, max_size=5))
def test_the_figures_of_a_row_are_read_as_each_by_itself(figures: list[object]) -> None:
    """One look serves for all of a row in the usual form; whatever is in it, the outcome is that of one by one."""
    names = [f"figure {number}" for number in range(len(figures))]
    row = dict(zip(names, figures, strict=True))

    def outcome(read: Callable[[], list[Decimal | None]]) -> object:
        try:
            return read()
        except BadAnswer as error:
            return error.reason, error.detail

    one_by_one = outcome(lambda: [decode.optional_decimal(value, name) for name, value in row.items()])
    assert outcome(lambda: decode.optional_decimals(row, *names)) == one_by_one


def test_optional_numbers() -> None:
    """Null and an empty string say that there is no number; anything else has to be one."""
    assert decode.optional_decimal(None) is None
    assert decode.optional_decimal(" ") is None
    assert decode.optional_decimal("2") == 2
    assert decode.optional_int(None) is None
    assert decode.optional_int("7") == 7
    assert reason(decode.optional_decimal, "none") == "schema"
    assert reason(decode.int_of, "1.5") == "schema"


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (decode.time_ms, 1763640000123),
        (decode.time_ms, "1763640000123"),
        (decode.time_s, Decimal("1763640000.123")),
        (decode.time_iso, "2025-11-20T12:00:00.123Z"),
        (decode.time_iso, "2025-11-20T12:00:00.123000000+00:00"),
        (decode.time_iso, "2025-11-20T13:00:00.123+01:00"),
        (decode.time_iso, "2025-11-20T12:00:00.123"),
    ],
)
def test_times(read: object, value: object) -> None:
    """Times come from milliseconds, seconds and ISO 8601, and are in UTC."""
    assert callable(read)
    assert read(value) == datetime(2025, 11, 20, 12, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (decode.time_ms, 0, "out_of_bounds"),
        (decode.time_ms, 10**30, "out_of_bounds"),
        (decode.time_s, 1763640000123, "out_of_bounds"),
        (decode.time_s, -5, "out_of_bounds"),
        (decode.time_ms, "soon", "schema"),
        (decode.time_iso, "0001-01-01T00:00:00+23:59", "schema"),
        (decode.time_iso, "2008-12-31T00:00:00Z", "out_of_bounds"),
        (decode.time_iso, "2100-01-01", "out_of_bounds"),
        (decode.time_iso, "2025-13-01", "schema"),
        (decode.time_iso, 5, "schema"),
        (decode.time_iso, "2" * 50, "schema"),
    ],
)
def test_not_times(read: object, value: object, expected: str) -> None:
    """A time before 2009 or after 2099 is none of ours."""
    assert reason(read, value) == expected


def test_optional_times() -> None:
    """Null, an empty string and 0 say that there is no time."""
    for nothing in (None, "", 0, "0"):
        assert decode.optional_time(decode.time_ms, nothing) is None


def test_texts() -> None:
    """A text loses control characters and lone surrogates, and is cut."""
    assert decode.text_of(" a\x00b\ud800 ") == "ab?"
    assert decode.text_of("x" * 50, longest=10) == "x" * 10
    assert decode.optional_text("  ") is None
    assert reason(decode.text_of, "\x00") == "schema"
    assert reason(decode.text_of, 5) == "schema"


@pytest.mark.parametrize(
    ("value", "code"), [("-1121", "-1121"), (-1121, "-1121"), (None, "unnamed"), ([], "unnamed"), (10**99, "unnamed")]
)
def test_codes(value: object, code: str) -> None:
    """A code is a short text or number, and never a reason to fail."""
    assert decode.code_of(value) == code


def test_hexadecimal() -> None:
    """A quantity is 0x and at most 256 bits."""
    assert decode.hex_of("0x1f") == 31
    assert reason(decode.hex_of, "1f") == "schema"
    assert reason(decode.hex_of, "0x" + "f" * 65) == "schema"


def test_shapes() -> None:
    """Objects, arrays, rows and booleans are what they are due to be."""
    assert decode.dict_at({"a": {}}, "a") == {}
    assert decode.list_at({"a": [1]}, "a") == [1]
    assert decode.row_of([1, 2, 3], 2) == [1, 2, 3]
    assert decode.bool_of(value=True) is True
    for read, value in ((decode.dict_of, []), (decode.list_of, {}), (decode.bool_of, 1)):
        assert reason(read, value) == "schema"
    assert reason(decode.row_of, [1], 2) == "schema"


def test_errors_never_show_the_payload() -> None:
    """What is wrong is said by place and kind alone."""
    with pytest.raises(BadAnswer) as raised:
        decode.decimal_of("secret-payload", "price")
    assert str(raised.value) == "schema: price: a string where a decimal is due"


@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    """Any bytes are JSON or refused."""
    with contextlib.suppress(BadAnswer):
        decode.json_of(Reply(200, body))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text() | st.floats(), st.lists, max_leaves=5))
def test_any_value(value: object) -> None:
    """Any JSON value goes through every getter as a value or a refusal."""
    given_value = json.loads(json.dumps(value), parse_float=Decimal, parse_constant=str)
    for read in (
        decode.decimal_of,
        decode.int_of,
        decode.hex_of,
        decode.time_ms,
        decode.time_s,
        decode.time_iso,
        decode.text_of,
        decode.dict_of,
        decode.list_of,
        decode.bool_of,
    ):
        with contextlib.suppress(BadAnswer):
            read(given_value, "field")
