"""MonitoringService: how the service and its sources stand, converted."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

import grpc
from nerkh.v1 import monitoring_pb2, types_pb2

from server.errors import InvalidField
from server.rpc.answering import Desk
from server.rpc.calls import LIST_S, Call, Method, Unary
from server.rpc.convert.monitoring import (
    BREAKER,
    STATE,
    breaker_message,
    incident_message,
    ranking_message,
    record_message,
    shared_message,
    source_message,
)
from server.rpc.convert.plain import interval_in, name_in, optional_name, timestamp
from server.rpc.convert.provenance import provenance_message
from server.rpc.convert.routes import route_message
from server.rpc.convert.usage import usage_message
from server.rpc.pages import PageTokens, page_of, page_size
from server.services.monitoring import Monitoring
from server.services.naming import Names
from server.services.routes import Named

SERVICE = "nerkh.v1.MonitoringService"
TOP, MOST_TOP = 10, 100
"""How many methods, assets and chains are listed when nothing is said, and at most."""


class MonitoringServicer:
    """Answers MonitoringService."""

    def __init__(self, monitoring: Monitoring, names: Names, tokens: PageTokens, desk: Desk) -> None:
        self._monitoring = monitoring
        self._names = names
        self._tokens = tokens
        self._desk = desk

    def methods(self) -> tuple[Method, ...]:
        """Return the methods to bind."""
        path, pb = f"/{SERVICE}/", monitoring_pb2
        return (
            Unary(path + "GetSystemStatus", pb.GetSystemStatusRequest, self.get_system_status),
            Unary(path + "ListSources", pb.ListSourcesRequest, self.list_sources, LIST_S),
            Unary(path + "GetSource", pb.GetSourceRequest, self.get_source),
            Unary(path + "ListSourceIncidents", pb.ListSourceIncidentsRequest, self.list_source_incidents, LIST_S),
            Unary(path + "GetHierarchy", pb.GetHierarchyRequest, self.get_hierarchy),
            Unary(path + "ExplainRoute", pb.ExplainRouteRequest, self.explain_route),
            Unary(path + "ListCircuitBreakers", pb.ListCircuitBreakersRequest, self.list_circuit_breakers, LIST_S),
            Unary(path + "GetUsageStats", pb.GetUsageStatsRequest, self.get_usage_stats),
            Unary(path + "ListRequests", pb.ListRequestsRequest, self.list_requests, LIST_S),
        )

    async def get_system_status(self, _request: Any, _call: Call) -> monitoring_pb2.GetSystemStatusResponse:
        """Answer with the state of the service; answers given from ready bytes are hits of the cache too."""
        status = self._monitoring.status()
        store, streams, pb = status.store, self._desk.streams, monitoring_pb2
        return pb.GetSystemStatusResponse(
            ready=status.ready,
            version=_version(),
            start_time=timestamp(status.start_time),
            status_time=timestamp(status.status_time),
            simulated=status.simulated,
            store=pb.StoreStatus(
                reachable=store.reachable,
                queued_count=store.queued,
                written_count=store.written,
                refused_count=store.refused,
                failed_count=store.failed,
                last_write_time=timestamp(store.last_write_time),
                last_error=store.last_error,
            ),
            cache=pb.CacheStatus(
                entry_count=status.cache.entries,
                hit_count=status.cache.hits + sum(self._desk.repeated().values()),
                miss_count=status.cache.misses,
                stale_count=status.cache.stale,
            ),
            sources=[
                pb.SourceStateCount(state=STATE[state], count=count) for state, count in sorted(status.sources.items())
            ],
            models=[pb.ModelStatus(name=status.model, ready=True)],
            requests=pb.RequestCounts(
                total_count=status.requests,
                failed_count=status.failed_requests,
                active_count=status.active_requests,
            ),
            streams=pb.StreamCounts(open_count=len(streams), opened_count=streams.opened),
            provenance=self._origin(),
            shared=None if status.shared is None else shared_message(status.shared),
        )

    async def list_sources(self, request: Any, _call: Call) -> monitoring_pb2.ListSourcesResponse:
        """Answer with a page of sources, sorted by id."""
        state = _choice(request.state, STATE, "state")
        chain = optional_name(request.chain, "chain", "a chain's id or alias")
        kind = optional_name(request.kind, "kind", "a kind of data")
        size, after = page_size(request, 100, 1000), self._tokens.read(request)
        rows = self._monitoring.sources(state, kind, self._names.chain(chain).id if chain else "")
        page, cursor = page_of(rows, after, size, lambda source: (source.id,))
        return monitoring_pb2.ListSourcesResponse(
            sources=[source_message(source) for source in page],
            next_page_token=self._tokens.next(cursor, request),
            provenance=self._origin(),
        )

    async def get_source(self, request: Any, call: Call) -> monitoring_pb2.GetSourceResponse:
        """Answer with one source."""
        source = self._monitoring.source(name_in(request.source, "source", "a source's id, as ListSources gives it"))
        call.source = source.id
        return monitoring_pb2.GetSourceResponse(source=source_message(source), provenance=self._origin())

    async def list_source_incidents(self, request: Any, call: Call) -> monitoring_pb2.ListSourceIncidentsResponse:
        """Answer with a page of what happened to a source, the newest first."""
        source = name_in(request.source, "source", "a source's id, as ListSources gives it")
        size, before = page_size(request, 100, 1000), self._tokens.read(request)
        rows, cursor = await self._monitoring.incidents(source, before, size)
        call.source = rows[0].source if rows else ""
        return monitoring_pb2.ListSourceIncidentsResponse(
            incidents=[incident_message(each) for each in rows],
            next_page_token=self._tokens.next(cursor, request),
            provenance=self._origin(),
        )

    async def get_hierarchy(self, request: Any, _call: Call) -> monitoring_pb2.GetHierarchyResponse:
        """Answer with the order in which the sources of each kind are asked."""
        rankings = self._monitoring.hierarchy(optional_name(request.kind, "kind", "a kind of data"))
        return monitoring_pb2.GetHierarchyResponse(
            rankings=[ranking_message(each) for each in rankings], provenance=self._origin()
        )

    async def explain_route(self, request: Any, call: Call) -> monitoring_pb2.ExplainRouteResponse:
        """Answer with the sources that one question would be asked of, and why."""
        kind = name_in(request.kind, "kind", "a kind of data, such as price")
        asset = optional_name(request.asset, "asset", "an asset's id or symbol")
        chain = optional_name(request.chain, "chain", "a chain's id or alias")
        named = Named(
            asset=self._names.asset(asset).asset if asset else None,
            chain=self._names.chain(chain) if chain else None,
            quote=self._names.quote(request.quote) if request.quote.strip() else None,
            interval=interval_in(request.interval) if request.interval else None,
        )
        call.asset = named.asset.id if named.asset is not None else ""
        call.chain = named.chain.id if named.chain is not None else ""
        route = route_message(self._monitoring.route(kind, named))
        return monitoring_pb2.ExplainRouteResponse(route=route, provenance=self._origin())

    async def get_usage_stats(self, request: Any, _call: Call) -> monitoring_pb2.GetUsageStatsResponse:
        """Answer with how requests fared."""
        method = optional_name(request.method, "method", "a method such as nerkh.v1.MarketService/GetPrice")
        if request.top_count < 0:
            raise InvalidField("top_count", request.top_count, "a number from 0 on")
        top = min(request.top_count or TOP, MOST_TOP)
        windows = [usage_message(each) for each in self._monitoring.usage(request.windows, method, top)]
        return monitoring_pb2.GetUsageStatsResponse(windows=windows, provenance=self._origin())

    async def list_circuit_breakers(self, request: Any, _call: Call) -> monitoring_pb2.ListCircuitBreakersResponse:
        """Answer with a page of circuit breakers, sorted by source and kind."""
        state = _choice(request.state, BREAKER, "state")
        source = optional_name(request.source, "source", "a source's id")
        kind = optional_name(request.kind, "kind", "a kind of data")
        size, after = page_size(request, 100, 1000), self._tokens.read(request)
        rows = self._monitoring.breakers(source, kind, state)
        page, cursor = page_of(rows, after, size, lambda breaker: (breaker.source, breaker.kind))
        return monitoring_pb2.ListCircuitBreakersResponse(
            circuit_breakers=[breaker_message(breaker) for breaker in page],
            next_page_token=self._tokens.next(cursor, request),
            provenance=self._origin(),
        )

    async def list_requests(self, request: Any, _call: Call) -> monitoring_pb2.ListRequestsResponse:
        """Answer with a page of the recent requests, the newest first."""
        method = optional_name(request.method, "method", "a method such as nerkh.v1.MarketService/GetPrice")
        code = optional_name(request.code, "code", "a gRPC status such as NOT_FOUND")
        if code and code not in grpc.StatusCode.__members__:
            raise InvalidField("code", code, f"one of {', '.join(grpc.StatusCode.__members__)}")
        size, cursor = page_size(request, 100, 1000), self._tokens.read(request)
        before = cursor[0] if cursor is not None and isinstance(cursor[0], int) else None
        rows, last = self._monitoring.requests.newest(
            before,
            size,
            lambda record: (not method or record.method == method) and (not code or record.code == code),
        )
        return monitoring_pb2.ListRequestsResponse(
            requests=[record_message(record) for record in rows],
            next_page_token=self._tokens.next(None if last is None else (last,), request),
            provenance=self._origin(),
        )

    def _origin(self) -> types_pb2.Provenance:
        return provenance_message(self._monitoring.origin())


def _choice(value: int, known: dict[Any, Any], field: str) -> Any:
    """Return what a filter's number stands for, None for unspecified; raises `InvalidField` for an unknown one."""
    if value == 0:
        return None
    for choice, number in known.items():
        if number == value:
            return choice
    raise InvalidField(field, value, f"one of {', '.join(each.name for each in known)}")


@cache
def _version() -> str:
    return version("nerkh-server")
