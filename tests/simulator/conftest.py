"""A running simulator in the test's own loop, with its control API and a client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from server.simulator import Simulator, StandIn, stand_ins
from server.simulator.control import control_app
from server.simulator.reply import Format


class Hand:
    """A clock that a test moves."""

    def __init__(self, now: float = 1_795_174_000.25) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator that listens, with a client for its sources and its control API."""

    simulator: Simulator
    control: str
    client: aiohttp.ClientSession

    async def get(self, source: str, path: str, **parameters: str) -> aiohttp.ClientResponse:
        """Ask a source and read its whole answer."""
        response = await self.client.get(self.simulator.url(source) + path, params=parameters)
        await response.read()
        return response

    async def json(self, source: str, path: str, **parameters: str) -> Any:
        """Ask a source and return the JSON of its answer."""
        return await (await self.get(source, path, **parameters)).json(content_type=None)

    async def rpc(self, source: str, method: str, *parameters: object) -> Any:
        """Call a node and return what it answers."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        path = self.simulator.stand_ins[source].options["path"] or "/"
        async with self.client.post(self.simulator.url(source) + path, json=body) as response:
            return await response.json(content_type=None)

    async def bring(self, source: str, fault: str, **parameters: object) -> Any:
        """Bring a fault over a source by the control API."""
        url = f"{self.control}/_control/faults/{source}"
        async with self.client.put(url, json={"fault": fault, **parameters}) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def lift(self, source: str) -> None:
        """Take back all faults of a source."""
        async with self.client.delete(f"{self.control}/_control/faults/{source}") as response:
            assert response.status == 200


Start = Callable[..., Awaitable[Running]]


@asynccontextmanager
async def running(
    *names: str,
    seed: int = 7,
    clock: Callable[[], float] | None = None,
    ports_file: Path | None = None,
    form_of: Callable[[StandIn], Format] = lambda stand_in: stand_in.form,
) -> AsyncIterator[Running]:
    """Start a simulator of the named sources, all without names."""
    chosen = [stand_in for stand_in in stand_ins() if not names or stand_in.id in names]
    simulator = Simulator(chosen, seed=seed, clock=clock or Hand(), ports_file=ports_file, form_of=form_of)
    await simulator.open()
    runner = web.AppRunner(control_app(simulator), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as client:
        port = runner.addresses[0][1]
        try:
            yield Running(simulator, f"http://127.0.0.1:{port}", client)
        finally:
            await runner.cleanup()
            await simulator.close()


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Give a function that starts simulators; all are stopped after the test."""
    async with AsyncExitStack() as stack:

        async def begin(*names: str, **options: Any) -> Running:
            return await stack.enter_async_context(running(*names, **options))

        yield begin


@pytest.fixture
def hand() -> Hand:
    """Give a clock that the test moves."""
    return Hand()
