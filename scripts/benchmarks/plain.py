"""The plain way, which most aggregators take: sources one after another by fixed priority, 15 tries, 10 s each.

It builds and parses with the same providers as Nerkh, so that the way of asking is all that differs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.benchmarks.simulated import Simulated
from server.errors import BadAnswer
from server.fallback.http import Transport, TransportFailure
from server.model import Query, Value
from server.providers.base import Capability, Follow, Reply, Source
from server.providers.catalog import provider_of

TRIES = 15
TRY_S = 10.0


@dataclass(frozen=True, slots=True)
class Found:
    """What one question brought: the value, None when every try failed, and how many were made."""

    value: Value | None
    tries: int


class Plain:
    """Asks the first source of the list, then the next."""

    def __init__(self, catalog: Sequence[Source], world: Simulated, transport: Transport) -> None:
        self._catalog = sorted(catalog, key=lambda source: source.tier)
        self._world = world
        self._transport = transport

    async def ask(self, query: Query) -> Found:
        """Return the first answer that parses."""
        tries = 0
        for source in self._catalog:
            capability = provider_of(source).capability(query.kind)
            lacks_key = source.key is not None and source.key.required
            if capability is None or lacks_key or not capability.serves(source, query):
                continue
            if tries == TRIES:
                break
            tries += 1
            try:
                async with asyncio.timeout(TRY_S):
                    return Found(await self._once(source, capability, query), tries)
            except (TimeoutError, TransportFailure, BadAnswer):
                continue
        return Found(None, tries)

    async def warm(self, queries: Sequence[Query]) -> None:
        """Ask every source everything once: the simulator makes up a series when it is first asked for it."""
        for source in self._catalog:
            for query in queries:
                capability = provider_of(source).capability(query.kind)
                if capability is None or source.key is not None or not capability.serves(source, query):
                    continue
                with contextlib.suppress(TimeoutError, TransportFailure, BadAnswer):
                    async with asyncio.timeout(TRY_S):
                        await self._once(source, capability, query)

    async def _once(self, source: Source, capability: Capability, query: Query) -> Value:
        base_url = self._world.base_urls[source.id]
        replies: tuple[Reply, ...] = ()
        requests = capability.build(source, query)
        while True:
            for request in requests:
                reply = await self._transport.fetch(base_url, request)
                if reply.status >= 400:
                    raise BadAnswer("error_body", f"HTTP {reply.status}")
                replies = (*replies, reply)
            found = capability.parse(source, query, replies)
            if not isinstance(found, Follow):
                return found
            requests = found.requests
