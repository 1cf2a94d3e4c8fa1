"""Methods bound to a grpc.aio server by generic handlers of our own: raw bytes in, ready bytes out. Used by `app`.

grpc's own registration decodes before a handler runs and answers UNKNOWN for what is malformed; here requests are
decoded inside the handler (`rpc/decode`).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any, TypeAlias

import grpc

from server.rpc.answering import Desk, DialogueAnswering, StreamAnswering, UnaryAnswering, call_metadata, refuse
from server.rpc.calls import Context, Dialogue, Method, Stream, Unary
from server.rpc.status import Refusal, unauthenticated, unknown_method

MOST_BYTES = 4 * 1024 * 1024
"""What grpc itself lets in; above 64 KiB the handler refuses, and says why."""

OPTIONS = (
    ("grpc.so_reuseport", 0),  # a taken port is an error, never shared in silence
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 5),
)

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class Router(grpc.GenericRpcHandler):
    """Finds a method's handler by its path; with a token, only for calls that carry it."""

    def __init__(self, methods: Iterable[Method], desk: Desk, token: str | None = None) -> None:
        self._desk = desk
        self._token = token.encode() if token else None
        self._handlers = {method.path: _bound(method, desk) for method in methods}
        self.services = tuple(sorted({path.split("/")[1] for path in self._handlers}))

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        """Return the handler of a call; one that refuses where there is none."""
        call_metadata.set(handler_call_details.invocation_metadata or ())
        if self._token is not None and not self._is_operator(handler_call_details):
            return self._refusing(unauthenticated())
        found = self._handlers.get(handler_call_details.method)
        return found or self._refusing(unknown_method(handler_call_details.method))

    def _is_operator(self, details: grpc.HandlerCallDetails) -> bool:
        given = b""
        for name, value in details.invocation_metadata or ():
            if name == "origin":
                return False  # a web page speaks; no page is the operator
            if name == "authorization":
                given = value if isinstance(value, bytes) else value.encode()
        return hmac.compare_digest(given, b"Bearer " + (self._token or b""))

    def _refusing(self, refusal: Refusal) -> Handler:
        async def answer(_requests: object, context: Context) -> None:
            call = self._desk.open(context, "/other", 1.0, self._desk.clock.monotonic())
            self._desk.close(call, "/other", refusal.code.name)
            await refuse(context, refusal, call.request_id)

        return grpc.stream_stream_rpc_method_handler(answer)


def _bound(method: Method, desk: Desk) -> Handler:
    match method:
        case Unary():
            return grpc.unary_unary_rpc_method_handler(UnaryAnswering(method, desk).answer)
        case Stream():
            return grpc.unary_stream_rpc_method_handler(StreamAnswering(method, desk).answer)
        case Dialogue():
            return grpc.stream_stream_rpc_method_handler(DialogueAnswering(method, desk).answer)
