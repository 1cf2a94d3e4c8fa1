"""The quote book in the engine, in simulated time: several sources' quotes become one price, and a liar is outvoted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from server.clock import VirtualClock, run_virtual
from server.fallback.breaker import Breaker
from server.fallback.engine import Engine
from server.fallback.lane import Lane
from server.fallback.quotes import Quotes
from server.fallback.standing import Standing
from server.fallback.tried import Tried
from server.fallback.vetted import Vetted
from server.model import (
    Action,
    Answer,
    Asset,
    Decision,
    Freshness,
    Kind,
    Observation,
    Outcome,
    Price,
    PriceQuery,
    Prices,
    PricesQuery,
    Query,
    Value,
)
from server.providers.base import Capability, Limit, Provider, Reply, Request, Source, Tier
from server.settings import Settings
from tests.fallback.world import BITCOIN, ETH_USD, TOY, World, build, parse, source

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]
MAJOR = Asset("bitcoin", "BTC", "Bitcoin", 1)
SMALL = Asset("smallcoin", "SML", "Small", 180)
BTC = PriceQuery(MAJOR, "USD")
QUIET = Settings(quotes_per_s=0)


def play(story: Story) -> None:
    """Run a story in simulated time."""

    async def main(clock: VirtualClock) -> None:
        await story(World(clock), clock)

    run_virtual(main)


def price_of(answer: Answer[Value]) -> Price:
    """Return an answer's price."""
    assert isinstance(answer.value, Price)
    return answer.value


def tried(clock: VirtualClock, name: str, kind: Kind = Kind.PRICE) -> Tried:
    """Return an attempt of now that went well."""
    row = source(name)
    lane = Lane(Standing(row, row.base_url, ()), replace(TOY.capabilities[0], kind=kind), Breaker(clock.random))
    made = Tried(lane)
    made.time, made.judged_at, made.outcome = clock.now(), clock.monotonic(), Outcome.OK
    return made


def outliers(price: Price) -> dict[str, str]:
    """Return why sources are left out."""
    return {each.source: each.reason for each in price.outliers}


async def heard(world: World, ids: str, **said: str) -> Engine:
    """Return an engine whose book holds a quote of each source; they say 100, or what is given."""
    for id_ in ids:
        world.says(id_, said.get(id_, "100"))
    engine = world.engine(list(ids))
    await engine.sweep(BTC)
    return engine


def test_an_answer_is_the_median_of_what_was_heard_lately() -> None:
    """The fresh price is combined with the book's, says how sure it is, and keeps what the source itself said."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = await heard(world, "abc", a="100.20", b="100.10", c="100.00")
        answer = await engine.ask(BTC)
        price = price_of(answer)
        assert (price.value, price.raw_value) == (Decimal("100.10"), Decimal("100.20"))
        assert price.confidence is not None
        assert price.confidence == answer.provenance.confidence
        assert (answer.provenance.source, answer.provenance.agreed, answer.provenance.asked) == ("a", 3, 3)
        assert world.asked == {"a": 2, "b": 1, "c": 1}

    play(story)


def test_one_source_alone_says_so() -> None:
    """With nothing else heard the price is the source's own, 1 of 1, without a confidence."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        answer = await world.engine(["a"]).ask(BTC)
        price = price_of(answer)
        assert (price.value, price.raw_value, price.confidence, price.outliers) == (100, None, None, ())
        assert (answer.provenance.agreed, answer.provenance.asked) == (1, 1)

    play(story)


def test_quotes_past_the_longest_age_no_longer_count() -> None:
    """A minute later only what was heard anew is combined."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = await heard(world, "abc")
        clock.advance(61)
        answer = await engine.ask(BTC)
        assert (answer.provenance.agreed, answer.provenance.asked) == (1, 1)

    play(story)


@pytest.mark.parametrize("lie", ["1000", "10", "112", "97"])
@pytest.mark.parametrize("liar", range(4))
def test_liars_in_turn_are_named_blamed_and_never_believed(lie: str, liar: int) -> None:
    """One of four that lies, the asked one or another, moves the price by nothing; it counts against it."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = await heard(world, "abcd")
        name = "abcd"[liar]
        world.says(name, lie)
        await asyncio.sleep(6)
        await engine.sweep(BTC)
        answer = await engine.ask(BTC)
        price = price_of(answer)
        assert price.value == 100
        assert answer.provenance.source != name
        assert name in outliers(price)
        assert (answer.provenance.agreed, answer.provenance.asked) == (3, 4)
        view = next(each for each in engine.sources() if each.id == name)
        assert view.last_failure_time is not None
        assert view.last_outcome == "out_of_bounds"

    play(story)


def test_the_attempts_say_who_was_refused_after_the_fact() -> None:
    """The asked source's good attempt becomes one out of bounds when three others outvote it; a failed one stays."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = await heard(world, "abcd")
        world.says("a", "97")
        answer = await engine.ask(BTC)
        assert [(each.source, each.outcome.value) for each in answer.provenance.attempts] == [("a", "out_of_bounds")]
        assert answer.provenance.source in "bcd"
        assert (price_of(answer).value, answer.provenance.freshness) == (100, Freshness.LIVE)
        world.fails("a")
        answer = await engine.ask(BTC, fresh=True)
        assert [(each.source, each.outcome.value) for each in answer.provenance.attempts] == [
            ("a", "refused"),
            ("b", "ok"),
        ]

    play(story)


def test_a_liar_among_three_never_gives_a_wrong_value_marked_fresh() -> None:
    """Ten times off, whoever of three it is, for an hour: the price stays; where two are against one it says so."""

    async def story(world: World, clock: VirtualClock) -> None:
        settings = Settings()
        for id_ in "abc":
            world.says(id_)
        engine = world.engine(["a", "b", "c"], settings=settings)
        await engine.start()
        await engine.ask(BTC)
        await asyncio.sleep(30)
        for turn in range(12):
            for id_ in "abc":
                world.says(id_, "1000" if id_ == "abc"[turn % 3] else "100")
            until = clock.monotonic() + 300
            while clock.monotonic() < until:
                answer = await engine.ask(BTC)
                if answer.provenance.freshness in (Freshness.LIVE, Freshness.CACHED):
                    assert abs(price_of(answer).value - 100) < 1
                await asyncio.sleep(2)
        await engine.close()

    play(story)


def test_two_against_one_is_served_as_undecided() -> None:
    """Two that agree on a wrong value are believed no further than the third reaches."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = await heard(world, "abc", b="115", c="115")
        answer = await engine.ask(BTC)
        price = price_of(answer)
        assert price.confidence is not None
        assert price.value - price.confidence < 100
        assert (answer.provenance.agreed, answer.provenance.asked) == (2, 3)
        assert outliers(price) == {"a": "undecided: 2 of 3 sources agree on another price"}
        assert all(view.last_failure_time is None for view in engine.sources())

    play(story)


@pytest.mark.parametrize("ids", ["abc", "abcd"])
def test_two_that_agree_do_not_carry_a_leap_against_one_that_stayed(ids: str) -> None:
    """What three said before weighs more than two liars of one mind; what the third says last decides."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = await heard(world, ids)
        await engine.ask(BTC)
        world.says("a", "1000")
        world.says("b", "1000")
        for _ in range(4):
            await asyncio.sleep(6)
            price = price_of(await engine.ask(BTC, fresh=True))
            assert price.value == 100
            assert price.confidence is not None
            assert price.confidence >= 900
        for id_ in ids[2:]:
            world.says(id_, "1000")
        await engine.sweep(BTC)
        assert price_of(await engine.ask(BTC, fresh=True)).value == 1000

    play(story)


def test_the_first_word_of_all_yields_to_two_that_agree() -> None:
    """A liar that was heard first, and confirmed by nobody, is outvoted as soon as two others were heard."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a", "1000")
        engine = world.engine(["a", "b", "c"])
        assert price_of(await engine.ask(BTC)).value == 1000
        world.says("b")
        world.says("c")
        await engine.sweep(BTC)
        for _ in range(3):
            answer = await engine.ask(BTC, fresh=True)
            assert price_of(answer).value == 100
            assert (answer.provenance.agreed, answer.provenance.asked) == (2, 3)
            await asyncio.sleep(6)

    play(story)


def test_a_mirror_confirms_nothing_that_its_exchange_says() -> None:
    """Two doors of one exchange say the same of a jump; another source is asked, and stayed where it was."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for id_ in "amc":
            world.says(id_)
        rows = [source(id_, options={"witness": "venue"}) for id_ in "am"]
        engine = world.engine([*rows, source("c", Tier.MEDIUM)], settings=QUIET)
        await engine.ask(BTC)
        await asyncio.sleep(100)
        world.says("a", "500")
        world.says("m", "500")
        answer = await engine.ask(BTC, fresh=True)
        assert price_of(answer).value == 100
        assert [each.outcome.value for each in answer.provenance.attempts] == ["out_of_bounds", "out_of_bounds", "ok"]

    play(story)


def test_nobody_confirms_itself() -> None:
    """A source whose limits let it be asked again in a moment is not: what it says twice is said by one."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        world.fails("b")
        engine = world.engine([source("a", limits=(Limit(1, 1),)), source("b", Tier.MEDIUM)], settings=QUIET)
        await engine.ask(BTC)
        await asyncio.sleep(100)
        engine.cache.drop(lambda _: True)
        world.says("a", "500")
        answer = await engine.ask(BTC)
        assert [each.source for each in answer.provenance.attempts] == ["a", "b"]
        assert price_of(answer).flagged

    play(story)


def test_small_caps_may_lie_further_apart() -> None:
    """Six percent apart is agreement on a small asset, and a dispute on a large one."""

    async def story(world: World, _clock: VirtualClock) -> None:
        for id_, said in (("a", "106"), ("b", "100"), ("c", "100.5")):
            world.says(id_, said)
        engine = world.engine(["a", "b", "c"])
        for asset, agreed in ((SMALL, 3), (MAJOR, 2)):
            await engine.sweep(PriceQuery(asset))
            assert (await engine.ask(PriceQuery(asset))).provenance.agreed == agreed

    play(story)


def test_a_frozen_source_is_left_out_unblamed() -> None:
    """Its old price, with its old time, neither moves the others nor counts against it while it is a minute young."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = await heard(world, "abcd", d="96")
        world.says("d", "96", age_s=45)
        clock.advance(6)
        await engine.sweep(BTC)
        answer = await engine.ask(BTC)
        assert price_of(answer).value == 100
        assert outliers(price_of(answer)) == {"d": "3 sources have a younger price"}
        assert next(each for each in engine.sources() if each.id == "d").last_failure_time is None

    play(story)


def test_a_source_of_another_asset_never_counts() -> None:
    """An answer that names another asset is refused before it can vote; one that does not is an outlier."""

    async def story(world: World, _clock: VirtualClock) -> None:
        async def other(_request: Request) -> Reply:
            await asyncio.sleep(0.01)
            return Reply(200, b"ethereum USD 3000")

        engine = await heard(world, "abcd")
        world.does("d", other)
        await asyncio.sleep(6)
        found = await engine.sweep(BTC)
        assert [each.outcome.value for each in found.attempts] == ["ok", "ok", "ok", "wrong_asset"]
        world.says("d", "3000")
        await asyncio.sleep(6)
        await engine.sweep(BTC)
        price = price_of(await engine.ask(BTC))
        assert (price.value, list(outliers(price))) == (100, ["d"])

    play(story)


def test_quotes_in_other_currencies_count_at_measured_rates() -> None:
    """USDT and EUR quotes vote in dollars; the one that is off is so by its converted value."""

    async def story(world: World, _clock: VirtualClock) -> None:
        rates = {"tether": {"USD": "0.998"}, "bitcoin": {"EUR": "90", "USD": "100"}}

        def venue(native: str, price: str) -> Callable[[Request], Coroutine[None, None, Reply]]:
            async def answering(request: Request) -> Reply:
                await asyncio.sleep(0.02)
                _, asset, _ = request.path.split("/")
                return Reply(200, f"{asset} {native} {price}".encode() if asset == "bitcoin" else b"unknown_asset")

            return answering

        async def dollars(request: Request) -> Reply:
            await asyncio.sleep(0.02)
            _, asset, asked = request.path.split("/")
            known = rates.get(asset, {}).get(asked)
            return Reply(200, b"unknown_asset" if known is None else f"{asset} {asked} {known}".encode())

        world.does("a", dollars)
        world.does("b", venue("USDT", "100.2"))
        world.does("c", venue("EUR", "90"))
        world.does("d", venue("EUR", "100"))
        engine = world.engine(["a", "b", "c", "d"])
        found = await engine.quotes(BTC)
        values = {each.provenance.source: each.price.value for each in found.quotes}
        assert values["b"] == Decimal("99.9996")
        assert abs(values["c"] - 100) < Decimal("0.001")
        assert {each.provenance.source: bool(each.outlier) for each in found.quotes} == {
            "a": False,
            "b": False,
            "c": False,
            "d": True,
        }
        assert (found.agreed, found.asked) == (3, 4)
        assert found.value is not None
        assert abs(found.value - 100) < Decimal("0.01")

    play(story)


def test_mirrors_of_one_exchange_are_one_witness() -> None:
    """Two doors to one venue do not outvote another, and both are shown side by side."""

    async def story(world: World, _clock: VirtualClock) -> None:
        catalog = [
            source("a", Tier.HIGH, options={"witness": "a"}),
            source("a_mirror", Tier.HIGH, options={"witness": "a"}),
            source("b", Tier.LOW),
        ]
        for id_, said in (("a", "110"), ("a_mirror", "110"), ("b", "100")):
            world.says(id_, said)
        engine = world.engine(catalog)
        found = await engine.quotes(BTC)
        assert [each.provenance.source for each in found.quotes] == ["a", "a_mirror", "b"]
        assert (found.agreed, found.asked) == (1, 2)

    play(story)


def test_a_list_of_prices_feeds_the_book() -> None:
    """What a list says of an asset stands beside a fresh price; alone against it, it makes the jump rule ask."""

    def build_list(_source: Source, query: Query) -> tuple[Request, ...]:
        return (Request("/list/USD"),) if isinstance(query, PricesQuery) else build(_source, query)

    def parse_list(_source: Source, query: Query, replies: tuple[Reply, ...]) -> Value:
        if isinstance(query, PricesQuery):
            return Prices((Price("bitcoin", "USD", Decimal(replies[0].body.decode())),))
        return parse(_source, query, replies)

    lists = Provider("lists", (Capability(Kind.PRICES, build_list, parse_list),), ())

    async def story(world: World, clock: VirtualClock) -> None:
        async def listing(_request: Request) -> Reply:
            await asyncio.sleep(0.02)
            return Reply(200, b"100.2")

        world.does("l", listing)
        world.says("a")
        world.says("b")
        catalog = [source("a"), source("b", Tier.LOW), Source("l", "L", "lists", "https://l.example", Tier.LOW, "x")]
        engine = Engine(
            catalog=catalog,
            providers={"toy": TOY, "lists": lists},
            transport=world,  # type: ignore[arg-type]  # stands in for the outside world
            clock=clock,
            settings=QUIET,
            keys={},
            rate_assets={},
        )
        await engine.ask(PricesQuery())
        answer = await engine.ask(BTC)
        assert (answer.provenance.agreed, answer.provenance.asked) == (2, 2)
        world.says("a", "1000")
        clock.advance(6)
        answer = await engine.ask(BTC, fresh=True)
        assert abs(price_of(answer).value - 100) < 1
        assert "a" in outliers(price_of(answer))

    play(story)


def test_a_sweeps_quotes_stand_aside() -> None:
    """One source's own quote gets its number, but is marked as no answer, so that nobody stores or streams it."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine(["a", "b"])
        seen: list[Observation] = []
        engine.subscribe(seen.append)
        await engine.sweep(BTC)
        await engine.ask(BTC)
        assert [each.aside for each in seen] == [True, True, False]

    play(story)


def test_cached_answers_stay_the_same_object() -> None:
    """What is heard meanwhile changes no answer that is being served, so its bytes can be kept."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = await heard(world, "abc")
        await engine.ask(BTC)
        first = engine.peek(BTC)
        await engine.sweep(PriceQuery(BITCOIN, "USD"))
        assert engine.peek(BTC) is first

    play(story)


@pytest.mark.parametrize("value", ["1e-400", "0.00000000000000000000000000000000000001", "999999999999"])
def test_any_price_within_bounds_is_answered(value: str) -> None:
    """The smallest and the largest price that bounds allow are answered, beside others and against them."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = await heard(world, "abc", a=value, b=value)
        for _ in range(3):
            answer = await engine.ask(BTC, fresh=True)
            assert price_of(answer).value in (100, Decimal(value))
            await engine.sweep(BTC)
            assert (await engine.quotes(BTC)).quotes
            await asyncio.sleep(6)

    play(story)


def test_an_answer_that_rests_on_anothers_quote_is_as_old_as_that() -> None:
    """The asked source lied, the others spoke 50 s ago: of the minute for which it may pass as fresh ten are left."""

    async def story(world: World, clock: VirtualClock) -> None:
        engine = await heard(world, "abcd")
        clock.advance(50)
        world.says("a", "97")
        answer = await engine.ask(BTC)
        assert answer.provenance.source != "a"
        for name in "abcd":
            world.fails(name)
        clock.advance(12)
        assert (await engine.ask(BTC)).provenance.freshness is Freshness.STALE

    play(story)


def test_a_jump_that_others_have_just_said_too_is_not_flagged() -> None:
    """Nobody could be asked about it, but their own quotes of a moment ago stand in the book."""

    async def story(world: World, _clock: VirtualClock) -> None:
        engine = await heard(world, "abc")
        await engine.ask(BTC)
        await asyncio.sleep(6)
        for name in "abc":
            world.says(name, "150")
        await engine.sweep(BTC)
        for name in "bc":
            world.fails(name)
        answer = await engine.ask(BTC, fresh=True)
        assert (price_of(answer).value, price_of(answer).flagged, answer.provenance.agreed) == (150, False, 3)

    play(story)


def test_a_word_against_a_word_makes_neither_sure() -> None:
    """What one source said is believed as one source's word, whatever another said of it."""
    clock = VirtualClock()
    vetted = Vetted()
    quotes = Quotes(clock, vetted, lambda _tried, _reason: None)
    quotes.settle(BTC, tried(clock, "a"), Price("bitcoin", "USD", Decimal(1000)), ())
    found = quotes.settle(BTC, tried(clock, "b"), Price("bitcoin", "USD", Decimal(100)), ())
    assert (found.agreed, found.asked) == (1, 2)
    assert vetted.last("bitcoin", "USD") is None
    quotes.settle(BTC, tried(clock, "c"), Price("bitcoin", "USD", Decimal(100)), ())
    assert vetted.last("bitcoin", "USD") == (100.0, True)


def test_what_was_converted_measures_no_rate() -> None:
    """A native answer is made of native quotes alone."""
    clock = VirtualClock()
    quotes = Quotes(clock, Vetted(), lambda _tried, _reason: None)
    quotes.settle(BTC, tried(clock, "a"), Price("bitcoin", "USD", Decimal(101), native_quote="EUR"), ())
    price = Price("bitcoin", "USD", Decimal(100))
    assert quotes.settle(BTC, tried(clock, "b"), price, (), native=True).price.value == 100
    assert quotes.settle(BTC, tried(clock, "b"), price, ()).agreed == 2


def test_a_list_is_not_blamed_for_one_price_of_it() -> None:
    """It is left out by name; what its source says of everything else is none the worse."""
    clock = VirtualClock()
    blamed: list[str] = []
    quotes = Quotes(clock, Vetted(), lambda by, _reason: blamed.append(by.lane.id))
    wrong = Price("bitcoin", "USD", Decimal(1000))
    quotes.take_all(tried(clock, "list", Kind.PRICES), Prices((wrong,)))
    quotes.take(tried(clock, "liar"), Price("bitcoin", "USD", Decimal(10)))
    for name in "abc":
        found = quotes.settle(BTC, tried(clock, name), Price("bitcoin", "USD", Decimal(100)), ())
    assert {each.source for each in found.price.outliers} == {"list", "liar"}
    assert blamed == ["liar"]


def test_what_a_disabled_source_said_has_no_vote() -> None:
    """An operator took it out because it is wrong: its last quote is not averaged in for a minute, of any coin."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a", "101.5")
        world.says("b", "100")
        engine = world.engine(["a", "b"])
        for query in (BTC, ETH_USD):
            assert (await engine.ask(query)).provenance.source == "a"
        engine.watch.apply(Decision("a", Action.DISABLE, clock.now(), reason="it lies"))
        for query in (BTC, ETH_USD):
            answer = await engine.ask(query)
            assert (price_of(answer).value, answer.provenance.agreed) == (100, 1)

    play(story)
