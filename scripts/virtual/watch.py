"""The invariants of the engine, watched while it lives: at every call of a source, at every answer, every second.

`life` owns one watch for each seed; a broken promise is a line in `broken`, and the run goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, deque
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from scripts.virtual.catalog import DIGITS, number_of, subject
from scripts.virtual.world import Given, World
from server.clock import VirtualClock
from server.errors import DeadlineTooShort, NerkhError, SourcesFailed
from server.fallback.engine import Engine
from server.fallback.figures import figures_of
from server.fallback.lane import Lane
from server.model import Answer, Attempt, Freshness, Kind, Outcome, Price, Query, Value
from server.settings import Settings

ABREAST = 2
"""A caller's attempts under way at most: one, and one hedge."""
PROBE_S = 8.0
_ERROR_S = 1e-5
_SKIPPED = frozenset({Outcome.SKIPPED_OPEN, Outcome.SKIPPED_QUOTA, Outcome.SKIPPED_KEY})
_FRESH = frozenset({Freshness.LIVE, Freshness.CACHED})
_MOST_LINES = 20


class Asking:
    """One caller's question: until when it may be worked on, and what is under way for it."""

    __slots__ = ("abreast", "calls", "deadline", "is_over")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.is_over = False
        self.abreast = 0
        self.calls = 0


ASKING: ContextVar[Asking | None] = ContextVar("asking", default=None)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a call from its start to its end."""

    lane: Lane
    asking: Asking | None
    is_probe: bool
    start: float


class Watch:
    """Everything that is looked at in one run. `figures` counts what is not a promise, `broken` holds what is."""

    def __init__(self, clock: VirtualClock, world: World, engine: Engine, settings: Settings) -> None:
        self.clock = clock
        self.world = world
        self.engine = engine
        self.settings = settings
        self.broken: list[str] = []
        self.figures: Counter[str] = Counter()
        self.seen: set[Query] = set()
        self._history = hashlib.blake2b(digest_size=12)
        standings = engine._standings  # noqa: SLF001 -- the watch compares what callers see with what is inside
        self._lanes = {(id_, lane.kind): lane for id_, standing in standings.items() for lane in standing.lanes}
        self._probes: Counter[Lane] = Counter()
        self._spent = {
            (id_, limit): deque[float]() for id_, standing in standings.items() for limit in standing.source.limits
        }
        self._sequence = 0
        self._start = clock.monotonic()
        world.begins, world.ends = self.begins, self.ends

    def digest(self) -> str:
        """Return what stands for the whole history: the same seed must give the same."""
        return self._history.hexdigest()

    def says(self, text: str) -> None:
        """Note a broken promise."""
        if len(self.broken) < _MOST_LINES:
            self.broken.append(f"{self.clock.monotonic():.3f} s: {text}")

    def begins(self, source: str, of: str) -> Token:
        """Look at a call that begins: a probe is the only one, and a caller has at most two abreast."""
        now = self.clock.monotonic()
        kind, thing, _ = of.split("/")
        lane = self._lanes[source, Kind(kind)]
        is_probe = lane.breaker.is_open
        asking = ASKING.get()
        if is_probe:
            self._probes[lane] += 1
            self.figures["probes"] += 1
            if self._probes[lane] > 1:
                self.says(f"{self._probes[lane]} probes at once of {source} for {kind}")
        if asking is None or asking.is_over or is_probe or thing == "tether":
            asking = None
        else:
            asking.abreast += 1
            asking.calls += 1
            self.figures["beside"] += asking.abreast > 1
            if asking.abreast > ABREAST:
                self.says(f"{asking.abreast} attempts abreast for one caller, {of}")
            if now >= asking.deadline:
                self.says(f"an attempt at {source} begins {now - asking.deadline:.3f} s after its caller's deadline")
        self._spends(lane, now)
        self._note("call", source, of, now)
        return Token(lane, asking, is_probe, now)

    def _spends(self, lane: Lane, now: float) -> None:
        """Count a call against its source's limits: no span of any of them may hold more."""
        for limit in lane.source.limits:
            spent = self._spent[lane.id, limit]
            spent.append(now)
            while spent[0] <= now - limit.window_s + _ERROR_S:
                spent.popleft()
            self.figures["limits full"] += len(spent) == limit.requests
            if len(spent) > limit.requests:
                self.says(f"{len(spent)} calls of {lane.id} in {limit.window_s} s, {limit.requests} are allowed")

    def ends(self, token: Token) -> None:
        """Look at a call that ends: it was within its caller's time, a probe within its own."""
        now = self.clock.monotonic()
        if token.is_probe:
            self._probes[token.lane] -= 1
        if token.asking is not None:
            token.asking.abreast -= 1
            if now > token.asking.deadline + _ERROR_S:
                self.says(f"an attempt at {token.lane.id} outlived its caller's deadline")
        if now - token.start > PROBE_S + _ERROR_S:
            self.says(f"a call of {token.lane.id} took {now - token.start:.3f} s")

    def answered(self, query: Query, answer: Answer[Value], *, asked_at: float) -> None:
        """Hold an answer against what it claims, and against what its source really said."""
        self.seen.add(query)
        provenance = answer.provenance
        self.figures[f"answers {provenance.freshness.value}"] += 1
        self._note(subject(query), provenance.source, provenance.freshness.value, number_of(answer.value))
        source_time = provenance.source_time
        if source_time is None:
            self.says(f"{subject(query)} from {provenance.source} without its source's time")
            return
        age_s = (self.clock.now() - source_time).total_seconds()
        longest = figures_of(query, self.clock.now()).longest_s
        if provenance.freshness in _FRESH and age_s > longest + _ERROR_S:
            self.says(f"{subject(query)} called {provenance.freshness.value} at an age of {age_s:.3f} s")
        self._true(query, answer)
        if provenance.freshness is Freshness.LIVE:
            self._attempts(query, answer, asked_at)

    def _true(self, query: Query, answer: Answer[Value]) -> None:
        """Compare an answer with the one that was given under its serial number."""
        value, provenance = answer.value, answer.provenance
        given = self.world.given.get(int(str(number_of(value))[-DIGITS:])) if number_of(value) else None
        if given is None:
            if number_of(value) and provenance.agreed < 2:
                self.says(f"{subject(query)} from {provenance.source}: nobody gave {number_of(value)}")
            return
        if given.source != provenance.source or given.stated != provenance.source_time:
            self.says(f"{subject(query)} claims {provenance.source}, yet it is of {given.source}")
        if abs(given.at - provenance.receive_time) > timedelta(seconds=_ERROR_S):
            self.says(f"{subject(query)} claims to be received at {provenance.receive_time}, it was at {given.at}")
        if not _is_of(query, value, given):
            self.says(f"{subject(query)} was answered with {given.subject}")
        if not given.is_true and provenance.freshness in _FRESH:
            is_told = provenance.is_contested or (isinstance(value, Price) and value.flagged)
            self.figures[f"lies of {query.kind.value} {'told' if is_told else 'untold'}"] += 1

    def _attempts(self, query: Query, answer: Answer[Value], asked_at: float) -> None:
        """Compare every attempt that an answer names with the calls that reached its source."""
        attempts = [each for each in answer.provenance.attempts if each.outcome not in _SKIPPED]
        if len(attempts) > self.settings.attempts:
            self.says(f"{len(attempts)} attempts for one {subject(query)}")
        self.figures["attempts"] += len(attempts)
        self.figures["fetched"] += 1
        for attempt in attempts:
            if not self._was_made(query, attempt, asked_at):
                self.says(
                    f"{subject(query)}: {attempt.source} {attempt.outcome.value} {attempt.latency_s:.3f} is untrue"
                )

    def _was_made(self, query: Query, attempt: Attempt, asked_at: float) -> bool:
        """Say whether a call of this span reached the source, and may end so; a beaten hedge may still be ending."""
        now = self.clock.monotonic()
        kind, of, _ = subject(query).split("/")
        for call in reversed(self.world.calls[attempt.source]):
            end = now if call.end is None else call.end
            if end < asked_at - PROBE_S:
                return False
            if (
                attempt.outcome in call.ends
                and call.subject.startswith(f"{kind}/{of}/")
                and abs(end - call.start - attempt.latency_s) < _ERROR_S
            ):
                return True
        return False

    def failed(self, query: Query, error: NerkhError) -> None:
        """Hold an error against the promise that what was once seen is answered."""
        self.figures["failures"] += 1
        self._note(subject(query), type(error).__name__)
        if query in self.seen:
            self.says(f"{subject(query)} was seen before, yet {type(error).__name__}")
        if isinstance(error, SourcesFailed) and error.retry_after_s <= 0:
            self.says("an error without a time to come back")

    def waited(self, query: Query, error: NerkhError | None, deadline_s: float, spent_s: float) -> None:
        """Hold how long a caller waited against what it was ready to wait."""
        self.figures["asked"] += 1
        if spent_s > max(deadline_s, 0.2) + 0.001:
            name = "an answer" if error is None else type(error).__name__
            self.says(f"{subject(query)} took {spent_s:.3f} s of {deadline_s} s until {name}")
        if isinstance(error, DeadlineTooShort):
            self.figures["deadline too short"] += 1

    def published(self, sequence: int) -> None:
        """Hold an observation's number against the one before."""
        if sequence <= self._sequence:
            self.says(f"observation {sequence} after {self._sequence}")
        self._sequence = sequence

    def budget(self) -> None:
        """Hold what was hedged and repeated, by the engine's figures and by what was seen, against what it may cost."""
        hedging, settings = self.engine.hedging(), self.settings
        spent_s = self.clock.monotonic() - self._start
        allowed = settings.hedge_most + settings.hedge_share * hedging.fetches + settings.hedge_per_s * spent_s
        if hedging.hedges + hedging.repeats > allowed + _ERROR_S or hedging.left < -_ERROR_S:
            self.says(f"{hedging.hedges} hedges and {hedging.repeats} repeats, {allowed:.1f} were allowed")
        if self.figures["beside"] > hedging.hedges:
            self.says(f"{self.figures['beside']} attempts beside others, {hedging.hedges} of them said to be hedges")

    def closed(self) -> None:
        """See that nothing is left running after the engine was closed."""
        self.figures["calls"] = self.world.count
        for name, value in zip(("hedges", "repeats", "hedges won"), self._hedged(), strict=True):
            self.figures[name] = value
        if self.world.under_way:
            self.says(f"{self.world.under_way} calls still under way after the end")
        if left := [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]:
            self.says(f"{len(left)} tasks left running after the end: {left[0].get_coro()}")

    def _hedged(self) -> tuple[int, int, int]:
        hedging = self.engine.hedging()
        return hedging.hedges, hedging.repeats, hedging.wins

    def _note(self, *parts: object) -> None:
        self._history.update(repr((self.clock.monotonic(), parts)).encode())


def _is_of(query: Query, value: Value, given: Given) -> bool:
    """Say whether an answer is of what was asked; a price may have been given in the venue's own quote."""
    if not isinstance(value, Price):
        return given.subject == subject(query)
    native = value.native_quote or value.quote
    return subject(query).startswith(f"price/{value.asset}/{value.quote}") and given.subject == (
        f"price/{value.asset}/{native}"
    )
