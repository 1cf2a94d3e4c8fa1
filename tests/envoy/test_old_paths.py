"""The paths of the system that Nerkh replaces: each answers with the same data as ours."""

from __future__ import annotations

from typing import Any

import pytest

OLD = "/api/resources"
DAY = "2024-02-29"
TIMES = {"startTime": "2024-02-29T00:00:00Z", "endTime": "2024-03-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("path", "method", "request_"),
    [
        (f"{OLD}/market/price/btc", "MarketService.GetPrice", {"asset": "btc"}),
        (f"{OLD}/market/prices", "MarketService.ListPrices", {}),
        (f"{OLD}/market/prices?symbols=", "MarketService.ListPrices", {}),
        (f"{OLD}/market/prices?limit=7&offset=0", "MarketService.ListPrices", {"pageSize": 7}),
        (
            f"{OLD}/market/prices?symbols=BTC,ETH, a%26b",
            "MarketService.BatchGetPrices",
            {"assets": ["BTC", "ETH", "a&b"]},
        ),
        (f"{OLD}/news/latest?limit=3&symbol=BTC", "NewsService.ListArticles", {"pageSize": 3, "asset": "BTC"}),
        (f"{OLD}/news/latest?from={DAY}&to={DAY}", "NewsService.ListArticles", TIMES),
        (f"{OLD}/news/symbol/BTC?limit=2", "NewsService.ListArticles", {"asset": "BTC", "pageSize": 2}),
        (f"{OLD}/news/symbol/a%26b%3Dc", "NewsService.ListArticles", {"asset": "a&b=c"}),
        (f"{OLD}/sentiment/fear-greed", "SentimentService.GetFearGreedIndex", {}),
        (f"{OLD}/sentiment/fear-greed?limit=30", "SentimentService.ListFearGreedReadings", {"pageSize": 30}),
        (f"{OLD}/sentiment/global", "SentimentService.GetMarketSentiment", {}),
        (f"{OLD}/sentiment/coin/ETH", "SentimentService.GetAssetSentiment", {"asset": "ETH"}),
        (
            f"{OLD}/onchain/balance?chain=bitcoin&address=a/b%3F",
            "OnchainService.GetBalance",
            {"chain": "bitcoin", "address": "a/b?"},
        ),
        (f"{OLD}/onchain/gas?chain=ethereum", "OnchainService.GetGasPrice", {"chain": "ethereum"}),
        (
            f"{OLD}/onchain/transactions?chain=ethereum&address=0x1&limit=9",
            "OnchainService.ListTransactions",
            {"chain": "ethereum", "address": "0x1", "pageSize": 9},
        ),
        (
            f"{OLD}/hf/ohlcv?symbol=BTC&interval=1h&limit=5",
            "MarketService.ListCandles",
            {"asset": "BTC", "interval": "1h", "pageSize": 5},
        ),
        (f"{OLD}/hf/symbols?limit=5", "MarketService.ListAssets", {"pageSize": 5}),
        (f"{OLD}/hf/timeframes/BTC", "MarketService.ListIntervals", {"asset": "BTC"}),
        (f"{OLD}/status", "MonitoringService.GetSystemStatus", {}),
        ("/api/hierarchy/overview", "MonitoringService.GetHierarchy", {}),
        ("/api/hierarchy/overview?kind=price", "MonitoringService.GetHierarchy", {"kind": "price"}),
        ("/api/hierarchy/usage-stats", "MonitoringService.GetUsageStats", {}),
        ("/api/hierarchy/usage-stats?limit=5", "MonitoringService.GetUsageStats", {"topCount": 5}),
        ("/api/hierarchy/health", "MonitoringService.ListSources", {}),
        ("/api/hierarchy/circuit-breakers?limit=5", "MonitoringService.ListCircuitBreakers", {"pageSize": 5}),
        ("/api/monitoring/status", "MonitoringService.GetSystemStatus", {}),
        ("/api/monitoring/sources/detailed?limit=5", "MonitoringService.ListSources", {"pageSize": 5}),
        ("/api/monitoring/requests/recent?limit=50&offset=0", "MonitoringService.ListRequests", {"pageSize": 50}),
        ("/api/smart/health-report", "MonitoringService.GetSystemStatus", {}),
        ("/api/smart/stats", "MonitoringService.GetUsageStats", {}),
        (
            f"/api/historical/prices/BTC?from={DAY}&to={DAY}&limit=5",
            "HistoryService.ListPriceObservations",
            {"asset": "BTC", "pageSize": 5} | TIMES,
        ),
        (
            "/api/historical/prices/BTC?from=2024-01-01T10:00:00&to=2024-12-31T10:00:00%2B03:30",
            "HistoryService.ListPriceObservations",
            {"asset": "BTC", "startTime": "2024-01-01T10:00:00Z", "endTime": "2024-12-31T06:30:00Z"},
        ),
        (
            "/api/historical/sentiment?to=2024-12-31",
            "HistoryService.ListSentimentObservations",
            {"endTime": "2025-01-01T00:00:00Z"},
        ),
        ("/api/historical/sentiment?symbol=BTC", "HistoryService.ListSentimentObservations", {"asset": "BTC"}),
        (f"/api/smart/news?from={DAY}&to={DAY}", "NewsService.ListArticles", TIMES),
        (f"/api/historical/news?from={DAY}", "NewsService.ListArticles", {"startTime": TIMES["startTime"]}),
        ("/api/smart/market", "MarketService.ListPrices", {}),
        ("/api/smart/market?symbol=BTC", "MarketService.GetPrice", {"asset": "BTC"}),
        ("/api/smart/market?symbols=BTC,ETH", "MarketService.BatchGetPrices", {"assets": ["BTC", "ETH"]}),
        ("/api/smart/news?limit=4", "NewsService.ListArticles", {"pageSize": 4}),
        ("/api/smart/sentiment", "SentimentService.GetMarketSentiment", {}),
        ("/api/smart/sentiment?symbol=BTC", "SentimentService.GetAssetSentiment", {"asset": "BTC"}),
        (
            "/api/smart/whale-alerts?chain=bitcoin&limit=5",
            "OnchainService.ListWhaleTransactions",
            {"chain": "bitcoin", "pageSize": 5},
        ),
        ("/api/smart/blockchain/ethereum", "OnchainService.GetChain", {"chain": "ethereum"}),
        (
            f"{OLD}/market/price/BTC?view=full&quote=EUR",
            "MarketService.GetPrice",
            {"asset": "BTC", "view": "VIEW_FULL", "quote": "EUR"},
        ),
    ],
)
def test_an_old_path_answers_as_ours_does(
    front: Any, service: Any, path: str, method: str, request_: dict[str, Any]
) -> None:
    """The old path and its parameters become our request; values stay whole, whatever is in them."""
    reply = front.get(path.replace(" ", "%20"))
    assert reply.status == 200, reply.body
    assert (service.last().method, service.last().request) == (method, request_)


@pytest.mark.parametrize(
    ("path", "field", "hint"),
    [
        (f"{OLD}/market/prices?offset=10", "offset", "pageToken"),
        (f"{OLD}/news/latest?offset=x", "offset", "pageToken"),
        (f"{OLD}/market/prices?limit=x", "limit", "whole number"),
        (f"{OLD}/market/prices?limit=-1", "limit", "whole number"),
        (f"{OLD}/market/prices?symbols=,", "symbols", "commas"),
        (f"{OLD}/market/prices?symbols=A&symbols=B", "symbols", "twice"),
        (f"{OLD}/market/prices?symbols=%ff", "symbols", "UTF-8"),
        (f"{OLD}/market/price/%ff", "symbol", "UTF-8"),
        (f"{OLD}/onchain/balance?chain=ethereum", "address", "required"),
        (f"{OLD}/onchain/balance?address=0x1", "chain", "required"),
        (f"{OLD}/onchain/gas", "chain", "required"),
        (f"{OLD}/hf/ohlcv?interval=1h", "symbol", "required"),
        ("/api/hierarchy/usage-stats?limit=all", "limit", "whole number"),
        ("/api/monitoring/requests/recent?offset=20", "offset", "pageToken"),
        ("/api/smart/stats?zzz=1", "zzz", "there are"),
        ("/api/historical/prices/BTC?from=2023-02-29", "from", "2026-01-31"),
        ("/api/historical/prices/BTC?to=yesterday", "to", "2026-01-31"),
        ("/api/historical/prices/BTC?zzz=1", "zzz", "there are"),
    ],
)
def test_a_bad_old_parameter_is_named_as_the_caller_named_it(
    front: Any, service: Any, path: str, field: str, hint: str
) -> None:
    """A 400 in the error shape that says what would be right."""
    reply = front.get(path)
    assert reply.status == 400
    assert reply.json()["details"][0]["metadata"] == {"field": field}
    assert hint in reply.json()["message"]
    assert not service.calls


@pytest.mark.parametrize("path", ["/api/worker/status", "/api/hierarchy", "/api/smart/stats/all"])
def test_old_paths_that_are_not_served_are_404(front: Any, path: str) -> None:
    """What is not answered yet is said plainly."""
    assert front.get(path).json()["code"] == 5


def test_web_pages_may_read_the_old_paths(front: Any) -> None:
    """They have the same rules for pages of other origins as the new ones."""
    reply = front.get("/api/resources/market/price/BTC", origin="https://example.org")
    assert reply.headers["access-control-allow-origin"] == "https://example.org"
    asked = {"origin": "https://example.org", "access_control_request_method": "GET"}
    assert front.send("OPTIONS", "/api/resources/market/price/BTC", **asked).status == 200
    assert front.get("/api/nothing").status == 404
