"""A real Envoy with the project's configuration, in front of a real gRPC server that serves the descriptor set."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from server.supervisor import envoy

DESCRIPTORS = envoy.FOLDER / "nerkh.binpb"


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the service behind Envoy saw it."""

    method: str
    request: dict[str, Any]
    metadata: dict[str, str]


@dataclass(slots=True)
class Service:
    """A gRPC server that knows every method of the descriptor set and answers as a test tells it to."""

    port: int
    calls: list[Call] = field(default_factory=list)
    answers: dict[str, Callable[[Any, grpc.ServicerContext], Any]] = field(default_factory=dict)
    health: health.HealthServicer = field(default_factory=health.HealthServicer)

    def last(self) -> Call:
        """Return the newest call."""
        return self.calls[-1]

    def refuses(self, method: str, code: int, message: str, reason: str) -> None:
        """Make a method end as the real service does: google.rpc.Status with one ErrorInfo."""

        def refuse(_request: Any, context: grpc.ServicerContext) -> None:
            status = status_pb2.Status(code=code, message=message)
            status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="nerkh"))
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(next(known for known in grpc.StatusCode if known.value[0] == code), message)

        self.answers[method] = refuse

    def serving(self, state: bool) -> None:
        """Say over grpc.health.v1 whether the service can answer."""
        states = health_pb2.HealthCheckResponse
        self.health.set("", states.SERVING if state else states.NOT_SERVING)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Front:
    """A running Envoy: its process and its ports."""

    process: subprocess.Popen[bytes]
    public: int
    operators: int
    admin: int
    folder: Path = envoy.FOLDER

    def get(self, path: str, **headers: str) -> Reply:
        """GET `path` of the public listener; an underscore in a header's name stands for a hyphen."""
        return fetch(self.public, "GET", path, headers=headers)

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """Send any request to the public listener."""
        return fetch(self.public, method, path, body=body, headers=headers)

    def operate(self, path: str, **headers: str) -> Reply:
        """GET `path` of the operators' listener."""
        return fetch(self.operators, "GET", path, headers=headers)

    def command(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """Send any request to the operators' listener, with a token."""
        return fetch(self.operators, method, path, body=body, headers={"authorization": "Bearer token", **headers})

    def administer(self, path: str) -> Reply:
        """GET `path` of Envoy's own admin listener."""
        return fetch(self.admin, "GET", path)

    def await_health(self, status: int) -> None:
        """Wait until `/healthz` answers with `status`."""
        deadline = time.monotonic() + 15
        while self.get("/healthz").status != status:
            assert time.monotonic() < deadline, f"/healthz did not become {status}"
            time.sleep(0.02)


def fetch(
    port: int, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Reply:
    """Send one request as it stands, path and all, and read the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        connection.request(method, path, body=body, headers=named)
        response = connection.getresponse()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def unused_port() -> int:
    """Return a port of loopback that nobody holds now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pool() -> tuple[descriptor_pool.DescriptorPool, descriptor_pb2.FileDescriptorSet]:
    """Return the descriptor set, as a pool of its own and as a message."""
    files = descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTORS.read_bytes())
    made = descriptor_pool.DescriptorPool()
    for file in files.file:
        made.Add(file)
    return made, files


def handlers(service: Service) -> Iterator[grpc.GenericRpcHandler]:
    """Yield handlers for every service of `nerkh.v1` and `nerkh.admin.v1`."""
    types, files = pool()
    for file in files.file:
        for proto in file.service if file.package in ("nerkh.v1", "nerkh.admin.v1") else ():
            full = f"{file.package}.{proto.name}"
            methods = {
                m.name: handler(service, f"{proto.name}.{m.name}", m) for m in types.FindServiceByName(full).methods
            }
            yield grpc.method_handlers_generic_handler(full, methods)


def handler(service: Service, name: str, method: Any) -> grpc.RpcMethodHandler:
    """Return the handler of one method: it records the call and answers as told, else with an empty message."""
    asked = message_factory.GetMessageClass(method.input_type)
    answer = message_factory.GetMessageClass(method.output_type)

    def reply(request: Any, context: grpc.ServicerContext) -> Any:
        metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        service.calls.append(Call(name, json_format.MessageToDict(request), metadata))
        told = service.answers.get(name)
        made = told(request, context) if told else {}
        return json_format.ParseDict(made, answer()) if isinstance(made, dict) else made

    def stream(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        made = reply(request, context)
        for frame in [made] if isinstance(made, answer) else made:
            yield json_format.ParseDict(frame, answer()) if isinstance(frame, dict) else frame

    make = grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
    return make(
        stream if method.server_streaming else reply,
        request_deserializer=asked.FromString,
        response_serializer=answer.SerializeToString,
    )


@pytest.fixture(scope="session")
def backend() -> Iterator[Service]:
    """Serve the descriptor set for the whole session."""
    server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
    service = Service(server.add_insecure_port("127.0.0.1:0"))
    server.add_generic_rpc_handlers(tuple(handlers(service)))
    health_pb2_grpc.add_HealthServicer_to_server(service.health, server)
    server.start()
    yield service
    server.stop(0).wait()


@pytest.fixture
def service(backend: Service) -> Iterator[Service]:
    """Give a test the service with nothing recorded and nothing told."""
    backend.calls.clear()
    backend.answers.clear()
    backend.serving(True)
    yield backend
    backend.answers.clear()


@pytest.fixture(scope="session")
def start_envoy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Front]]:
    """Return a function that starts an Envoy and waits until its listeners answer; all are ended at the end."""
    running: list[Front] = []

    def start(grpc_port: int, **values: object) -> Front:
        folder = tmp_path_factory.mktemp("envoy")
        front = launch(folder, grpc_port, values)
        running.append(front)
        await_listener(front)
        return front

    yield start
    for front in running:
        front.process.send_signal(signal.SIGKILL)
        front.process.wait()


def launch(folder: Path, grpc_port: int, values: dict[str, object]) -> Front:
    """Start Envoy on free ports before a service on `grpc_port`."""
    public, operators, admin = unused_port(), unused_port(), unused_port()
    ports = {
        "http_port": public,
        "admin_http_port": operators,
        "envoy_admin_port": admin,
        "grpc_port": grpc_port,
        "admin_port": grpc_port,
    }
    config = envoy.write(folder / "envoy.yaml", ports | values)
    log = (folder / "log").open("wb")
    argv = envoy.command(config, folder / "admin", level=os.environ.get("NERKH_TEST_ENVOY_LOG", "warning"))
    process = subprocess.Popen([*argv, "--concurrency", "1"], cwd=envoy.FOLDER.parent, stdout=log, stderr=log)
    log.close()
    return Front(process, public, operators, admin)


def await_listener(front: Front) -> None:
    """Wait until `/healthz` answers anything."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            fetch(front.public, "GET", "/healthz")
        except OSError:
            assert front.process.poll() is None, "Envoy ended"
            time.sleep(0.02)
        else:
            return
    pytest.fail("Envoy did not listen within 20 s")


@pytest.fixture(scope="session")
def shared_envoy(start_envoy: Callable[..., Front], backend: Service) -> Front:
    """Start the one Envoy that most tests share, and wait until it sees the service."""
    front = start_envoy(backend.port)
    backend.serving(True)
    front.await_health(http.client.OK)
    return front


@pytest.fixture
def front(shared_envoy: Front, service: Service) -> Front:
    """Give a test the shared Envoy before a service that knows nothing of earlier tests."""
    assert not service.calls
    return shared_envoy


@pytest.fixture
def free_port() -> int:
    """Give a port of loopback that nobody listens on."""
    return unused_port()
