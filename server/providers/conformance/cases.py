"""A folder of recorded answers: its INDEX.json read into cases; the conformance run goes through them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from server.errors import SetupError
from server.providers.base import Reply

_BAD_INDEX = 2


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded answer: where it lies, what was asked, and what is known to be in it.

    `expected` is what INDEX.json says of the content, None where it says nothing.
    """

    file: str
    provider: str
    kind: str
    method: str
    path: str
    query: Mapping[str, str]
    rpc: str
    reply: Reply = field(repr=False)
    expected: Mapping[str, object] | None = None
    json_body: bool = True


def load(folder: Path) -> tuple[Case, ...]:
    """Return the cases of a folder. Raises `SetupError` of status 2 when it is not of that form."""
    index = folder / "INDEX.json"
    try:
        content = json.loads(index.read_bytes(), parse_float=Decimal)
    except OSError:
        raise SetupError(f"{index}: cannot be read; name a folder of recorded answers", _BAD_INDEX) from None
    except (ValueError, RecursionError):
        raise SetupError(f"{index}: is not JSON", _BAD_INDEX) from None
    files = content.get("files") if isinstance(content, dict) else None
    if not isinstance(files, list):
        raise SetupError(f"{index}: has no list `files`", _BAD_INDEX)
    return tuple(_case(folder, number, entry) for number, entry in enumerate(files))


def _case(folder: Path, number: int, entry: object) -> Case:
    where = f"{folder / 'INDEX.json'}: files[{number}]"
    if not isinstance(entry, dict):
        raise SetupError(f"{where}: is not an object", _BAD_INDEX)
    file, provider, kind = (_text(entry, key, where) for key in ("file", "provider", "kind"))
    request = entry.get("request")
    if not isinstance(request, dict):
        raise SetupError(f"{where}.request: is not an object", _BAD_INDEX)
    body = request.get("body")
    query = request.get("query")
    expected = entry.get("expected")
    return Case(
        file,
        provider,
        kind,
        method=str(request.get("method") or "GET"),
        path=str(request.get("path") or ""),
        query={str(key): str(value) for key, value in query.items()} if isinstance(query, dict) else {},
        rpc=str(body.get("method") or "") if isinstance(body, dict) else "",
        reply=_reply(folder, file, entry, where),
        expected=expected if isinstance(expected, dict) else None,
        json_body=not entry.get("not_json"),
    )


def _text(entry: Mapping[str, object], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise SetupError(f"{where}.{key}: is not a text", _BAD_INDEX)
    return value


def _reply(folder: Path, file: str, entry: Mapping[str, object], where: str) -> Reply:
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise SetupError(f"{where}.file: {file} lies outside the folder", _BAD_INDEX)
    try:
        body = path.read_bytes()
    except OSError:
        raise SetupError(f"{where}.file: {path} cannot be read", _BAD_INDEX) from None
    status, content_type = entry.get("status"), entry.get("content_type")
    if entry.get("envelope"):
        # What was not JSON is kept as the text inside one: {status, content_type, body}.
        try:
            wrapped = json.loads(body)
            body = str(wrapped["body"]).encode()
        except (ValueError, TypeError, KeyError):
            raise SetupError(f"{where}.file: {path} is not the envelope that it is said to be", _BAD_INDEX) from None
    return Reply(
        status if isinstance(status, int) else 200, body, content_type.lower() if isinstance(content_type, str) else ""
    )
