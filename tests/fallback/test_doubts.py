"""What is far from the past, or of which nothing is known, is held against a second source, whatever kind it is of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.clock import VirtualClock, run_virtual
from server.fallback.engine import Engine
from server.fallback.http import TransportFailure
from server.model import (
    Answer,
    Balance,
    BalanceQuery,
    Block,
    BlockQuery,
    BreakerState,
    Candle,
    Candles,
    CandlesQuery,
    Chain,
    ChainFamily,
    ChainQuery,
    ChainStatus,
    Freshness,
    GasPrice,
    GasQuery,
    Observation,
    Outcome,
    Overview,
    OverviewQuery,
    Price,
    Prices,
    PricesQuery,
    Query,
    Value,
    interval_of,
)
from server.providers.base import Capability, Provider, Reply, Request, Source, Tier
from server.settings import Settings
from tests.fallback.world import BITCOIN, World, source

CHAIN = Chain("x", "X", ChainFamily.EVM, "x", "X", 18, block_time_s=10)
_HOUR = interval_of("1h")
assert _HOUR is not None
QUERIES: dict[str, Query] = {
    "gas": GasQuery(CHAIN),
    "overview": OverviewQuery(),
    "prices": PricesQuery(),
    "candles": CandlesQuery(BITCOIN, _HOUR),
    "block": BlockQuery(CHAIN),
    "chain": ChainQuery(CHAIN),
    "balance": BalanceQuery(CHAIN, "0xa"),
}
SURE = Settings(quotes_per_s=0)


def providers(clock: VirtualClock) -> dict[str, Provider]:
    """Return a maker of every kind whose answers are one number."""

    def candles(query: Any, number: Decimal) -> Candles:
        opened = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
        return Candles("bitcoin", "USDT", query.interval.token, (Candle(opened, number, number, number, number),))

    make: dict[str, Callable[[Any, Decimal], Value]] = {
        "gas": lambda _, n: GasPrice("x", "gwei", n, n, n, base_fee=n),
        "overview": lambda _, n: Overview(n),
        "prices": lambda _, n: Prices((Price("bitcoin", "USD", n), Price("ethereum", "USD", n / 2))),
        "candles": candles,
        "block": lambda _, n: Block("x", int(n), "0x", clock.now()),
        "chain": lambda _, n: ChainStatus("x", int(n)),
        "balance": lambda query, n: Balance("x", query.address, "X", n),
    }

    def capability(name: str) -> Capability:
        def build(_source: Source, _query: Query) -> tuple[Request, ...]:
            return (Request(f"/{name}/it"),)

        def parse(_source: Source, query: Query, replies: tuple[Reply, ...]) -> Value:
            return make[name](query, Decimal(replies[0].body.decode().split()[2]))

        return Capability(QUERIES[name].kind, build, parse)

    return {"toy": Provider("toy", tuple(map(capability, QUERIES)), ())}


def play(act: Callable[[World, VirtualClock], Any]) -> None:
    """Run a story in virtual time."""

    async def story(clock: VirtualClock) -> None:
        await act(World(clock), clock)

    run_virtual(story)


def made(world: World, clock: VirtualClock, names: str) -> Engine:
    """Return an engine over sources of one letter each, in this order of tiers."""
    return world.engine(
        [source(name, tier) for name, tier in zip(names, Tier, strict=False)], providers=providers(clock), settings=SURE
    )


def number(answer: Answer[Value]) -> Decimal:
    """Return the one number of an answer."""
    match answer.value:
        case GasPrice(standard=found) | Overview(total_market_cap=found) | Balance(amount=found):
            return found
        case Prices(prices=(first, *_)):
            return first.value
        case Candles(candles=(*_, last)):
            return last.close
        case Block(height=height) | ChainStatus(height=height):
            return Decimal(height)
    raise TypeError(type(answer.value).__name__)


def ways(answer: Answer[Value]) -> list[tuple[str, str]]:
    """Return who was asked, and how it ended."""
    return [(each.source, each.outcome.value) for each in answer.provenance.attempts]


def sureness(answer: Answer[Value]) -> tuple[int, int, bool]:
    """Return how many of how many agreed, and whether the answer is contested."""
    return answer.provenance.agreed, answer.provenance.asked, answer.provenance.is_contested


@pytest.mark.parametrize("kind", QUERIES)
def test_a_liar_is_found_out_by_the_past_and_a_second_source(kind: str) -> None:
    """Ten times what it was, contradicted by another source that stayed there: refused, and counted as a failure."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000")
        world.says("b", "1010")
        engine, query = made(world, clock, "ab"), QUERIES[kind]
        await engine.ask(query)
        world.says("a", "10000")
        answer = await engine.ask(query, fresh=True)
        assert number(answer) == 1010
        assert ways(answer) == [("a", "out_of_bounds"), ("b", "ok")]
        assert sureness(answer) == (1, 2, False)

    play(story)


def test_candles_from_a_time_on_are_held_against_the_past_too() -> None:
    """A series without an end runs to now, wherever it begins: a liar's is refused as that of the last candles is."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000")
        world.says("b", "1010")
        engine = made(world, clock, "ab")
        query = CandlesQuery(BITCOIN, _HOUR, start_time=clock.now() - timedelta(hours=30))
        await engine.ask(query)
        world.says("a", "10000")
        answer = await engine.ask(query, fresh=True)
        assert (number(answer), ways(answer)) == (1010, [("a", "out_of_bounds"), ("b", "ok")])

    play(story)


def test_only_the_answer_is_counted_against_a_liar_that_failed_before_it() -> None:
    """A reset, then a repeat that lied: the first attempt stays what it was."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000")
        world.says("b", "1010")
        engine, query = made(world, clock, "ab"), QUERIES["overview"]
        await engine.ask(query)
        ends = iter((TransportFailure(Outcome.RESET), Reply(200, b"bitcoin USD 10000")))

        async def reset_then_lie(_request: Request) -> Reply:
            end = next(ends)
            if isinstance(end, TransportFailure):
                raise end
            return end

        world.does("a", reset_then_lie)
        answer = await engine.ask(query, fresh=True)
        assert number(answer) == 1010
        assert ways(answer) == [("a", "reset"), ("a", "out_of_bounds"), ("b", "ok")]

    play(story)


@pytest.mark.parametrize("kind", QUERIES)
def test_a_jump_that_a_second_source_confirms_is_believed(kind: str) -> None:
    """It is the first source's answer, two say so, and from then on it is what others are held against."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000")
        world.says("b", "10010")
        engine, query = made(world, clock, "ab"), QUERIES[kind]
        assert number(await engine.ask(query)) == 1000
        world.says("a", "10000")
        answer = await engine.ask(query, fresh=True)
        assert (number(answer), sureness(answer)) == (10000, (2, 2, False))
        again = await engine.ask(query, fresh=True)
        assert ways(again) == [("a", "ok")]

    play(story)


@pytest.mark.parametrize("kind", [kind for kind in QUERIES if kind != "balance"])
def test_two_liars_of_one_mind_are_held_against_a_third(kind: str) -> None:
    """They agree on ten times what it was: a third that stayed there is believed, and both are counted as wrong."""

    async def story(world: World, clock: VirtualClock) -> None:
        for name in "abc":
            world.says(name, "1000")
        engine, query = made(world, clock, "abc"), QUERIES[kind]
        await engine.ask(query)
        world.says("a", "10000")
        world.says("b", "10000")
        answer = await engine.ask(query, fresh=True)
        assert number(answer) == 1000
        assert ways(answer) == [("a", "out_of_bounds"), ("b", "out_of_bounds"), ("c", "ok")]
        assert sureness(answer) == (1, 3, False)
        world.says("c", "10000")
        answer = await engine.ask(query, fresh=True)
        assert (number(answer), sureness(answer)) == (10000, (3, 3, False))

    play(story)


@pytest.mark.parametrize("kind", [kind for kind in QUERIES if kind not in ("prices", "balance")])
def test_a_jump_that_nobody_can_confirm_is_served_contested_and_not_stored(kind: str) -> None:
    """With one source there is no telling a lie from the truth: the answer says so, and history does not get it.

    After ten minutes of the same it is believed. Prices say it by their flags; of a balance no single word is kept.
    """

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000")
        engine, query = made(world, clock, "a"), QUERIES[kind]
        seen: list[Observation] = []
        engine.subscribe(seen.append)
        assert sureness(await engine.ask(query)) == (1, 1, False)
        world.says("a", "10000")
        answer = await engine.ask(query, fresh=True)
        assert (number(answer), sureness(answer)) == (10000, (1, 1, True))
        assert [each.aside for each in seen] == [False, True]
        assert (await engine.ask(query)).provenance.is_contested
        for _ in range(11):
            await clock.sleep(60)
            answer = await engine.ask(query, fresh=True)
        assert not answer.provenance.is_contested

    play(story)


def test_a_height_may_rise_as_fast_as_blocks_come() -> None:
    """After ten quiet minutes a chain may be a hundred blocks and three times its usual pace further, and no more."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000")
        engine, query = made(world, clock, "a"), QUERIES["block"]
        await engine.ask(query)
        await clock.sleep(500)
        world.says("a", "1251")
        assert (await engine.ask(query)).provenance.is_contested
        world.says("a", "1250")
        assert not (await engine.ask(query, fresh=True)).provenance.is_contested

    play(story)


def test_a_height_far_ahead_does_not_make_the_others_liars() -> None:
    """One source that leaps ahead is contradicted by the next; honest heights are not held against the leap."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000")
        world.says("b", "1001")
        engine, query = made(world, clock, "ab"), QUERIES["chain"]
        await engine.ask(query)
        world.says("a", "999999")
        assert number(await engine.ask(query, fresh=True)) == 1001
        world.says("a", "1002")
        assert number(await engine.ask(query, fresh=True)) == 1002

    play(story)


def test_a_balance_of_which_nothing_is_known_is_asked_of_two() -> None:
    """What two nodes say is believed; while it stays so one is asked, and anew when it changed by a tenth."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "5")
        world.says("b", "5")
        engine, query = made(world, clock, "ab"), QUERIES["balance"]
        first = await engine.ask(query)
        assert (ways(first), sureness(first)) == ([("a", "ok"), ("b", "ok")], (2, 2, False))
        assert ways(await engine.ask(query, fresh=True)) == [("a", "ok")]
        world.says("a", "7")
        world.says("b", "7")
        assert sureness(await engine.ask(query, fresh=True)) == (2, 2, False)

    play(story)


def test_of_three_balances_the_two_that_agree_are_believed() -> None:
    """A node that lies from the first is outvoted, and its answer counts against it; two alone leave it open."""

    async def story(world: World, clock: VirtualClock) -> None:
        for name, value in zip("abc", ("50", "5", "5"), strict=True):
            world.says(name, value)
        engine = made(world, clock, "abc")
        answer = await engine.ask(QUERIES["balance"])
        assert (number(answer), sureness(answer)) == (5, (2, 3, False))
        assert ways(answer) == [("a", "out_of_bounds"), ("b", "ok"), ("c", "ok")]
        two = made(world, clock, "ab")
        answer = await two.ask(QUERIES["balance"])
        assert (number(answer), sureness(answer)) == (50, (1, 2, True))

    play(story)


def test_a_balance_that_no_one_else_can_confirm_is_no_lie() -> None:
    """Where the second node does not answer, the first one's word is taken: nothing contradicts it."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "5")
        world.fails("b")
        world.says("c", "6")
        answer = await made(world, clock, "abc").ask(QUERIES["balance"])
        assert (number(answer), sureness(answer)) == (5, (1, 1, False))
        assert world.asked == {"a": 1, "b": 1}

    play(story)


def test_single_prices_of_a_list_that_jumped_are_flagged() -> None:
    """One of many is no reason to ask another source for all; the others stand as they are."""

    async def story(world: World, _clock: VirtualClock) -> None:
        prices = {"bitcoin": "100", "ethereum": "50", "solana": "10"}

        def parse(_source: Source, _query: Query, _replies: tuple[Reply, ...]) -> Value:
            return Prices(tuple(Price(id_, "USD", Decimal(value)) for id_, value in prices.items()))

        def build(_source: Source, _query: Query) -> tuple[Request, ...]:
            return (Request("/prices/it"),)

        world.says("a")
        toy = {"toy": Provider("toy", (Capability(PricesQuery().kind, build, parse),), ())}
        engine = world.engine(["a"], providers=toy, settings=SURE)
        await engine.ask(PricesQuery())
        prices["solana"] = "20"
        answer = await engine.ask(PricesQuery(), fresh=True)
        assert isinstance(answer.value, Prices)
        assert [price.flagged for price in answer.value.prices] == [False, False, True]
        assert not answer.provenance.is_contested

    play(story)


def test_a_market_that_moves_slowly_is_never_in_doubt() -> None:
    """Lists alone are asked for, and rise by a half over two days: no price is flagged, and no candle is contested."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000")
        engine = made(world, clock, "a")
        for hour in range(48):
            world.says("a", str(1000 + 10 * hour))
            for _ in range(6):
                listed = await engine.ask(QUERIES["prices"], fresh=True)
                assert isinstance(listed.value, Prices)
                assert not any(price.flagged for price in listed.value.prices)
                await clock.sleep(600)
        answer = await engine.ask(QUERIES["candles"], fresh=True)
        assert sureness(answer) == (1, 1, False)

    play(story)


def test_one_wrong_first_height_does_not_make_all_others_liars() -> None:
    """Nothing was known, one source was wrong once: two that agree on another height are believed."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "999999")
        world.says("b", "1000")
        world.says("c", "1000")
        engine, query = made(world, clock, "abc"), QUERIES["chain"]
        await engine.ask(query)
        for height in range(1001, 1007):
            for name in "abc":
                world.says(name, str(height))
            clock.advance(31)
            answer = await engine.ask(query, fresh=True)
        assert (number(answer), answer.provenance.freshness) == (1006, Freshness.LIVE), ways(answer)
        assert all(each.state is BreakerState.CLOSED for each in engine.breakers() if each.kind == "chain")

    play(story)


@pytest.mark.parametrize("kind", ["gas", "overview", "prices"])
def test_a_doubted_answer_of_a_hedge_does_not_end_who_could_confirm_it(kind: str) -> None:
    """The hedge says ten times as much; the late source, which knows better, is waited for."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "1000")
        world.says("b", "1000")
        engine, query = made(world, clock, "ab"), QUERIES[kind]
        await engine.ask(query)
        world.says("a", "1010", after_s=0.9)
        world.says("b", "10000", after_s=0.1)
        answer = await engine.ask(query, fresh=True)
        assert (number(answer), answer.provenance.is_contested) == (1010, False), ways(answer)

    play(story)


def test_a_first_balance_waits_for_the_late_source_only_where_no_other_can_confirm_it() -> None:
    """Of two nodes the late one is the second that is asked; of three the third is, and the late one is let go."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "5", after_s=0.9)
        world.says("b", "5", after_s=0.1)
        assert sureness(await made(world, clock, "ab").ask(QUERIES["balance"])) == (2, 2, False)
        world.hangs("a")
        world.says("c", "5")
        start = clock.monotonic()
        answer = await made(world, clock, "abc").ask(QUERIES["balance"])
        assert (ways(answer), sureness(answer)) == ([("a", "overdue"), ("b", "ok"), ("c", "ok")], (2, 2, False))
        assert clock.monotonic() - start == pytest.approx(0.5 + 0.1 + 0.05)

    play(story)
