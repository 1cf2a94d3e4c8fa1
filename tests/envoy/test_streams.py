"""Streams through Envoy: each frame as it comes, in the form that the caller asks for."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

STREAM = "/v1/prices:stream?assets=BTC"
METHOD = "MarketService.StreamPrices"
SSE = {"accept": "text/event-stream"}


@contextlib.contextmanager
def opened(front: Any, **headers: str) -> Iterator[http.client.HTTPResponse]:
    """Open the stream and give the response once its headers are there."""
    connection = http.client.HTTPConnection("127.0.0.1", front.public, timeout=10)
    try:
        connection.request("GET", STREAM, headers=headers)
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("headers", "kind", "line"),
    [({}, "application/json", '{"cursor":"%d"}\n'), (SSE, "text/event-stream", 'data: {"cursor":"%d"}\n\n')],
)
def test_each_frame_arrives_when_it_is_sent(
    front: Any, service: Any, headers: dict[str, str], kind: str, line: str
) -> None:
    """The second frame is sent only after the first one was read: nothing waits in between, compressed or not."""
    read = threading.Event()

    def frames(*_: object) -> Iterator[dict[str, str]]:
        yield {"cursor": "1"}
        assert read.wait(10)
        yield {"cursor": "2"}

    service.answers[METHOD] = frames
    with opened(front, **headers, **{"accept-encoding": "gzip, br"}) as response:
        assert response.headers["content-type"] == kind
        assert response.headers["content-encoding"] is None
        assert response.read(len(line % 1)).decode() == line % 1
        read.set()
        assert response.read().decode() == line % 2


def test_a_stream_that_is_refused_is_an_ordinary_error(front: Any, service: Any) -> None:
    """What is wrong before the first frame is told by the HTTP status, as event stream too."""
    service.refuses(METHOD, 3, "assets: none", "INVALID_FIELD")
    for headers in ({}, SSE):
        reply = front.get(STREAM, **headers)
        assert reply.status == 400
        assert reply.json()["message"] == "assets: none"


def test_an_unknown_parameter_of_a_stream_is_refused(front: Any, service: Any) -> None:
    """Streams are as strict as single answers."""
    assert front.get(f"{STREAM}&zzz=1", **SSE).status == 400
    assert not service.calls


def test_a_caller_that_leaves_ends_the_stream(front: Any, service: Any) -> None:
    """The service sees the cancellation, so that nothing runs for nobody."""
    ended = threading.Event()

    def frames(_request: object, context: grpc.ServicerContext) -> Iterator[dict[str, str]]:
        context.add_callback(ended.set)
        yield {"cursor": "1"}
        ended.wait(10)

    service.answers[METHOD] = frames
    with opened(front) as response:
        assert response.readline()
    assert ended.wait(10)


def test_a_reader_that_stalls_is_felt_by_the_service(front: Any, service: Any) -> None:
    """Envoy holds little for a slow reader: the service's own writing comes to rest, and goes on with the reading."""
    sent, name = [0], "x" * 10_000

    def frames(_request: object, context: grpc.ServicerContext) -> Iterator[dict[str, Any]]:
        while sent[0] < 5000 and context.is_active():
            sent[0] += 1
            yield {"batch": {"updates": [{"price": {"name": name}}]}}

    service.answers[METHOD] = frames
    with opened(front) as response:
        assert response.readline()
        seen = -1
        while seen != sent[0]:
            seen = sent[0]
            time.sleep(0.5)
        assert seen < 300, "3 MB and more were written for a reader that reads nothing"
        assert sum(1 for _ in response) == 4999


def test_streams_have_no_end_set_by_envoy(front: Any) -> None:
    """No timeout of a route or connection may cut a stream that only carries heartbeats."""
    found = front.administer("/config_dump?resource=static_listeners").json()["configs"][0]["listener"][
        "filter_chains"
    ][0]["filters"][0]["typed_config"]
    assert found["stream_idle_timeout"] == "0s"
    routes = found["route_config"]["virtual_hosts"][0]["routes"]
    streams = [route["route"]["timeout"] for route in routes if route["route"]["cluster"] == "streams"]
    assert len(streams) == 5
    assert set(streams) == {"0s"}
