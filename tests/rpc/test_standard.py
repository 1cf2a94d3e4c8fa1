"""The standard services: health, reflection; and the operators' token."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from structlog.testing import capture_logs

from server.errors import SetupError
from server.rpc.health import Health
from server.rpc.operators import operators_token
from server.rpc.reflection import SERVICES as REFLECTION
from server.rpc.reflection import reflection_methods
from server.rpc.servicers import SERVICES
from tests.rpc.serving import served, told

CHECK, WATCH = "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"
Status = health_pb2.HealthCheckResponse


def about(service: str) -> bytes:
    """Return a question about a service's health."""
    return bytes(health_pb2.HealthCheckRequest(service=service).SerializeToString())


async def test_health_is_told_for_each_service_and_for_all() -> None:
    """NOT_SERVING until it is set, unknown services are NOT_FOUND with those there are."""
    health = Health(["a.B"])
    async with served(health.methods()) as standard:

        async def status(service: str) -> int:
            return int(Status.FromString(await standard.ask(CHECK, about(service))).status)

        assert await status("") == await status("a.B") == Status.NOT_SERVING
        health.set(serving=True)
        assert await status("") == await status("a.B") == Status.SERVING
        health.set(serving=False, services=["a.B"])
        assert (await status(""), await status("a.B")) == (Status.SERVING, Status.NOT_SERVING)
        with pytest.raises(grpc.RpcError) as caught:
            await status("a.C")
        assert told(caught.value).code == "NOT_FOUND"


def test_once_closed_health_never_says_serving_again() -> None:
    """Whoever still looks after readiness while the service drains does not bring callers back."""
    health = Health(["a.B"])
    health.set(serving=True)
    health.set(serving=False)
    health.close()
    health.set(serving=True)
    assert not health.serving


async def test_every_watcher_is_told_also_after_another_left() -> None:
    """Each change comes once; the end of the service ends the watch."""
    health = Health(["a.B"])
    async with served(health.methods()) as standard:
        first, second, unknown = (
            standard.channel.unary_stream(WATCH)(about(name)) for name in ("a.B", "a.B", "no.Service")
        )
        for watch, expected in (
            (first, Status.NOT_SERVING),
            (second, Status.NOT_SERVING),
            (unknown, Status.SERVICE_UNKNOWN),
        ):
            assert Status.FromString(await watch.read()).status == expected
        first.cancel()
        unknown.cancel()
        await asyncio.sleep(0)
        health.set(serving=True)
        assert Status.FromString(await second.read()).status == Status.SERVING
        health.set(serving=True)
        health.set(serving=False)
        assert Status.FromString(await second.read()).status == Status.NOT_SERVING
        health.close()
        assert await second.read() is grpc.aio.EOF


async def ask(standard: Any, service: str, *requests: reflection_pb2.ServerReflectionRequest) -> list[Any]:
    """Ask the reflection service."""

    async def sent() -> AsyncIterator[bytes]:
        for request in requests:
            yield request.SerializeToString()

    call = standard.channel.stream_stream(f"/{service}/ServerReflectionInfo")(sent())
    return [reflection_pb2.ServerReflectionResponse.FromString(reply) async for reply in call]


Question = reflection_pb2.ServerReflectionRequest


@pytest.mark.parametrize("version", REFLECTION)
async def test_reflection_lists_and_describes_everything(version: str) -> None:
    """Both versions list the services, and each listed one can be described with all that it needs."""
    async with served(reflection_methods(SERVICES)) as standard:
        (listed,) = await ask(standard, version, Question(list_services=""))
        names = [each.name for each in listed.list_services_response.service]
        assert set(names) == {*SERVICES, *REFLECTION}
        files = await ask(standard, version, *(Question(file_containing_symbol=name) for name in names))
        assert all(each.file_descriptor_response.file_descriptor_proto for each in files)


@pytest.mark.parametrize("version", REFLECTION)
async def test_reflection_answers_nonsense_as_not_found(version: str) -> None:
    """Names that are none never break it."""
    extension = reflection_pb2.ExtensionRequest(containing_type="no.Type", extension_number=1)
    numbers = reflection_pb2.ExtensionRequest(containing_type="nerkh.v1.Price", extension_number=99)
    async with served(reflection_methods(SERVICES)) as standard:
        replies = await ask(
            standard,
            version,
            Question(file_by_filename="no.proto"),
            Question(file_containing_symbol="no.Symbol"),
            Question(file_containing_symbol="\x00"),
            Question(file_containing_extension=extension),
            Question(file_containing_extension=numbers),
            Question(all_extension_numbers_of_type="no.Type"),
            Question(),
        )
    assert [reply.error_response.error_code for reply in replies] == [5, 5, 5, 5, 5, 5, 3]


async def test_reflection_refuses_malformed_questions() -> None:
    """As every other method does."""
    async with served(reflection_methods(SERVICES)) as standard:

        async def sent() -> AsyncIterator[bytes]:
            yield b"\xff\xff"

        call = standard.channel.stream_stream(f"/{REFLECTION[0]}/ServerReflectionInfo")(sent())
        with pytest.raises(grpc.RpcError) as caught:
            await call.read()
    assert told(caught.value).code == "INVALID_ARGUMENT"


def test_the_operators_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """32 random bytes, mode 0600, the same at the next start; a file that was cut short is made anew."""
    folder = tmp_path / "data"
    token = operators_token(folder)
    file = folder / "admin.token"
    assert len(token) == 43
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    assert operators_token(folder) == token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text(token[:10])
    assert operators_token(folder) != token
    assert [path.name for path in folder.iterdir()] == ["admin.token"]


def test_a_data_folder_that_is_none_is_one_line(tmp_path: Path) -> None:
    """It names the folder and the flag."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="--data"):
        operators_token(tmp_path / "file" / "data")


async def test_probes_and_tools_are_no_requests_of_users() -> None:
    """Health checks and reflection leave no trace in the counts, the recent requests and the log."""
    health = Health(["a.B"])
    with capture_logs() as logged:
        async with served((*health.methods(), *reflection_methods(SERVICES)), sample=1.0) as standard:
            await standard.ask(CHECK, about(""))
            with pytest.raises(grpc.RpcError):
                await standard.ask(CHECK, about("a.C"))
            await ask(standard, REFLECTION[0], Question(list_services=""))
            requests = standard.desk.requests
            assert (requests.total, requests.failed, requests.active) == (0, 0, 0)
            assert requests.newest(None, 10, lambda _: True) == ([], None)
    assert not [line for line in logged if line["event"] == "call"]
