"""One attempt at one source: build, send, follow, parse, check, record; the engine and its probes run them.

Nothing but cancellation leaves an attempt: whatever a source or a parser does ends as an outcome.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path

import structlog

from server.clock import Clock
from server.errors import BadAnswer
from server.fallback.breaker import Admission
from server.fallback.checks import believable, judge
from server.fallback.classify import VERDICTS, Verdict, of_bad_answer, of_reply, retry_after_s
from server.fallback.figures import figures_of
from server.fallback.http import Secret, Transport, TransportFailure
from server.fallback.lane import Lane
from server.fallback.routes import DIRECT, Route
from server.fallback.together import together
from server.fallback.trip import Trip, settle, trip_of
from server.fallback.vetted import Vetted
from server.model import Articles, Attempt, Block, BlockQuery, ChainStatus, GasPrice, Outcome, Prices, Query, Value
from server.providers.base import Follow, Reply, Request

_log = structlog.get_logger()

_BIG = 256 * 1024
_MOST_FOLLOWS = 4
_OK = Outcome.OK
_NEVER = datetime.fromtimestamp(0, UTC)
_SUCCESS = Verdict.SUCCESS
_WITH_HEIGHT = frozenset({Block, ChainStatus, GasPrice})
_WITH_ROWS = frozenset({Articles, Prices})
_SETS_ASIDE = frozenset({Outcome.THROTTLED, Outcome.REGION, Outcome.KEY_REJECTED})


class Tried:
    """How an attempt ended. `value` is there when it parsed, also when a check then refused it."""

    __slots__ = (
        "age_s",
        "avoid",
        "detail",
        "figures",
        "is_beaten",
        "lane",
        "latency_s",
        "limit",
        "outcome",
        "retry_after_s",
        "source_time",
        "time",
        "trip",
        "value",
    )

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.time = _NEVER
        """When the answer was there."""
        self.outcome = Outcome.CANCELLED
        self.detail = ""
        self.latency_s = 0.0
        self.value: Value | None = None
        self.age_s = 0.0
        self.figures = lane.figures
        self.retry_after_s: float | None = None
        self.source_time: datetime | None = None
        self.limit: asyncio.Timeout | None = None
        """What bounds it while it waits for its source."""
        self.is_beaten = False
        """Whether another attempt had the answer first."""
        self.trip: Trip | None = None
        """Its way out; None when it goes direct."""
        self.avoid: Route | None = None
        """The route of the attempt that it is a hedge of."""

    def beat(self) -> None:
        """End the attempt at once, for another has the answer; it is recorded as overdue, or as nothing while young."""
        if self.limit is not None and not self.limit.expired():
            self.is_beaten = True
            self.limit.reschedule(0.0)

    def route(self) -> Route:
        """Return the way out that was taken last."""
        return DIRECT if self.trip is None else self.trip.route

    def attempt(self) -> Attempt:
        """Return the record for provenance."""
        egress = "direct" if self.trip is None else self.trip.route.name
        return Attempt(self.lane.id, self.outcome, self.latency_s, egress, self.detail)


class _Refused(Exception):
    """An answer whose status alone says how the attempt ended."""

    def __init__(self, outcome: Outcome, status: int, retry_after_s: float | None) -> None:
        super().__init__(outcome, status)
        self.outcome = outcome
        self.status = status
        self.retry_after_s = retry_after_s


class Runner:
    """Makes attempts. `changed` is told of every breaker that opened or closed, of every source set aside, and back."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        vetted: Vetted,
        *,
        body_limit: int,
        changed: Callable[[Lane], None],
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._vetted = vetted
        self._body_limit = body_limit
        self._changed = changed
        self._faulty: set[Lane] = set()
        self.parser_errors = 0
        """Exceptions other than `BadAnswer` that parsers raised; each is a fault of ours."""

    async def run(
        self, lane: Lane, query: Query, admission: Admission, timeout_s: float, tried: Tried | None = None
    ) -> Tried:
        """Ask one source within `timeout_s` and record how it ended; raises nothing but `CancelledError`.

        `tried` is filled in where it is given: whoever holds it can end the attempt by `Tried.beat`.
        """
        clock = self._clock
        start = clock.monotonic()
        secret = lane.standing.secret(start) if lane.source.key is not None else None
        if tried is None:
            tried = Tried(lane)
        trip = tried.trip = None if lane.standing.ways.is_plain else trip_of(lane.standing, clock, tried.avoid)
        lane.under_way += 1
        try:
            async with asyncio.timeout(timeout_s) as tried.limit:
                value = await self._value(lane, query, secret, trip)
            tried.limit = None
            self._judge(tried, query, value)
        except TimeoutError:
            self._ran_out(tried, clock.monotonic() - start, timeout_s)
        except TransportFailure as error:
            tried.outcome, tried.detail = error.outcome, error.detail
        except _Refused as error:
            tried.outcome, tried.detail = error.outcome, f"HTTP {error.status}"
            tried.retry_after_s = error.retry_after_s
        except BadAnswer as error:
            tried.outcome, tried.detail = of_bad_answer(error, keyed=secret is not None), error.detail or error.reason
        except asyncio.CancelledError:
            overdue = clock.monotonic() - start >= lane.late_s()
            tried.outcome = Outcome.OVERDUE if overdue else Outcome.CANCELLED
            raise
        except Exception as error:  # noqa: BLE001 -- a parser's own fault must not reach the caller
            tried.outcome, tried.detail = Outcome.SCHEMA, type(error).__name__
            self._own_fault(lane, error)
        finally:
            tried.limit = None
            lane.under_way -= 1
            self._record(tried, admission, secret, start)
        if tried.outcome is Outcome.UNKNOWN_ASSET:
            lane.learn(query, clock.monotonic())
            self._changed(lane)
        return tried

    def blame(self, tried: Tried, detail: str) -> None:
        """Count an answer against its source after the fact: another source contradicted it.

        It takes the place of the success that it was taken for, else a source that always lies looks half good.
        """
        lane, now = tried.lane, self._clock.monotonic()
        tried.outcome, tried.detail = Outcome.OUT_OF_BOUNDS, detail
        lane.measures.recant(tried.outcome, now, tried.time)
        if lane.breaker.recant(now):
            self._changed(lane)

    async def _value(self, lane: Lane, query: Query, secret: Secret | None, trip: Trip | None) -> Value:
        """Send the requests, and those that parsing asks for after them, until there is a value."""
        capability, source = lane.capability, lane.source
        replies: tuple[Reply, ...] = ()
        requests = capability.build(source, query)
        for _ in range(_MOST_FOLLOWS):
            if len(requests) == 1:
                got = [await self._reply(lane, requests[0], secret, trip)]
            else:
                got = await together([self._reply(lane, each, secret, trip) for each in requests])
            size = 0
            for reply in got:
                size += len(reply.body)
                if reply.status != 200 and (outcome := of_reply(reply, keyed=secret is not None)) is not None:
                    raise _Refused(outcome, reply.status, retry_after_s(reply, self._clock.now()))
            replies = (*replies, *got)
            if size > _BIG:
                found = await asyncio.to_thread(capability.parse, source, query, replies)
            else:
                found = capability.parse(source, query, replies)
            if not isinstance(found, Follow):
                return found
            requests = found.requests
        raise BadAnswer("schema", f"more than {_MOST_FOLLOWS} rounds of requests")

    def _reply(
        self, lane: Lane, request: Request, secret: Secret | None, trip: Trip | None
    ) -> Coroutine[None, None, Reply]:
        """Return the call that sends one request to a lane's source."""
        if trip is not None:
            return trip.fetch(self._transport, request, secret, self._body_limit)
        return self._transport.fetch(lane.standing.base_url, request, key=secret, body_limit=self._body_limit)

    def _ran_out(self, tried: Tried, spent_s: float, timeout_s: float) -> None:
        """Note that no answer came in time, or before that of another attempt: late for its source, or too young."""
        late_s = tried.lane.late_s()
        if tried.is_beaten:
            tried.outcome = Outcome.OVERDUE if spent_s >= late_s else Outcome.CANCELLED
            tried.detail = "another source was faster"
        else:
            tried.outcome = Outcome.TIMEOUT if timeout_s >= late_s else Outcome.CANCELLED
            tried.detail = f"no answer within {timeout_s:.2f} s"

    def _judge(self, tried: Tried, query: Query, value: Value) -> None:
        """Check a value and note the outcome; the value is kept either way."""
        now = tried.time = self._clock.now()
        if not tried.lane.is_plain:
            tried.figures = figures_of(query, now)
        tried.value = value
        flaw, tried.age_s, tried.source_time = judge(query, value, now, tried.figures)
        if flaw is not None:
            tried.outcome, tried.detail = flaw
        elif type(value) in _WITH_HEIGHT and self._falls(query, value):
            tried.outcome, tried.detail = Outcome.OUT_OF_BOUNDS, "height fell by more than 100"
        else:
            tried.outcome = _OK
            if type(value) in _WITH_ROWS:
                tried.value = believable(value, now)

    def _falls(self, query: Query, value: Value) -> bool:
        """Say whether a chain's newest height fell further than a reorganisation can explain."""
        if isinstance(value, GasPrice):
            height = value.block_height
        elif isinstance(value, ChainStatus) or (
            isinstance(value, Block) and isinstance(query, BlockQuery) and query.block == "latest"
        ):
            height = value.height
        else:
            return False
        return height is not None and self._vetted.falls(value.chain, height, self._clock.monotonic())

    def _record(self, tried: Tried, admission: Admission, secret: Secret | None, start: float) -> None:
        """Tell breaker, measures and standing how it ended; this also frees a probe's slot."""
        lane, outcome = tried.lane, tried.outcome
        if secret is not None and tried.detail:  # a source may repeat the key that it was sent
            tried.detail = tried.detail.replace(secret.value.get_secret_value(), "[key]")
        now = self._clock.monotonic()
        tried.latency_s = now - start
        if tried.value is None:
            tried.time = self._clock.now()
        verdict = _SUCCESS if outcome is _OK else VERDICTS[outcome]
        is_lost = False
        if verdict is _SUCCESS and tried.trip is None:
            lane.standing.ways.answered(tried.latency_s)
        elif is_lost := not settle(lane.standing, tried.trip, outcome, verdict, now):
            outcome, verdict = Outcome.CANCELLED, Verdict.NEUTRAL  # a proxy's fault says nothing of the source
        turned = lane.breaker.record(admission, verdict, now, tried.retry_after_s)
        lane.measures.note(outcome, verdict, tried.latency_s, now, tried.time, tried.age_s)
        if verdict is not _SUCCESS or lane.standing.is_troubled:
            lane.standing.note(outcome, secret, now, tried.retry_after_s)
            turned = turned or is_lost or outcome in _SETS_ASIDE or verdict is _SUCCESS
        if turned:
            self._changed(lane)

    def _own_fault(self, lane: Lane, error: Exception) -> None:
        """Count a fault of a parser of ours, and log once a lane where it is; its text may hold a payload."""
        self.parser_errors += 1
        if lane not in self._faulty:
            self._faulty.add(lane)
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            _log.error("parser failed", source=lane.id, kind=lane.kind.value, error=type(error).__name__, where=where)
