"""Prices, candles, assets and the market, asked over gRPC of the running service."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest
from nerkh.v1 import types_pb2

from server.model import INTERVALS
from tests.rpc.serving import told
from tests.services.serving import Nerkh, service, simulator


def refused(nerkh: Nerkh, name: str, **fields: Any) -> Any:
    """Return what a caller is told of a request that fails."""
    with pytest.raises(grpc.RpcError) as caught:
        nerkh(name, **fields)
    return told(caught.value)


def test_a_price_says_where_it_came_from(nerkh: Nerkh) -> None:
    """Source, times, freshness, and with the full view the attempts; asked again it is the same from the cache."""
    first = nerkh("GetPrice", asset="LTC", view="VIEW_FULL").price
    assert (first.asset, first.symbol, first.name, first.quote) == ("litecoin", "LTC", "Litecoin", "USD")
    assert Decimal(first.value) > 0
    origin = first.provenance
    assert origin.simulated
    assert origin.freshness == types_pb2.FRESHNESS_LIVE
    assert origin.attempts[-1].source == origin.source
    assert origin.attempts[-1].outcome == types_pb2.OUTCOME_OK
    again = nerkh("GetPrice", asset="litecoin").price
    assert again.value == first.value
    assert again.provenance.freshness == types_pb2.FRESHNESS_CACHED
    assert not again.provenance.attempts


@pytest.mark.parametrize("name", ["bitcoin", "btc", "XBT", "bip122:000000000019d6689c085ae165831e93/slip44:0"])
def test_an_asset_has_many_names(nerkh: Nerkh, name: str) -> None:
    """Ids, symbols in any case, the sources' own ids and the CAIP-19 id name one asset."""
    assert nerkh("GetPrice", asset=name).price.asset == "bitcoin"


def test_a_shared_symbol_names_its_candidates(nerkh: Nerkh) -> None:
    """The largest answers, marked ambiguous, with all that share the symbol; its id is not ambiguous."""
    by_symbol: dict[str, list[str]] = {}
    for asset in nerkh.pages("ListAssets", "assets"):
        by_symbol.setdefault(asset.symbol, []).append(asset.id)
    symbol, ids = next((symbol, ids) for symbol, ids in by_symbol.items() if len(ids) > 1)
    found = nerkh("GetAsset", asset=symbol)
    assert found.ambiguous
    assert [each.asset for each in found.candidates] == ids
    assert found.asset.id == ids[0]
    assert not nerkh("GetAsset", asset=ids[0]).ambiguous


@pytest.mark.parametrize("symbol", ["TON", "JUP", "STRK", "HOT", "BEAM"])
@pytest.mark.parametrize("name", ["ListIntervals", "ListArticles", "ListSentimentObservations"])
def test_a_list_of_a_shared_symbol_names_its_candidates(nerkh: Nerkh, name: str, symbol: str) -> None:
    """A list says as a price does which asset it took and which others share the symbol; by its id none do."""
    wanted = nerkh("GetAsset", asset=symbol)
    assert wanted.ambiguous
    found = nerkh(name, asset=symbol)
    assert found.ambiguous
    assert list(found.candidates) == list(wanted.candidates)
    assert getattr(found, "asset", wanted.asset.id) == wanted.asset.id
    by_id = nerkh(name, asset=wanted.asset.id)
    assert (by_id.ambiguous, list(by_id.candidates)) == (False, [])
    if name != "ListIntervals":
        anything = nerkh(name)
        assert (anything.ambiguous, list(anything.candidates), getattr(anything, "asset", "")) == (False, [], "")


def test_a_batch_gives_what_can_be_had_and_says_what_cannot(nerkh: Nerkh) -> None:
    """In the order of the request; a failure says why as GetPrice would."""
    answer = nerkh("BatchGetPrices", assets=["ETH", "no-such", "BTC"], view="VIEW_FULL")
    assert [price.asset for price in answer.prices] == ["ethereum", "bitcoin"]
    assert [(each.asset, each.reason) for each in answer.failures] == [("no-such", "UNKNOWN_ASSET")]


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_has_bounds(nerkh: Nerkh, count: int) -> None:
    """None and too many are refused by name."""
    assert refused(nerkh, "BatchGetPrices", assets=["BTC"] * count).field == "assets"


def test_prices_are_listed_page_by_page(nerkh: Nerkh) -> None:
    """By market cap each asset once; movers by their change."""
    prices = nerkh.pages("ListPrices", "prices", pageSize=20)
    caps = [Decimal(price.market_cap) for price in prices if price.market_cap]
    assert len(prices) > 40
    assert caps == sorted(caps, reverse=True)
    assert len({price.asset for price in prices}) == len(prices)
    for order, reverse in (("PRICE_ORDER_GAINERS", True), ("PRICE_ORDER_LOSERS", False)):
        moved = [Decimal(price.change_percent) for price in nerkh("ListPrices", orderBy=order, pageSize=10).prices]
        assert moved == sorted(moved, reverse=reverse)
    assert refused(nerkh, "ListPrices", orderBy=9).field == "order_by"


def hours(candles: list[Any]) -> list[datetime]:
    """Return open times."""
    return [candle.open_time.ToDatetime(tzinfo=UTC) for candle in candles]


def test_candles_page_back_from_now_without_a_hole(nerkh: Nerkh) -> None:
    """Each page is oldest first, and the next one ends where it begins."""
    first = nerkh("ListCandles", asset="BTC", interval="1h", pageSize=10)
    second = nerkh("ListCandles", asset="BTC", interval="1h", pageSize=10, pageToken=first.next_page_token)
    times = hours(list(second.candles) + list(first.candles))
    assert len(times) == 20
    assert times == [times[0] + timedelta(hours=number) for number in range(20)]
    assert first.quote == second.quote


def test_a_range_of_candles_pages_forward_to_its_end_and_is_read_back_later(database: str, tmp_path: Path) -> None:
    """Half-open, each open time once; closed candles that are stored need no source any more.

    At a service of its own: nobody has spent the leader's limit there, and on a busy machine nothing is asked beside
    it or after it because it was late, so all pages are of one market.
    """
    patient = {"hedge_most": 0, "hedge_share": 0, "hedge_per_s": 0, "attempt_floor_s": 5}
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    start = end - timedelta(hours=30)
    asked = {"asset": "ETH", "interval": "1h", "startTime": start.isoformat(), "endTime": end.isoformat()}
    with simulator(tmp_path) as control, service(tmp_path, database, control, collect=False, **patient) as nerkh:
        candles = nerkh.pages("ListCandles", "candles", pageSize=7, **asked)
        written = nerkh("ListCandles", **asked)
        until = time.monotonic() + 60
        while written.provenance.freshness != types_pb2.FRESHNESS_STORED and time.monotonic() < until:
            time.sleep(0.02)
            written = nerkh("ListCandles", **asked)
    assert hours(candles) == [start + timedelta(hours=number) for number in range(30)]
    assert written.provenance.freshness == types_pb2.FRESHNESS_STORED
    assert [candle.close for candle in written.candles] == [candle.close for candle in candles]


def test_a_range_in_the_future_is_empty(nerkh: Nerkh) -> None:
    """It holds no candle yet, which is an answer."""
    answer = nerkh("ListCandles", asset="BTC", startTime="2100-01-01T00:00:00Z")
    assert not answer.candles
    assert not answer.next_page_token


def test_intervals_name_their_sources(nerkh: Nerkh) -> None:
    """Each interval that is listed has at least two sources for the largest asset, shortest first."""
    intervals = nerkh("ListIntervals", asset="BTC").intervals
    assert {"1m", "1h", "1d"} <= {each.interval for each in intervals}
    assert all(each.sources for each in intervals)
    spans = [each.span.ToTimedelta() for each in intervals]
    assert spans == sorted(spans)
    assert refused(nerkh, "ListCandles", asset="BTC", interval="7h").field == "interval"


def test_assets_are_searched(nerkh: Nerkh) -> None:
    """By text and by chain; all of them without either."""
    assert "bitcoin" in [asset.id for asset in nerkh("ListAssets", search="bitco").assets]
    assert "ethereum" in [asset.id for asset in nerkh("ListAssets", chain="eth", pageSize=1000).assets]
    assert len(nerkh.pages("ListAssets", "assets", pageSize=60)) >= 150
    assert refused(nerkh, "ListAssets", chain="nochain").reason == "UNKNOWN_CHAIN"


def test_the_market_has_an_overview_and_trends(nerkh: Nerkh) -> None:
    """Figures of the whole market, and what draws attention, most wanted first."""
    overview = nerkh("GetMarketOverview").overview
    assert Decimal(overview.total_market_cap_usd) > 0
    trending = nerkh("ListTrendingAssets", pageSize=3)
    assert [each.position for each in trending.assets] == sorted(each.position for each in trending.assets)


def test_when_the_leading_source_fails_another_answers(nerkh: Nerkh) -> None:
    """The attempts say what was tried; the request is kept as one that fell back."""
    leader = nerkh.sources("price")[0]
    nerkh.fault(leader, "status", code=500)
    try:
        for asset in ("cosmos", "algorand", "filecoin", "aptos", "stellar"):  # asked for nowhere else: not cached
            answer = nerkh("GetPrice", asset=asset, view="VIEW_FULL").price.provenance
            outcome = next((each.outcome for each in answer.attempts if each.source == leader), None)
            if outcome == types_pb2.OUTCOME_SERVER_ERROR:
                break
            time.sleep(1)  # the tests before may have spent what the leader allows a second
    finally:
        nerkh.heal(leader)
    assert answer.source != leader
    assert outcome == types_pb2.OUTCOME_SERVER_ERROR
    record = nerkh("ListRequests", method="nerkh.v1.MarketService/GetPrice", pageSize=1).requests[0]
    assert (record.asset, record.source, record.fallback) == (asset, answer.source, True)


def test_quotes_stand_side_by_side_with_the_liar_marked(database: str, tmp_path: Path) -> None:
    """Each source's own quote, natively and converted; one that lies is marked, and the price is that of the others.

    At a service of its own: nobody has spent the sources' limits there.
    """
    with simulator(tmp_path) as control, service(tmp_path, database, control, collect=False) as nerkh:
        nerkh.fault("kraken", "wrong_value", factor=1.2)
        page = nerkh("ListQuotes", asset="ADA", view="VIEW_FULL")
        price = nerkh("GetPrice", asset="ADA").price
    quotes = {each.source: each for each in page.quotes}
    assert (page.asset, page.symbol, page.quote) == ("cardano", "ADA", "USD")
    assert [each.tier for each in page.quotes] == sorted(each.tier for each in page.quotes)
    assert {"binance", "coinbase", "kraken", "coingecko"} <= set(quotes)
    assert {source for source, each in quotes.items() if each.outlier} == {"kraken"}
    assert "sources agree on another price" in quotes["kraken"].outlier_reason
    assert quotes["binance"].native_quote == "USDT"
    assert quotes["coinbase"].native_quote == "USD"
    assert quotes["coinbase"].native_value == quotes["coinbase"].value
    assert quotes["coinbase"].HasField("bid")
    assert quotes["coinbase"].HasField("source_time")
    assert Decimal(quotes["kraken"].value) > Decimal(page.value) * Decimal("1.15")
    # Narrow, or, where too few quotes were of the liar's own time to decide, wide enough to reach over it.
    confidence, apart = Decimal(page.confidence), Decimal(quotes["kraken"].value) - Decimal(page.value)
    assert 0 < confidence < Decimal(page.value) / 50 or confidence >= apart * Decimal("0.99")
    assert page.agreement.agreed == page.agreement.asked - 1
    assert page.provenance.confidence == page.confidence
    assert {each.source for each in page.provenance.attempts} >= set(quotes)
    assert price.agreement.agreed >= 3
    assert [each.source for each in price.outliers] == ["kraken"]
    assert price.raw_value
    assert price.provenance.confidence == price.confidence


def test_quotes_are_paged_and_refused_like_any_list(nerkh: Nerkh) -> None:
    """Pages of one hold all quotes once; an unknown asset and a bad size are refused."""
    whole = [each.source for each in nerkh("ListQuotes", asset="BTC", quote="EUR").quotes]
    assert len(whole) > 3
    assert [each.source for each in nerkh.pages("ListQuotes", "quotes", asset="BTC", quote="EUR", pageSize=1)] == whole
    assert refused(nerkh, "ListQuotes", asset="bitcion").code == "NOT_FOUND"
    assert refused(nerkh, "ListQuotes", asset="BTC", pageSize=-1).code == "INVALID_ARGUMENT"
    assert refused(nerkh, "ListQuotes", asset="BTC", quote="XXXX").code == "INVALID_ARGUMENT"


def test_an_unknown_asset_comes_with_suggestions(nerkh: Nerkh) -> None:
    """What does not exist is NOT_FOUND, with what is near."""
    error = refused(nerkh, "GetPrice", asset="bitcion")
    assert (error.code, error.reason) == ("NOT_FOUND", "UNKNOWN_ASSET")
    assert "bitcoin" in error.metadata["didYouMean"].split(",")


def test_a_quote_that_is_none_is_refused(nerkh: Nerkh) -> None:
    """It names the field; a known currency is answered in it."""
    assert refused(nerkh, "GetPrice", asset="BTC", quote="blah").field == "quote"
    euro = nerkh("GetPrice", asset="BTC", quote="eur").price
    assert euro.quote == "EUR"


def test_what_no_source_serves_says_what_is_served(nerkh: Nerkh) -> None:
    """Another interval, another quote: FAILED_PRECONDITION names those there are."""
    candles = refused(nerkh, "ListCandles", asset="ETH", quote="GBP", interval="1M")
    assert candles.code == "FAILED_PRECONDITION"
    assert "1M candles of ethereum in GBP" in candles.message
    assert "1h" in candles.metadata["supported"].split(",")
    price = refused(nerkh, "GetPrice", asset="ETH", quote="SHIB")
    assert price.code == "FAILED_PRECONDITION"
    assert "USD" in price.metadata["supported"].split(",")


def test_every_interval_that_is_listed_is_served_and_no_other(nerkh: Nerkh) -> None:
    """In any quote, by one of the sources that the list names, as far as their limits allow so many calls."""
    served = set()
    for quote in ("USD", "GBP", "JPY"):
        listed = {each.interval: each.sources for each in nerkh("ListIntervals", asset="ETH", quote=quote).intervals}
        for token in INTERVALS:
            asked = {"asset": "ETH", "quote": quote, "interval": token, "pageSize": 1}
            if token not in listed:
                assert refused(nerkh, "ListCandles", **asked).code == "FAILED_PRECONDITION"
                continue
            try:
                page = nerkh("ListCandles", **asked)
            except grpc.RpcError as error:
                assert told(error).reason == "SOURCES_EXHAUSTED"  # noqa: PT017 -- allowed, not expected
            else:
                served.add((quote, token))
                assert len(page.candles) == 1
                assert page.provenance.source in listed[token]
    assert len(served) >= 10
