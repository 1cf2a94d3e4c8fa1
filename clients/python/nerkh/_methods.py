"""The table of the server's methods, typed: what the transports call and the sub-clients name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

from nerkh.admin.v1 import admin_pb2
from nerkh.v1 import history_pb2, market_pb2, monitoring_pb2, news_pb2, onchain_pb2, sentiment_pb2

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)


@dataclass(frozen=True, slots=True)
class Method(Generic[Q, R]):
    """A method by its path, with the classes of its request and response."""

    path: str
    request: type[Q]
    response: type[R]

    @property
    def write(self) -> Callable[[Q], bytes]:
        """What makes bytes of a request."""
        return self.request.SerializeToString

    @property
    def read(self) -> Callable[[bytes], R]:
        """What makes a response of bytes."""
        return self.response.FromString


_MARKET = "/nerkh.v1.MarketService/"
GET_PRICE = Method(_MARKET + "GetPrice", market_pb2.GetPriceRequest, market_pb2.GetPriceResponse)
BATCH_GET_PRICES = Method(
    _MARKET + "BatchGetPrices", market_pb2.BatchGetPricesRequest, market_pb2.BatchGetPricesResponse
)
LIST_PRICES = Method(_MARKET + "ListPrices", market_pb2.ListPricesRequest, market_pb2.ListPricesResponse)
LIST_QUOTES = Method(_MARKET + "ListQuotes", market_pb2.ListQuotesRequest, market_pb2.ListQuotesResponse)
STREAM_PRICES = Method(_MARKET + "StreamPrices", market_pb2.StreamPricesRequest, market_pb2.StreamPricesResponse)
LIST_CANDLES = Method(_MARKET + "ListCandles", market_pb2.ListCandlesRequest, market_pb2.ListCandlesResponse)
LIST_INTERVALS = Method(_MARKET + "ListIntervals", market_pb2.ListIntervalsRequest, market_pb2.ListIntervalsResponse)
LIST_ASSETS = Method(_MARKET + "ListAssets", market_pb2.ListAssetsRequest, market_pb2.ListAssetsResponse)
GET_ASSET = Method(_MARKET + "GetAsset", market_pb2.GetAssetRequest, market_pb2.GetAssetResponse)
GET_MARKET_OVERVIEW = Method(
    _MARKET + "GetMarketOverview", market_pb2.GetMarketOverviewRequest, market_pb2.GetMarketOverviewResponse
)
LIST_TRENDING_ASSETS = Method(
    _MARKET + "ListTrendingAssets", market_pb2.ListTrendingAssetsRequest, market_pb2.ListTrendingAssetsResponse
)

_NEWS = "/nerkh.v1.NewsService/"
LIST_ARTICLES = Method(_NEWS + "ListArticles", news_pb2.ListArticlesRequest, news_pb2.ListArticlesResponse)
GET_ARTICLE = Method(_NEWS + "GetArticle", news_pb2.GetArticleRequest, news_pb2.GetArticleResponse)

_SENTIMENT = "/nerkh.v1.SentimentService/"
GET_FEAR_GREED_INDEX = Method(
    _SENTIMENT + "GetFearGreedIndex", sentiment_pb2.GetFearGreedIndexRequest, sentiment_pb2.GetFearGreedIndexResponse
)
LIST_FEAR_GREED_READINGS = Method(
    _SENTIMENT + "ListFearGreedReadings",
    sentiment_pb2.ListFearGreedReadingsRequest,
    sentiment_pb2.ListFearGreedReadingsResponse,
)
GET_MARKET_SENTIMENT = Method(
    _SENTIMENT + "GetMarketSentiment", sentiment_pb2.GetMarketSentimentRequest, sentiment_pb2.GetMarketSentimentResponse
)
GET_ASSET_SENTIMENT = Method(
    _SENTIMENT + "GetAssetSentiment", sentiment_pb2.GetAssetSentimentRequest, sentiment_pb2.GetAssetSentimentResponse
)
ANALYZE_SENTIMENT = Method(
    _SENTIMENT + "AnalyzeSentiment", sentiment_pb2.AnalyzeSentimentRequest, sentiment_pb2.AnalyzeSentimentResponse
)

_ONCHAIN = "/nerkh.v1.OnchainService/"
LIST_CHAINS = Method(_ONCHAIN + "ListChains", onchain_pb2.ListChainsRequest, onchain_pb2.ListChainsResponse)
GET_CHAIN = Method(_ONCHAIN + "GetChain", onchain_pb2.GetChainRequest, onchain_pb2.GetChainResponse)
GET_GAS_PRICE = Method(_ONCHAIN + "GetGasPrice", onchain_pb2.GetGasPriceRequest, onchain_pb2.GetGasPriceResponse)
GET_BALANCE = Method(_ONCHAIN + "GetBalance", onchain_pb2.GetBalanceRequest, onchain_pb2.GetBalanceResponse)
LIST_TRANSACTIONS = Method(
    _ONCHAIN + "ListTransactions", onchain_pb2.ListTransactionsRequest, onchain_pb2.ListTransactionsResponse
)
GET_TRANSACTION = Method(
    _ONCHAIN + "GetTransaction", onchain_pb2.GetTransactionRequest, onchain_pb2.GetTransactionResponse
)
GET_BLOCK = Method(_ONCHAIN + "GetBlock", onchain_pb2.GetBlockRequest, onchain_pb2.GetBlockResponse)
LIST_WHALE_TRANSACTIONS = Method(
    _ONCHAIN + "ListWhaleTransactions",
    onchain_pb2.ListWhaleTransactionsRequest,
    onchain_pb2.ListWhaleTransactionsResponse,
)

_HISTORY = "/nerkh.v1.HistoryService/"
LIST_PRICE_OBSERVATIONS = Method(
    _HISTORY + "ListPriceObservations",
    history_pb2.ListPriceObservationsRequest,
    history_pb2.ListPriceObservationsResponse,
)
LIST_GAS_OBSERVATIONS = Method(
    _HISTORY + "ListGasObservations", history_pb2.ListGasObservationsRequest, history_pb2.ListGasObservationsResponse
)
LIST_SENTIMENT_OBSERVATIONS = Method(
    _HISTORY + "ListSentimentObservations",
    history_pb2.ListSentimentObservationsRequest,
    history_pb2.ListSentimentObservationsResponse,
)

_MONITORING = "/nerkh.v1.MonitoringService/"
GET_SYSTEM_STATUS = Method(
    _MONITORING + "GetSystemStatus", monitoring_pb2.GetSystemStatusRequest, monitoring_pb2.GetSystemStatusResponse
)
LIST_SOURCES = Method(
    _MONITORING + "ListSources", monitoring_pb2.ListSourcesRequest, monitoring_pb2.ListSourcesResponse
)
GET_SOURCE = Method(_MONITORING + "GetSource", monitoring_pb2.GetSourceRequest, monitoring_pb2.GetSourceResponse)
GET_HIERARCHY = Method(
    _MONITORING + "GetHierarchy", monitoring_pb2.GetHierarchyRequest, monitoring_pb2.GetHierarchyResponse
)
EXPLAIN_ROUTE = Method(
    _MONITORING + "ExplainRoute", monitoring_pb2.ExplainRouteRequest, monitoring_pb2.ExplainRouteResponse
)
LIST_CIRCUIT_BREAKERS = Method(
    _MONITORING + "ListCircuitBreakers",
    monitoring_pb2.ListCircuitBreakersRequest,
    monitoring_pb2.ListCircuitBreakersResponse,
)
GET_USAGE_STATS = Method(
    _MONITORING + "GetUsageStats", monitoring_pb2.GetUsageStatsRequest, monitoring_pb2.GetUsageStatsResponse
)
LIST_SOURCE_INCIDENTS = Method(
    _MONITORING + "ListSourceIncidents",
    monitoring_pb2.ListSourceIncidentsRequest,
    monitoring_pb2.ListSourceIncidentsResponse,
)
LIST_REQUESTS = Method(
    _MONITORING + "ListRequests", monitoring_pb2.ListRequestsRequest, monitoring_pb2.ListRequestsResponse
)

_ADMIN = "/nerkh.admin.v1.AdminService/"
ENABLE_SOURCE = Method(_ADMIN + "EnableSource", admin_pb2.EnableSourceRequest, admin_pb2.EnableSourceResponse)
DISABLE_SOURCE = Method(_ADMIN + "DisableSource", admin_pb2.DisableSourceRequest, admin_pb2.DisableSourceResponse)
RESET_CIRCUIT_BREAKER = Method(
    _ADMIN + "ResetCircuitBreaker", admin_pb2.ResetCircuitBreakerRequest, admin_pb2.ResetCircuitBreakerResponse
)
REMOVE_FAILED_SOURCES = Method(
    _ADMIN + "RemoveFailedSources", admin_pb2.RemoveFailedSourcesRequest, admin_pb2.RemoveFailedSourcesResponse
)
GET_CACHE_STATS = Method(_ADMIN + "GetCacheStats", admin_pb2.GetCacheStatsRequest, admin_pb2.GetCacheStatsResponse)
INVALIDATE_CACHE = Method(
    _ADMIN + "InvalidateCache", admin_pb2.InvalidateCacheRequest, admin_pb2.InvalidateCacheResponse
)
WARM_CACHE = Method(_ADMIN + "WarmCache", admin_pb2.WarmCacheRequest, admin_pb2.WarmCacheResponse)
LIST_EGRESS_ROUTES = Method(
    _ADMIN + "ListEgressRoutes", admin_pb2.ListEgressRoutesRequest, admin_pb2.ListEgressRoutesResponse
)
TEST_EGRESS_ROUTE = Method(
    _ADMIN + "TestEgressRoute", admin_pb2.TestEgressRouteRequest, admin_pb2.TestEgressRouteResponse
)

METHODS: tuple[Method[Message, Message], ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Method)
)
