"""One attempt's way out: chosen, left for another when it fails, and judged once the attempt has ended.

Made by the runner for attempts that do not simply go direct.
"""

from __future__ import annotations

from server.clock import Clock
from server.fallback.classify import UNANSWERED, Verdict
from server.fallback.drawing import Drawing, OutOfQuota
from server.fallback.http import EgressFailure, Transport, TransportFailure
from server.fallback.lane import Lane
from server.fallback.routes import DIRECT, Route, RouteKind
from server.fallback.standing import Standing
from server.model import Outcome, Purpose
from server.providers.base import Reply, Request

_FAIR_S = 0.5
"""A route that was taken after others had failed is not held to have hung before so long."""


class Trip:
    """The route of one attempt. `route` is the one that was taken last."""

    __slots__ = (
        "_avoid",
        "_clock",
        "_is_set",
        "_lost",
        "_spent",
        "_standing",
        "_started",
        "_ways",
        "is_lost",
        "latency_s",
        "route",
    )

    def __init__(self, standing: Standing, clock: Clock, avoid: Route | None) -> None:
        self._standing = standing
        self._ways = standing.ways
        self._clock = clock
        self._avoid = avoid
        self._lost: tuple[Route, ...] = ()
        self._spent: tuple[Route, ...] = ()
        """Routes that were passed over because the source's limits left no room there."""
        self._is_set = False
        self._started = 0.0
        self.route = DIRECT
        self.latency_s = 0.0
        """How long the last answer took over the route, without the routes that failed before."""
        self.is_lost = False
        """Whether every route that could be taken has failed."""

    def begin(self, lane: Lane, purpose: Purpose, now: float) -> Drawing:
        """Return what the attempt draws on: a purse of the route that it takes, the first that has room."""
        drawing, public = None, self._standing.is_public()
        while route := self._ways.peek(now, public=public, lost=(*self._lost, *self._spent), avoid=self._avoid):
            drawing = Drawing(lane, purpose, self._clock, now, route.name)
            if drawing.purse is not None or route is DIRECT:
                return drawing
            self._pass(route)
        return drawing or Drawing(lane, purpose, self._clock, now)

    async def fetch(self, transport: Transport, request: Request, drawing: Drawing, body_limit: int) -> Reply:
        """Send one request, over another route as often as a proxy fails; raises `TransportFailure`, `OutOfQuota`.

        Requests that follow keep to the route. Over a route that it was not drawn for it is drawn again.
        """
        failure = TransportFailure(Outcome.SKIPPED_OPEN, "no way out is open")
        is_bare = request.method == "GET" and not request.headers
        if not is_bare and not self._standing.asks_more:
            self._standing.asks_more = True
            self._standing.settle(self._clock.monotonic())
        secret, drawn = drawing.secret, drawing.drawn
        while self._take(public=is_bare and secret is None):
            route = self.route
            purse = drawing.over(route.name)
            if purse is not drawn and not await drawing.move(purse, request.cost):
                if route is DIRECT:  # no proxy is there to get around what the source allows
                    raise OutOfQuota
                self._pass(route)
                continue
            drawn = purse
            start = self._started = self._clock.monotonic()
            try:
                reply = await transport.fetch(
                    self._standing.base_url, request, key=secret, body_limit=body_limit, egress=route
                )
            except EgressFailure as error:
                failure = error
                self._lose(route, everywhere=error.is_everywhere)
                drawn = None  # the source may have counted it
                continue
            self.latency_s = self._clock.monotonic() - start
            return reply
        raise OutOfQuota if self._spent else failure

    def settle(self, outcome: Outcome, verdict: Verdict, now: float) -> bool:
        """Take in how the attempt ended; return False when that is held against the route and not the source."""
        route, ways = self.route, self._ways
        if self.is_lost:
            return False
        if verdict is Verdict.SUCCESS:
            ways.worked(route, self.latency_s)
        elif verdict is Verdict.REGION and route.kind is not RouteKind.PUBLIC:
            ways.refused(route, now, public=self._standing.is_public())
        elif route is not DIRECT:
            if self._is_own_fault(route, outcome, verdict):
                if not self._lost or now - self._started >= _FAIR_S:  # else those before it left it no time
                    self._lose(route, everywhere=False)
                return False
            if verdict is not Verdict.NEUTRAL:
                ways.reached(route)
        return True

    def _take(self, *, public: bool) -> bool:
        """Choose the route of the next request; return False when none is left."""
        if self._is_set and (public or self.route.kind is not RouteKind.PUBLIC):
            return True
        now = self._clock.monotonic()
        chosen = self._ways.choose(now, public=public, lost=(*self._lost, *self._spent), avoid=self._avoid)
        if chosen is None:
            self.is_lost = not self._spent
            return False
        self.route, self._is_set = chosen, True
        return True

    def _pass(self, route: Route) -> None:
        """Leave a route because the source's limits leave no room there; nothing is held against it."""
        self._spent = (*self._spent, route)
        if self.route is route:
            self._is_set = False

    def _lose(self, route: Route, *, everywhere: bool) -> None:
        """Hold a failure against a route, once, and leave it; requests side by side may have left it already."""
        if route not in self._lost:
            self._lost = (*self._lost, route)
            self._ways.failed(route, self._clock.monotonic(), everywhere=everywhere)
        if self.route is route:
            self._is_set = False

    def _is_own_fault(self, route: Route, outcome: Outcome, verdict: Verdict) -> bool:
        """Say whether a route is to blame: for what it may have forged, else for what brought no answer."""
        if route.is_sealed(self._standing.base_url):
            return outcome in UNANSWERED  # over a proxy it is not seen whether that or the source is at fault
        return verdict is Verdict.FAILURE or (route.kind is RouteKind.PUBLIC and verdict is not Verdict.NEUTRAL)


def trip_of(standing: Standing, clock: Clock, avoid: Route | None) -> Trip | None:
    """Return the trip of an attempt, None when it goes direct without more ado."""
    ways = standing.ways
    if ways.is_plain or (not ways.direct.quarantine.strikes and avoid is not DIRECT):
        return None
    return Trip(standing, clock, avoid)


def settle(standing: Standing, trip: Trip | None, outcome: Outcome, verdict: Verdict, now: float) -> bool:
    """Tell the ways of a host how an attempt ended; return False when the source is not to be blamed for it."""
    if trip is not None:
        return trip.settle(outcome, verdict, now)
    if verdict is Verdict.REGION:
        standing.ways.refused(DIRECT, now, public=standing.is_public())
    return True
