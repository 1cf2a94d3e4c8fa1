"""The operators' HTTP listener: no web page gets in, and nobody without a token."""

from __future__ import annotations

import http.client
from typing import Any

import grpc
import pytest

JSON = "application/json"


def test_a_web_page_is_refused(front: Any, service: Any) -> None:
    """Any page can send a request to loopback; a browser then adds Origin, and that is enough to refuse."""
    for token in ({}, {"authorization": "Bearer x"}):
        reply = front.operate("/admin/v1/sources", origin="http://evil.example", **token)
        assert reply.status == 403
        assert reply.json()["details"][0]["reason"] == "ORIGIN_REFUSED"
        assert "access-control-allow-origin" not in reply.headers
    assert not service.calls


def test_who_brings_no_token_is_refused(front: Any) -> None:
    """401 in the error shape, and how to do it right."""
    for headers in ({}, {"authorization": "Basic eDp5"}, {"authorization": "Bearer "}):
        reply = front.operate("/admin/v1/sources", **headers)
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        assert reply.json()["code"] == 16
        assert "Bearer TOKEN" in reply.json()["message"]


def test_with_a_token_an_unknown_path_is_404(front: Any) -> None:
    """The public paths are not here either."""
    for path in ("/admin/v1/nothing", "/v1/prices/BTC", "/api/worker/status"):
        reply = front.operate(path, authorization="Bearer token")
        assert reply.status == 404
        assert reply.json()["details"][0]["reason"] == "UNKNOWN_PATH"


@pytest.mark.parametrize(
    ("method", "path", "body", "called", "request_"),
    [
        ("GET", "/admin/v1/cache", None, "GetCacheStats", {}),
        (
            "POST",
            "/admin/v1/sources/binance:disable",
            b'{"reason": "lies"}',
            "DisableSource",
            {"source": "binance", "reason": "lies"},
        ),
        ("POST", "/admin/v1/sources/binance:enable", b"{}", "EnableSource", {"source": "binance"}),
        ("POST", "/admin/v1/sources/binance:enable", None, "EnableSource", {"source": "binance"}),
        (
            "POST",
            "/admin/v1/sources/binance:resetCircuitBreaker",
            b'{"kind": "price"}',
            "ResetCircuitBreaker",
            {"source": "binance", "kind": "price"},
        ),
        ("POST", "/admin/v1/sources:removeFailed", b"{}", "RemoveFailedSources", {}),
        ("POST", "/admin/v1/cache:invalidate", b'{"kinds": ["price"]}', "InvalidateCache", {"kinds": ["price"]}),
        ("POST", "/admin/v1/cache:warm", b'{"assets": ["BTC"]}', "WarmCache", {"assets": ["BTC"]}),
        ("GET", "/admin/v1/egressRoutes", None, "ListEgressRoutes", {}),
        ("POST", "/admin/v1/egressRoutes/proxy1:test", b"{}", "TestEgressRoute", {"egressRoute": "proxy1"}),
        ("POST", "/api/smart/cleanup-failed", None, "RemoveFailedSources", {}),
        ("POST", "/api/smart/cleanup-failed", b"{}", "RemoveFailedSources", {}),
        ("GET", "/api/smart/cleanup-failed", None, "RemoveFailedSources", {}),
    ],
)
def test_operators_calls_answer_as_json(  # noqa: PLR0917 -- a row of the table above
    front: Any, service: Any, method: str, path: str, body: bytes | None, called: str, request_: dict[str, Any]
) -> None:
    """Each path reaches its method with the token beside it, which the service compares."""
    headers = {"content_type": JSON} if body is not None else {}
    reply = front.command(method, path, body, **headers)
    assert reply.status == http.client.OK, reply.body
    assert reply.headers["content-type"] == JSON
    call = service.last()
    assert (call.method, call.request) == (f"AdminService.{called}", request_)
    assert call.metadata["authorization"] == "Bearer token"


def test_what_operators_send_is_held_to_the_contract(front: Any, service: Any) -> None:
    """A parameter beside the body, a body that is no JSON, a method that a path does not know: told, and not done."""
    disable = "/admin/v1/sources/binance:disable"
    for reply, status in (
        (front.command("POST", disable, b"{", content_type=JSON), 400),
        (front.command("POST", disable + "?reason=x", b"{}", content_type=JSON), 400),
        (front.command("POST", disable, b'{"source": "kraken", "reason": "x"}', content_type=JSON), 400),
        (front.command("POST", disable, b"reason=x", content_type="application/x-www-form-urlencoded"), 415),
        (front.command("GET", disable), 405),
        (front.command("GET", "/admin/v1/cache?all=true"), 400),
    ):
        assert reply.status == status, reply.body
        assert reply.json()["details"][0]["domain"] == "nerkh"
    assert not service.calls


def test_what_the_service_refuses_is_told_as_json(front: Any, service: Any) -> None:
    """A wrong token is the service's to find out: 401 in the error shape."""
    service.refuses("AdminService.GetCacheStats", 16, "this listener wants the operators' token", "TOKEN_REQUIRED")
    reply = front.command("GET", "/admin/v1/cache")
    assert reply.status == 401
    assert reply.json()["details"][0]["reason"] == "TOKEN_REQUIRED"


def test_the_public_listener_knows_no_operators_call(front: Any, service: Any) -> None:
    """Not as JSON, not as an old path, not as gRPC, with a token or without."""
    for method, path in (
        ("GET", "/admin/v1/cache"),
        ("POST", "/admin/v1/sources:removeFailed"),
        ("POST", "/api/smart/cleanup-failed"),
    ):
        body = None if method == "GET" else b"{}"
        reply = front.send(method, path, body, authorization="Bearer token", content_type=JSON)
        assert reply.status == 404
    with grpc.insecure_channel(f"127.0.0.1:{front.public}") as channel:
        call = channel.unary_unary("/nerkh.admin.v1.AdminService/GetCacheStats")
        with pytest.raises(grpc.RpcError) as refused:
            call(b"", metadata=(("authorization", "Bearer token"),), timeout=10)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert not service.calls


def test_operators_reach_their_service_by_grpc(front: Any, service: Any) -> None:
    """The same calls, unchanged."""
    with grpc.insecure_channel(f"127.0.0.1:{front.operators}") as channel:
        channel.unary_unary("/nerkh.admin.v1.AdminService/GetCacheStats")(
            b"", metadata=(("authorization", "Bearer token"),), timeout=10
        )
    assert service.last().method == "AdminService.GetCacheStats"
