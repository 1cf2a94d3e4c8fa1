"""`client.monitoring`: how the service and its sources stand."""

from __future__ import annotations

from nerkh import _methods as methods
from nerkh._listing import Listing
from nerkh._models.monitoring import (
    BreakerState,
    CircuitBreaker,
    KindRanking,
    RequestRecord,
    Source,
    SourceIncident,
    SourceState,
    SystemStatus,
)
from nerkh._models.routes import Route, UsageWindow
from nerkh._options import Timeout
from nerkh._reader import read
from nerkh._sync._page import Page, page_of
from nerkh._transport import Transport
from nerkh.v1 import monitoring_pb2

SOURCES = Listing(methods.LIST_SOURCES, "sources", Source)
BREAKERS = Listing(methods.LIST_CIRCUIT_BREAKERS, "circuit_breakers", CircuitBreaker)
INCIDENTS = Listing(methods.LIST_SOURCE_INCIDENTS, "incidents", SourceIncident)
REQUESTS = Listing(methods.LIST_REQUESTS, "requests", RequestRecord)


class MonitoringClient:
    """Answers about the service itself; all raise `NerkhError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def status(self, *, timeout: Timeout = None) -> SystemStatus:
        """Return the state of the service."""
        request = monitoring_pb2.GetSystemStatusRequest()
        response = self._transport.call(methods.GET_SYSTEM_STATUS, request, timeout)
        return read(SystemStatus, response)

    def sources(
        self,
        *,
        state: SourceState | str = SourceState.UNSPECIFIED,
        kind: str = "",
        chain: str = "",
        page_size: int = 0,
        page_token: str = "",
        timeout: Timeout = None,
    ) -> Page[Source]:
        """List sources and how they do; every filter that is given must hold."""
        request = monitoring_pb2.ListSourcesRequest(
            state=f"SOURCE_STATE_{SourceState(state).name}",
            kind=kind,
            chain=chain,
            page_size=page_size,
            page_token=page_token,
        )
        return page_of(self._transport, SOURCES, request, timeout)

    def source(self, source: str, *, timeout: Timeout = None) -> Source:
        """Return one source and how it does."""
        request = monitoring_pb2.GetSourceRequest(source=source)
        response = self._transport.call(methods.GET_SOURCE, request, timeout)
        return read(Source, response.source)

    def incidents(
        self, source: str, *, page_size: int = 0, page_token: str = "", timeout: Timeout = None
    ) -> Page[SourceIncident]:
        """List what happened to a source, the newest first."""
        request = monitoring_pb2.ListSourceIncidentsRequest(source=source, page_size=page_size, page_token=page_token)
        return page_of(self._transport, INCIDENTS, request, timeout)

    def hierarchy(self, kind: str = "", *, timeout: Timeout = None) -> tuple[KindRanking, ...]:
        """Return the order in which sources are asked now, for one kind of data or for each."""
        request = monitoring_pb2.GetHierarchyRequest(kind=kind)
        response = self._transport.call(methods.GET_HIERARCHY, request, timeout)
        return tuple(read(KindRanking, ranking) for ranking in response.rankings)

    def explain(
        self,
        kind: str,
        *,
        asset: str = "",
        chain: str = "",
        quote: str = "",
        interval: str = "",
        timeout: Timeout = None,
    ) -> Route:
        """Return which sources one question would be asked of now, in which order, and why; asks none of them."""
        request = monitoring_pb2.ExplainRouteRequest(
            kind=kind, asset=asset, chain=chain, quote=quote, interval=interval
        )
        response = self._transport.call(methods.EXPLAIN_ROUTE, request, timeout)
        return read(Route, response.route)

    def usage(
        self, *windows: str, method: str = "", top_count: int = 0, timeout: Timeout = None
    ) -> tuple[UsageWindow, ...]:
        """Return how requests fared over windows of `1m`, `5m`, `1h` and `24h`, all when none is named."""
        request = monitoring_pb2.GetUsageStatsRequest(windows=windows, method=method, top_count=top_count)
        response = self._transport.call(methods.GET_USAGE_STATS, request, timeout)
        return tuple(read(UsageWindow, window) for window in response.windows)

    def circuit_breakers(
        self,
        *,
        source: str = "",
        kind: str = "",
        state: BreakerState | str = BreakerState.UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout: Timeout = None,
    ) -> Page[CircuitBreaker]:
        """List circuit breakers; every filter that is given must hold."""
        request = monitoring_pb2.ListCircuitBreakersRequest(
            source=source,
            kind=kind,
            state=f"BREAKER_STATE_{BreakerState(state).name}",
            page_size=page_size,
            page_token=page_token,
        )
        return page_of(self._transport, BREAKERS, request, timeout)

    def requests(
        self,
        *,
        method: str = "",
        code: str = "",
        page_size: int = 0,
        page_token: str = "",
        timeout: Timeout = None,
    ) -> Page[RequestRecord]:
        """List the recent requests, the newest first; every filter that is given must hold."""
        request = monitoring_pb2.ListRequestsRequest(
            method=method, code=code, page_size=page_size, page_token=page_token
        )
        return page_of(self._transport, REQUESTS, request, timeout)
