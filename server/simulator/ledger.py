"""What an address of a simulated chain did: a history that grows with time, whose effects add up to its balance."""

from __future__ import annotations

import math
from dataclasses import dataclass

from server.simulator.noise import key_of, normal, uniform

_FIRST_S = 1_577_836_800.0
"""No address is older than 2020."""
_LATEST_BIRTH_S = 1_780_000_000.0
_MOST = 400
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Step:
    """One change of an address: `before` and `after` are its balances in the smallest unit."""

    index: int
    time: float
    before: int
    after: int
    key: int


class Ledger:
    """The histories of one chain's addresses. `usd` is what one whole coin is worth about; it sizes balances."""

    def __init__(self, seed: int, chain: str, decimals: int, usd: float) -> None:
        self._seed = seed
        self._chain = chain
        self._unit = 10**decimals / usd

    def count(self, address: bytes, time: float) -> int:
        """Return how many steps an address has made until a time."""
        birth, span = self._pace(address)
        if span == 0 or time < birth:
            return 0
        newest = math.floor((time - birth) / span)
        return newest + (1 if self._time(address, newest) <= time else 0)

    def step(self, address: bytes, index: int) -> Step:
        """Return one step by its number, 0 the first."""
        key = key_of(self._seed, "step", self._chain, address.hex())
        before = self.balance(address, index - 1) if index else 0
        return Step(index, self._time(address, index), before, self.balance(address, index), key ^ (index * 0x9E37))

    def newest(self, address: bytes, time: float, limit: int, skip: int = 0) -> list[Step]:
        """Return steps until a time, newest first."""
        last = self.count(address, time) - 1 - skip
        return [self.step(address, index) for index in range(last, max(-1, last - limit), -1)]

    def balance(self, address: bytes, index: int) -> int:
        """Return the balance after a step; before the first there is none."""
        if index < 0:
            return 0
        key = key_of(self._seed, "wealth", self._chain, address.hex())
        wealth = math.exp(6.5 + 2.2 * normal(key, 0))
        return max(1000, int(wealth * math.exp(0.7 * normal(key, 1 + index)) * self._unit))

    def _pace(self, address: bytes) -> tuple[float, float]:
        """Return when an address first moved and how long it waits between moves; (0, 0) when it never did."""
        key = key_of(self._seed, "pace", self._chain, address.hex())
        if uniform(key, 0) < 0.05:
            return 0.0, 0.0
        birth = _FIRST_S + uniform(key, 1) * (_LATEST_BIRTH_S - _FIRST_S)
        span = 12 * _HOUR_S * math.exp(1.3 * normal(key, 2))
        return birth, max(span, (_LATEST_BIRTH_S + 1e7 - birth) / _MOST)

    def _time(self, address: bytes, index: int) -> float:
        birth, span = self._pace(address)
        key = key_of(self._seed, "moment", self._chain, address.hex())
        return birth + span * (index + 0.1 + 0.8 * uniform(key, index))
