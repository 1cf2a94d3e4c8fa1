"""StreamPrices of MarketService: keys resolved and refused before the first frame, then the hub's frames encoded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

from nerkh.v1 import market_pb2, types_pb2

from server.clock import Clock
from server.errors import InvalidField, Unknown, Unsupported
from server.live import Accepted, Hub, KeyStatus, PriceKey
from server.rpc.calls import Call, Method, Stream
from server.rpc.convert.frames import FrameEncoder
from server.rpc.convert.plain import name_in, span_in
from server.rpc.market import AN_ASSET, SERVICE
from server.services.naming import Named, Names

LONGEST_S = 24 * 3600.0
"""After so long a stream is told to begin anew."""

_AGAIN_S = 1.0
_HEARTBEAT = timedelta(seconds=10)
_LEAST, _MOST = timedelta(0), timedelta(minutes=10)
"""Bounds of any span here; the hub knows which of them it offers."""


class PriceStream:
    """Answers StreamPrices."""

    def __init__(self, hub: Hub, names: Names, clock: Clock, most_keys: int) -> None:
        self._hub = hub
        self._names = names
        self._clock = clock
        self._most_keys = most_keys
        self._encoder = FrameEncoder()

    def methods(self) -> tuple[Method, ...]:
        """Return the method to bind."""
        return (Stream(f"/{SERVICE}/StreamPrices", market_pb2.StreamPricesRequest, self.stream_prices),)

    async def stream_prices(self, request: Any, call: Call) -> AsyncIterator[bytes]:
        """Yield the frames of a stream of prices."""
        quote = self._names.quote(request.quote)
        conflation = span_in(request, "conflation_interval", timedelta(0), _LEAST, _MOST)
        heartbeat = span_in(request, "heartbeat_interval", _HEARTBEAT, _LEAST, _MOST)
        asked = self._asked(request)
        until = self._clock.monotonic() + LONGEST_S
        keys = [(found.asset, quote) for found in asked.values() if isinstance(found, Named)]
        if len(keys) == 1:
            call.asset = keys[0][0].id
        subscription = self._hub.subscribe_prices(
            keys,
            conflation_s=conflation.total_seconds(),
            heartbeat_s=heartbeat.total_seconds(),
            cursor=request.cursor,
        )
        names: list[types_pb2.StreamKey] = []
        with subscription:
            async for frame in subscription:
                if isinstance(frame, Accepted):
                    names = _names(request.assets, asked, frame, quote)
                yield self._encoder.encode(frame, names)
                if self._clock.monotonic() > until:
                    subscription.dismiss(_AGAIN_S)

    def _asked(self, request: Any) -> dict[str, Named | Unknown]:
        """Return what each name stands for; raises `InvalidField`, and `Unknown` when there is none of them."""
        if not 1 <= len(request.assets) <= self._most_keys:
            raise InvalidField("assets", f"{len(request.assets)} assets", f"1 to {self._most_keys} assets")
        found: dict[str, Named | Unknown] = {}
        for place, text in enumerate(request.assets):
            try:
                found[text] = self._names.asset(name_in(text, f"assets[{place}]", AN_ASSET))
            except Unknown as error:
                found[text] = error
        wrong = [each for each in found.values() if isinstance(each, Unknown)]
        if len(wrong) == len(found):
            raise wrong[0]
        return found


def _names(
    texts: list[str], asked: Mapping[str, Named | Unknown], frame: Accepted, quote: str
) -> list[types_pb2.StreamKey]:
    """Return what became of each name, in the order of the request; raises `Unsupported` when none is followed."""
    became = dict(frame.keys)
    if KeyStatus.ACCEPTED not in became.values():
        raise Unsupported(f"the price of {', '.join(key.asset.id for key in became)} in {quote}", ("USD",))
    return [_name(text, asked[text], became, quote) for text in texts]


def _name(text: str, found: Named | Unknown, became: Mapping[PriceKey, KeyStatus], quote: str) -> types_pb2.StreamKey:
    if isinstance(found, Unknown):
        status = types_pb2.STREAM_KEY_STATUS_UNKNOWN
        return types_pb2.StreamKey(key=text, status=status, suggestions=found.suggestions)
    if became[PriceKey(found.asset, quote)] is KeyStatus.UNSUPPORTED:
        status = types_pb2.STREAM_KEY_STATUS_UNSUPPORTED
    elif found.candidates:
        status = types_pb2.STREAM_KEY_STATUS_AMBIGUOUS
    else:
        status = types_pb2.STREAM_KEY_STATUS_ACCEPTED
    suggestions = [each.id for each in found.candidates]
    return types_pb2.StreamKey(key=text, id=found.asset.id, status=status, suggestions=suggestions)
