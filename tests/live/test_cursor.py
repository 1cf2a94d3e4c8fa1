"""Cursors: what is given back is what was given, and nothing else is taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import InvalidField
from server.live.cursor import Cursor, decode, encode

KEY = b"k" * 32


@given(
    epoch=st.integers(0, 2**64 - 1),
    position=st.integers(0, 2**64 - 1),
    milliseconds=st.integers(0, 4_000_000_000_000),
)
def test_a_cursor_comes_back_as_it_was(epoch: int, position: int, milliseconds: int) -> None:
    """Epoch, position and time survive, and the text is one that fits into a query."""
    cursor = Cursor(epoch, position, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds))
    text = encode(cursor, KEY)
    assert decode(text, KEY) == cursor
    assert text.replace("-", "").replace("_", "").isalnum()


@given(text=st.text(max_size=80))
def test_any_other_text_is_an_invalid_field(text: str) -> None:
    """Whatever a caller makes up is refused by the field's name."""
    with pytest.raises(InvalidField) as caught:
        decode(text, KEY)
    assert caught.value.field == "cursor"


def test_a_changed_or_foreign_cursor_is_refused() -> None:
    """One flipped character, or another service's key, and it is none of ours."""
    text = encode(Cursor(1, 2, datetime(2026, 1, 1, tzinfo=UTC)), KEY)
    for place in range(len(text) - 1):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(InvalidField):
            decode(changed, KEY)
    with pytest.raises(InvalidField):
        decode(text, b"another")
