"""Why a source cannot answer a question at all, found by asking its capability about like ones."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from server.assets import registry
from server.clock import VirtualClock
from server.fallback.breaker import Breaker
from server.fallback.gaps import gap_of
from server.fallback.lane import Lane, lanes_of
from server.fallback.standing import Standing
from server.model import (
    INTERVALS,
    BalanceQuery,
    BlockQuery,
    CandlesQuery,
    FearGreedQuery,
    GasQuery,
    Kind,
    PriceQuery,
    PricesQuery,
    Query,
    WhalesQuery,
)
from server.providers.base import Capability
from server.providers.catalog import PROVIDERS, sources
from tests.fallback.world import BITCOIN, BTC_USD, ETHER, build, parse, source

WORLD = registry()
ETHEREUM, POLYGON = WORLD.chain("ethereum"), WORLD.chain("polygon")
HOUR = INTERVALS["1h"]


def lane(kind: Kind, serves: Callable[[Query], bool], chains: tuple[str, ...] = ()) -> Lane:
    """Return a lane whose capability covers what it is told."""
    capability = Capability(kind, build, parse, lambda _source, query: serves(query))
    return Lane(
        Standing(source("a", chains=chains), "https://a.example", ()), capability, Breaker(VirtualClock().random)
    )


def pairs(assets: set[str], quotes: set[str], intervals: set[str]) -> Callable[[Query], bool]:
    """Return a source that knows these assets, in these quotes, in candles of these intervals."""

    def serves(query: Query) -> bool:
        assert isinstance(query, CandlesQuery)
        return query.asset.id in assets and query.quote in quotes and query.interval.token in intervals

    return serves


def test_a_query_that_is_covered_has_no_gap() -> None:
    """Empty means that there is none."""
    assert gap_of(lane(Kind.PRICE, lambda _: True), BTC_USD) == ""


@pytest.mark.parametrize(
    ("query", "gap"),
    [
        (PriceQuery(BITCOIN, "JPY"), "does not price bitcoin in JPY, only in USD, BTC"),
        (PriceQuery(ETHER, "USD"), "does not know ethereum"),
        (PricesQuery("JPY"), "does not price in JPY, only in USD, BTC"),
    ],
)
def test_a_price_lacks_its_quote_or_its_asset(query: PriceQuery | PricesQuery, gap: str) -> None:
    """A quote is missing when another one would do, the asset when none would."""

    def serves(other: Query) -> bool:
        assert isinstance(other, PriceQuery | PricesQuery)
        return other.quote in {"USD", "BTC"} and (isinstance(other, PricesQuery) or other.asset == BITCOIN)

    assert gap_of(lane(query.kind, serves), query) == gap


@pytest.mark.parametrize(
    ("query", "gap"),
    [
        (CandlesQuery(BITCOIN, INTERVALS["3m"]), "has no candles of 3m, only of 1h, 1d"),
        (CandlesQuery(BITCOIN, HOUR, "JPY"), "has no candles of bitcoin in JPY, only in USD, EUR"),
        (CandlesQuery(BITCOIN, INTERVALS["3m"], "JPY"), "has no candles of 3m in JPY"),
        (CandlesQuery(ETHER, HOUR), "does not know ethereum"),
    ],
)
def test_candles_lack_their_interval_their_quote_both_or_their_asset(query: CandlesQuery, gap: str) -> None:
    """What would have to be another for the source to serve it is what is missing."""
    assert gap_of(lane(Kind.CANDLES, pairs({"bitcoin"}, {"USD", "EUR"}, {"1h", "1d"})), query) == gap


def test_a_chain_is_named_with_those_that_are_served() -> None:
    """A source that is on other chains says on which."""
    gas = lane(Kind.GAS, lambda query: isinstance(query, GasQuery) and query.chain == POLYGON, ("polygon",))
    assert gap_of(gas, GasQuery(ETHEREUM)) == "is not on ethereum, only on polygon"
    nowhere = lane(Kind.GAS, lambda _: False)
    assert gap_of(nowhere, GasQuery(ETHEREUM)) == "is not on ethereum"


def test_what_a_source_on_the_chain_cannot_do_is_said() -> None:
    """Blocks by hash, balances of tokens, and what it does not serve there at all."""
    block = lane(Kind.BLOCK, lambda query: isinstance(query, BlockQuery) and query.block == "latest", ("ethereum",))
    assert gap_of(block, BlockQuery(ETHEREUM, "0xabc")) == "finds a block by its height alone"
    balance = lane(Kind.BALANCE, lambda query: isinstance(query, BalanceQuery) and not query.tokens, ("ethereum",))
    assert gap_of(balance, BalanceQuery(ETHEREUM, "0x1", (ETHER,))) == "tells no balances of tokens"
    whales = lane(Kind.WHALES, lambda _: False, ("ethereum",))
    assert gap_of(whales, WhalesQuery(ETHEREUM, Decimal(1))) == "serves no whales on ethereum"
    assert gap_of(lane(Kind.FEAR_GREED, lambda _: False), FearGreedQuery()) == "serves no fear greed"


def test_every_source_of_the_catalogue_can_be_asked_why() -> None:
    """For each kind of question and each source that does not cover it there are words, and none raises."""
    _, lanes = lanes_of(sources(), {each.name: each for each in PROVIDERS}, {}, {}, VirtualClock().random)
    dogecoin = WORLD.asset("dogecoin")
    asked: list[Query] = [
        *(PriceQuery(dogecoin, quote) for quote in ("USD", "JPY", "BTC")),
        *(CandlesQuery(dogecoin, interval, "JPY") for interval in INTERVALS.values()),
        *(GasQuery(chain) for chain in WORLD.chains),
        *(BlockQuery(chain, "0xabc") for chain in WORLD.chains),
    ]
    gaps = 0
    for query in asked:
        for each in lanes:
            if each.kind is query.kind:
                gap = gap_of(each, query)
                assert bool(gap) is not each.capability.serves(each.source, query)
                gaps += bool(gap)
    assert gaps
