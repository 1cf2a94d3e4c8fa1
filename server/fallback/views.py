"""What monitoring shows of the engine: sources, breakers, and each source's state; pure readings, cheap to make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from math import isinf

from server.clock import Clock
from server.fallback.lane import Lane
from server.fallback.standing import Standing
from server.model import BreakerState, BreakerView, Outcome, Phase, QuotaView, SourceState, SourceView

_DEGRADED_BELOW = 0.8
_GIVEN_UP = {Phase.BLOCKED: SourceState.BLOCKED, Phase.SUNSET: SourceState.SUNSET}


def state_of(standing: Standing, now: float) -> SourceState:
    """Return a source's state over all its kinds; one whose key was never given is disabled by its operator.

    One that direct may reach and whose circuits are all open has failed, whatever it refused by region before.
    """
    out = standing.exclusion(now)
    lacks_key = out is not None and out.outcome is Outcome.SKIPPED_KEY and not standing.has_key()
    if lacks_key or standing.disabled is not None:
        return SourceState.DISABLED
    if (given_up := _GIVEN_UP.get(standing.health.phase)) is not None:
        return given_up
    state = _by_circuits(standing, is_out=out is not None)
    is_open = now >= standing.ways.direct.quarantine.until
    if standing.is_regional() and not (is_open and state is SourceState.FAILED):
        return SourceState.PROXY_NEEDED
    return state


def _by_circuits(standing: Standing, *, is_out: bool) -> SourceState:
    """Return the state of a source that may be asked, as far as its circuits and lately its answers tell."""
    used = [lane for lane in standing.lanes if lane.measures.calls or lane.breaker.is_open]
    open_ones = sum(lane.breaker.is_open for lane in used)
    if used and open_ones == len(used):
        return SourceState.FAILED
    errors = sum(lane.measures.error_ratio for lane in used)
    if open_ones or is_out or (used and 1 - errors / len(used) < _DEGRADED_BELOW):
        return SourceState.DEGRADED
    return SourceState.ACTIVE


def breaker_view(lane: Lane, clock: Clock) -> BreakerView:
    """Return one breaker as it stands; an operator's open circuit has no next probe."""
    now, time = clock.monotonic(), clock.now()
    breaker = lane.breaker
    calls, failures = breaker.counts(now)
    return BreakerView(
        source=lane.id,
        kind=lane.kind.value,
        state=breaker.state(now),
        consecutive_failures=breaker.consecutive_failures,
        calls=calls,
        failures=failures,
        opened_time=time + timedelta(seconds=breaker.opened_at - now) if breaker.is_open else None,
        next_probe_time=_next_probe(lane, now, time),
        trips=breaker.trips,
    )


def source_view(standing: Standing, clock: Clock) -> SourceView:
    """Return one source as it stands, its measures taken over all its kinds."""
    source, lanes, now = standing.source, standing.lanes, clock.monotonic()
    out = standing.exclusion(now)
    calls = sum(lane.measures.calls for lane in lanes)
    successes = sum(lane.measures.successes for lane in lanes)
    lately = [lane.measures.counts(now) for lane in lanes]
    recent, good = sum(count for count, _ in lately), sum(good for _, good in lately)
    busiest = max(lanes, key=lambda lane: lane.measures.calls, default=None)
    last = max((lane for lane in lanes if lane.measures.last_time), key=_last_time, default=None)
    return SourceView(
        id=source.id,
        name=source.name,
        provider=source.provider,
        tier=source.tier.name,
        category=source.category,
        state=state_of(standing, now),
        kinds=tuple(lane.kind.value for lane in lanes),
        chains=source.chains,
        breakers=tuple(breaker_view(lane, clock) for lane in lanes),
        calls=calls,
        successes=successes,
        success_ratio=good / recent if recent else 1.0,
        latency_p50_s=busiest.measures.p50_s if busiest is not None else None,
        latency_p99_s=busiest.measures.p99_s if busiest is not None else None,
        last_success_time=_latest(lane.measures.last_success for lane in lanes),
        last_failure_time=_latest(lane.measures.last_failure for lane in lanes),
        last_outcome=last.measures.last_outcome.value if last is not None and last.measures.last_outcome else "",
        key_required=source.key is not None and source.key.required,
        key_present=standing.has_key(),
        attribution=source.attribution,
        docs_url=source.docs_url,
        base_url=source.base_url,
        excluded=out.reason if out is not None else "",
        outcomes=tuple((lane.kind.value, *ended) for lane in lanes for ended in lane.endings.counts()),
        quotas=tuple(_quota_views(standing, clock)),
        keys=standing.quota.keys(),
        rejected_keys=standing.quota.rejected(now),
    )


def _quota_views(standing: Standing, clock: Clock) -> Iterator[QuotaView]:
    """Give every window that has a limit, and what the source itself says is left, for each key and way out in use."""
    now, time = clock.monotonic(), clock.now()
    for purse in standing.quota.purses():
        for left in purse.lefts(now):
            reset_time = None if left.full_at is None else time + timedelta(seconds=left.full_at - now)
            share = min(max(left.tokens / left.limit, 0.0), 1.0)
            yield QuotaView(
                purse.label,
                purse.egress,
                left.limit,
                left.span_s,
                max(0, int(left.tokens)),
                share,
                reset_time,
                purse.pace.share(),
            )


def _next_probe(lane: Lane, now: float, time: datetime) -> datetime | None:
    """Return when an open circuit lets its next probe through."""
    if lane.breaker.state(now) is not BreakerState.OPEN or isinf(lane.breaker.retry_at):
        return None
    return time + timedelta(seconds=lane.breaker.retry_at - now)


def _last_time(lane: Lane) -> datetime:
    """Return when a lane that was used was last heard of."""
    time = lane.measures.last_time
    if time is None:
        raise ValueError(lane.id)
    return time


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    """Return the latest of the times there are."""
    return max((time for time in times if time is not None), default=None)
