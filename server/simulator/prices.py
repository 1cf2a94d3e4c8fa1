"""Prices of the world: correlated Brownian logarithms with jumps, candles and day figures; wire formats read them.

Volatility is in basis points per square root of a second. The market's own path moves every asset by its beta.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from server.simulator.assets import FIAT, SimulatedAsset, assets
from server.simulator.noise import key_of, mixed, node, normal, overshoot, path, uniform

MARKET_BP = 1.6
"""Volatility of the whole market; with bitcoin's own 1.0 it makes 1.9 bp/√s."""
PEG_BP = 0.006
FIAT_BP = 0.12
JUMP_CELL_S = 21_600
JUMPS_KEPT = 12
"""A jump is forgotten after this many cells (three days)."""
JUMP_FADE_S = 40_000.0
_BASIS_POINT = 1e-4


@dataclass(frozen=True, slots=True)
class Bar:
    """One candle in US dollars; `volume` in the asset over all venues."""

    open_s: float
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class Day:
    """The figures of the 24 h before a moment; `volume_usd` over all venues."""

    open: float
    high: float
    low: float
    last: float
    volume_usd: float


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole market in US dollars; `caps` by asset."""

    caps: Mapping[str, float]
    market_cap: float
    volume: float

    def share(self, asset_id: str) -> float:
        """Return an asset's part of the market cap."""
        return self.caps[asset_id] / self.market_cap


class Prices:
    """The price of everything at any time, as a function of the seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.assets: tuple[SimulatedAsset, ...] = assets()
        self.by_id: Mapping[str, SimulatedAsset] = {asset.id: asset for asset in self.assets}
        self.by_symbol: Mapping[str, SimulatedAsset] = {asset.symbol: asset for asset in reversed(self.assets)}
        self._market = key_of(seed, "market")
        self._keys = {asset.id: key_of(seed, "asset", asset.id) for asset in self.assets}
        self._fiat = {code: key_of(seed, "fiat", code) for code in FIAT}
        self._jumps = lru_cache(maxsize=20_000)(self._jumps_of)
        self._cells = lru_cache(maxsize=20_000)(self._cell)
        self._bars = lru_cache(maxsize=50_000)(self._bar)
        self._totals = lru_cache(maxsize=64)(self._totals_of)

    def price(self, asset: SimulatedAsset, time: float) -> float:
        """Return the true price in US dollars at a Unix time."""
        return math.exp(self._log(asset, time))

    def rate(self, code: str, time: float) -> float:
        """Return how many units of a currency or asset one US dollar buys; raises KeyError for an unknown one."""
        if code == "USD":
            return 1.0
        if code in self._fiat:
            return FIAT[code] * math.exp(FIAT_BP * _BASIS_POINT * path(self._fiat[code], time))
        return 1.0 / self.price(self.by_symbol[code], time)

    def volatility(self, asset: SimulatedAsset) -> float:
        """Return the deviation of the log price per square root of a second."""
        if asset.follows == "USD":
            return PEG_BP * _BASIS_POINT
        if asset.follows:
            return self.volatility(self.by_id[asset.follows])
        return math.hypot(MARKET_BP * asset.anchor.beta, asset.anchor.own_bp) * _BASIS_POINT

    def day(self, asset: SimulatedAsset, time: float) -> Day:
        """Return the figures of the last 24 h, ending now."""
        last, first = self.price(asset, time), self.price(asset, time - 86_400)
        level = 11
        cell = math.floor(time / 2**level)
        cells = [self._cells(asset.id, level, cell - back) for back in range(42, -1, -1)][:-1]
        high = max(last, first, *(top for top, _ in cells))
        low = min(last, first, *(bottom for _, bottom in cells))
        return Day(first, high, low, last, self.volume_usd(asset, time))

    def volume_usd(self, asset: SimulatedAsset, time: float) -> float:
        """Return what was traded in the 24 h before a moment, over all venues."""
        moved = 0.4 * _BASIS_POINT * 2 * path(self._keys[asset.id] ^ 0x77, time)
        return asset.anchor.turnover * self.price(asset, time) * asset.supply * math.exp(moved)

    def market_cap(self, asset: SimulatedAsset, time: float) -> float:
        """Return price times supply."""
        return self.price(asset, time) * asset.supply

    def totals(self, time: float) -> Totals:
        """Return the whole market at a time, to ten seconds; what is pegged to another asset counts once."""
        return self._totals(time - time % 10)

    def _totals_of(self, time: float) -> Totals:
        own = [asset for asset in self.assets if asset.follows not in self.by_id]
        caps = {asset.id: self.market_cap(asset, time) for asset in self.assets}
        volume = sum(self.volume_usd(asset, time) for asset in own)
        return Totals(caps, sum(caps[asset.id] for asset in own), volume)

    def bar(self, asset: SimulatedAsset, open_s: float, span_s: float, now: float) -> Bar:
        """Return the candle that opens at a time; an open one ends now."""
        if open_s + span_s <= now:
            return self._bars(asset.id, open_s, span_s)
        return self._bar(asset.id, open_s, max(1e-3, now - open_s))

    def bars(self, asset: SimulatedAsset, opens: Sequence[float], span_s: float, now: float) -> list[Bar]:
        """Return candles for each open time that is not in the future."""
        return [self.bar(asset, open_s, span_s, now) for open_s in opens if open_s <= now]

    def _bar(self, asset_id: str, open_s: float, span_s: float) -> Bar:
        asset = self.by_id[asset_id]
        sigma, key = self.volatility(asset), self._keys[asset_id]
        step = 2 ** max(6, min(14, math.floor(math.log2(max(1.0, span_s / 8)))))
        first = math.floor(open_s / step) + 1
        times = [open_s]
        times += [index * step for index in range(first, math.ceil((open_s + span_s) / step))]
        times.append(open_s + span_s)
        logs = [self._log(asset, moment) for moment in times]
        high, low = max(logs), min(logs)
        for place in range(len(times) - 1):
            deviation = sigma * math.sqrt(times[place + 1] - times[place])
            luck = mixed(key ^ 0x0F0F, int(times[place] * 8))
            left, right = logs[place], logs[place + 1]
            high = max(high, overshoot(left, right, deviation, ((luck >> 40) + 0.5) / 2**24))
            low = min(low, -overshoot(-left, -right, deviation, ((luck & 0xFFFFFF) + 0.5) / 2**24))
        ends = math.exp(logs[0]), math.exp(high), math.exp(low), math.exp(logs[-1])
        share = span_s / 86_400 * math.exp(0.5 * normal(key ^ 0x3333, int(open_s)) - 0.125)
        return Bar(open_s, *ends, asset.anchor.turnover * asset.supply * share)

    def _cell(self, asset_id: str, level: int, index: int) -> tuple[float, float]:
        """Return the highest and lowest price within one cell of the dyadic grid."""
        asset = self.by_id[asset_id]
        start, end = index * 2.0**level, (index + 1) * 2.0**level
        left, right = self._log(asset, start), self._log(asset, end)
        deviation = self.volatility(asset) * math.sqrt(end - start)
        key = self._keys[asset_id] ^ 0x0F0E
        high = overshoot(left, right, deviation, uniform(key, index * 2))
        low = -overshoot(-left, -right, deviation, uniform(key, index * 2 + 1))
        return math.exp(high), math.exp(low)

    def _log(self, asset: SimulatedAsset, time: float) -> float:
        """Return the logarithm of the true price."""
        key = self._keys[asset.id]
        if asset.follows:
            anchor = 0.0 if asset.follows == "USD" else self._log(self.by_id[asset.follows], time)
            ratio = asset.anchor.price / (1.0 if asset.follows == "USD" else self.by_id[asset.follows].anchor.price)
            return anchor + math.log(ratio) + PEG_BP * _BASIS_POINT * _read(key, time)
        market = MARKET_BP * asset.anchor.beta * _read(self._market, time) + asset.anchor.own_bp * _read(key, time)
        jumps = asset.anchor.beta * self._jump(self._market, 0.02, time) + self._jump(key, 0.02, time)
        return math.log(asset.anchor.price) + market * _BASIS_POINT + jumps

    def _jump(self, key: int, size: float, time: float) -> float:
        """Return the sum of the jumps that are not forgotten yet, each fading away."""
        cell = math.floor(time / JUMP_CELL_S)
        total = 0.0
        for index in range(cell - JUMPS_KEPT, cell + 1):
            for moment, share in self._jumps(key, index):
                age = time - moment
                if 0 <= age < JUMPS_KEPT * JUMP_CELL_S:
                    fade = 1 - age / (JUMPS_KEPT * JUMP_CELL_S)
                    total += size * share * math.exp(-age / JUMP_FADE_S) * fade
        return total

    def _jumps_of(self, key: int, cell: int) -> tuple[tuple[float, float], ...]:
        """Return the jumps of one cell as (time, size in deviations): one in ten cells has one."""
        if uniform(key ^ 0x1234, cell) > 0.1:
            return ()
        return (((cell + uniform(key ^ 0x1235, cell)) * JUMP_CELL_S, normal(key ^ 0x1236, cell)),)


def _read(key: int, time: float) -> float:
    """Read a path, by its remembered grid where the time lies on it."""
    cell = time / 64
    return node(key, 6, int(cell)) if cell.is_integer() else path(key, time)
