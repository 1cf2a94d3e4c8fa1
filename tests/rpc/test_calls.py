"""What a call notes of its answer for monitoring."""

from __future__ import annotations

import pytest

from server.clock import VirtualClock
from server.model import Attempt, Freshness, Outcome, Provenance
from server.rpc.calls import Call


@pytest.mark.parametrize(
    ("freshness", "outcomes", "fallback"),
    [
        (Freshness.LIVE, (Outcome.OK,), False),
        (Freshness.LIVE, (Outcome.OK, Outcome.CANCELLED), False),
        (Freshness.LIVE, (Outcome.OVERDUE, Outcome.OK), True),
        (Freshness.LIVE, (Outcome.SKIPPED_OPEN, Outcome.OK), True),
        (Freshness.CACHED, (Outcome.TIMEOUT, Outcome.OK), True),
        (Freshness.LIVE, (Outcome.CANCELLED, Outcome.OK), False),
        (Freshness.LIVE, (Outcome.CANCELLED, Outcome.REFUSED, Outcome.OK), True),
        (Freshness.LIVE, (Outcome.OK, Outcome.REFUSED, Outcome.OK), False),
        (Freshness.CACHED, (), False),
        (Freshness.STALE, (Outcome.OK,), True),
        (Freshness.STALE, (), True),
        (Freshness.STORED, (), True),
    ],
)
def test_an_answer_is_a_fallback_when_the_first_source_could_not_give_it(
    freshness: Freshness, outcomes: tuple[Outcome, ...], fallback: bool
) -> None:
    """The first that failed or was passed over makes one, an old answer too; what was given up or asked later not."""
    attempts = tuple(Attempt(f"source{number}", outcome) for number, outcome in enumerate(outcomes))
    call = Call("id", "caller", loopback=True, started=0.0, deadline=1.0)
    call.note(Provenance("source0", VirtualClock().now(), freshness, attempts=attempts))
    assert (call.source, call.freshness, call.fallback) == ("source0", freshness.value, fallback)


def test_a_second_try_at_the_first_source_is_no_fallback() -> None:
    """The answer is its own, though its connection broke before."""
    call = Call("id", "caller", loopback=True, started=0.0, deadline=1.0)
    broken, good = Attempt("a", Outcome.RESET), Attempt("a", Outcome.OK)
    call.note(Provenance("a", VirtualClock().now(), Freshness.LIVE, attempts=(broken, good)))
    assert not call.fallback


@pytest.mark.parametrize(("freshness", "fallback"), [(Freshness.LIVE, False), (Freshness.STORED, True)])
def test_a_sweep_falls_back_on_old_answers_alone(freshness: Freshness, fallback: bool) -> None:
    """All its sources are asked at the same time: one that is dead leaves the others no less the first."""
    call = Call("id", "caller", loopback=True, started=0.0, deadline=1.0)
    attempts = (Attempt("a", Outcome.REFUSED), Attempt("b", Outcome.OK))
    call.note(Provenance("b", VirtualClock().now(), freshness, attempts=attempts), courses=())
    assert call.fallback is fallback


@pytest.mark.parametrize(("outcomes", "fallback"), [((), False), ((Outcome.REFUSED, Outcome.OK), True)])
def test_an_answer_of_parts_falls_back_when_one_of_them_does(outcomes: tuple[Outcome, ...], fallback: bool) -> None:
    """Each part had a first source of its own: that another one's answered at once says nothing of it."""
    call = Call("id", "caller", loopback=True, started=0.0, deadline=1.0)
    courses = [[Attempt("a", Outcome.OK)], [Attempt(f"b{number}", each) for number, each in enumerate(outcomes)]]
    attempts = tuple(each for course in courses for each in course)
    call.note(Provenance("a", VirtualClock().now(), Freshness.LIVE, attempts=attempts), courses=courses)
    assert call.fallback is fallback
