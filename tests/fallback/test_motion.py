"""What is old by itself and what stands still: a thin coin, a chain that lags, a market nobody trades in."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.clock import VirtualClock, run_virtual
from server.fallback.breaker import Breaker
from server.fallback.figures import FIGURES, figures_of
from server.fallback.http import Secret
from server.fallback.lane import Lane
from server.fallback.motion import Motion
from server.fallback.standing import Standing
from server.model import (
    INTERVALS,
    Asset,
    Attempt,
    BreakerState,
    CandlesQuery,
    Chain,
    ChainFamily,
    Freshness,
    GasQuery,
    NewsQuery,
    Outcome,
    PriceQuery,
)
from server.providers.base import Reply, Request, Tier
from server.settings import Settings
from tests.fallback.world import BITCOIN, BTC_USD, ETH_USD, ETHER, TOY, World, source

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]

ALONE = Settings(quotes_per_s=0)
MINUTE, DAY = INTERVALS["1m"], INTERVALS["1d"]
SLOW = Chain("bitcoin", "Bitcoin", ChainFamily.BITCOIN, "bitcoin", "BTC", 8, block_time_s=600)
QUICK = Chain("ethereum", "Ethereum", ChainFamily.EVM, "ethereum", "ETH", 18, 1, block_time_s=12)


def play(story: Story, world_of: type[World] = World) -> None:
    """Run a story in simulated time."""
    run_virtual(lambda clock: story(world_of(clock), clock))


def says(world: World, name: str, **ages: float) -> Counter[str]:
    """Let a source answer with data so and so old, of each asset by its id, else of now; count what it is asked for."""
    asked: Counter[str] = Counter()

    async def answering(request: Request) -> Reply:
        asked[request.path] += 1
        await asyncio.sleep(0.05)
        _, asset, quote = request.path.split("/")
        time = world.clock.now() - timedelta(seconds=ages.get(asset, 0.0))
        return Reply(200, f"{asset} {quote} 100 {time.isoformat()}".encode())

    world.does(name, answering)
    return asked


def attempts(found: tuple[Attempt, ...]) -> list[tuple[str, Outcome]]:
    """Return who was asked, and how that ended."""
    return [(each.source, each.outcome) for each in found]


def prices_of(count: int) -> list[PriceQuery]:
    """Return questions for so many coins."""
    return [PriceQuery(Asset(f"coin{number}", f"C{number}", f"Coin {number}"), "USD") for number in range(count)]


def one() -> Lane:
    """Return a lane that nobody asked yet."""
    row = source("a")
    return Lane(Standing(row, row.base_url, ()), TOY.capabilities[0], Breaker(lambda: 0.5))


def test_a_thin_coin_does_not_cost_a_source_the_others() -> None:
    """Its old trade is passed over, and the source asked last for it; for all else it leads, its circuit closed."""

    async def story(world: World, _clock: VirtualClock) -> None:
        says(world, "a", ethereum=90)
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL), "b"], settings=ALONE)
        await engine.start()
        assert (await engine.ask(BTC_USD)).provenance.source == "a"
        found = (await engine.ask(ETH_USD)).provenance
        assert attempts(found.attempts) == [("a", Outcome.STALE), ("b", Outcome.OK)]
        await asyncio.sleep(1.5)  # the plan sees it within a second
        for _ in range(20):
            assert attempts((await engine.ask(ETH_USD, fresh=True)).provenance.attempts) == [("b", Outcome.OK)]
            assert attempts((await engine.ask(BTC_USD, fresh=True)).provenance.attempts) == [("a", Outcome.OK)]
        state = engine.breakers()[0]
        assert (state.state, state.failures, state.trips) == (BreakerState.CLOSED, 0, 0)
        assert next(each for each in engine.explain(ETH_USD).sources if each.source == "a").sentence.startswith(
            "second: its last price of ethereum in USD was too old, while its other data is not, and it stands behind"
        )
        await engine.close()

    play(story)


def test_who_leads_where_others_have_old_data_is_said_to_lead_alone() -> None:
    """They are no rivals for this question, however good their scores, and take no turns."""

    async def story(world: World, clock: VirtualClock) -> None:
        for name in "ab":
            world.says(name)
        engine = world.engine([source("a"), source("b")], settings=ALONE)
        engine._plan.lanes(ETH_USD.kind)[1].fall_behind(ETH_USD, clock.monotonic())
        first = engine.explain(ETH_USD).sources[0].sentence
        assert "takes turns" not in first
        assert "takes turns" in engine.explain(BTC_USD).sources[0].sentence
        for _ in range(40):
            await engine.ask(ETH_USD, fresh=True)
        assert world.asked == {"a": 40}

    play(story)


def test_nobody_is_asked_behind_the_callers_for_quotes_that_would_be_old() -> None:
    """What a source's last trade of a thin coin says does not change by asking again and again."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        asked = says(world, "b", ethereum=90)
        engine = world.engine([source("a", Tier.CRITICAL), "b"], settings=Settings())
        await engine.start()
        for _ in range(40):
            await engine.ask(BTC_USD)
            await engine.ask(ETH_USD)
            await asyncio.sleep(5)
        assert asked["/bitcoin/USD"] > 20
        assert asked["/ethereum/USD"] == 1
        assert engine.breakers()[1].failures == 0
        await engine.close()

    play(story)


def test_many_thin_coins_leave_the_circuit_closed() -> None:
    """Of as many of them as anyone asks for; the source's good name does not suffer either."""

    async def story(world: World, _clock: VirtualClock) -> None:
        coins = prices_of(30)
        says(world, "a", **{query.asset.id: 3600 for query in coins})
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL), "b"])
        for number, query in enumerate(coins):
            if number % 3 == 0:
                assert (await engine.ask(BTC_USD, fresh=True)).provenance.source == "a", number
            assert (await engine.ask(query)).provenance.source == "b"
        assert engine.breakers()[0].state is BreakerState.CLOSED
        assert engine.explain(BTC_USD).sources[0].source == "a"
        assert world.asked == {"a": 40, "b": 30}

    play(story)


def test_it_is_asked_first_again_five_minutes_later() -> None:
    """A coin may be traded again."""

    async def story(world: World, clock: VirtualClock) -> None:
        says(world, "a", ethereum=90)
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL), "b"])
        await engine.ask(BTC_USD)
        await engine.ask(ETH_USD)
        world.says("a")
        clock.advance(290)
        engine._plan.rank()
        assert (await engine.ask(ETH_USD, fresh=True)).provenance.source == "b"
        clock.advance(11)
        engine._plan.rank()
        assert (await engine.ask(ETH_USD, fresh=True)).provenance.source == "a"

    play(story)


def test_where_nobody_has_newer_data_the_old_is_served_as_stale() -> None:
    """Who has old data is asked all the same, last as they are."""

    async def story(world: World, _clock: VirtualClock) -> None:
        says(world, "a", ethereum=200)
        says(world, "b", ethereum=90)
        engine = world.engine(["a", "b"])
        await engine.ask(BTC_USD)
        for _ in range(3):
            found = (await engine.ask(ETH_USD, fresh=True)).provenance
            assert (found.source, found.freshness) == ("b", Freshness.STALE)
            assert sorted(attempts(found.attempts)) == [("a", Outcome.STALE), ("b", Outcome.STALE)]
            engine._plan.rank()

    play(story)


def test_a_source_that_stands_still_opens_its_circuit() -> None:
    """Though its data moved on before: once the newest of it is too old, each answer counts against it."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL), "b"])
        coins = prices_of(10)
        for query in coins:
            assert (await engine.ask(query)).provenance.source == "a"
        stopped = clock.monotonic()
        while engine.breakers()[0].state is BreakerState.CLOSED:
            says(world, "a", **{query.asset.id: clock.monotonic() - stopped for query in coins})
            for query in coins:
                found = (await engine.ask(query, fresh=True)).provenance
                assert found.freshness is Freshness.LIVE
            assert clock.monotonic() - stopped < 70
            clock.advance(1)
        assert clock.monotonic() - stopped > 60

    play(story)


def test_a_source_of_which_nothing_is_known_yet_is_to_blame() -> None:
    """Nothing shows that its data moves on: old data is a failure, as any other."""

    async def story(world: World, _clock: VirtualClock) -> None:
        says(world, "a", ethereum=90)
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL), "b"])
        for _ in range(5):
            await engine.ask(ETH_USD, fresh=True)
        assert engine.breakers()[0].state is BreakerState.OPEN

    play(story)


def test_an_open_circuit_is_not_probed_with_what_its_source_has_old_data_of() -> None:
    """The probe asks for something else that callers asked for, else it could never close."""

    async def story(world: World, clock: VirtualClock) -> None:
        says(world, "a", ethereum=90)
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL), "b"])
        await engine.start()
        await engine.ask(BTC_USD)
        world.fails("a")
        while engine.breakers()[0].state is BreakerState.CLOSED:
            await engine.ask(BTC_USD, fresh=True)
        opened = clock.monotonic()
        says(world, "a", ethereum=90)
        lane = next(each for each in engine._plan.lanes(ETH_USD.kind) if each.id == "a")
        lane.fall_behind(ETH_USD, opened + 590)
        await engine.ask(ETH_USD, fresh=True)
        await asyncio.sleep(opened + 640 - clock.monotonic())
        assert engine.breakers()[0].state is BreakerState.CLOSED
        await engine.close()

    play(story)


@pytest.mark.parametrize(
    ("longest_s", "now", "expected"), [(60, 159.9, True), (60, 160.0, False), (59, 101.0, False), (61, 160.5, True)]
)
def test_data_shows_that_a_source_moves_while_it_would_be_young_enough(
    longest_s: float, now: float, expected: bool
) -> None:
    """By what may become as old at most: a candle of a day says nothing of those of a minute."""
    motion = Motion()
    motion.note(60, 100.0)
    motion.note(60, 90.0)
    motion.note(86_400, 1e9)
    assert motion.moves(longest_s, now) is expected


def test_each_chain_grows_old_by_itself() -> None:
    """One chain's blocks say that a source moves on where another's are old; a slow chain's say it of none quicker."""
    lane = one()
    quick, slow = GasQuery(QUICK), GasQuery(SLOW)
    lane.motion.note(6000, 99.0)
    assert lane.is_old_by_itself(slow, figures_of(slow, datetime.now(UTC)), 100.0)
    assert not lane.is_old_by_itself(quick, FIGURES[quick.kind], 100.0)
    lane.motion.note(120, 99.0)
    assert not lane.is_old_by_itself(quick, FIGURES[quick.kind], 100.0)
    lane.motion.note(60, 99.0)
    assert lane.is_old_by_itself(quick, FIGURES[quick.kind], 100.0)
    lane.fall_behind(slow, 100.0)
    assert lane.is_behind(slow, 399.9)
    assert not lane.is_behind(slow, 400.0)
    assert not lane.is_behind(quick, 101.0)


def test_candles_grow_old_by_interval() -> None:
    """A market without a trade for minutes has no candles of a minute; those of a day stand as they did."""
    lane = one()
    minutes, days = CandlesQuery(BITCOIN, MINUTE), CandlesQuery(BITCOIN, DAY)
    lane.motion.note(2 * DAY.span.total_seconds(), 100.0)
    assert not lane.is_old_by_itself(minutes, FIGURES[minutes.kind], 100.0)
    lane.motion.note(120, 90.0)
    assert lane.is_old_by_itself(minutes, FIGURES[minutes.kind], 209.9)
    assert not lane.is_old_by_itself(minutes, FIGURES[minutes.kind], 210.0)
    lane.fall_behind(minutes, 100.0)
    assert lane.comes_last(minutes, 101.0)
    assert not lane.comes_last(days, 101.0)
    assert not lane.comes_last(CandlesQuery(ETHER, MINUTE), 101.0)


def test_what_has_no_subject_cannot_be_old_by_itself() -> None:
    """All the news of a source are one thing."""
    lane, news = one(), NewsQuery()
    lane.motion.note(60, 100.0)
    assert not lane.is_old_by_itself(news, FIGURES[news.kind], 100.0)
    lane.fall_behind(news, 100.0)
    assert not lane.comes_last(news, 101.0)


def test_a_price_grows_old_by_asset_and_quote() -> None:
    """A price in another quote is of another market."""
    lane = one()
    lane.fall_behind(BTC_USD, 0.0)
    assert lane.comes_last(BTC_USD, 1.0)
    assert not lane.is_ignorant(BTC_USD, 1.0)
    assert not lane.comes_last(PriceQuery(BITCOIN, "EUR"), 1.0)
    assert not lane.comes_last(ETH_USD, 1.0)


def test_data_that_grew_old_while_another_source_was_asked_yields_to_what_is_young() -> None:
    """A jump waits for a second source; of the two that agree the one is given whose data is still young."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a", "100")
        engine = world.engine([source("a", Tier.CRITICAL), "b"], settings=ALONE)
        await engine.ask(BTC_USD)
        world.says("a", "200", age_s=59)
        world.says("b", "200", after_s=1.5, age_s=3)
        found = await engine.ask(BTC_USD, fresh=True)
        assert (found.provenance.source, found.provenance.freshness) == ("b", Freshness.LIVE)

    play(story)


def test_data_that_grew_old_while_another_source_was_asked_is_stale() -> None:
    """In the answer, and in the cache."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "100")
        engine = world.engine([source("a", Tier.CRITICAL), "b"], settings=ALONE)
        await engine.ask(BTC_USD)
        clock.advance(70)
        world.says("a", "200", age_s=59)

        async def late(_request: Request) -> Reply:
            await asyncio.sleep(1.5)
            return Reply(503, b"")

        world.does("b", late)
        found = (await engine.ask(BTC_USD, fresh=True)).provenance
        assert (found.source, found.freshness) == ("a", Freshness.STALE)
        assert (await engine.ask(BTC_USD)).provenance.freshness is Freshness.STALE

    play(story)


def test_a_source_comes_back_though_callers_mostly_ask_for_a_thin_coin() -> None:
    """Before its outage of ten minutes the mix was harmless; after it each probe asks for what is old by itself."""

    async def story(world: World, clock: VirtualClock) -> None:
        says(world, "a", ethereum=90)
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL), "b"], settings=ALONE)
        await engine.start()

        async def traffic(span_s: float) -> None:
            until, count = clock.monotonic() + span_s, 0
            while clock.monotonic() < until:
                await engine.ask(BTC_USD if count % 10 == 0 else ETH_USD, fresh=True)
                await asyncio.sleep(4)
                count += 1

        await traffic(1200)
        assert engine.breakers()[0].trips == 0
        world.fails("a")
        await traffic(610)
        says(world, "a", ethereum=90)
        await traffic(1800)
        view = engine.breakers()[0]
        assert view.state is BreakerState.CLOSED, (view.state, view.trips)
        await engine.close()

    play(story)


class Relayed(World):
    """A world whose source refuses whoever comes directly, and whose public relay repeats what it once fetched."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.kept: dict[tuple[str, str], Reply] = {}

    async def fetch(self, base_url: str, request: Request, *, key: Secret | None = None, **how: Any) -> Reply:
        """Refuse, repeat, or pass on."""
        name = how["egress"].name if "egress" in how else "direct"
        if name == "direct":
            await asyncio.sleep(0.01)
            return Reply(451, b"")
        if name != "allorigins":
            return await super().fetch(base_url, request, key=key)
        if (name, request.path) not in self.kept:
            self.kept[name, request.path] = await super().fetch(base_url, request, key=key)
        await asyncio.sleep(0.01)
        return self.kept[name, request.path]


def test_a_public_relay_that_repeats_old_answers_is_left() -> None:
    """What it brings may be its own doing: it is held against the way, and the source is asked over another."""

    async def story(world: World, clock: VirtualClock) -> None:
        assert isinstance(world, Relayed)
        world.says("a")
        engine = world.engine(["a"], settings=Settings(quotes_per_s=0, public_proxies=True))
        coins = prices_of(60)
        live = 0
        for number, coin in enumerate(coins):
            await engine.ask(coin)  # new to the relay, so of this moment
            if number >= 5:
                answer = await engine.ask(coins[number - 5], fresh=True)  # of 100 s ago, and so old
                live += answer.provenance.freshness is Freshness.LIVE
            clock.advance(20)
            engine._plan.rank()
        assert live > 40, live

    play(story, Relayed)
