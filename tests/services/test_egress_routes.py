"""Operators look at ways out and test them at a running service, over real proxies: one lives, one is dead."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import nerkh as client_library
import pytest
from aiohttp import web

from server.fallback.routes import RouteKind
from tests.fallback.proxies import Proxy, origin
from tests.services.serving import service, simulator
from tests.services.test_operators import token_of

KIND = client_library.EgressKind
USER, PASSWORD = "ada", "s3cret-word"


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a simulator."""
    with simulator(tmp_path_factory.mktemp("simulator")) as url:
        yield url


@pytest.fixture
def dead_port() -> Iterator[int]:
    """Give a port that nobody listens on, and nobody else can take."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


async def front_page(_request: web.Request) -> web.Response:
    """Answer as a source's front page may: with nothing there."""
    return web.Response(status=404)


@asynccontextmanager
async def living() -> AsyncIterator[Proxy]:
    """Run a proxy that wants a name and a password, and brings every request to one front page."""
    async with origin(front_page) as port, Proxy(RouteKind.HTTP, {"127.0.0.1": port}, USER, PASSWORD).running() as made:
        yield made


async def once_tested(client: client_library.AsyncClient) -> dict[str, client_library.EgressRoute]:
    """Return all ways out by name, once the service has tested each proxy at its start."""
    async with asyncio.timeout(30):
        while True:
            found = {each.name: each for each in await client.admin.egress_routes()}
            if all(each.test_time for each in found.values() if each.kind is not KIND.DIRECT):
                return found
            await asyncio.sleep(0.05)


def is_later(route: client_library.EgressRoute, before: client_library.EgressRoute) -> bool:
    """Say whether a way out was tested since an earlier look."""
    first, then = before.test_time, route.test_time
    return isinstance(first, datetime) and isinstance(then, datetime) and then > first


async def test_ways_out_are_told_and_tested(database: str, tmp_path: Path, control: str, dead_port: int) -> None:
    """A test is made at once, over the proxy itself; what it found stands in the list as well; nothing leaks."""
    async with living() as proxy:
        addresses = (
            f"home=http://{USER}:{PASSWORD}@127.0.0.1:{proxy.port},socks5://{USER}:{PASSWORD}@127.0.0.1:{dead_port}"
        )
        with service(tmp_path, database, control, collect=False, proxies=addresses, egress_test_s=3600) as nerkh:
            target, token = nerkh.app.addresses["admin"], token_of(tmp_path)
            async with client_library.AsyncClient(target, token=token) as client:
                first = await once_tested(client)
                assert [(each.name, each.kind) for each in first.values()] == [
                    ("direct", KIND.DIRECT),
                    ("home", KIND.HTTP),
                    ("proxy2", KIND.SOCKS5),
                ]
                assert [each.healthy for each in first.values()] == [True, True, False]
                assert first["home"].latency_ms is not None
                assert first["proxy2"].latency_ms is None

                asked = len(proxy.asked)
                good = await client.admin.test_egress_route("home")
                assert (good.healthy, good.test_detail, good.quarantine_end_time) == (True, "", None)
                assert is_later(good, first["home"])
                assert len(proxy.asked) == asked + 1

                proxy.fault = "reset"
                broken = await client.admin.test_egress_route("home")
                assert not broken.healthy
                assert broken.test_detail.startswith("proxy: ")
                assert broken.test_time is not None
                assert broken.quarantine_end_time is not None
                assert broken.quarantine_end_time > broken.test_time
                listed = {each.name: each for each in await client.admin.egress_routes()}["home"]
                assert (listed.healthy, listed.test_detail) == (False, broken.test_detail)

                proxy.fault = ""
                healed = await client.admin.test_egress_route("home")
                assert (healed.healthy, healed.test_detail, healed.quarantine_end_time) == (True, "", None)

                dead = await client.admin.test_egress_route("proxy2")
                assert (dead.healthy, dead.test_detail) == (False, "proxy: no connection")
                assert is_later(dead, first["proxy2"])
                direct = await client.admin.test_egress_route("direct")
                assert direct.healthy
                assert direct.test_time is not None

                with pytest.raises(client_library.NotFound, match="home") as unknown:
                    await client.admin.test_egress_route("hone")
                assert unknown.value.reason == "UNKNOWN_EGRESS_ROUTE"
                with pytest.raises(client_library.InvalidArgument, match="egress_route"):
                    await client.admin.test_egress_route(" ")
                shown = repr((first, good, broken, healed, dead, direct, str(unknown.value)))
                for secret in (USER, PASSWORD, "127.0.0.1", str(proxy.port), str(dead_port)):
                    assert secret not in shown
