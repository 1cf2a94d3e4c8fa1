"""Log lines: one a line, with the request id, without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from server.observe import logs

SECRET = "s3cr3t-value-1"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Give the stream that is logged to, and put everything back."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield io.StringIO()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def test_an_event_is_one_line_of_key_and_value(out: io.StringIO) -> None:
    """Line breaks, quotes and control characters of a value stay inside it."""
    logs.configure(stream=out)
    structlog.get_logger().info("something", plain="x", text='two "words"\nand=\x1b[31m', number=0.1234567)
    (line,) = out.getvalue().splitlines()
    assert " level=info event=something plain=x " in line
    assert r'text="two \"words\"\nand=\x1b[31m"' in line
    assert line.endswith("number=0.123457")


def test_events_carry_the_request_id(out: io.StringIO) -> None:
    """What is logged on a request's way can be found by its id, the standard library's lines too."""
    logs.configure(stream=out)
    token = logs.request_id.set("request-1")
    try:
        structlog.get_logger().info("one")
        logging.getLogger("elsewhere").warning("two %s", "parts")
    finally:
        logs.request_id.reset(token)
    structlog.get_logger().info("three")
    lines = out.getvalue().splitlines()
    assert ["request_id=request-1" in line for line in lines] == [True, True, False]
    assert 'event="two parts"' in lines[1]


def test_secrets_never_appear(out: io.StringIO) -> None:
    """By the field's name, by known value wherever it stands, in URLs, in nested values and in tracebacks."""
    logs.configure(form="json", secrets=(SECRET, "x"), stream=out)
    log = structlog.get_logger()
    log.info("a", api_key=SECRET, authorization="Bearer y", text=f"before {SECRET} behind")
    log.info("b", url="https://user:pass@host/path?apikey=zzz#f", nested={"token": "t", "list": [SECRET, 5]})
    log.info("c", error=ValueError(f"key {SECRET}"))
    try:
        raise RuntimeError(SECRET)
    except RuntimeError:
        log.exception("d")
    text = out.getvalue()
    assert SECRET not in text
    for part in ("Bearer y", "pass@", "zzz", '"t"'):
        assert part not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[1]["url"] == "https://host/path"
    assert lines[1]["nested"] == {"token": "[redacted]", "list": ["[redacted]", 5]}
    assert "RuntimeError" in lines[3]["exception"]


def test_what_is_below_the_level_is_not_logged(out: io.StringIO) -> None:
    """And libraries are quiet about what is no warning."""
    logs.configure("warning", stream=out)
    structlog.get_logger().info("quiet")
    logging.getLogger("asyncio").info("quiet")
    structlog.get_logger().warning("loud", empty="")
    assert out.getvalue().count("\n") == 1
    assert 'empty=""' in out.getvalue()
