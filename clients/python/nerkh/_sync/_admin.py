"""`client.admin`: what operators do; for a client of the operators' listener, with their token."""

from __future__ import annotations

from collections.abc import Iterable

from nerkh import _methods as methods
from nerkh._models.admin import CacheStats, EgressRoute, InvalidatedCache, RemovedSources, SourceDecision, WarmedCache
from nerkh._options import Timeout
from nerkh._reader import read
from nerkh._transport import Transport
from nerkh.admin.v1 import admin_pb2


class AdminClient:
    """Decisions of operators; all raise `NerkhError`, `Unauthenticated` without their token."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def enable_source(self, source: str, *, reason: str = "", timeout: Timeout = None) -> SourceDecision:
        """Put a source back into rotation and close its circuits."""
        request = admin_pb2.EnableSourceRequest(source=source, reason=reason)
        response = self._transport.call(methods.ENABLE_SOURCE, request, timeout)
        return read(SourceDecision, response)

    def disable_source(self, source: str, *, reason: str, timeout: Timeout = None) -> SourceDecision:
        """Take a source out of rotation until it is enabled again."""
        request = admin_pb2.DisableSourceRequest(source=source, reason=reason)
        response = self._transport.call(methods.DISABLE_SOURCE, request, timeout)
        return read(SourceDecision, response)

    def reset_circuit_breaker(self, source: str, kind: str = "", *, timeout: Timeout = None) -> SourceDecision:
        """Close the circuits of a source, for one kind of data or for all."""
        request = admin_pb2.ResetCircuitBreakerRequest(source=source, kind=kind)
        response = self._transport.call(methods.RESET_CIRCUIT_BREAKER, request, timeout)
        return read(SourceDecision, response)

    def remove_failed_sources(self, *, timeout: Timeout = None) -> RemovedSources:
        """Take every source that fails now out of rotation, until it answers a probe."""
        request = admin_pb2.RemoveFailedSourcesRequest()
        response = self._transport.call(methods.REMOVE_FAILED_SOURCES, request, timeout)
        return read(RemovedSources, response)

    def cache_stats(self, *, timeout: Timeout = None) -> CacheStats:
        """Return how the cache does, for each kind of data."""
        request = admin_pb2.GetCacheStatsRequest()
        response = self._transport.call(methods.GET_CACHE_STATS, request, timeout)
        return read(CacheStats, response)

    def invalidate_cache(
        self,
        *,
        kinds: Iterable[str] = (),
        assets: Iterable[str] = (),
        chains: Iterable[str] = (),
        everything: bool = False,
        timeout: Timeout = None,
    ) -> InvalidatedCache:
        """Drop the cached answers that every given filter names, or everything."""
        request = admin_pb2.InvalidateCacheRequest(kinds=kinds, assets=assets, chains=chains, all=everything)
        response = self._transport.call(methods.INVALIDATE_CACHE, request, timeout)
        return read(InvalidatedCache, response)

    def warm_cache(self, *assets: str, quote: str = "USD", timeout: Timeout = 30.0) -> WarmedCache:
        """Fetch the prices of assets, so that they are cached before they are asked for."""
        request = admin_pb2.WarmCacheRequest(assets=assets, quote=quote)
        response = self._transport.call(methods.WARM_CACHE, request, timeout)
        return read(WarmedCache, response)

    def egress_routes(self, *, timeout: Timeout = None) -> tuple[EgressRoute, ...]:
        """Return every way out to the sources and how it does, direct first."""
        response = self._transport.call(methods.LIST_EGRESS_ROUTES, admin_pb2.ListEgressRoutesRequest(), timeout)
        return tuple(read(EgressRoute, route) for route in response.egress_routes)

    def test_egress_route(self, name: str, *, timeout: Timeout = 30.0) -> EgressRoute:
        """Test one way out now, and return how it stands then; `NotFound` when there is none of that name."""
        request = admin_pb2.TestEgressRouteRequest(egress_route=name)
        response = self._transport.call(methods.TEST_EGRESS_ROUTE, request, timeout)
        return read(EgressRoute, response.egress_route)
