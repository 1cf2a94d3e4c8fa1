"""Both clients against a real server: values, requests, pages, data frames, options."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import nerkh
import pytest
from nerkh.testing import FakeServer, price, provenance

AT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
ORIGIN = provenance("binance", receive_time=AT)
BTC = nerkh.Price(
    asset="bitcoin",
    symbol="BTC",
    name="Bitcoin",
    quote="USD",
    value=Decimal("64000.123456789012345678"),
    bid=Decimal(0),
    change_percent=Decimal("-1.5"),
    rank=1,
    agreement=nerkh.Agreement(agreed=2, asked=3),
    ambiguous=True,
    candidates=(nerkh.AssetCandidate(asset="bitcoin", symbol="BTC", name="Bitcoin", rank=1),),
    provenance=nerkh.Provenance(
        source="binance",
        freshness=nerkh.Freshness.STALE,
        receive_time=AT,
        source_time=AT,
        attempts=(nerkh.Attempt(source="kraken", outcome=nerkh.Outcome.TIMEOUT, latency_ms=812.5, detail="slow"),),
    ),
)
CANDLE = nerkh.Candle(open_time=AT, open=Decimal(1), high=Decimal(3), low=Decimal(1), close=Decimal(2), trade_count=7)
ASSET = nerkh.Asset(
    id="usd-coin",
    symbol="USDC",
    name="USDC",
    contracts=(nerkh.Contract(chain="ethereum", address="0xa0", decimals=6, caip19="eip155:1/erc20:0xa0"),),
    source_ids={"coingecko": "usd-coin"},
    provenance=ORIGIN,
)
CHAIN = nerkh.Chain(
    id="ethereum",
    name="Ethereum",
    family=nerkh.ChainFamily.EVM,
    native_asset="ethereum",
    native_symbol="ETH",
    decimals=18,
    evm_id=1,
    block_interval=timedelta(seconds=12),
)
STATUS = nerkh.ChainStatus(chain="ethereum", height=21_000_000, block_time=AT)
TRANSACTION = nerkh.Transaction(
    chain="bitcoin",
    hash="ab",
    status=nerkh.TransactionStatus.PENDING,
    amount=Decimal("0.1"),
    outputs=(nerkh.Transfer(address="bc1", amount=Decimal("0.1")),),
    provenance=ORIGIN,
)
SOURCE = nerkh.Source(
    id="binance",
    name="Binance",
    tier=nerkh.Tier.CRITICAL,
    state=nerkh.SourceState.DEGRADED,
    kinds=("price", "candles"),
    circuit_breakers=(nerkh.CircuitBreaker(source="binance", kind="price", state=nerkh.BreakerState.HALF_OPEN),),
    latency_p50_ms=12.5,
    quotas=(
        nerkh.Quota(
            limit=100,
            remaining_count=99,
            remaining_share=0.99,
            window=timedelta(minutes=1),
            reset_time=AT,
            key="1 of 2",
            egress="direct",
        ),
    ),
    key_count=2,
)
SENTIMENT = nerkh.Sentiment(
    score=0.25, label=nerkh.SentimentLabel.POSITIVE, model="lexicon", article_count=3, provenance=ORIGIN
)
ROUTE = nerkh.EgressRoute(
    name="proxy1", kind=nerkh.EgressKind.SOCKS5, latency_ms=12.5, quarantined_host_count=2, quarantine_end_time=AT,
    test_time=AT, test_detail="proxy: no connection",
)  # fmt: skip
READING = nerkh.FearGreedReading(value=Decimal(20), classification="Extreme Fear", reading_time=AT, provenance=ORIGIN)
GAS = nerkh.GasPrice(
    chain="ethereum", unit="gwei", slow=Decimal(1), standard=Decimal(2), fast=Decimal("3.5"), provenance=ORIGIN
)
SINGLE: tuple[tuple[str, str, str, tuple[Any, ...], object], ...] = (
    ("GetPrice", "market", "price", ("BTC",), BTC),
    ("BatchGetPrices", "market", "prices", ("BTC", "FOO"), nerkh.PriceBatch(
        prices=(BTC,), failures=(nerkh.PriceFailure(asset="FOO", reason="UNKNOWN_ASSET", message="no FOO"),)
    )),
    ("GetAsset", "market", "asset", ("USDC",), ASSET),
    ("GetMarketOverview", "market", "overview", (), nerkh.MarketOverview(
        total_market_cap_usd=Decimal("2.4e12"), market_count=900, provenance=ORIGIN
    )),
    ("GetArticle", "news", "article", ("a1",), nerkh.Article(
        id="a1", title="T", url="https://x", published_time=AT, sources=("rss_x",), provenance=ORIGIN
    )),
    ("GetFearGreedIndex", "sentiment", "fear_greed", (), READING),
    ("GetMarketSentiment", "sentiment", "market", (), SENTIMENT),
    ("GetAssetSentiment", "sentiment", "asset", ("BTC",), SENTIMENT),
    ("AnalyzeSentiment", "sentiment", "analyze", ("to the moon",), nerkh.TextSentiment(
        score=0.5, label=nerkh.SentimentLabel.POSITIVE, model="lexicon", provenance=ORIGIN
    )),
    ("GetChain", "onchain", "chain", ("eth",), nerkh.ChainState(chain=CHAIN, status=STATUS, provenance=ORIGIN)),
    ("GetGasPrice", "onchain", "gas", ("eth",), GAS),
    ("GetBalance", "onchain", "balance", ("btc", "bc1"), nerkh.Balance(
        chain="bitcoin", address="bc1", symbol="BTC", amount=Decimal(1), pending_amount=Decimal("-0.5"),
        tokens=(nerkh.TokenBalance(asset="x", symbol="X", contract="0x", amount=Decimal(2)),), provenance=ORIGIN,
    )),
    ("GetTransaction", "onchain", "transaction", ("btc", "ab"), TRANSACTION),
    ("GetBlock", "onchain", "block", ("eth", 7), nerkh.Block(
        chain="ethereum", height=7, hash="0x7", block_time=AT, base_fee_gwei=Decimal("1.25"), provenance=ORIGIN
    )),
    ("GetSystemStatus", "monitoring", "status", (), nerkh.SystemStatus(
        ready=True, version="0.1.0", store=nerkh.StoreStatus(reachable=False, last_error="gone"),
        sources=(nerkh.SourceStateCount(state=nerkh.SourceState.ACTIVE, count=4),),
    )),
    ("GetSource", "monitoring", "source", ("binance",), SOURCE),
    ("ExplainRoute", "monitoring", "explain", ("price",), nerkh.Route(
        kind="price", question="price of bitcoin in USD", summary="1 of 2", computed_time=AT, sources=(
            nerkh.RoutedSource(
                source="binance", tier=nerkh.Tier.CRITICAL, place=nerkh.RoutePlace.ASKED, position=1, score=0.5,
                sentence="first", circuit_breaker=SOURCE.circuit_breakers[0],
                score_parts=(nerkh.ScorePart(name="error_ratio", measured=0.25, weight=4.0, penalty=1.0),),
                last_attempt=nerkh.LastAttempt(attempt_time=AT, outcome=nerkh.Outcome.OK, latency_ms=12.5),
            ),
            nerkh.RoutedSource(
                source="kraken", tier=nerkh.Tier.HIGH, place=nerkh.RoutePlace.EXCLUDED, sentence="out",
                excluded_reason="circuit open", retry_time=AT,
            ),
        ),
    )),
    ("EnableSource", "admin", "enable_source", ("binance",), nerkh.SourceDecision(source=SOURCE, stored=True)),
    ("ResetCircuitBreaker", "admin", "reset_circuit_breaker", ("x", "price"), nerkh.SourceDecision(source=SOURCE)),
    ("RemoveFailedSources", "admin", "remove_failed_sources", (), nerkh.RemovedSources(sources=("a", "b"))),
    ("GetCacheStats", "admin", "cache_stats", (), nerkh.CacheStats(
        entry_count=3, stats_time=AT, kinds=(nerkh.KindCacheStats(kind="price", miss_count=1, hit_ratio=0.0),)
    )),
    ("InvalidateCache", "admin", "invalidate_cache", (), nerkh.InvalidatedCache(dropped_count=7, told_all=True)),
    ("WarmCache", "admin", "warm_cache", ("BTC", "FOO"), nerkh.WarmedCache(
        assets=("bitcoin",), failures=(nerkh.WarmFailure(asset="FOO", message="no asset"),)
    )),
    ("TestEgressRoute", "admin", "test_egress_route", ("proxy1",), ROUTE),
)  # fmt: skip
LISTS: tuple[tuple[str, str, str, tuple[Any, ...], object, object], ...] = (
    ("ListPrices", "market", "list_prices", (), BTC, None),
    ("ListCandles", "market", "candles", ("BTC", "1h"), CANDLE, nerkh.CandleSeries(
        asset="bitcoin", symbol="BTC", quote="USDT", interval="1h"
    )),
    ("ListQuotes", "market", "quotes", ("BTC",), nerkh.Quote(
        source="binance", tier=nerkh.Tier.HIGH, value=Decimal("97500.5"), native_quote="USDT",
        native_value=Decimal(97480), receive_time=AT, outlier=True, outlier_reason="3 sources agree on another price",
    ), nerkh.QuoteSeries(
        asset="bitcoin", symbol="BTC", quote="USD", value=Decimal(97000), confidence=Decimal("12.5"),
        agreement=nerkh.Agreement(agreed=3, asked=4),
    )),
    ("ListIntervals", "market", "intervals", ("BTC",), nerkh.CandleInterval(
        interval="1h", span=timedelta(hours=1), sources=("binance",)
    ), None),
    ("ListAssets", "market", "assets", ("usd",), ASSET, None),
    ("ListTrendingAssets", "market", "trending", (), nerkh.TrendingAsset(
        asset="", symbol="NEW", name="New", position=1, price_usd=Decimal("0.00000001"), provenance=ORIGIN
    ), None),
    ("ListArticles", "news", "articles", ("BTC",), nerkh.Article(
        id="a1", title="T", url="https://x", published_time=AT, sentiment_score=0.0, provenance=ORIGIN
    ), None),
    ("ListFearGreedReadings", "sentiment", "fear_greed_readings", (), READING, None),
    ("ListChains", "onchain", "chains", (), CHAIN, None),
    ("ListTransactions", "onchain", "transactions", ("btc", "bc1"), TRANSACTION, None),
    ("ListWhaleTransactions", "onchain", "whales", ("btc",), nerkh.WhaleTransaction(
        chain="bitcoin", hash="ab", asset="bitcoin", symbol="BTC", amount=Decimal(1000), provenance=ORIGIN
    ), None),
    ("ListPriceObservations", "history", "prices", ("BTC",), nerkh.PricePoint(
        observation_time=AT, receive_time=AT, source="binance", value=Decimal(1)
    ), nerkh.PriceSeries(asset="bitcoin", symbol="BTC", quote="USD", gaps=(
        nerkh.Gap(start_time=AT, end_time=None, cause=nerkh.GapCause.NOT_COLLECTED),
    ))),
    ("ListGasObservations", "history", "gas", ("eth",), nerkh.GasPoint(
        observation_time=AT, receive_time=AT, source="x", slow=Decimal(1), standard=Decimal(2), fast=Decimal(3)
    ), nerkh.GasSeries(chain="ethereum", unit="gwei")),
    ("ListSentimentObservations", "history", "sentiment", (), nerkh.SentimentPoint(
        observation_time=AT, receive_time=AT, source="nerkh", score=-0.5, label=nerkh.SentimentLabel.NEGATIVE
    ), nerkh.SentimentSeries()),
    ("ListSources", "monitoring", "sources", (), SOURCE, None),
    ("ListCircuitBreakers", "monitoring", "circuit_breakers", (), SOURCE.circuit_breakers[0], None),
    ("ListSourceIncidents", "monitoring", "incidents", ("binance",), nerkh.SourceIncident(
        source="binance", cause=nerkh.IncidentCause.DOWN, start_time=AT, kind="price", reason="timeout"
    ), None),
    ("ListRequests", "monitoring", "requests", (), nerkh.RequestRecord(
        method="nerkh.v1.MarketService/GetPrice", request_time=AT, latency_ms=1.5, code="OK",
        freshness=nerkh.Freshness.CACHED, fallback=True,
    ), None),
)  # fmt: skip


@pytest.mark.parametrize("case", SINGLE, ids=lambda case: case[0])
async def test_single_values(
    server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client, case: tuple[str, str, str, Any, object]
) -> None:
    """A value comes out as it went in, over the wire, by both clients: exact decimals, aware times, enums, None."""
    method, part, name, arguments, value = case
    server.answer(method, value)
    assert await getattr(getattr(client, part), name)(*arguments) == value
    assert getattr(getattr(blocking, part), name)(*arguments) == value


@pytest.mark.parametrize("case", LISTS, ids=lambda case: case[0])
async def test_lists(
    server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client, case: tuple[str, str, str, Any, Any, object]
) -> None:
    """A list is paged, iterating goes over all pages, and a series has its head on each page."""
    method, part, name, arguments, item, head = case
    server.answer(method, [item, item, item], series=head)
    page = await getattr(getattr(client, part), name)(*arguments, page_size=2)
    assert page.items == (item, item)
    assert [one async for one in page] == [item] * 3
    twin = getattr(getattr(blocking, part), name)(*arguments, page_size=2)
    assert list(twin) == [item] * 3
    for one in (page, twin, await page.next_page()):
        assert head is None or one.series == head
        assert one.provenance is not None
    assert await (await page.next_page()).next_page() is None
    assert "more follow" in repr(twin)


async def test_a_page_names_the_assets_that_share_a_symbol(
    server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client
) -> None:
    """Where the name was ambiguous the page has the candidates, the one that was taken first; else it has none."""
    several = tuple(nerkh.AssetCandidate(asset=name, symbol="TON", name=name) for name in ("toncoin", "tokamak"))
    series = nerkh.SentimentSeries(asset="toncoin", ambiguous=True, candidates=several)
    server.answer("ListArticles", [], series=series, asset="TON")
    server.answer("ListArticles", [], asset="toncoin")
    assert (await client.news.articles("TON")).candidates == blocking.news.articles("TON").candidates == several
    assert (await client.news.articles("toncoin")).candidates == blocking.news.articles("toncoin").candidates == ()


async def test_rankings(server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client) -> None:
    """The hierarchy is a tuple of rankings."""
    ranked = nerkh.RankedSource(source="binance", tier=nerkh.Tier.HIGH, position=1, score=0.5)
    ranking = nerkh.KindRanking(kind="price", sources=(ranked,), computed_time=AT)
    server.answer("GetHierarchy", [ranking])
    assert await client.monitoring.hierarchy() == (ranking,)
    assert blocking.monitoring.hierarchy("price") == (ranking,)


async def test_usage(server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client) -> None:
    """Usage is a tuple of windows; what could not be measured is None."""
    total = nerkh.MethodUsage(request_count=2, ok_count=1, success_ratio=0.5, latency_p99_ms=1.25)
    window = nerkh.UsageWindow(
        window="5m",
        start_time=AT,
        end_time=AT,
        total=total,
        methods=(total,),
        assets=(nerkh.UsageCount(name="bitcoin", request_count=2),),
    )
    server.answer("GetUsageStats", [window])
    assert await client.monitoring.usage() == (window,)
    assert blocking.monitoring.usage("5m", method="x", top_count=3) == (window,)
    assert server.calls[-1].request == {"windows": ["5m"], "method": "x", "top_count": 3}


async def test_egress_routes(server: FakeServer, client: nerkh.AsyncClient, blocking: nerkh.Client) -> None:
    """Ways out are a tuple, in the server's order; the one to test is named in the request."""
    direct = nerkh.EgressRoute(name="direct", kind=nerkh.EgressKind.DIRECT, healthy=True)
    server.answer("ListEgressRoutes", [direct, ROUTE])
    assert await client.admin.egress_routes() == (direct, ROUTE)
    assert blocking.admin.egress_routes() == (direct, ROUTE)
    server.answer("TestEgressRoute", direct, egress_route="direct")
    assert await client.admin.test_egress_route("direct") == direct
    assert server.calls[-1].request == {"egress_route": "direct"}


async def test_requests_say_what_was_asked(server: FakeServer, client: nerkh.AsyncClient) -> None:
    """Arguments travel as the contract wants them."""
    server.answer("ListCandles", [CANDLE], series=nerkh.CandleSeries(asset="a", symbol="A", quote="EUR", interval="1d"))
    server.answer("ListWhaleTransactions", [])
    server.answer("ListPrices", [])
    server.answer("ListSources", [])
    server.answer("ListCircuitBreakers", [])
    server.answer("GetMarketSentiment", SENTIMENT)
    await client.market.candles("BTC", "1d", quote="EUR", start_time=AT, page_size=5, full=True)
    await client.onchain.whales(asset="BTC", minimum_amount=Decimal("1e3"), minimum_amount_usd=10**6)
    await client.market.list_prices(order_by="gainers")
    await client.monitoring.sources(state=nerkh.SourceState.FAILED, kind="price")
    await client.monitoring.circuit_breakers(state="open")
    await client.sentiment.market(window=timedelta(hours=6))
    assert [call.request for call in server.calls] == [
        {
            "asset": "BTC", "interval": "1d", "quote": "EUR", "start_time": "2026-01-02T03:04:05.678Z",
            "page_size": 5, "view": "VIEW_FULL",
        },
        {"asset": "BTC", "minimum_amount": "1000", "minimum_amount_usd": "1000000", "view": "VIEW_BASIC"},
        {"quote": "USD", "order_by": "PRICE_ORDER_GAINERS", "view": "VIEW_BASIC"},
        {"state": "SOURCE_STATE_FAILED", "kind": "price"},
        {"state": "BREAKER_STATE_OPEN"},
        {"window": "21600s", "view": "VIEW_BASIC"},
    ]  # fmt: skip


async def test_times_without_a_zone_are_refused(client: nerkh.AsyncClient) -> None:
    """A naive time is never guessed at."""
    with pytest.raises(ValueError, match="time zone"):
        await client.market.candles("BTC", start_time=datetime(2026, 1, 1))  # noqa: DTZ001  # what is refused


@pytest.mark.parametrize("value", ["1,5", "NaN"])
async def test_numbers_that_are_none_are_refused(client: nerkh.AsyncClient, value: str) -> None:
    """A number that the contract cannot write is refused before it is sent."""
    with pytest.raises(ValueError, match="not"):
        await client.onchain.whales(minimum_amount=value)


async def test_token_and_metadata_travel_with_each_call(server: FakeServer) -> None:
    """The token is sent as a bearer token, and shown nowhere."""
    server.answer("GetPrice", BTC)
    async with nerkh.AsyncClient(server.target, token="s3cret", metadata=[("x-team", "blue")]) as client:  # noqa: S106  # made up
        await client.market.price("BTC")
        assert "s3cret" not in repr(client) + repr(client._transport.options)
    sent = server.calls[0].metadata
    assert (sent["authorization"], sent["x-team"]) == ("Bearer s3cret", "blue")
    assert "nerkh-python/" in str(sent["user-agent"])


async def test_a_closed_client_says_so(server: FakeServer) -> None:
    """A call on a closed client is an error of the client's tree, and does not open it again."""
    client, blocking = nerkh.AsyncClient(server.target), nerkh.Client(server.target)
    await client.close()
    blocking.close()
    with pytest.raises(nerkh.ClientClosed, match="closed"):
        await client.market.price("BTC")
    with pytest.raises(nerkh.ClientClosed, match="closed"):
        blocking.market.price("BTC")


def test_pandas(server: FakeServer, blocking: nerkh.Client) -> None:
    """A series becomes a pandas frame: floats, or decimals where they are asked for."""
    pytest.importorskip("pandas")
    server.answer(
        "ListCandles", [CANDLE, CANDLE], series=nerkh.CandleSeries(asset="a", symbol="A", quote="USD", interval="1h")
    )
    candles = blocking.market.candles("BTC")
    frame = candles.to_pandas()
    assert list(frame.columns[:5]) == ["open_time", "open", "high", "low", "close"]
    assert frame["high"].dtype == float
    assert frame["open_time"].iloc[0] == AT
    assert candles.to_pandas(exact=True)["high"].iloc[0] == Decimal(3)


def test_polars(server: FakeServer, blocking: nerkh.Client) -> None:
    """A page becomes a polars frame, without the columns that are no plain values."""
    polars = pytest.importorskip("polars")
    server.answer("ListAssets", [ASSET])
    frame = blocking.market.assets().to_polars()
    assert frame.columns == ["id", "symbol", "name", "rank", "aliases", "ambiguous"]
    server.answer("ListPrices", [BTC])
    assert blocking.market.list_prices().to_polars(exact=True)["value"].dtype == polars.Decimal


def test_frames_are_not_imported_unasked() -> None:
    """Importing the client imports neither pandas nor polars."""
    code = "import sys, nerkh; sys.exit(bool({'pandas', 'polars'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_tls_talks_to_no_plain_server() -> None:
    """With `tls` nothing is said to a server that does not encrypt."""
    with FakeServer() as server:
        server.answer("GetPrice", price("BTC", 1))
        options = nerkh.Client(server.target, tls=nerkh.TLS(), timeout=2.0)
        with options as client, pytest.raises(nerkh.Unavailable):
            client.market.price("BTC")
