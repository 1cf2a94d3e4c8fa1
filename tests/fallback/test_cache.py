"""Slots: bounded, the ones long unused out first, never one whose fetch is under way."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from server.clock import VirtualClock
from server.fallback.cache import _ROWS, Cache, Entry
from server.fallback.figures import Figures
from server.fallback.flight import Lead
from server.model import (
    Answer,
    FearGreedQuery,
    Freshness,
    Kind,
    ListedAssets,
    OverviewQuery,
    Price,
    Prices,
    Provenance,
    Value,
)

QUERY, FEAR = OverviewQuery(), FearGreedQuery()
FIGURES = Figures(5, 25, 60, 3)


def entry(now: float = 0.0, age_s: float = 0.0) -> Entry:
    """Return an entry fetched at a time."""
    value: Value = ListedAssets(())
    return Entry(Answer(value, Provenance("a", VirtualClock().now(), Freshness.LIVE)), FIGURES, now, age_s)


def test_no_more_slots_are_held_than_allowed_and_the_unused_go_first() -> None:
    """A slot that was found lately outlives those that were not."""
    cache = Cache(10)
    for number in range(10):
        cache.slot(number, QUERY).entry = entry()
    for number in range(10, 15):
        cache.slot(number, QUERY)
    for number in range(15, 60):
        cache.slot(14, QUERY)
        cache.slot(number, QUERY)
    assert cache.find(14) is not None
    assert cache.find(0) is None
    assert sum(cache.find(number) is not None for number in range(60)) == 10


def listing(rows: int) -> Entry:
    """Return an entry that holds a list of so many rows."""
    prices = Prices((Price("bitcoin", "USD", Decimal(1)),) * rows)
    return Entry(Answer(prices, Provenance("a", VirtualClock().now(), Freshness.LIVE)), FIGURES, 0.0, 0.0)


def test_a_long_list_makes_as_many_others_go_as_it_has_rows() -> None:
    """The bound is of what is held, not of how many answers hold it: a flood of long lists stays within it."""
    cache = Cache(1000)
    for number in range(900):
        cache.put(cache.slot(number, QUERY), entry())
    cache.put(cache.slot("long", QUERY), listing(400))
    assert cache.find("long") is not None
    assert sum(cache.find(number) is not None for number in range(900)) == 1000 - 401
    for number in range(50):
        cache.put(cache.slot(("long", number), QUERY), listing(400))
    held = [slot for number in range(50) if (slot := cache.find(("long", number))) is not None]
    assert len(held) == 2
    cache.put(held[0], entry())
    cache.put(held[1], entry())
    for number in range(1100):
        cache.put(cache.slot(number, QUERY), entry())
    assert sum(cache.find(number) is not None for number in range(1100)) == 1000


def test_an_answer_for_a_slot_that_was_dropped_counts_for_nothing() -> None:
    """A probe may come back after its slot made room for others; what it brings is not held."""
    cache = Cache(10)
    gone = cache.slot("gone", QUERY)
    for number in range(20):
        cache.slot(number, QUERY)
    assert cache.find("gone") is None
    cache.put(gone, listing(400))
    assert sum(cache.find(number) is not None for number in range(20)) == 10


def test_every_list_counts_by_its_rows() -> None:
    """A value that holds a tuple is weighed by it: none is left out when a kind is added."""
    for kind in Value.__args__:
        holds = [each.name for each in dataclasses.fields(kind) if str(each.type).startswith("tuple")]
        assert bool(holds) == (kind in _ROWS), kind


def test_a_slot_whose_fetch_is_under_way_stays() -> None:
    """Those who wait for it must find it."""
    cache = Cache(5)
    cache.slot("busy", QUERY).lead = Lead(1.0)
    for number in range(50):
        cache.slot(number, QUERY)
    assert cache.find("busy") is not None
    full = Cache(2)
    for number in range(5):
        full.slot(number, QUERY).lead = Lead(1.0)
    assert all(full.find(number) is not None for number in range(5))


def test_an_entry_lives_by_its_fetch_and_goes_stale_by_its_data() -> None:
    """Old data shortens both its time to live and its grace; data past its longest age is held for a moment only."""
    young = entry(now=100, age_s=10)
    assert (young.fresh_until, young.grace_until, young.stale_at) == (105, 130, 150)
    old = entry(now=100, age_s=57)
    assert (old.fresh_until, old.grace_until, old.stale_at) == (103, 103, 103)
    past = entry(now=100, age_s=90)
    assert (past.fresh_until, past.grace_until) == (105, 105)
    assert past.cached(101).provenance.freshness is Freshness.STALE
    assert young.cached(101) is young.cached(102)
    assert young.cached(151).provenance.freshness is Freshness.STALE


def test_only_answers_are_counted_as_entries() -> None:
    """A slot without an answer is none."""
    cache = Cache(5)
    cache.slot("empty", QUERY)
    cache.slot("full", QUERY).entry = entry()
    assert cache.stats().entries == 1


def test_what_is_dropped_makes_room_and_is_not_put_back() -> None:
    """Only what is wanted goes; an answer that was under way meanwhile is not kept."""
    cache = Cache(9)
    kept, dropped = cache.slot("kept", QUERY), cache.slot("dropped", FEAR)
    for slot in (kept, dropped):
        cache.put(slot, entry())
    assert cache.drop(lambda query: query is FEAR) == 1
    assert (cache.find("dropped"), cache.find("kept")) == (None, kept)
    cache.put(dropped, entry())
    assert cache.find("dropped") is None
    assert cache.stats().entries == 1
    for number in range(8):
        cache.put(cache.slot(number, FEAR), entry())
    assert cache.find("kept") is not None  # what was dropped weighs nothing any more
    assert cache.drop(lambda _: True) == 9
    assert cache.stats().entries == 0


def test_each_kind_has_its_own_figures() -> None:
    """Hits, misses and stale answers are those of the query's kind, and the whole is their sum."""
    cache = Cache(10)
    slot = cache.slot(1, QUERY)
    cache.put(slot, entry(age_s=100))
    slot.tally.hits += 3
    cache.slot(2, QUERY).tally.misses += 1
    cache.slot(3, FEAR).tally.misses += 2
    assert slot.entry is not None
    assert slot.entry.cached(0.0).provenance.freshness is Freshness.STALE
    stats = cache.stats()
    figures = {each.kind: (each.entries, each.hits, each.misses, each.stale) for each in stats.kinds}
    assert figures[Kind.OVERVIEW] == (1, 3, 1, 1)
    assert figures[Kind.FEAR_GREED] == (0, 0, 2, 0)
    assert (stats.entries, stats.hits, stats.misses, stats.stale) == (1, 3, 3, 1)


def test_what_a_distrusted_source_said_is_fresh_no_more() -> None:
    """It stays as the last resort; what others said is left alone."""
    cache = Cache(10)
    slot = cache.slot(1, QUERY)
    cache.put(slot, entry())
    found = slot.entry
    assert found is not None
    cache.distrust("b")
    assert found.fresh_until > 0
    cache.distrust("a")
    assert max(found.fresh_until, found.grace_until) < 0
    assert slot.entry is found
