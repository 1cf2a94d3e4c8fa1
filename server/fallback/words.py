"""Plain sentences on why a source stands where it does for a query; pure, made for people by the explanation alone."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf

from server.fallback.classify import VERDICTS, Verdict
from server.fallback.lane import Lane
from server.model import BreakerState, Outcome, Phase, ScorePart

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_SIGNS = {
    Outcome.REFUSED: "connection refused",
    Outcome.DNS: "its name is not found",
    Outcome.TLS: "no secure connection",
    Outcome.RESET: "the connection broke",
    Outcome.TIMEOUT: "timeout",
    Outcome.OVERDUE: "another source was faster",
    Outcome.SERVER_ERROR: "its own errors",
    Outcome.CLIENT_ERROR: "it refuses the request",
    Outcome.HTML: "a page instead of data",
    Outcome.SCHEMA: "not the form it should have",
    Outcome.EMPTY: "empty where data is due",
    Outcome.OUT_OF_BOUNDS: "values that cannot be",
    Outcome.WRONG_ASSET: "values of another asset",
    Outcome.ERROR_BODY: "an error in place of data",
    Outcome.STALE: "data too old",
    Outcome.TOO_LARGE: "answers too large",
    Outcome.THROTTLED: "too many requests",
}
_PARTS = {
    "error_ratio": "its failures",
    "latency_p70_s": "its latency",
    "lag_s": "the age of its data",
    "quota_used": "what is left of its quota",
}
_PROBED = {
    Phase.BLOCKED: "probed every few minutes, and asked again once it answers",
    Phase.SUNSET: "probed once a day, should it be back",
}
_NAMED = 3
_LEAST_GAP = 1e-5
"""Scores that differ by less are the same to people."""


def ordinal(position: int) -> str:
    """Return a place in words."""
    if position <= len(_ORDINALS):
        return _ORDINALS[position - 1]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(position % 10 if position % 100 // 10 != 1 else 0, "th")
    return f"{position}{ending}"


def span(seconds: float) -> str:
    """Return a span in one unit, such as `42 s` or `7 min`."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0.0):.0f} s"


_IDLE = "not asked for it in the last 10 min"
_NEW = "asked for it in the last 10 min only since the order was made"


def figures(lane: Lane) -> str:
    """Return what the score rests on, as it was when the order was made, such as `98 % success, 0.12 s at p70`."""
    measured = {part.name: part.measured for part in lane.parts}
    if not lane.measures.calls:
        return "not asked for it yet"
    share = f"{100 * (1 - measured.get('error_ratio', 0.0)):.3g} % success"
    if not lane.measures.recent:
        share = _NEW if lane.measures.unranked else _IDLE
    parts = [share]
    if latency_s := measured.get("latency_p70_s"):
        parts.append(f"{latency_s:.2g} s at p70")
    if (lag_s := measured.get("lag_s", 0.0)) >= 1:
        parts.append(f"data {span(lag_s)} old")
    if used := measured.get("quota_used"):
        parts.append(f"{100 * (1 - used):.0f} % of its quota left")
    return ", ".join(parts)


def leader(
    lane: Lane,
    rivals: Sequence[Lane],
    passed: Sequence[str],
    *,
    near_equal: float | None,
    clearly: float,
    has_last: bool = False,
) -> str:
    """Return why a lane is first. `rivals` are the others of its tier, without those that are asked after all others.

    `has_last` says that there are such; `passed` are the better tiers that are all out. A challenger takes a leader's
    place when it is `clearly` times better, and not soon after the last change. None for `near_equal` where nobody
    takes turns: a series stays for a minute with the source that gave other pages of it.
    """
    others = len(rivals) + 1
    better = max(rivals, key=lambda rival: rival.score, default=lane)
    tier = f"tier {lane.source.tier.name}"
    if not rivals:
        why = f"{tier} and the only source of it that {'is not asked last' if has_last else 'can be asked'}"
    elif lane.score > better.score + _LEAST_GAP:
        why = f"{tier} and the best score of {others}"
    elif lane.score >= better.score - _LEAST_GAP:
        why = f"{tier} and a score as good as any of {others}"
    else:
        above, own = _scores(better, lane)
        soon = better.score >= clearly * lane.score
        recent = "the lead changed a moment ago" + (", or this one gave other pages" if near_equal is None else "")
        held = recent if soon else f"less than {clearly - 1:.0%} better".replace("%", " %")
        why = f"{tier} and in the lead; {better.id} scores {above} against {own}, but {held}"
    out = f"; every source of tier {' and '.join(passed)} is out" if passed else ""
    near = [rival.id for rival in rivals if _is_near(rival, lane, near_equal)]
    shared = f"; takes turns with {_several(near)}, as good or nearly so" if near else ""
    return f"first: {why}{out}{shared} ({figures(lane)})"


def follower(lane: Lane, position: int, before: Lane, first: Lane, near_equal: float | None) -> str:
    """Return why a lane stands behind the one before it; None for `near_equal` where nobody takes turns."""
    place, tier = ordinal(position), lane.source.tier.name
    if lane.source.tier is not before.source.tier:
        return f"{place}: tier {tier} is asked after tier {before.source.tier.name} ({figures(lane)})"
    own, above = _scores(lane, before)
    if lane.score > before.score + _LEAST_GAP:
        why = f"tier {tier}, score {own} behind {before.id}'s {above}, which leads until another is clearly better"
    elif lane.score >= before.score - _LEAST_GAP:
        why = f"tier {tier}, the same score as {before.id}, which stood before it"
    else:
        part = _heaviest(lane.parts, before.parts)
        mostly = f", mostly for {_PARTS.get(part, part.replace('_', ' '))}" if part else ""
        why = f"tier {tier}, score {own} behind {before.id}'s {above}{mostly}"
    is_near = lane.source.tier is first.source.tier and _is_near(lane, first, near_equal)
    near = f"; near enough to take turns with {first.id}" if is_near else ""
    return f"{place}: {why}{near} ({figures(lane)})"


def suspect(lane: Lane, position: int) -> str:
    """Return why a source is asked after all others for now."""
    return (
        f"{ordinal(position)}, after all others for now: tier {lane.source.tier.name}, but for another kind of data it "
        "just did not answer; it is asked behind the callers until it does"
    )


def ignorant(lane: Lane, position: int, question: str) -> str:
    """Return that a lane stands behind those of every tier, for its source lately did not know what is asked for."""
    return f"{ordinal(position)}: it lately said that it has no {question}, and stands behind who may ({figures(lane)})"


def behind(lane: Lane, position: int, question: str) -> str:
    """Return that a lane stands behind those of every tier, for its source's data of what is asked for was old."""
    return (
        f"{ordinal(position)}: its last {question} was too old, while its other data is not, and it stands behind who "
        f"may have newer ({figures(lane)})"
    )


def unreached(lane: Lane, position: int, most: int) -> str:
    """Return that a lane would be too late in the order to be asked."""
    return f"not reached: it would be {ordinal(position)}, and one request asks {most} times at most ({figures(lane)})"


def swept(lane: Lane) -> str:
    """Return that a lane is asked together with all the others."""
    return f"asked: every source of {lane.kind.value.replace('_', ' ')} is asked at the same time ({figures(lane)})"


def excluded(lane: Lane, reason: str, now: float) -> str:
    """Return why a lane may not be asked now, and when it is tried again."""
    return f"out: {_cause(lane, reason, now)}; {_again(lane, now)}"


def _is_near(lane: Lane, first: Lane, near_equal: float | None) -> bool:
    """Say whether a lane of the leader's tier takes turns with it; None for `near_equal` where nobody does."""
    return near_equal is not None and lane.score >= first.score * (1 - near_equal)


def _scores(one: Lane, other: Lane) -> tuple[str, str]:
    """Return two scores with as many digits as tell them apart."""
    digits = 2 if f"{one.score:.2f}" != f"{other.score:.2f}" else 5
    return f"{one.score:.{digits}f}", f"{other.score:.{digits}f}"


def _several(names: Sequence[str]) -> str:
    """Return a few names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _cause(lane: Lane, reason: str, now: float) -> str:
    key = lane.source.key
    if reason == "no key" and key is not None:
        return f"it wants a key and none was given (set {key.setting})"
    if now < lane.standing.out_until or not lane.breaker.is_open:
        return reason.partition(", free in ")[0]  # when it may be asked again is said behind it
    breaker = lane.breaker
    if isinf(breaker.retry_at):
        return "circuit held open by an operator"
    outcome = lane.measures.last_outcome
    sign = f" ({_SIGNS[outcome]})" if outcome in _SIGNS and VERDICTS[outcome] is not Verdict.SUCCESS else ""
    calls, failures = breaker.opened_counts
    in_row = breaker.consecutive_failures
    if calls and in_row < breaker.policy.failures_in_row:
        return f"{reason} after {failures} of {calls} calls failed within {span(breaker.policy.window_s)}{sign}"
    count = f" after {in_row} failure{'s' * (in_row != 1)} in a row" if in_row else ""  # none: of before a restart
    return f"{reason}{count}{sign}"


def _again(lane: Lane, now: float) -> str:
    at = lane.free_at(now)
    if isinf(at):
        probed = _PROBED.get(lane.standing.health.phase)
        return probed if probed and lane.standing.disabled is None else "tried again when that has changed"
    if lane.breaker.is_open and at <= now:
        if lane.breaker.is_probing():
            return "a probe is under way"
        if lane.breaker.state(now) is BreakerState.HALF_OPEN:
            return "the next request probes it, without waiting for it"
    return f"tried again in {span(at - now)}"


def _heaviest(parts: Sequence[ScorePart], others: Sequence[ScorePart]) -> str:
    """Return the name of the part that takes most more away than the same part of another; empty for none."""
    known = {part.name: part.penalty for part in others}
    worst = max(parts, key=lambda part: part.penalty - known.get(part.name, 0.0), default=None)
    return worst.name if worst is not None else ""
