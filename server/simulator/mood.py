"""The world's fear and greed: a daily index by source, which follows what the market did lately."""

from __future__ import annotations

import math

from server.simulator.noise import key_of, normal
from server.simulator.prices import Prices


class Mood:
    """Readings of fear and greed indices, from 0 to 100."""

    def __init__(self, seed: int, prices: Prices) -> None:
        self._seed = seed
        self._prices = prices

    def reading(self, time: float, index: str) -> float:
        """Return an index's reading at a time: bitcoin's move over a month and a week, with the index's own noise."""
        bitcoin = self._prices.by_id["bitcoin"]
        now = self._prices.price(bitcoin, time)
        month = math.log(now / self._prices.price(bitcoin, time - 30 * 86_400))
        week = math.log(now / self._prices.price(bitcoin, time - 7 * 86_400))
        own = normal(key_of(self._seed, "mood", index), int(time // 86_400))
        return 100 / (1 + math.exp(-(2.5 * month + 3 * week + 0.15 * own)))


def words_of(value: float) -> str:
    """Return an index value in words, capitalised as Alternative.me does."""
    for below, words in ((25, "Extreme Fear"), (47, "Fear"), (55, "Neutral"), (76, "Greed")):
        if value < below:
            return words
    return "Extreme Greed"
