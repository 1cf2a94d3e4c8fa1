"""Watches over sources: takes in how attempts end, gives sources up, takes them back, does what operators decide.

Attempts and the ranker tell it; the prober asks it whom to probe; the book keeps what it knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf

import structlog

from server.clock import Clock
from server.fallback.classify import Verdict
from server.fallback.health import Limits, Sign
from server.fallback.incidents import Incidents
from server.fallback.lane import Lane
from server.fallback.standing import Standing
from server.fallback.views import state_of
from server.model import Action, Decision, IncidentCause, Phase, SourceState
from server.settings import Settings

_log = structlog.get_logger()

_SUCCESS = Verdict.SUCCESS
_PHASES = {Phase.BLOCKED: IncidentCause.BLOCKED, Phase.SUNSET: IncidentCause.SUNSET}


def limits_of(settings: Settings) -> Limits:
    """Return the limits of sources' health as they are set."""
    return Limits(
        settings.blocked_s,
        settings.sunset_s,
        settings.nameless_s,
        settings.gone_in_row,
        settings.probe_s,
        settings.sunset_probe_s,
    )


class Watch:
    """The health of all sources. `changed`, set by the engine, is told of a lane whose source's state changed."""

    def __init__(self, standings: Mapping[str, Standing], clock: Clock) -> None:
        self.standings = standings
        self.incidents = Incidents(clock)
        self.dirty: set[str] = set()
        """Sources whose health changed since it was last kept."""
        self.changed: Callable[[Lane], None] = lambda _: None
        self.distrust: Sequence[Callable[[str], None]] = ()
        """Set by the engine; told of a source that was disabled, so that nothing that it said counts as fresh."""
        self._clock = clock
        self._answered_at = -inf

    def note(self, lane: Lane, verdict: Verdict, now: float, sign: Sign) -> None:
        """Take in how an attempt ended, and of what that is a sign where it is the source's failure.

        It is on the way of every attempt, so a healthy source costs next to nothing.
        """
        standing = lane.standing
        health = standing.health
        if verdict is _SUCCESS:
            self._answered_at = now
            if health.phase is Phase.WELL:
                return
            sign = Sign.ANSWER
        elif verdict is not Verdict.FAILURE:
            if health.phase is Phase.WELL:
                return
            sign = Sign.NOTHING
        self.dirty.add(lane.id)
        if health.note(sign, now, is_witnessed=now - self._answered_at <= health.limits.longest_gap_s):
            self._moved(lane, now)

    def heard(self, lane: Lane) -> None:
        """Take in that a circuit opened or closed, or that a source was set aside or is back."""
        self.dirty.add(lane.id)
        if lane.standing.is_down:
            outcome = lane.measures.last_outcome
            self.incidents.begin(lane.id, IncidentCause.DOWN, outcome.value if outcome else "", kind=lane.kind.value)
        else:
            self.incidents.end(lane.id, IncidentCause.DOWN)

    def contradicted(self, lane: Lane, detail: str) -> None:
        """Take in that other sources contradicted an answer."""
        self.incidents.happened(lane.id, IncidentCause.CONTRADICTED, detail, lane.kind.value)

    def apply(self, decision: Decision) -> None:
        """Do what an operator decided, here or at another process; one of a source that is not known is left alone."""
        standing = self.standings.get(decision.source)
        if standing is None:
            return
        if decision.action is Action.DISABLE:
            self._disable(standing, decision)
        elif decision.action is Action.REMOVE:
            self._remove(standing)
        else:
            if decision.action is Action.ENABLE:
                self._enable(standing, decision)
            self._reset(standing, decision.kind)
        standing.settle(self._clock.monotonic())
        self.dirty.add(decision.source)

    def failed(self) -> list[str]:
        """Return the sources whose circuits are all open, that are still in rotation."""
        now = self._clock.monotonic()
        return [id_ for id_, each in self.standings.items() if state_of(each, now) is SourceState.FAILED]

    def _moved(self, lane: Lane, now: float) -> None:
        """Follow a source's change of phase: out of rotation, or back into it."""
        standing, health = lane.standing, lane.standing.health
        standing.settle(now)
        for phase, cause in _PHASES.items():
            if health.phase is phase:
                self.incidents.begin(lane.id, cause, health.reason)
            else:
                self.incidents.end(lane.id, cause)
        if health.phase is Phase.SUNSET:
            _log.warning("source given up", source=lane.id, reason=health.reason)
        if health.phase is not Phase.FAILING:
            self.changed(lane)

    def _disable(self, standing: Standing, decision: Decision) -> None:
        if standing.disabled is None:
            _log.warning("source disabled", source=decision.source, reason=decision.reason)
        else:
            self.incidents.end(decision.source, IncidentCause.DISABLED, time=decision.time)  # another reason now
        standing.disabled = decision.reason
        for forget in self.distrust:
            forget(decision.source)
        self.incidents.begin(decision.source, IncidentCause.DISABLED, decision.reason, time=decision.time)

    def _enable(self, standing: Standing, decision: Decision) -> None:
        if standing.disabled is not None:
            _log.info("source enabled", source=decision.source)
        standing.disabled = None
        self.incidents.end(decision.source, IncidentCause.DISABLED, time=decision.time)

    def _reset(self, standing: Standing, kind: str) -> None:
        """Close circuits and forget past failure, so that it is asked at once; it is down again when it fails again."""
        now = self._clock.monotonic()
        standing.health.clear()
        for cause in _PHASES.values():
            self.incidents.end(standing.source.id, cause)
        for lane in standing.lanes:
            if not kind or lane.kind.value == kind:
                lane.breaker.reset(now)
        if standing.is_down and not any(lane.breaker.is_open for lane in standing.lanes):
            standing.is_down = False
            self.incidents.end(standing.source.id, IncidentCause.DOWN)
            _log.info("source reset", source=standing.source.id)

    def _remove(self, standing: Standing) -> None:
        """Take a source out of rotation that is down here too; at another process it may well work."""
        now = self._clock.monotonic()
        if state_of(standing, now) is SourceState.FAILED:
            standing.health.remove(now, "removed by an operator until it answers")
            self.incidents.begin(standing.source.id, IncidentCause.BLOCKED, standing.health.reason)
