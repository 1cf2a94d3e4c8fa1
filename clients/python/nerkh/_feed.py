"""The course of a stream of prices without its I/O: what frames mean, where to resume, how long to wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from nerkh._exceptions import ClientClosed, CursorExpired, InternalError, NerkhError, RateLimited, Unavailable
from nerkh._models.common import Gap, GapCause
from nerkh._models.market import Hole, PriceUpdate, StreamKey
from nerkh._options import Backoff
from nerkh._reader import read
from nerkh.v1 import market_pb2, types_pb2

DEFAULT_HEARTBEAT_S = 10.0
MISSED_HEARTBEATS = 3
LIVE = frozenset({"batch", "heartbeat"})
"""Frames that show a working stream; the position proves nothing: a server that fails at once sends it too."""


class PriceFeed:
    """Where a stream stands; `cursor` and `keys` change with the frames it takes."""

    def __init__(self, request: market_pb2.StreamPricesRequest, backoff: Backoff) -> None:
        self._request = request
        self._backoff = backoff
        self._begun = False
        self._attempt = 0
        self._waited_s = 0.0
        self._least_wait_s = 0.0
        self._seen_time: datetime | None = None
        self.cursor = request.cursor
        self.keys: tuple[StreamKey, ...] = ()
        heartbeat_s = request.heartbeat_interval.ToTimedelta().total_seconds() or DEFAULT_HEARTBEAT_S
        self.idle_s = MISSED_HEARTBEATS * heartbeat_s

    def request(self) -> market_pb2.StreamPricesRequest:
        """Return the request that goes on from here."""
        request = market_pb2.StreamPricesRequest()
        request.CopyFrom(self._request)
        request.cursor = self.cursor
        return request

    def take(self, frame: market_pb2.StreamPricesResponse) -> Iterator[PriceUpdate | Hole]:
        """Yield what a frame tells, and move on behind it; the cursor moves when all of it was taken."""
        self._begun = True
        event = frame.WhichOneof("event")
        if event in LIVE:
            self._attempt = 0
            self._waited_s = self._least_wait_s = 0.0
        if event == "position":
            self.keys = tuple(read(StreamKey, key) for key in frame.position.keys)
        elif event == "heartbeat":
            self._seen_time = frame.heartbeat.server_time.ToDatetime(tzinfo=UTC)
        elif event == "batch":
            for update in frame.batch.updates:
                found = read(PriceUpdate, update, frame.batch, cursor=frame.cursor)
                self._seen_time = found.price.provenance.receive_time
                yield found
        elif event == "interruption":
            yield from self._interrupted(frame.interruption)
        self.cursor = frame.cursor

    def failed(self, error: NerkhError) -> Iterator[Hole]:
        """Take an error: yield the hole that it makes, or raise it when the stream cannot go on."""
        is_passing = isinstance(error, Unavailable | RateLimited | InternalError) or (
            error.code == "CANCELLED" and not isinstance(error, ClientClosed)
        )
        if isinstance(error, CursorExpired) and self._begun:
            self.cursor = ""
            yield Hole(start_time=self._seen_time, cause=GapCause.UNSPECIFIED)
        elif not (is_passing and self._begun) or self._waited_s >= self._backoff.patience_s:
            raise error
        elif isinstance(error, Unavailable | RateLimited) and error.retry_after is not None:
            self._least_wait_s = error.retry_after.total_seconds()

    def wait_s(self, jitter: float) -> float:
        """Return how long to wait before resuming, in seconds; `jitter` is a random number from 0 to 1."""
        wait_s = max(self._least_wait_s, jitter * self._backoff.longest(self._attempt))
        self._attempt += 1
        self._waited_s += wait_s
        self._least_wait_s = 0.0
        return wait_s

    def _interrupted(self, interruption: types_pb2.Interruption) -> Iterator[Hole]:
        if interruption.HasField("reconnect_delay"):
            self._least_wait_s = interruption.reconnect_delay.ToTimedelta().total_seconds()
        keys = tuple(interruption.keys)
        if interruption.reason == types_pb2.INTERRUPTION_REASON_GAP or interruption.HasField("gap"):
            gap = read(Gap, interruption.gap)
            yield Hole(start_time=gap.start_time, end_time=gap.end_time, cause=gap.cause, keys=keys)
        elif interruption.reason == types_pb2.INTERRUPTION_REASON_SOURCES_UNREACHABLE:
            yield Hole(start_time=self._seen_time, cause=GapCause.UPSTREAM, keys=keys)
