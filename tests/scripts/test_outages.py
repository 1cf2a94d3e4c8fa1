"""What `scripts/chaos sources` and `scripts/bench faults` judge by: draws of faults, the truth, and what counts."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from nerkh.v1 import market_pb2, onchain_pb2, types_pb2

from scripts.benchmarks.mix import draws
from scripts.outages.judge import Judge
from scripts.outages.sources import (
    FAULTS,
    Limits,
    Run,
    _check_switch,
    leading,
    missed,
    serving,
    strikable,
    switched_after,
)
from scripts.outages.traffic import Call, Calls, Seen, Traffic, p99, price_of
from server.providers.catalog import sources
from server.simulator.faults import KINDS
from server.simulator.world import World

NOW = 1_795_174_000.0
QUESTIONS = [query for queries in Calls.queries().values() for query in queries]


def price(factor: float = 1.0, *, source: str = "kraken", freshness: str = "LIVE", outcomes: str = "OK") -> Seen:
    """Return a call for bitcoin's price as it was seen, the true price times a factor."""
    answer = market_pb2.GetPriceResponse()
    world = World(7)
    answer.price.asset = "bitcoin"
    answer.price.value = str(world.prices.price(world.prices.by_id["bitcoin"], NOW) * factor)
    provenance = answer.price.provenance
    provenance.source = source
    provenance.freshness = types_pb2.Freshness.Value(f"FRESHNESS_{freshness}")
    provenance.source_time.FromSeconds(int(NOW))
    for outcome in outcomes.split():
        provenance.attempts.add(outcome=types_pb2.Outcome.Value(f"OUTCOME_{outcome}"))
    return Seen(price_of("BTC"), NOW, 0.1, "", answer)


def chance() -> random.Random:
    """Return the same chance each time."""
    return random.Random(3)  # noqa: S311 -- a repeatable draw


def test_draws_strike_a_fifth_and_a_tenth_and_leave_every_question_a_source() -> None:
    """Each draw is of known faults; different ones come of one seed, the same ones of the same seed."""
    catalog = sources()
    made = draws(catalog, QUESTIONS, chance(), 20)
    for draw in made:
        assert len(draw.failing) == round(0.2 * len(catalog))
        assert len(draw.slow) == round(0.1 * len(catalog))
        assert not draw.failing.keys() & set(draw.slow)
        assert set(draw.failing.values()) <= KINDS.keys()
        assert all(serving(query) - draw.struck() or not serving(query) for query in QUESTIONS)
    assert len({frozenset(draw.struck()) for draw in made}) == 20
    assert draws(catalog, QUESTIONS, chance(), 20) == made


def test_every_fault_of_the_leaders_is_one_of_the_simulator() -> None:
    """A misspelt fault would strike nobody."""
    assert {fault["fault"] for fault in FAULTS.values()} <= KINDS.keys()


@pytest.mark.parametrize(("factor", "is_right"), [(1.0, True), (1.02, True), (10.0, False), (0.1, False), (1.2, False)])
def test_the_judge_knows_a_true_price(factor: float, is_right: bool) -> None:
    """A tenth off is right, more is not."""
    assert (Judge(7).wrong(price(factor)) == "") is is_right


@pytest.mark.parametrize(("factor", "is_right"), [(1, True), (10, False)])
def test_the_judge_knows_true_balances_heights_and_fees(factor: int, is_right: bool) -> None:
    """What the world says is right, ten times as much is not."""
    chain, address = World(7).evm["ethereum"], "0x" + "ab" * 20
    height = chain.height(NOW)
    assert chain.balance(address, NOW) > 0
    asked = {
        "balance": onchain_pb2.GetBalanceResponse(balance={"amount": str(chain.balance(address, NOW) * factor / 1e18)}),
        "block": onchain_pb2.GetBlockResponse(block={"height": height * factor}),
        "gas": onchain_pb2.GetGasPriceResponse(gas_price={"base_fee": str(chain.base_fee(height) / 1e9 * factor)}),
    }
    for kind, answer in asked.items():
        seen = Seen(Call(kind, address, "", None, None), NOW, 0.0, "", answer)
        assert (Judge(7).wrong(seen) == "") is is_right, kind


def test_misses_are_what_no_cached_answer_served() -> None:
    """A fetched answer, a stale one and an error count; attempts passed over do not."""
    live, cached, stale = price(), price(freshness="CACHED"), price(freshness="STALE")
    error = Seen(price_of("BTC"), NOW, 3.0, "UNAVAILABLE no source")
    assert missed([live, cached, stale, error]) == [live, stale, error]
    assert [each.is_fresh for each in (live, cached, stale, error)] == [True, True, False, False]
    assert price(outcomes="SKIPPED_OPEN OVERDUE OK").attempts == 2


def test_a_switch_counts_from_the_first_miss() -> None:
    """Until another source answers it goes on; without a miss there is nothing to switch, without an answer no end."""
    error = Seen(price_of("BTC"), NOW - 1, 0.5, "UNAVAILABLE no source")
    assert switched_after([error, price(source="kraken"), price(source="binance")], "kraken") == pytest.approx(1.1)
    assert switched_after([], "kraken") == 0
    assert switched_after([error, price(source="kraken")], "kraken") == float("inf")


def test_leaders_are_who_answered_most_misses() -> None:
    """Cached answers say nothing of who leads."""
    seen = [price(source="kraken"), price(source="binance"), price(source="binance"), price(freshness="CACHED")]
    assert leading(seen) == {"price": "binance"}


def test_leaders_are_struck_unless_nobody_could_take_their_place(capsys: pytest.CaptureFixture[str]) -> None:
    """Of two sources that alone serve a kind, one is left."""
    only = sorted(serving(Calls.queries()["fear_greed"][0]))
    assert len(strikable(dict(enumerate(only)))) == len(only) - 1  # type: ignore[arg-type]  # any names of kinds do
    assert "left alone" in capsys.readouterr().out


def test_a_missed_limit_is_said_and_kept() -> None:
    """One missed limit makes the whole run missed."""
    said: list[tuple[bool, str]] = []

    def say(held: bool, text: str) -> bool:
        said.append((held, text))
        return held

    limits = Limits(say)
    limits.check("a", 1.0, 2.0)
    assert limits.held
    limits.check("b", 3.0, 2.0, unit=" s")
    limits.check("c", 3.0, 2.0, least=True)
    assert not limits.held
    assert said[1] == (False, "sources: b: 3 s (<= 2 s)")


def test_one_in_a_hundred_is_the_p99() -> None:
    """No calls at all are no good figure."""

    def taking(span_s: float) -> Any:
        return Seen(price_of("BTC"), time.time(), span_s)

    assert p99([taking(number / 100) for number in range(100)]) == 0.99
    assert p99([]) == float("inf")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_strike_that_hit_no_leader_is_missed(fault: str) -> None:
    """With nobody to switch from, nothing was proved; one leader is enough to judge by."""
    world: Any = None
    run = Run(Traffic("", Calls(chance())), world, Judge(7), struck=NOW)
    limits = Limits(lambda held, _text: held)
    _check_switch(run, fault, {}, limits)
    assert not limits.held
    limits = Limits(lambda held, _text: held)
    _check_switch(run, fault, {"price": "kraken"}, limits)
    assert limits.held


def test_a_leader_that_still_answers_after_it_was_struck_is_missed() -> None:
    """Of a liar a wrong value that passes as fresh, of a frozen source one past its longest age, of a dead one any."""
    cases = {
        "dies": (price(), NOW - 1),
        "lies 10x": (price(10), NOW - 1),
        "is frozen": (price(), NOW - 100),
    }
    for fault, (seen, struck) in cases.items():
        world: Any = None
        run = Run(Traffic("", Calls(chance())), world, Judge(7), struck=struck)
        run.traffic.seen.append(seen)
        limits = Limits(lambda held, _text: held)
        _check_switch(run, fault, {"price": "kraken"}, limits)
        assert not limits.held, fault
