"""What a parsed value must hold before it is believed: the right thing, within bounds, not stale; used by attempts.

All of it is pure; what was believed before is remembered by `vetted`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from server.fallback.figures import Figures
from server.model import (
    Articles,
    Balance,
    Block,
    Candles,
    CandlesQuery,
    ChainStatus,
    FearGreed,
    GasPrice,
    Outcome,
    Overview,
    Price,
    PriceQuery,
    Prices,
    Query,
    Transaction,
    TransactionPage,
    Value,
    WhaleTransactions,
    interval_of,
)

_MOST_PRICE = Decimal("1e12")
_MOST_GAS = Decimal("1e6")
_LOW_SLACK = Decimal("0.99")
_HIGH_SLACK = Decimal("1.01")
_HUNDRED = Decimal(100)
_SKEW_S = 120.0
_SKEW = timedelta(seconds=_SKEW_S)
_GENESIS = datetime(2009, 1, 3, tzinfo=UTC)


class Flaw(NamedTuple):
    """Why a value is not believed."""

    outcome: Outcome
    detail: str


def source_time_of(value: Value) -> datetime | None:
    """Return the time that the source itself states for its data, None when it states none."""
    if isinstance(value, FearGreed) and value.source_time is None and value.readings:
        return value.readings[0].time
    return value.source_time


def judge(query: Query, value: Value, now: datetime, figures: Figures) -> tuple[Flaw | None, float, datetime | None]:
    """Return what is wrong with a value, None when nothing is; how old its data is, in seconds; its source's time.

    Raises whatever a broken value makes arithmetic raise; the caller takes that for a broken schema.
    """
    time = source_time_of(value)
    age_s = 0.0 if time is None else (now - time).total_seconds()
    detail = _wrong_subject(query, value)
    if detail:
        return Flaw(Outcome.WRONG_ASSET, detail), age_s, time
    check = _CHECKS.get(type(value))
    if check is not None:
        detail = check(value, now)
    if not detail and age_s < -_SKEW_S:
        detail = "its time is in the future"
    if detail:
        return Flaw(Outcome.OUT_OF_BOUNDS, detail), age_s, time
    if isinstance(value, Candles):
        age_s = _age_of_series(value, now)
        early_s = _ends_early_s(query, value, now)
        if early_s is not None:
            return Flaw(Outcome.STALE, f"ends {early_s:.0f} s before the asked end"), age_s, time
    if age_s > figures.longest_s:
        return Flaw(Outcome.STALE, f"{age_s:.0f} s old"), age_s, time
    return None, (age_s if age_s > 0 else 0.0), time


def _age_of_series(candles: Candles, now: datetime) -> float:
    """Return how long ago the last candle closed, in seconds: candles age by that, not by when they were made."""
    interval = interval_of(candles.interval)
    if interval is None or not candles.candles:
        return 0.0
    return (now - candles.candles[-1].open_time - interval.span).total_seconds()


def _ends_early_s(query: Any, candles: Candles, now: datetime) -> float | None:
    """Return by how much a series ends before a closed range does, in seconds; None when it does not, or is full.

    Two intervals are allowed: a market in which nobody trades has no candle. Without the check a source that stood
    still would give half a range, and that would be kept for good.
    """
    if not isinstance(query, CandlesQuery) or query.end_time is None or query.end_time > now:
        return None
    if not candles.candles or len(candles.candles) >= query.limit:
        return None
    span = query.interval.span
    early = query.end_time - candles.candles[-1].open_time - span
    return early.total_seconds() if early > 2 * span else None


def _wrong_subject(query: Any, value: Any) -> str:
    """Return what a value is of when it is not what was asked for, else nothing."""
    if isinstance(query, PriceQuery):
        return "" if value.asset == query.asset.id else value.asset
    if isinstance(value, Candles):
        if value.asset != query.asset.id:
            return value.asset
        return "" if value.interval == query.interval.token else value.interval
    chain = getattr(value, "chain", None)
    if chain is not None and chain != query.chain.id:
        return str(chain)
    for name in ("address", "hash"):
        asked, given = getattr(query, name, None), getattr(value, name, None)
        if asked is not None and given is not None and asked.lower() != given.lower():
            return f"another {name}"
    return ""


def _price(price: Price, _now: datetime) -> str:
    """Return why a price is out of bounds."""
    value = price.value
    if not 0 < value < _MOST_PRICE:
        return "price not between 0 and 1e12"
    if price.bid is not None and price.ask is not None and price.bid > price.ask:
        return "bid above ask"
    if price.low is not None and value < price.low and value < price.low * _LOW_SLACK:
        return "price below the day's low"
    if price.high is not None and value > price.high and value > price.high * _HIGH_SLACK:
        return "price above the day's high"
    return ""


def _prices(prices: Prices, now: datetime) -> str:
    """Return why a list of prices is out of bounds: when one in ten of it is."""
    if not prices.prices:
        return "no prices"
    bad = sum(1 for price in prices.prices if _price(price, now))
    return f"{bad} of {len(prices.prices)} prices out of bounds" if bad * 10 > len(prices.prices) else ""


def _candles(candles: Candles, now: datetime) -> str:
    """Return why a series is out of bounds."""
    interval = interval_of(candles.interval)
    grid = 0 if interval is None or interval.span > timedelta(days=1) else int(interval.span.total_seconds())
    last = _GENESIS - timedelta(days=1)
    for candle in candles.candles:
        if not 0 <= candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high:
            return "low, open, close, high out of order"
        if candle.volume is not None and candle.volume < 0:
            return "volume below zero"
        if not last < candle.open_time <= now + _SKEW:
            return "open times out of order or in the future"
        if grid and int(candle.open_time.timestamp()) % grid:
            return "open time off the grid"
        last = candle.open_time
    return ""


def _overview(overview: Overview, _now: datetime) -> str:
    """Return why an overview is out of bounds."""
    if overview.total_market_cap <= 0:
        return "market cap not above zero"
    for share in (overview.bitcoin_dominance, overview.ethereum_dominance):
        if share is not None and not 0 <= share <= _HUNDRED:
            return "dominance not between 0 and 100 %"
    return ""


def _articles(articles: Articles, now: datetime) -> str:
    """Return why what a feed carries is out of bounds: when every article's time is impossible."""
    known = articles.articles
    if known and not any(_is_possible(article.published_time, now) for article in known):
        return "no article with a possible time"
    return ""


def _fear_greed(index: FearGreed, now: datetime) -> str:
    """Return why an index is out of bounds."""
    if not index.readings:
        return "no readings"
    if any(not 0 <= reading.value <= _HUNDRED or reading.time > now + _SKEW for reading in index.readings):
        return "reading not between 0 and 100, or in the future"
    return ""


def _gas(gas: GasPrice, _now: datetime) -> str:
    """Return why a gas price is out of bounds."""
    amounts = (gas.slow, gas.standard, gas.fast, gas.base_fee, gas.priority_fee)
    if any(amount is not None and not 0 <= amount < _MOST_GAS for amount in amounts):
        return "fee not between 0 and 1e6"
    return ""


def _height(value: Block | ChainStatus, _now: datetime) -> str:
    """Return why a block or a chain's state is out of bounds."""
    return "height below zero" if value.height < 0 else ""


def _balance(balance: Balance, _now: datetime) -> str:
    """Return why a balance is out of bounds."""
    if balance.amount < 0 or any(token.amount < 0 for token in balance.tokens):
        return "balance below zero"
    return ""


def _transaction(transaction: Transaction, _now: datetime) -> str:
    """Return why a transaction is out of bounds."""
    if transaction.amount < 0 or (transaction.fee is not None and transaction.fee < 0):
        return "amount or fee below zero"
    return ""


def _transactions(page: TransactionPage, now: datetime) -> str:
    """Return why a page of transactions is out of bounds."""
    return next(filter(None, (_transaction(each, now) for each in page.transactions)), "")


def _whales(whales: WhaleTransactions, _now: datetime) -> str:
    """Return why large transfers are out of bounds."""
    return "amount below zero" if any(each.amount < 0 for each in whales.transactions) else ""


_CHECKS: dict[type, Callable[[Any, datetime], str]] = {
    Price: _price,
    Prices: _prices,
    Candles: _candles,
    Overview: _overview,
    Articles: _articles,
    FearGreed: _fear_greed,
    GasPrice: _gas,
    Block: _height,
    ChainStatus: _height,
    Balance: _balance,
    Transaction: _transaction,
    TransactionPage: _transactions,
    WhaleTransactions: _whales,
}


def flagged(price: Price) -> Price:
    """Return a price marked as one that nothing confirmed."""
    return replace(price, flagged=True)


def believable(value: Value, now: datetime) -> Value:
    """Return a list without the rows that are out of bounds, where there are too few of them to refuse it whole."""
    if isinstance(value, Prices):
        prices = tuple(price for price in value.prices if not _price(price, now))
        return value if len(prices) == len(value.prices) else replace(value, prices=prices)
    if isinstance(value, Articles):
        articles = tuple(each for each in value.articles if _is_possible(each.published_time, now))
        return value if len(articles) == len(value.articles) else replace(value, articles=articles)
    return value


def _is_possible(time: datetime, now: datetime) -> bool:
    """Say whether news can be of a time."""
    return _GENESIS <= time <= now + _SKEW
