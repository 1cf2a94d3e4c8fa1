"""The one table that says what each way an attempt can end means for its source; used by attempts and breakers."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from server.errors import BadAnswer
from server.model import Outcome
from server.providers.base import Reply


class Verdict(Enum):
    """What an outcome means: for the breaker, for the source's budget, for the way out, or nothing at all."""

    SUCCESS = "success"
    FAILURE = "failure"
    THROTTLE = "throttle"
    REGION = "region"
    NEUTRAL = "neutral"


VERDICTS: dict[Outcome, Verdict] = {
    Outcome.OK: Verdict.SUCCESS,
    Outcome.REFUSED: Verdict.FAILURE,
    Outcome.DNS: Verdict.FAILURE,
    Outcome.TLS: Verdict.FAILURE,
    Outcome.RESET: Verdict.FAILURE,
    Outcome.TIMEOUT: Verdict.FAILURE,
    Outcome.OVERDUE: Verdict.FAILURE,
    Outcome.SERVER_ERROR: Verdict.FAILURE,
    Outcome.CLIENT_ERROR: Verdict.FAILURE,
    Outcome.HTML: Verdict.FAILURE,
    Outcome.SCHEMA: Verdict.FAILURE,
    Outcome.EMPTY: Verdict.FAILURE,
    Outcome.OUT_OF_BOUNDS: Verdict.FAILURE,
    Outcome.WRONG_ASSET: Verdict.FAILURE,
    Outcome.ERROR_BODY: Verdict.FAILURE,
    Outcome.STALE: Verdict.FAILURE,
    Outcome.TOO_LARGE: Verdict.FAILURE,
    Outcome.THROTTLED: Verdict.THROTTLE,
    Outcome.REGION: Verdict.REGION,
    Outcome.KEY_REJECTED: Verdict.NEUTRAL,
    Outcome.UNKNOWN_ASSET: Verdict.NEUTRAL,
    Outcome.CANCELLED: Verdict.NEUTRAL,
    Outcome.SKIPPED_OPEN: Verdict.NEUTRAL,
    Outcome.SKIPPED_QUOTA: Verdict.NEUTRAL,
    Outcome.SKIPPED_KEY: Verdict.NEUTRAL,
}

UNANSWERED = frozenset({Outcome.REFUSED, Outcome.DNS, Outcome.TLS, Outcome.RESET, Outcome.TIMEOUT, Outcome.OVERDUE})
"""Outcomes of attempts to which nothing was answered at all."""

REASONS: dict[str, Outcome] = {
    "html": Outcome.HTML,
    "not_json": Outcome.SCHEMA,
    "not_xml": Outcome.SCHEMA,
    "schema": Outcome.SCHEMA,
    "out_of_bounds": Outcome.OUT_OF_BOUNDS,
    "empty": Outcome.EMPTY,
    "error_body": Outcome.ERROR_BODY,
    "unknown_asset": Outcome.UNKNOWN_ASSET,
    "throttled": Outcome.THROTTLED,
    "wrong_asset": Outcome.WRONG_ASSET,
    "key_rejected": Outcome.KEY_REJECTED,
}

_PARSED = frozenset({400, 404, 422})
_STATUSES = {
    401: Outcome.KEY_REJECTED,
    408: Outcome.TIMEOUT,
    418: Outcome.THROTTLED,
    429: Outcome.THROTTLED,
    451: Outcome.REGION,
}


def of_reply(reply: Reply, *, keyed: bool) -> Outcome | None:
    """Return how an attempt ended by its status alone, None when the body decides (2xx, 400, 404, 422).

    Without a key of ours there is none to reject: 401 and a plain 403 are then the source's refusal.
    """
    status = reply.status
    if 200 <= status < 300 or status in _PARSED:
        return None
    if status >= 500:
        return Outcome.SERVER_ERROR
    outcome = _STATUSES.get(status, Outcome.CLIENT_ERROR)
    if status == 403:
        outcome = Outcome.REGION if _is_challenge(reply) else Outcome.KEY_REJECTED
    if outcome is Outcome.KEY_REJECTED and not keyed:
        return Outcome.CLIENT_ERROR
    return outcome


def of_bad_answer(error: BadAnswer, *, keyed: bool) -> Outcome:
    """Return how an attempt ended whose body a provider refused; an unknown reason is a broken schema."""
    outcome = REASONS.get(error.reason, Outcome.SCHEMA)
    if outcome is Outcome.KEY_REJECTED and not keyed:
        return Outcome.ERROR_BODY
    return outcome


def _is_challenge(reply: Reply) -> bool:
    """Say whether a 403 comes from what stands in front of a source: a page for people, or a challenge header."""
    return "cf-mitigated" in reply.headers or "html" in reply.content_type


def retry_after_s(reply: Reply, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, given as a number or as a date; None without a valid one."""
    text = reply.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())
