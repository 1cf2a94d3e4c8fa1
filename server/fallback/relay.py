"""What a proxied request needs beside a direct one: where the proxy stands, how it is told, what its errors are."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import quote, unquote, urlsplit

import aiohttp
from yarl import URL

from server.fallback.routes import Route, RouteKind

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
FORWARDING = frozenset({RouteKind.HTTP, RouteKind.HTTPS})
"""Kinds of proxies that aiohttp itself speaks to, by parameters of each request."""


class Forwarding(TypedDict, total=False):
    """The parameters of a request that goes over an HTTP proxy; no name and password stand in the address."""

    proxy: URL
    proxy_auth: aiohttp.BasicAuth


def forwarding(route: Route) -> Forwarding:
    """Return how a request is told which HTTP proxy to take; nothing for other routes."""
    if route.kind not in FORWARDING:
        return {}
    parts = urlsplit(route.address.get_secret_value())
    found: Forwarding = {"proxy": URL.build(scheme=parts.scheme, host=parts.hostname or "", port=parts.port)}
    if parts.username is not None:
        found["proxy_auth"] = aiohttp.BasicAuth(unquote(parts.username), unquote(parts.password or ""), "utf-8")
    return found


def public_url(route: Route, url: URL) -> URL:
    """Return the address at a public proxy that stands for another one, put in as its pattern says."""
    pattern, target = route.address.get_secret_value(), str(url)
    text = pattern.replace("{encoded_url}", quote(target, safe="")).replace("{url}", target)
    return URL(text, encoded=True)


def socks_connector(route: Route, limit: int, per_host: int) -> aiohttp.BaseConnector:
    """Return a pool over a SOCKS5 proxy, which resolves the names itself."""
    from aiohttp_socks import ProxyConnector, ProxyType

    parts = urlsplit(route.address.get_secret_value())
    return ProxyConnector(
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        proxy_type=ProxyType.SOCKS5,
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.username is None else unquote(parts.password or ""),
        rdns=True,
        limit=limit,
        limit_per_host=per_host,
        keepalive_timeout=30,
    )


def errors_of(route: Route) -> tuple[type[Exception], ...]:
    """Return the errors that a route's library raises for what the network or the proxy did."""
    usual = (aiohttp.ClientError, OSError, ValueError)
    if route.kind is not RouteKind.SOCKS5:
        return usual
    from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

    return (*usual, ProxyConnectionError, ProxyError, ProxyTimeoutError)
