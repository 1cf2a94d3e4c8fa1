"""The one place that speaks HTTP to sources; the engine hands it requests and a way out, the app closes it.

It follows redirects to the same site only, caps bodies after decompression, keeps no cookies, takes no proxy from the
environment, and connects to private addresses only where the app named them as a source's base URL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson
from aiohttp import hdrs
from pydantic import SecretStr
from yarl import URL

from server.clock import SystemClock
from server.fallback.body import read_body
from server.fallback.private import Guard
from server.fallback.redirects import Sent, followed, leads_on
from server.fallback.relay import Forwarding, errors_of, forwarding, public_url, socks_connector
from server.fallback.resolver import Resolver, System
from server.fallback.routes import DIRECT, Route, RouteKind
from server.fallback.transport_failure import EgressFailure, TransportFailure, direct_failure, egress_failure
from server.fallback.wire import HEADERS, Lines, Target, Wire, encoded
from server.model import Outcome
from server.providers.base import Key, Reply, Request

__all__ = ["EgressFailure", "Secret", "Transport", "TransportFailure"]

_SAFE = "/:@!$&'()*+,;=%~"
_BODY_LIMIT = 16 * 1024 * 1024
_MOST_TARGETS = 5000
_LOOKUP = Route("name lookups", RouteKind.DIRECT)
_LOOKUP_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Secret:
    """A source's key and where it goes."""

    key: Key
    value: SecretStr


class _OwnLines(Lines, aiohttp.TCPConnector):
    """A pool of connections that this machine makes itself."""


class Transport:
    """A pool of connections to sources for each way out.

    `local` are base URLs on private addresses that may be called all the same; `doh` are addresses of resolvers that
    are asked for sources' names in place of the system's; `connect_s` bounds a proxy's way to its host, in seconds.
    """

    def __init__(
        self,
        *,
        local: Iterable[str] = (),
        per_host: int = 32,
        connections: int = 512,
        doh: Sequence[str] = (),
        connect_s: float = 3.0,
        monotonic: Callable[[], float] = SystemClock.monotonic,
    ) -> None:
        self._guard = Guard(local)
        self._doh = tuple(doh)
        self._system = System()
        self._resolver = Resolver(self._looked_up, self._doh, monotonic, self._system) if self._doh else None
        self._per_host = per_host
        self._connections = connections
        self._connect_s = connect_s
        self._wire: Wire | None = None
        self._others: dict[Route, aiohttp.ClientSession] = {}
        self._targets: dict[tuple[str, str, tuple[tuple[str, str], ...]], Target] = {}

    async def fetch(
        self,
        base_url: str,
        request: Request,
        *,
        key: Secret | None = None,
        body_limit: int = _BODY_LIMIT,
        timeout_s: float | None = None,
        egress: Route = DIRECT,
    ) -> Reply:
        """Send one request and return what came back, whatever its status; raises `TransportFailure`.

        Without `timeout_s` the caller bounds the time. What a proxy broke is raised as `EgressFailure`.
        """
        try:
            target = self._targets.get((base_url, request.path, request.query)) if key is None else None
            if target is None:
                target = self._target(base_url, request, key)
            if egress is DIRECT:
                exchange = self._direct(target, request, key, body_limit)
            else:
                exchange = self._over(egress, target.url, request, key, body_limit)
            if timeout_s is None:
                return await exchange
            async with asyncio.timeout(timeout_s):
                return await exchange
        except TimeoutError as error:
            if egress.kind is not RouteKind.DIRECT:
                raise EgressFailure(Outcome.TIMEOUT, "proxy: no answer in time") from None
            raise TransportFailure(Outcome.TIMEOUT) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise direct_failure(error) from error

    async def close(self) -> None:
        """Close every connection."""
        wire, sessions = self._wire, list(self._others.values())
        self._wire = None
        self._others.clear()
        self._targets.clear()
        if wire is not None:
            await wire.close()
        for session in sessions:
            await session.close()
        if self._resolver is not None:
            await self._resolver.close()
        await self._system.close()

    def _open(self) -> Wire:
        """Make the pool for direct connections on the running loop."""
        parts: dict[str, Any] = {"ttl_dns_cache": 300}
        if self._resolver is not None:
            parts = {"resolver": self._resolver, "use_dns_cache": False}  # it keeps answers as long as they hold
        self._wire = Wire(self._connector(socket_factory=self._guard.socket, **parts))
        return self._wire

    async def _direct(self, target: Target, request: Request, key: Secret | None, limit: int) -> Reply:
        """Send a request without a detour."""
        wire, method = self._wire or self._open(), request.method
        headers = body = None
        if key is None and method == "GET" and request.json is None and not request.headers:
            data = target.get
        else:
            headers, body = _head_and_body(request, key)
            data = encoded(method, target.url, headers, body)
        reply = await wire.send(target, data, limit, again=method == "GET")
        if not leads_on(reply.status, reply.headers):
            return reply

        async def send(sent: Sent) -> Reply:
            return await wire.send(Target.of(sent.url), encoded(*sent), limit, again=sent.method == "GET")

        return await followed(reply, Sent(method, target.url, headers, body), send)

    async def _over(self, route: Route, url: URL, request: Request, key: Secret | None, limit: int) -> Reply:
        """Send a request over a proxy; raises `EgressFailure` where that, or the way behind it, is what failed."""
        method, (headers, body) = request.method, _head_and_body(request, key)
        is_sealed = route.is_sealed(url.scheme + ":")
        if route.kind is RouteKind.DIRECT:
            return await _exchange(self._pool_of(route), method, url, headers=headers, body=body, limit=limit)
        is_public = route.kind is RouteKind.PUBLIC
        if not self._guard.allows_name(url):
            raise TransportFailure(Outcome.CLIENT_ERROR, "a private address")
        session, guard = self._pool_of(route), None if is_public else self._guard
        if is_public:
            url = public_url(route, url)
        try:
            reply = await _exchange(
                session, method, url, headers=headers, body=body, limit=limit, guard=guard, forwarded=forwarding(route)
            )
        except TransportFailure:
            raise
        except errors_of(route) as error:
            failure = egress_failure(error, route, is_sealed=is_sealed)
            raise failure from None  # its text and its cause hold the proxy's address
        if reply.status == 407 and not is_sealed:
            raise EgressFailure(Outcome.REFUSED, "proxy: HTTP 407", is_everywhere=True)
        return reply

    def _pool_of(self, route: Route) -> aiohttp.ClientSession:
        """Return the pool of a way out, made at its first use; what is not direct must connect within its bound."""
        session = self._others.get(route)
        if session is not None:
            return session
        if route.kind is RouteKind.SOCKS5:
            connector = socks_connector(route, self._connections, self._per_host)
        elif route.kind is RouteKind.PUBLIC:
            connector = self._connector(socket_factory=self._guard.socket)
        elif route.kind is RouteKind.DIRECT:
            connector = self._connector(socket_factory=Guard(self._doh).socket)
        else:
            connector = self._connector()  # operators may name a proxy on a private address
        session = self._others[route] = self._pool(connector, connect_s=self._connect_s)
        return session

    def _connector(self, **parts: Any) -> Lines:
        """Return a pool of connections that this machine makes itself."""
        return _OwnLines(
            **{
                "limit": self._connections,
                "limit_per_host": self._per_host,
                "ttl_dns_cache": 300,
                "keepalive_timeout": 30,
                "resolver": self._system,
                **parts,
            }
        )

    @staticmethod
    def _pool(connector: aiohttp.BaseConnector, connect_s: float | None = None) -> aiohttp.ClientSession:
        """Return a session that adds nothing of its own to a request."""
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=connect_s, sock_connect=None, sock_read=None),
            auto_decompress=False,
            trust_env=False,
            headers=HEADERS,
            requote_redirect_url=False,
        )

    async def _looked_up(self, url: str, query: str) -> bytes:
        """Ask a resolver for a name; raises `TransportFailure`."""
        base_url, _, path = url.partition("://")[2].partition("/")
        request = Request(f"/{path}", (("dns", query),), headers=(("Accept", "application/dns-message"),))
        reply = await self.fetch(
            f"{url.partition('://')[0]}://{base_url}", request, body_limit=_LOOKUP_LIMIT, timeout_s=2.0, egress=_LOOKUP
        )
        if reply.status != 200:
            raise TransportFailure(Outcome.SERVER_ERROR, f"HTTP {reply.status}")
        return reply.body

    def _target(self, base_url: str, request: Request, key: Secret | None) -> Target:
        """Return the whole address, encoded; one without a key is kept, since the same are asked again and again."""
        query = request.query
        if key is not None and key.key.place == "query":
            query = (*query, (key.key.name, key.value.get_secret_value()))
        text = base_url + quote(request.path, safe=_SAFE)
        target = Target.of(URL(f"{text}?{urlencode(query)}" if query else text, encoded=True))
        if key is None:
            if len(self._targets) >= _MOST_TARGETS:
                self._targets.clear()
            self._targets[base_url, request.path, request.query] = target
        return target


async def _exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    *,
    headers: dict[str, str] | None,
    body: bytes | None,
    limit: int,
    guard: Guard | None = None,
    forwarded: Forwarding | None = None,
) -> Reply:
    """Send over a session, follow redirects within the site, read the body up to the limit.

    A connection goes back to the pool once its answer is read to the end, and is closed whenever it is not.
    """

    async def send(sent: Sent) -> Reply:
        parts = {"headers": sent.headers} if forwarded is None else forwarded.parts(sent.url, sent.headers)
        response = await session.request(sent.method, sent.url, data=sent.body, allow_redirects=False, **parts)
        head = response.headers
        try:
            unread = leads_on(response.status, head)
            whole = b"" if unread else await read_body(head, response.content, limit)
        finally:
            if not response.closed:
                response.close()
        return Reply(response.status, whole, head.get(hdrs.CONTENT_TYPE, "").lower(), head)

    sent = Sent(method, url, headers, body)
    reply = await send(sent)
    return await followed(reply, sent, send, guard) if leads_on(reply.status, reply.headers) else reply


def _head_and_body(request: Request, key: Secret | None) -> tuple[dict[str, str] | None, bytes | None]:
    """Return the headers of this request alone, None for none, and the body of a POST."""
    headers = dict(request.headers)
    body = None
    if request.json is not None:
        headers["Content-Type"] = "application/json"
        body = orjson.dumps(request.json)
    if key is not None and key.key.place == "header":
        headers[key.key.name] = key.value.get_secret_value()
    elif key is not None and key.key.place == "bearer":
        headers["Authorization"] = f"Bearer {key.value.get_secret_value()}"
    return headers or None, body
