"""Open times of candles: on their grid, between what was asked for, never before there was a market."""

from __future__ import annotations

import pytest

from server.simulator.series import FIRST_S, MONTH_S, open_times

NOW = 1_795_174_000.25
DAY = 86_400


def test_the_newest_before_the_end_or_the_oldest_from_the_start() -> None:
    """With a start the series begins there, without one it ends with the candle that runs."""
    assert open_times(DAY, NOW, None, None, 2) == [NOW // DAY * DAY - DAY, NOW // DAY * DAY]
    start = NOW // DAY * DAY - 10 * DAY
    assert open_times(DAY, NOW, start - 1, None, 2) == [start, start + DAY]


@pytest.mark.parametrize("span", [DAY, 7 * DAY, MONTH_S])
@pytest.mark.parametrize("start", [None, 0.0])
def test_there_is_nothing_before_the_first_market(span: int, start: float | None) -> None:
    """A thousand weeks would begin before there was bitcoin: a real market has no such candles either."""
    opens = open_times(span, NOW, start, None, 5000)
    assert FIRST_S <= opens[0] < FIRST_S + 32 * DAY
    assert opens == sorted(opens)
