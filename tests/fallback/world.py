"""A small outside world for the engine's tests: scripted sources of one toy wire format, in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from server.clock import VirtualClock
from server.errors import BadAnswer
from server.fallback.engine import Engine
from server.fallback.http import Secret, TransportFailure
from server.model import Asset, Kind, Outcome, Price, PriceQuery, Query, Value
from server.providers.base import Capability, Key, Provider, Reply, Request, Source, Tier
from server.settings import Settings

BITCOIN = Asset("bitcoin", "BTC", "Bitcoin")
ETHER = Asset("ethereum", "ETH", "Ether")
TETHER = Asset("tether", "USDT", "Tether")
BTC_USD = PriceQuery(BITCOIN, "USD")
ETH_USD = PriceQuery(ETHER, "USD")
RATE_ASSETS = {"USDT": TETHER, "BTC": BITCOIN}

Answering = Callable[[Request], Awaitable[Reply]]


def build(_source: Source, query: Query) -> tuple[Request, ...]:
    """Ask for one asset in one quote."""
    assert isinstance(query, PriceQuery)
    return (Request(f"/{query.asset.id}/{query.quote}"),)


def parse(_source: Source, _query: Query, replies: tuple[Reply, ...]) -> Value:
    """Read `asset quote price age`, or a reason for `BadAnswer`."""
    parts = replies[0].body.decode().split()
    if len(parts) == 1:
        raise BadAnswer(parts[0])
    time = datetime.fromisoformat(parts[3]) if len(parts) > 3 else None
    return Price(parts[0], parts[1], Decimal(parts[2]), time)


TOY = Provider("toy", (Capability(Kind.PRICE, build, parse),), ())


def source(id_: str, tier: Tier = Tier.HIGH, **parts: Any) -> Source:
    """Return a source of the toy wire format."""
    return Source(id_, id_.title(), "toy", f"https://{id_}.example", tier, "exchange", **parts)


class World:
    """Sources that answer as told. `asked` counts the calls of each; `under_way` those that wait."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.asked: dict[str, int] = {}
        self.under_way = 0
        self.keys: list[Secret | None] = []
        self._answering: dict[str, Answering] = {}

    def says(
        self, id_: str, price: str = "100", *, quote: str | None = None, age_s: float = 0.0, after_s: float = 0.05
    ) -> None:
        """Let a source answer every asset with a price, so and so old, after a while."""

        async def answering(request: Request) -> Reply:
            await asyncio.sleep(after_s)
            _, asset, asked = request.path.split("/")
            time = self.clock.now() - timedelta(seconds=age_s)
            return Reply(200, f"{asset} {quote or asked} {price} {time.isoformat()}".encode())

        self._answering[id_] = answering

    def replies(self, id_: str, status: int, body: bytes = b"", **headers: str) -> None:
        """Let a source answer with a status and a body."""

        async def answering(_request: Request) -> Reply:
            await asyncio.sleep(0.05)
            return Reply(
                status, body, headers.get("content_type", ""), {k.replace("_", "-"): v for k, v in headers.items()}
            )

        self._answering[id_] = answering

    def hangs(self, id_: str) -> None:
        """Let a source take the call and never answer."""

        async def answering(_request: Request) -> Reply:
            await asyncio.sleep(1e6)
            raise AssertionError

        self._answering[id_] = answering

    def fails(self, id_: str, outcome: Outcome = Outcome.REFUSED) -> None:
        """Let a source be unreachable."""

        async def answering(_request: Request) -> Reply:
            await asyncio.sleep(0.001)
            raise TransportFailure(outcome)

        self._answering[id_] = answering

    def does(self, id_: str, answering: Answering) -> None:
        """Let a source do anything."""
        self._answering[id_] = answering

    async def fetch(self, base_url: str, request: Request, *, key: Secret | None = None, **_: Any) -> Reply:
        """Stand in for the transport."""
        id_ = base_url.removeprefix("https://").removesuffix(".example")
        self.asked[id_] = self.asked.get(id_, 0) + 1
        self.keys.append(key)
        self.under_way += 1
        try:
            return await self._answering[id_](request)
        finally:
            self.under_way -= 1

    def engine(self, sources: Iterable[str | Source], *, keys: dict[str, str] | None = None, **parts: Any) -> Engine:
        """Return an engine over these sources, in this order of tiers when they are given by name.

        Several keys of one setting are separated by commas.
        """
        tiers = list(Tier)
        catalog = [
            source(each, tiers[min(place, 4)]) if isinstance(each, str) else each for place, each in enumerate(sources)
        ]
        return Engine(
            catalog=catalog,
            providers=parts.pop("providers", {"toy": TOY}),
            transport=self,  # type: ignore[arg-type]  # stands in for the outside world
            clock=self.clock,
            settings=parts.pop("settings", Settings(quotes_per_s=0)),  # who is asked is what these tests count
            keys={name: tuple(map(SecretStr, value.split(","))) for name, value in (keys or {}).items()},
            rate_assets=RATE_ASSETS,
            **parts,
        )


KEY = Key("NERKH_KEY_TOY")
