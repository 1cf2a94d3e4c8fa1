"""The operators' HTTP listener: no web page gets in, and nobody without a token."""

from __future__ import annotations

from typing import Any


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
