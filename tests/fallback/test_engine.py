"""The engine in simulated time: cache, failover, single flight, stale and stored answers."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.clock import VirtualClock, run_virtual
from server.errors import DeadlineTooShort, NerkhError, SourcesExhausted, SourcesFailed, StoreUnavailable, Unsupported
from server.fallback.cache import restamped
from server.fallback.engine import Engine
from server.fallback.http import TransportFailure
from server.model import (
    INTERVALS,
    Action,
    Answer,
    Attempt,
    BreakerState,
    Candle,
    Candles,
    CandlesQuery,
    Chain,
    ChainFamily,
    Decision,
    Freshness,
    Kind,
    Observation,
    Outcome,
    Price,
    PriceQuery,
    Provenance,
    Query,
    SourceState,
    TransactionPage,
    TransactionsQuery,
    Value,
)
from server.providers.base import Capability, Provider, Reply, Request, Source, Tier
from server.settings import Settings
from tests.fallback.world import BITCOIN, BTC_USD, ETH_USD, ETHER, KEY, TETHER, World, source

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]


def play(story: Story) -> None:
    """Run a story in simulated time and leave nothing under way."""

    async def main(clock: VirtualClock) -> None:
        world = World(clock)
        await story(world, clock)

    run_virtual(main)


def outcomes(attempts: tuple[Attempt, ...]) -> list[tuple[str, str]]:
    """Return who was tried and how it ended."""
    return [(each.source, each.outcome.value) for each in attempts]


def value_of(answer: Answer[Value]) -> Decimal:
    """Return an answer's price."""
    assert isinstance(answer.value, Price)
    return answer.value.value


def test_the_best_source_answers_live_and_then_the_cache() -> None:
    """A first ask is LIVE from the first source; within the time to live the cache answers and nobody is asked."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        world.says("b", "101")
        engine = world.engine(["a", "b"])
        first = await engine.ask(BTC_USD)
        assert (first.provenance.source, first.provenance.freshness) == ("a", Freshness.LIVE)
        assert outcomes(first.provenance.attempts) == [("a", "ok")]
        clock.advance(4)
        second = await engine.ask(BTC_USD)
        assert second.provenance.freshness is Freshness.CACHED
        assert second is engine.peek(BTC_USD)
        assert world.asked == {"a": 1}
        assert engine.cache_stats().hits == 2

    play(story)


def test_a_fetch_leaves_nothing_to_the_garbage_collector() -> None:
    """What a fetch made is gone with its end, also where a hedge ran: cycles would have to be searched for."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a", after_s=2)
        world.says("b", after_s=0.1)
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        await asyncio.sleep(5)
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                await engine.ask(BTC_USD, fresh=True)
                await asyncio.sleep(5)
            assert engine.hedging().wins > 0
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            left = {type(each).__module__ for each in gc.garbage}
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
        assert not {name for name in left if name.startswith("server.")}

    play(story)


def test_in_its_grace_an_answer_is_served_while_one_refresher_runs() -> None:
    """Past the time to live callers get the old answer at once, and one fetch runs behind for all of them."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine(["a"])
        await engine.ask(BTC_USD)
        clock.advance(10)
        world.says("a", "105", after_s=1)
        answers = await asyncio.gather(*(engine.ask(BTC_USD) for _ in range(50)))
        assert {value_of(answer) for answer in answers} == {100}
        assert {answer.provenance.freshness for answer in answers} == {Freshness.CACHED}
        await asyncio.sleep(2)
        assert world.asked == {"a": 2}
        assert value_of(await engine.ask(BTC_USD)) == 105

    play(story)


def test_two_hundred_callers_on_a_miss_make_one_fetch() -> None:
    """Equal queries under way are one fetch."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a", after_s=0.5)
        engine = world.engine(["a"])
        answers = await asyncio.gather(*(engine.ask(BTC_USD) for _ in range(200)))
        assert world.asked == {"a": 1}
        assert {value_of(answer) for answer in answers} == {100}

    play(story)


def test_a_leader_that_is_cancelled_hands_over() -> None:
    """When the caller that fetches goes away, one of those who wait fetches, and all get an answer."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a", after_s=0.5)
        engine = world.engine(["a"])
        first, *others = [asyncio.create_task(engine.ask(BTC_USD)) for _ in range(20)]
        await asyncio.sleep(0.1)
        first.cancel()
        answers = await asyncio.gather(*others)
        assert len(answers) == 19
        assert world.asked == {"a": 2}
        assert world.under_way == 0
        with pytest.raises(asyncio.CancelledError):
            await first

    play(story)


@pytest.mark.parametrize("fault", ["hangs", "fails"])
def test_when_the_leading_source_fails_the_next_one_answers(fault: str) -> None:
    """A source that hangs or refuses costs its callers a share of their deadline, not the answer."""

    async def story(world: World, clock: VirtualClock) -> None:
        getattr(world, fault)("a")
        world.says("b")
        world.says("c")
        engine = world.engine(["a", "b", "c"])
        start = clock.monotonic()
        answer = await engine.ask(BTC_USD)
        assert answer.provenance.source == "b"
        assert [each.source for each in answer.provenance.attempts] == ["a", "b"]
        assert clock.monotonic() - start < 1.0
        assert world.under_way == 0

    play(story)


def test_with_every_source_but_the_last_hanging_a_default_price_call_is_answered() -> None:
    """The 3 s of a price leave room for three sources."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.hangs("a")
        world.hangs("b")
        world.says("c")
        engine = world.engine(["a", "b", "c"])
        start = clock.monotonic()
        assert (await engine.ask(BTC_USD)).provenance.source == "c"
        assert clock.monotonic() - start < 2.7

    play(story)


def test_a_hung_source_opens_its_circuit_and_is_then_passed_over() -> None:
    """Five time-outs in a row open the circuit; from then on nobody waits for it, and it says why it is out."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        for _ in range(5):
            await engine.ask(BTC_USD, fresh=True)
        start = clock.monotonic()
        answer = await engine.ask(BTC_USD, fresh=True)
        assert clock.monotonic() - start < 0.1
        assert outcomes(answer.provenance.attempts) == [("a", "skipped_open"), ("b", "ok")]
        first = engine.ranking(Kind.PRICE).sources[0]
        assert (first.source, first.excluded) == ("a", "circuit open")
        assert next(view for view in engine.sources() if view.id == "a").state is SourceState.FAILED

    play(story)


def test_two_hundred_callers_as_a_cool_down_ends_send_one_probe() -> None:
    """Half-open lets one probe through, whatever they ask for; nobody waits for it, and two successes close."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        for _ in range(5):
            await engine.ask(BTC_USD, fresh=True)
        world.says("a", after_s=3)
        clock.advance(80)
        before = world.asked["a"]
        queries = [PriceQuery(BITCOIN, f"Q{n}") for n in range(200)]
        answers = await asyncio.gather(*(engine.ask(query) for query in queries))
        assert {answer.provenance.source for answer in answers} == {"b"}
        assert world.asked["a"] == before + 1
        await asyncio.sleep(4)
        await engine.ask(BTC_USD, fresh=True)
        await asyncio.sleep(4)
        world.says("a")
        assert (await engine.ask(BTC_USD, fresh=True)).provenance.source == "a"
        assert world.asked["a"] == before + 3

    play(story)


def test_with_all_sources_dead_what_was_seen_is_served_stale() -> None:
    """Past its grace an answer is served marked STALE, with the attempts that were made in vain."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine(["a", "b"])
        first = await engine.ask(BTC_USD)
        world.fails("a")
        world.fails("b", Outcome.RESET)
        clock.advance(40)
        answer = await engine.ask(BTC_USD)
        assert answer.provenance.freshness is Freshness.STALE
        assert answer.provenance.receive_time == first.provenance.receive_time
        assert outcomes(answer.provenance.attempts) == [("a", "refused"), ("b", "reset"), ("b", "reset")]

    play(story)


def test_in_its_grace_an_answer_that_cannot_be_refreshed_is_stale_at_once() -> None:
    """Nobody waits for sources that fail, nobody is told that all is well, and the attempts are named."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine(["a"])
        await engine.ask(BTC_USD)
        world.fails("a")
        clock.advance(6)
        assert (await engine.ask(BTC_USD)).provenance.freshness is Freshness.CACHED
        await asyncio.sleep(1)
        start = clock.monotonic()
        answer = await engine.ask(BTC_USD)
        assert clock.monotonic() == start
        assert answer.provenance.freshness is Freshness.STALE
        assert outcomes(answer.provenance.attempts) == [("a", "refused")]
        world.says("a", "105")
        await asyncio.sleep(1)
        await engine.ask(BTC_USD)
        await asyncio.sleep(1)
        answer = await engine.ask(BTC_USD)
        assert (value_of(answer), answer.provenance.freshness) == (105, Freshness.CACHED)

    play(story)


def test_data_past_its_longest_age_is_stale_however_lately_it_was_fetched() -> None:
    """A frozen source is a failure; when no other is left its answer is served as STALE, and not asked for at once."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "99", age_s=300)
        world.says("b", "98", age_s=200)
        engine = world.engine(["a", "b"])
        answer = await engine.ask(BTC_USD)
        assert (answer.provenance.source, answer.provenance.freshness) == ("b", Freshness.STALE)
        assert outcomes(answer.provenance.attempts) == [("a", "stale"), ("b", "stale")]
        assert (await engine.ask(BTC_USD)).provenance.freshness is Freshness.STALE
        assert world.asked == {"a": 1, "b": 1}
        world.says("c")
        clock.advance(6)
        world.says("b", "101")
        assert (await engine.ask(BTC_USD)).provenance.freshness is Freshness.LIVE

    play(story)


def test_a_fresh_answer_turns_stale_in_the_cache_by_the_datas_own_time() -> None:
    """Data that came 58 s old is served for 2 s, not for its time to live."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", age_s=58)
        engine = world.engine(["a"])
        assert (await engine.ask(BTC_USD)).provenance.freshness is Freshness.LIVE
        clock.advance(3)
        assert engine.peek(BTC_USD) is None
        world.says("a", "101")
        assert value_of(await engine.ask(BTC_USD)) == 101

    play(story)


class Memory:
    """A store that remembers one answer, or cannot be reached."""

    def __init__(self, answer: Answer[Value] | None, *, is_down: bool = False) -> None:
        self.answer = answer
        self.is_down = is_down

    async def last(self, _query: Query) -> Answer[Value] | None:
        """Return the answer."""
        if self.is_down:
            raise StoreUnavailable
        return self.answer


def test_with_nothing_in_the_cache_the_last_stored_answer_is_served() -> None:
    """After a restart with all sources dead, the store's answer is served as STORED."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        kept = restamped(await world.engine(["a"]).ask(BTC_USD), Freshness.STORED)
        world.fails("a")
        answer = await world.engine(["a"], stored=Memory(kept)).ask(BTC_USD)
        assert answer.provenance.freshness is Freshness.STORED
        assert outcomes(answer.provenance.attempts) == [("a", "refused")]

    play(story)


@pytest.mark.parametrize("stored", [None, Memory(None), Memory(None, is_down=True)])
def test_only_with_nothing_at_all_a_call_fails_and_says_what_was_tried(stored: Memory | None) -> None:
    """No store, an empty one and one that is away are the same: SourcesFailed with the attempts."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.fails("a")
        world.replies("b", 503)
        with pytest.raises(SourcesFailed) as caught:
            await world.engine(["a", "b"], stored=stored).ask(BTC_USD)
        assert outcomes(caught.value.attempts) == [("a", "refused"), ("b", "server_error")]

    play(story)


def test_when_every_circuit_is_open_a_stale_answer_comes_at_once_and_one_probe_goes_early() -> None:
    """Nobody waits for the probe, there are only a few a second, and its success serves the next caller."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine(["a"])
        await engine.ask(BTC_USD)
        world.fails("a")
        clock.advance(31)
        for _ in range(5):
            await engine.ask(BTC_USD)
        failed = world.asked["a"]
        world.says("a", "102", after_s=1)
        start = clock.monotonic()
        for _ in range(20):
            assert (await engine.ask(BTC_USD)).provenance.freshness is Freshness.STALE
        assert clock.monotonic() - start < 0.01
        await asyncio.sleep(1.1)
        assert world.asked["a"] == failed + 1
        assert value_of(await engine.ask(BTC_USD)) == 102

    play(story)


def test_when_every_circuit_is_open_and_nothing_was_seen_the_caller_waits_for_the_probe() -> None:
    """A value that was never seen comes from the early probe; while that is used up, SourcesExhausted says when."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.fails("a")
        engine = world.engine(["a"])
        for _ in range(5):
            with pytest.raises(SourcesFailed):
                await engine.ask(BTC_USD)
        world.says("a", after_s=1)
        first = asyncio.create_task(engine.ask(ETH_USD))
        await asyncio.sleep(0.01)
        with pytest.raises(SourcesExhausted) as caught:
            await engine.ask(BTC_USD)
        assert caught.value.retry_after_s >= 1
        assert (await first).value.asset == "ethereum"  # type: ignore[union-attr]  # prices have an asset

    play(story)


def test_a_short_deadline_ends_in_its_own_error_only_without_an_old_answer() -> None:
    """Too little time is the caller's affair: the source is not blamed, and an old answer still comes."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", after_s=0.3)
        engine = world.engine(["a"])
        for _ in range(8):
            with pytest.raises(DeadlineTooShort):
                await engine.ask(BTC_USD, deadline_s=0.2)
        assert engine.ranking(Kind.PRICE).sources[0].excluded == ""
        await engine.ask(BTC_USD)
        clock.advance(40)
        world.hangs("a")
        start = clock.monotonic()
        assert (await engine.ask(BTC_USD, deadline_s=0.2)).provenance.freshness is Freshness.STALE
        assert clock.monotonic() - start <= 0.2

    play(story)


def test_a_first_caller_in_a_hurry_makes_no_one_elses_answer_stale() -> None:
    """What is served because one caller's deadline was short goes to that caller; who waited gets the fresh answer."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", after_s=0.3)
        engine = world.engine(["a"])
        await engine.ask(BTC_USD)
        clock.advance(40)
        hurried = asyncio.create_task(engine.ask(BTC_USD, deadline_s=0.05))
        await asyncio.sleep(0)
        others = await asyncio.gather(*(engine.ask(BTC_USD) for _ in range(20)))
        assert (await hurried).provenance.freshness is Freshness.STALE
        assert outcomes((await hurried).provenance.attempts) == [("a", "cancelled")]
        assert {each.provenance.freshness for each in others} == {Freshness.LIVE}
        assert world.asked == {"a": 3}

    play(story)


def test_a_throttled_source_rests_as_long_as_it_says() -> None:
    """Retry-After reaches the routing: no call before it has passed, and it is no failure."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("a", 429, retry_after="120")
        world.says("b")
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        for _ in range(10):
            clock.advance(11)
            await engine.ask(BTC_USD, fresh=True)
        assert world.asked["a"] == 1
        assert engine.breakers()[0].failures == 0
        world.says("a")
        clock.advance(15)
        assert (await engine.ask(BTC_USD, fresh=True)).provenance.source == "a"

    play(story)


def test_a_rejected_key_is_set_aside_and_a_missing_one_leaves_the_source_out() -> None:
    """Keys come from the environment; without a needed one a source is skipped and says so."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.replies("a", 401)
        world.says("b")
        sources = [source("a", Tier.CRITICAL, key=KEY), source("b")]
        without = world.engine(sources)
        answer = await without.ask(BTC_USD)
        assert outcomes(answer.provenance.attempts) == [("a", "skipped_key"), ("b", "ok")]
        assert without.ranking(Kind.PRICE).sources[0].excluded == "no key"
        keyed = world.engine(sources, keys={"NERKH_KEY_TOY": "s3cret"})
        answer = await keyed.ask(BTC_USD)
        assert outcomes(answer.provenance.attempts) == [("a", "key_rejected"), ("b", "ok")]
        assert keyed.ranking(Kind.PRICE).sources[0].excluded == "key rejected"
        assert world.keys[-2] is not None
        assert world.keys[-2].value.get_secret_value() == "s3cret"

    play(story)


def test_a_key_that_a_source_repeats_is_not_shown() -> None:
    """What a source says of its failure goes into the attempts, which every caller may see; our key does not."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.replies("a", 200, b"no-such-key:topsecret")
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL, key=KEY), "b"], keys={"NERKH_KEY_TOY": "topsecret"})
        (first, *_) = (await engine.ask(BTC_USD)).provenance.attempts
        assert (first.source, first.detail) == ("a", "no-such-key:[key]")

    play(story)


def test_what_no_source_knows_is_unsupported_and_counts_against_nobody() -> None:
    """An unknown asset is an answer, not a failure."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.replies("a", 404, b"unknown_asset")
        world.replies("b", 200, b"unknown_asset")
        engine = world.engine(["a", "b"])
        for _ in range(10):
            with pytest.raises(Unsupported):
                await engine.ask(BTC_USD)
        assert {view.calls for view in engine.sources()} == {0}

    play(story)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"html", "html"),
        (b"ethereum USD 100", "wrong_asset"),
        (b"bitcoin USD -1", "out_of_bounds"),
        (b"bitcoin USD NaN", "schema"),
        (b"bitcoin USD", "schema"),
        (b"\xff\xfe", "schema"),
        (b"bitcoin USD 1 2090-01-01T00:00:00+00:00", "out_of_bounds"),
    ],
)
def test_whatever_a_source_sends_ends_as_an_outcome(body: bytes, outcome: str) -> None:
    """Garbage, also garbage that makes a parser raise, is classified, never stored, and never reaches the caller."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.replies("a", 200, body)
        world.says("b")
        engine = world.engine(["a", "b"])
        seen: list[Observation] = []
        engine.subscribe(seen.append)
        answer = await engine.ask(BTC_USD)
        assert outcomes(answer.provenance.attempts) == [("a", outcome), ("b", "ok")]
        assert [each.answer.provenance.source for each in seen] == ["b"]

    play(story)


def test_a_jump_that_a_second_source_contradicts_is_not_believed() -> None:
    """More than 20 % away asks a second source: contradicted it counts against its source, confirmed it is served."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b", "101")
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        world.says("a", "1000")
        answer = await engine.ask(BTC_USD, fresh=True)
        assert outcomes(answer.provenance.attempts) == [("a", "out_of_bounds"), ("b", "ok")]
        assert value_of(answer) == 101
        world.says("b", "990")
        answer = await engine.ask(BTC_USD, fresh=True)
        assert isinstance(answer.value, Price)
        assert (answer.value.raw_value, answer.provenance.agreed, answer.provenance.asked) == (1000, 2, 2)
        assert 990 < answer.value.value < 1000

    play(story)


def test_a_jump_that_nothing_can_confirm_is_flagged_not_refused() -> None:
    """With one source, or two that contradict each other and the past, the price is served flagged."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        world.fails("b")
        engine = world.engine(["a", "b"])
        assert not (await engine.ask(BTC_USD)).value.flagged  # type: ignore[union-attr]  # prices can be flagged
        world.says("a", "1000")
        answer = await engine.ask(BTC_USD, fresh=True)
        assert value_of(answer) == 1000
        assert answer.value.flagged  # type: ignore[union-attr]  # prices can be flagged
        world.says("b", "5")
        answer = await engine.ask(BTC_USD, fresh=True)
        assert (value_of(answer), answer.provenance.asked) == (1000, 2)

    play(story)


def test_a_venues_quote_is_converted_at_the_measured_rate() -> None:
    """USDT becomes USD at tether's own price, asked once; the native quote stays visible."""

    async def story(world: World, clock: VirtualClock) -> None:
        async def venue(request: Request) -> Reply:
            await asyncio.sleep(0.05)
            asset = request.path.split("/")[1]
            return Reply(200, b"unknown_asset" if asset == "tether" else f"{asset} USDT 50000".encode())

        world.does("a", venue)
        world.says("b", "0.998")
        engine = world.engine(["a", "b"])
        price = (await engine.ask(BTC_USD)).value
        assert isinstance(price, Price)
        assert (price.quote, price.value) == ("USD", Decimal(49900))
        assert (price.native_quote, price.native_value) == ("USDT", Decimal(50000))
        for _ in range(5):
            clock.advance(6)
            await engine.ask(BTC_USD, fresh=True)
        assert world.asked["b"] == 1
        assert engine.peek(PriceQuery(TETHER, "USD")) is None

    play(story)


def test_without_a_rate_the_next_source_answers() -> None:
    """A quote that cannot be converted is never passed off as the asked one, and no rate needs itself."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a", quote="USDT")
        engine = world.engine(["a", "b"])
        world.replies("b", 500)
        with pytest.raises(SourcesFailed):
            await engine.ask(BTC_USD)

        async def native(request: Request) -> Reply:
            asset = request.path.split("/")[1]
            return Reply(500) if asset == "tether" else Reply(200, f"{asset} USD 7".encode())

        world.does("b", native)
        assert value_of(await engine.ask(BTC_USD)) == 7

    play(story)


def test_fresh_values_are_published_once_with_rising_sequences() -> None:
    """Cached answers are not published again, and a receiver that fails keeps nothing from the others."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine(["a"])
        seen: list[Observation] = []

        def broken(_observation: Observation) -> None:
            raise RuntimeError

        engine.subscribe(broken)
        stop = engine.subscribe(seen.append)
        await engine.ask(BTC_USD)
        await engine.ask(BTC_USD)
        await engine.sweep(BTC_USD)
        await engine.sweep(BTC_USD)
        assert [each.sequence for each in seen] == [1, 2]
        stop()
        clock.advance(60)
        await engine.ask(BTC_USD)
        assert len(seen) == 2

    play(story)


def test_a_sweep_asks_every_source_side_by_side() -> None:
    """A sweep takes as long as its slowest source, bounded by its deadline, and names those that failed."""

    async def story(world: World, clock: VirtualClock) -> None:
        for id_ in "abc":
            world.says(id_, after_s=1)
        world.hangs("d")
        world.fails("e")
        engine = world.engine(["a", "b", "c", "d", "e"])
        start = clock.monotonic()
        found = await engine.sweep(BTC_USD, deadline_s=2)
        assert clock.monotonic() - start == pytest.approx(2)
        assert [answer.provenance.source for answer in found.answers] == ["a", "b", "c"]
        assert outcomes(found.attempts)[3:] == [("d", "timeout"), ("e", "refused")]
        again = await engine.sweep(BTC_USD, deadline_s=2)
        assert {answer.provenance.freshness for answer in again.answers} == {Freshness.CACHED}
        assert world.asked["a"] == 1

    play(story)


def test_ranking_runs_behind_and_close_leaves_nothing() -> None:
    """The plan is computed every 15 s; a faster source of the same tier moves ahead; closing ends all tasks."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("slow", after_s=0.8)
        world.says("fast", after_s=0.05)
        engine: Engine = world.engine([source("slow"), source("fast")])
        await engine.start()
        assert engine.is_ready()
        await engine.ask(BTC_USD)
        await engine.sweep(BTC_USD)
        await asyncio.sleep(20)
        assert [each.source for each in engine.ranking(Kind.PRICE).sources] == ["fast", "slow"]
        assert (await engine.ask(BTC_USD, fresh=True)).provenance.source == "fast"
        await engine.close()
        assert not engine.is_ready()
        assert len(asyncio.all_tasks()) == 1

    play(story)


def test_a_leader_that_hangs_after_it_hung_now_and_then_opens_its_circuit() -> None:
    """Its own time-outs make its usual time longer, and must not excuse it."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("b")
        engine = world.engine(["a", "b"], settings=Settings(hedge_share=0, hedge_per_s=0, hedge_most=0))
        for number in range(400):
            if number % 9:
                world.says("a")
            else:
                world.hangs("a")
            await engine.ask(BTC_USD, fresh=True)
        world.hangs("a")
        for _ in range(5):
            await engine.ask(BTC_USD, fresh=True)
        assert engine.breakers()[0].state is not BreakerState.CLOSED

    play(story)


def test_a_leader_that_always_lies_opens_its_circuit() -> None:
    """What a second source contradicted counts as a failure, and no longer as the success that it looked like."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for name in "abc":
            world.says(name)
        engine = world.engine("abc")
        await engine.ask(BTC_USD)
        world.says("a", "1000")
        for _ in range(5):
            assert value_of(await engine.ask(BTC_USD, fresh=True)) == 100
        assert engine.breakers()[0].state is BreakerState.OPEN
        assert engine.sources()[0].success_ratio == pytest.approx(1 / 6)

    play(story)


def test_an_old_rate_converts_nothing() -> None:
    """A stored or stale price of the coin behind a quote measures no rate: the next source is asked instead."""

    async def story(world: World, clock: VirtualClock) -> None:
        class Memory:
            async def last(self, query: Query) -> Answer[Value] | None:
                if query != PriceQuery(TETHER):
                    return None
                past = clock.now() - timedelta(days=90)
                return Answer(Price("tether", "USD", Decimal("0.8"), past), Provenance("a", past, Freshness.STORED))

        async def in_tether(request: Request) -> Reply:
            asset = request.path.split("/")[1]
            if asset == "tether":
                raise TransportFailure(Outcome.REFUSED)
            return Reply(200, f"{asset} USDT 100 {clock.now().isoformat()}".encode())

        world.does("a", in_tether)
        engine = world.engine(["a"], stored=Memory())
        with pytest.raises(SourcesFailed):
            await engine.ask(BTC_USD)

    play(story)


def test_a_call_that_lost_a_moment_on_its_way_is_told_that_all_failed() -> None:
    """Only a deadline clearly below the usual one is to blame for itself."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.hangs("a")
        engine = world.engine(["a"])
        with pytest.raises(SourcesFailed):
            await engine.ask(BTC_USD, deadline_s=2.9)
        with pytest.raises(DeadlineTooShort):
            await engine.ask(BTC_USD, deadline_s=1.0)

    play(story)


def test_who_takes_over_with_little_time_left_fails_nobody() -> None:
    """A leader goes away from a source that hangs; the next to lead has 0.3 s for an answer that takes 0.4."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.hangs("a")
        engine = world.engine(["a"])
        leader = asyncio.create_task(engine.ask(BTC_USD))
        await asyncio.sleep(0)
        second = asyncio.create_task(engine.ask(BTC_USD))
        await asyncio.sleep(2.4)
        late = [asyncio.create_task(engine.ask(BTC_USD)) for _ in range(20)]
        await asyncio.sleep(0)
        world.says("a", after_s=0.4)
        leader.cancel()
        with pytest.raises(DeadlineTooShort):
            await second
        assert {value_of(each) for each in await asyncio.gather(*late)} == {100}

    play(story)


def test_a_call_without_any_time_left_asks_nobody() -> None:
    """It could not wait for an answer, and the source's limits would be spent all the same."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine(["a"])
        for left_s in (0.0, 0.001):
            with pytest.raises(DeadlineTooShort):
                await engine.ask(BTC_USD, deadline_s=left_s)
        assert world.asked == {}

    play(story)


def test_an_older_stale_value_takes_no_younger_ones_place() -> None:
    """Both are past their longest age: the last resort stays the younger."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a", "100", age_s=70)
        engine = world.engine(["a"])
        await engine.ask(BTC_USD, fresh=True)
        world.says("a", "101", age_s=200)
        for _ in range(2):
            found = await engine.ask(BTC_USD, fresh=True)
            assert isinstance(found.value, Price)
            assert (found.value.value, found.provenance.freshness) == (100, Freshness.STALE)
        world.says("a", "102", age_s=61)
        found = await engine.ask(BTC_USD, fresh=True)
        assert isinstance(found.value, Price)
        assert found.value.value == 102

    play(story)


def test_with_every_circuit_open_the_one_that_would_open_first_is_probed_and_few_are_in_all() -> None:
    """However many ask at once; a moment later the next one may be."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = world.engine(["a", "b", "c"])
        now = clock.monotonic()
        for name, left_s in (("a", 300.0), ("b", 100.0), ("c", 200.0)):
            world.hangs(name)
            (lane,) = engine.watch.standings[name].lanes
            lane.breaker.restore(now, now + left_s, 1)
        queries = [PriceQuery(BITCOIN, f"Q{number}") for number in range(20)]

        async def asked() -> dict[str, int]:
            tasks = [asyncio.create_task(engine.ask(query, deadline_s=1)) for query in queries]
            await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return dict(world.asked)

        assert await asked() == {"b": 1}
        assert await asked() == {"b": 1}
        await asyncio.sleep(0.2)
        assert await asked() == {"b": 1, "c": 1}
        await engine.close()

    play(story)


def test_near_equal_leaders_bear_the_calls_together_and_tiers_do_not_mix() -> None:
    """So no free quota is burnt while its equals idle."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for name in "abc":
            world.says(name)
        engine = world.engine([source("a", Tier.HIGH), source("b", Tier.HIGH), source("c", Tier.LOW)])
        for _ in range(60):
            await engine.ask(BTC_USD, fresh=True)
        assert world.asked.keys() == {"a", "b"}
        assert min(world.asked.values()) > 15

    play(story)


def test_pages_of_a_series_are_asked_of_one_source() -> None:
    """Its equals idle: each market has candles of its own."""

    async def story(world: World, clock: VirtualClock) -> None:
        hour = INTERVALS["1h"]

        def build(_source: Source, _query: Query) -> tuple[Request, ...]:
            return (Request("/candles"),)

        def parse(_source: Source, query: Query, _replies: tuple[Reply, ...]) -> Value:
            assert isinstance(query, CandlesQuery)
            opened = clock.now().replace(minute=0, second=0, microsecond=0)
            return Candles(query.asset.id, "USD", hour.token, (Candle(opened, *[Decimal(1)] * 4),))

        async def answering(_request: Request) -> Reply:
            await asyncio.sleep(0.01)
            return Reply(200, b"")

        for name in "ab":
            world.does(name, answering)
        series = Provider("toy", (Capability(Kind.CANDLES, build, parse),), ())
        alone = Settings(quotes_per_s=0, hedge_most=0, hedge_share=0, hedge_per_s=0)
        engine = world.engine([source("a"), source("b")], providers={"toy": series}, settings=alone)
        for _ in range(20):
            await engine.ask(CandlesQuery(BITCOIN, hour), fresh=True)
        assert world.asked == {"a": 20}

        async def slow(_request: Request) -> Reply:
            await asyncio.sleep(0.4)
            return Reply(200, b"")

        world.does("a", slow)
        for _ in range(10):
            await engine.ask(CandlesQuery(ETHER, hour), fresh=True)
        assert engine._plan.lanes(Kind.CANDLES)[0].id == "a"
        clock.advance(31)
        engine._plan.rank()  # another one would lead by now, and does for series that begin now
        assert engine._plan.lanes(Kind.CANDLES)[0].id == "b"
        later = CandlesQuery(ETHER, hour, end_time=clock.now())
        assert (await engine.ask(later, fresh=True)).provenance.source == "a"
        assert (await engine.ask(CandlesQuery(TETHER, hour), fresh=True)).provenance.source == "b"
        behind = CandlesQuery(BITCOIN, hour, end_time=clock.now())
        engine._plan.gave(behind, engine._plan.lanes(Kind.CANDLES)[1])
        assert engine._plan.covering(behind)[0].id == "a"
        engine._plan.lanes(Kind.CANDLES)[1].fall_behind(behind, clock.monotonic())
        assert engine._plan.covering(behind)[0].id == "b"
        clock.advance(60)
        engine._plan.rank()
        assert (await engine.ask(later, fresh=True)).provenance.source == "b"

    play(story)


def test_what_a_probe_says_against_all_that_was_known_is_not_kept() -> None:
    """Nobody stands beside it to confirm it."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "100")
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        (lane,) = engine.watch.standings["a"].lanes
        lane.breaker.restore(clock.monotonic(), clock.monotonic(), 1)
        world.fails("b")
        world.says("a", "150")
        await engine.ask(BTC_USD, fresh=True)
        await asyncio.sleep(1)
        known = engine.peek(BTC_USD)
        assert world.asked["a"] == 2
        assert known is None or (isinstance(known.value, Price) and known.value.value == 100)
        await engine.close()

    play(story)


def test_half_of_a_closed_range_is_not_kept_for_good() -> None:
    """A source that stood still has half of it; once it is back the whole is to be had, and what was half is stale."""

    async def story(world: World, clock: VirtualClock) -> None:
        end = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)

        def build(_source: Source, _query: Query) -> tuple[Request, ...]:
            return (Request("/candles"),)

        def parse(_source: Source, _query: Query, replies: tuple[Reply, ...]) -> Value:
            count = int(replies[0].body)
            opened = [end - timedelta(hours=10 - number) for number in range(count)]
            return Candles(
                "bitcoin", "USD", INTERVALS["1h"].token, tuple(Candle(at, *[Decimal(1)] * 4) for at in opened)
            )

        world.replies("a", 200, b"3")
        series = {"toy": Provider("toy", (Capability(Kind.CANDLES, build, parse),), ())}
        engine = world.engine(["a"], providers=series)
        query = CandlesQuery(BITCOIN, INTERVALS["1h"], start_time=end - timedelta(hours=10), end_time=end)
        first = await engine.ask(query)
        assert first.provenance.freshness is Freshness.STALE
        world.replies("a", 200, b"10")
        clock.advance(3600)
        answer = await engine.ask(query)
        assert isinstance(answer.value, Candles)
        assert (len(answer.value.candles), answer.provenance.freshness) == (10, Freshness.LIVE)

    play(story)


def test_an_empty_page_of_another_address_is_no_answer() -> None:
    """It was refused as wrong; that a hedge is under way does not make it right."""

    async def story(world: World, _clock: VirtualClock) -> None:
        def build(_source: Source, _query: Query) -> tuple[Request, ...]:
            return (Request("/page"),)

        def parse(_source: Source, _query: Query, replies: tuple[Reply, ...]) -> Value:
            return TransactionPage("x", replies[0].body.decode(), ())

        async def wrong(_request: Request) -> Reply:
            await asyncio.sleep(0.8)
            return Reply(200, b"0xanother")

        async def broken(_request: Request) -> Reply:
            await asyncio.sleep(0.6)
            return Reply(500, b"")

        world.does("a", wrong)
        world.does("b", broken)
        pages = {"toy": Provider("toy", (Capability(Kind.TRANSACTIONS, build, parse),), ())}
        engine = world.engine(["a", "b"], providers=pages)
        with pytest.raises(NerkhError):
            await engine.ask(TransactionsQuery(Chain("x", "X", ChainFamily.EVM, "x", "X", 18), "0xmine"))

    play(story)


def test_what_a_disabled_source_said_does_not_count_as_fresh_again() -> None:
    """An operator disabled it; that another source has only older data makes its answer a last resort, no more."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        world.says("b", age_s=300)
        engine = world.engine(["a", "b"])
        assert (await engine.ask(BTC_USD)).provenance.source == "a"
        engine.watch.apply(Decision("a", Action.DISABLE, clock.now(), reason="it lies"))
        found = [(await engine.ask(BTC_USD)).provenance for _ in range(3)]
        assert [each.source for each in found] == ["a"] * 3
        assert [each.freshness for each in found] == [Freshness.STALE] * 3

    play(story)


def test_who_gave_a_page_of_the_past_does_not_lag() -> None:
    """Candles of a year ago are old because they were asked for; their source is as good as it was."""

    async def story(world: World, clock: VirtualClock) -> None:
        end = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=365)

        def build(_source: Source, _query: Query) -> tuple[Request, ...]:
            return (Request("/candles"),)

        def parse(_source: Source, query: Query, _replies: tuple[Reply, ...]) -> Value:
            assert isinstance(query, CandlesQuery)
            last = query.end_time or clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            return Candles(
                "bitcoin", "USD", INTERVALS["1h"].token, (Candle(last - timedelta(hours=1), *[Decimal(1)] * 4),)
            )

        for name in "ab":
            world.replies(name, 200, b"it")
        series = {"toy": Provider("toy", (Capability(Kind.CANDLES, build, parse),), ())}
        alone = Settings(quotes_per_s=0, near_equal=0)
        engine = world.engine([source("a"), source("b")], providers=series, settings=alone)
        lane = engine._plan.lanes(Kind.CANDLES)[0]
        assert (await engine.ask(CandlesQuery(BITCOIN, INTERVALS["1h"], end_time=end))).provenance.source == "a"
        for _ in range(50):
            await engine.ask(CandlesQuery(BITCOIN, INTERVALS["1h"]), fresh=True)
        clock.advance(31)
        engine._plan.rank()
        assert (engine._plan.lanes(Kind.CANDLES)[0].id, lane.measures.lag_s < 60) == ("a", True), lane.parts

    play(story)
