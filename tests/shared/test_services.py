"""Two whole services over one Redis, one database and one simulator: what operators and users see of it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from nerkh.admin.v1 import admin_pb2
from nerkh.v1 import market_pb2, monitoring_pb2, types_pb2
from pydantic import SecretStr

from server.app import App, running
from server.clock import SystemClock
from server.settings import Settings
from server.shared import link
from tests.services.serving import ROOT, simulator
from tests.shared.server import RedisServer
from tests.shared.sharing import until


class Service:
    """One service and how it is asked."""

    def __init__(self, app: App, token: str) -> None:
        self.app = app
        self._token = token

    async def price(self, asset: str = "bitcoin") -> market_pb2.GetPriceResponse:
        """Ask for a price in dollars."""
        request = market_pb2.GetPriceRequest(asset=asset, quote="USD")
        return await self._ask("nerkh.v1.MarketService/GetPrice", request, market_pb2.GetPriceResponse)

    async def status(self) -> monitoring_pb2.GetSystemStatusResponse:
        """Ask how it stands."""
        request = monitoring_pb2.GetSystemStatusRequest()
        response = monitoring_pb2.GetSystemStatusResponse
        return await self._ask("nerkh.v1.MonitoringService/GetSystemStatus", request, response)

    async def stats(self) -> admin_pb2.KindCacheStats:
        """Ask how the cache does for prices."""
        found: admin_pb2.GetCacheStatsResponse = await self._ask(
            "nerkh.admin.v1.AdminService/GetCacheStats",
            admin_pb2.GetCacheStatsRequest(),
            admin_pb2.GetCacheStatsResponse,
        )
        return next(each for each in found.kinds if each.kind == "price")

    async def invalidate(self) -> admin_pb2.InvalidateCacheResponse:
        """Drop everything."""
        request = admin_pb2.InvalidateCacheRequest(all=True)
        return await self._ask(
            "nerkh.admin.v1.AdminService/InvalidateCache", request, admin_pb2.InvalidateCacheResponse
        )

    async def serves(self) -> bool:
        """Ask whether it can answer."""
        async with grpc.aio.insecure_channel(self.app.addresses["grpc"]) as channel:
            found = await channel.unary_unary("/grpc.health.v1.Health/Check")(b"")
            return bool(found == b"\x08\x01")

    def metrics(self) -> str:
        """Return the metrics page."""
        with urllib.request.urlopen(str(self.app.addresses["metrics"]), timeout=5) as page:  # noqa: S310 -- loopback
            return str(page.read().decode())

    async def _ask(self, method: str, request: Any, response: Any) -> Any:
        port = "admin" if "admin" in method else "grpc"
        async with grpc.aio.insecure_channel(self.app.addresses[port]) as channel:
            call = channel.unary_unary(f"/{method}")
            data = await call(request.SerializeToString(), metadata=(("authorization", f"Bearer {self._token}"),))
            return response.FromString(data)


@contextlib.asynccontextmanager
async def service(folder: Path, **given: Any) -> AsyncIterator[Service]:
    """Run a service of its own folder on free ports."""
    await asyncio.to_thread(folder.mkdir)
    ports = {
        "grpc_port": 0,
        "admin_port": 0,
        "metrics_port": 0,
        "collect": False,
        "quotes_per_s": 0,
        "redis_wait_s": 1.0,
    }
    async with running(Settings(data=folder, **ports, **given), SystemClock()) as app:
        yield Service(app, (folder / "admin.token").read_text().strip())


async def test_two_services_share_what_they_fetch_and_what_operators_drop(
    redis: RedisServer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One answers with what the other fetched, a drop reaches both, and Redis's end is named and costs no answer."""
    monkeypatch.setattr(link, "RETRY_S", 0.05)
    with simulator(tmp_path) as control:
        given = {
            "database_url": SecretStr(database), "simulator_url": control, "redis_url": SecretStr(redis.url)
        }  # fmt: skip
        async with service(tmp_path / "one", **given) as one, service(tmp_path / "other", **given) as other:
            first = await one.price()
            assert first.price.provenance.freshness == types_pb2.FRESHNESS_LIVE
            await until(lambda: redis.names("nerkh:1:simulated:asked") != [])
            second = await other.price()
            assert second.price.provenance.freshness == types_pb2.FRESHNESS_CACHED
            assert second.price.value == first.price.value
            stats = await other.stats()
            assert (stats.shared_hit_count, stats.hit_count) == (1, 0)
            status = await other.status()
            assert status.shared.reachable
            assert status.shared.state_start_time.seconds > 0
            page = await asyncio.to_thread(other.metrics)
            assert 'nerkh_shared_hits_total{kind="price"} 1.0' in page
            assert "nerkh_redis_reachable 1.0" in page
            document = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
            names = r"(nerkh_(?:redis|shared)_\w+)"
            shown = {name for name in re.findall(f"^# TYPE {names} ", page, re.MULTILINE) if "_created" not in name}
            told = set(re.findall(rf"^\| `{names}` \|", document, re.MULTILINE))
            assert told - shown == {"nerkh_redis_refused_total"}  # none was
            assert shown < told

            await other.price()
            assert (await one.invalidate()).told_all
            assert other.app.engine.second.state() is not None
            await until(lambda: other.app.engine.cache_stats().entries == 0)
            third = await other.price()
            assert third.price.provenance.freshness == types_pb2.FRESHNESS_LIVE

            redis.kill()
            state = other.app.engine.second.state
            await until(lambda: (now := state()) is not None and not now.reachable)
            assert (await other.price("ethereum")).price.provenance.freshness == types_pb2.FRESHNESS_LIVE
            assert await other.serves()
            status = await other.status()
            assert status.ready
            assert not status.shared.reachable
            assert status.shared.last_error == "no connection to it can be made, or kept"
            assert "nerkh_redis_reachable 0.0" in await asyncio.to_thread(other.metrics)
            assert not (await other.invalidate()).told_all


async def test_without_an_address_nothing_of_it_is_there(database: str, tmp_path: Path) -> None:
    """Status and metrics say nothing of Redis; a drop has everyone told, for there is nobody else."""
    with simulator(tmp_path) as control:
        given = {"database_url": SecretStr(database), "simulator_url": control}
        async with service(tmp_path / "one", **given) as one:
            await one.price()
            assert not (await one.status()).HasField("shared")
            assert (await one.invalidate()).told_all
            page = await asyncio.to_thread(one.metrics)
            assert "nerkh_redis" not in page
            assert "nerkh_shared" not in page


def test_the_client_of_redis_is_not_even_imported() -> None:
    """A service that shares nothing does not pay for it in memory."""
    code = "import sys, server.app; sys.exit('redis' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
