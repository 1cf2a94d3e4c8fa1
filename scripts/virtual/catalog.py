"""The sources of the virtual world: one toy wire format, several kinds, tiers, makers and coverages; used by `world`.

An answer's body is `subject quote value time`; its value ends in a serial number, so that every answer ever given can
be told from every other one.
"""

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal

from server.errors import BadAnswer
from server.model import (
    Article,
    Articles,
    Asset,
    Balance,
    BalanceQuery,
    Chain,
    ChainFamily,
    FearGreed,
    FearGreedQuery,
    FearGreedReading,
    GasPrice,
    GasQuery,
    Kind,
    NewsQuery,
    Price,
    PriceQuery,
    Query,
    Value,
)
from server.providers.base import Capability, Limit, Provider, Reply, Request, Source, Tier

ASSETS = tuple(Asset(f"asset{number}", f"A{number}", f"Asset {number}") for number in range(12))
TETHER = Asset("tether", "USDT", "Tether")
BITCOIN = ASSETS[0]
RATE_ASSETS = {"USDT": TETHER, "BTC": BITCOIN}
CHAINS = tuple(Chain(f"chain{number}", f"Chain {number}", ChainFamily.EVM, "eth", "ETH", 18) for number in range(4))
QUERIES: tuple[Query, ...] = (
    *(PriceQuery(asset) for asset in ASSETS),
    *(PriceQuery(asset, "EUR") for asset in ASSETS[:3]),
    *(GasQuery(chain) for chain in CHAINS),
    *(BalanceQuery(chain, f"0x{number:040x}") for number, chain in enumerate(CHAINS)),
    FearGreedQuery(),
    NewsQuery(),
)
"""What callers ask, the first most often."""
DIGITS = 9
"""How many of the last digits of a value are its serial number."""
_MAKERS = 12
_LIMITS = ((), (), (Limit(10, 10.0),), (Limit(3, 1.0), Limit(30, 60.0)))
"""What sources' terms allow; half of them say nothing."""


def subject(query: Query) -> str:
    """Return a query as it stands in a path: kind, what it is of, and the quote."""
    if isinstance(query, PriceQuery):
        return f"price/{query.asset.id}/{query.quote}"
    if isinstance(query, BalanceQuery):
        return f"balance/{query.chain.id}/{query.address}"
    if isinstance(query, GasQuery):
        return f"gas/{query.chain.id}/-"
    return f"{query.kind.value}/all/-"


def build(source: Source, query: Query) -> tuple[Request, ...]:
    """Ask for one thing; a venue that knows one quote alone asks for that."""
    if isinstance(query, PriceQuery) and (own := source.options.get("quote")):
        return (Request(f"/price/{query.asset.id}/{own}"),)
    return (Request("/" + subject(query)),)


def serves(source: Source, query: Query) -> bool:
    """Say whether a source covers an asset in a quote, or a chain."""
    if isinstance(query, PriceQuery):
        known = source.options["assets"].split()
        return (query.asset.id in known or query.asset == TETHER) and (
            query.quote != "EUR" or "quote" not in source.options
        )
    if isinstance(query, GasQuery | BalanceQuery):
        return query.chain.id in source.chains
    return True


def parse(_source: Source, query: Query, replies: tuple[Reply, ...]) -> Value:
    """Read an answer; raises `BadAnswer` whatever else the bytes are."""
    try:
        of, quote, number, stated = replies[0].body.decode().split()
        value, time = Decimal(number), datetime.fromisoformat(stated)
    except (ValueError, ArithmeticError):
        raise BadAnswer("schema", "four words were due") from None
    return _value(query, of, quote, value, time)


def _value(query: Query, of: str, quote: str, value: Decimal, time: datetime) -> Value:
    if isinstance(query, PriceQuery):
        return Price(of, quote, value, time)
    if isinstance(query, GasQuery):
        return GasPrice(of, "gwei", value, value, value, source_time=time)
    if isinstance(query, BalanceQuery):
        return Balance(of, quote, "ETH", value, source_time=time)
    if isinstance(query, FearGreedQuery):
        return FearGreed((FearGreedReading(value, "Neutral", time),), time)
    articles = (Article(str(value), "Title", "https://news.example/1", time, ("feed",)),)
    return Articles(articles if quote != "none" else (), time)


def number_of(value: Value) -> Decimal:
    """Return the figure that a source gave, before any conversion; its last digits are the serial number."""
    if isinstance(value, Price):
        own = value.value if value.raw_value is None else value.raw_value
        return own if value.native_value is None else value.native_value
    if isinstance(value, GasPrice):
        return value.standard
    if isinstance(value, Balance):
        return value.amount
    if isinstance(value, FearGreed):
        return value.readings[0].value
    if isinstance(value, Articles):
        return Decimal(value.articles[0].id) if value.articles else Decimal(0)
    raise TypeError(type(value).__name__)


_VENUE = (Kind.PRICE,)
_NODE = (Kind.GAS, Kind.BALANCE)
_PRESS = (Kind.NEWS, Kind.FEAR_GREED)


def providers() -> dict[str, Provider]:
    """Return the makers: of venues, of nodes, of feeds."""
    made = {}
    for family, kinds in (("venue", _VENUE), ("node", _NODE), ("press", _PRESS)):
        for number in range(_MAKERS):
            name = f"{family}{number}"
            made[name] = Provider(name, tuple(Capability(kind, build, parse, serves) for kind in kinds), ())
    return made


def catalog(chance: random.Random, count: int) -> list[Source]:
    """Return so many sources: half of them venues, the others nodes and feeds, over all tiers."""
    made = []
    tiers = list(Tier)
    for number in range(count):
        family = ("venue", "node", "venue", "press")[number % 4]
        id_ = f"{family}_{number}"
        options: dict[str, str] = {}
        if family == "venue":
            options["assets"] = " ".join(asset.id for asset in ASSETS if chance.random() < 0.6)
            if chance.random() < 0.25:
                options["quote"] = "USDT"
        made.append(
            Source(
                id_,
                id_,
                f"{family}{chance.randrange(_MAKERS)}",
                f"https://{id_}.example",
                chance.choice(tiers),
                "exchange",
                chains=(chance.choice(CHAINS).id,) if family == "node" else (),
                options=options,
                limits=chance.choice(_LIMITS),
            )
        )
    return made
