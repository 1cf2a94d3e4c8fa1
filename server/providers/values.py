"""What all market providers share: capabilities typed by their query, and the steps from rows to domain values.

Used by the market providers. On whatever answer, everything here raises `BadAnswer` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from server.assets import registry
from server.errors import BadAnswer
from server.model import Price, PriceQuery, Prices, PricesQuery, Query, Value
from server.providers.base import Capability, Reader, Reply, Request, Source
from server.providers.rows import Item, Refusal, Ticker

Q = TypeVar("Q", bound=Query)

_PERCENT_PLACES = Decimal("0.000001")
_MOST_PERCENT = Decimal("1e12")


def serving(
    asked: type[Q],
    build: Callable[[Q], tuple[Request, ...]],
    parse: Callable[[Q, tuple[Reply, ...]], Value],
    serves: Callable[[Q], bool] = lambda _query: True,
) -> Capability:
    """Make the capability of functions that take their own class of query and treat every row alike."""

    def foreign(query: Query) -> TypeError:
        return TypeError(f"{type(query).__name__} asked of a capability of {asked.__name__}")

    def build_any(_source: Source, query: Query) -> tuple[Request, ...]:
        if not isinstance(query, asked):
            raise foreign(query)
        return build(query)

    def parse_any(_source: Source, query: Query, replies: tuple[Reply, ...]) -> Value:
        if not isinstance(query, asked):
            raise foreign(query)
        return parse(query, replies)

    def serves_any(_source: Source, query: Query) -> bool:
        return isinstance(query, asked) and serves(query)

    return Capability(asked.kind, build_any, parse_any, serves_any)


def only(replies: tuple[Reply, ...]) -> Reply:
    """Return the reply of an attempt that sent one request."""
    if not replies:
        raise BadAnswer("empty", "no reply")
    return replies[0]


def or_refusal(refusal: Callable[[Reply], Refusal | None], read: Reader) -> Reader:
    """Return a reader that gives the source's refusal where the body states one, else what `read` gives."""

    def reader(reply: Reply) -> object:
        stated = refusal(reply)
        return read(reply) if stated is None else stated

    return reader


def positive(value: Decimal | None, where: str = "price") -> Decimal:
    """Return a price that is there and above zero."""
    if value is None:
        raise BadAnswer("schema", f"{where}: missing")
    if value <= 0:
        raise BadAnswer("out_of_bounds", f"{where}: not above zero")
    return value


def percent_change(last: Decimal | None, opened: Decimal | None) -> Decimal | None:
    """Return the change from open to last in percent, None where either is missing or the open is zero."""
    if last is None or not opened:
        return None
    return (last - opened) / opened * 100


def _percent(value: Decimal | None) -> Decimal | None:
    """Return a percentage to six places, None for one that no market can have moved by."""
    if value is None or abs(value) >= _MOST_PERCENT:
        return None
    return value.quantize(_PERCENT_PLACES)


def price_of_ticker(query: PriceQuery, ticker: Ticker, quote: str) -> Price:
    """Make a price of a market's ticker; a bid or an ask of zero says that there is none."""
    last = positive(ticker.last, "last")
    return Price(  # by position, for it runs on every fetch
        query.asset.id,
        quote,
        last,
        ticker.time,
        ticker.bid or None,
        ticker.ask or None,
        ticker.open or None,
        ticker.high or None,
        ticker.low or None,
        last - ticker.open if ticker.open else None,
        _percent(ticker.percentage),
        ticker.base_volume,
        ticker.quote_volume,
    )


def price_of_item(asset: str, item: Item) -> Price:
    """Make a price of an aggregator's row; a market cap or rank of zero says that it is not known."""
    return Price(
        asset=asset,
        quote=item.quote,
        value=positive(item.price),
        source_time=item.time,
        high=item.high or None,
        low=item.low or None,
        change_percent=item.change_percent,
        quote_volume=item.volume,
        market_cap=item.market_cap or None,
        rank=item.rank or None,
    )


def price_among(query: PriceQuery, provider: str, items: Iterable[Item]) -> Price:
    """Make the asked asset's price of rows that name their asset.

    Raises BadAnswer: `unknown_asset` for no rows at all, `wrong_asset` when the rows are of other assets.
    """
    wanted = query.asset.source_ids[provider]
    others = 0
    for item in items:
        if item.id == wanted and item.quote == query.quote:
            return price_of_item(query.asset.id, item)
        others += 1
    raise BadAnswer("wrong_asset" if others else "unknown_asset", "the asset is not in the answer")


def prices_of(query: PricesQuery, provider: str, items: Iterable[Item], time: datetime | None = None) -> Prices:
    """Make the list of prices of an aggregator's rows, largest first; assets outside the registry are left out.

    A row without a price above zero is left out as well: aggregators list assets that nobody trades.
    """
    assets = registry()
    prices: dict[str, Price] = {}
    for item in items:
        asset = assets.by_source(provider, item.id)
        if asset is not None and asset.id not in prices and item.price > 0 and item.quote == query.quote:
            prices[asset.id] = price_of_item(asset.id, item)
    if not prices:
        raise BadAnswer("empty", "no known asset in the answer")
    ordered = sorted(prices.values(), key=lambda price: (price.market_cap is None, -(price.market_cap or 0)))
    times = [price.source_time for price in ordered if price.source_time is not None]
    return Prices(tuple(ordered[: query.limit]), time or max(times, default=None))


def wider(limit: int, most: int) -> int:
    """Return how many rows to ask for so that enough are left when what the registry does not know is left out."""
    return min(2 * limit + 20, most)
