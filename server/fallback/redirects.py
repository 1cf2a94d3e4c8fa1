"""Where a redirect may lead, and the way there: to the same site only; used by the transport for every way out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from aiohttp import hdrs
from yarl import URL

from server.fallback.private import Guard
from server.fallback.transport_failure import TransportFailure
from server.model import Outcome
from server.providers.base import Reply

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST = 3


class Sent(NamedTuple):
    """One request as it was sent."""

    method: str
    url: URL
    headers: dict[str, str] | None
    body: bytes | None


Send = Callable[[Sent], Awaitable[Reply]]
"""Sends a request and returns the answer: of a redirect without its body."""


async def followed(reply: Reply, sent: Sent, send: Send, guard: Guard | None = None) -> Reply:
    """Return what stands at the end of the redirects that begin with an answer; raises `TransportFailure`.

    A `guard` looks at where a redirect leads that a proxy would follow for us.
    """
    method, here, headers, body = sent
    for _ in range(_MOST):
        try:
            there = here.join(URL(reply.headers[hdrs.LOCATION]))
        except ValueError:
            raise TransportFailure(Outcome.SCHEMA, "redirected to what is no address") from None
        if not _same_site(here, there):
            raise TransportFailure(Outcome.CLIENT_ERROR, "redirected to another site")
        if guard is not None and not guard.allows_name(there):
            raise TransportFailure(Outcome.CLIENT_ERROR, "redirected to a private address")
        if method == "POST" and reply.status in (301, 302, 303):
            method, body = "GET", None
        if there.host != here.host:
            headers = _of(body, headers)
        here = there
        reply = await send(Sent(method, here, headers, body))
        if not leads_on(reply.status, reply.headers):
            return reply
    raise TransportFailure(Outcome.CLIENT_ERROR, f"more than {_MOST} redirects")


def leads_on(status: int, headers: Mapping[str, str]) -> bool:
    """Say whether an answer is but a redirect to another."""
    return status in _REDIRECTS and hdrs.LOCATION in headers


def _of(body: bytes | None, headers: dict[str, str] | None) -> dict[str, str] | None:
    """Return what may go to another host of the headers: the type of a body that goes there too."""
    if body is None or headers is None:
        return None
    return {name: value for name, value in headers.items() if name.lower() == "content-type"} or None


def _same_site(here: URL, there: URL) -> bool:
    """Say whether a redirect stays: the same host, or one a subdomain of the other, and never from https to http.

    The port stays as well, or is the one that its scheme is known by.
    """
    if there.scheme not in ("http", "https") or (here.scheme == "https" and there.scheme == "http"):
        return False
    if there.port != here.port and not there.is_default_port():
        return False
    one, other = _host(here), _host(there)
    return bool(one and other) and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))


def _host(url: URL) -> str:
    """Return the host without a leading `www.`, but where that stands before a top-level domain: it is a site there."""
    host = (url.host or "").lower()
    bare = host.removeprefix("www.")
    return bare if "." in bare else host
