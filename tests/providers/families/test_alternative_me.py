"""alternative.me: readings of the Fear & Greed index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from server.errors import BadAnswer
from server.model import FearGreedQuery
from server.providers.alternative_me import PROVIDER, readings
from server.providers.base import Reply

Answers = Callable[..., Any]


def test_readings_are_newest_first_and_each_once(answer: Answers) -> None:
    """The newest reading's time is the answer's age, and a day that comes twice is one reading."""
    index = answer(PROVIDER, FearGreedQuery(10), ("alternative_me/fng.json",))
    assert [(reading.value, reading.classification) for reading in index.readings] == [
        (Decimal(71), "Greed"),
        (Decimal(76), "Extreme Greed"),
    ]
    assert index.source_time == index.readings[0].time == datetime(2024, 1, 11, tzinfo=UTC)
    assert len(answer(PROVIDER, FearGreedQuery(), ("alternative_me/fng.json",)).readings) == 1


def test_a_limit_of_none_asks_for_one() -> None:
    """A limit of 0 would be the whole history of years: at least one reading is asked for, never that."""
    (request,) = PROVIDER.capabilities[0].build(PROVIDER.sources[0], FearGreedQuery(0))
    assert dict(request.query)["limit"] == "1"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"data":[{"value":"101","value_classification":"x","timestamp":"1704931200"}]}', "out_of_bounds"),
        (b'{"data":[{"value":"-1","value_classification":"x","timestamp":"1704931200"}]}', "out_of_bounds"),
        (b'{"data":[{"value":"NaN","value_classification":"x","timestamp":"1704931200"}]}', "schema"),
        (b'{"data":[{"value":"50","value_classification":"x","timestamp":"11-01-2024"}]}', "schema"),
        (b'{"data":{}}', "schema"),
        (b'{"data":[],"metadata":{"error":"down"}}', "error_body"),
        (b"<html></html>", "html"),
    ],
)
def test_wrong_readings_are_told_by_reason(body: bytes, reason: str) -> None:
    """A value outside 0 to 100, a time in words, an error in the metadata and a page are told apart."""
    with pytest.raises(BadAnswer) as caught:
        readings(Reply(200, body))
    assert caught.value.reason == reason
