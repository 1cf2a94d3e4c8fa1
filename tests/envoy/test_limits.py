"""What Envoy decides by itself: health, the rate of calls, and a service that is not there."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from typing import Any

import grpc
import pytest


def test_healthz_follows_the_services_health(front: Any, service: Any) -> None:
    """200 when the service can answer, 503 while it cannot, on both listeners; calls are refused at once then."""
    assert front.get("/healthz").status == 200
    assert front.operate("/healthz").status == 200
    service.serving(False)
    front.await_health(503)
    assert front.operate("/healthz").status == 503
    reply = front.get("/v1/prices/BTC")
    assert reply.status == 503
    assert reply.json()["details"][0]["reason"] == "UNREACHABLE"
    assert reply.json()["details"][1]["retryDelay"] == "1s"
    assert reply.headers["retry-after"] == "1"
    service.serving(True)
    front.await_health(200)
    assert front.get("/v1/prices/BTC").status == 200


def test_many_honest_failures_do_not_cast_the_service_out(front: Any, service: Any) -> None:
    """UNAVAILABLE answers, however many, say nothing against the instance that gives them."""
    service.refuses("MarketService.GetPrice", 14, "all sources failed", "ALL_SOURCES_FAILED")
    assert {front.get("/v1/prices/BTC").status for _ in range(30)} == {503}
    service.answers.clear()
    assert front.get("/v1/prices/BTC").status == 200


@pytest.fixture(scope="module")
def narrow(start_envoy: Callable[..., Any], backend: Any) -> Any:
    """Give an Envoy that lets each caller make five calls, then one every second."""
    backend.serving(True)
    return start_envoy(backend.port, local_rate=1, local_burst=5)


@pytest.mark.usefixtures("service")
def test_too_many_calls_are_refused(narrow: Any) -> None:
    """429 in the error shape for HTTP, RESOURCE_EXHAUSTED for gRPC, both with when to come back."""
    replies = [narrow.get("/v1/prices/BTC") for _ in range(12)]
    refused = [reply for reply in replies if reply.status == 429]
    assert refused
    assert refused[0].json()["code"] == 8
    assert refused[0].json()["details"][0]["reason"] == "RATE_LIMITED"
    assert refused[0].headers["retry-after"] == "1"
    with grpc.insecure_channel(f"127.0.0.1:{narrow.public}") as channel:
        codes = set()
        for _ in range(8):
            try:
                channel.unary_unary("/nerkh.v1.MarketService/GetPrice")(b"", timeout=10)
            except grpc.RpcError as error:
                codes.add(error.code())
    assert codes == {grpc.StatusCode.RESOURCE_EXHAUSTED}


def test_a_service_that_is_silent_and_a_body_that_never_ends_are_not_waited_for(
    start_envoy: Callable[..., Any], backend: Any, service: Any
) -> None:
    """After 12 s (here half a second) the caller is told so, in the one shape."""
    front = start_envoy(backend.port, longest_unary="0.5s")
    front.await_health(200)
    over = threading.Event()
    service.answers["MarketService.GetPrice"] = lambda *_: over.wait(20) and {}
    reply = front.get("/v1/prices/BTC")
    over.set()
    assert (reply.status, reply.json()["code"]) == (504, 4)
    with socket.create_connection(("127.0.0.1", front.public), timeout=10) as caller:
        head = (
            "POST /v1/sentiment:analyze HTTP/1.1",
            "host: x",
            "content-type: application/json",
            "content-length: 100",
        )
        caller.sendall("\r\n".join((*head, "", "{")).encode())
        assert caller.recv(4096).split(b"\r\n")[0] == b"HTTP/1.1 408 Request Timeout"


@pytest.mark.usefixtures("service")
def test_health_is_not_limited(narrow: Any) -> None:
    """A load balancer that asks often is never told to go away."""
    assert {narrow.get("/healthz").status for _ in range(20)} <= {200, 503}


def test_each_caller_has_a_limit_of_his_own(start_envoy: Callable[..., Any], backend: Any, service: Any) -> None:
    """Behind a proxy that is trusted, the caller is who that proxy says; one caller's calls cost no other one's."""
    busy = start_envoy(backend.port, trusted_hops=1, caller_rate=1, caller_burst=5)
    busy.await_health(200)
    one, other = {"x_forwarded_for": "203.0.113.1"}, {"x_forwarded_for": "203.0.113.2"}
    assert {busy.get("/v1/prices/BTC", **one).status for _ in range(12)} == {200, 429}
    assert busy.get("/v1/prices/BTC", **other).status == 200
    assert service.last().metadata["x-forwarded-for"] == "203.0.113.2"


def test_without_a_service_it_says_so_at_once(start_envoy: Callable[..., Any], free_port: int) -> None:
    """Envoy starts before the service and answers 503 in the error shape until it comes."""
    alone = start_envoy(free_port)
    assert alone.get("/healthz").status == http.client.SERVICE_UNAVAILABLE
    reply = alone.get("/v1/prices/BTC")
    assert (reply.status, reply.json()["code"]) == (503, 14)
