"""Malformed requests, thousands of them: each is refused in the one error shape, and Envoy stays up."""

from __future__ import annotations

import http.client
import json
import random
import re
import socket
from typing import Any

import pytest

SHAPE = ["code", "details", "message"]
STEMS = (
    "/v1/prices/BTC",
    "/v1/prices:batchGet",
    "/v1/prices:stream",
    "/v1/candles/BTC",
    "/v1/chains/ethereum/addresses/0x1/balance",
    "/v1/articles",
    "/api/resources/market/prices",
    "/api/historical/prices/BTC",
    "/api/resources/onchain/balance",
    "/v1/sentiment:analyze",
    "/healthz",
)
PIECES = (
    *("?", "&", "=", "/", "//", "/..", "/.", "%", "%2", "%zz", "%00", "%2F", "%2e%2e", "%ff", "%C0%80", "%ED%A0%80"),
    *("+", ";", "#", ":", ":stream", "*", "{asset}", "$", "~", "'", "\\", "|", "^", "`", "[]", "%0d%0a", "%EF%BF%BE"),
    *("quote=USD", "view=FULL", "view=9", "pageSize=-1", "pageSize=1e9", "assets=BTC", "asset=", "startTime=0", "x=1"),
    *(
        "symbols=,,",
        "limit=0x1",
        "from=2026-02-30",
        "to=99999-01-01",
        "offset=1",
        "price.value=1",
        "a.b.c=1",
        "=",
        "x" * 300,
    ),
)
HEADERS = (
    {"accept": "text/event-stream"},
    {"content-type": "application/json"},
    {"content-type": "text/plain"},
    {"x-request-id": "\x7f"},
    {"x-under_score": "1"},
    {"accept-encoding": "br;q=x"},
    {"te": "trailers"},
    {"grpc-timeout": "nonsense"},
    {"x-envoy-original-path": "/x"},
    {"origin": "null"},
)


def malformed(dice: random.Random) -> tuple[str, str, bytes | None, dict[str, str]]:
    """Make one request out of valid stems and everything that should not follow them."""
    path = dice.choice(STEMS) + "".join(dice.choices(PIECES, k=dice.randint(0, 4)))
    method = dice.choice(("GET", "GET", "GET", "GET", "POST", "HEAD", "PUT", "DELETE", "PATCH"))
    body = dice.choice((b"{}", b'{"text":', b"\xff\xfe", b"[" * 5000, b'{"text": "x", "text": "y"}', None))
    headers: dict[str, str] = {}
    for more in dice.sample(HEADERS, k=dice.randint(0, 2)):
        headers |= more
    return method, path, body if method not in ("GET", "HEAD") else None, headers


@pytest.mark.parametrize("seed", range(3))
def test_what_is_malformed_is_refused_in_the_error_shape(front: Any, seed: int) -> None:
    """No answer is a 5xx, and every refusal has code, message and one ErrorInfo."""
    dice = random.Random(seed)  # noqa: S311 -- repeatable, nothing secret
    kinds: dict[int, int] = {}
    for _ in range(700):
        method, path, body, headers = malformed(dice)
        reply = front.send(method, path, body, **headers)
        kinds[reply.status] = kinds.get(reply.status, 0) + 1
        what = (method, path, headers, reply)
        assert reply.status < 500, what
        if reply.status >= 400 and method != "HEAD":
            answer = reply.json()
            assert sorted(answer) == SHAPE, what
            assert answer["code"] in {3, 5, 7, 12}, what
            assert [detail["domain"] for detail in answer["details"] if "ErrorInfo" in detail["@type"]] == ["nerkh"], (
                what
            )
    assert {200, 400, 404, 405} <= set(kinds)


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET /v1/prices/BTC HTTP/1.1\r\n\r\n",
        b"GET /v1/prices/\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /v1/prices/B TC HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /v1/prices/BTC HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        b"POST /v1/sentiment:analyze HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n",
        b"POST /v1/sentiment:analyze HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"GET /v1/prices/BTC HTTP/1.1\r\nhost: x\r\n" + b"".join(b"h%d: x\r\n" % i for i in range(100)) + b"\r\n",
    ],
)
def test_bytes_that_are_no_http_are_refused_in_the_error_shape(front: Any, sent: bytes) -> None:
    """What Envoy's own parser refuses looks the same as everything else."""
    with socket.create_connection(("127.0.0.1", front.public), timeout=10) as raw:
        raw.sendall(sent)
        response = http.client.HTTPResponse(raw)
        response.begin()
        body = response.read()
    assert 400 <= response.status < 500
    assert sorted(json.loads(body)) == SHAPE
    assert re.search(rb'"domain":"nerkh"', body)
    assert json.loads(body)["message"]
