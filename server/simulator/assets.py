"""The assets of the simulated world: where their prices are anchored, how much there is, and each source's own ids.

Names and ids are those of Nerkh's registry, read from its data file; prices and supplies are the simulator's own.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from server.simulator.noise import key_of, uniform

_HERE = Path(__file__).parent
FIAT: Mapping[str, float] = {
    "USD": 1.0, "EUR": 0.862, "GBP": 0.757, "JPY": 154.6, "CAD": 1.403, "AUD": 1.541, "CHF": 0.801, "CNY": 7.11,
    "INR": 88.6, "KRW": 1462.0, "BRL": 5.33, "TRY": 42.3, "RUB": 80.9, "MXN": 18.4, "SEK": 9.44, "NOK": 10.08,
    "DKK": 6.44, "PLN": 3.65, "CZK": 20.9, "HUF": 331.0, "HKD": 7.78, "SGD": 1.304, "NZD": 1.772, "ZAR": 17.2,
    "THB": 32.4, "TWD": 31.1, "AED": 3.6725, "ILS": 3.25, "CLP": 934.0, "ARS": 1418.0, "UAH": 42.1, "VND": 26340.0,
}  # fmt: skip
"""Units of a currency for one US dollar, around which the world's rates move."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What an asset is worth about. `own_bp` is its own volatility in basis points per square root of a second.

    `beta` is its share in the market's moves, `turnover` the part of its value that is traded in a day, `follows` the
    currency or asset that it is pegged to.
    """

    price: float
    supply: float
    max_supply: float | None
    own_bp: float
    beta: float
    turnover: float
    follows: str = ""


@dataclass(frozen=True, slots=True)
class SimulatedAsset:
    """One asset of the world. `contracts` holds its token contracts by chain: address and decimals."""

    id: str
    symbol: str = field(compare=False)
    name: str = field(compare=False)
    rank: int = field(compare=False)
    anchor: Anchor = field(compare=False)
    source_ids: Mapping[str, str] = field(compare=False, default_factory=dict)
    contracts: Mapping[str, tuple[str, int]] = field(compare=False, default_factory=dict)

    @property
    def follows(self) -> str:
        """Return what the asset is pegged to, empty when to nothing."""
        return self.anchor.follows

    @property
    def supply(self) -> float:
        """Return how much of the asset there is."""
        return self.anchor.supply

    def id_at(self, source: str) -> str | None:
        """Return the source's own id of the asset, None when the source does not know it."""
        return self.source_ids.get(source)


@cache
def assets() -> tuple[SimulatedAsset, ...]:
    """Return every asset of the world, largest market cap at its anchor first."""
    rows = json.loads((_HERE.parent / "assets" / "assets.json").read_text("utf-8"))["assets"]
    anchors = _anchors()
    found = [(row, anchors.get(row["id"]) or _made_up(row["id"], place)) for place, row in enumerate(rows, 1)]
    found.sort(key=lambda pair: -pair[1].price * pair[1].supply)
    return tuple(
        SimulatedAsset(
            id=row["id"],
            symbol=row["symbol"],
            name=row["name"],
            rank=rank,
            anchor=anchor,
            source_ids={"coingecko": row["id"], **row["ids"]},
            contracts={chain: (address, decimals) for chain, (address, decimals) in row.get("contracts", {}).items()},
        )
        for rank, (row, anchor) in enumerate(found, 1)
    )


def _anchors() -> dict[str, Anchor]:
    """Return the anchors of the table, by asset."""
    table = (_HERE / "anchors.csv").read_text("utf-8")
    return {
        row["id"]: Anchor(
            price=float(row["price"]),
            supply=float(row["supply"]),
            max_supply=float(row["max_supply"]) if row["max_supply"] else None,
            own_bp=float(row["own_bp"]),
            beta=float(row["beta"]),
            turnover=float(row["turnover"]),
            follows=row["follows"],
        )
        for row in csv.DictReader(table.splitlines())
    }


def _made_up(name: str, place: int) -> Anchor:
    """Return a small asset's anchor, for those that the table leaves out: a price by hash, a market cap by place."""
    key = key_of(0, "anchor", name)
    price = float(f"{10 ** (-2 + 3 * uniform(key, 0)):.3g}")
    supply = float(f"{2e10 / max(60, place) / price:.3g}")
    return Anchor(price, supply, supply * 1.5, 2.2 + 1.5 * uniform(key, 1), 1.2, 0.03 + 0.1 * uniform(key, 2))
