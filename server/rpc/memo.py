"""Ready answers by request bytes: the same bytes asked again while the answer is fresh cost no decoding at all."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from server.model import RequestRecord

LARGEST_KEY = 512
"""Longest request that is remembered, in bytes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A ready response; `until` is on the monotonic clock, `record` what monitoring shows of its first call."""

    until: float
    body: bytes
    record: RequestRecord


class Memo:
    """The ready answers of one method, at most `size`; who reads one looks whether it is still fresh."""

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self.generation = 0
        """How often all was forgotten: what was asked before that is not to be kept after it."""
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self.get = self._kept.get
        """Returns what is kept for request bytes, fresh or not, or None."""

    def forget(self) -> None:
        """Forget every answer."""
        self.generation += 1
        self._kept.clear()

    def keep(self, data: bytes, kept: Kept) -> None:
        """Remember an answer; when full, forget the one that was kept longest ago: it is past first, or nearly."""
        if len(data) > LARGEST_KEY:
            return
        self._kept.pop(data, None)
        if len(self._kept) >= self._size:
            self._kept.popitem(last=False)
        self._kept[data] = kept
