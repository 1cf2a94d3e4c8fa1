"""What a stand-in is asked and says, a wire format, and the routes in it; every module under `formats` speaks these."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from server.simulator.view import View

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it reached a stand-in. `query` holds the last value of each name."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[["View", Asked, Mapping[str, str]], Said]
Route = tuple[str, Handler]


@dataclass(frozen=True, slots=True)
class Format:
    """One wire format: `answer` speaks it.

    `missing` is its own answer to an unknown path; `failure` what it says, often inside a 200, when it cannot answer
    for reasons of its own; `unknown` what it says to a name that it does not know.
    """

    name: str
    answer: Callable[[View, Asked], Said]
    missing: Said
    failure: Said
    unknown: Said


def said(value: object, status: int = 200, content_type: str = JSON) -> Said:
    """Return a JSON answer."""
    return Said(status, orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), content_type)


def text(value: str, status: int = 200, content_type: str = TEXT) -> Said:
    """Return a plain text answer."""
    return Said(status, value.encode(), content_type)


def routed(routes: Sequence[Route], missing: Said) -> Callable[[View, Asked], Said]:
    """Return an answering function that picks the first route whose pattern fits the whole path.

    A pattern is a path in which `{name}` stands for one segment; a trailing slash never matters.
    """
    compiled = tuple((_pattern(path), handler) for path, handler in routes)

    def answer(view: View, asked: Asked) -> Said:
        for pattern, handler in compiled:
            match = pattern.fullmatch(asked.path)
            if match:
                return handler(view, asked, match.groupdict())
        return missing

    return answer


def _pattern(path: str) -> re.Pattern[str]:
    """Compile a route's path."""
    escaped = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path.rstrip("/")))
    return re.compile(escaped + "/?")


def whole(asked: Asked, name: str, default: int, least: int, most: int) -> int:
    """Return a whole-number parameter held within bounds; what is no number counts as absent."""
    try:
        value = int(asked.query.get(name, default))
    except ValueError:
        return default
    return max(least, min(most, value))
