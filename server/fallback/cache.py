"""The first level of the cache: a slot for each query, bounded by the rows they hold, the ones long unused out first.

A slot holds all that is kept of one query: its answer, the fetch under way, the lanes that cover it. Ask and sweep
find it by one lookup. An answer lives by when it was fetched, and goes stale by the data's own time.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import inf
from typing import Any

from server.fallback.depths import Depths
from server.fallback.figures import FIGURES, Figures
from server.fallback.flight import Berth, Lead
from server.fallback.lane import Lane
from server.model import (
    Answer,
    Articles,
    Attempt,
    Balance,
    Candles,
    FearGreed,
    Freshness,
    Kind,
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
    kinds: tuple[KindStats, ...] = ()


@dataclass(frozen=True, slots=True)
class KindStats:
    """The same for one kind of data."""

    kind: Kind
    entries: int
    hits: int
    misses: int
    stale: int
    depths: tuple[int, ...] = ()
    """Fetches by how many attempts they made, in the order of `depths.DEPTHS`."""
    shared_hits: int = 0
    shared_misses: int = 0
    """What came of looking in the second level; neither counts without one."""


class Tally:
    """What became of the calls for one kind; every slot of the kind holds the same one."""

    __slots__ = ("depths", "hits", "misses", "shared_hits", "shared_misses", "stale")

    def __init__(self) -> None:
        self.depths = Depths()
        self.hits = 0
        self.misses = 0
        self.stale = 0
        self.shared_hits = 0
        self.shared_misses = 0


class Entry:
    """One answer and until when it is fresh, in grace and not stale (monotonic seconds)."""

    __slots__ = (
        "_cached",
        "_last_resort",
        "_stale",
        "answer",
        "fresh_until",
        "grace_until",
        "refreshing",
        "stale_at",
        "tally",
    )

    def __init__(self, answer: Answer[Value], figures: Figures, now: float, age_s: float) -> None:
        self.answer = answer
        left_s = figures.longest_s - age_s
        self.stale_at = now + (min(left_s, 0.0) if answer.provenance.freshness is Freshness.STALE else left_s)
        if self.stale_at > now:
            self.fresh_until = min(now + figures.ttl_s, self.stale_at)
            self.grace_until = min(self.fresh_until + figures.grace_s, self.stale_at)
        else:
            self.hold(figures, now)
        self.refreshing = False
        self.tally: Tally | None = None
        """Where it is counted how often it was served stale; set by the cache that holds it."""
        self._cached: Answer[Value] | None = None
        self._stale: Answer[Value] | None = None
        self._last_resort: Answer[Value] | None = None

    def give_up(self, last_resort: Answer[Value]) -> None:
        """Serve this from now on, at once and marked stale: the refresh that ran behind came back with nothing."""
        self._last_resort = last_resort

    def expire(self) -> None:
        """Be fresh no more."""
        self.fresh_until = self.grace_until = -inf

    def hold(self, figures: Figures, now: float) -> None:
        """Serve on without asking for a while: the sources have nothing younger."""
        self.fresh_until = self.grace_until = now + min(figures.ttl_s, _RETRY_STALE_S)

    def cached(self, now: float) -> Answer[Value]:
        """Return the answer as one from the cache: always the same object, so that its bytes can be kept beside it."""
        if self._last_resort is not None:
            self._count()
            return self._last_resort
        if now >= self.stale_at:
            return self.stale()
        if self._cached is None:
            self._cached = restamped(self.answer, Freshness.CACHED)
        return self._cached

    def stale(self) -> Answer[Value]:
        """Return the answer marked stale."""
        self._count()
        if self._stale is None:
            self._stale = restamped(self.answer, Freshness.STALE)
        return self._stale

    def _count(self) -> None:
        if self.tally is not None:
            self.tally.stale += 1


class Slot:
    """All that is kept of one query, or of one query at one source."""

    __slots__ = ("entry", "figures", "is_held", "lanes", "lead", "look", "plan", "query", "tally", "was_used", "weight")

    def __init__(self, query: Query, tally: Tally | None = None) -> None:
        self.query = query
        self.tally = tally or Tally()
        self.figures = FIGURES[query.kind]
        self.entry: Entry | None = None
        self.lead: Lead[object] | None = None
        """The fetch under way."""
        self.look: Berth | None = None  # the look-up under way in the second level
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
        self._tallies = {kind: Tally() for kind in Kind}
        self.dropped: Callable[[], object] = lambda: None
        """Called when answers were dropped, so that what was made of them is dropped too."""

    def find(self, key: Hashable) -> Slot | None:
        """Return the slot of a key, None when there is none."""
        return self._slots.get(key)

    def slot(self, key: Hashable, query: Query) -> Slot:
        """Return the slot of a key, made when there is none; one long unused makes room."""
        slot = self._slots.get(key)
        if slot is None:
            self._make_room(1)
            slot = self._slots[key] = Slot(query, self._tallies[query.kind])
            self._weight += 1
        slot.was_used = True
        return slot

    def put(self, slot: Slot, entry: Entry) -> None:
        """Keep an answer in its slot; slots long unused make room for its rows."""
        slot.entry, entry.tally = entry, slot.tally
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
        """Return the counts, those of each kind too."""
        held = Counter(slot.query.kind for slot in self._slots.values() if slot.entry is not None)
        kinds = tuple(
            KindStats(kind, held[kind], t.hits, t.misses, t.stale, t.depths.counts(), t.shared_hits, t.shared_misses)
            for kind, t in self._tallies.items()
        )
        hits, misses, stale = (sum(getattr(each, name) for each in kinds) for name in ("hits", "misses", "stale"))
        return CacheStats(held.total(), hits, misses, stale, kinds)

    def drop(self, wanted: Callable[[Query], bool]) -> int:
        """Drop what is kept of the queries that are wanted; return how many answers that were.

        A fetch under way goes on for those who wait for it, and what it brings is not kept.
        """
        dropped = 0
        for key, slot in [(key, slot) for key, slot in self._slots.items() if wanted(slot.query)]:
            del self._slots[key]
            slot.is_held = False
            self._weight -= slot.weight
            dropped += slot.entry is not None
        self.dropped()
        return dropped

    def distrust(self, source: str) -> None:
        """Let no answer of a source count as fresh: it is asked for anew, and serves as the last resort alone."""
        for slot in self._slots.values():
            if slot.entry is not None and slot.entry.answer.provenance.source == source:
                slot.entry.expire()

    def _make_room(self, weight: int) -> None:
        """Drop slots until so much more has room; those with a fetch under way stay."""
        while self._weight + weight > self._most and self._drop_one():
            pass

    def _drop_one(self) -> bool:
        """Drop the oldest slot that was not used since it was last looked at; False when all have a fetch under way."""
        for _ in range(2 * len(self._slots)):
            key, slot = next(iter(self._slots.items()))
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
            p.is_contested,
        ),
    )
