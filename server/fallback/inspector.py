"""Tests proxies off the request's path, and tells operators how each way out does; the engine owns its task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import islice

import structlog

from server.clock import Clock
from server.errors import Unknown
from server.fallback.egress import Egress
from server.fallback.http import EgressFailure, Transport, TransportFailure
from server.fallback.routes import DIRECT, Route, RouteKind
from server.fallback.standing import Standing
from server.model import EgressView
from server.providers.base import Request
from server.settings import Settings

_log = structlog.get_logger()

_TARGETS = 3
_LIMIT = 1024 * 1024
_HOST = "test of the route"
_NOBODY = "no source to ask"
_OWN = frozenset({502, 503, 504})
_PUBLIC_OWN = _OWN | {401, 403, 429, 500}


class Inspector:
    """Asks sources' front pages over each proxy: any answer shows that it works, whatever it says.

    Sources are taken in turn, so that none is burdened; one that an operator disabled, or that rests as it wished, is
    passed over. A proxy is held to have failed when it fails itself, or reaches none of three. `turned` is called when
    one failed, or works again, and sources may be asked that could not before.
    """

    def __init__(
        self,
        egress: Egress,
        transport: Transport,
        clock: Clock,
        standings: Iterable[Standing],
        *,
        settings: Settings,
        turned: Callable[[], None],
    ) -> None:
        self._egress = egress
        self._transport = transport
        self._clock = clock
        self._standings = tuple(standings)
        self._every_s = settings.egress_test_s
        self._timeout_s = settings.attempt_ceiling_s
        self._turned = turned
        self._next = 0
        self._down: set[Route] = set()

    async def run(self) -> None:
        """Test every proxy, and again, until cancelled; direct is tested by what goes over it."""
        while True:
            async with asyncio.TaskGroup() as group:
                for route in self._egress.routes:
                    if route is not DIRECT:
                        group.create_task(self._test(route))
            await self._clock.sleep(self._every_s)

    async def test(self, name: str) -> EgressView:
        """Test one way out now; raises `Unknown`."""
        for route in self._egress.routes:
            if route.name == name:
                await self._test(route)
                return self._view(route)
        raise Unknown("egress route", name, [route.name for route in self._egress.routes])

    def views(self) -> tuple[EgressView, ...]:
        """Return every way out as it stands."""
        return tuple(self._view(route) for route in self._egress.routes)

    async def _test(self, route: Route) -> None:
        """Ask up to three sources, until one answers; note what was found."""
        state, detail = self._egress.state(route), _NOBODY
        for target in islice(self._targets(), _TARGETS):
            start = self._clock.monotonic()
            detail, is_everywhere = await self._asked(route, target)
            if not detail:
                state.passed(self._clock.monotonic() - start)
                break
            if is_everywhere:
                break
        state.test_time, state.test_detail = self._clock.now(), detail
        if detail and detail != _NOBODY and route is not DIRECT:
            state.failed(_HOST, self._clock.monotonic(), self._egress.policy, everywhere=True)
        self._settle()
        if not state.is_healthy and route not in self._down:
            self._down.add(route)
            _log.warning("proxy down", egress=route.name, detail=detail)
        elif state.is_healthy and route in self._down:
            self._down.discard(route)
            _log.info("proxy back", egress=route.name)

    def _settle(self) -> None:
        """Let sources that direct cannot reach be asked, or not, as the proxies stand now."""
        now = self._clock.monotonic()
        regional = [standing for standing in self._standings if standing.is_regional()]
        for standing in regional:
            standing.settle(now)
        if regional:
            self._turned()

    async def _asked(self, route: Route, target: str) -> tuple[str, bool]:
        """Return what was wrong with one request, empty when it was answered, and whether the proxy itself failed."""
        try:
            reply = await self._transport.fetch(
                target, Request("/"), body_limit=_LIMIT, timeout_s=self._timeout_s, egress=route
            )
        except EgressFailure as error:
            return error.detail or error.outcome.value, error.is_everywhere
        except TransportFailure as error:
            # Too large or not what was announced: an answer. Over no proxy the rest is a failure.
            is_answer = route is not DIRECT
            return ("", False) if is_answer else (error.detail or error.outcome.value, False)
        except Exception as error:  # noqa: BLE001 -- a fault of ours over one route must not end the tests of all
            name = type(error).__name__  # its text may hold the proxy's address
            _log.error("proxy test broken", egress=route.name, error=name)
            return name, False
        # What a proxy could have said itself; a source's front page that is not there, say, is an answer.
        own = _PUBLIC_OWN if route.kind is RouteKind.PUBLIC else _OWN
        if reply.status in own and not route.is_sealed(target):
            return f"HTTP {reply.status}", False
        return "", False

    def _targets(self) -> Iterator[str]:
        """Give the base URLs of the next sources that may be asked, each once."""
        for _ in self._standings:
            self._next = (self._next + 1) % len(self._standings)
            standing, now = self._standings[self._next], self._clock.monotonic()
            rests = any(now < purse.resting_until for purse in standing.quota.purses())
            if standing.disabled is None and not rests:
                yield standing.base_url

    def _view(self, route: Route) -> EgressView:
        """Return one way out as it stands."""
        egress, now = self._egress, self._clock.monotonic()
        state = egress.state(route)
        left_s = state.quarantine.until - now
        return EgressView(
            name=route.name,
            kind=route.kind.value,
            healthy=state.is_healthy,
            latency_s=egress.latency_s(route),
            quarantined_hosts=egress.quarantined(route, now),
            quarantined_until=self._clock.now() + timedelta(seconds=left_s) if left_s > 0 else None,
            test_time=state.test_time,
            test_detail=state.test_detail,
        )
