"""Why a source cannot answer a query at all: found by asking its capability about like queries; pure, for explanations.

A capability says yes or no. What would make it say yes is what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

from server.fallback.lane import Lane
from server.model import INTERVALS, BalanceQuery, BlockQuery, CandlesQuery, PriceQuery, PricesQuery, Query

_QUOTES = ("USD", "USDT", "USDC", "EUR", "BTC", "ETH")
"""Quotes that are tried in place of one that a source does not have."""


def gap_of(lane: Lane, query: Query) -> str:
    """Return why a lane does not cover a query, such as `has no candles of 3m, only of 1h, 1d`; empty when it does."""

    def serves(other: Query) -> bool:
        return lane.capability.serves(lane.source, other)

    if serves(query):
        return ""
    if isinstance(query, PriceQuery | PricesQuery):
        return _of_price(query, serves)
    if isinstance(query, CandlesQuery):
        return _of_candles(query, serves)
    return _on_chain(lane, query, serves)


def _of_price(query: PriceQuery | PricesQuery, serves: Callable[[Query], bool]) -> str:
    quotes = [quote for quote in _QUOTES if serves(replace(query, quote=quote))]
    what = f"{query.asset.id} " if isinstance(query, PriceQuery) else ""
    if quotes:
        return f"does not price {what}in {query.quote}, only in {_listed(quotes)}"
    return f"does not know {query.asset.id}" if isinstance(query, PriceQuery) else "lists no prices"


def _of_candles(query: CandlesQuery, serves: Callable[[Query], bool]) -> str:
    intervals = [token for token, each in INTERVALS.items() if serves(replace(query, interval=each))]
    if intervals:
        return f"has no candles of {query.interval.token}, only of {_listed(intervals)}"
    quotes = [quote for quote in _QUOTES if serves(replace(query, quote=quote))]
    if quotes:
        return f"has no candles of {query.asset.id} in {query.quote}, only in {_listed(quotes)}"
    either = product(_QUOTES, INTERVALS.values())
    if any(serves(replace(query, quote=quote, interval=interval)) for quote, interval in either):
        return f"has no candles of {query.interval.token} in {query.quote}"
    return f"does not know {query.asset.id}"


def _on_chain(lane: Lane, query: Query, serves: Callable[[Query], bool]) -> str:
    chain = getattr(query, "chain", None)
    chains = lane.source.chains
    if chain is not None and chain.id not in chains:
        return f"is not on {chain.id}" + (f", only on {_listed(chains)}" if chains else "")
    if isinstance(query, BlockQuery) and serves(replace(query, block="latest")):
        return "finds a block by its height alone"
    if isinstance(query, BalanceQuery) and serves(replace(query, tokens=())):
        return "tells no balances of tokens"
    kind = query.kind.value.replace("_", " ")
    return f"serves no {kind}" if chain is None else f"serves no {kind} on {chain.id}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
