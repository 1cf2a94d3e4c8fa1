"""Operators' calls at a running service: decisions hold, outlive restarts, reach other processes; nobody else may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import nerkh as client_library
import pytest
from nerkh.admin.v1 import admin_pb2
from nerkh.v1 import monitoring_pb2, types_pb2

from server.store.embedded import EmbeddedPostgres
from tests.conftest import StartPostgres
from tests.services.serving import Nerkh, service, simulator

CAUSE, STATE = client_library.IncidentCause, client_library.SourceState
ADMIN = "/nerkh.admin.v1.AdminService/"


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a simulator."""
    with simulator(tmp_path_factory.mktemp("simulator")) as url:
        yield url


def token_of(folder: Path) -> str:
    """Return the operators' token of a data folder."""
    return (folder / "admin.token").read_text().strip()


@contextmanager
def operator(nerkh: Nerkh, folder: Path) -> Iterator[client_library.Client]:
    """Give a client of the operators' listener."""
    with client_library.Client(nerkh.app.addresses["admin"], token=token_of(folder)) as made:
        yield made


def state(nerkh: Nerkh, source: str) -> tuple[str, str]:
    """Return a source's state, and why it is not asked."""
    found = nerkh("GetSource", source=source).source
    return STATE(types_name(found.state)).name, found.excluded_reason


def types_name(number: int) -> str:
    """Return the name of a state as the client has it."""
    return monitoring_pb2.SourceState.Name(number).removeprefix("SOURCE_STATE_").lower()


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Say whether something comes to hold in time."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


async def test_a_cordon_holds_at_once_and_is_kept_across_a_restart(database: str, tmp_path: Path, control: str) -> None:
    """The leader is asked no more, what it said before is fresh no more, and enabling puts it back where it was."""
    with service(tmp_path, database, control, collect=False) as first:
        leader = first("GetPrice", asset="BTC").price.provenance.source
        assert first("GetPrice", asset="BTC").price.provenance.freshness == types_pb2.FRESHNESS_CACHED
        with operator(first, tmp_path) as client:
            done = client.admin.disable_source(leader, reason="quotes a stale market")
            assert done.source is not None
            assert (done.source.state, done.stored) == (STATE.DISABLED, True)
            assert first("GetPrice", asset="BTC").price.provenance.source != leader
            with pytest.raises(client_library.NotFound, match="did you mean"):
                client.admin.disable_source("binanse", reason="typing")
            with pytest.raises(client_library.InvalidArgument, match="reason"):
                client.admin.disable_source(leader, reason=" ")
    with service(tmp_path, database, control, collect=False) as second:
        assert state(second, leader) == ("DISABLED", "disabled by an operator: quotes a stale market")
        assert second("GetPrice", asset="ETH").price.provenance.source != leader
        with operator(second, tmp_path) as client:
            client.admin.enable_source(leader)
            assert state(second, leader)[0] == "ACTIVE"
        with client_library.Client(second.app.addresses["grpc"]) as public:
            (incident,) = public.monitoring.incidents(leader)
            assert (incident.cause, incident.reason) == (CAUSE.DISABLED, "quotes a stale market")
            assert incident.end_time is not None
    with service(tmp_path, database, control, collect=False) as third:
        assert state(third, leader)[0] == "ACTIVE"


async def test_two_processes_on_one_database_agree_within_seconds(database: str, tmp_path: Path, control: str) -> None:
    """What one is told the other does too: a cordon, a reset, and the way back."""
    folders = tmp_path / "one", tmp_path / "two"
    with (
        service(folders[0], database, control, collect=False) as one,
        service(folders[1], database, control, collect=False) as two,
        operator(one, folders[0]) as at_one,
        operator(two, folders[1]) as at_two,
    ):
        at_one.admin.disable_source("kraken", reason="maintenance")
        assert within(10, lambda: state(two, "kraken")[0] == "DISABLED")
        at_two.admin.enable_source("kraken")
        assert within(10, lambda: state(one, "kraken")[0] == "ACTIVE")


async def test_circuits_that_were_open_stay_open_across_a_restart(database: str, tmp_path: Path, control: str) -> None:
    """A dead source is not asked again because the service started anew; a reset closes it at once."""
    with service(tmp_path, database, control, collect=False) as first:
        leader = first.sources("gas")[0]
        first.fault(leader, "status", code=500)
        chain = first("GetSource", source=leader).source.chains[0]
        try:
            for _ in range(6):
                with operator(first, tmp_path) as client:
                    client.admin.invalidate_cache(kinds=["gas"])
                first("GetGasPrice", chain=chain)
            before = open_circuits(first, leader)
            assert before
        finally:
            first.heal(leader)
    with service(tmp_path, database, control, collect=False) as second:
        after = open_circuits(second, leader)
        assert {each.kind for each in after} == {each.kind for each in before}
        assert abs(after[0].next_probe_time.ToSeconds() - before[0].next_probe_time.ToSeconds()) <= 1
        with operator(second, tmp_path) as client:
            with pytest.raises(client_library.InvalidArgument, match="kind"):
                client.admin.reset_circuit_breaker(leader, "nothing")
            client.admin.reset_circuit_breaker(leader, "gas")
        assert not open_circuits(second, leader)


def open_circuits(nerkh: Nerkh, source: str) -> list[Any]:
    """Return the circuits of a source that are open."""
    return list(nerkh("ListCircuitBreakers", source=source, state="BREAKER_STATE_OPEN").circuit_breakers)


async def test_failed_sources_are_removed_and_told_of(database: str, tmp_path: Path, control: str) -> None:
    """All whose circuits are open, and no other; its incidents say since when and why, page by page."""
    with service(tmp_path, database, control, collect=False) as nerkh, operator(nerkh, tmp_path) as client:
        assert client.admin.remove_failed_sources().sources == ()
        leader = nerkh.sources("fear_greed")[0]
        nerkh.fault(leader, "status", code=503)
        try:
            for _ in range(6):
                client.admin.invalidate_cache(everything=True)
                with suppress(grpc.RpcError):  # what is stored may answer
                    nerkh("GetFearGreedIndex")
            assert state(nerkh, leader)[0] == "FAILED"
            removed = client.admin.remove_failed_sources()
            assert (removed.sources, removed.stored) == ((leader,), True)
            assert state(nerkh, leader) == ("BLOCKED", "out of rotation: removed by an operator until it answers")
        finally:
            nerkh.heal(leader)
        with client_library.Client(nerkh.app.addresses["grpc"]) as public:
            page = public.monitoring.incidents(leader, page_size=1)
            assert [each.cause for each in page.items] == [CAUSE.BLOCKED]
            causes = [each.cause for each in page]
            assert causes == [CAUSE.BLOCKED, CAUSE.DOWN]
            assert [each.reason for each in page][1] == "server_error"
            with pytest.raises(client_library.NotFound):
                public.monitoring.incidents("nobody")


async def test_the_cache_is_told_emptied_and_warmed(database: str, tmp_path: Path, control: str) -> None:
    """Figures per kind add up, ready bytes too; what is dropped is fetched anew, what is warm is answered at once."""
    with service(tmp_path, database, control, collect=False) as nerkh, operator(nerkh, tmp_path) as client:
        for _ in range(10):
            nerkh("GetPrice", asset="BTC")
        nerkh("GetPrice", asset="ETH")
        nerkh("GetGasPrice", chain="ethereum")
        figures = {each.kind: each for each in client.admin.cache_stats().kinds}
        status = nerkh("GetSystemStatus").cache
        for name in ("hit_count", "miss_count", "stale_count"):
            assert getattr(status, name) == sum(getattr(each, name) for each in figures.values())
        assert figures["gas"].miss_count == 1
        assert figures["price"].miss_count >= 2
        assert figures["price"].hit_count >= 9
        assert figures["price"].hit_ratio == pytest.approx(
            figures["price"].hit_count / (figures["price"].hit_count + figures["price"].miss_count)
        )
        one = client_library.InvalidatedCache(dropped_count=1, told_all=True)
        assert client.admin.invalidate_cache(kinds=["price"], assets=["ETH"]) == one
        fresh = nerkh("GetPrice", asset="ETH").price.provenance.freshness
        assert fresh == types_pb2.FRESHNESS_LIVE
        assert nerkh("GetPrice", asset="BTC").price.provenance.freshness == types_pb2.FRESHNESS_CACHED
        assert client.admin.invalidate_cache(chains=["ethereum"]) == one
        assert client.admin.invalidate_cache(everything=True).dropped_count >= 2
        assert nerkh("GetPrice", asset="BTC").price.provenance.freshness == types_pb2.FRESHNESS_LIVE
        for wrong in ({}, {"everything": True, "kinds": ["price"]}, {"kinds": ["nothing"]}):
            with pytest.raises(client_library.InvalidArgument):
                client.admin.invalidate_cache(**wrong)
        warmed = client.admin.warm_cache("SOL", "ADA", "NOSUCHCOIN")
        assert warmed.assets == ("solana", "cardano")
        assert [each.asset for each in warmed.failures] == ["NOSUCHCOIN"]
        assert nerkh("GetPrice", asset="SOL").price.provenance.freshness == types_pb2.FRESHNESS_CACHED
        with pytest.raises(client_library.InvalidArgument, match="assets"):
            client.admin.warm_cache()


async def test_nobody_else_may(database: str, tmp_path: Path, control: str) -> None:
    """No token, another token, a web page's Origin: refused alike; and the public listener knows no such method."""
    request = admin_pb2.DisableSourceRequest(source="binance", reason="x").SerializeToString()
    with service(tmp_path, database, control, collect=False) as nerkh:
        bearer = ("authorization", f"Bearer {token_of(tmp_path)}")
        with grpc.insecure_channel(nerkh.app.addresses["admin"]) as channel:
            for metadata in ((), (("authorization", "Bearer nonsense"),), (bearer, ("origin", "http://127.0.0.1"))):
                with pytest.raises(grpc.RpcError) as refused:
                    channel.unary_unary(ADMIN + "DisableSource")(request, metadata=metadata, timeout=10)
                assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        for method in admin_pb2.DESCRIPTOR.services_by_name["AdminService"].methods:
            with pytest.raises(grpc.RpcError) as unknown:
                nerkh.channel.unary_unary(ADMIN + method.name)(request, metadata=(bearer,), timeout=10)
            assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert state(nerkh, "binance")[0] == "ACTIVE"
        assert (tmp_path / "admin.token").stat().st_mode & 0o777 == 0o600


async def test_without_the_database_decisions_hold_and_incidents_are_told(
    tmp_path: Path, start_server: StartPostgres, control: str
) -> None:
    """What is decided meanwhile says that it is not stored yet, is stored when the database is back, and is kept."""
    embedded = EmbeddedPostgres(tmp_path / "postgres")
    prepared = await asyncio.to_thread(embedded.prepare)
    process = await asyncio.to_thread(start_server, prepared)
    with service(tmp_path, prepared.url, control, collect=False) as first, operator(first, tmp_path) as client:
        process.kill()
        process.wait()
        done = client.admin.disable_source("kraken", reason="lies")
        assert done.source is not None
        assert (done.source.state, done.stored) == (STATE.DISABLED, False)
        with client_library.Client(first.app.addresses["grpc"]) as public:
            assert [each.reason for each in public.monitoring.incidents("kraken")] == ["lies"]
        await asyncio.to_thread(start_server, prepared)
        assert within(20, lambda: client.admin.disable_source("kraken", reason="lies").stored)
    with service(tmp_path, prepared.url, control, collect=False) as second:
        assert state(second, "kraken")[0] == "DISABLED"
    embedded.close()
