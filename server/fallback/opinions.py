"""What of a value can be held against others: its figures by name, and how far honest ones lie apart; for `vetted`.

Prices are told apart by `vetted` itself. Lists of news, of what is trending, of transactions and of large transfers
have no figure that another source must repeat, and each maker's fear and greed index is one of its own: those are
believed within their bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from server.model import (
    Balance,
    Block,
    BlockQuery,
    Candles,
    ChainStatus,
    GasPrice,
    Overview,
    Price,
    Prices,
    Query,
    Value,
)

_DOLLARS = frozenset({"USD", "USDT", "USDC"})
"""The dollar, and coins that are pegged to it: near enough to each other here."""
_AGREE = Decimal("0.1")
_DAY_S = 86_400.0
_TEN_MINUTES_S = 600.0


class Law(NamedTuple):
    """How far a figure may go from the last believed one, as a share of it, or in units of its own where `is_step`."""

    down: Decimal
    up: Decimal
    lasts_s: float
    """How long a believed figure says anything, in seconds."""
    is_step: bool = False
    is_asked_first: bool = False
    """Whether a figure that nothing is known of yet is confirmed by a second source."""

    def holds(self, figure: Decimal, last: Decimal, more: Decimal = Decimal(0)) -> bool:
        """Say whether a figure is near another; `more` is what it may have risen by itself meanwhile."""
        if self.is_step:
            return last - self.down <= figure <= last + self.up + more
        return last * (1 - self.down) <= figure <= last * (1 + self.up)


class Figure(NamedTuple):
    """One figure of a value: what it is of, and its law."""

    key: tuple[str, ...]
    value: Decimal
    law: Law
    per_s: float = 0.0
    """How fast it rises by itself at most."""
    price: tuple[str, str] | None = None
    """The asset and quote of the price that it is held against where one was believed."""


_TOTAL = Law(Decimal("0.25"), Decimal("0.25"), _DAY_S)
"""Makers of totals differ by a tenth in what they count."""
_FEE = Law(Decimal("0.67"), Decimal(2), _TEN_MINUTES_S)
"""A base fee changes by an eighth a block at most, and makers of estimates differ by half."""
_HEIGHT = Law(Decimal(100), Decimal(100), _TEN_MINUTES_S, is_step=True)
_BALANCE = Law(_AGREE, _AGREE, _DAY_S, is_asked_first=True)
"""Two honest nodes are a block apart, and a balance may have changed in it."""
_CLOSE = Law(Decimal("0.2"), Decimal("0.2"), _TEN_MINUTES_S)
_RISE = 3
"""So many times faster than its blocks' usual pace may a height rise."""


def figures(query: Query, value: Value) -> tuple[Figure, ...]:
    """Return the figures of a value that others can confirm or contradict; none for kinds without any."""
    find = _FIGURES.get(type(value))
    return () if find is None else find(query, value)


def agree(one: Value, other: Value, query: Query) -> bool:
    """Say whether two values confirm each other: what both state lies together, and that is something."""
    if isinstance(one, Price) and isinstance(other, Price):
        return near(one.value, other.value)
    if isinstance(one, Prices) and isinstance(other, Prices):
        known = {(price.asset, price.quote): price.value for price in one.prices}
        pairs = [(known[key], price.value) for price in other.prices if (key := (price.asset, price.quote)) in known]
        return bool(pairs) and 2 * sum(near(*pair) for pair in pairs) > len(pairs)
    if isinstance(one, Candles) and isinstance(other, Candles):
        closes = {candle.open_time: candle.close for candle in one.candles}
        common = [(closes[each.open_time], each.close) for each in other.candles if each.open_time in closes]
        return bool(common) and near(*common[-1])
    mine = {figure.key: figure for figure in figures(query, one)}
    shared = [(mine[each.key], each) for each in figures(query, other) if each.key in mine]
    return bool(shared) and all(each.law.holds(each.value, known.value) for known, each in shared)


def near(one: Decimal, other: Decimal) -> bool:
    """Say whether two amounts confirm each other: within 10 % of the larger."""
    return abs(one - other) <= _AGREE * max(one, other)


def _overview(_query: Query, overview: Overview) -> tuple[Figure, ...]:
    return (Figure(("overview",), overview.total_market_cap, _TOTAL),)


def _gas(query: Any, gas: GasPrice) -> tuple[Figure, ...]:
    fees = (("standard", gas.standard), ("base", gas.base_fee))
    found = [Figure(("gas", gas.chain, name), fee, _FEE) for name, fee in fees if fee is not None]
    if gas.block_height is not None:
        found.append(_height(query, gas.chain, gas.block_height))
    return tuple(found)


def _block(query: Query, block: Block) -> tuple[Figure, ...]:
    is_newest = isinstance(query, BlockQuery) and query.block == "latest"
    return (_height(query, block.chain, block.height),) if is_newest else ()


def _chain(query: Query, status: ChainStatus) -> tuple[Figure, ...]:
    return (_height(query, status.chain, status.height),)


def _height(query: Any, chain: str, height: int) -> Figure:
    return Figure(("height", chain), Decimal(height), _HEIGHT, _RISE / (query.chain.block_time_s or 1.0))


def _balance(_query: Query, balance: Balance) -> tuple[Figure, ...]:
    return (Figure(("balance", balance.chain, balance.address.lower()), balance.amount, _BALANCE),)


def _candles(query: Any, candles: Candles) -> tuple[Figure, ...]:
    if query.end_time is not None or not candles.candles:
        return ()  # what is long closed is compared with nothing of today; without an end the series runs on
    quote = "USD" if candles.quote in _DOLLARS else candles.quote
    close = candles.candles[-1].close
    return (Figure(("close", candles.asset, quote), close, _CLOSE, price=(candles.asset, quote)),)


_FIGURES: dict[type, Callable[[Any, Any], tuple[Figure, ...]]] = {
    Overview: _overview,
    GasPrice: _gas,
    Block: _block,
    ChainStatus: _chain,
    Balance: _balance,
    Candles: _candles,
}
