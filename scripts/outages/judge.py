"""Says whether an answer is wrong, by the simulated world itself: the same seed gives the same truth here.

A price that is right may still be off: venues lag by up to 30 s and differ by some basis points, and one cell of six
hours in ten has a jump of 2 %. So an answer counts as wrong beyond a tenth, far from any lie told in the runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from scripts.outages.traffic import Seen
from server.assets import registry
from server.simulator.world import World

_TENTH = 0.1
_WIDE = 0.5
"""For fees: they are of another block than the truth's."""
_BLOCKS = 20


def _off(given: str, true: float, within: float = _TENTH) -> str:
    """Return how far a figure is off, nothing when it is within bounds."""
    return "" if abs(float(given) - true) <= within * abs(true) else f"{given} where {true:g} is true"


class Judge:
    """Compares answers with one world."""

    def __init__(self, seed: int) -> None:
        self._world = World(seed)
        self._ids = registry()
        self._checks: dict[str, Callable[[Any, Seen], str]] = {
            "price": self._price,
            "prices": self._prices,
            "candles": self._candles,
            "overview": self._overview,
            "gas": self._gas,
            "block": self._block,
            "chain": self._chain,
            "balance": self._balance,
            "fear_greed": self._fear_greed,
        }

    def wrong(self, seen: Seen) -> str:
        """Return what is wrong with an answer; nothing when it is right, or of a kind without a figure to compare."""
        check = self._checks.get(seen.call.kind)
        return "" if check is None or seen.error else check(seen.answer, seen)

    def _true_price(self, name: str, at: float) -> float:
        asset = self._world.prices.by_id.get(name) or self._world.prices.by_symbol[name]
        return self._world.prices.price(asset, at)

    def _price(self, answer: Any, seen: Seen) -> str:
        return _off(answer.price.value, self._true_price(answer.price.asset, seen.source_time or seen.end))

    def _prices(self, answer: Any, seen: Seen) -> str:
        known = self._world.prices.by_id
        found = (
            _off(price.value, self._true_price(price.asset, seen.end))
            for price in answer.prices
            if price.asset in known
        )
        return next(filter(None, found), "")

    def _candles(self, answer: Any, _seen: Seen) -> str:
        last = answer.candles[-1] if answer.candles else None
        return "" if last is None else _off(last.open, self._true_price("BTC", last.open_time.ToNanoseconds() / 1e9))

    def _overview(self, answer: Any, seen: Seen) -> str:
        return _off(answer.overview.total_market_cap_usd, self._world.prices.totals(seen.end).market_cap, 0.5)

    def _gas(self, answer: Any, seen: Seen) -> str:
        chain = self._world.evm["ethereum"]
        now = chain.height(seen.source_time or seen.end)
        fees = [chain.base_fee(height) / 1e9 for height in range(now - 6, now + 2)]
        if not answer.gas_price.base_fee:
            return ""
        given = float(answer.gas_price.base_fee)
        is_near = min(fees) * (1 - _WIDE) <= given <= max(fees) * (1 + _WIDE)
        return "" if is_near else f"base fee {given:g} where {fees[-1]:g} gwei is true"

    def _block(self, answer: Any, seen: Seen) -> str:
        true = self._world.evm["ethereum"].height(seen.end)
        return "" if abs(answer.block.height - true) <= _BLOCKS else f"height {answer.block.height}, true {true}"

    def _chain(self, answer: Any, seen: Seen) -> str:
        true = self._world.bitcoin.height(seen.end)
        return "" if abs(answer.status.height - true) <= _BLOCKS else f"height {answer.status.height}, true {true}"

    def _balance(self, answer: Any, seen: Seen) -> str:
        chain = self._world.evm["ethereum"]
        true = [chain.balance(seen.call.of, seen.end - back) / 1e18 for back in (0, 15, 60)]
        return next((_off(answer.balance.amount, true[0]) for _ in true if not _near(answer.balance.amount, true)), "")

    def _fear_greed(self, answer: Any, _seen: Seen) -> str:
        true = self._world.mood.reading(time.time(), "alternative_me")
        given = float(answer.reading.value)
        return "" if abs(given - true) <= 25 else f"{given:g} where about {true:.0f} is true"


def _near(given: str, true: list[float]) -> bool:
    """Say whether a figure was true lately."""
    return any(not _off(given, each) for each in true)
