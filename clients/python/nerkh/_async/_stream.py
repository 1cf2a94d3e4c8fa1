"""A stream of prices that resumes by itself; `client.market.stream_prices` returns one."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from nerkh._exceptions import NerkhError
from nerkh._feed import PriceFeed
from nerkh._methods import STREAM_PRICES
from nerkh._models.market import Hole, PriceUpdate, StreamKey
from nerkh._transport import AsyncEvent, AsyncFrames, AsyncTransport
from nerkh.v1 import market_pb2


class AsyncPriceStream:
    """Updates of prices, and a `Hole` wherever some are missing; iterate over it once.

    When the connection is lost, the service restarts or nothing comes for three heartbeats, it resumes behind the last
    update, waiting longer and longer; when it never began, or its patience ends, it raises the error.
    """

    def __init__(self, transport: AsyncTransport, request: market_pb2.StreamPricesRequest) -> None:
        self._transport = transport
        self._feed = PriceFeed(request, transport.options.backoff)
        self._frames: AsyncFrames[market_pb2.StreamPricesResponse] | None = None
        self._closed = False
        self._end = AsyncEvent()

    @property
    def cursor(self) -> str:
        """The position behind what was yielded; give it to `stream_prices` to go on later."""
        return self._feed.cursor

    @property
    def keys(self) -> tuple[StreamKey, ...]:
        """What became of each asset that was asked for; empty until the first frame came."""
        return self._feed.keys

    async def __aiter__(self) -> AsyncIterator[PriceUpdate | Hole]:
        """Yield updates and holes until the stream is closed; raises `NerkhError`."""
        try:
            while not self._closed:
                try:
                    self._frames = self._transport.stream(STREAM_PRICES, self._feed.request(), self._feed.idle_s)
                    if self._closed:  # in another thread, while the stream was opened
                        break
                    while (frame := await self._frames.read()) is not None:
                        for event in self._feed.take(frame):
                            yield event
                except NerkhError as error:
                    for hole in self._feed.failed(error):
                        yield hole
                self._cancel()
                if not self._closed:
                    wait_s = self._feed.wait_s(random.random())  # noqa: S311  # spreads clients out
                    await self._transport.pause(wait_s, self._end)
        finally:
            self._cancel()

    async def close(self) -> None:
        """End the stream; an iteration that waits for the next update, or to resume, ends too."""
        self._closed = True
        self._end.set()
        self._cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _cancel(self) -> None:
        if self._frames is not None:
            self._frames.cancel()
