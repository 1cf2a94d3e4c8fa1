"""How far down the plan fetches went; the cache's tally of each kind holds one, monitoring shows it."""

from __future__ import annotations

from bisect import bisect_right

DEPTHS = ("0", "1", "2", "3", "4-7", "8+")
"""How many attempts a fetch made; 0 when no source could be asked."""

_LEAST = (1, 2, 3, 4, 8)


class Depths:
    """Counts of fetches by how many attempts they made."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = [0] * len(DEPTHS)

    def note(self, attempts: int) -> None:
        """Count a fetch."""
        self._counts[bisect_right(_LEAST, attempts)] += 1

    def counts(self) -> tuple[int, ...]:
        """Return the counts, in the order of `DEPTHS`."""
        return tuple(self._counts)
