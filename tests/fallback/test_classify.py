"""The classification table, line by line."""

from __future__ import annotations

import pytest

from server.errors import BadAnswer
from server.fallback.classify import REASONS, VERDICTS, Verdict, of_bad_answer, of_reply
from server.model import Outcome
from server.providers.base import Reply

TABLE = {
    Verdict.SUCCESS: {"ok"},
    Verdict.FAILURE: {
        "refused",
        "dns",
        "tls",
        "reset",
        "timeout",
        "overdue",
        "server_error",
        "client_error",
        "html",
        "schema",
        "empty",
        "out_of_bounds",
        "wrong_asset",
        "error_body",
        "stale",
        "too_large",
    },
    Verdict.THROTTLE: {"throttled"},
    Verdict.REGION: {"region"},
    Verdict.NEUTRAL: {
        "key_rejected",
        "unknown_asset",
        "cancelled",
        "skipped_open",
        "skipped_quota",
        "skipped_key",
    },
}


def test_every_outcome_has_the_verdict_of_the_table() -> None:
    """No outcome is missing, and each means what the table says."""
    assert set(VERDICTS) == set(Outcome)
    for verdict, names in TABLE.items():
        assert {outcome.value for outcome, given in VERDICTS.items() if given is verdict} == names


@pytest.mark.parametrize(
    ("status", "keyed", "outcome"),
    [
        (200, False, None),
        (204, False, None),
        (400, False, None),
        (404, False, None),
        (422, False, None),
        (301, False, Outcome.CLIENT_ERROR),
        (401, False, Outcome.CLIENT_ERROR),
        (401, True, Outcome.KEY_REJECTED),
        (403, False, Outcome.CLIENT_ERROR),
        (403, True, Outcome.KEY_REJECTED),
        (405, False, Outcome.CLIENT_ERROR),
        (407, False, Outcome.CLIENT_ERROR),
        (408, False, Outcome.TIMEOUT),
        (410, False, Outcome.CLIENT_ERROR),
        (418, False, Outcome.THROTTLED),
        (429, True, Outcome.THROTTLED),
        (451, False, Outcome.REGION),
        (500, False, Outcome.SERVER_ERROR),
        (503, False, Outcome.SERVER_ERROR),
        (599, False, Outcome.SERVER_ERROR),
    ],
)
def test_a_status_alone_decides_or_leaves_it_to_the_body(status: int, outcome: Outcome | None, *, keyed: bool) -> None:
    """2xx, 400, 404 and 422 are parsed, since sources say unknown asset with them; every other status is final."""
    assert of_reply(Reply(status, b""), keyed=keyed) is outcome


def test_a_403_with_a_challenge_concerns_the_way_out() -> None:
    """A page for people, or a challenge header, quarantines the region and neither the key nor the source."""
    assert of_reply(Reply(403, b"", "text/html; charset=utf-8"), keyed=True) is Outcome.REGION
    assert of_reply(Reply(403, b"", "", {"cf-mitigated": "challenge"}), keyed=False) is Outcome.REGION


def test_every_reason_of_a_bad_answer_has_its_outcome() -> None:
    """The reasons that providers may give are all known; one that is not counts as a broken schema."""
    listed = str(BadAnswer.__doc__).partition("Reasons:")[2].replace("\n", " ").rstrip(". ")
    assert {each.strip() for each in listed.split(",")} == set(REASONS)
    assert of_bad_answer(BadAnswer("html"), keyed=False) is Outcome.HTML
    assert of_bad_answer(BadAnswer("key_rejected"), keyed=True) is Outcome.KEY_REJECTED
    assert of_bad_answer(BadAnswer("key_rejected"), keyed=False) is Outcome.ERROR_BODY
    assert of_bad_answer(BadAnswer("never heard of"), keyed=False) is Outcome.SCHEMA
