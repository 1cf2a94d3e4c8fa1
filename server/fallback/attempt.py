"""One attempt at one source: build, send, follow, parse, check, record; the engine and its probes run them.

Nothing but cancellation leaves an attempt: whatever a source or a parser does ends as an outcome.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import inf

import structlog

from server.apart import Apart, OwnFault, place_of
from server.clock import Clock
from server.errors import BadAnswer
from server.fallback.breaker import Admission
from server.fallback.checks import believable, judge
from server.fallback.classify import UNANSWERED, VERDICTS, Verdict, of_bad_answer, of_reply, retry_after_s
from server.fallback.drawing import Drawing, OutOfQuota
from server.fallback.figures import figures_of
from server.fallback.health import Sign
from server.fallback.http import Transport, TransportFailure
from server.fallback.lane import Lane
from server.fallback.limit import Limit
from server.fallback.together import together
from server.fallback.tried import Tried
from server.fallback.trip import Trip, settle, trip_of
from server.fallback.vetted import Vetted
from server.fallback.watch import Watch
from server.model import Articles, Outcome, Prices, Purpose, Query, Value
from server.providers.base import Follow, Parse, Reply, Request, Source

_log = structlog.get_logger()

_BIG = 256 * 1024
_MOST_FOLLOWS = 4
_OK = Outcome.OK
_SUCCESS = Verdict.SUCCESS
_WITH_ROWS = frozenset({Articles, Prices})
_GONE = 410
_SILENT = UNANSWERED | {Outcome.SERVER_ERROR}
"""Ends that say of the whole source that it does not work, whichever kind it was asked for."""
_SILENT_S = 10.0
_SETS_ASIDE = frozenset({Outcome.THROTTLED, Outcome.REGION, Outcome.KEY_REJECTED})


class _Refused(Exception):
    """An answer whose status alone says how the attempt ended."""

    def __init__(self, outcome: Outcome, status: int, retry_after_s: float | None) -> None:
        super().__init__(outcome, status)
        self.outcome = outcome
        self.status = status
        self.retry_after_s = retry_after_s


class Runner:
    """Makes attempts. `watch.changed` is told of breakers that opened or closed, sources set aside, and back."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        vetted: Vetted,
        watch: Watch,
        *,
        body_limit: int,
        apart: Apart | None = None,
    ) -> None:
        self._watch = watch
        self._transport = transport
        self._clock = clock
        self._vetted = vetted
        self._body_limit = body_limit
        self._changed = watch.changed
        self._faulty: set[Lane] = set()
        self._thread = ThreadPoolExecutor(1, "parser")
        """Where what is large is parsed, one answer after another, so that the loop has its half of the time."""
        self._apart = apart or Apart()
        self.late = 0
        """How many attempts under way are late for their sources."""
        self.silent_until = -inf
        """Until when any source may be suspect because it gave no answer."""
        self.parser_errors = 0
        """Exceptions other than `BadAnswer` that parsers raised; each is a fault of ours."""

    async def run(
        self,
        lane: Lane,
        query: Query,
        admission: Admission,
        timeout_s: float,
        tried: Tried | None = None,
        *,
        purpose: Purpose = Purpose.USER,
        late: Callable[[], None] | None = None,
    ) -> Tried:
        """Ask one source within `timeout_s` and record how it ended; raises nothing but `CancelledError`.

        `tried` is filled in where it is given: whoever holds it can end the attempt by `Tried.beat`. `late` is called
        when the attempt is late for its source.
        """
        clock = self._clock
        start = clock.monotonic()
        if tried is None:
            tried = Tried(lane)
        tried.on_late = late
        trip = tried.trip = None if lane.standing.ways.is_plain else trip_of(lane.standing, clock, tried.avoid)
        drawing = Drawing(lane, purpose, clock, start) if trip is None else trip.begin(lane, purpose, start)
        lane.under_way += 1
        try:
            with Limit(timeout_s, lane.late_s(), partial(self._late, tried)) as tried.limit:
                value = await self._value(tried, query, drawing)
            tried.limit = None
            self._judge(tried, query, value, is_probe=bool(admission.probe))
        except TimeoutError:
            self._ran_out(tried, clock.monotonic() - start, timeout_s)
        except OutOfQuota:
            tried.outcome, tried.detail = Outcome.SKIPPED_QUOTA, drawing.why_not()
        except TransportFailure as error:
            tried.outcome, tried.detail, tried.sign = error.outcome, error.detail, error.sign
        except _Refused as error:
            tried.outcome, tried.detail = error.outcome, f"HTTP {error.status}"
            tried.retry_after_s, tried.sign = error.retry_after_s, Sign.GONE if error.status == _GONE else Sign.FAILURE
        except BadAnswer as error:
            tried.outcome, tried.detail = of_bad_answer(error, keyed=drawing.is_keyed), error.detail or error.reason
        except asyncio.CancelledError:
            overdue = tried.own_s(clock.monotonic() - start) >= lane.late_s()
            tried.outcome = Outcome.OVERDUE if overdue else Outcome.CANCELLED
            raise
        except Exception as error:  # noqa: BLE001 -- a parser's own fault must not reach the caller
            tried.outcome = Outcome.SCHEMA
            tried.detail = self._own_fault(lane, error)
        finally:
            tried.limit = tried.on_late = None
            lane.under_way -= 1
            self.late -= tried.is_late
            lane.late -= tried.is_late
            lane.standing.late -= tried.is_late
            self._record(tried, admission, drawing, start)
        self._learn(tried, query)
        return tried

    def close(self) -> None:
        """End what parses beside the loop."""
        self._apart.close()
        self._thread.shutdown(wait=False)

    def blame(self, tried: Tried, detail: str) -> None:
        """Count an answer against its source after the fact: another source contradicted it.

        It takes the place of the success that it was taken for, else a source that always lies looks half good.
        """
        lane, now = tried.lane, self._clock.monotonic()
        tried.outcome, tried.detail = Outcome.OUT_OF_BOUNDS, detail
        lane.endings.recant(tried.outcome, detail)
        self._watch.contradicted(lane, detail)
        lane.measures.recant(tried.outcome, now, tried.time)
        if lane.breaker.recant(now):
            self._changed(lane)

    async def _value(self, tried: Tried, query: Query, drawing: Drawing) -> Value:
        """Send the requests, and those that parsing asks for after them, until there is a value."""
        lane, trip = tried.lane, tried.trip
        capability, source = lane.capability, lane.source
        replies: tuple[Reply, ...] = ()
        got: tuple[Reply, ...]
        requests = capability.build(source, query)
        drawing.begin(requests)
        if drawing.pending:
            await drawing.share()
        for _ in range(_MOST_FOLLOWS):
            if len(requests) == 1:
                got = (await self._reply(lane, requests[0], drawing, trip),)
            else:
                got = tuple(await together([self._reply(lane, each, drawing, trip) for each in requests]))
            size = 0
            for reply in got:
                size += len(reply.body)
                if tried.is_own_word():
                    drawing.hear(reply)
                if reply.status != 200 and (outcome := of_reply(reply, keyed=drawing.is_keyed)) is not None:
                    raise _Refused(outcome, reply.status, retry_after_s(reply, self._clock.now()))
            replies += got
            if capability.is_apart:
                bare = tuple(Reply(reply.status, reply.body, reply.content_type) for reply in replies)
                begun = tried.wait(self._clock)
                found = await self._apart.call(capability.parse, source, query, bare, begun=begun)
            elif size > _BIG:
                parse = partial(_begun, tried.wait(self._clock), capability.parse)
                found = await asyncio.get_running_loop().run_in_executor(self._thread, parse, source, query, replies)
            else:
                found = capability.parse(source, query, replies)
            if not isinstance(found, Follow):
                return found
            requests = found.requests
            await drawing.follow(requests)
        raise BadAnswer("schema", f"more than {_MOST_FOLLOWS} rounds of requests")

    def _reply(self, lane: Lane, request: Request, drawing: Drawing, trip: Trip | None) -> Coroutine[None, None, Reply]:
        """Return the call that sends one request to a lane's source."""
        if trip is not None:
            return trip.fetch(self._transport, request, drawing, self._body_limit)
        return self._transport.fetch(lane.standing.base_url, request, key=drawing.secret, body_limit=self._body_limit)

    def _late(self, tried: Tried) -> None:
        """Take in that an attempt is late for its source."""
        self.late += 1
        tried.be_late()

    def _ran_out(self, tried: Tried, spent_s: float, timeout_s: float) -> None:
        """Note that no answer came in time, or before that of another attempt: late for its source, or too young."""
        late_s = tried.lane.late_s()
        if tried.is_beaten:
            tried.outcome = Outcome.OVERDUE if tried.own_s(spent_s) >= late_s else Outcome.CANCELLED
            tried.detail = "another source was faster"
        else:
            tried.outcome = Outcome.TIMEOUT if tried.own_s(timeout_s) >= late_s else Outcome.CANCELLED
            what = "its answer was not read" if tried.waits else "no answer"
            tried.detail = f"{what} within {timeout_s:.2f} s"

    def _judge(self, tried: Tried, query: Query, value: Value, *, is_probe: bool) -> None:
        """Check a value and note the outcome; the value is kept either way."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        tried.time, tried.judged_at = now, monotonic
        if not tried.lane.is_plain:
            tried.figures = figures_of(query, now)
        tried.value = value
        flaw, tried.age_s, tried.source_time = judge(query, value, now, tried.figures)
        if flaw is not None:
            tried.outcome, tried.detail = flaw
            if flaw.outcome is Outcome.STALE and tried.is_own_word():
                tried.is_behind = tried.lane.is_old_by_itself(query, tried.figures, monotonic, is_probe=is_probe)
        else:
            tried.outcome = _OK
            tried.lane.motion.note(tried.figures.longest_s, monotonic - tried.age_s)
            if type(value) in _WITH_ROWS:
                tried.value = believable(value, now)

    def _record(self, tried: Tried, admission: Admission, drawing: Drawing, start: float) -> None:
        """Tell breaker, measures and standing how it ended; this also frees a probe's slot."""
        lane, outcome = tried.lane, tried.outcome
        if tried.detail and (secret := drawing.secret) is not None:  # a source may repeat the key that it was sent
            tried.detail = tried.detail.replace(secret.value.get_secret_value(), "[key]")
        now = self._clock.monotonic()
        tried.latency_s = now - start
        if tried.value is None:
            tried.time = self._clock.now()
        verdict = _SUCCESS if outcome is _OK else Verdict.NEUTRAL if tried.is_behind else VERDICTS[outcome]
        is_lost = False
        if verdict is _SUCCESS:
            lane.standing.silent_until = -inf
        elif outcome in _SILENT:
            self.silent_until = now + _SILENT_S
            lane.standing.silent, lane.standing.silent_until = lane, self.silent_until
        if verdict is _SUCCESS and tried.trip is None:
            lane.standing.ways.answered(tried.latency_s)
        elif is_lost := not settle(lane.standing, tried.trip, outcome, verdict, now):
            # A proxy's fault, and what it says of limits, say nothing of the source.
            outcome, verdict, tried.retry_after_s = Outcome.CANCELLED, Verdict.NEUTRAL, None
        turned = lane.breaker.record(admission, verdict, now, tried.retry_after_s)
        lag_s = tried.age_s if lane.is_plain or tried.figures.longest_s < inf else None
        lane.measures.note(outcome, verdict, tried.latency_s, now, tried.time, lag_s)
        lane.endings.note(tried.time, outcome, tried.latency_s, tried.detail)
        if drawing.settle(outcome, verdict, now, tried.retry_after_s):
            turned = turned or is_lost or outcome in _SETS_ASIDE or verdict is _SUCCESS
        self._watch.note(lane, verdict, now, tried.sign)
        if turned:
            self._changed(lane)

    def _learn(self, tried: Tried, query: Query) -> None:
        """Remember what a source does not have, or only old data of: the plan puts it last for that."""
        lane, now = tried.lane, self._clock.monotonic()
        if tried.outcome is Outcome.UNKNOWN_ASSET:
            lane.learn(query, now)
        elif tried.is_behind:
            lane.fall_behind(query, now)
        else:
            return
        self._changed(lane)

    def _own_fault(self, lane: Lane, error: Exception) -> str:
        """Count a fault of a parser of ours, log once a lane where it is, and name it; its text may hold a payload."""
        self.parser_errors += 1
        fault = error if isinstance(error, OwnFault) else OwnFault(type(error).__name__, place_of(error))
        if lane not in self._faulty:
            self._faulty.add(lane)
            _log.error("parser failed", source=lane.id, kind=lane.kind.value, error=fault.name, where=fault.where)
        return fault.name


def _begun(
    begun: Callable[[], None], parse: Parse, source: Source, query: Query, replies: tuple[Reply, ...]
) -> Value | Follow:
    """Parse, and say first that the wait for it is over."""
    begun()
    return parse(source, query, replies)
