"""Cursors: where in which run's journal a subscriber stands, as an opaque signed text; pure, used by the hub."""

from __future__ import annotations

import binascii
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from server.errors import InvalidField

_PARTS = struct.Struct(">BQQQ")
_VERSION = 1
_SIGNATURE = 8
_LENGTH = _PARTS.size + _SIGNATURE
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place behind an event: the journal's epoch, new at every start, the event's position, and its time."""

    epoch: int
    position: int
    time: datetime


def encode(cursor: Cursor, key: bytes) -> str:
    """Return a cursor as text that only this service makes."""
    milliseconds = (cursor.time - _START) // timedelta(milliseconds=1)
    body = _PARTS.pack(_VERSION, cursor.epoch, cursor.position, milliseconds)
    return urlsafe_b64encode(body + _signature(body, key)).rstrip(b"=").decode()


def decode(text: str, key: bytes) -> Cursor:
    """Return the cursor of a text; raises `InvalidField` for one that this service did not make."""
    wrong = InvalidField("cursor", text, "the cursor of a frame of this stream, or nothing to begin now")
    try:
        whole = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raise wrong from None
    body = whole[: _PARTS.size]
    if len(whole) != _LENGTH or not hmac.compare_digest(whole[_PARTS.size :], _signature(body, key)):
        raise wrong
    version, epoch, position, milliseconds = _PARTS.unpack(body)
    if version != _VERSION:
        raise wrong
    return Cursor(epoch, position, _START + timedelta(milliseconds=milliseconds))


def _signature(body: bytes, key: bytes) -> bytes:
    """Return what proves that a body is ours."""
    return hmac.new(key, b"nerkh live cursor" + body, sha256).digest()[:_SIGNATURE]
