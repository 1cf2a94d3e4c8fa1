"""Ways out as pure state: what is taken first, what is kept, what rests how long, and when equals take turns."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from server.fallback.egress import Egress, HostWays, Policy, Quarantine
from server.fallback.routes import DIRECT, PUBLIC, Route, RouteKind

ONE, TWO, THREE = (Route(f"proxy{number}", RouteKind.HTTP) for number in (1, 2, 3))
OPEN = PUBLIC[0]


def blocked(*routes: Route, host: str = "a.example") -> tuple[Egress, HostWays]:
    """Return ways to a host that refuses direct calls at time 0."""
    egress = Egress(routes)
    ways = egress.host(host)
    ways.refused(DIRECT, 0.0, public=True)
    return egress, ways


def test_direct_is_taken_while_its_host_does_not_refuse_it() -> None:
    """However fast the proxies are."""
    egress = Egress((ONE, OPEN))
    ways = egress.host("a.example")
    ways.worked(ONE, 0.001)
    assert ways.choose(0.0, public=True) is DIRECT
    assert ways.closed_until(0.0, public=True) == -inf


def test_a_refusal_rests_direct_longer_each_time_and_at_that_host_alone() -> None:
    """60 s, then 120 s, to half an hour; a success forgets it."""
    egress, ways = blocked(ONE)
    assert ways.choose(59.9, public=True) is ONE
    assert ways.choose(60.0, public=True) is DIRECT
    assert egress.host("b.example").choose(1.0, public=True) is DIRECT
    ways.refused(DIRECT, 60.0, public=True)
    assert ways.choose(179.9, public=True) is ONE
    assert ways.choose(180.0, public=True) is DIRECT
    for _ in range(100):
        ways.refused(DIRECT, ways.direct.quarantine.until, public=True)
    until = ways.direct.quarantine.until
    ways.refused(DIRECT, until, public=True)
    assert ways.direct.quarantine.until == until + 1800.0
    ways.worked(DIRECT, 0.1)
    assert ways.choose(until, public=True) is DIRECT
    ways.refused(DIRECT, until, public=True)
    assert ways.direct.quarantine.until == until + 60.0


def test_what_was_sent_before_a_quarantine_does_not_make_it_longer() -> None:
    """Fifty calls that were under way count as one."""
    quarantine = Quarantine()
    assert [quarantine.strike(now, Policy()) for now in (0.0, 0.1, 59.9)] == [True, False, False]
    assert (quarantine.strikes, quarantine.until) == (1, 60.0)


def test_a_host_keeps_its_proxy_for_ten_minutes_and_others_get_another() -> None:
    """Equals take turns every 60 s for who asks anew; who has one keeps it, so that it is seen as one caller."""
    egress, ways = blocked(ONE, TWO)
    other = egress.host("b.example")
    other.refused(DIRECT, 0.0, public=True)
    for each in (ways, other):
        each.direct.quarantine.until = inf
    assert ways.choose(0.0, public=True) is ONE
    assert other.choose(60.0, public=True) is TWO
    assert all(ways.choose(float(now), public=True) is ONE for now in range(1, 600, 7))
    assert ways.choose(660.0, public=True) is TWO


def test_a_proxy_that_fails_is_left_at_once_and_after_its_rest_may_be_taken_again() -> None:
    """Its host keeps the one that worked meanwhile."""
    _, ways = blocked(ONE, TWO)
    ways.direct.quarantine.until = inf
    assert ways.choose(0.0, public=True) is ONE
    ways.failed(ONE, 1.0, everywhere=False)
    assert ways.choose(1.0, public=True) is TWO
    ways.failed(TWO, 2.0, everywhere=False)
    assert ways.choose(2.0, public=True) is None
    assert ways.closed_until(2.0, public=True) == 61.0
    assert ways.choose(61.0, public=True) is ONE


def test_the_faster_proxy_is_taken_and_those_within_30_percent_take_turns() -> None:
    """By the latency to this host where it is known, else by its tests."""
    egress = Egress((ONE, TWO, THREE))
    ways = egress.host("a.example")
    ways.refused(DIRECT, 0.0, public=True)
    ways.direct.quarantine.until = inf
    for route, latency_s in ((ONE, 0.5), (TWO, 0.10), (THREE, 0.12)):
        egress.state(route).passed(latency_s)
    seen = []
    for minute in range(4):
        ways.sticky = None
        seen.append(ways.choose(60.0 * minute, public=True))
    assert seen == [TWO, THREE, TWO, THREE]
    ways.worked(ONE, 0.01)
    ways.sticky = None
    assert ways.choose(0.0, public=True) is ONE


def test_latency_is_smoothed() -> None:
    """One slow answer in a row of fast ones moves it by a fifth."""
    egress = Egress((ONE,))
    ways = egress.host("a.example")
    for latency_s in (0.1, 0.1, 1.1):
        ways.worked(DIRECT, latency_s)
    assert ways.direct.latency_s is not None
    assert abs(ways.direct.latency_s - 0.3) < 1e-9
    assert egress.latency_s(DIRECT) == ways.direct.latency_s


def test_a_proxys_own_failure_rests_it_for_every_host_and_a_test_ends_that() -> None:
    """What it does next time is no shorter for a test that it passed."""
    egress, ways = blocked(ONE, TWO)
    other = egress.host("b.example")
    other.refused(DIRECT, 0.0, public=True)
    ways.failed(ONE, 1.0, everywhere=True)
    assert not egress.state(ONE).is_healthy
    assert other.choose(2.0, public=True) is TWO
    egress.state(ONE).passed(0.1)
    other.sticky = None
    assert other.choose(3.0, public=True) is ONE
    other.failed(ONE, 4.0, everywhere=True)
    assert egress.state(ONE).quarantine.until == 4.0 + 120.0


def test_three_hosts_in_a_row_that_a_proxy_does_not_reach_are_its_own_failure() -> None:
    """Two are not, and neither are three with one that it reached between."""
    egress = Egress((ONE,))
    for name in ("a", "b"):
        egress.host(name).failed(ONE, 0.0, everywhere=False)
    egress.host("c").worked(ONE, 0.1)
    for name in ("d", "e", "e"):
        egress.host(name).failed(ONE, 0.0, everywhere=False)
    assert egress.state(ONE).is_healthy
    egress.host("f").failed(ONE, 0.0, everywhere=False)
    assert not egress.state(ONE).is_healthy
    assert egress.quarantined(ONE, 0.0) == 5


def test_public_proxies_come_last_and_only_for_what_may_go_there() -> None:
    """While one of the operators' own is open it is taken; a source with a key never goes over a public one."""
    _, ways = blocked(ONE, OPEN)
    ways.direct.quarantine.until = inf
    assert ways.choose(0.0, public=True) is ONE
    ways.failed(ONE, 0.0, everywhere=False)
    assert ways.choose(1.0, public=True) is OPEN
    assert ways.choose(1.0, public=False) is None
    assert ways.closed_until(1.0, public=True) == -inf
    assert ways.closed_until(1.0, public=False) == 60.0


def test_a_hedge_goes_over_another_way_that_is_proven() -> None:
    """A proxy that never passed a test, or failed since, is no better than the way that is late."""
    egress = Egress((ONE, TWO))
    ways = egress.host("a.example")
    assert ways.choose(0.0, public=True, avoid=DIRECT) is DIRECT
    egress.state(TWO).passed(0.1)
    assert ways.choose(0.0, public=True, avoid=DIRECT) is TWO
    assert ways.choose(0.0, public=True) is DIRECT
    egress.host("b.example").failed(TWO, 0.0, everywhere=True)
    assert ways.choose(0.0, public=True, avoid=DIRECT) is DIRECT


def test_a_host_is_shut_when_it_refused_every_way_and_open_with_the_first_answer() -> None:
    """With a proxy left it is not."""
    _, alone = blocked()
    _, ways = blocked(ONE)
    assert alone.is_shut
    assert not ways.is_shut
    ways.refused(ONE, 1.0, public=True)
    assert ways.is_shut
    ways.worked(ONE, 0.1)
    assert not ways.is_shut
    assert ways.direct.is_refused


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["worked", "refused", "failed", "everywhere", "passed"]),
        st.integers(0, 3),
        st.integers(0, 1),
        st.floats(0.0, 200.0),
    ),
    max_size=60,
)


@given(EVENTS)
def test_whatever_happens_no_way_is_taken_in_its_quarantine(events: list[tuple[str, int, int, float]]) -> None:
    """A way that is chosen is open; none is chosen exactly when none is; direct is never out for all hosts at once."""
    egress = Egress((ONE, TWO, OPEN))
    hosts = [egress.host("a"), egress.host("b")]
    now = 0.0
    for what, place, host, span in events:
        route, ways = egress.routes[place], hosts[host]
        if what == "worked":
            ways.worked(route, 0.1)
        elif what == "refused":
            ways.refused(route, now, public=True)
        elif what == "passed":
            egress.state(route).passed(0.1)
        elif route is not DIRECT:
            ways.failed(route, now, everywhere=what == "everywhere")
        now += span
        for each in hosts:
            for public in (True, False):
                chosen, until = each.choose(now, public=public), each.closed_until(now, public=public)
                assert (chosen is None) == (until > now)
                assert until < inf
                if chosen is not None:
                    assert now >= each.way(chosen).quarantine.until
                    assert chosen is DIRECT or now >= egress.state(chosen).quarantine.until
                    assert public or chosen is not OPEN
    assert egress.host("c").choose(now, public=False) is DIRECT


def test_public_proxies_take_no_turns_with_operators_own() -> None:
    """Nor is one taken for being faster."""
    egress, ways = blocked(ONE, OPEN)
    ways.direct.quarantine.until = inf
    egress.state(ONE).passed(2.0)
    egress.state(OPEN).passed(0.1)
    for minute in range(4):
        ways.sticky = None
        assert ways.choose(60.0 * minute, public=True) is ONE


def test_a_hedges_way_does_not_become_the_hosts_own() -> None:
    """It was taken for being another one; who asks next goes as before."""
    egress, ways = blocked(ONE, TWO)
    ways.direct.quarantine.until = inf
    egress.state(TWO).passed(0.1)
    assert ways.choose(0.0, public=True) is ONE
    assert ways.choose(1.0, public=True, avoid=ONE) is TWO
    assert ways.choose(2.0, public=True) is ONE


def test_a_host_that_answers_directly_refuses_the_direct_way_no_more() -> None:
    """Nor is it shut any longer; its next refusal is the first again."""
    _, ways = blocked()
    assert ways.is_shut
    assert ways.direct.is_refused
    ways.answered(0.1)
    assert not ways.is_shut
    assert not ways.direct.is_refused
    assert ways.choose(0.0, public=True) is DIRECT
