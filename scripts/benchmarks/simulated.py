"""The simulator as a process of its own, and an engine in this one that asks it: for `miss` and `faults`."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import structlog

from scripts.benchmarks.processes import started
from server.clock import SystemClock
from server.fallback.engine import Engine
from server.fallback.http import Transport
from server.providers.base import Source
from server.providers.catalog import PROVIDERS, sources
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Simulated:
    """A running simulator: its control address, and the base URL that takes each source's place."""

    control: str
    base_urls: dict[str, str]

    @classmethod
    def at(cls, control: str) -> Self:
        """Return the simulator whose control API is at an address."""
        with urllib.request.urlopen(f"{control}/_control/sources", timeout=10) as answer:
            rows = json.load(answer)["sources"]
        paths = {source.id: urlsplit(source.base_url).path for source in sources()}
        return cls(control, {id_: rows[id_]["url"] + path for id_, path in paths.items() if id_ in rows})

    def put(self, source: str, **fault: object) -> None:
        """Bring a fault over a source."""
        self._send("PUT", source, json.dumps(fault).encode())

    def lift(self, source: str = "*") -> None:
        """Take the faults of a source back, those of all without one."""
        self._send("DELETE", source, None)

    def _send(self, method: str, source: str, body: bytes | None) -> None:
        request = urllib.request.Request(f"{self.control}/_control/faults/{source}", method=method, data=body)
        urllib.request.urlopen(request, timeout=10).read()


@contextlib.contextmanager
def simulator(seed: int = 7) -> Iterator[Simulated]:
    """Run a simulator; end it in the end."""
    with started([sys.executable, "-m", "server.simulator", "--seed", str(seed)]) as (_, ready):
        yield Simulated.at(str(ready["control"]))


@contextlib.asynccontextmanager
async def engine(world: Simulated, catalog: list[Source], *, heed_limits: bool = True) -> AsyncIterator[Engine]:
    """Run an engine over some sources, all of them at the simulator; their published limits hold or do not."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # it is not its output
    transport = Transport(local=world.base_urls.values())
    made = Engine(
        catalog=catalog,
        providers={provider.name: provider for provider in PROVIDERS},
        transport=transport,
        clock=SystemClock(),
        settings=Settings(heed_limits=heed_limits),
        keys={},
        simulated=True,
        base_urls=world.base_urls,
    )
    await made.start()
    try:
        yield made
    finally:
        await made.close()
        await transport.close()
