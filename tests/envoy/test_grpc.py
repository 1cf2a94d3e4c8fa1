"""gRPC and gRPC-Web through Envoy's public port."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from nerkh.v1 import market_pb2

GET_PRICE = "/nerkh.v1.MarketService/GetPrice"
STREAM = "/nerkh.v1.MarketService/StreamPrices"


@pytest.fixture
def channel(front: Any) -> Iterator[grpc.Channel]:
    """Give a channel to the public port."""
    with grpc.insecure_channel(f"127.0.0.1:{front.public}") as made:
        yield made


def price(channel: grpc.Channel, **options: Any) -> Any:
    """Call GetPrice."""
    call = channel.unary_unary(
        GET_PRICE,
        request_serializer=market_pb2.GetPriceRequest.SerializeToString,
        response_deserializer=market_pb2.GetPriceResponse.FromString,
    )
    return call(market_pb2.GetPriceRequest(asset="BTC"), timeout=10, **options)


def framed(message: Any) -> bytes:
    """Return a message as gRPC-Web sends it."""
    body = message.SerializeToString()
    return b"\0" + len(body).to_bytes(4, "big") + body


def test_grpc_passes_as_it_is(channel: grpc.Channel, service: Any) -> None:
    """A generated client may point at Envoy, and its deadline reaches the service."""
    left = []
    service.answers["MarketService.GetPrice"] = lambda _, context: (
        left.append(context.time_remaining()) or {"price": {"value": "2"}}
    )
    assert price(channel).price.value == "2"
    assert service.last().request == {"asset": "BTC"}
    assert 8 < left[0] <= 10.1  # grpc sends a timeout of ten seconds or more rounded up to a tenth


def test_error_details_pass(channel: grpc.Channel, service: Any) -> None:
    """The rich status is there for a gRPC caller as well."""
    service.refuses("MarketService.GetPrice", 5, "no asset", "UNKNOWN_ASSET")
    with pytest.raises(grpc.RpcError) as caught:
        price(channel)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert b"UNKNOWN_ASSET" in dict(caught.value.trailing_metadata())["grpc-status-details-bin"]


def test_a_stream_passes_frame_by_frame(channel: grpc.Channel, service: Any) -> None:
    """Server streams go through their own cluster."""
    service.answers["MarketService.StreamPrices"] = lambda *_: [{"cursor": "1"}, {"cursor": "2"}]
    call = channel.unary_stream(
        STREAM,
        request_serializer=market_pb2.StreamPricesRequest.SerializeToString,
        response_deserializer=market_pb2.StreamPricesResponse.FromString,
    )
    assert [frame.cursor for frame in call(market_pb2.StreamPricesRequest(assets=["BTC"]), timeout=10)] == ["1", "2"]


def test_an_unknown_service_is_unimplemented(channel: grpc.Channel) -> None:
    """A gRPC caller gets a grpc-status with a plain text, not a JSON body in it."""
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/other.v1.Thing/Do")(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "{" not in caught.value.details()


def test_the_operators_services_are_not_on_the_public_port(channel: grpc.Channel, service: Any) -> None:
    """nerkh.admin.v1 has no route here."""
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/nerkh.admin.v1.AdminService/GetCollectorStatus")(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert not service.calls


def test_grpc_web_binary_and_text(front: Any, service: Any) -> None:
    """Browsers without HTTP/2 trailers get the status in the body."""
    service.answers["MarketService.GetPrice"] = lambda *_: {"price": {"value": "3"}}
    body = framed(market_pb2.GetPriceRequest(asset="BTC"))
    reply = front.send("POST", GET_PRICE, body, content_type="application/grpc-web+proto", x_grpc_web="1")
    assert reply.status == 200
    assert b"grpc-status:0" in reply.body
    text = front.send("POST", GET_PRICE, base64.b64encode(body), content_type="application/grpc-web-text+proto")
    assert text.status == 200
    assert service.last().request == {"asset": "BTC"}


def test_a_page_of_any_origin_may_call_and_read_the_status(front: Any) -> None:
    """CORS is open on the public port, without credentials, and shows the gRPC headers."""
    asked = {"origin": "https://example.org", "access_control_request_method": "POST"}
    preflight = front.send("OPTIONS", GET_PRICE, access_control_request_headers="x-grpc-web,grpc-timeout", **asked)
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == "https://example.org"
    assert "x-grpc-web" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers
    assert front.send("OPTIONS", "/v1/prices/BTC", **asked).status == 200
    reply = front.get("/v1/prices/BTC", origin="https://example.org")
    assert "grpc-status-details-bin" in reply.headers["access-control-expose-headers"]


def test_a_draining_instance_is_asked_again(front: Any, service: Any) -> None:
    """The one UNAVAILABLE that is worth a second try is that of a service which is shutting down."""
    from server.errors import ShuttingDown

    def once(_request: object, context: grpc.ServicerContext) -> dict[str, Any]:
        if len(service.calls) == 1:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(ShuttingDown()))
        return {"price": {"value": "4"}}

    service.answers["MarketService.GetPrice"] = once
    assert front.get("/v1/prices/BTC").json()["price"]["value"] == "4"
    assert len(service.calls) == 2
