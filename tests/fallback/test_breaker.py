"""The breaker against a plain model of its promises, and its particular promises one by one."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.fallback.breaker import Admission, Breaker, Policy
from server.fallback.classify import Verdict
from server.model import BreakerState


def middle() -> float:
    """Return chance without chance: no jitter."""
    return 0.5


class Model:
    """What a breaker promises, written the long way: every call of a period is kept, nothing is summed up."""

    def __init__(self) -> None:
        self.state = "closed"
        self.calls: list[tuple[float, bool]] = []
        self.in_row = 0
        self.until = 0.0
        self.trips = 0
        self.successes = 0
        self.probing = False
        self.closed_at = -1e9

    def may_call(self, now: float) -> str:
        """Return call, probe or no."""
        if self.state == "closed":
            return "call"
        return "probe" if now >= self.until and not self.probing else "no"

    def trip(self, now: float) -> None:
        """Open for 60 s times the trips in a row, at most half an hour."""
        calm = self.state == "closed" and now - self.closed_at >= 600
        self.trips = 1 if calm else self.trips + 1
        self.state, self.until = "open", now + min(60.0 * self.trips, 1800.0)
        self.calls, self.successes, self.probing = [], 0, False

    def ended(self, verdict: Verdict, now: float, *, is_probe: bool) -> None:
        """Take in how a call ended."""
        if is_probe:
            self.probing = False
            if verdict is Verdict.SUCCESS:
                self.successes += 1
                if self.successes == 2:
                    self.state, self.calls, self.in_row, self.closed_at = "closed", [], 0, now
            elif verdict is not Verdict.NEUTRAL:
                self.trip(now)
            return
        if verdict not in (Verdict.SUCCESS, Verdict.FAILURE):
            return
        good = verdict is Verdict.SUCCESS
        self.calls.append((now, good))
        self.in_row = 0 if good else self.in_row + 1
        first_bucket = now // 6 - 9
        window = [good for at, good in self.calls if at // 6 >= first_bucket]
        if not good and (self.in_row >= 5 or (len(window) >= 10 and sum(window) < len(window) / 2)):
            self.trip(now)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.5, 1.0, 5.9, 6.0, 13.0, 59.0, 61.0, 130.0, 700.0]),
        st.sampled_from([Verdict.SUCCESS, Verdict.SUCCESS, *Verdict]),
    ),
    max_size=120,
)


@given(steps=STEPS)
def test_the_breaker_does_what_the_plain_model_does(steps: list[tuple[float, Verdict]]) -> None:
    """For any history of calls one after another: the same admissions, the same states, the same cool-downs."""
    breaker, model, now = Breaker(middle), Model(), 0.0
    for wait_s, verdict in steps:
        now += wait_s
        allowed = model.may_call(now)
        admission = breaker.admit(now)
        assert (admission is not None) == (allowed != "no")
        if admission is None:
            continue
        assert (admission.probe > 0) == (allowed == "probe")
        model.probing = allowed == "probe"
        breaker.record(admission, verdict, now)
        model.ended(verdict, now, is_probe=allowed == "probe")
        assert breaker.is_open == (model.state == "open")
        assert breaker.trips == model.trips
        if breaker.is_open:
            assert breaker.retry_at == pytest.approx(model.until)


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("wait"), st.floats(0, 100)),
            st.tuples(st.just("ask"), st.just(0.0)),
            st.tuples(st.just("early"), st.just(0.0)),
            st.tuples(st.sampled_from(["good", "bad", "throttled", "neutral", "release"]), st.integers(0, 5)),
        ),
        max_size=150,
    )
)
def test_never_more_than_one_probe_is_under_way(steps: list[tuple[str, float]]) -> None:
    """Whatever overlaps, ends late, is given back twice or is opened early, half-open admits one call at a time."""
    breaker, now = Breaker(middle), 0.0
    held: list[Admission] = []
    verdicts = {
        "good": Verdict.SUCCESS,
        "bad": Verdict.FAILURE,
        "throttled": Verdict.THROTTLE,
        "neutral": Verdict.NEUTRAL,
    }
    ended: list[Admission] = []
    for _ in range(5):
        breaker.record(breaker.admit(now) or Admission(-1, 0), Verdict.FAILURE, now)
    for step, figure in steps:
        if step == "wait":
            now += figure
        elif step == "early":
            breaker.open_early(now)
        elif step == "ask":
            admission = breaker.admit(now)
            if admission is not None:
                held.append(admission)
        elif held:
            admission = held.pop(int(figure) % len(held))
            if step == "release":
                breaker.release(admission)
            else:
                breaker.record(admission, verdicts[step], now)
            ended.append(admission)
            for late in ended:
                breaker.release(late)
        live = [each for each in held if each.probe and each.period == max(h.period for h in held)]
        assert len(live) <= 1


def failing(count: int) -> Breaker:
    """Return a breaker that saw so many failures at the start."""
    breaker = Breaker(middle)
    for _ in range(count):
        admission = breaker.admit(0)
        assert admission is not None
        breaker.record(admission, Verdict.FAILURE, 0)
    return breaker


def ends(breaker: Breaker, verdict: Verdict, now: float, retry_after_s: float | None = None) -> None:
    """Make one call that ends so."""
    admission = breaker.admit(now)
    assert admission is not None
    breaker.record(admission, verdict, now, retry_after_s)


def test_five_failures_in_a_row_open_and_four_do_not() -> None:
    """A success between them starts the row anew."""
    assert not failing(4).is_open
    assert failing(5).is_open
    breaker = failing(4)
    ends(breaker, Verdict.SUCCESS, 1)
    ends(breaker, Verdict.FAILURE, 2)
    assert not breaker.is_open


def test_less_than_half_of_ten_calls_in_a_minute_opens() -> None:
    """Four of ten trips, five of ten does not; what is older than the window does not count."""
    pattern = [True, False, False, True, False, False, True, False, True, False]
    breaker = Breaker(middle)
    for second, good in enumerate(pattern):
        ends(breaker, Verdict.SUCCESS if good else Verdict.FAILURE, float(second))
    assert breaker.is_open
    calm = Breaker(middle)
    for second, good in enumerate(pattern):
        ends(calm, Verdict.SUCCESS if good else Verdict.FAILURE, 10.0 * second)
    assert not calm.is_open
    assert calm.counts(90.0)[0] < 10


@pytest.mark.parametrize(("chance", "span_s"), [(0.0, 48.0), (0.5, 60.0), (0.999999, 72.0)])
def test_a_cool_down_is_a_minute_with_a_fifth_of_jitter(chance: float, span_s: float) -> None:
    """Sources that fell together do not come back together."""
    chances: Callable[[], float] = lambda: chance  # noqa: E731 -- one value
    breaker = Breaker(chances)
    for _ in range(5):
        ends(breaker, Verdict.FAILURE, 0)
    assert breaker.retry_at == pytest.approx(span_s, abs=0.01)


def test_each_failed_probe_makes_the_next_cool_down_longer_up_to_half_an_hour() -> None:
    """60 s times the trips in a row."""
    breaker = failing(5)
    spans = []
    for _ in range(40):
        now = breaker.retry_at
        ends(breaker, Verdict.FAILURE, now)
        spans.append(breaker.retry_at - now)
    assert spans[0] == pytest.approx(120)
    assert max(spans) == pytest.approx(1800)


def test_retry_after_is_honoured_up_to_five_minutes() -> None:
    """A longer wish of the source lengthens the cool-down, not beyond 300 s."""
    for wish, span in [(200.0, 200.0), (4000.0, 300.0), (5.0, 60.0)]:
        breaker = failing(4)
        ends(breaker, Verdict.FAILURE, 0, wish)
        assert breaker.retry_at == pytest.approx(span)


def test_throttling_fails_a_probe_and_an_unknown_asset_does_not() -> None:
    """A 429 opens again; a neutral end only frees the slot."""
    breaker = failing(5)
    ends(breaker, Verdict.NEUTRAL, 60)
    assert breaker.state(60) is BreakerState.HALF_OPEN
    ends(breaker, Verdict.THROTTLE, 61, 30)
    assert breaker.state(62) is BreakerState.OPEN


def test_two_successes_close_and_one_does_not() -> None:
    """Half-open stays until the second probe succeeded too."""
    breaker = failing(5)
    ends(breaker, Verdict.SUCCESS, 60)
    assert breaker.state(60) is BreakerState.HALF_OPEN
    ends(breaker, Verdict.SUCCESS, 61)
    assert breaker.state(61) is BreakerState.CLOSED
    assert breaker.counts(61) == (0, 0)


def test_a_call_from_before_the_circuit_opened_counts_no_more() -> None:
    """A late success does not close it, a late failure does not lengthen it."""
    breaker = failing(4)
    late = breaker.admit(0)
    assert late is not None
    ends(breaker, Verdict.FAILURE, 0)
    before = breaker.retry_at
    breaker.record(late, Verdict.SUCCESS, 60)
    assert breaker.retry_at == before
    assert breaker.state(60) is BreakerState.HALF_OPEN


def test_a_probe_that_went_early_and_failed_does_not_lengthen_the_cool_down() -> None:
    """With everything excluded many early probes fail; the source is not punished for being asked."""
    breaker = failing(5)
    for now in range(1, 20):
        assert breaker.open_early(now)
        ends(breaker, Verdict.FAILURE, now)
    assert breaker.retry_at == pytest.approx(19 + 60)


def test_an_operators_open_circuit_stays_open_until_it_is_reset() -> None:
    """Neither time nor early opening lets a call through; a reset closes and forgets."""
    breaker = Breaker(middle, Policy())
    breaker.force_open(0)
    assert breaker.admit(1e9) is None
    assert not breaker.open_early(1e9)
    breaker.reset(10)
    assert breaker.admit(10) is not None
    assert breaker.trips == 0


def test_a_refusal_by_region_neither_passes_nor_fails_a_probe() -> None:
    """The slot is free again, and the next probe may come out elsewhere."""
    breaker = Breaker(middle)
    for _ in range(5):
        breaker.record(Admission(0, 0), Verdict.FAILURE, 0.0)
    for now in (60.0, 61.0):
        probe = breaker.admit(now)
        assert probe is not None
        assert breaker.admit(now) is None
        assert not breaker.record(probe, Verdict.REGION, now)
    assert breaker.state(61.0) is BreakerState.HALF_OPEN
    assert breaker.trips == 1
    for now in (62.0, 63.0):
        probe = breaker.admit(now)
        assert probe is not None
        breaker.record(probe, Verdict.SUCCESS, now)
    assert breaker.state(63.0) is BreakerState.CLOSED


def test_a_success_that_is_taken_back_counts_as_a_failure_in_the_row_that_it_broke() -> None:
    """Four failures, an answer that another source contradicts: that is five in a row."""
    breaker = failing(4)
    ends(breaker, Verdict.SUCCESS, 1)
    assert breaker.recant(1.0)
    assert breaker.state(1.0) is BreakerState.OPEN
    assert breaker.opened_counts == (5, 5)


def test_a_source_that_always_lies_opens_its_circuit_after_five_lies() -> None:
    """Each of them was taken for a success first; when the circuit is open already there is nothing to take back."""
    breaker = Breaker(middle)
    opened = []
    for _ in range(5):
        ends(breaker, Verdict.SUCCESS, 1)
        opened.append(breaker.recant(1.0))
    assert opened == [False, False, False, False, True]
    assert not breaker.recant(1.0)
    assert breaker.trips == 1


def test_a_success_is_taken_back_however_long_ago_it_was_within_the_window() -> None:
    """Found out 40 s later it counts once, as a failure; nothing is taken back that is not there."""
    breaker = Breaker(middle)
    ends(breaker, Verdict.SUCCESS, 0.0)
    ends(breaker, Verdict.SUCCESS, 10.0)
    ends(breaker, Verdict.FAILURE, 30.0)
    assert not breaker.recant(50.0)
    assert breaker.counts(50.0) == (3, 2)
    assert breaker.counts(62.0) == (2, 2)  # the first success left; the second one was taken back
    assert not breaker.recant(62.0)
    assert breaker.counts(62.0) == (3, 3)


def test_an_answer_that_is_not_taken_back_ends_the_row() -> None:
    """Nothing of the row before it comes back with a later one that is."""
    breaker = failing(4)
    ends(breaker, Verdict.SUCCESS, 1)
    ends(breaker, Verdict.SUCCESS, 1)
    assert not breaker.recant(1.0)
    assert breaker.consecutive_failures == 1


def test_a_window_is_ten_buckets_long() -> None:
    """Five failures of 54 s ago still count beside five successes and another failure; of 60 s ago they do not."""
    for later, is_open in ((54.0, True), (60.0, False)):
        breaker = Breaker(middle)
        for verdict in [Verdict.FAILURE] * 4 + [Verdict.SUCCESS] + [Verdict.FAILURE]:
            ends(breaker, verdict, 0.0)
        for verdict in [Verdict.SUCCESS] * 4 + [Verdict.FAILURE]:
            ends(breaker, verdict, later)
        assert breaker.is_open is is_open


def test_ten_minutes_without_a_trip_make_the_next_one_the_first_again() -> None:
    """Sooner it is one more in a row."""
    for calm_s, trips in ((599.0, 2), (600.0, 1)):
        breaker = failing(5)
        for _ in range(2):
            ends(breaker, Verdict.SUCCESS, 60.0)
        assert not breaker.is_open
        for _ in range(5):
            ends(breaker, Verdict.FAILURE, 60.0 + calm_s)
        assert breaker.trips == trips


def test_what_was_forced_open_stays_so_after_a_restart_and_calls_of_an_earlier_period_count_for_nothing() -> None:
    """It opens early for nobody."""
    breaker = Breaker(middle)
    old = breaker.admit(0.0)
    assert old is not None
    breaker.restore(0.0, inf, 1)
    assert not breaker.open_early(1.0)
    breaker.reset(2.0)
    for _ in range(4):
        ends(breaker, Verdict.FAILURE, 2.0)
    assert not breaker.record(old, Verdict.FAILURE, 2.0)
    assert not breaker.is_open
