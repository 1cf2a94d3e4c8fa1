"""Hashes that carry their meaning under a mask: a block or transaction is found by its hash without a table of them.

A hash is 26 masked bytes of content and 6 bytes of a check over it, so that any other hash is known to be none.
"""

from __future__ import annotations

import hashlib

SIZE = 26
_CHECK = 6


class Hashes:
    """The hashes of one chain."""

    def __init__(self, key: int) -> None:
        self._key = key.to_bytes(8, "big")

    def of(self, content: bytes) -> bytes:
        """Return the hash that carries a content of at most 26 bytes."""
        padded = content.ljust(SIZE, b"\0")
        check = self._digest(b"check" + padded, _CHECK)
        return self._masked(padded, check) + check

    def content(self, value: bytes) -> bytes | None:
        """Return the content of a hash, None when this world did not make it."""
        if len(value) != SIZE + _CHECK:
            return None
        padded = self._masked(value[:SIZE], value[SIZE:])
        return padded if self._digest(b"check" + padded, _CHECK) == value[SIZE:] else None

    def _masked(self, data: bytes, check: bytes) -> bytes:
        mask = self._digest(b"mask" + check, SIZE)
        return bytes(left ^ right for left, right in zip(data, mask, strict=True))

    def _digest(self, data: bytes, size: int) -> bytes:
        return hashlib.blake2b(data, key=self._key, digest_size=size).digest()
