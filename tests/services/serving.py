"""The whole service inside the test process, over a simulator of its own and a real database, called by real gRPC."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from nerkh.v1 import history_pb2, market_pb2, monitoring_pb2, news_pb2, onchain_pb2, sentiment_pb2

from server.app import App, running
from server.clock import SystemClock
from server.settings import Settings

FILES = (market_pb2, news_pb2, sentiment_pb2, onchain_pb2, history_pb2, monitoring_pb2)
METHODS: dict[str, MethodDescriptor] = {
    method.name: method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
ROOT = Path(__file__).parents[2]


@contextmanager
def simulator(folder: Path) -> Iterator[str]:
    """Run a simulator; yield the address of its control API."""
    argv = [sys.executable, "-m", "server", "simulate", "--port", "0", "--ports-file", str(folder / "simulator.json")]
    process = subprocess.Popen([*argv, "--seed", "7"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["control"])
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


class Nerkh:
    """A running service and a channel to it."""

    def __init__(self, app: App, control: str) -> None:
        self.app = app
        self.control = control
        self.channel = grpc.insecure_channel(app.addresses["grpc"])

    def __call__(self, name: str, *, seconds: float = 20, **fields: Any) -> Any:
        """Call a method with a request's fields as JSON names them; raises grpc's error."""
        request = json_format.ParseDict(fields, message_factory.GetMessageClass(METHODS[name].input_type)())
        return self.raw(name, request.SerializeToString(), seconds=seconds)

    def raw(self, name: str, data: bytes, *, seconds: float = 20) -> Any:
        """Call a method with raw bytes."""
        method = METHODS[name]
        assert method.containing_service is not None
        call = self.channel.unary_unary(f"/{method.containing_service.full_name}/{name}")
        return message_factory.GetMessageClass(method.output_type).FromString(call(data, timeout=seconds))

    def pages(self, name: str, rows: str, most: int = 50, **fields: Any) -> list[Any]:
        """Return all rows of a listing, page by page."""
        found: list[Any] = []
        token = ""
        for _ in range(most):
            page = self(name, **fields, **({"pageToken": token} if token else {}))
            found += getattr(page, rows)
            token = page.next_page_token
            if not token:
                return found
        return found

    def fault(self, source: str, fault: str = "status", **parameters: Any) -> None:
        """Make a source misbehave."""
        self._control("PUT", f"/_control/faults/{source}", {"fault": fault, "share": 1.0, **parameters})

    def heal(self, source: str) -> None:
        """Let a source work again."""
        self._control("DELETE", f"/_control/faults/{source}")

    def sources(self, kind: str) -> list[str]:
        """Return the sources of a kind, in the order in which they are asked."""
        return [each.source for each in self("GetHierarchy", kind=kind).rankings[0].sources]

    def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control + path, data, method=method)  # noqa: S310 -- loopback
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310 -- loopback
            pass


class Thread:
    """The service on an event loop of its own, as a process would run it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._stack = AsyncExitStack()

    def start(self) -> App:
        """Start and return the service; raises what it does."""
        self._thread.start()
        return self._run(lambda: self._stack.enter_async_context(running(self._settings, SystemClock())))

    def stop(self) -> None:
        """Drain it."""
        self._run(self._stack.aclose)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, make: Callable[[], Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(make(), self._loop).result(60)


@contextmanager
def service(folder: Path, url: str, control: str, **given: Any) -> Iterator[Nerkh]:
    """Run the service over a database and a simulator."""
    settings = Settings(
        data=folder, database_url=url, simulator_url=control, grpc_port=0, admin_port=0, metrics_port=0, **given
    )
    thread = Thread(settings)
    try:
        nerkh = Nerkh(thread.start(), control)
        with nerkh.channel:
            yield nerkh
    finally:
        thread.stop()
