"""What is asked and what goes wrong in `faults` and `scripts/chaos sources`: questions by weight, draws of faults."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from server.assets import registry
from server.model import (
    BalanceQuery,
    BlockQuery,
    CandlesQuery,
    FearGreedQuery,
    GasQuery,
    PriceQuery,
    Query,
    interval_of,
)
from server.providers.base import Source
from server.providers.catalog import provider_of

FAILING = ("hang", "status", "reset", "refuse", "truncated", "rate_limit", "html", "error_body")
SLOW = {"fault": "latency", "ms": 3000, "law": "lognormal", "deviation": 0.4}
FAILING_SHARE, SLOW_SHARE = 0.2, 0.1
_WEIGHTS = {"price": 50, "candles": 15, "balance": 15, "block": 10, "gas": 5, "fear_greed": 5}


class Questions:
    """Questions that several sources can answer, drawn by weight."""

    def __init__(self, chance: random.Random) -> None:
        known = registry()
        self._chance = chance
        self._assets = [known.asset(symbol) for symbol in SYMBOLS]
        self._ethereum = known.chain("ethereum")

    def one(self) -> Query:
        """Return the next question."""
        chance = self._chance
        kind = chance.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
        match kind:
            case "price":
                return PriceQuery(chance.choice(self._assets))
            case "candles":
                interval = interval_of(chance.choice(("1h", "1d")))
                assert interval is not None
                return CandlesQuery(chance.choice(self._assets[:6]), interval, limit=20)
            case "balance":
                return BalanceQuery(self._ethereum, f"0x{chance.getrandbits(160):040x}")
            case "block":
                return BlockQuery(self._ethereum)
            case "gas":
                return GasQuery(self._ethereum)
        return FearGreedQuery()


SYMBOLS = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "LINK", "AVAX", "DOT", "UNI", "ATOM")
"""Assets that every exchange lists."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Which sources fail, in which way, and which are slow."""

    failing: dict[str, str]
    slow: tuple[str, ...]

    def struck(self) -> set[str]:
        """Return every source that something is wrong with."""
        return {*self.failing, *self.slow}


def draws(catalog: Sequence[Source], questions: Sequence[Query], chance: random.Random, count: int) -> list[Draw]:
    """Return draws of faults over all sources, of those that leave each question one healthy source at least.

    A question that nobody could answer would say nothing of the one that asks.
    """
    needed = [{source.id for source in catalog if _serves(source, query)} for query in questions]
    made: list[Draw] = []
    while len(made) < count:
        ids = [source.id for source in catalog]
        chance.shuffle(ids)
        failing, slow = round(len(ids) * FAILING_SHARE), round(len(ids) * SLOW_SHARE)
        offset = chance.randrange(len(FAILING))
        ways = {id_: FAILING[(offset + place) % len(FAILING)] for place, id_ in enumerate(ids[:failing])}
        draw = Draw(ways, tuple(ids[failing : failing + slow]))
        if all(sources - draw.struck() for sources in needed):
            made.append(draw)
    return made


def _serves(source: Source, query: Query) -> bool:
    capability = provider_of(source).capability(query.kind)
    return capability is not None and capability.serves(source, query)
