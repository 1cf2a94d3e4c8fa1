"""The first level of the cache: a slot for each query, bounded by the rows they hold, the ones long unused out first.

A slot holds all that is kept of one query: its answer, the fetch under way, the lanes that cover it. Ask and sweep
find it by one lookup. An answer lives by when it was fetched, and goes stale by the data's own time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from server.fallback.figures import FIGURES, Figures
from server.fallback.flight import Lead
from server.fallback.lane import Lane
from server.model import (
    Answer,
    Articles,
    Attempt,
    Balance,
    Candles,
    FearGreed,
    Freshness,
    ListedAssets,
    Price,
    Prices,
    Provenance,
    Query,
    Transaction,
    TransactionPage,
    Trending,
    Value,
    WhaleTransactions,
)

_RETRY_STALE_S = 30.0


def _parts(transaction: Transaction) -> int:
    """Return how much one transaction holds: itself, and every transfer into and out of it."""
    return 1 + len(transaction.inputs) + len(transaction.outputs)


_ROWS: dict[type, Callable[[Any], int]] = {
    Price: lambda value: len(value.outliers),
    Prices: lambda value: len(value.prices),
    Candles: lambda value: len(value.candles),
    ListedAssets: lambda value: len(value.assets),
    Trending: lambda value: len(value.assets),
    Articles: lambda value: len(value.articles),
    FearGreed: lambda value: len(value.readings),
    Balance: lambda value: len(value.tokens),
    Transaction: _parts,
    TransactionPage: lambda value: sum(_parts(each) for each in value.transactions),
    WhaleTransactions: lambda value: len(value.transactions),
}
"""How many rows a list holds; every other value is one by itself."""


@dataclass(frozen=True, slots=True)
class CacheStats:
    """How the cache does: answers it holds, and how calls fared since the start."""

    entries: int
    hits: int
    misses: int
    stale: int


class Entry:
    """One answer and until when it is fresh, in grace and not stale (monotonic seconds)."""

    __slots__ = ("_cached", "_last_resort", "_stale", "answer", "fresh_until", "grace_until", "refreshing", "stale_at")

    def __init__(self, answer: Answer[Value], figures: Figures, now: float, age_s: float) -> None:
        self.answer = answer
        self.stale_at = now + figures.longest_s - age_s
        if self.stale_at > now:
            self.fresh_until = min(now + figures.ttl_s, self.stale_at)
            self.grace_until = min(self.fresh_until + figures.grace_s, self.stale_at)
        else:
            self.hold(figures, now)
        self.refreshing = False
        self._cached: Answer[Value] | None = None
        self._stale: Answer[Value] | None = None
        self._last_resort: Answer[Value] | None = None

    def give_up(self, last_resort: Answer[Value]) -> None:
        """Serve this from now on, at once and marked stale: the refresh that ran behind came back with nothing."""
        self._last_resort = last_resort

    def hold(self, figures: Figures, now: float) -> None:
        """Serve on without asking for a while: the sources have nothing younger."""
        self.fresh_until = self.grace_until = now + min(figures.ttl_s, _RETRY_STALE_S)

    def cached(self, now: float) -> Answer[Value]:
        """Return the answer as one from the cache: always the same object, so that its bytes can be kept beside it."""
        if self._last_resort is not None:
            return self._last_resort
        if now >= self.stale_at:
            return self.stale()
        if self._cached is None:
            self._cached = restamped(self.answer, Freshness.CACHED)
        return self._cached

    def stale(self) -> Answer[Value]:
        """Return the answer marked stale."""
        if self._stale is None:
            self._stale = restamped(self.answer, Freshness.STALE)
        return self._stale


class Slot:
    """All that is kept of one query, or of one query at one source."""

    __slots__ = ("entry", "figures", "is_held", "lanes", "lead", "plan", "query", "was_used", "weight")

    def __init__(self, query: Query) -> None:
        self.query = query
        self.figures = FIGURES[query.kind]
        self.entry: Entry | None = None
        self.lead: Lead[object] | None = None
        """The fetch under way."""
        self.lanes: tuple[Lane, ...] = ()
        self.plan = 0
        """The number of the plan that `lanes` is of; 0 for none."""
        self.was_used = True
        self.weight = 1
        """What it counts for against the cache's bound: one, and each row of the list that it holds."""
        self.is_held = True
        """Whether it still stands in the cache: who fetches for it may find it dropped meanwhile."""


class Cache:
    """Slots by their key: at most `most` of them, the rows of lists in them counted too, for they take as much room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._slots: OrderedDict[Hashable, Slot] = OrderedDict()
        self.hits = 0
        self.misses = 0
        self.stale = 0

    def find(self, key: Hashable) -> Slot | None:
        """Return the slot of a key, None when there is none."""
        return self._slots.get(key)

    def slot(self, key: Hashable, query: Query) -> Slot:
        """Return the slot of a key, made when there is none; one long unused makes room."""
        slot = self._slots.get(key)
        if slot is None:
            self._make_room(1)
            slot = self._slots[key] = Slot(query)
            self._weight += 1
        slot.was_used = True
        return slot

    def put(self, slot: Slot, entry: Entry) -> None:
        """Keep an answer in its slot; slots long unused make room for its rows."""
        slot.entry = entry
        if not slot.is_held:
            return
        value = entry.answer.value
        rows = _ROWS.get(type(value))
        more = (1 if rows is None else 1 + rows(value)) - slot.weight
        if more:
            slot.weight += more
            self._weight += more
            self._make_room(0)

    def stats(self) -> CacheStats:
        """Return the counts."""
        held = sum(slot.entry is not None for slot in self._slots.values())
        return CacheStats(held, self.hits, self.misses, self.stale)

    def _make_room(self, weight: int) -> None:
        """Drop slots until so much more has room; those with a fetch under way stay."""
        while self._weight + weight > self._most and self._drop_one():
            pass

    def _drop_one(self) -> bool:
        """Drop the oldest slot that was not used since it was last looked at; False when all have a fetch under way."""
        for _ in range(2 * len(self._slots)):
            key = next(iter(self._slots))
            slot = self._slots[key]
            if not slot.was_used and slot.lead is None:
                del self._slots[key]
                slot.is_held = False
                self._weight -= slot.weight
                return True
            slot.was_used = False
            self._slots.move_to_end(key)
        return False


def restamped(
    answer: Answer[Value], freshness: Freshness, attempts: tuple[Attempt, ...] | None = None
) -> Answer[Value]:
    """Return the same answer with another freshness, and with other attempts where they are given."""
    p = answer.provenance
    return Answer(
        answer.value,
        Provenance(
            p.source,
            p.receive_time,
            freshness,
            p.source_time,
            p.confidence,
            p.agreed,
            p.asked,
            p.simulated,
            p.attempts if attempts is None else attempts,
        ),
    )
