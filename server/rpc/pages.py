"""Page tokens and page sizes: opaque, signed, bound to the filter they were made for. Used by every list method.

A token is the base64url of a 16-byte HMAC-SHA256, an 8-byte fingerprint of the filter, and the cursor as JSON.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from google.protobuf.message import Message
from pydantic import SecretStr

from server.errors import InvalidField, InvalidPageToken, SetupError, StoreUnavailable
from server.store import Store

Cursor: TypeAlias = tuple[object, ...]
"""Where a page ended: the sort key of its last row, of texts, numbers, decimals and times."""

LONGEST_TOKEN = 2048
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
T = TypeVar("T")


class PageTokens:
    """Makes and reads page tokens under one key, the same for all workers."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, cursor: Cursor, request: Message) -> str:
        """Return the token of the page behind `cursor` of the same filter as `request`."""
        payload = _fingerprint(request) + json.dumps([_plain(part) for part in cursor], separators=(",", ":")).encode()
        return urlsafe_b64encode(self._sign(payload) + payload).rstrip(b"=").decode()

    def next(self, cursor: Cursor | None, request: Message) -> str:
        """Return the token of the next page, empty when there is none."""
        return "" if cursor is None else self.make(cursor, request)

    def read(self, request: Any) -> Cursor | None:
        """Return the cursor of a request's page token, None for the first page.

        Raises `InvalidPageToken` for a token that was not made here or was made for another filter.
        """
        token: str = request.page_token
        if not token:
            return None
        if len(token) > LONGEST_TOKEN:
            raise InvalidPageToken(token, "the next_page_token of an earlier answer")
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except ValueError:
            raise InvalidPageToken(token, "the next_page_token of an earlier answer") from None
        signature, payload = raw[:16], raw[16:]
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise InvalidPageToken(token, "the next_page_token of an earlier answer")
        if payload[:8] != _fingerprint(request):
            raise InvalidPageToken(token, "a token of the same filter; leave page_token empty when the filter changes")
        return tuple(_part(part) for part in json.loads(payload[8:]))

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")[:16]


def page_size(request: Any, usual: int, most: int) -> int:
    """Return how many rows a page holds: `usual` for 0, at most `most`; raises `InvalidField` below zero."""
    size: int = request.page_size
    if size < 0:
        raise InvalidField("page_size", size, f"0 to {most}")
    return min(size or usual, most)


def page_of(
    rows: Iterable[T], after: Cursor | None, size: int, key: Callable[[T], tuple[Any, ...]]
) -> tuple[list[T], Cursor | None]:
    """Return the page of rows whose keys are behind `after`, in the order of their keys, and its cursor.

    The cursor is None on the last page. Rows that came or went between pages shift nothing.
    """
    ordered = sorted(rows, key=key)
    if after is not None:
        ordered = [row for row in ordered if key(row) > after]
    page = ordered[:size]
    return page, key(page[-1]) if len(ordered) > size else None


def _fingerprint(request: Message) -> bytes:
    """Return what tells one filter from another: the request without what may change from page to page."""
    bare = type(request)()
    bare.CopyFrom(request)
    for name in ("page_token", "page_size", "view"):
        if name in bare.DESCRIPTOR.fields_by_name:
            bare.ClearField(name)
    text = bare.DESCRIPTOR.full_name.encode() + b"\0" + bare.SerializeToString(deterministic=True)
    return hashlib.sha256(text).digest()[:8]


def _plain(part: object) -> object:
    if isinstance(part, datetime):
        return {"t": (part - _EPOCH) // _MICROSECOND}
    if isinstance(part, Decimal):
        return {"d": str(part)}
    return part


def _part(part: Any) -> object:
    if isinstance(part, dict):
        return _EPOCH + part["t"] * _MICROSECOND if "t" in part else Decimal(part["d"])
    return part


async def signing_key(given: SecretStr | None, store: Store) -> bytes:
    """Return the key of page tokens and cursors: the given one, else one that is made once for all workers and stored.

    Raises `SetupError` when the database does not give it in time.
    """
    if given is not None:
        return given.get_secret_value().encode()
    try:
        return await store.secret("page_token_key", lambda: secrets.token_bytes(32))
    except StoreUnavailable as error:
        raise SetupError(f"the database answers too slowly ({error}); see what holds it, then start again") from None
