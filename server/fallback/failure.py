"""Which error a fetch that found nothing ends in; used by the engine alone."""

from __future__ import annotations

from collections.abc import Sequence

from server.errors import DeadlineTooShort, NerkhError, SourcesExhausted, SourcesFailed, Unknown, Unsupported
from server.fallback.lane import Lane
from server.fallback.settling import Fetch
from server.model import (
    BlockQuery,
    CandlesQuery,
    Outcome,
    PriceQuery,
    PricesQuery,
    Query,
    TransactionQuery,
)

_RETRY_S = 5.0
_LONGEST_RETRY_S = 300.0


def describe(query: Query) -> str:
    """Return a query in a caller's words."""
    kind = query.kind.value.replace("_", " ")
    if isinstance(query, CandlesQuery):
        return f"{query.interval.token} {kind} of {query.asset.id} in {query.quote}"
    if isinstance(query, PriceQuery):
        return f"{kind} of {query.asset.id} in {query.quote}"
    if isinstance(query, PricesQuery):
        return f"{kind} in {query.quote}"
    chain = getattr(query, "chain", None)
    return kind if chain is None else f"{kind} on {chain.id}"


def failure_of(
    query: Query, done: Fetch, lanes: Sequence[Lane], *, now: float, spent_s: float, is_short: bool
) -> NerkhError:
    """Return the error: what is asked for does not exist, nobody may be asked now, too little time, or all failed.

    `is_short` says that the caller gave less time than the kind usually has.
    """
    attempts = tuple(done.attempts)
    if _is_unknown(done):
        if isinstance(query, TransactionQuery):
            return Unknown("transaction", query.hash)
        if isinstance(query, BlockQuery):
            return Unknown("block", query.block)
        return Unsupported(describe(query))
    if not done.asked and not done.is_late:
        return SourcesExhausted(describe(query), attempts, _retry_after(lanes, now))
    if done.is_late and is_short:
        return DeadlineTooShort(spent_s, attempts)
    return SourcesFailed(describe(query), attempts, _RETRY_S)


def _is_unknown(done: Fetch) -> bool:
    """Say whether every source that was asked does not know it: two of them, or all there are."""
    if not done.unknown or done.unknown < done.asked:
        return False
    passed_over = any(each.outcome in (Outcome.SKIPPED_OPEN, Outcome.SKIPPED_QUOTA) for each in done.attempts)
    return done.unknown >= 2 or not passed_over


def _retry_after(lanes: Sequence[Lane], now: float) -> float:
    """Return when the first source may be asked again, in seconds from now."""
    soonest = min((lane.free_at(now) for lane in lanes), default=now)
    return min(max(soonest - now, 1.0), _LONGEST_RETRY_S)
