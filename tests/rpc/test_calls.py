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
        (Freshness.STALE, (), True),
        (Freshness.STORED, (), True),
    ],
)
def test_an_answer_is_a_fallback_when_the_first_source_could_not_give_it(
    freshness: Freshness, outcomes: tuple[Outcome, ...], fallback: bool
) -> None:
    """A source that failed or was passed over makes one, an old answer too; a hedge that was given up does not."""
    attempts = tuple(Attempt(f"source{number}", outcome) for number, outcome in enumerate(outcomes))
    call = Call("id", "caller", loopback=True, started=0.0, deadline=1.0)
    call.note(Provenance("source0", VirtualClock().now(), freshness, attempts=attempts))
    assert (call.source, call.freshness, call.fallback) == ("source0", freshness.value, fallback)
