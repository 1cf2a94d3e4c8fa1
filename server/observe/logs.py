"""Log events on standard error, one a line, as key=value or JSON; every layer logs through `structlog.get_logger`.

Each event carries the id of the request it belongs to. Secrets are taken out here, whoever put them in.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that runs now; empty outside a request."""

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(r"secret|password|passwd|token|authorization|credential|api_?key|^key$|cookie", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/\s@]+@")
_URL_QUERY = re.compile(r"(\w+://[^\s?#]+)\?[^\s\"']*")
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class Redaction:
    """A processor that takes secrets out of events: by the field's name, by URL parts, and by known value."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(sorted((secret for secret in secrets if len(secret) >= 6), key=len, reverse=True))

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        """Return the event with every value clean."""
        return {name: self._clean(name, value) for name, value in event.items()}

    def text(self, value: str) -> str:
        """Return a text without known secrets, URL credentials and URL queries."""
        for secret in self._secrets:
            value = value.replace(secret, REDACTED)
        if "://" in value:
            value = _URL_QUERY.sub(r"\1", _USER_INFO.sub("", value))
        return value

    def _clean(self, name: str, value: Any) -> Any:
        if _SECRET_NAME.search(name):
            return REDACTED
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._clean(str(key), part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean("", part) for part in value]
        if isinstance(value, BaseException):
            return self.text(f"{type(value).__name__}: {value}")
        return value


def configure(
    level: str = "info", form: str = "text", secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Send every event, structlog's and the standard library's, to `stream` (standard error) in one form.

    `form` is `text` (key=value) or `json`; `secrets` are values that never appear whatever field they stand in.
    """
    shared: list[Processor] = [
        _request_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        Redaction(secrets),
    ]
    last = structlog.processors.JSONRenderer() if form == "json" else _key_value
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("asyncio", "aiohttp", "sqlalchemy", "alembic", "grpc"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _request_id(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    current = request_id.get()
    if current and "request_id" not in event:
        event["request_id"] = current
    return event


def _key_value(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
    """Render time, level and event first, then the rest in the order given; values with spaces stand in quotes."""
    order = [name for name in ("timestamp", "level", "event", "request_id") if name in event]
    order += [name for name in event if name not in order]
    return " ".join(f"{name}={_quoted(event[name])}" for name in order)


def _quoted(value: object) -> str:
    text = value if isinstance(value, str) else f"{value:.6g}" if isinstance(value, float) else str(value)
    plain = text and not any(mark in text for mark in ' "=\\') and not _LINE_BREAKS.search(text)
    if plain:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + _LINE_BREAKS.sub(lambda found: f"\\x{ord(found[0]):02x}", escaped) + '"'
