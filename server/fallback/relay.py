"""What a proxied request needs beside a direct one: where the proxy stands, how it is told, what its errors are."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import aiohttp
from aiohttp import hdrs
from yarl import URL

from server.fallback.routes import Route, RouteKind

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True)
class Forwarding:
    """An HTTP proxy as each request is told of it; its name and password stand in a header of their own."""

    proxy: URL
    authorization: str = field(repr=False)

    def parts(self, url: URL, headers: dict[str, str] | None) -> dict[str, Any]:
        """Return the parameters of one request: what the proxy may know is not for the source at the tunnel's end."""
        if not self.authorization:
            return {"proxy": self.proxy, "headers": headers}
        own = {hdrs.PROXY_AUTHORIZATION: self.authorization}
        if url.scheme == "https":
            return {"proxy": self.proxy, "headers": headers, "proxy_headers": own}
        return {"proxy": self.proxy, "headers": {**(headers or {}), **own}}


def forwarding(route: Route) -> Forwarding | None:
    """Return how a request is told which HTTP proxy to take; None for other routes."""
    if route.kind not in (RouteKind.HTTP, RouteKind.HTTPS):
        return None
    parts = urlsplit(route.address.get_secret_value())
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    host, port = address_of(route)
    return Forwarding(URL.build(scheme=parts.scheme, host=host, port=port), authorization)


def address_of(route: Route) -> tuple[str, int]:
    """Return the host and port of an operator's proxy."""
    parts = urlsplit(route.address.get_secret_value())
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


def public_url(route: Route, url: URL) -> URL:
    """Return the address at a public proxy that stands for another one, put in as its pattern says."""
    pattern, target = route.address.get_secret_value(), str(url)
    text = pattern.replace("{encoded_url}", quote(target, safe="")).replace("{url}", target)
    return URL(text, encoded=True)


def socks_connector(route: Route, limit: int, per_host: int) -> aiohttp.BaseConnector:
    """Return a pool over a SOCKS5 proxy, which resolves the names itself."""
    from aiohttp_socks import ProxyType

    from server.fallback.socks import SocksLines

    parts = urlsplit(route.address.get_secret_value())
    host, port = address_of(route)
    return SocksLines(
        host=host,
        port=port,
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

    return (*usual, EOFError, ProxyConnectionError, ProxyError, ProxyTimeoutError)
