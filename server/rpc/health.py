"""The standard health service (`grpc.health.v1`), per service and for `""`; `app` sets what it says.

The packaged servicer loses every other watcher of a service when one of them leaves; this one does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from server.errors import Unknown
from server.rpc.calls import Call, Method, Stream, Unary

_Status = health_pb2.HealthCheckResponse


class Health:
    """What each service says of itself; unknown services are NOT_FOUND, or SERVICE_UNKNOWN when watched."""

    SERVICE = "grpc.health.v1.Health"

    def __init__(self, services: Iterable[str]) -> None:
        self._serving: dict[str, bool] = dict.fromkeys(("", *services), False)
        self._changed = asyncio.Event()
        self._over = False

    @property
    def serving(self) -> bool:
        """True while the whole service says SERVING."""
        return self._serving[""]

    def set(self, serving: bool, services: Iterable[str] | None = None) -> None:
        """Let the named services, all of them by default, say SERVING or NOT_SERVING from now on.

        Once closed, none says SERVING any more.
        """
        serving = serving and not self._over
        for service in tuple(self._serving) if services is None else services:
            self._serving[service] = serving
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self) -> None:
        """End every watch; what is said now stays."""
        self._over = True
        self._changed.set()

    def methods(self) -> tuple[Method, ...]:
        """Return the methods to bind."""
        kind = health_pb2.HealthCheckRequest
        return (Unary(f"/{self.SERVICE}/Check", kind, self._check), Stream(f"/{self.SERVICE}/Watch", kind, self._watch))

    async def _check(self, request: Any, _call: Call) -> Message:
        serving = self._serving.get(request.service)
        if serving is None:
            raise Unknown("service", request.service, tuple(name for name in self._serving if name))
        return self._message(serving)

    async def _watch(self, request: Any, _call: Call) -> AsyncIterator[bytes]:
        last: bytes | None = None
        while True:
            changed = self._changed
            frame = bytes(self._message(self._serving.get(request.service)).SerializeToString())
            if frame != last:
                last = frame
                yield frame
            if self._over:
                return
            await changed.wait()

    def _message(self, serving: bool | None) -> Message:
        if serving is None:
            return _Status(status=_Status.SERVICE_UNKNOWN)  # type: ignore[no-any-return]  # it comes without types
        return _Status(status=_Status.SERVING if serving else _Status.NOT_SERVING)  # type: ignore[no-any-return]  # same
