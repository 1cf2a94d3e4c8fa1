"""What the market providers make of errors: each has its reason, whatever the status it comes with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.assets import registry
from server.errors import BadAnswer
from server.model import FearGreedQuery, OverviewQuery, Price, PriceQuery, PricesQuery, Query, TrendingQuery
from server.providers.base import Reply
from server.providers.catalog import provider_of, sources

SOURCES = {source.id: source for source in sources()}
PRICE = PriceQuery(registry().asset("bitcoin"))


def refused(source: str, query: Query, *replies: Reply) -> str:
    """Return the reason for which a source's answer is refused."""
    row = SOURCES[source]
    capability = provider_of(row).capability(query.kind)
    assert capability is not None
    with pytest.raises(BadAnswer) as raised:
        capability.parse(row, query, replies)
    return raised.value.reason


@pytest.mark.parametrize(
    ("source", "name", "status", "reason"),
    [
        ("binance", "unknown_symbol", 400, "unknown_asset"),
        ("binance", "too_much_weight", 200, "throttled"),
        ("binance", "illegal_parameter", 400, "error_body"),
        ("kraken", "unknown_pair", 200, "unknown_asset"),
        ("kraken", "rate_limit", 200, "throttled"),
        ("kraken", "unavailable", 200, "error_body"),
        ("kraken", "futures_error", 200, "throttled"),
        ("coingecko", "not_found", 404, "unknown_asset"),
        ("coingecko", "rate_limit", 200, "throttled"),
        ("coingecko", "missing_parameter", 422, "error_body"),
        ("coingecko", "key_needed", 200, "key_rejected"),
        ("coinpaprika", "not_found", 404, "unknown_asset"),
        ("coinpaprika", "rate_limit", 200, "throttled"),
        ("coinpaprika", "bad_parameter", 400, "error_body"),
        ("coinlore", "nothing", 200, "unknown_asset"),
        ("coinmarketcap", "unknown_id", 400, "unknown_asset"),
        ("coinmarketcap", "rate_limit", 200, "throttled"),
        ("coinmarketcap", "ip_limit", 200, "throttled"),
        ("coinmarketcap", "key_needed", 200, "key_rejected"),
        ("coinmarketcap", "internal_error", 200, "error_body"),
    ],
)
def test_stated_errors(source: str, name: str, status: int, reason: str, example: Callable[..., Reply]) -> None:
    """An error that the body states is told apart: unknown asset, throttled, key rejected, or just an error."""
    assert refused(source, PRICE, example(f"{source}/{name}", status)) == reason


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("not_found", 404, "unknown_asset"),
        ("rate_limit", 200, "throttled"),
        ("bad_granularity", 400, "error_body"),
    ],
)
def test_coinbase_errors(name: str, status: int, reason: str, example: Callable[..., Reply]) -> None:
    """The ticker may state an error; so may the statistics, of which only being throttled spoils the price."""
    bad = example(f"coinbase/{name}", status)
    assert refused("coinbase", PRICE, bad, example("coinbase/stats")) == reason
    if reason == "throttled":
        assert refused("coinbase", PRICE, example("coinbase/ticker"), bad) == reason


def test_coinbase_price_without_statistics(example: Callable[..., Reply]) -> None:
    """A price stands without the day's statistics, and leaves their fields unknown."""
    capability = provider_of(SOURCES["coinbase"]).capability(PRICE.kind)
    assert capability is not None
    replies = (example("coinbase/ticker"), example("coinbase/not_found", 404))
    price = capability.parse(SOURCES["coinbase"], PRICE, replies)
    assert isinstance(price, Price)
    assert price.value > 0
    assert (price.high, price.low, price.open, price.change_percent) == (None, None, None, None)


@pytest.mark.parametrize(("name", "reason"), [("not_found", "error_body"), ("rate_limit", "throttled")])
def test_geckoterminal_errors(name: str, reason: str, example: Callable[..., Reply]) -> None:
    """GeckoTerminal's errors come as a list or as a status."""
    assert refused("geckoterminal", TrendingQuery(), example(f"geckoterminal/{name}")) == reason


@pytest.mark.parametrize(
    ("source", "query", "body"),
    [
        ("coingecko", PricesQuery(), b"[]"),
        ("coinlore", OverviewQuery(), b"[]"),
        ("coinlore", PricesQuery(), b'{"data": [], "info": {}}'),
        ("coingecko", TrendingQuery(), b'{"coins": []}'),
        ("geckoterminal", TrendingQuery(), b'{"data": []}'),
        ("coinmarketcap", FearGreedQuery(2), b'{"status": {"error_code": 0}, "data": []}'),
    ],
)
def test_empty_answers(source: str, query: Query, body: bytes) -> None:
    """Nothing, where something is due, is no answer."""
    assert refused(source, query, Reply(200, body)) == "empty"


def test_empty_for_an_unknown_asset() -> None:
    """CoinGecko and CoinLore answer for what they do not know with nothing."""
    assert refused("coingecko", PRICE, Reply(200, b"[]")) == "unknown_asset"
    assert refused("coinlore", PRICE, Reply(200, b"")) == "unknown_asset"


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [
        ("binance/ticker_24hr", b'"97500.10000000"', b'"-1"'),
        ("binance/ticker_24hr", b'"97500.10000000"', b'"0.00000000"'),
        ("coingecko/markets_one", b"97502,", b"-97502,"),
        ("coinlore/ticker", b'"97480.50"', b'"0"'),
    ],
)
def test_prices_not_above_zero(source: str, old: bytes, new: bytes, example: Callable[..., Reply]) -> None:
    """A price that is not above zero is out of bounds."""
    good = example(source)
    bad = Reply(200, good.body.replace(old, new))
    assert bad.body != good.body
    assert refused(source.split("/", maxsplit=1)[0], PRICE, bad) == "out_of_bounds"


def test_closed_market() -> None:
    """A market that Binance closed stays with zeros: the asset is not known there any more."""
    body = b'{"symbol": "BTCUSDT", "lastPrice": "0.00000000", "volume": "0.00000000", "closeTime": 1763640000123}'
    assert refused("binance", PRICE, Reply(200, body)) == "unknown_asset"


@pytest.mark.parametrize("query", [PRICE, PricesQuery(), OverviewQuery()])
def test_no_replies(query: Query) -> None:
    """No reply at all is an empty answer."""
    assert refused("coingecko", query) == "empty"
