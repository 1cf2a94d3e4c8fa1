"""Limits of sources in the engine, in simulated time: who is passed over, why, until when, and who is asked instead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.clock import VirtualClock, run_virtual
from server.errors import SourcesExhausted, SourcesFailed
from server.fallback.engine import Engine
from server.fallback.sweep import Sweep
from server.model import Attempt, Freshness, Kind, PriceQuery, Purpose
from server.providers.base import Capability, Follow, Key, Limit, Provider, Reply, Request, Source, Tier
from server.settings import Settings
from tests.fallback.ledger import Ledger
from tests.fallback.test_motion import prices_of
from tests.fallback.world import BTC_USD, ETH_USD, KEY, World, build, parse, source

Story = Callable[[World, VirtualClock], Coroutine[Any, Any, None]]
BEHIND = Purpose.BACKGROUND
DAY_S = 86_400.0


def play(story: Story) -> None:
    """Run a story in simulated time."""

    async def main(clock: VirtualClock) -> None:
        await story(World(clock), clock)

    run_virtual(main)


def told(attempts: tuple[Attempt, ...]) -> list[tuple[str, str, str]]:
    """Return who was tried, how it ended and why."""
    return [(each.source, each.outcome.value, each.detail) for each in attempts]


def says_left(world: World, id_: str, **headers: str) -> None:
    """Let a source answer 100 with headers whose names are given with underscores."""

    async def answering(request: Request) -> Reply:
        await asyncio.sleep(0.05)
        _, asset, quote = request.path.split("/")
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return Reply(200, f"{asset} {quote} 100".encode(), "", named)

    world.does(id_, answering)


async def ask(engine: Engine, purpose: Purpose = Purpose.USER) -> tuple[str, tuple[Attempt, ...]]:
    """Ask past the cache; return who answered, and the attempts."""
    found = await engine.ask(BTC_USD, fresh=True, purpose=purpose)
    return found.provenance.source, found.provenance.attempts


def test_a_source_out_of_its_limit_is_passed_over_until_it_has_tokens() -> None:
    """It is not asked once more than its terms say; the attempt says which limit and until when."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL, limits=(Limit(2, 60),)), "b"])
        for expected in ("a", "a", "b", "b"):
            assert (await ask(engine))[0] == expected
        _, attempts = await ask(engine)
        assert told(attempts)[0] == ("a", "skipped_quota", "2 a minute are used up, free in 60 s")
        clock.advance(60)
        assert (await ask(engine))[0] == "a"
        assert world.asked["a"] == 3

    play(story)


def test_a_refusal_routes_around_the_source_as_long_as_it_says() -> None:
    """Retry-After holds for every kind and caller, up to five minutes; nothing is asked meanwhile."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("a", 429, retry_after="40")
        world.says("b")
        engine = world.engine(["a", "b"])
        assert (await ask(engine))[0] == "b"
        world.says("a")
        _, attempts = await ask(engine)
        assert told(attempts)[0] == ("a", "skipped_quota", "resting after too many requests, free in 40 s")
        clock.advance(39)
        assert (await ask(engine))[0] == "b"
        clock.advance(1)
        assert (await ask(engine))[0] == "a"

    play(story)


def test_a_pause_that_a_failing_source_asks_for_is_kept() -> None:
    """503 with Retry-After is a failure, and a wish as well."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("a", 503, retry_after="20")
        world.says("b")
        engine = world.engine(["a", "b"])
        await ask(engine)
        world.says("a")
        assert told((await ask(engine))[1])[0][1:] == ("skipped_quota", "resting, as it asked, free in 20 s")
        clock.advance(20)
        assert (await ask(engine))[0] == "a"

    play(story)


def test_after_a_refusal_a_source_is_asked_half_as_often() -> None:
    """Sixty a minute become thirty; successes raise it again to what is published."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.replies("a", 429, retry_after="1")
        world.says("b", after_s=0.0)
        engine = world.engine([source("a", Tier.CRITICAL, limits=(Limit(60, 60),)), "b"])
        await ask(engine)
        world.says("a")

        async def crowd() -> int:
            before = world.asked["a"]
            queries = [PriceQuery(BTC_USD.asset, f"Q{number}") for number in range(70)]
            await asyncio.gather(*(engine.ask(query, fresh=True) for query in queries))
            return world.asked["a"] - before

        clock.advance(61)
        assert await crowd() == 30
        clock.advance(61)
        assert await crowd() == 60

    play(story)


def test_what_a_source_says_of_its_limit_is_believed() -> None:
    """It is left alone before it refuses, until the time that it names."""

    async def story(world: World, clock: VirtualClock) -> None:
        says_left(world, "a", x_ratelimit_remaining="1", x_ratelimit_limit="50", x_ratelimit_reset="25")
        world.says("b")
        engine = world.engine(["a", "b"])
        assert (await ask(engine))[0] == "a"
        assert (await ask(engine))[0] == "a"
        _, attempts = await ask(engine)
        assert told(attempts)[0] == ("a", "skipped_quota", "used up, as it says itself, free in 25 s")
        clock.advance(25)
        assert (await ask(engine))[0] == "a"

    play(story)


def test_a_stated_span_of_ages_puts_no_source_out_for_ages() -> None:
    """A policy of twelve digits without a reset is believed for a month; the other sources are shown as ever."""

    async def story(world: World, clock: VirtualClock) -> None:
        says_left(world, "a", ratelimit='"m";r=0', ratelimit_policy='"m";q=10;w=999999999999')
        world.says("b")
        engine = world.engine(["a", "b"])
        assert [(await ask(engine))[0] for _ in range(2)] == ["a", "b"]
        assert len(engine.explain(BTC_USD).sources) == len(engine.sources()) == 2
        clock.advance(31 * DAY_S)
        assert (await ask(engine))[0] == "a"

    play(story)


def test_collectors_leave_users_their_reserve() -> None:
    """Behind users seven of ten may be asked, and users have the other three to themselves."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL, limits=(Limit(10, 600),)), "b"])
        assert [(await ask(engine, BEHIND))[0] for _ in range(9)] == ["a"] * 7 + ["b"] * 2
        _, attempts = await ask(engine, BEHIND)
        assert told(attempts)[0][2].startswith("the rest of 10 a 600 s is kept for users, free in 10 min")
        sweep = await engine.sweep(ETH_USD, purpose=BEHIND)
        assert [(each.source, each.outcome.value) for each in sweep.attempts] == [("a", "skipped_quota"), ("b", "ok")]
        assert [(await ask(engine))[0] for _ in range(4)] == ["a"] * 3 + ["b"]

    play(story)


def test_a_probe_that_a_user_starts_may_spend_what_is_kept_for_users() -> None:
    """The rest of a long limit is users' own: a circuit that opened then still closes by what they ask."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL, limits=(Limit(40, 36_000),)), "b"])
        assert {(await ask(engine, BEHIND))[0] for _ in range(28)} == {"a"}
        world.replies("a", 500)
        assert {(await ask(engine))[0] for _ in range(5)} == {"b"}
        assert told((await ask(engine))[1])[0] == ("a", "skipped_open", "circuit open")
        world.says("a")
        clock.advance(75)
        for _ in range(2):
            assert (await ask(engine, BEHIND))[0] == "b"
            assert world.asked["a"] == 33  # behind users nothing is left
        for _ in range(2):
            assert (await ask(engine))[0] == "b"
            await asyncio.sleep(1)
        assert (await ask(engine))[0] == "a"

    play(story)


def test_a_user_does_not_wait_for_a_collectors_fetch() -> None:
    """A collector that may not touch the reserve finds nothing; a user who asks at the same time is answered."""

    async def story(world: World, clock: VirtualClock) -> None:
        async def failing(_request: Request) -> Reply:
            await asyncio.sleep(0.3)
            return Reply(500, b"")

        world.says("b")
        world.says("a")
        engine = world.engine([source("a", Tier.CRITICAL), source("b", Tier.LOW, limits=(Limit(4, 600),))])
        world.does("a", failing)
        for _ in range(3):
            await ask(engine, BEHIND)
            clock.advance(100)
        behind = asyncio.create_task(engine.ask(ETH_USD, purpose=BEHIND))
        await asyncio.sleep(0.1)
        users = asyncio.create_task(engine.ask(ETH_USD))
        with pytest.raises(SourcesFailed):
            await behind
        assert (await users).provenance.source == "b"

    play(story)


@pytest.mark.parametrize("way", ["ask", "sweep"])
def test_a_user_does_not_wait_for_a_collector_that_took_over(way: str) -> None:
    """The user whom it waited for went away: it fetches for itself then, and who comes next gets the reserve."""

    async def story(world: World, _clock: VirtualClock) -> None:
        async def failing(_request: Request) -> Reply:
            await asyncio.sleep(0.3)
            return Reply(500, b"")

        world.says("a", after_s=0.3)
        world.does("b", failing)
        engine = world.engine([source("a", Tier.CRITICAL, limits=(Limit(10, 3600),)), "b"])
        for query in prices_of(6):
            await engine.ask(query)
        asking: Callable[..., Coroutine[Any, Any, Any]] = getattr(engine, way)
        first = asyncio.create_task(asking(BTC_USD))
        await asyncio.sleep(0.01)
        behind = asyncio.create_task(asking(BTC_USD, purpose=BEHIND))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.sleep(0.01)
        found = await asking(BTC_USD)
        answer = found.answers[0] if isinstance(found, Sweep) else found
        assert answer.provenance.source == "a"
        await asyncio.gather(first, behind, return_exceptions=True)

    play(story)


def test_a_hedge_goes_to_who_may_be_asked_and_is_paid_for_only_then() -> None:
    """What the next source has left is for users: beside a collector's late attempt the third is asked, or none."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.hangs("a")
        world.says("c")
        rows = [source("a", Tier.CRITICAL), source("b", Tier.HIGH, limits=(Limit(10, 3600),)), source("c", Tier.MEDIUM)]

        def left_to_users(*catalog: Source) -> Engine:
            engine = world.engine(catalog)
            engine._plan.lanes(Kind.PRICE)[1].standing.quota.purses()[0].spend(clock.monotonic(), 7)
            return engine

        three, two = left_to_users(*rows), left_to_users(*rows[:2])
        _, attempts = await ask(three, BEHIND)
        assert [(each.source, each.outcome.value) for each in attempts] == [("a", "overdue"), ("c", "ok")]
        with pytest.raises(SourcesFailed):
            await ask(two, BEHIND)
        assert (three.hedging().hedges, two.hedging().hedges) == (1, 0)

    play(story)


def test_when_all_are_out_of_their_limits_the_error_says_when_to_come_back() -> None:
    """Nothing was ever seen: the caller is told when the first source has tokens again."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        limits = {"a": (Limit(1, 100),), "b": (Limit(1, 50),)}
        engine = world.engine([source(name, limits=limits[name]) for name in limits])
        await ask(engine)
        await engine.sweep(BTC_USD)
        clock.advance(10)
        with pytest.raises(SourcesExhausted) as raised:
            await engine.ask(ETH_USD)
        assert raised.value.retry_after_s == pytest.approx(40, abs=0.2)

    play(story)


def test_keys_bear_the_load_in_turn_and_a_refused_one_rests_alone() -> None:
    """Each of two keys is used as often; when one is refused for too many requests the other goes on."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        key = Key("NERKH_KEY_TOY", limits=(Limit(4, 60),))
        engine = world.engine([source("a", Tier.CRITICAL, key=key), "b"], keys={KEY.setting: "one,two"})
        world.says("b")
        assert [(await ask(engine))[0] for _ in range(9)] == ["a"] * 8 + ["b"]
        used = [each.value.get_secret_value() for each in world.keys if each is not None]
        assert (used.count("one"), used.count("two")) == (4, 4)

    play(story)


def test_a_rejected_key_is_told_of_and_never_shown() -> None:
    """The log says which of the keys it is, monitoring how many; the next one is used from then on."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.replies("a", 401, b"bad key one-secret")
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL, key=KEY), "b"], keys={KEY.setting: "one-secret,two-secret"})
        with capture_logs() as logs:
            await ask(engine)
        (line,) = [each for each in logs if each["event"] == "key rejected"]
        assert (line["source"], line["key"]) == ("a", "1 of 2")
        assert "one-secret" not in str(logs)
        world.says("a")
        assert (await ask(engine))[0] == "a"
        assert world.keys[-1] is not None
        assert world.keys[-1].value.get_secret_value() == "two-secret"
        view = next(each for each in engine.sources() if each.id == "a")
        assert (view.keys, view.rejected_keys, view.key_present) == (2, 1, True)
        assert "secret" not in repr(view)

    play(story)


def test_no_hedge_goes_where_little_is_left() -> None:
    """A late source gets the rival whose limits bear a request that may be in vain."""

    async def story(world: World, clock: VirtualClock) -> None:
        for name in ("a", "b", "c"):
            world.says(name)
        engine = world.engine(
            [source("a", Tier.CRITICAL), source("b", Tier.HIGH, limits=(Limit(10, 600),)), source("c", Tier.LOW)]
        )
        for asset in range(9):
            clock.advance(6)
            await engine.sweep(PriceQuery(BTC_USD.asset, f"Q{asset}"))
        world.hangs("a")
        asked = dict(world.asked)
        assert (await ask(engine))[0] == "c"
        assert (world.asked["b"], world.asked["c"]) == (asked["b"], asked["c"] + 1)

    play(story)


def test_an_attempt_of_several_requests_draws_for_each() -> None:
    """Two side by side take two tokens; a later one waits for its turn, and is given up where that takes too long."""

    async def story(world: World, clock: VirtualClock) -> None:
        def parsing(_source: Any, query: Any, replies: tuple[Reply, ...]) -> Any:
            if len(replies) < 3:
                return Follow(build(_source, query))
            return parse(_source, query, replies)

        def building(_source: Any, query: Any) -> tuple[Request, ...]:
            return build(_source, query) * 2

        provider = Provider("toy", (Capability(Kind.PRICE, building, parsing),), ())
        world.says("a", after_s=0.0)
        for window_s, waits in ((3.0, True), (30.0, False)):
            engine = world.engine([source("a", limits=(Limit(2, window_s),))], providers={"toy": provider})
            start = clock.monotonic()
            if waits:
                await engine.ask(BTC_USD, deadline_s=20)
                assert clock.monotonic() - start == pytest.approx(3.0, abs=0.01)
            else:
                with pytest.raises(SourcesFailed) as raised:
                    await engine.ask(BTC_USD, deadline_s=20)
                assert raised.value.attempts[0].outcome.value == "skipped_quota"
                assert clock.monotonic() == start

    play(story)


@pytest.mark.parametrize(("limit", "cost", "refused"), [(Limit(5, 5), 3, 1), (Limit(6000, 60), 2, 12)])
def test_a_source_whose_calls_weigh_more_than_one_comes_back_after_refusals(
    limit: Limit, cost: int, refused: int
) -> None:
    """However slow it became, one call goes where nothing was asked in a span; its success raises the pace again."""

    def weighing(_source: Any, query: Any) -> tuple[Request, ...]:
        return tuple(Request(each.path, cost=cost) for each in build(_source, query))

    async def story(world: World, _clock: VirtualClock) -> None:
        provider = Provider("toy", (Capability(Kind.PRICE, weighing, parse),), ())
        world.replies("a", 429, retry_after="300")
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL, limits=(limit,)), "b"], providers={"toy": provider})
        while world.asked.get("a", 0) < refused:
            await ask(engine)
            await asyncio.sleep(10)
        world.says("a")
        for _ in range(60):
            await asyncio.sleep(60)
            await ask(engine)
        assert world.asked["a"] > refused + 10

    play(story)


def test_a_source_whose_answers_take_two_rounds_comes_back_after_refusals() -> None:
    """At one call a minute the second round has no turn; it is asked within the limit, else no attempt succeeded."""

    def reading(source_: Any, query: Any, replies: tuple[Reply, ...]) -> Any:
        return Follow(build(source_, query)) if len(replies) < 2 else parse(source_, query, replies)

    async def story(world: World, _clock: VirtualClock) -> None:
        provider = Provider("toy", (Capability(Kind.PRICE, build, reading),), ())
        world.replies("a", 429, retry_after="60")
        world.says("b")
        engine = world.engine([source("a", Tier.CRITICAL, limits=(Limit(60, 60),)), "b"], providers={"toy": provider})
        while world.asked.get("a", 0) < 7:
            await ask(engine)
            await asyncio.sleep(10)
        world.says("a")
        for _ in range(60):
            await asyncio.sleep(60)
            await ask(engine)
        assert (await ask(engine))[0] == "a"

    play(story)


def test_sources_of_one_group_share_their_limit() -> None:
    """Two chains of one host are one caller to it."""

    async def story(world: World, _clock: VirtualClock) -> None:
        parts = {"limits": (Limit(2, 60),), "quota_group": "host"}
        for name in ("a", "b", "c"):
            world.says(name)
        engine = world.engine(
            [source("a", Tier.CRITICAL, **parts), source("b", Tier.HIGH, **parts), source("c", Tier.LOW)]
        )
        assert [(await ask(engine))[0] for _ in range(3)] == ["a", "a", "c"]

    play(story)


def test_the_source_with_more_left_goes_first() -> None:
    """Of two that are alike otherwise the one whose free calls are less used up is asked."""

    async def story(world: World, _clock: VirtualClock) -> None:
        shared = {"limits": (Limit(20, 3600),), "quota_group": "host"}
        for name in ("a", "b", "c"):
            world.says(name)
        engine = world.engine([source("a", Tier.CRITICAL, **shared), source("b", **shared), source("c")])
        await engine.start()
        assert [each.source for each in engine.ranking(Kind.PRICE).sources] == ["a", "b", "c"]
        for _ in range(15):
            await ask(engine)
        await asyncio.sleep(60)
        assert [each.source for each in engine.ranking(Kind.PRICE).sources] == ["a", "c", "b"]
        await engine.close()

    play(story)


def test_a_restart_spends_nothing_of_the_day_twice() -> None:
    """Engines one after another, ended or killed, and two side by side, together ask no more than the day allows."""

    async def story(world: World, clock: VirtualClock) -> None:
        ledger = Ledger()
        world.says("a", after_s=0.0)
        world.says("b", after_s=0.0)
        sources = [source("a", Tier.CRITICAL, limits=(Limit(100, DAY_S),)), source("b", Tier.LOW)]
        for how in ("close", "kill", "two", "close"):
            engines = [world.engine(sources, ledger=ledger) for _ in range(2 if how == "two" else 1)]
            for each in engines:
                await each.start()
            for _ in range(15):
                for each in engines:
                    await ask(each)
                    await asyncio.sleep(0.01)
            if how != "kill":
                for each in engines:
                    await each.close()
            else:
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()
            clock.advance(60)
        assert world.asked["a"] == 75
        last = world.engine(sources, ledger=ledger)
        await last.start()
        for _ in range(50):
            await ask(last)
            await asyncio.sleep(0.01)
        assert 75 + 20 <= world.asked["a"] <= 100  # a block of the one that was killed is lost
        await last.close()

    play(story)


def test_requests_do_not_wait_for_the_ledger() -> None:
    """A ledger that hangs delays the start by a second, and no answer at all."""

    async def story(world: World, clock: VirtualClock) -> None:
        class Hung(Ledger):
            async def claim(self, claims: Any) -> Any:
                await asyncio.sleep(1e6)
                return await super().claim(claims)

        world.says("a", after_s=0.0)
        world.says("b", after_s=0.0)
        engine = world.engine(
            [source("a", Tier.CRITICAL, limits=(Limit(100, DAY_S),)), source("b", Tier.LOW)], ledger=Hung()
        )
        start = clock.monotonic()
        await engine.start()
        assert clock.monotonic() - start == pytest.approx(1.0)
        start = clock.monotonic()
        assert (await ask(engine))[0] == "b"
        assert clock.monotonic() == start
        await engine.close()

    play(story)


def test_a_ledger_that_goes_away_is_said_once_and_bridged() -> None:
    """The source is asked on; one line says that the ledger is away, one that it is back."""

    async def story(world: World, _clock: VirtualClock) -> None:
        ledger = Ledger()
        world.says("a", after_s=0.0)
        engine = world.engine([source("a", limits=(Limit(40, DAY_S),))], ledger=ledger)
        await engine.start()
        ledger.is_away = True
        with capture_logs() as logs:
            for _ in range(20):
                await ask(engine)
                await asyncio.sleep(1)
            ledger.is_away = False
            await asyncio.sleep(10)
        assert [line["event"] for line in logs if "ledger" in line["event"]] == [
            "quota ledger away",
            "quota ledger back",
        ]
        assert world.asked["a"] == 20
        (slices,) = ledger.slices.values()
        assert 20 <= sum(slices.values()) <= 25
        await engine.close()

    play(story)


def test_the_reserve_and_the_rest_are_settings() -> None:
    """An operator who wants no reserve has none."""

    async def story(world: World, _clock: VirtualClock) -> None:
        world.says("a")
        world.says("b")
        engine = world.engine(
            [source("a", Tier.CRITICAL, limits=(Limit(10, 600),)), "b"], settings=Settings(quota_reserve=0.0)
        )
        assert [(await ask(engine, BEHIND))[0] for _ in range(11)] == ["a"] * 10 + ["b"]

    play(story)


def test_monitoring_shows_what_is_left() -> None:
    """Each limit with what is left of it, the share, and when it is whole again."""

    async def story(world: World, clock: VirtualClock) -> None:
        says_left(world, "a", x_ratelimit_remaining="7", x_ratelimit_limit="50", x_ratelimit_reset="25")
        engine = world.engine([source("a", limits=(Limit(10, 60), Limit(100, DAY_S)))])
        await ask(engine)
        (view,) = engine.sources()
        shown = [(each.limit, each.span_s, each.remaining, round(each.remaining_share, 2)) for each in view.quotas]
        assert shown == [(10, 60.0, 9, 0.9), (100, DAY_S, 99, 0.99), (50, None, 7, 0.14)]
        assert view.quotas[0].reset_time is not None
        assert (view.quotas[0].reset_time - clock.now()).total_seconds() == pytest.approx(59.95, abs=0.01)
        assert (view.quotas[0].egress, view.quotas[0].key, view.quotas[0].rate_share) == ("direct", "", 1.0)

    play(story)


def test_the_only_source_is_waited_for_when_its_limit_allows_it_in_time() -> None:
    """One call a second, and nothing seen before: the second caller waits a moment instead of failing."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine([source("a", limits=(Limit(1, 1),))])
        await engine.ask(BTC_USD)
        start = clock.monotonic()
        answer = await engine.ask(ETH_USD)
        assert answer.provenance.source == "a"
        assert clock.monotonic() - start == pytest.approx(1.0, abs=0.1)

    play(story)


def test_who_has_an_old_answer_or_no_time_does_not_wait() -> None:
    """Patience is for when there is nothing to serve, and for half of the time at most."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine([source("a", limits=(Limit(1, 2),))])
        await engine.ask(BTC_USD)
        start = clock.monotonic()
        with pytest.raises(SourcesExhausted):
            await engine.ask(ETH_USD)
        assert clock.monotonic() == start
        assert (await engine.ask(BTC_USD, fresh=True)).provenance.freshness is Freshness.STALE
        assert clock.monotonic() == start

    play(story)


def test_who_has_an_old_answer_does_not_wait_for_a_limit_that_is_free_again_in_time() -> None:
    """It is served at once, marked stale; who has none waits."""

    async def story(world: World, clock: VirtualClock) -> None:
        world.says("a")
        engine = world.engine([source("a", limits=(Limit(1, 35),))])
        await engine.ask(BTC_USD)
        clock.advance(34.5)
        start = clock.monotonic()
        assert (await engine.ask(BTC_USD)).provenance.freshness is Freshness.STALE
        assert clock.monotonic() == start
        assert (await engine.ask(ETH_USD)).provenance.freshness is Freshness.LIVE
        assert clock.monotonic() - start > 0.4

    play(story)
