"""The second level of the cache in simulated time: what of it is believed, how old it counts, and what is put there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.clock import VirtualClock, run_virtual
from server.fallback.engine import Engine
from server.model import (
    INTERVALS,
    Action,
    Answer,
    Article,
    Articles,
    Attempt,
    Candle,
    Candles,
    CandlesQuery,
    Decision,
    Freshness,
    Kind,
    NewsQuery,
    Outcome,
    Price,
    PriceQuery,
    Provenance,
    Query,
    Scope,
    SharedAnswer,
    Value,
)
from server.providers.base import Capability, Provider, Reply, Request, Source, Tier
from server.rpc.convert.provenance import provenance_message
from tests.fallback.level import Level
from tests.fallback.world import BITCOIN, BTC_USD, ETH_USD, World, source

Story = Callable[["Two"], Coroutine[Any, Any, None]]


def read_feed(_source: Source, _query: Query, replies: tuple[Reply, ...]) -> Value:
    """Read one article whose title is what was answered."""
    title = replies[0].body.decode()
    return Articles((Article(title, title, "https://a.example", datetime(2026, 1, 1, tzinfo=UTC), ("a",)),))


FEED = Provider("toy", (Capability(Kind.NEWS, lambda _source, _query: (Request("/feed"),), read_feed),), ())


class Two:
    """Two processes that share a second level, over one world; `a` says 100."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.world = World(clock)
        self.world.says("a")
        self.world.says("b", "101")
        self.level = Level(clock)
        self.reads = 0
        self.one, self.other = (self.engine() for _ in range(2))

    def engine(self, **given: Any) -> Engine:
        """Return one more process."""
        return self.world.engine(["a", "b"], shared=self.level, **given)

    async def fetched(self) -> Answer[Value]:
        """Let one process fetch bitcoin's price; return it as it is kept."""
        await self.one.ask(BTC_USD)
        return self.level.kept[BTC_USD][0]

    async def feed(self, _request: Request) -> Reply:
        """Answer as a feed."""
        self.reads += 1
        return Reply(200, f"{self.reads}".encode())

    def puts(self, answer: Answer[Value], age_s: float = 0.0) -> None:
        """Put an answer there in place of what is kept."""
        self.level.kept[BTC_USD] = (answer, self.clock.monotonic() - age_s)


def play(story: Story) -> None:
    """Run a story in simulated time."""

    async def main(clock: VirtualClock) -> None:
        await story(Two(clock))

    run_virtual(main)


def price_of(answer: Answer[Value], **parts: Any) -> Answer[Value]:
    """Return an answer with other parts of its price."""
    assert isinstance(answer.value, Price)
    return replace(answer, value=replace(answer.value, **parts))


def origin_of(answer: Answer[Value], **parts: Any) -> Answer[Value]:
    """Return an answer with other parts of its provenance."""
    return replace(answer, provenance=replace(answer.provenance, **parts))


def test_it_ages_as_if_it_had_been_fetched_here() -> None:
    """Fresh for what is left of its five seconds; in its grace it answers at once and is fetched anew behind."""

    async def story(two: Two) -> None:
        await two.fetched()
        two.clock.advance(4)
        assert (await two.other.ask(BTC_USD)).provenance.freshness is Freshness.CACHED
        assert two.other.repeatable_until(BTC_USD) - two.clock.monotonic() < 1.1
        two.clock.advance(10)
        assert two.world.asked == {"a": 1}
        assert (await two.other.ask(BTC_USD)).provenance.freshness is Freshness.CACHED
        await asyncio.sleep(1)
        assert two.world.asked == {"a": 2}

    play(story)


def test_a_refresh_takes_what_another_process_has_refreshed() -> None:
    """An answer in its grace is not fetched anew where a fresh one is there; one as old as its own is no help."""

    async def story(two: Two) -> None:
        await two.fetched()
        await two.other.ask(BTC_USD)
        two.clock.advance(10)
        await two.one.ask(BTC_USD)
        await asyncio.sleep(1)
        assert two.world.asked == {"a": 2}
        await two.other.ask(BTC_USD)
        await asyncio.sleep(1)
        assert two.world.asked == {"a": 2}
        assert two.other.peek(BTC_USD) is not None

    play(story)


def test_past_its_grace_it_is_the_last_resort() -> None:
    """Sources are asked first; when none answers it is served, marked stale, before the store is asked."""

    async def story(two: Two) -> None:
        await two.fetched()
        two.clock.advance(40)
        two.world.fails("a")
        two.world.fails("b")
        found = await two.other.ask(BTC_USD)
        assert found.provenance.freshness is Freshness.STALE
        assert [each.source for each in found.provenance.attempts] == ["a", "b"]

    play(story)


@pytest.mark.parametrize("behind_s", [-90.0, 90.0])
def test_a_machine_whose_clock_is_wrong_makes_nothing_fresher(behind_s: float) -> None:
    """The larger age of two counts: by the server's clock, and by the time of receipt."""

    async def story(two: Two) -> None:
        kept = await two.fetched()
        time = two.clock.now() - timedelta(seconds=40 + behind_s)
        two.puts(origin_of(kept, receive_time=time), age_s=40)
        await two.other.ask(BTC_USD)
        assert two.world.asked == {"a": 2}
        two.puts(origin_of(kept, receive_time=two.clock.now()), age_s=-1000)
        assert (await two.engine().ask(BTC_USD)).provenance.freshness is Freshness.CACHED

    play(story)


WRONG: tuple[tuple[str, Callable[[Answer[Value], VirtualClock], Answer[Value]]], ...] = (
    ("out_of_bounds", lambda kept, _: price_of(kept, value=Decimal(-1))),
    ("out_of_bounds", lambda kept, clock: price_of(kept, source_time=clock.now() + timedelta(hours=1))),
    ("wrong_asset", lambda kept, _: price_of(kept, asset="ethereum")),
    ("in another quote", lambda kept, _: price_of(kept, quote="EUR")),
    ("in doubt", lambda kept, _: price_of(kept, flagged=True)),
    ("in doubt", lambda kept, _: origin_of(kept, is_contested=True)),
    ("of the other world", lambda kept, _: origin_of(kept, simulated=True)),
    ("of no source of ours", lambda kept, _: origin_of(kept, source="nobody")),
    ("of no source of ours", lambda kept, _: origin_of(kept, freshness=Freshness.STORED)),
    ("of no source of ours", lambda kept, _: origin_of(kept, agreed=10**12)),
    ("of no source of ours", lambda kept, _: origin_of(kept, asked=10**12)),
    ("of no source of ours", lambda kept, _: origin_of(kept, agreed=0)),
    ("of no source of ours", lambda kept, _: origin_of(kept, attempts=())),
    ("of no source of ours", lambda kept, _: origin_of(kept, attempts=(Attempt("a", Outcome.OK),) * 201)),
    ("of no source of ours", lambda kept, _: origin_of(kept, attempts=(Attempt("a", Outcome.OK, detail="x" * 1000),))),
    ("fetched in the future", lambda kept, clock: origin_of(kept, receive_time=clock.now() + timedelta(minutes=5))),
)


@pytest.mark.parametrize(
    ("reason", "make"), WRONG, ids=[f"{place} {reason}" for place, (reason, _) in enumerate(WRONG)]
)
def test_what_no_source_could_have_said_is_refused(
    reason: str, make: Callable[[Answer[Value], VirtualClock], Answer[Value]]
) -> None:
    """It is a miss, counted by the reason, and neither served nor kept as the last resort."""

    async def story(two: Two) -> None:
        two.puts(make(await two.fetched(), two.clock))
        found = await two.other.ask(BTC_USD)
        assert found.provenance.freshness is Freshness.LIVE
        assert isinstance(found.value, Price)
        assert (found.value.asset, found.value.quote, found.value.value) == ("bitcoin", "USD", 100)
        assert two.level.refused == {reason: 1}

    play(story)


def test_a_count_that_no_message_can_hold_is_not_taken_from_the_second_level() -> None:
    """Whoever wrote it: an answer that cannot be told to any caller is no answer."""

    async def story(two: Two) -> None:
        two.puts(origin_of(await two.fetched(), agreed=10**12, asked=10**12))
        answer = await two.other.ask(BTC_USD)
        assert provenance_message(answer.provenance).agreement.agreed == 1

    play(story)


def test_a_jump_against_what_is_believed_here_is_not_taken_from_another() -> None:
    """Sources are asked, who confirm it or do not."""

    async def story(two: Two) -> None:
        kept = await two.fetched()
        await two.other.ask(BTC_USD, fresh=True)
        two.clock.advance(31)
        two.puts(price_of(origin_of(kept, receive_time=two.clock.now()), value=Decimal(150), source_time=None))
        assert (await two.other.ask(BTC_USD)).provenance.freshness is Freshness.LIVE
        assert two.level.refused == {"a jump": 1}

    play(story)


def test_of_a_source_that_is_out_here_nothing_is_fresh() -> None:
    """An operator disabled it: what others heard of it is no more than a last resort."""

    async def story(two: Two) -> None:
        await two.fetched()
        two.other.watch.apply(Decision("a", Action.DISABLE, two.clock.now()))
        found = await two.other.ask(BTC_USD)
        assert (found.provenance.source, found.provenance.freshness) == ("b", Freshness.LIVE)

    play(story)


def test_only_what_others_can_rely_on_is_offered() -> None:
    """Neither a doubted price, nor a stale one, nor one source's own quote, nor what was found there."""

    async def story(two: Two) -> None:
        await two.fetched()
        assert two.level.lasts[BTC_USD] == pytest.approx(60, abs=1)
        two.level.kept.clear()
        two.world.says("a", "150")
        two.world.fails("b")
        assert (await two.one.ask(BTC_USD, fresh=True)).value.flagged  # type: ignore[union-attr]  # it is a price
        two.world.says("a", age_s=100)
        await two.one.ask(PriceQuery(BITCOIN, "EUR"))
        two.world.says("a")
        await two.one.sweep(ETH_USD)
        assert two.level.kept == {}
        await two.one.ask(ETH_USD)
        await two.other.ask(ETH_USD)
        assert list(two.level.kept) == [ETH_USD]
        assert two.world.asked["a"] == 5

    play(story)


def test_what_is_dropped_while_it_is_fetched_is_not_offered() -> None:
    """The fetch goes on for who waits for it; nobody finds it afterwards."""

    async def story(two: Two) -> None:
        asking = asyncio.create_task(two.one.ask(BTC_USD))
        await asyncio.sleep(0.01)
        await two.one.second.drop(Scope())
        await asking
        assert two.level.kept == {}

    play(story)


def test_what_is_looked_up_while_a_drop_is_told_is_dropped_with_it() -> None:
    """Until the others know, what is to be dropped is still there, and it must not come back by a look-up."""

    async def story(two: Two) -> None:
        await two.fetched()
        two.level.after_s = 0.01
        dropping = asyncio.create_task(two.other.second.drop(Scope()))
        await asyncio.sleep(0)
        two.level.after_s = 0.0
        assert (await two.other.ask(BTC_USD)).provenance.freshness is Freshness.CACHED
        assert await dropping == (1, True)
        assert (await two.other.ask(BTC_USD)).provenance.freshness is Freshness.LIVE

    play(story)


def test_a_look_up_waits_no_longer_than_it_may() -> None:
    """Fifty milliseconds, less for a caller in a hurry; a slow one costs that and no more, a broken one nothing."""

    async def story(two: Two) -> None:
        two.level.after_s = 100
        before = two.clock.monotonic()
        await two.one.ask(BTC_USD)
        assert two.clock.monotonic() - before == pytest.approx(0.1, abs=0.01)
        await two.one.ask(ETH_USD, deadline_s=0.2)
        assert two.level.waits == [0.05, pytest.approx(0.018)]
        two.level.after_s, two.level.fault = 0.0, ValueError("broken")
        assert (await two.one.ask(PriceQuery(BITCOIN, "EUR"))).provenance.freshness is Freshness.LIVE

    play(story)


def test_equal_questions_are_looked_up_once() -> None:
    """They share the look-up as they share a fetch."""

    async def story(two: Two) -> None:
        await two.fetched()
        two.level.waits.clear()
        found = await asyncio.gather(*(two.other.ask(BTC_USD) for _ in range(50)))
        assert len(two.level.waits) == 1
        assert {each.provenance.freshness for each in found} == {Freshness.CACHED}

    play(story)


def test_who_wants_it_fresh_gets_it_fresh() -> None:
    """Also one that waits for the same fetch as one who is content with what is there."""

    async def story(two: Two) -> None:
        await two.fetched()
        content, strict = await asyncio.gather(two.other.ask(BTC_USD), two.other.ask(BTC_USD, fresh=True))
        assert content.provenance.freshness is Freshness.CACHED
        assert strict.provenance.freshness is Freshness.LIVE

    play(story)


def test_a_new_process_takes_over_what_is_there() -> None:
    """What is still of use when it starts; it then answers without a look-up."""

    async def story(two: Two) -> None:
        await two.one.ask(ETH_USD)
        two.clock.advance(40)
        await two.fetched()
        third = two.engine()
        await third.start()
        two.level.waits.clear()
        assert third.peek(BTC_USD) is not None
        assert third.peek(ETH_USD) is None
        assert (await third.ask(BTC_USD)).provenance.freshness is Freshness.CACHED
        assert two.level.waits == []
        await third.close()

    play(story)


def test_sources_of_one_tier_answer_without_a_second_level_as_before() -> None:
    """Where nothing is shared nothing is looked up, and a drop needs nobody else."""

    async def story(two: Two) -> None:
        alone = two.world.engine([source("a", Tier.CRITICAL)])
        await alone.ask(BTC_USD)
        assert await alone.second.drop(Scope()) == (1, True)
        assert alone.second.state() is None
        assert two.level.waits == []

    play(story)


@pytest.mark.parametrize(("late_s", "is_usable"), [(-60.0, False), (600.0, True)])
def test_a_candle_that_was_open_when_it_was_fetched_is_not_closed_by_having_lain_there(
    late_s: float, *, is_usable: bool
) -> None:
    """What is closed is true for good; what was not closed yet is as old as it is, however it looks by now."""

    async def story(two: Two) -> None:
        end = two.clock.now().replace(minute=0, second=0, microsecond=0)
        query = CandlesQuery(BITCOIN, INTERVALS["1m"], end_time=end)
        one = Candle(end - timedelta(minutes=1), *[Decimal(1)] * 4)
        fetched = end + timedelta(seconds=late_s)
        two.clock.advance(3600)
        origin = Provenance("a", fetched, Freshness.LIVE, attempts=(Attempt("a", Outcome.OK),))
        answer = Answer(Candles("bitcoin", "USD", "1m", (one,)), origin)
        age_s = (two.clock.now() - fetched).total_seconds()
        entry = two.one.second._entry(query, SharedAnswer(answer, age_s))
        assert entry is not None
        assert (two.clock.monotonic() < entry.grace_until) is is_usable

    play(story)


def test_a_feed_that_another_process_has_read_is_not_read_again() -> None:
    """Each source's own news is shared as that source's, and past its time it is read anew."""

    async def story(two: Two) -> None:
        parts = {"providers": {"toy": FEED}, "shared": two.level}
        one, other = (two.world.engine(["a", "b"], **parts) for _ in range(2))
        for id_ in ("a", "b"):
            two.world.does(id_, two.feed)
        first = await one.sweep(NewsQuery())
        assert set(two.level.own) == {("a", NewsQuery()), ("b", NewsQuery())}
        second = await other.sweep(NewsQuery())
        assert two.reads == 2
        assert [each.value for each in second.answers] == [each.value for each in first.answers]
        assert [each.provenance.source for each in second.answers] == ["a", "b"]
        assert {each.provenance.freshness for each in second.answers} == {Freshness.CACHED}
        two.level.own["a", NewsQuery()] = two.level.own["b", NewsQuery()]
        third = two.world.engine(["a", "b"], **parts)
        assert [each.provenance.source for each in (await third.sweep(NewsQuery())).answers] == ["a", "b"]
        assert two.level.refused == {"of no source of ours": 1}
        assert two.reads == 3
        two.clock.advance(130)
        await other.sweep(NewsQuery())
        assert two.reads == 5

    play(story)


def test_what_was_fetched_long_ago_is_not_fresh_for_having_been_written_just_now() -> None:
    """A process that hung between the two makes nothing younger."""

    async def story(two: Two) -> None:
        kept = await two.fetched()
        two.puts(origin_of(kept, receive_time=two.clock.now() - timedelta(seconds=40)), age_s=0)
        assert (await two.other.ask(BTC_USD)).provenance.freshness is Freshness.LIVE

    play(story)


def test_data_goes_stale_by_its_own_time_there_too() -> None:
    """Fetched just now, it says that it is 57 s old: of the minute that it may pass as fresh three seconds are left."""

    async def story(two: Two) -> None:
        kept = await two.fetched()
        now = two.clock.now()
        two.puts(price_of(origin_of(kept, receive_time=now), source_time=now - timedelta(seconds=57)))
        assert (await two.other.ask(BTC_USD)).provenance.freshness is Freshness.CACHED
        assert two.other.repeatable_until(BTC_USD) - two.clock.monotonic() == pytest.approx(3, abs=0.01)
        two.clock.advance(4)
        two.level.kept.clear()
        assert (await two.other.ask(BTC_USD)).provenance.freshness is Freshness.LIVE

    play(story)


def test_what_a_new_process_has_fetched_itself_is_not_overwritten_by_what_it_takes_over() -> None:
    """Its own answer is the younger one."""

    async def story(two: Two) -> None:
        kept = await two.fetched()
        two.clock.advance(6)
        two.world.says("a", "102")
        third = two.engine()
        own = await third.ask(BTC_USD, fresh=True)
        two.puts(kept, age_s=6)
        await third.second.warm()
        known = third.peek(BTC_USD)
        assert known is not None
        assert known.value == own.value

    play(story)
