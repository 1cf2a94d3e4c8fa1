"""How each way out does, in all and to each host: pure state on a clock's figures; used by standings and trips.

Direct comes first unless a host refuses it. What a route did wrong is held against it, never against the source.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf

from server.fallback.routes import DIRECT, Route, RouteKind
from server.settings import Settings

_WEIGHT = 0.2
_ALIKE = 1.3
_MOST_LOST_HOSTS = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """How long what failed is left alone, what worked is kept, and when equals take turns; spans in seconds."""

    quarantine_s: float = 60.0
    longest_s: float = 1800.0
    sticky_s: float = 600.0
    rotate_s: float = 60.0

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """Return the policy that the settings ask for."""
        return cls(
            settings.egress_quarantine_s,
            settings.egress_quarantine_longest_s,
            settings.egress_sticky_s,
            settings.egress_rotate_s,
        )


class Quarantine:
    """Until when something is left alone; each time in a row is longer than the one before."""

    __slots__ = ("strikes", "until")

    def __init__(self) -> None:
        self.strikes = 0
        self.until = -inf

    def strike(self, now: float, policy: Policy) -> bool:
        """Begin a quarantine; return False when one is under way: what was sent before it says nothing new."""
        if now < self.until:
            return False
        self.strikes += 1
        self.until = now + min(policy.quarantine_s * self.strikes, policy.longest_s)
        return True

    def clear(self) -> None:
        """Forget all of it: it works."""
        self.strikes = 0
        self.until = -inf


class Way:
    """One route to one host. `latency_s` is smoothed over about five answers, None before the first."""

    __slots__ = ("is_refused", "latency_s", "quarantine")

    def __init__(self) -> None:
        self.quarantine = Quarantine()
        self.latency_s: float | None = None
        self.is_refused = False
        """Whether the host refused it by region since it last answered over it."""


class RouteState:
    """How one route does, whatever the host."""

    __slots__ = ("_lost", "is_healthy", "latency_s", "quarantine", "test_detail", "test_time")

    def __init__(self) -> None:
        self.quarantine = Quarantine()
        self.is_healthy = True
        self.latency_s: float | None = None
        """Of its tests, smoothed; None before the first that it passed."""
        self.test_time: datetime | None = None
        self.test_detail = ""
        """What the last test found wrong; empty when nothing."""
        self._lost: set[str] = set()

    def is_proven(self) -> bool:
        """Say whether it passed a test, and failed nowhere since."""
        return self.is_healthy and self.latency_s is not None

    def passed(self, latency_s: float) -> None:
        """Take in a test that it passed: it may be used again at once, its next quarantine is no shorter for it."""
        self.latency_s = smoothed(self.latency_s, latency_s)
        self.is_healthy, self.test_detail = True, ""
        self.quarantine.until = -inf
        self._lost.clear()

    def worked(self) -> None:
        """Take in that a host answered over it."""
        self.is_healthy = True
        self.quarantine.clear()
        self._lost.clear()

    def failed(self, host: str, now: float, policy: Policy, *, everywhere: bool) -> None:
        """Take in a failure: one that is the proxy's own, or the third host in a row that it did not reach."""
        self._lost.add(host)
        if everywhere or len(self._lost) >= _MOST_LOST_HOSTS:
            self.is_healthy = False
            self.quarantine.strike(now, policy)
            self._lost.clear()


class HostWays:
    """The ways to one host. Made by `Egress.host`; all lanes of a source share it through their standing."""

    __slots__ = ("_egress", "_ways", "direct", "is_plain", "is_shut", "name", "sticky", "sticky_until")

    def __init__(self, egress: Egress, name: str) -> None:
        self._egress = egress
        self.name = name
        self.is_plain = egress.is_plain
        self.direct = Way()
        self._ways = {DIRECT: self.direct}
        self.sticky: Route | None = None
        self.sticky_until = -inf
        self.is_shut = False
        """Whether no way was left when it last refused one, and none has worked since."""

    def known(self, route: Route) -> Way | None:
        """Return what is known of one route to this host, None when it was never taken."""
        return self._ways.get(route)

    def way(self, route: Route) -> Way:
        """Return what is known of one route to this host, from now on."""
        way = self._ways.get(route)
        if way is None:
            way = self._ways[route] = Way()
        return way

    def answered(self, latency_s: float) -> None:
        """Take in an answer over the direct way; this runs on each, so it does no more than it must."""
        direct = self.direct
        old = direct.latency_s
        direct.latency_s = latency_s if old is None else old + _WEIGHT * (latency_s - old)
        if direct.quarantine.strikes:
            self.is_shut = direct.is_refused = False
            direct.quarantine.clear()

    def worked(self, route: Route, latency_s: float) -> None:
        """Take in an answer over a route."""
        if route is DIRECT:
            self.answered(latency_s)
            return
        way = self.way(route)
        way.latency_s = smoothed(way.latency_s, latency_s)
        self.is_shut = way.is_refused = False
        way.quarantine.clear()
        self._egress.state(route).worked()

    def reached(self, route: Route) -> None:
        """Take in that a proxy brought what the host said, although that is no answer."""
        self._egress.state(route).worked()

    def refused(self, route: Route, now: float, *, public: bool) -> None:
        """Take in that the host does not serve where the route comes out; `public` as for `closed_until`."""
        way = self.way(route)
        way.is_refused = True
        way.quarantine.strike(now, self._egress.policy)
        self._leave(route)
        self.is_shut = self.is_shut or self.closed_until(now, public=public) > now

    def failed(self, route: Route, now: float, *, everywhere: bool) -> None:
        """Take in that a proxy brought no answer; `everywhere` when no other host would fare better."""
        self.way(route).quarantine.strike(now, self._egress.policy)
        self._egress.state(route).failed(self.name, now, self._egress.policy, everywhere=everywhere)
        self._leave(route)

    def closed_until(self, now: float, *, public: bool) -> float:
        """Return when the first way opens, minus infinity when one is open; public ones count if `public` is set."""
        soonest = inf
        for route in self._egress.routes:
            if route.kind is RouteKind.PUBLIC and not public:
                continue
            until = self._until(route)
            if until <= now:
                return -inf
            soonest = min(soonest, until)
        return soonest

    def choose(
        self, now: float, *, public: bool, lost: Collection[Route] = (), avoid: Route | None = None
    ) -> Route | None:
        """Return the way to take, as `peek` says, and keep to it for a while."""
        chosen = self.peek(now, public=public, lost=lost, avoid=avoid)
        is_kept = chosen is self.sticky and now < self.sticky_until
        if chosen is not None and chosen is not DIRECT and avoid is None and not is_kept:
            self.sticky, self.sticky_until = chosen, now + self._egress.policy.sticky_s
        return chosen

    def peek(
        self, now: float, *, public: bool, lost: Collection[Route] = (), avoid: Route | None = None
    ) -> Route | None:
        """Return the way that would be taken, None when none is open: direct, what worked lately, then the fastest.

        `lost` failed this attempt already. `avoid` is what another attempt takes: one that is proven is taken instead
        where there is one.
        """
        egress = self._egress
        open_ones = [
            route
            for route in egress.routes
            if now >= self._until(route) and route not in lost and (public or route.kind is not RouteKind.PUBLIC)
        ]
        if avoid in open_ones:
            others = [each for each in open_ones if each is not avoid and (each is DIRECT or egress.is_proven(each))]
            open_ones = others or open_ones
        if DIRECT in open_ones or not open_ones:
            return DIRECT if open_ones else None
        if now < self.sticky_until and self.sticky in open_ones:
            return self.sticky
        return self._turn(open_ones, now)

    def _turn(self, routes: Sequence[Route], now: float) -> Route:
        """Return one of the fastest by turns: those within 30 % of the fastest are equals, as is who is not known yet.

        Public ones come when operators' own are all out.
        """
        own = [route for route in routes if route.kind is not RouteKind.PUBLIC] or routes
        known = {route: self._latency(route) for route in own}
        fastest = min((each for each in known.values() if each is not None), default=inf)
        equals = [route for route, latency_s in known.items() if latency_s is None or latency_s <= _ALIKE * fastest]
        return equals[int(now // self._egress.policy.rotate_s) % len(equals)]

    def _latency(self, route: Route) -> float | None:
        """Return how fast a route is to this host, else how fast it was in its tests."""
        way = self._ways.get(route)
        return self._egress.state(route).latency_s if way is None or way.latency_s is None else way.latency_s

    def _until(self, route: Route) -> float:
        """Return until when a route must not be taken to this host."""
        way = self._ways.get(route)
        own = -inf if way is None else way.quarantine.until
        return own if route is DIRECT else max(own, self._egress.state(route).quarantine.until)

    def _leave(self, route: Route) -> None:
        if self.sticky is route:
            self.sticky = None


class Egress:
    """All ways out, direct first."""

    def __init__(self, routes: Iterable[Route] = (), policy: Policy = Policy()) -> None:
        self.routes = (DIRECT, *routes)
        self.policy = policy
        self.is_plain = len(self.routes) == 1
        """Whether there is no way but direct."""
        self._states = {route: RouteState() for route in self.routes}
        self._hosts: dict[str, HostWays] = {}

    def host(self, name: str) -> HostWays:
        """Return the ways to a host, named with its port; the same for all sources that stand there."""
        ways = self._hosts.get(name)
        if ways is None:
            ways = self._hosts[name] = HostWays(self, name)
        return ways

    def state(self, route: Route) -> RouteState:
        """Return how a route does."""
        return self._states[route]

    def is_proven(self, route: Route) -> bool:
        """Say whether a proxy passed a test, and failed nowhere since."""
        return self._states[route].is_proven()

    def quarantined(self, route: Route, now: float) -> int:
        """Return to how many hosts a route must not be taken now."""
        return sum(now < way.quarantine.until for way in self._ways(route))

    def latency_s(self, route: Route) -> float | None:
        """Return a route's usual latency over the hosts that it was used for, else that of its tests."""
        known = [way.latency_s for way in self._ways(route) if way.latency_s is not None]
        return sum(known) / len(known) if known else self._states[route].latency_s

    def _ways(self, route: Route) -> list[Way]:
        return [way for ways in self._hosts.values() if (way := ways.known(route)) is not None]


def smoothed(old: float | None, new: float) -> float:
    """Return the exponentially weighted mean."""
    return new if old is None else old + _WEIGHT * (new - old)
