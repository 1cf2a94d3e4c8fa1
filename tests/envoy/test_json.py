"""Single answers as JSON: what reaches the service, and the one error shape for all that does not."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest

PATHS = {"asset": "BTC", "chain": "ethereum", "address": "0xabc", "hash": "0xdef", "block": "7"}


def reason(reply: Any, status: int, code: int) -> str:
    """Check that an answer has the error shape, and return its reason."""
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/json"
    body = reply.json()
    assert sorted(body) == ["code", "details", "message"]
    assert body["code"] == code
    info = [detail for detail in body["details"] if detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"]
    assert len(info) == 1
    assert info[0]["domain"] == "nerkh"
    return str(info[0]["reason"])


def test_a_path_and_its_parameters_become_a_request(front: Any, service: Any) -> None:
    """Path, query and answer are transcoded; an encoded slash stays in its segment."""
    service.answers["MarketService.GetPrice"] = lambda *_: {"price": {"value": "1.50"}}
    reply = front.get("/v1/prices/eip155:1%2Ferc20:0xA0b8?quote=EUR&view=VIEW_FULL")
    assert reply.status == 200
    assert reply.json()["price"]["value"] == "1.50"
    assert service.last().request == {"asset": "eip155:1/erc20:0xA0b8", "quote": "EUR", "view": "VIEW_FULL"}


@pytest.mark.parametrize(
    "path", ["/v1/prices:batchGet?assets=BTC&assets=ETH", "/v1/prices:batchGet?assets=BTC&assets=ETH&"]
)
def test_a_repeated_field_may_be_given_repeatedly(front: Any, service: Any, path: str) -> None:
    """Custom verbs stand beside `{asset}`, and a repeated field takes many values."""
    assert front.get(path).status == 200
    assert service.last().request == {"assets": ["BTC", "ETH"]}


def test_a_verb_stands_behind_a_variable(front: Any, service: Any) -> None:
    """`{kind}:explain` takes the kind from the path and the rest from the query."""
    assert front.get("/v1/routes/price:explain?asset=BTC&quote=EUR").status == 200
    assert service.last().method == "MonitoringService.ExplainRoute"
    assert service.last().request == {"kind": "price", "asset": "BTC", "quote": "EUR"}
    assert front.get("/v1/usageStats?windows=1m&windows=24h&topCount=3").status == 200
    assert service.last().request == {"windows": ["1m", "24h"], "topCount": 3}


@pytest.mark.parametrize("value", ["FULL", "full", "VIEW_FULL"])
def test_an_enum_is_taken_without_its_prefix_too(front: Any, service: Any, value: str) -> None:
    """`view=FULL` is what a person types."""
    assert front.get(f"/v1/prices/BTC?view={value}").status == 200
    assert service.last().request["view"] == "VIEW_FULL"


@pytest.mark.parametrize(
    ("path", "field", "hint"),
    [
        ("/v1/prices/BTC?zzz=1", "zzz", "there are: quote, view"),
        ("/v1/prices/BTC?quote=USD&quote=EUR", "quote", "twice"),
        ("/v1/candles/BTC?pageSize=1&page_size=2", "page_size", "twice"),
        ("/v1/prices/BTC?asset=ETH", "asset", "part of the path"),
        ("/v1/prices/BTC?quote=%ff", "quote", "UTF-8"),
        ("/v1/prices/BTC?quote=%zz", "quote", "UTF-8"),
        ("/v1/prices/BTC?quote=%C0%80", "quote", "UTF-8"),
        ("/v1/prices/BTC?quote=%ED%A0%80", "quote", "UTF-8"),
        ("/v1/prices/BTC?quote=%E2%82", "quote", "UTF-8"),
        ("/v1/prices/BTC?view=ZZ", "view", "BASIC, FULL"),
        ("/v1/prices/B%ffTC", "path", "UTF-8"),
        ("/v1/prices/B%2", "path", "UTF-8"),
    ],
)
def test_a_bad_parameter_is_named_with_what_would_be_right(
    front: Any, service: Any, path: str, field: str, hint: str
) -> None:
    """The refusal is a 400 in the error shape, names the field, and never reaches the service."""
    reply = front.get(path)
    assert reason(reply, 400, 3) == "INVALID_FIELD"
    body = reply.json()
    assert body["details"][0]["metadata"] == {"field": field}
    assert body["details"][1]["fieldViolations"][0]["field"] == field
    assert hint in body["message"]
    assert not service.calls


@pytest.mark.parametrize(
    ("parameter", "hint"),
    [
        ("startTime=yesterday", "2026-01-31T12:00:00Z"),
        ("start_time=2026-01-31", "2026-01-31T12:00:00Z"),
        ("endTime=2026-01-31T12:00:00+01:00", "2026-01-31T12:00:00Z"),  # an unencoded plus is a space
        ("pageSize=x", "a whole number"),
        ("pageSize=1e3", "a whole number"),
        ("pageSize=99999999999", "a whole number"),
    ],
)
def test_a_value_of_the_wrong_type_says_what_would_be_right(
    front: Any, service: Any, parameter: str, hint: str
) -> None:
    """A time, a number: the field is named, with an example."""
    reply = front.get(f"/v1/candles/BTC?{parameter}")
    assert reason(reply, 400, 3) == "INVALID_FIELD"
    assert reply.json()["details"][1]["fieldViolations"][0]["field"] == parameter.split("=", maxsplit=1)[0]
    assert hint in reply.json()["message"]
    assert not service.calls


@pytest.mark.parametrize(
    ("path", "hint"),
    [("/v1/marketSentiment?window=1h", "90s"), ("/v1/candles/BTC?startTime=2026-13-01T00:00:00Z", "start_time")],
)
def test_what_has_its_form_and_is_none_is_refused_by_name(front: Any, service: Any, path: str, hint: str) -> None:
    """A span without its unit, a 13th month, which the transcoder itself refuses."""
    reply = front.get(path)
    assert reason(reply, 400, 3) == "INVALID_FIELD"
    assert hint in reply.json()["message"]
    assert not service.calls


@pytest.mark.parametrize(
    "parameter",
    [
        "startTime=2026-01-31T12:00:00.5Z",
        "startTime=2026-01-31T12:00:00%2B01:00",
        "end_time=2026-01-31T12:00:00Z",
        "pageSize=-5",
        "pageSize=",
    ],
)
def test_times_and_numbers_pass(front: Any, service: Any, parameter: str) -> None:
    """In every form that JSON has for them; what they mean is the service's to judge."""
    assert front.get(f"/v1/candles/BTC?{parameter}").status == 200
    assert service.calls


def test_valid_utf8_passes(front: Any, service: Any) -> None:
    """Only broken bytes are refused; any script is welcome."""
    assert front.get("/v1/articles?search=%D9%86%D8%B1%D8%AE+%F0%9F%92%B0").status == 200
    assert service.last().request == {"search": "نرخ 💰"}


def test_no_field_of_a_path_can_be_given_again_as_a_parameter(front: Any, service: Any) -> None:
    """Holds for every path of the contract: `/v1/prices/BTC?asset=ETH` must never answer ETH."""
    table = (front.folder / "lua" / "http_paths.lua").read_text(encoding="utf-8")
    rows = re.findall(r'method = "GET", path = "([^"]*{[^"]*)"', table)
    assert len(rows) > 10
    for path in rows:
        fields = re.findall(r"{(\w+)}", path)
        asked = re.sub(r"{(\w+)}", lambda match: PATHS.get(match[1], "x"), path)
        for field in fields:
            reply = front.get(f"{asked}?{field}=other")
            assert reason(reply, 400, 3) == "INVALID_FIELD", path
    assert not service.calls


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/v2/prices/BTC", "/api/nothing", "/v1/prices/a/b/c"])
def test_an_unknown_path_is_404(front: Any, path: str) -> None:
    """What is not there is said in the error shape."""
    assert reason(front.get(path), 404, 5) == "UNKNOWN_PATH"


def test_a_wrong_method_is_405_and_names_the_right_one(front: Any) -> None:
    """POST on a path that answers to GET is told so."""
    reply = front.send("POST", "/v1/prices/BTC", b"{}", content_type="application/json")
    assert reason(reply, 405, 12) == "METHOD_NOT_ALLOWED"
    assert reply.headers["allow"] == "GET"


def test_a_body_is_json(front: Any, service: Any) -> None:
    """POST takes JSON; other types are 415, broken JSON and broken UTF-8 are 400."""
    post = "/v1/sentiment:analyze"
    assert front.send("POST", post, b'{"text":"up"}', content_type="application/json").status == 200
    assert service.last().request == {"text": "up"}
    for body in (b'{"text":', b'{"text":"\xff"}', b"[]", b'{"text":7}'):
        assert reason(front.send("POST", post, body, content_type="application/json"), 400, 3) == "INVALID_FIELD", body
    assert reason(front.send("POST", post, b"text=up", content_type="text/xml"), 415, 3) == "UNSUPPORTED_MEDIA_TYPE"


def test_a_large_body_is_refused(front: Any, service: Any) -> None:
    """64 KiB is the most that is taken in."""
    body = b'{"text":"' + b"x" * 70_000 + b'"}'
    reply = front.send("POST", "/v1/sentiment:analyze", body, content_type="application/json")
    assert reason(reply, 400, 3) == "REQUEST_TOO_LARGE"
    assert not service.calls


def test_large_headers_are_431(front: Any) -> None:
    """A path of 70 kB is refused in the error shape too."""
    assert reason(front.get("/v1/prices/" + "x" * 70_000), 431, 3) == "HEADERS_TOO_LARGE"


@pytest.mark.parametrize(
    ("code", "status"), [(3, 400), (5, 404), (8, 429), (9, 400), (14, 503), (4, 504), (13, 500), (16, 401)]
)
def test_the_services_own_errors_come_through_whole(front: Any, service: Any, code: int, status: int) -> None:
    """google.rpc.Status with its details is the body, and the HTTP status is the code's."""
    service.refuses("MarketService.GetPrice", code, "no source; نرخ", "A_REASON")
    reply = front.get("/v1/prices/BTC")
    assert reason(reply, status, code) == "A_REASON"
    assert reply.json()["message"] == "no source; نرخ"
    assert len(service.calls) == 1, "an honest failure is not asked twice"


def test_long_answers_are_compressed(front: Any, service: Any) -> None:
    """A caller that takes gzip gets it; short answers stay as they are."""
    service.answers["MarketService.GetPrice"] = lambda *_: {"price": {"name": "x" * 5000}}
    reply = front.get("/v1/prices/BTC", accept_encoding="gzip")
    assert reply.headers["content-encoding"] == "gzip"
    assert b"xxxx" in gzip.decompress(reply.body)
    assert front.get("/v1/prices/BTC", accept_encoding="br").headers["content-encoding"] == "br"
    service.answers.clear()
    assert "content-encoding" not in front.get("/v1/prices/BTC", accept_encoding="gzip").headers


def test_a_large_answer_passes_whole(front: Any, service: Any) -> None:
    """An answer of several megabytes, far above what Envoy buffers for a connection, is transcoded all the same."""
    service.answers["MarketService.GetPrice"] = lambda *_: {"price": {"name": "x" * 3_000_000}}
    reply = front.get("/v1/prices/BTC")
    assert reply.status == 200
    assert len(reply.body) > 3_000_000


def test_the_service_learns_who_calls(front: Any, service: Any) -> None:
    """The caller's address is Envoy's own finding, whatever the caller claims; a request id is kept or made."""
    reply = front.get(
        "/v1/prices/BTC", x_forwarded_for="6.6.6.6", x_envoy_external_address="6.6.6.6", x_request_id="mine"
    )
    seen = service.last().metadata
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-request-id"] == reply.headers["x-request-id"] == "mine"
    assert front.get("/v1/prices/BTC").headers["x-request-id"]
