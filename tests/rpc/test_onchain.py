"""Requests of OnchainService, before and behind the service that answers them."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any, cast

from nerkh.v1 import onchain_pb2

from server.assets import Registry, registry
from server.clock import VirtualClock
from server.model import Asset
from server.rpc.calls import Call
from server.rpc.onchain import OnchainServicer
from server.rpc.pages import PageTokens
from server.services.answers import own
from server.services.naming import Names
from server.services.onchain import Onchain

CALL = Call("r1", "caller", loopback=True, started=0.0, deadline=10.0)


class Quiet:
    """A chain service that saw no transfer; keeps which asset it was asked for."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.asked: list[Asset | None] = []

    async def whales(self, _chain: Any, asset: Asset | None, *_rest: Any) -> Any:
        """Answer with nothing, from the service itself."""
        self.asked.append(asset)
        return (), own(self._clock.now()), ()


def test_large_transfers_of_a_shared_symbol_name_its_candidates() -> None:
    """A coin whose symbol another asset took as well is marked, the larger one taken; by its id, or unasked, not."""
    known, clock = registry(), VirtualClock()
    ether = known.asset("ethereum")
    twin = dataclasses.replace(ether, id="ether-twin", name="Ether Twin", aliases=(), contracts=(), source_ids={})
    names = Names(Registry([*known.assets, twin], known.chains, {}, known._mentions))
    quiet = Quiet(clock)
    servicer = OnchainServicer(cast("Onchain", quiet), names, PageTokens(b"k" * 32), clock)

    def ask(asset: str) -> onchain_pb2.ListWhaleTransactionsResponse:
        return asyncio.run(servicer.list_whales(onchain_pb2.ListWhaleTransactionsRequest(asset=asset), CALL))

    found = ask("ETH")
    assert found.ambiguous
    assert [each.asset for each in found.candidates] == ["ethereum", "ether-twin"]
    for asset in ("ethereum", ""):
        found = ask(asset)
        assert (found.ambiguous, list(found.candidates)) == (False, [])
    assert [each.id if each else "" for each in quiet.asked] == ["ethereum", "ethereum", ""]
