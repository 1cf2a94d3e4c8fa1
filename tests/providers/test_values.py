"""What is derived from a source's figures rather than stated by it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from server.errors import BadAnswer
from server.model import Asset, PriceQuery
from server.providers.decode import decimal_of
from server.providers.rows import Ticker
from server.providers.values import percent_change, price_of_ticker

QUERY = PriceQuery(Asset("bitcoin", "BTC", "Bitcoin"))


@pytest.mark.parametrize(
    ("last", "opened", "percent"),
    [
        ("91613.96", "95587.55", "-4.157016"),
        ("110", "100", "10"),
        ("100.0000001", "100.0000001", "0"),
        ("1", "3", "-66.666667"),
        ("0.000009673", "0.000009325", "3.731903"),
        ("1", "0", None),
        ("1E+11", "1E-20", None),
    ],
)
def test_a_change_in_percent_has_six_places(last: str, opened: str, percent: str | None) -> None:
    """More of them would claim what no price is exact enough for; from nothing to something there is no percentage."""
    ticker = Ticker(symbol=None, last=Decimal(last), percentage=percent_change(Decimal(last), Decimal(opened)))
    change = price_of_ticker(QUERY, ticker, "USD").change_percent
    assert change == (None if percent is None else Decimal(percent))


def test_a_decimal_fits_the_contract() -> None:
    """38 digits stand before the point at most, however the source writes them."""
    assert decimal_of("1e37") == Decimal("1e37")
    with pytest.raises(BadAnswer) as caught:
        decimal_of("1e38")
    assert caught.value.reason == "out_of_bounds"
