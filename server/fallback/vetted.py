"""The last believed prices and heights, against which jumps and falls are seen; the engine owns one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from decimal import Decimal

from server.model import Price

_JUMP = Decimal("0.2")
_AGREE = Decimal("0.1")
_FALL = 100
_HEIGHT_LASTS_S = 600.0
_DOUBT_LASTS_S = 600.0

_Key = tuple[str, str]


class Vetted:
    """Remembers at most `most` prices, `pegs` from the start. Takes the monotonic time."""

    def __init__(self, pegs: Iterable[Price] = (), most: int = 10_000) -> None:
        self._most = most
        self._prices: OrderedDict[_Key, Decimal] = OrderedDict()
        self._doubted: OrderedDict[_Key, tuple[Decimal, float]] = OrderedDict()
        """What jumped first, and when: what is said again and again for long enough is believed."""
        self._heights: dict[str, tuple[int, float]] = {}
        for price in pegs:
            self.believe(price)

    def jumps(self, price: Price) -> bool:
        """Say whether a price is more than 20 % away from the last believed one."""
        last = self._prices.get((price.asset, price.quote))
        return last is not None and abs(price.value - last) > _JUMP * last

    def doubts(self, price: Price, now: float) -> bool:
        """Say whether a price jumps; one that does not is remembered, and so is one that was said for ten minutes."""
        if self.jumps(price) and not self._is_old_news(price, now):
            return True
        self.believe(price)
        return False

    def believe(self, price: Price) -> None:
        """Remember a price that was not doubted, or was confirmed."""
        key = (price.asset, price.quote)
        self._prices[key] = price.value
        if self._doubted:
            self._doubted.pop(key, None)
        if len(self._prices) > self._most:
            self._prices.popitem(last=False)

    def learn(self, price: Price) -> None:
        """Remember a price where none was believed before."""
        if (price.asset, price.quote) not in self._prices:
            self.believe(price)

    def last(self, asset: str, quote: str) -> float | None:
        """Return the last believed price, None when there is none."""
        value = self._prices.get((asset, quote))
        return None if value is None else float(value)

    def falls(self, chain: str, height: int, now: float) -> bool:
        """Say whether a chain's height is over 100 below the last believed one, and remember it when it is not."""
        last = self._heights.get(chain)
        if last is not None and height < last[0] - _FALL and now - last[1] < _HEIGHT_LASTS_S:
            return True
        self._heights[chain] = (height, now)
        return False

    def _is_old_news(self, price: Price, now: float) -> bool:
        """Say whether a doubted price was first said ten minutes ago: where nobody can confirm it, time does."""
        key = (price.asset, price.quote)
        first = self._doubted.get(key)
        if first is None or not agree(first[0], price.value):
            self._doubted[key] = (price.value, now)
            self._doubted.move_to_end(key)
            if len(self._doubted) > self._most:
                self._doubted.popitem(last=False)
            return False
        return now - first[1] >= _DOUBT_LASTS_S


def agree(one: Decimal, other: Decimal) -> bool:
    """Say whether two prices confirm each other: within 10 % of the larger."""
    return abs(one - other) <= _AGREE * max(one, other)
