"""The world as one source shows it at one moment: its lag, refresh, spread and basis, and what a fault does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from server.simulator.assets import SimulatedAsset
from server.simulator.noise import key_of, path
from server.simulator.prices import Bar, Day
from server.simulator.world import World

_PATH_DEVIATION = 1357.0
"""How far a world path lies from zero, in path units, so that a basis can be given in basis points."""

_path_then = lru_cache(maxsize=50_000)(path)
"""A path at the moments at which candles end, which are asked for again and again."""


@dataclass(frozen=True, slots=True)
class Venue:
    """How a source shows the world: seconds behind, seconds between refreshes, spread and basis in basis points.

    `share` is its part of the world's volume.
    """

    lag_s: float = 0.2
    refresh_s: float = 0.0
    spread_bp: float = 1.0
    basis_bp: float = 1.0
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class View:
    """What a wire format may know. `now` is the source's own clock, Unix seconds.

    `factor` multiplies every value and `swap` shows another asset, chain or address than the one that was asked for:
    the faults `wrong_value` and `wrong_asset`.
    """

    world: World
    source: str
    now: float
    venue: Venue = field(default_factory=Venue)
    options: Mapping[str, str] = field(default_factory=dict)
    factor: float = 1.0
    swap: bool = False

    @property
    def data_time(self) -> float:
        """Return the moment that the source's data is of."""
        time = self.now - self.venue.lag_s
        return time - time % self.venue.refresh_s if self.venue.refresh_s else time

    def shown(self, asset: SimulatedAsset) -> SimulatedAsset:
        """Return the asset whose data is shown for one that was asked for."""
        if not self.swap:
            return asset
        others = [other for other in self.world.prices.assets if not other.follows and other.id != asset.id]
        return others[asset.rank % 7]

    def lift(self, asset: SimulatedAsset, quote: str = "USD", time: float | None = None) -> float:
        """Return what turns a true US dollar price into this source's price in a quote, now or at a Unix time."""
        follow, time = (path, self.data_time) if time is None else (_path_then, time)
        key = key_of(self.world.seed, "basis", self.source, asset.id)
        strength = self.venue.basis_bp * 1e-4 / _PATH_DEVIATION
        if asset.follows == "USD":
            strength /= 10
        basis = math.exp(strength * follow(key, time))
        return basis * self.world.prices.rate(quote, time) * self.factor

    def price(self, asset: SimulatedAsset, quote: str = "USD") -> float:
        """Return the source's price of an asset now."""
        return self.world.prices.price(asset, self.data_time) * self.lift(asset, quote)

    def day(self, asset: SimulatedAsset, quote: str = "USD") -> Day:
        """Return the source's figures of the last 24 h; the volume is this source's share, in the quote."""
        day, lift = self.world.prices.day(asset, self.data_time), self.lift(asset, quote)
        volume = day.volume_usd * self.venue.share * lift
        return Day(day.open * lift, day.high * lift, day.low * lift, day.last * lift, volume)

    def bars(self, asset: SimulatedAsset, opens: list[float], span_s: float, quote: str = "USD") -> list[Bar]:
        """Return the source's candles, closed ones the same for good; volumes are its share, in the asset."""
        now, share = self.data_time, self.venue.share
        found: list[Bar] = []
        for bar in self.world.prices.bars(asset, opens, span_s, now):
            lift = self.lift(asset, quote, min(bar.open_s + span_s, now))
            ends = (bar.open * lift, bar.high * lift, bar.low * lift, bar.close * lift)
            found.append(Bar(bar.open_s, *ends, bar.volume * share))
        return found

    def half_spread(self, asset: SimulatedAsset) -> float:
        """Return half the spread as a ratio: the venue's, wider for what is small."""
        return self.venue.spread_bp * (1 + asset.rank / 25) * 0.5e-4


def iso(time: float, digits: int = 0, end: str = "Z") -> str:
    """Return a Unix time as ISO 8601 UTC with so many digits of a second."""
    moment = datetime.fromtimestamp(time, UTC)
    fraction = f".{moment.microsecond:06d}"[: digits + 1] if digits else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + end


def rounded(value: float, figures: int = 6) -> float:
    """Return a number with so many significant figures, as aggregators show prices."""
    if not value:
        return 0.0
    return round(value, figures - 1 - math.floor(math.log10(abs(value))))
