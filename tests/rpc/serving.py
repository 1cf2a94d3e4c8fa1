"""A real grpc.aio server for toy methods, and calls of raw bytes to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from server.clock import Clock, SystemClock
from server.observe.metrics import Metrics
from server.rpc.answering import Desk
from server.rpc.binding import Router
from server.rpc.calls import Method
from server.rpc.listener import Listener
from server.rpc.slots import OpenStreams
from server.services.requests import RequestLog


@dataclass(slots=True)
class Served:
    """A running server with what it counts, and a channel to it."""

    desk: Desk
    channel: grpc.aio.Channel
    port: int

    async def ask(self, path: str, data: bytes = b"", **given: Any) -> bytes:
        """Call a unary method with raw bytes."""
        return bytes(await self.channel.unary_unary(path)(data, **given))


@asynccontextmanager
async def served(
    methods: Iterable[Method],
    *,
    clock: Clock | None = None,
    token: str | None = None,
    sample: float = 0.0,
    slow_s: float = 10.0,
    per_caller: int = 2,
    stall_s: float = 5.0,
) -> AsyncIterator[Served]:
    """Serve methods on a free port."""
    clock = clock or SystemClock()
    streams = OpenStreams(clock, per_caller, stall_s)
    desk = Desk(clock, Metrics(), RequestLog(clock), streams, sample=sample, slow_s=slow_s)
    listener = Listener(Router(methods, desk, token), "127.0.0.1", 0, "--grpc-port")
    await listener.start()
    try:
        async with grpc.aio.insecure_channel(listener.address) as channel:
            yield Served(desk, channel, listener.port)
    finally:
        await listener.stop(0)


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller was told of a failure."""

    code: str
    message: str
    reason: str
    metadata: dict[str, str]
    field: str
    request_id: str
    kinds: tuple[str, ...]


def pairs(metadata: Any) -> dict[str, Any]:
    """Return metadata as a dict; the last value of a name."""
    return dict(tuple(pair) for pair in metadata or ())


def told(error: grpc.RpcError) -> Told:
    """Read a failure's status and details; there is exactly one ErrorInfo, of our domain."""
    trailing = pairs(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    infos = [detail for detail in status.details if detail.Unpack(info)]
    assert len(infos) == 1
    assert info.domain == "nerkh"
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    where = next((bad.field_violations[0].field for detail in status.details if detail.Unpack(bad)), "")
    kinds = tuple(detail.TypeName().rsplit(".", 1)[1] for detail in status.details)
    return Told(
        error.code().name,
        str(error.details()),
        info.reason,
        dict(info.metadata),
        where,
        str(trailing["x-request-id"]),
        kinds,
    )
