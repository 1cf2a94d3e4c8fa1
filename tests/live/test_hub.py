"""The hub in simulated time: shared polling, frames, resuming, slow readers, draining."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest

from server.clock import VirtualClock, run_virtual
from server.errors import CursorExpired, InvalidField, ShuttingDown, SourcesFailed
from server.live import (
    Accepted,
    Batch,
    Frame,
    GapCause,
    Heartbeat,
    Hub,
    Interruption,
    InterruptionReason,
    KeyStatus,
    PriceKey,
    Subscription,
    Update,
)
from server.live import cursor as cursors
from server.model import Answer, Asset, Freshness, Observation, Price, PriceQuery, Provenance, Value
from server.observe.logs import request_id

BITCOIN = Asset("bitcoin", "BTC", "Bitcoin")
ETHER = Asset("ethereum", "ETH", "Ether")
BTC = PriceKey(BITCOIN, "USD")
ETH = PriceKey(ETHER, "USD")


class Sources:
    """Stands in for the engine: answers each poll with the next whole number, or as told."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.value = 100
        self.is_frozen = False
        self.is_down = False
        self.freshness = Freshness.LIVE

    async def ask(self, query: PriceQuery) -> Answer[Value]:
        """Answer a poll."""
        self.asked.append(query.asset.id)
        await asyncio.sleep(0.05)
        if self.is_down:
            raise SourcesFailed("price")
        if not self.is_frozen:
            self.value += 1
        return self.answer(query.asset.id, self.value)

    def answer(self, asset: str, value: int) -> Answer[Value]:
        """Return an answer as the engine makes it."""
        return Answer(Price(asset, "USD", Decimal(value)), Provenance("a", self.clock.now(), self.freshness))

    def observed(self, key: PriceKey, value: int) -> Observation:
        """Return what the engine publishes for anyone's fetch."""
        return Observation(1, PriceQuery(key.asset, key.quote), self.answer(key.asset.id, value))


Story = Callable[[Hub, Sources], Coroutine[Any, Any, None]]


def play(story: Story, **parts: Any) -> None:
    """Run a story with a hub in simulated time; nothing may be left running."""

    async def main(clock: VirtualClock) -> None:
        sources = Sources(clock)
        hub = Hub(sources.ask, clock, key=b"k", **parts)
        await hub.start()
        await story(hub, sources)
        await hub.close()
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main)


async def take(stream: Subscription, count: int) -> list[Frame]:
    """Return the next frames."""
    return [await anext(stream) for _ in range(count)]


async def read(stream: Subscription, into: list[Frame]) -> None:
    """Read a stream to its end."""
    async for frame in stream:
        into.append(frame)  # noqa: PERF401 -- seen as they come, not at the end


def updates(frames: list[Frame]) -> list[Update]:
    """Return all updates of some frames."""
    return [update for frame in frames if isinstance(frame, Batch) for update in frame.updates]


def value_of(update: Update) -> int:
    """Return an update's price."""
    assert isinstance(update.answer.value, Price)
    return int(update.answer.value.value)


def test_a_stream_begins_with_its_position_then_a_snapshot_then_changes() -> None:
    """The first frame says what became of each key; the snapshot holds every key; then each change comes."""

    async def story(hub: Hub, _sources: Sources) -> None:
        with hub.subscribe_prices([BTC, ETH, BTC]) as stream:
            first, snapshot, change = await take(stream, 3)
        assert isinstance(first, Accepted)
        assert first.keys == ((BTC, KeyStatus.ACCEPTED), (ETH, KeyStatus.ACCEPTED))
        assert not first.resumed
        assert isinstance(snapshot, Batch)
        assert snapshot.snapshot
        assert {update.key for update in snapshot.updates} == {BTC, ETH}
        assert isinstance(change, Batch)
        assert not change.snapshot
        assert change.updates[0].sequence == 2
        assert change.updates[0].conflated_count == 0

    play(story)


def test_one_key_is_polled_once_however_many_listen_and_only_while_someone_does() -> None:
    """A hundred subscribers cost one poll about every 5 s; without any nothing is asked."""

    async def story(hub: Hub, sources: Sources) -> None:
        streams = [hub.subscribe_prices([BTC]) for _ in range(100)]
        await asyncio.sleep(52)
        assert 9 <= len(sources.asked) <= 11
        assert (hub.polled(), hub.streams()) == (1, 100)
        for stream in streams:
            stream.close()
        before = len(sources.asked)
        await asyncio.sleep(60)
        assert len(sources.asked) == before
        assert (hub.polled(), hub.streams()) == (0, 0)

    play(story)


def test_any_callers_fetch_feeds_the_streams_and_nothing_comes_twice() -> None:
    """What the engine publishes is an update at once; the same value again is none."""

    async def story(hub: Hub, sources: Sources) -> None:
        sources.is_frozen = True
        with hub.subscribe_prices([BTC]) as stream:
            await take(stream, 2)
            hub.receive(sources.observed(BTC, 500))
            hub.receive(sources.observed(BTC, 500))
            hub.receive(sources.observed(ETH, 7))
            assert [value_of(each) for each in updates(await take(stream, 1))] == [500]

    play(story)


def test_a_key_that_no_source_serves_is_not_followed() -> None:
    """It is said in the first frame and costs no poll."""

    async def story(hub: Hub, sources: Sources) -> None:
        with hub.subscribe_prices([BTC, ETH]) as stream:
            first = (await take(stream, 2))[0]
        assert isinstance(first, Accepted)
        assert first.keys == ((BTC, KeyStatus.ACCEPTED), (ETH, KeyStatus.UNSUPPORTED))
        assert set(sources.asked) == {"bitcoin"}

    play(story, covers=lambda query: query.asset == BITCOIN)


def test_conflation_sends_the_newest_and_says_how_many_were_skipped() -> None:
    """With 1 s, ten changes within a second are one update that says nine were skipped."""

    async def story(hub: Hub, sources: Sources) -> None:
        sources.is_frozen = True
        with hub.subscribe_prices([BTC], conflation_s=1.0) as stream:
            await take(stream, 2)
            for value in range(10):
                hub.receive(sources.observed(BTC, 1000 + value))
                await asyncio.sleep(0.01)
            (update,) = updates(await take(stream, 1))
            assert (value_of(update), update.conflated_count, update.sequence) == (1009, 9, 11)

    play(story)


def test_a_slow_reader_holds_one_slot_a_key_and_every_skipped_number_is_covered() -> None:
    """Sequences strictly rise, and each jump is exactly the conflated count."""

    async def story(hub: Hub, sources: Sources) -> None:
        with hub.subscribe_prices([BTC, ETH]) as stream:
            last: dict[PriceKey, int] = {}
            for update in updates(await take(stream, 2)):
                last[update.key] = update.sequence
            for value in range(3000):
                hub.receive(sources.observed(BTC if value % 3 else ETH, 10_000 + value))
                if value % 700 == 699:
                    for update in updates(await take(stream, 1)):
                        assert update.sequence == last[update.key] + update.conflated_count + 1
                        last[update.key] = update.sequence
            assert len(stream._pending) <= 2

    play(story)


def test_heartbeats_carry_a_position_that_advances_even_when_nothing_matched() -> None:
    """A quiet stream says every 10 s that it lives, up to where others' values have come."""

    async def story(hub: Hub, sources: Sources) -> None:
        sources.is_frozen = True
        with hub.subscribe_prices([BTC]) as stream:
            await take(stream, 2)
            start = sources.clock.monotonic()
            (one,) = await take(stream, 1)
            assert sources.clock.monotonic() - start == pytest.approx(10)
            hub.receive(sources.observed(ETH, 7))
            (two,) = await take(stream, 1)
            assert isinstance(one, Heartbeat)
            assert isinstance(two, Heartbeat)
            assert one.cursor != two.cursor

    play(story)


def test_a_cursor_inside_the_window_replays_everything_missed_once_then_goes_on_live() -> None:
    """No hole, nothing twice: the sequences of both streams together are without a gap."""

    async def story(hub: Hub, sources: Sources) -> None:
        with hub.subscribe_prices([BTC]) as stream:
            frames = await take(stream, 4)
        seen = [update.sequence for update in updates(frames)]
        for value in range(1200):
            hub.receive(sources.observed(BTC, 5000 + value))
            hub.receive(sources.observed(ETH, 5000 + value))
        with hub.subscribe_prices([BTC], cursor=frames[-1].cursor) as stream:
            first = await anext(stream)
            assert isinstance(first, Accepted)
            assert first.resumed
            replayed = await take(stream, 3)
            assert all(isinstance(frame, Batch) and frame.replayed for frame in replayed)
            seen += [update.sequence for update in updates(replayed)]
            hub.receive(sources.observed(BTC, 1))
            (live,) = await take(stream, 1)
            assert isinstance(live, Batch)
            assert not live.replayed
            seen += [update.sequence for update in updates([live])]
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) >= 1203

    play(story)


def test_a_cursor_in_the_middle_of_a_conflated_stream_loses_nothing() -> None:
    """A heartbeat sent while something waits to be sent does not claim that it was."""

    async def story(hub: Hub, sources: Sources) -> None:
        sources.is_frozen = True
        with hub.subscribe_prices([BTC], conflation_s=10.0, heartbeat_s=5.0) as stream:
            await take(stream, 2)
            await asyncio.sleep(2)
            hub.receive(sources.observed(BTC, 900))
            (beat,) = await take(stream, 1)
            assert isinstance(beat, Heartbeat)
        with hub.subscribe_prices([BTC], cursor=beat.cursor) as stream:
            assert [value_of(each) for each in updates(await take(stream, 2))] == [900]

    play(story)


def test_a_cursor_outside_the_window_is_refused_with_the_oldest_one() -> None:
    """Neither by number nor by time is a hole passed over; the oldest cursor works."""

    async def story(hub: Hub, sources: Sources) -> None:
        with hub.subscribe_prices([BTC]) as stream:
            frames = await take(stream, 2)
        for value in range(30):
            hub.receive(sources.observed(BTC, 5000 + value))
        with pytest.raises(CursorExpired) as caught:
            hub.subscribe_prices([BTC], cursor=frames[0].cursor)
        with hub.subscribe_prices([BTC], cursor=caught.value.oldest) as stream:
            assert len(updates(await take(stream, 2))) == 20
        newest = hub.cursor()
        await asyncio.sleep(700)
        with pytest.raises(CursorExpired):
            hub.subscribe_prices([BTC], cursor=caught.value.oldest)
        hub.subscribe_prices([BTC], cursor=newest).close()

    play(story, most_events=20)


def test_a_cursor_of_before_a_restart_gets_a_gap_and_a_snapshot() -> None:
    """The hole is said before anything else comes, from when the cursor stood."""

    async def story(hub: Hub, sources: Sources) -> None:
        with hub.subscribe_prices([BTC]) as stream:
            frames = await take(stream, 2)
        await asyncio.sleep(30)
        again = Hub(sources.ask, sources.clock, key=b"k")
        with again.subscribe_prices([BTC], cursor=frames[-1].cursor) as stream:
            first, gap, snapshot = await take(stream, 3)
        await again.close()
        assert isinstance(first, Accepted)
        assert not first.resumed
        assert isinstance(gap, Interruption)
        assert gap.gap is not None
        assert (gap.reason, gap.gap.cause) == (InterruptionReason.GAP, GapCause.RESTART)
        assert gap.gap.end_time is not None
        assert (gap.gap.end_time - gap.gap.start_time).total_seconds() > 29
        assert isinstance(snapshot, Batch)
        assert snapshot.snapshot

    play(story)


def test_wrong_cursors_and_spans_are_invalid_fields_before_any_frame() -> None:
    """Made up cursors, those of the future, and spans that are not offered name the field."""

    async def story(hub: Hub, _sources: Sources) -> None:
        ahead = hub.cursor(10**6)
        for parts in ({"cursor": "x"}, {"cursor": ahead}, {"conflation_s": 0.5}, {"heartbeat_s": 1.0}):
            with pytest.raises(InvalidField):
                hub.subscribe_prices([BTC], **parts)  # type: ignore[arg-type]  # wrong on purpose
        assert hub.streams() == 0

    play(story)


def test_an_outage_is_said_once_and_its_end_is_the_next_value() -> None:
    """SOURCES_UNREACHABLE names the keys and since when; a stream that begins in the outage hears of it too."""

    async def story(hub: Hub, sources: Sources) -> None:
        with hub.subscribe_prices([BTC, ETH], heartbeat_s=60.0) as stream:
            await take(stream, 2)
            sources.is_down = True
            frame = await anext(stream)
            while isinstance(frame, Batch):
                frame = await anext(stream)
            assert isinstance(frame, Interruption)
            assert frame.reason is InterruptionReason.SOURCES_UNREACHABLE
            assert frame.gap is not None
            assert frame.gap.end_time is None
            rest: list[Frame] = []
            reader = asyncio.create_task(read(stream, rest))
            await asyncio.sleep(20)
            with hub.subscribe_prices([BTC]) as late:
                kinds = await take(late, 3)
                assert isinstance(kinds[1], Batch)
                assert isinstance(kinds[2], Interruption)
            sources.is_down = False
            await asyncio.sleep(6)
            reader.cancel()
            interrupted = [each for each in rest if isinstance(each, Interruption)]
            assert len(interrupted) <= 1
            assert isinstance(rest[-1], Batch)

    play(story)


def test_an_old_value_in_a_snapshot_is_marked_stale() -> None:
    """While no source can be reached the last value is shown, and not as a fresh one."""

    async def story(hub: Hub, sources: Sources) -> None:
        with hub.subscribe_prices([BTC]) as stream:
            await take(stream, 2)
            sources.is_down = True
            reader = asyncio.create_task(read(stream, []))
            await asyncio.sleep(90)
            with hub.subscribe_prices([BTC]) as late:
                (update,) = updates(await take(late, 2))
            reader.cancel()
        assert update.answer.provenance.freshness is Freshness.STALE

    play(story)


def test_draining_sends_what_is_pending_then_shutdown_and_refuses_new_streams() -> None:
    """Every stream hears when to come back, then ends; nobody is let in."""

    async def story(hub: Hub, sources: Sources) -> None:
        async def read() -> list[Frame]:
            with hub.subscribe_prices([BTC], conflation_s=10.0) as stream:
                return [frame async for frame in stream]

        readers = [asyncio.create_task(read()) for _ in range(20)]
        await asyncio.sleep(1)
        hub.receive(sources.observed(BTC, 4242))
        await hub.drain()
        for frames in await asyncio.gather(*readers):
            last = frames[-1]
            assert isinstance(last, Interruption)
            assert last.reason is InterruptionReason.SHUTDOWN
            assert last.reconnect_after_s is not None
            assert value_of(updates(frames)[-1]) == 4242
        assert hub.streams() == 0
        with pytest.raises(ShuttingDown):
            hub.subscribe_prices([BTC])

    play(story)


def test_a_reader_that_writes_one_frame_for_five_seconds_is_ended() -> None:
    """The hub ends it from outside the writing task, and its poll stops; who reads on learns why, and from where."""

    async def story(hub: Hub, _sources: Sources) -> None:
        stream = hub.subscribe_prices([BTC])
        (first,) = await take(stream, 1)
        await asyncio.sleep(4)
        assert hub.streams() == 1
        await asyncio.sleep(3)
        assert (hub.streams(), hub.polled()) == (0, 0)
        assert await anext(stream) == Interruption(first.cursor, InterruptionReason.SLOW_CONSUMER)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    play(story)


def test_a_poll_does_not_belong_to_the_call_that_began_it() -> None:
    """It goes on for others: what it logs later stands under no request id."""

    async def story(hub: Hub, sources: Sources) -> None:
        seen: list[str] = []
        ask = sources.ask

        async def asked(query: PriceQuery) -> Answer[Value]:
            seen.append(request_id.get())
            return await ask(query)

        hub._poller._ask = asked
        token = request_id.set("first-caller")
        with hub.subscribe_prices([BTC]) as stream:
            await take(stream, 2)
        request_id.reset(token)
        assert set(seen) == {""}

    play(story)


def test_a_reader_that_goes_away_while_waiting_leaves_nothing() -> None:
    """Cancellation passes through and unsubscribes."""

    async def story(hub: Hub, _sources: Sources) -> None:
        async def read() -> None:
            with hub.subscribe_prices([BTC]) as stream:
                async for _ in stream:
                    pass

        reader = asyncio.create_task(read())
        await asyncio.sleep(3)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert (hub.streams(), hub.polled()) == (0, 0)

    play(story)


def test_a_cursor_holds_the_time_of_its_own_place() -> None:
    """So the hole after a restart begins where the reader was, not where the newest event of someone else's was."""

    async def story(hub: Hub, sources: Sources) -> None:
        start = sources.clock.now()
        key = PriceKey(*BTC)
        for number in range(5):
            hub.receive(sources.observed(key, number))
            sources.clock.advance(10)
        times = [cursors.decode(hub.cursor(place), b"k").time - start for place in (5, 3, 1, 0, 5)]
        assert [time.total_seconds() for time in times] == [40, 20, 0, 0, 40]

    play(story)


def test_one_sources_own_quote_is_no_update() -> None:
    """What the engine publishes aside, as an outlier of a sweep may be, reaches no stream."""

    async def story(hub: Hub, sources: Sources) -> None:
        sources.is_frozen = True
        with hub.subscribe_prices([(BITCOIN, "USD")]) as stream:
            await take(stream, 2)
            key = PriceKey(BITCOIN, "USD")
            hub.receive(dataclasses.replace(sources.observed(key, 999), aside=True))
            hub.receive(sources.observed(key, 7))
            assert [value_of(each) for each in updates(await take(stream, 1))] == [7]

    play(story)
