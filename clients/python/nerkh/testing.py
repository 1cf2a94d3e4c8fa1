"""A server for tests of your own: real gRPC on a free port, answers that you set, no source behind it.

    with FakeServer() as server:
        server.answer("GetPrice", price("BTC", "64000"), asset="BTC")
        server.fail("GetPrice", nerkh.NotFound("no asset 'FOO'", did_you_mean=("FOOD",)), asset="FOO")
        with nerkh.Client(server.target) as client:
            assert client.market.price("BTC").value == 64000

Both clients can call it. A method is named as in the contract (`GetPrice`, `ListCandles`, `StreamPrices`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message

from nerkh._exceptions import NerkhError, NotFound, SourcesFailed
from nerkh._feed import DEFAULT_HEARTBEAT_S
from nerkh._methods import METHODS, STREAM_PRICES, Method
from nerkh._models.common import Freshness, Provenance
from nerkh._models.market import Hole, Price, PriceUpdate
from nerkh._requests import timestamp_of
from nerkh._status import DETAILS_KEY, status_of
from nerkh._writer import write, write_items
from nerkh.v1 import market_pb2, types_pb2

__all__ = ["Call", "FakeServer", "price", "provenance"]

BESIDE = {"provenance", "candidates", "gaps"}
"""Repeated and single message fields of responses that are not what the response is about."""
BY_NAME: Mapping[str, Method[Any, Any]] = {method.path.rsplit("/", 1)[1]: method for method in METHODS}


def provenance(source: str = "test", *, receive_time: datetime | None = None) -> Provenance:
    """Return a provenance for values of a test."""
    received = receive_time or datetime.now(UTC)
    return Provenance(source=source, freshness=Freshness.LIVE, receive_time=received)


def price(symbol: str, value: Decimal | int | str, quote: str = "USD", *, asset: str = "") -> Price:
    """Return a price for a test; its asset's id is the symbol in lower case, unless one is given."""
    return Price(
        asset=asset or symbol.lower(), symbol=symbol, quote=quote, value=Decimal(value), provenance=provenance()
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the server received: the method's name, the request's fields that were set, the metadata."""

    method: str
    request: Mapping[str, Any]
    metadata: Mapping[str, str | bytes]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What to answer to requests that have these fields."""

    match: Mapping[str, object]
    outcome: object
    series: object = None
    delay_s: float = 0.0
    raised: set[int] = field(default_factory=set)
    """Which of a stream's errors were sent: each is sent once."""

    def fits(self, request: Message) -> bool:
        """Say whether every field is as the rule wants it."""
        return all(_plain(getattr(request, name)) == wanted for name, wanted in self.match.items())


class FakeServer:
    """A server on loopback that answers as it was told; the latest rule that fits a request decides.

    What nothing was set for fails with NOT_FOUND, and the text says what to set. `calls` holds all that was asked.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._rules: dict[str, list[_Rule]] = {}
        self._stopped = threading.Event()
        self._server = grpc.server(ThreadPoolExecutor(max_workers=16, thread_name_prefix="nerkh-fake-server"))
        self._server.add_generic_rpc_handlers((_Handlers(self._unary, self._stream),))
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.target = f"127.0.0.1:{port}"
        """The address to give to a client."""

    def answer(
        self, method: str, value: object, *, series: object = None, delay_s: float = 0.0, **match: object
    ) -> None:
        """Answer a value, or a sequence of items for a list, to requests whose fields are as `match` says.

        Lists are paged by the request's `page_size`. `series` gives the common fields of a series, such as a
        `CandleSeries`. `delay_s` seconds pass before the answer, so that a caller's timeout can end first.
        """
        self._add(method, _Rule(match, value, series, delay_s))

    def fail(self, method: str, error: NerkhError, **match: object) -> None:
        """Fail with an error."""
        self._add(method, _Rule(match, error))

    def stream(self, method: str, events: Iterable[PriceUpdate | Hole | NerkhError], **match: object) -> None:
        """Stream updates and holes; an error ends the stream with its status, else it stays open with heartbeats.

        A cursor is the number of events that were sent: a client that resumes gets what follows, marked replayed.
        """
        self._add(method, _Rule(match, tuple(events)))

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """End all streams and stop; the port is free afterwards."""
        self._stopped.set()
        self._server.stop(grace=None).wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _add(self, method: str, rule: _Rule) -> None:
        if method not in BY_NAME:
            raise ValueError(f"no method {method!r}; there are {', '.join(sorted(BY_NAME))}")
        self._rules.setdefault(method, []).insert(0, rule)

    def _rule(self, name: str, request: Message, context: grpc.ServicerContext) -> _Rule:
        fields = json_format.MessageToDict(request, preserving_proto_field_name=True)
        self.calls.append(Call(name, fields, dict(context.invocation_metadata())))
        for rule in self._rules.get(name, ()):
            if rule.fits(request):
                return rule
        return _Rule({}, NotFound(f"nothing was set for {name} of {fields}; use FakeServer.answer"))

    def _unary(self, name: str, request: Message, context: grpc.ServicerContext) -> Message:
        rule = self._rule(name, request, context)
        self._stopped.wait(rule.delay_s)
        if isinstance(rule.outcome, NerkhError):
            _abort(context, rule.outcome)
        response: Message = BY_NAME[name].response()
        items = _items_field(response)
        if items is None:
            _fill(response, rule.outcome)
        else:
            _fill_page(response, items, request, rule)
        return response

    def _stream(self, name: str, request: Message, context: grpc.ServicerContext) -> Iterator[Message]:
        rule = self._rule(name, request, context)
        if isinstance(rule.outcome, NerkhError):
            _abort(context, rule.outcome)
        yield from _frames(request, rule, context, self._stopped)


class _Handlers(grpc.GenericRpcHandler):
    """Finds the handler of a path; a plain class, since grpc wants one."""

    def __init__(self, unary: Any, stream: Any) -> None:
        self._unary = unary
        self._stream = stream

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        name = handler_call_details.method.rsplit("/", 1)[1]
        method = BY_NAME.get(name)
        if method is None:
            return None
        if method.path == STREAM_PRICES.path:
            return grpc.unary_stream_rpc_method_handler(
                lambda request, context: self._stream(name, request, context),
                request_deserializer=method.request.FromString,
                response_serializer=method.response.SerializeToString,
            )
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._unary(name, request, context),
            request_deserializer=method.request.FromString,
            response_serializer=method.response.SerializeToString,
        )


def _abort(context: grpc.ServicerContext, error: NerkhError) -> None:
    trailers: list[tuple[str, str | bytes]] = [(DETAILS_KEY, status_of(error).SerializeToString())]
    if isinstance(error, SourcesFailed):
        trailers.append(("grpc-retry-pushback-ms", "-1"))  # all was tried: the client's retries would multiply that
    context.set_trailing_metadata(tuple(trailers))
    context.abort(grpc.StatusCode[error.code], error.message)


def _items_field(response: Message) -> str | None:
    """Return the field of a list's items; None when the response is no list."""
    names = set(response.DESCRIPTOR.fields_by_name)
    if "next_page_token" not in names and names - BESIDE not in ({"rankings"}, {"windows"}, {"egress_routes"}):
        return None
    return next(name for name in sorted(names - BESIDE) if hasattr(getattr(response, name), "add"))


def _fill(response: Message, value: object) -> None:
    """Fill a response from a value: field by field, or the one field that holds what it is about."""
    write(response, value)
    for name, known in response.DESCRIPTOR.fields_by_name.items():
        if known.message_type is not None and name not in BESIDE and not hasattr(value, name):
            write(getattr(response, name), value)


def _fill_page(response: Any, field: str, request: Any, rule: _Rule) -> None:
    items: Sequence[object] = rule.outcome if isinstance(rule.outcome, list | tuple) else [rule.outcome]
    begin = int(getattr(request, "page_token", "") or 0)
    end = begin + (getattr(request, "page_size", 0) or len(items))
    write_items(response, field, list(items[begin:end]))
    if rule.series is not None:
        write(response, rule.series)
    if "next_page_token" in response.DESCRIPTOR.fields_by_name and end < len(items):
        response.next_page_token = str(end)
    if "provenance" in response.DESCRIPTOR.fields_by_name:
        origins = [origin for item in items if (origin := getattr(item, "provenance", None))]
        write(response.provenance, origins[0] if origins else provenance())


def _plain(value: Any) -> object:
    return list(value) if hasattr(value, "append") else value


def _frames(
    request: Any, rule: _Rule, context: grpc.ServicerContext, stopped: threading.Event
) -> Iterator[market_pb2.StreamPricesResponse]:
    """Yield the frames of a stream: the position, the events behind the cursor, then heartbeats until it ends."""
    events: Sequence[Any] = rule.outcome if isinstance(rule.outcome, tuple) else ()
    begin = int(request.cursor or 0)
    yield _position(request, begin)
    for index, event in enumerate(events[begin:], begin):
        if not isinstance(event, NerkhError):
            yield _frame(event, str(index + 1))
        elif index not in rule.raised:
            rule.raised.add(index)
            _abort(context, event)
    beat_s = request.heartbeat_interval.ToTimedelta().total_seconds() or DEFAULT_HEARTBEAT_S
    while context.is_active() and not stopped.wait(beat_s):
        beat = types_pb2.Heartbeat(server_time=timestamp_of(datetime.now(UTC)))
        yield market_pb2.StreamPricesResponse(cursor=str(len(events)), heartbeat=beat)


def _position(request: Any, begin: int) -> market_pb2.StreamPricesResponse:
    keys = [
        types_pb2.StreamKey(key=asset, id=asset.lower(), status=types_pb2.STREAM_KEY_STATUS_ACCEPTED)
        for asset in request.assets
    ]
    position = types_pb2.StreamPosition(keys=keys, resumed=bool(request.cursor))
    return market_pb2.StreamPricesResponse(cursor=str(begin), position=position)


def _frame(event: PriceUpdate | Hole, cursor: str) -> market_pb2.StreamPricesResponse:
    frame = market_pb2.StreamPricesResponse(cursor=cursor)
    if isinstance(event, PriceUpdate):
        write(frame.batch.updates.add(), event)
        frame.batch.snapshot = event.snapshot
        frame.batch.replayed = event.replayed
    else:
        frame.interruption.reason = types_pb2.INTERRUPTION_REASON_GAP
        frame.interruption.keys.extend(event.keys)
        write(frame.interruption.gap, event)
    return frame
