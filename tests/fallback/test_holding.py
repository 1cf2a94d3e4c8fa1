"""Blocks of a day's budget, claimed by processes that come and go: never more than the budget is spent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.clock import VirtualClock, run_virtual
from server.fallback.claims import Claimer
from server.fallback.holding import Holding
from server.fallback.purse import Policy, Purse
from server.fallback.quota import Quota
from server.model import BudgetName, Claim, Grant
from server.providers.base import Limit
from tests.fallback.ledger import Ledger
from tests.fallback.world import source

DAY_S = 86_400.0
NAME = BudgetName("a", "", "direct", 86_400)
START_S = 1_764_000_123.0
SLICE_S = DAY_S / 48
WAITS = st.one_of(
    st.integers(0, 55).map(lambda slices: slices * SLICE_S),
    st.tuples(st.integers(0, 55), st.floats(-60, 60)).map(lambda each: max(0.0, each[0] * SLICE_S + each[1])),
    st.floats(0, 3600),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "drain", "drain", "claim", "crash", "leave"]), st.integers(0, 1), WAITS),
    max_size=40,
)
"""What happens, to which of two processes, and how long before it nothing did."""


class Process:
    """One process: a purse with a day's limit, and the claims that it makes of the ledger."""

    def __init__(self, ledger: Ledger, limit: int, share: float = 1.0) -> None:
        self.ledger = ledger
        self.holding = Holding(NAME, limit, 0.3, share)
        self.purse = Purse(None, "direct", (Limit(limit, DAY_S),), Policy(), holdings=(self.holding,))

    def claim(self, now: float, wall_s: float) -> None:
        """Claim what is wanted, or find the ledger away."""
        claim = self.holding.claim(now, wall_s)
        if claim is None:
            return
        if self.ledger.is_away:
            self.holding.missed(claim, now)
        else:
            self.holding.take(claim, self.ledger.book(claim), now, wall_s)

    def leave(self, wall_s: float) -> None:
        """End as a process that is asked to end does."""
        claim = self.holding.give_up(wall_s)
        if claim is not None and not self.ledger.is_away:
            self.ledger.book(claim)

    def spends(self, now: float, tokens: int = 1) -> int:
        """Spend if that is allowed; return what was spent."""
        if not self.purse.allows(now, tokens, background=False):
            return 0
        self.purse.spend(now, tokens)
        return tokens


def spent_in_a_day(log: list[tuple[float, int]], at: float) -> int:
    """Return what was spent in the day that ends at a time."""
    return sum(tokens for time, tokens in log if at - DAY_S < time <= at)


@settings(max_examples=500)
@given(limit=st.integers(1, 30), steps=STEPS)
def test_two_processes_that_crash_and_return_never_overspend(limit: int, steps: list[tuple[str, int, float]]) -> None:
    """Whenever processes ask, claim, are killed or end, no span of a day holds more than the day's limit."""
    ledger, now, log = Ledger(), 0.0, []
    processes = [Process(ledger, limit), Process(ledger, limit)]
    for step, number, wait_s in steps:
        now += wait_s
        process = processes[number]
        if step == "claim":
            process.claim(now, START_S + now)
        elif step == "crash":
            processes[number] = Process(ledger, limit)
        elif step == "leave":
            process.leave(START_S + now)
            processes[number] = Process(ledger, limit)
        else:
            for _ in range(1 if step == "ask" else limit + 1):
                log.append((now, process.spends(now)))
                if step == "drain":
                    process.claim(now, START_S + now)
        assert spent_in_a_day(log, now) <= limit


@settings(max_examples=500)
@given(limit=st.integers(1, 30), steps=STEPS, jumps=st.lists(st.floats(-1e6, 1e6), min_size=40, max_size=40))
def test_no_outage_and_no_jump_of_the_clock_makes_a_process_overspend(
    limit: int, steps: list[tuple[str, int, float]], jumps: list[float]
) -> None:
    """With the ledger coming and going and the wall clock set at random, one process keeps to the limit."""
    ledger, now, wall_s, log = Ledger(), 0.0, START_S, []
    process = Process(ledger, limit)
    for (step, number, wait_s), jump_s in zip(steps, jumps, strict=False):
        now += wait_s
        wall_s += wait_s
        if step == "crash":
            ledger.is_away = bool(number)
        elif step == "leave":
            wall_s = max(0.0, wall_s + jump_s)
        else:
            for _ in range(1 if step == "ask" else limit + 1):
                process.claim(now, wall_s)
                log.append((now, process.spends(now)))
        assert spent_in_a_day(log, now) <= limit


def test_a_restart_finds_what_is_left_and_a_crash_loses_no_more_than_a_block() -> None:
    """A process that ends gives back what it holds; one that is killed leaves it counted as spent."""
    ledger = Ledger()
    one = Process(ledger, 1000)
    one.claim(0.0, START_S)
    for number in range(4):
        assert one.spends(number) == 1
    one.leave(START_S + 5)
    assert sum(ledger.slices[NAME].values()) == 4
    two = Process(ledger, 1000)
    two.claim(6.0, START_S + 6)
    assert two.holding.left(6.0) == 996
    three = Process(ledger, 1000)  # the second was killed
    three.claim(7.0, START_S + 7)
    assert three.holding.left(7.0) == 1000 - 4 - two.holding.block


def drain(process: Process, now: float, wall_s: float) -> int:
    """Claim and spend all that there is; return how much it was."""
    spent = 0
    for _ in range(process.holding.limit + 1):
        process.claim(now, wall_s)
        spent += process.spends(now)
    return spent


@pytest.mark.parametrize("ahead_h", [-24.0, -8.0, 8.0, 23.0])
def test_a_restart_with_a_wrong_clock_spends_no_day_twice(ahead_h: float) -> None:
    """The machine starts with a clock off by up to a day, as without a time zone, and it is set right minutes later."""
    ledger = Ledger()
    assert drain(Process(ledger, 100), 0.0, START_S) == 100
    second = Process(ledger, 100)
    assert drain(second, 600.0, START_S + 600 + ahead_h * 3600) == 0
    assert [drain(second, hour * 3600.0, START_S + hour * 3600) for hour in range(1, 24)] == [0] * 23


def test_a_clock_that_is_days_ahead_frees_nothing_for_the_others() -> None:
    """Whoever has it takes the day for over; what was spent stands there for those who know better."""
    ledger = Ledger()
    assert drain(Process(ledger, 100), 0.0, START_S) == 100
    Process(ledger, 100).claim(600.0, START_S + 600 + 36 * 3600)
    assert drain(Process(ledger, 100), 1200.0, START_S + 1200) == 0


def test_nothing_is_spent_before_the_first_claim_is_booked() -> None:
    """Until the ledger has said what is left, and when it cannot, a process does not know what others spent."""
    ledger = Ledger()
    process = Process(ledger, 100)
    assert not process.spends(0.0)
    assert process.purse.free_at(0.0, 1, background=False) == (1.0, "its tokens are being claimed")
    ledger.is_away = True
    process.claim(0.0, START_S)
    assert not process.spends(0.0)
    ledger.is_away = False
    process.claim(1.0, START_S)
    assert process.spends(1.0)


def test_an_outage_is_bridged_and_booked_when_it_ends() -> None:
    """What was left when the ledger went away may be spent; it stands in the ledger once that is back."""
    ledger = Ledger()
    process = Process(ledger, 100)
    process.claim(0.0, START_S)
    ledger.is_away = True
    spent = 0
    for number in range(200):
        spent += process.spends(number)
        process.claim(number, START_S + number)
    assert spent == 100
    ledger.is_away = False
    process.claim(300.0, START_S + 300)
    assert sum(ledger.slices[NAME].values()) == 100


@pytest.mark.parametrize("is_known", [True, False])
def test_a_days_limit_is_there_again_after_a_day_though_the_ledger_is_still_away(is_known: bool) -> None:
    """What was spent has left the window by then, whoever spent it; what the last day holds is booked in the end."""
    ledger = Ledger()
    process = Process(ledger, 10)
    if is_known:
        process.claim(0.0, START_S)
    ledger.is_away = True
    spent = [sum(drain(process, day * DAY_S + at, START_S + day * DAY_S + at) for at in (1, 3)) for day in range(7)]
    assert spent == [10 if is_known else 0, 0, 10, 10, 10, 10, 10]
    ledger.is_away = False
    process.claim(6 * DAY_S + 60, START_S + 6 * DAY_S + 60)
    assert sum(ledger.slices[NAME].values()) == 10


@settings(max_examples=300)
@given(limit=st.integers(1, 30), steps=st.lists(st.tuples(st.integers(0, 2), WAITS), max_size=60))
def test_processes_with_a_share_each_never_overspend_while_the_ledger_is_away(
    limit: int, steps: list[tuple[int, float]]
) -> None:
    """However long that is: each knows what was left when it went, what it spent, and that the others have shares."""
    ledger, now, log = Ledger(), 0.0, []
    processes = [Process(ledger, limit, 1 / 3) for _ in range(3)]
    for process in processes:
        process.claim(now, START_S)
    for process in processes:
        process.holding.total = sum(ledger.slices[NAME].values())
    ledger.is_away = True
    for number, wait_s in steps:
        now += wait_s
        log.append((now, drain(processes[number], now, START_S + now)))
        assert spent_in_a_day(log, now) <= limit


def test_an_idle_process_uses_up_nothing() -> None:
    """Blocks that end unspent go back, so that after days of nothing all is left but the block that is held."""
    ledger = Ledger()
    process = Process(ledger, 1000)
    for number in range(3 * 24 * 12):
        process.claim(number * 300.0, START_S + number * 300.0)
        assert process.holding.ready(number * 300.0) >= process.holding.block
    assert sum(ledger.slices[NAME].values()) <= 2 * process.holding.block


def test_a_used_up_day_says_when_it_has_tokens_again() -> None:
    """The first slice's tokens come back when its span is over, and not a moment before."""
    ledger = Ledger()
    process = Process(ledger, 10)
    now = 0.0
    while process.purse.spent < 10:
        process.claim(now, START_S + now)
        process.spends(now)
    process.claim(now, START_S + now)
    at, why = process.purse.free_at(now, 1, background=False)
    assert why == "10 a day are used up"
    assert DAY_S <= at <= DAY_S * 50 / 48
    process.claim(at, START_S + at)
    assert process.spends(at) == 1


def test_what_was_spent_before_a_restart_is_not_shown_as_all_there() -> None:
    """Ten of a hundred are left; by when the others are there again is said, though this process spent none."""
    ledger = Ledger()
    drain(Process(ledger, 100), 0.0, START_S)
    ledger.slices[NAME] = {at: tokens - 10 for at, tokens in ledger.slices[NAME].items()}
    process = Process(ledger, 100)
    process.claim(60.0, START_S + 60)
    (left,) = process.purse.lefts(60.0)
    assert (left.limit, left.tokens, left.full_at) == (100, 10, 60.0 + DAY_S * 50 / 48)
    unspent = Process(Ledger(), 100)
    unspent.claim(60.0, START_S + 60)
    (left,) = unspent.purse.lefts(60.0)
    assert (left.tokens, left.full_at) == (100, None)


def test_background_leaves_users_their_part_of_the_day() -> None:
    """Of a hundred a day collectors get seventy, and users the rest."""
    ledger = Ledger()
    process = Process(ledger, 100)
    behind = 0
    for _ in range(100):
        process.claim(0.0, START_S)
        if process.purse.allows(0.0, 1, background=True):
            process.purse.spend(0.0, 1)
            behind += 1
    assert behind == 70
    assert process.purse.free_at(0.0, 1, background=True)[1] == "the rest of 100 a day is kept for users"
    users = 0
    for _ in range(100):
        process.claim(0.0, START_S)
        users += process.spends(0.0)
    assert users == 30


def test_a_grant_of_less_than_was_wanted_is_not_asked_for_again_at_once() -> None:
    """A ledger with nothing left is asked about once a second at most."""
    holding = Holding(NAME, 100, 0.3)
    claim = holding.claim(0.0, START_S)
    assert claim is not None
    holding.take(claim, Grant(0, 100, claim.slice), 0.0, START_S)
    assert holding.claim(0.5, START_S + 0.5) is None


def test_a_block_ends_with_the_slice_that_follows_its_own() -> None:
    """What is not spent by then is not spent at all, for the ledger counts it no longer than a day from there."""
    process = Process(Ledger(), 100)
    process.claim(0.0, START_S)
    end = SLICE_S * (START_S // SLICE_S + 2) - START_S
    assert process.holding.ready(end - 0.001) == process.holding.block
    assert process.holding.ready(end + 0.001) == 0
    assert SLICE_S <= end <= 2 * SLICE_S


def known(share: float = 1.0) -> Holding:
    """Return the holding of a budget of 100 of which the ledger said that nothing is held or spent."""
    holding = Holding(NAME, 100, 0.0, share)
    claim = holding.claim(0.0, START_S)
    assert claim is not None
    holding.take(claim, Grant(0, 0), 0.0, START_S)
    return holding


def misses(holding: Holding, now: float) -> None:
    """Let a claim be made that the ledger does not answer."""
    claim = holding.claim(now, START_S + now)
    assert claim is not None
    holding.missed(claim, now)


def test_while_the_ledger_is_away_each_process_spends_its_share_of_what_was_left_once() -> None:
    """However often it is asked in vain: the other processes spend theirs meanwhile."""
    holding = known(share=0.25)
    spent, now = 0, 5000.0
    for _ in range(10):
        misses(holding, now)
        while holding.ready(now):
            holding.spend(now, 1)
            spent += 1
        now += 60.0
    assert spent == 25


def test_what_is_spent_while_a_claim_is_under_way_is_not_forgotten() -> None:
    """The ledger did not know of it when it said what is left."""
    holding = known()
    misses(holding, 5000.0)
    claim = holding.claim(5060.0, START_S + 5060.0)
    assert claim is not None
    holding.spend(5060.0, 30)
    holding.take(claim, Grant(0, 0), 5060.0, START_S + 5060.0)
    assert holding.left(5060.0) == 70
    misses(holding, 9000.0)
    assert holding.ready(9000.0) == 70


def test_a_claim_that_is_cut_off_at_the_end_loses_nothing_that_was_spent() -> None:
    """What was spent while the ledger was away is booked by the last claim, although one was under way."""

    class Slow:
        claimed_from_s = 3600.0

        def __init__(self) -> None:
            self.answers: list[Grant | Exception | None] = [Grant(0, 0), OSError("away"), None, Grant(0, 10)]
            self.owed: list[int] = []

        async def claim(self, claims: Sequence[Claim]) -> Sequence[Grant]:
            self.owed.append(claims[0].owed)
            answer = self.answers.pop(0)
            if answer is None:
                await asyncio.sleep(1e6)
            if isinstance(answer, Exception):
                raise answer
            return [answer] if answer is not None else []

    async def main(clock: VirtualClock) -> None:
        ledger = Slow()
        quota = Quota(source("a", limits=(Limit(100, DAY_S),)), (), Policy(claimed_from_s=3600.0))
        claimer = Claimer(ledger, clock, [quota])
        await claimer.claim()
        clock.advance(2000)
        await claimer.claim()
        quota.purses()[0].spend(clock.monotonic(), 10)
        clock.advance(2)
        last = asyncio.create_task(claimer.claim())
        await asyncio.sleep(0)
        last.cancel()
        await asyncio.gather(last, return_exceptions=True)
        await claimer.give_up()
        assert ledger.owed == [0, 0, 10, 10]

    run_virtual(main)
