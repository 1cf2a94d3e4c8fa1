"""AdminService: what operators do, converted; bound on their own listener alone."""

from __future__ import annotations

from typing import Any

from nerkh.admin.v1 import admin_pb2

from server.clock import Clock
from server.model import Action
from server.rpc.answering import Desk
from server.rpc.calls import Call, Method, Unary
from server.rpc.convert.egress import egress_route_message
from server.rpc.convert.monitoring import source_message
from server.rpc.convert.plain import name_in, optional_name, timestamp
from server.services.administration import Administration, Decided
from server.services.market import Priced

SERVICE = "nerkh.admin.v1.AdminService"
WARM_S = 30.0
"""Longest time of warming the cache, in seconds."""
TEST_S = 30.0
"""Longest time of testing a way out, in seconds: three sources that each take their whole time fit in."""

_SOURCE = "a source's id, as ListSources gives it"
_REASON = "a reason in one line"


class AdminServicer:
    """Answers AdminService."""

    def __init__(self, administration: Administration, desk: Desk, clock: Clock) -> None:
        self._administration = administration
        self._desk = desk
        self._clock = clock

    def methods(self) -> tuple[Method, ...]:
        """Return the methods to bind."""
        path, pb = f"/{SERVICE}/", admin_pb2
        return (
            Unary(path + "EnableSource", pb.EnableSourceRequest, self.enable_source),
            Unary(path + "DisableSource", pb.DisableSourceRequest, self.disable_source),
            Unary(path + "ResetCircuitBreaker", pb.ResetCircuitBreakerRequest, self.reset_circuit_breaker),
            Unary(path + "RemoveFailedSources", pb.RemoveFailedSourcesRequest, self.remove_failed_sources),
            Unary(path + "GetCacheStats", pb.GetCacheStatsRequest, self.get_cache_stats),
            Unary(path + "InvalidateCache", pb.InvalidateCacheRequest, self.invalidate_cache),
            Unary(path + "WarmCache", pb.WarmCacheRequest, self.warm_cache, WARM_S),
            Unary(path + "ListEgressRoutes", pb.ListEgressRoutesRequest, self.list_egress_routes),
            Unary(path + "TestEgressRoute", pb.TestEgressRouteRequest, self.try_egress_route, TEST_S),
        )

    async def enable_source(self, request: Any, call: Call) -> admin_pb2.EnableSourceResponse:
        """Put a source back into rotation."""
        done = await self._decided(
            request, call, Action.ENABLE, reason=optional_name(request.reason, "reason", _REASON)
        )
        return admin_pb2.EnableSourceResponse(source=source_message(done.source), stored=done.stored)

    async def disable_source(self, request: Any, call: Call) -> admin_pb2.DisableSourceResponse:
        """Take a source out of rotation; what it answered before counts as fresh no more."""
        done = await self._decided(request, call, Action.DISABLE, reason=name_in(request.reason, "reason", _REASON))
        return admin_pb2.DisableSourceResponse(source=source_message(done.source), stored=done.stored)

    async def reset_circuit_breaker(self, request: Any, call: Call) -> admin_pb2.ResetCircuitBreakerResponse:
        """Close a source's circuits."""
        kind = optional_name(request.kind, "kind", "a kind of data")
        done = await self._decided(request, call, Action.RESET, kind=kind)
        return admin_pb2.ResetCircuitBreakerResponse(source=source_message(done.source), stored=done.stored)

    async def remove_failed_sources(self, _request: Any, _call: Call) -> admin_pb2.RemoveFailedSourcesResponse:
        """Take what fails out of rotation."""
        removed, stored = await self._administration.remove_failed()
        return admin_pb2.RemoveFailedSourcesResponse(sources=removed, stored=stored)

    async def get_cache_stats(self, _request: Any, _call: Call) -> admin_pb2.GetCacheStatsResponse:
        """Answer with how the cache does; answers given from ready bytes are hits too."""
        stats, repeated = self._administration.cache_stats(), self._desk.repeated()
        kinds = []
        for each in stats.kinds:
            hits = each.hits + repeated.get(each.kind, 0)
            calls = hits + each.misses
            if each.entries or calls or each.stale:
                kinds.append(
                    admin_pb2.KindCacheStats(
                        kind=each.kind.value,
                        entry_count=each.entries,
                        hit_count=hits,
                        miss_count=each.misses,
                        stale_count=each.stale,
                        hit_ratio=hits / calls if calls else None,
                        shared_hit_count=each.shared_hits,
                        shared_miss_count=each.shared_misses,
                    )
                )
        time = timestamp(self._clock.now())
        return admin_pb2.GetCacheStatsResponse(entry_count=stats.entries, kinds=kinds, stats_time=time)

    async def invalidate_cache(self, request: Any, _call: Call) -> admin_pb2.InvalidateCacheResponse:
        """Drop cached answers, and the ready bytes made of them."""
        filters = (request.kinds, request.assets, request.chains)
        dropped, told_all = await self._administration.invalidate(*filters, everything=request.all)
        self._desk.forget()
        return admin_pb2.InvalidateCacheResponse(dropped_count=dropped, told_all=told_all)

    async def warm_cache(self, request: Any, call: Call) -> admin_pb2.WarmCacheResponse:
        """Fetch prices before they are asked for."""
        assets = [name_in(each, "assets", "an asset's id or symbol") for each in request.assets]
        done = await self._administration.warm(assets, request.quote, call.left_s())
        return admin_pb2.WarmCacheResponse(
            assets=[each.named.asset.id for each in done if isinstance(each, Priced)],
            failures=[
                admin_pb2.WarmFailure(asset=each.text, message=str(each.error))
                for each in done
                if not isinstance(each, Priced)
            ],
        )

    async def list_egress_routes(self, _request: Any, _call: Call) -> admin_pb2.ListEgressRoutesResponse:
        """Answer with all ways out."""
        routes = self._administration.egress_routes()
        return admin_pb2.ListEgressRoutesResponse(egress_routes=[egress_route_message(each) for each in routes])

    async def try_egress_route(self, request: Any, _call: Call) -> admin_pb2.TestEgressRouteResponse:
        """Test one way out now."""
        name = name_in(request.egress_route, "egress_route", "a way out, as ListEgressRoutes names it")
        route = await self._administration.test_egress(name)
        return admin_pb2.TestEgressRouteResponse(egress_route=egress_route_message(route))

    async def _decided(self, request: Any, call: Call, action: Action, *, kind: str = "", reason: str = "") -> Decided:
        source = name_in(request.source, "source", _SOURCE)
        done = await self._administration.decide(source, action, kind=kind, reason=reason)
        self._desk.forget()
        call.source = done.source.id
        return done
