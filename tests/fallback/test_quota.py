"""A source's purses under any calls: no window overspent, users' reserve kept, keys taken in turn."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from server.fallback.purse import Policy, Purse
from server.fallback.quota import Quota, fingerprint
from server.model import Purpose
from server.providers.base import Key, Limit
from tests.fallback.world import source

USER, BEHIND = Purpose.USER, Purpose.BACKGROUND
LIMITS = st.lists(
    st.builds(Limit, st.integers(1, 120), st.sampled_from([1.0, 10.0, 60.0, 300.0, 3600.0])), min_size=1, max_size=3
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["user", "behind", "rush", "refused", "good"]),
        st.one_of(st.just(0.0), st.floats(0, 2), st.floats(0, 400)),
        st.integers(1, 3),
    ),
    max_size=120,
)


def hear(purse: Purse, headers: dict[str, str], now: float, wall_s: float, *, refused: bool) -> None:
    """Let a purse hear the headers of one answer."""
    if purse.stated.listens(headers, refused=refused):
        purse.stated.hear(headers, now, wall_s)


def spent(log: list[tuple[float, int]], at: float, span_s: float) -> int:
    """Return what was spent in the span that ends at a time."""
    return sum(tokens for time, tokens in log if time <= at and time + span_s > at)


@settings(max_examples=300)
@given(limits=LIMITS, steps=STEPS)
def test_no_window_is_ever_overspent_and_the_reserve_stays(
    limits: list[Limit], steps: list[tuple[str, float, int]]
) -> None:
    """Whoever asks when, refused or not: every window holds at most its limit, and in the background its 70 %."""
    quota = Quota(source("a", limits=tuple(limits)), (), Policy())
    (purse,) = quota.purses()
    now, log, behind = 0.0, [], []
    for step, wait_s, tokens in steps:
        now += wait_s
        if step == "refused":
            purse.throttled(now, now, None)
            assert quota.pick(now, 1, USER) is None
        elif step == "good":
            purse.succeeded(now)
        for _ in range(40 if step == "rush" else 1):
            purpose = BEHIND if step == "behind" else USER
            if quota.pick(now, tokens, purpose) is not None:
                purse.spend(now, tokens)
                log.append((now, tokens))
                behind.append((now, tokens if purpose is BEHIND else 0))
        for limit in limits:
            assert spent(log, now, limit.window_s) <= limit.requests
            assert spent(behind, now, limit.window_s) <= limit.requests - int(0.3 * limit.requests)


@settings(max_examples=200)
@given(limits=LIMITS, steps=STEPS, tokens=st.integers(1, 3))
def test_the_time_that_is_told_is_when_it_may_be_asked(
    limits: list[Limit], steps: list[tuple[str, float, int]], tokens: int
) -> None:
    """Whoever comes when the purse said finds tokens there, as long as nobody else came first."""
    purse = Purse(None, "direct", limits, Policy())
    now = 0.0
    for step, wait_s, _ in steps:
        now += wait_s
        if step == "refused":
            purse.throttled(now, now, None)
        if purse.allows(now, tokens, background=False):
            purse.spend(now, tokens)
            continue
        at, why = purse.free_at(now, tokens, background=False)
        if not why:
            assert any(tokens > limit.requests for limit in limits)
            continue
        assert at > now
        while at > now:  # each window says when it is free; together they may take a second look
            now = at
            at, _ = purse.free_at(now, tokens, background=False)
        assert purse.allows(now, tokens, background=False) or any(tokens > limit.requests for limit in limits)


def test_what_the_source_says_itself_goes_before_what_its_terms_say() -> None:
    """A hundred a minute by its terms and none by its own word is none, until it said."""
    purse = Purse(None, "direct", (Limit(100, 60),), Policy())
    said = {"x-ratelimit-remaining": "2", "x-ratelimit-limit": "100", "x-ratelimit-reset": "30"}
    hear(purse, said, 0.0, 0.0, refused=False)
    for _ in range(2):
        assert purse.allows(1.0, 1, background=False)
        assert not purse.allows(1.0, 1, background=True)
        purse.spend(1.0, 1)
    assert not purse.allows(29.9, 1, background=False)
    assert purse.free_at(1.0, 1, background=False) == (30.0, "used up, as it says itself")
    assert purse.allows(30.0, 1, background=False)


@pytest.mark.parametrize(
    ("limits", "longest_s"), [((), 300), ((Limit(5, 60),), 300), ((Limit(5, 60), Limit(100, 86_400)), 86_400)]
)
def test_nothing_left_is_believed_no_longer_than_the_source_is_known_to_count(
    limits: tuple[Limit, ...], longest_s: float
) -> None:
    """A reset in other units, or a lie, would keep everybody from asking, and so from hearing better, for hours."""
    quota = Quota(source("a", limits=limits), (), Policy())
    (purse,) = quota.purses()
    told = {"x-ratelimit-limit": "600", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "410000"}
    hear(purse, told, 0, 0, refused=True)
    assert quota.pick(longest_s - 1, 1, USER) is None
    assert quota.pick(longest_s, 1, USER) is purse


def test_a_call_that_goes_on_is_held_to_the_limit_and_not_to_the_pace() -> None:
    """Of one in three seconds that became one a minute its second round waits three seconds; others wait a minute."""
    purse = Purse(None, "direct", (Limit(1, 3),), Policy())
    for number in range(5):
        purse.throttled(float(number), float(number), 1.0)
    purse.spend(100.0, 1)
    assert not purse.allows(100.0, 1, background=False, goes_on=True)
    assert purse.free_at(100.0, 1, background=False, goes_on=True)[0] == 103.0
    assert purse.allows(103.0, 1, background=False, goes_on=True)
    assert not purse.allows(103.0, 1, background=False)
    assert purse.free_at(103.0, 1, background=False)[0] == pytest.approx(160.0)


def test_refusals_of_calls_that_were_under_way_together_are_one() -> None:
    """Six at once rest it for ten seconds, not for five minutes; the next one after that for longer."""
    purse = Purse(None, "direct", (Limit(600, 60),), Policy())
    for number in range(6):
        purse.throttled(0.0, 1.0 + number / 100, None)
    assert (purse.rests, purse.resting_until) == (1, pytest.approx(11.05))
    purse.throttled(12.0, 12.5, None)
    assert (purse.rests, purse.resting_until) == (2, 32.5)


def test_within_one_span_what_is_said_to_be_left_only_falls() -> None:
    """An answer that comes late knows less of what was asked meanwhile; a new span begins anew."""
    purse = Purse(None, "direct", (Limit(100, 60),), Policy())
    hear(purse, {"x-ratelimit-remaining": "1", "x-ratelimit-reset": "30"}, 0.0, 0.0, refused=False)
    hear(purse, {"x-ratelimit-remaining": "40", "x-ratelimit-reset": "29"}, 1.0, 1.0, refused=False)
    purse.spend(1.0, 1)
    assert not purse.allows(2.0, 1, background=False)
    hear(purse, {"x-ratelimit-remaining": "50", "x-ratelimit-reset": "60"}, 31.0, 31.0, refused=False)
    assert purse.allows(31.0, 50, background=False)


def test_used_weight_is_held_against_the_limit_of_the_same_span() -> None:
    """Others behind the same address spend as well: what the source counted is gone."""
    purse = Purse(None, "direct", (Limit(6000, 60),), Policy())
    hear(purse, {"x-mbx-used-weight-1m": "5999"}, 0.0, 20.0, refused=False)
    assert purse.allows(0.0, 1, background=False)
    assert not purse.allows(0.0, 2, background=False)
    assert purse.allows(40.0, 2, background=False)


def test_used_weight_is_held_against_the_whole_limit_where_processes_have_a_share_each() -> None:
    """The source counts what all of them used."""
    purse = Purse(None, "direct", (Limit(6000, 60),), Policy(share=0.25))
    hear(purse, {"x-mbx-used-weight-1m": "4000"}, 0.0, 20.0, refused=False)
    assert purse.allows(0.0, 1, background=False)


def test_headers_that_come_only_when_it_gets_tight_are_seen() -> None:
    """A refusal is looked at closely, and every so often an answer."""
    purse = Purse(None, "direct", (Limit(100, 60),), Policy())
    hear(purse, {"date": "today"}, 0.0, 0.0, refused=False)
    hear(purse, {"ratelimit": "limit=100, remaining=0, reset=50"}, 1.0, 1.0, refused=True)
    assert not purse.allows(2.0, 1, background=False)
    other = Purse(None, "direct", (Limit(100, 60),), Policy())
    for number in range(70):
        hear(other, {"ratelimit": "limit=100, remaining=0, reset=50"} if number else {}, 1.0, 1.0, refused=False)
    assert not other.allows(2.0, 1, background=False)


@pytest.mark.parametrize(("answers", "refused"), [(1, True), (64, False)])
def test_an_answer_without_headers_does_not_make_deaf_to_the_next_ones(answers: int, refused: bool) -> None:
    """What stands before the source refused or answered, closely looked at or in its turn; the source states on."""
    purse = Purse(None, "direct", (), Policy())
    for _ in range(answers):
        hear(purse, {"x-ratelimit-remaining": "9", "x-ratelimit-reset": "60"}, 0.0, 0.0, refused=False)
    hear(purse, {"server": "cdn"}, 0.0, 0.0, refused=refused)
    hear(purse, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, 0.0, 0.0, refused=False)
    assert not purse.allows(1.0, 1, background=False)


def test_refusals_without_headers_put_off_no_look() -> None:
    """The headers that come with the next answer are seen, however many refusals had none."""
    purse = Purse(None, "direct", (), Policy())
    for _ in range(100):
        hear(purse, {}, 0.0, 0.0, refused=True)
    hear(purse, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, 0.0, 0.0, refused=False)
    assert not purse.allows(1.0, 1, background=False)


def keyed(*keys: str, required: bool = True, limits: tuple[Limit, ...] = (Limit(10, 60),)) -> Quota:
    """Return the quota of a source with keys, five a minute without one."""
    key = Key("NERKH_KEY_TOY", required=required, limits=limits)
    return Quota(source("a", key=key, limits=(Limit(5, 60),)), [SecretStr(each) for each in keys], Policy())


def test_keys_are_taken_by_what_they_have_left() -> None:
    """Three keys bear the same load, and together three times what one does."""
    quota, used = keyed("one", "two", "three"), []
    while (purse := quota.pick(0.0, 1, USER)) is not None:
        purse.spend(0.0, 1)
        used.append(purse.label)
    assert sorted(used) == sorted(["1 of 3", "2 of 3", "3 of 3"] * 10)
    assert max(map(used[:18].count, set(used))) < 10


def test_a_refused_key_rests_and_the_others_go_on() -> None:
    """Too many requests with one key say nothing of another."""
    quota = keyed("one", "two")
    first = quota.pick(0.0, 1, USER)
    assert first is not None
    first.throttled(0.0, 0.0, 120.0)
    second = quota.pick(1.0, 1, USER)
    assert second is not None
    assert second is not first
    assert quota.resting_until(1.0) < 1.0
    second.throttled(1.0, 1.0, 60.0)
    assert quota.pick(2.0, 1, USER) is None
    assert quota.resting_until(2.0) == 61.0
    wait = quota.wait(2.0, 1, USER)
    assert wait is not None
    assert (wait.until, wait.reason) == (61.0, "resting after too many requests")


def test_a_rejected_key_is_set_aside_for_an_hour_and_told_once() -> None:
    """The others serve; with none left there is nothing to ask with, but for a source that does not insist."""
    for required in (True, False):
        quota = keyed("one", "two", required=required)
        for number in range(2):
            purse = quota.pick(float(number), 1, USER)
            assert purse is not None
            assert purse.secret is not None
            assert quota.reject(purse, float(number))
            assert not quota.reject(purse, float(number))
        assert quota.rejected(2.0) == 2
        assert quota.keyless_until(2.0) == (3600.0 if required else float("-inf"))
        keyless = quota.pick(2.0, 1, USER)
        assert (keyless is None) is required
        if keyless is not None:
            assert keyless.secret is None
            assert [window.limit for window in keyless.windows] == [5]
        again = quota.pick(3600.0, 1, USER)
        assert again is not None
        assert again.label == "1 of 2"


def test_a_hedge_wants_a_fifth_to_be_left() -> None:
    """With less than that of any window no request is made that may not be needed."""
    quota = Quota(source("a", limits=(Limit(100, 1), Limit(10, 60))), (), Policy())
    (purse,) = quota.purses()
    for _ in range(8):
        assert quota.has_room_for_hedge(0.0)
        purse.spend(0.0, 1)
    assert quota.has_room_for_hedge(0.0)
    purse.spend(0.0, 1)
    assert not quota.has_room_for_hedge(0.0)
    assert quota.pick(0.0, 1, USER) is not None


def test_every_way_out_has_purses_of_its_own() -> None:
    """What is spent over one is not spent over another."""
    quota = Quota(source("a", limits=(Limit(1, 60),)), (), Policy())
    for egress in ("direct", "proxy-1"):
        purse = quota.pick(0.0, 1, USER, egress)
        assert purse is not None
        assert purse.egress == egress
        purse.spend(0.0, 1)
        assert quota.pick(0.0, 1, USER, egress) is None


def test_without_a_ledger_each_of_several_processes_takes_its_share() -> None:
    """A quarter of the limit for each of four; of less than one request, one in a longer span."""
    policy = Policy(share=0.25)
    quota = Quota(source("a", limits=(Limit(40, 60), Limit(2, 1))), (), policy)
    (purse,) = quota.purses()
    assert [(window.limit, window.span_s) for window in purse.windows] == [(1, 2.0), (10, 60.0)]


def test_processes_that_have_a_share_each_keep_to_a_small_limit_over_time() -> None:
    """Four of them, a quarter each, of one call in ten seconds: each of them makes one in forty."""
    purses, asked = [Purse(None, "direct", (Limit(1, 10),), Policy(share=0.25)) for _ in range(4)], [0] * 4
    for second in range(400):
        for number, purse in enumerate(purses):
            if purse.allows(float(second), 1, background=False):
                purse.spend(float(second), 1)
                asked[number] += 1
    assert asked == [10] * 4


def test_a_key_cannot_be_read_from_what_stands_for_it() -> None:
    """The ledger knows keys by a fingerprint: another key another one, no key none."""
    purses = keyed("secret-one", "secret-two").purses()
    prints = {fingerprint(purse.secret) for purse in purses}
    assert len(prints) == 2
    assert not any("secret" in text for text in prints)
    assert fingerprint(None) == ""


@pytest.mark.parametrize(("limits", "published"), [((), None), ((Limit(10_000, 86_400),), 10_000 / 86_400)])
def test_a_source_without_short_windows_is_paced_by_the_minute(
    limits: tuple[Limit, ...], published: float | None
) -> None:
    """A refusal slows down a source of which only the day's limit is known, or none."""
    purse = Purse(None, "direct", limits, Policy())
    assert purse.windows[0].span_s == 60.0
    purse.throttled(0.0, 0.0, None)
    assert purse.pace.is_slowed
    assert purse.pace.rate == pytest.approx(0.5 if published is None else published / 2)
    for number in range(100):
        purse.succeeded(1.0 + number)
    assert purse.pace.rate == pytest.approx(0.5 * 1.05**100 if published is None else published)


def test_rests_grow_with_each_refusal_in_a_row_and_a_success_ends_the_row() -> None:
    """Where the source does not say how long: 10 s, 20 s, 40 s, five minutes at most."""
    purse = Purse(None, "direct", (Limit(6000, 60),), Policy())
    rests, now = [], 0.0
    for _ in range(7):
        purse.throttled(now, now, None)
        rests.append(purse.resting_until - now)
        now += 400.0
    assert rests == [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]
    purse.succeeded(now)
    purse.throttled(now, now, None)
    assert purse.resting_until - now == 10.0


def test_a_rest_is_never_cut_short_by_a_later_word() -> None:
    """Answers come in any order; the longest rest that was asked for holds, as far as any is believed."""
    purse = Purse(None, "direct", (Limit(6000, 60),), Policy())
    purse.throttled(0.0, 0.0, 120.0)
    purse.throttled(0.0, 1.0, 5.0)
    assert not purse.allows(119.0, 1, background=False)
    assert purse.allows(120.0, 1, background=False)
    purse.rest(200.0, 1e9)
    assert purse.resting_until == 500.0
