"""What was believed last, against which jumps and falls are seen; the engine owns one.

A price, or any other figure (`opinions`), that is far from it is doubted: a second source is asked. What nobody can
confirm but is said again for ten minutes is believed. A price that several sources confirmed is sure; one source's
word, or a list's, is not, and yields to more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from math import inf
from typing import NamedTuple

from server.fallback.opinions import Figure, Law, figures, near
from server.model import Price, Prices, Query, Value

_JUMP = Decimal("0.2")
_DOUBT_LASTS_S = 600.0
_FRESH_S = 600.0
"""For how long a believed price says more than what a list says after it, in seconds."""

_LIST = "list"
_Key = tuple[str, str]


class Doubt(Enum):
    """Whether a value is to be held against another source's."""

    NONE = "none"
    UNSEEN = "unseen"
    """Nothing is known that it could be held against."""
    JUMPED = "jumped"


class _Believed(NamedTuple):
    """A figure that was believed, when (monotonic seconds), and whether several sources said it."""

    value: Decimal
    at: float
    is_sure: bool = False


class Vetted:
    """Remembers at most `most` prices, `pegs` from the start, and as many other figures. Takes the monotonic time."""

    def __init__(self, pegs: Iterable[Price] = (), most: int = 10_000) -> None:
        self._most = most
        self._prices: OrderedDict[_Key, _Believed] = OrderedDict()
        self._figures: OrderedDict[Hashable, _Believed] = OrderedDict()
        self._doubted: OrderedDict[Hashable, _Believed] = OrderedDict()
        """What jumped first, and when: what is said again and again for long enough is believed."""
        for price in pegs:
            self.believe_price(price, -inf, is_sure=True)

    def question(self, query: Query, value: Value, now: float) -> Doubt:
        """Say whether a value is to be doubted; what is not, and has something to be held against, is remembered."""
        if isinstance(value, Price):
            return Doubt.JUMPED if self.doubts(value, now) else Doubt.NONE
        if isinstance(value, Prices):
            self._hear(value, now)
            return Doubt.JUMPED if self._most_jump(value, now) else Doubt.NONE
        doubt, found = Doubt.NONE, figures(query, value)
        for figure in found:
            if not self._holds(figure, now) and not self._is_said_on(figure.key, figure.value, figure.law, now):
                doubt = Doubt.JUMPED
            elif doubt is Doubt.NONE and figure.law.is_asked_first and self._last(figure, now) is None:
                doubt = Doubt.UNSEEN
        if doubt is Doubt.NONE:
            self._remember(found, now)
        return doubt

    def contradicts(self, query: Query, value: Value, now: float) -> bool:
        """Say whether a value is far from what was believed last, however long it has been said; forgets nothing."""
        if isinstance(value, Price):
            return self.jumps(value)
        if isinstance(value, Prices):
            return self._most_jump(value, now)
        return not all(self._holds(figure, now) for figure in figures(query, value))

    def believe(self, query: Query, value: Value, now: float) -> None:
        """Remember what several sources said, of a list what nothing fresh and sure is known of.

        A single price is left to the vote on all its quotes, which tells two that agree by chance from the rest.
        """
        if isinstance(value, Prices):
            for price in value.prices:
                last = self._prices.get((price.asset, price.quote))
                if last is None or not last.is_sure or now - last.at > _FRESH_S:
                    self.believe_price(price, now)
        elif not isinstance(value, Price):
            self._remember(figures(query, value), now)

    def jumps(self, price: Price) -> bool:
        """Say whether a price is more than 20 % away from the last believed one."""
        last = self._prices.get((price.asset, price.quote))
        return last is not None and _is_far(price.value, last.value)

    def doubts(self, price: Price, now: float) -> bool:
        """Say whether a price jumps; one that does not is remembered, and so is one that was said for ten minutes."""
        key = (price.asset, price.quote)
        last = self._prices.get(key)
        jumps = last is not None and _is_far(price.value, last.value)
        if jumps and not self._is_said_on(key, price.value, None, now):
            return True
        self.believe_price(price, now, is_sure=not jumps and last is not None and last.is_sure)
        return False

    def believe_price(self, price: Price, now: float, *, is_sure: bool = False) -> None:
        """Remember a price that was not doubted; it `is_sure` where several sources say it."""
        key = (price.asset, price.quote)
        self._prices[key] = _Believed(price.value, now, is_sure)
        self._prices.move_to_end(key)
        if self._doubted:
            self._doubted.pop(key, None)
        if len(self._prices) > self._most:
            self._prices.popitem(last=False)

    def learn(self, price: Price, now: float) -> None:
        """Remember a list's price where none was believed; one of long ago goes along with it, short of a jump."""
        last = self._prices.get((price.asset, price.quote))
        if last is None or (now - last.at > _FRESH_S and not self.jumps(price)):
            self.believe_price(price, now)

    def marked(self, prices: Prices, now: float) -> Prices:
        """Return a list with those of its prices flagged that jumped, but for what lists have said for ten minutes."""
        if not any(map(self.jumps, prices.prices)):
            return prices
        return replace(
            prices,
            prices=tuple(
                replace(each, flagged=True) if self.jumps(each) and not self._is_old_news(each, now) else each
                for each in prices.prices
            ),
        )

    def last(self, asset: str, quote: str) -> tuple[float, bool] | None:
        """Return the last believed price, and whether it is sure; None when there is none."""
        last = self._prices.get((asset, quote))
        return None if last is None else (float(last.value), last.is_sure)

    def _hear(self, prices: Prices, now: float) -> None:
        """Note since when lists have said what jumps; apart from single prices, which others can confirm."""
        for price in prices.prices:
            if self.jumps(price):
                self._is_said_on((_LIST, price.asset, price.quote), price.value, None, now)
            elif self._doubted:
                self._doubted.pop((_LIST, price.asset, price.quote), None)

    def _most_jump(self, prices: Prices, now: float) -> bool:
        """Say whether more than half of a list's known prices jump, old news not counted."""
        known = [price for price in prices.prices if (price.asset, price.quote) in self._prices]
        return 2 * sum(self.jumps(price) and not self._is_old_news(price, now) for price in known) > len(known)

    def _holds(self, figure: Figure, now: float) -> bool:
        """Say whether one figure is near the last believed one, or nothing is known of it."""
        last = self._last(figure, now)
        return last is None or figure.law.holds(figure.value, last.value, Decimal(figure.per_s * (now - last.at)))

    def _last(self, figure: Figure, now: float) -> _Believed | None:
        """Return what was believed last of a figure; None when nothing was, or too long ago to say anything."""
        last = None if figure.price is None else self._prices.get(figure.price)
        if last is None or now - last.at > figure.law.lasts_s:
            last = self._figures.get(figure.key)
        return None if last is None or now - last.at > figure.law.lasts_s else last

    def _remember(self, found: Iterable[Figure], now: float) -> None:
        for figure in found:
            self._figures[figure.key] = _Believed(figure.value, now)
            self._figures.move_to_end(figure.key)
            self._doubted.pop(figure.key, None)
        while len(self._figures) > self._most:
            self._figures.popitem(last=False)

    def _is_old_news(self, price: Price, now: float) -> bool:
        """Say whether lists have said a price for ten minutes that jumps, and nothing fresher is known of it."""
        last = self._prices[price.asset, price.quote]
        first = self._doubted.get((_LIST, price.asset, price.quote))
        if first is None or now - last.at <= _FRESH_S:
            return False
        return near(first.value, price.value) and now - first.at >= _DOUBT_LASTS_S

    def _is_said_on(self, key: Hashable, value: Decimal, law: Law | None, now: float) -> bool:
        """Say whether what is doubted was first said ten minutes ago; it is remembered, and may move along slowly."""
        first = self._doubted.get(key)
        is_same = first is not None and (near(first.value, value) if law is None else law.holds(value, first.value))
        at = first.at if first is not None and is_same else now
        self._doubted[key] = _Believed(value, at)
        if first is None:
            self._doubted.move_to_end(key)
            if len(self._doubted) > self._most:
                self._doubted.popitem(last=False)
        return now - at >= _DOUBT_LASTS_S


def _is_far(value: Decimal, last: Decimal) -> bool:
    """Say whether a price is too far away from the last one to be believed at once."""
    return abs(value - last) > _JUMP * last
