"""Amounts in a chain's smallest unit turned into its own, exactly; the on-chain providers use it."""

from __future__ import annotations

from decimal import Decimal

from server.errors import BadAnswer

SATOSHI = 8
"""Decimals of a bitcoin."""
GWEI = 9
"""Decimals of a gwei, counted in wei."""
_LARGEST_BITS = 127


def amount_of(units: int, decimals: int) -> Decimal:
    """Return `units` of the smallest unit as an exact decimal, without trailing zeros.

    Raises BadAnswer (`out_of_bounds`) for what no balance reaches: the decimals of 38 digits end there.
    """
    if units.bit_length() > _LARGEST_BITS:
        raise BadAnswer("out_of_bounds", "more than any balance")
    while decimals > 0 and units % 10 == 0:
        units //= 10
        decimals -= 1
    # Built from text, because arithmetic would round to the context's 28 digits.
    return Decimal(f"{units}E-{decimals}")


def bitcoin_of(satoshi: int) -> Decimal:
    """Return an amount of satoshi in bitcoin."""
    return amount_of(satoshi, SATOSHI)


def gwei_of(wei: int) -> Decimal:
    """Return an amount of wei in gwei."""
    return amount_of(wei, GWEI)
