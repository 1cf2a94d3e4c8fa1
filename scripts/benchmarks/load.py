"""Load on loopback, bounded in count: gRPC by grpc.aio, HTTP/1.1 by a bare asyncio protocol."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import grpc


@dataclass(frozen=True, slots=True)
class Load:
    """What a load saw. Rates in calls per second, latencies in seconds."""

    calls: int
    rate: float
    p50_s: float
    p99_s: float


def _summed(latencies: list[float], spent: float) -> Load:
    ranked = sorted(latencies)
    return Load(len(ranked), len(ranked) / spent, ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.99)])


async def unary(target: str, method: str, request: bytes, *, calls: int, callers: int = 16) -> Load:
    """Call a unary method with ready bytes, `callers` at a time."""
    latencies: list[float] = []
    async with grpc.aio.insecure_channel(target) as channel:
        call = channel.unary_unary(method)
        await call(request)

        async def caller() -> None:
            for _ in range(calls // callers):
                begun = time.perf_counter()
                await call(request)
                latencies.append(time.perf_counter() - begun)

        begun = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        return _summed(latencies, time.perf_counter() - begun)


class _Caller(asyncio.Protocol):
    """One keep-alive connection that sends the next request when an answer is whole."""

    def __init__(self, request: bytes, calls: int, latencies: list[float]) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request, self._left, self._latencies = request, calls, latencies
        self._buffer = b""
        self._begun = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._begun = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        status, *lines = head.split(b"\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in lines)
        if b"content-length" in fields:
            if len(rest) < int(fields[b"content-length"]):
                return
        elif not rest.endswith(b"0\r\n\r\n"):
            return
        if b" 200 " not in status + b" ":
            self.done.set_exception(RuntimeError(f"{status.decode()}: {rest[:200]!r}"))
            return
        self._latencies.append(time.perf_counter() - self._begun)
        self._buffer = b""
        self._left -= 1
        if self._left:
            self._send()
        else:
            assert self._transport is not None
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("the server closed the connection"))


async def http(url: str, *, calls: int, callers: int = 16) -> Load:
    """GET one URL over keep-alive connections, `callers` of them."""
    parts = urlsplit(url)
    assert parts.hostname
    request = (
        f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: application/json\r\n\r\n"
    ).replace("? ", " ")
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    made = [
        await loop.create_connection(
            lambda: _Caller(request.encode(), calls // callers, latencies), parts.hostname, parts.port
        )
        for _ in range(callers)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    return _summed(latencies, time.perf_counter() - begun)
