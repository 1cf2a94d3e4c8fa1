"""How much an asset moves: measured from each source's own successive quotes; the quote book keeps one a pair."""

from __future__ import annotations

from math import log, sqrt

from server.model import Asset

_PRIOR_S = 120.0
"""For how many seconds of quotes the usual volatility weighs against what is measured."""

_HALF_LIFE_S = 1800.0
_LEAST_SPAN_S = 0.5
_MOST_DEVIATIONS = 6.0
_PEGGED = frozenset({"USDT", "USDC", "DAI", "USDE", "USDS", "FDUSD", "PYUSD", "TUSD", "USD1", "EURC"})
_PEGGED_USUAL = 0.2e-4
_LARGEST, _LARGE = 10, 100
_LARGEST_USUAL, _LARGE_USUAL, _SMALL_USUAL = 2.5e-4, 3.5e-4, 5e-4


def is_small(asset: Asset) -> bool:
    """Say whether an asset is a small cap; one whose place is unknown is."""
    return not 0 < asset.rank <= _LARGE


def usual(asset: Asset) -> float:
    """Return the volatility of an asset's class, per square root of a second."""
    if asset.symbol.upper() in _PEGGED:
        return _PEGGED_USUAL
    if is_small(asset):
        return _SMALL_USUAL
    return _LARGEST_USUAL if asset.rank <= _LARGEST else _LARGE_USUAL


class Volatility:
    """The deviation of a price's logarithm per square root of a second, the last half hour weighing most."""

    __slots__ = ("_moved", "_span_s", "value")

    def __init__(self, value: float) -> None:
        self.value = value
        self._moved = value * value * _PRIOR_S
        self._span_s = _PRIOR_S

    def note(self, before: float, after: float, span_s: float) -> None:
        """Take in that one source's price moved within a span of its data's time; a leap counts as a large step."""
        if span_s < _LEAST_SPAN_S:
            return
        moved = log(after / before) ** 2
        most = (_MOST_DEVIATIONS * self.value) ** 2 * span_s
        kept = 0.5 ** (span_s / _HALF_LIFE_S)
        self._moved = self._moved * kept + min(moved, most)
        self._span_s = self._span_s * kept + span_s
        self.value = sqrt(self._moved / self._span_s)
