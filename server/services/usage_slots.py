"""Counts of requests in a span of time, by method, asset and chain; pure, and as large as its bounds at most."""

from __future__ import annotations

from array import array
from math import ceil, log2

from server.model import Freshness, RequestRecord

OTHER = "other"
FAULTS = frozenset({"INTERNAL", "UNKNOWN", "DATA_LOSS", "UNAVAILABLE", "DEADLINE_EXCEEDED"})
"""Statuses that are the service's own failure; any other than OK and CANCELLED refuses what was asked."""

_OLD = frozenset({Freshness.STALE.value, Freshness.STORED.value})
_LEAST_S = 0.0001
_BUCKETS = 81
_PER_DOUBLING = 4
"""Each bucket of latencies is the fourth root of two wider than the one before: a quantile is at most 19 % too high."""


class MethodCounts:
    """How the requests of one method fared."""

    __slots__ = (
        "_latencies",
        "cached",
        "cancelled",
        "failed",
        "fallback",
        "ok",
        "old",
        "refused",
        "requests",
        "sourced",
    )

    def __init__(self) -> None:
        self.requests = 0
        self.ok = 0
        self.refused = 0
        self.failed = 0
        self.cancelled = 0
        self.sourced = 0
        """Answers that say where they came from; the next three are parts of them."""
        self.cached = 0
        self.fallback = 0
        self.old = 0
        self._latencies = array("Q", bytes(8 * _BUCKETS))

    def take(self, record: RequestRecord, times: int, latency_s: float | None) -> None:
        """Count a request that was answered so `times` times; None for a latency leaves it out of the quantiles."""
        self.requests += times
        if record.code == "OK":
            self.ok += times
        elif record.code == "CANCELLED":
            self.cancelled += times
        elif record.code in FAULTS:
            self.failed += times
        else:
            self.refused += times
        if record.freshness:
            self.sourced += times
            self.fallback += times * record.fallback
            if record.freshness == Freshness.CACHED.value:
                self.cached += times
            elif record.freshness in _OLD:
                self.old += times
        if latency_s is not None:
            self._latencies[_bucket(latency_s)] += times

    def add(self, other: MethodCounts) -> None:
        """Add what another counted."""
        for name in self.__slots__:
            if name != "_latencies":
                setattr(self, name, getattr(self, name) + getattr(other, name))
        for place, count in enumerate(other._latencies):
            if count:
                self._latencies[place] += count

    def quantile_s(self, share: float) -> float | None:
        """Return the latency that so many requests stay under, in seconds; None when none was timed."""
        timed = sum(self._latencies)
        if not timed:
            return None
        due = share * timed
        passed = 0
        for place, count in enumerate(self._latencies):
            passed += count
            if count and passed >= due:
                return _LEAST_S * 2 ** (place / _PER_DOUBLING)
        return None


class Slot:
    """One span of time; names at most `names` assets and as many chains, what is over counts as other."""

    __slots__ = ("_names", "assets", "chains", "methods", "other_assets", "other_chains")

    def __init__(self, names: int) -> None:
        self._names = names
        self.methods: dict[str, MethodCounts] = {}
        self.assets: dict[str, int] = {}
        self.chains: dict[str, int] = {}
        self.other_assets = 0
        self.other_chains = 0

    def take(self, record: RequestRecord, times: int, latency_s: float | None) -> None:
        """Count a request that was answered so `times` times."""
        self._counts(record.method).take(record, times, latency_s)
        if record.asset:
            self.other_assets += self._named(self.assets, record.asset, times)
        if record.chain:
            self.other_chains += self._named(self.chains, record.chain, times)

    def add(self, other: Slot) -> None:
        """Add what another slot counted, what it counted most first."""
        for name, counts in other.methods.items():
            self._counts(name).add(counts)
        self.other_assets += other.other_assets + self._all_named(self.assets, other.assets)
        self.other_chains += other.other_chains + self._all_named(self.chains, other.chains)

    def total(self) -> MethodCounts:
        """Return all methods together."""
        whole = MethodCounts()
        for counts in self.methods.values():
            whole.add(counts)
        return whole

    def _counts(self, method: str) -> MethodCounts:
        counts = self.methods.get(method)
        if counts is None:
            if len(self.methods) >= self._names:
                method = OTHER
            counts = self.methods.setdefault(method, MethodCounts())
        return counts

    def _named(self, table: dict[str, int], name: str, times: int) -> int:
        """Count under a name; return what has no room there."""
        known = table.get(name)
        if known is None and len(table) >= self._names:
            return times
        table[name] = times if known is None else known + times
        return 0

    def _all_named(self, table: dict[str, int], others: dict[str, int]) -> int:
        """Count several names, and keep those that count most; return what has no room."""
        for name, times in others.items():
            table[name] = table.get(name, 0) + times
        if len(table) <= self._names:
            return 0
        least = sorted(table, key=lambda name: table[name])[: len(table) - self._names]
        return sum(table.pop(name) for name in least)


def _bucket(latency_s: float) -> int:
    """Return the bucket of a latency: 0 for the quickest, the last for all above a minute and a half."""
    if latency_s <= _LEAST_S:
        return 0
    return min(ceil(_PER_DOUBLING * log2(latency_s / _LEAST_S)), _BUCKETS - 1)
