"""The one place that speaks HTTP to sources; the engine hands it requests, the app closes it.

It follows redirects to the same site only, caps bodies after decompression, keeps no cookies, takes no proxy from the
environment, and connects to private addresses only where the app named them as a source's base URL.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson
from aiohttp import hdrs
from pydantic import SecretStr
from yarl import URL

from server.model import Outcome
from server.providers.base import Key, Reply, Request

_USER_AGENT = "nerkh/0.1"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_SAFE = "/:@!$&'()*+,;=%~"
_BODY_LIMIT = 16 * 1024 * 1024
_PIECE = 64 * 1024
_MOST_URLS = 5000
_NOTHING = (None, None)


class TransportFailure(Exception):
    """A request that brought no answer. `outcome` says how; `detail` never holds a query string or a key."""

    def __init__(self, outcome: Outcome, detail: str = "") -> None:
        super().__init__(outcome, detail)
        self.outcome = outcome
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Secret:
    """A source's key and where it goes."""

    key: Key
    value: SecretStr


class Transport:
    """A pool of connections to sources. `local` are base URLs on private addresses that may be called all the same."""

    def __init__(self, *, local: Iterable[str] = (), per_host: int = 32, connections: int = 512) -> None:
        self._local = frozenset(_port_of(URL(url)) for url in local)
        self._per_host = per_host
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[tuple[str, str, tuple[tuple[str, str], ...]], URL] = {}

    async def fetch(
        self,
        base_url: str,
        request: Request,
        *,
        key: Secret | None = None,
        body_limit: int = _BODY_LIMIT,
        timeout_s: float | None = None,
    ) -> Reply:
        """Send one request and return what came back, whatever its status; raises `TransportFailure`.

        Without `timeout_s` the caller bounds the time.
        """
        session = self._session or self._open()
        url = self._urls.get((base_url, request.path, request.query)) if key is None else None
        if url is None:
            url = self._url(base_url, request, key)
        headers, body = _head_and_body(request, key) if request.json or request.headers or key else _NOTHING
        exchange = _exchange(session, request.method, url, headers=headers, body=body, limit=body_limit)
        try:
            if timeout_s is None:
                return await exchange
            async with asyncio.timeout(timeout_s):
                return await exchange
        except TimeoutError as error:
            raise TransportFailure(Outcome.TIMEOUT) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error) from error

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        """Make the pool on the running loop."""
        connector = aiohttp.TCPConnector(
            limit=self._connections,
            limit_per_host=self._per_host,
            ttl_dns_cache=300,
            keepalive_timeout=30,
            resolver=aiohttp.ThreadedResolver(),  # the system's, also where aiodns happens to be installed
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
            auto_decompress=False,
            trust_env=False,
            headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "gzip, deflate"},
            requote_redirect_url=False,
        )
        return self._session

    def _url(self, base_url: str, request: Request, key: Secret | None) -> URL:
        """Return the whole address, encoded; one without a key is kept, since the same are asked again and again."""
        query = request.query
        if key is not None and key.key.place == "query":
            query = (*query, (key.key.name, key.value.get_secret_value()))
        text = base_url + quote(request.path, safe=_SAFE)
        url = URL(f"{text}?{urlencode(query)}" if query else text, encoded=True)
        if key is None:
            if len(self._urls) >= _MOST_URLS:
                self._urls.clear()
            self._urls[base_url, request.path, request.query] = url
        return url

    def _socket(self, address: tuple[Any, ...]) -> socket.socket:
        """Make the socket of one connection; refuses private addresses, however their name was resolved."""
        family, kind, protocol, _, target = address
        ip = ipaddress.ip_address(target[0].partition("%")[0])
        if not ip.is_global and ("" if ip.is_loopback else str(ip), target[1]) not in self._local:
            raise OSError(f"{ip} is a private address")
        return socket.socket(family, kind, protocol)


async def _exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    *,
    headers: dict[str, str] | None,
    body: bytes | None,
    limit: int,
) -> Reply:
    """Send, follow redirects within the site, read the body up to the limit.

    A connection goes back to the pool once its answer is read to the end, and is closed whenever it is not.
    """
    for _ in range(_MOST_REDIRECTS + 1):
        response = await session.request(method, url, headers=headers, data=body, allow_redirects=False)
        try:
            if response.status not in _REDIRECTS or hdrs.LOCATION not in response.headers:
                return await _read(response, limit)
            target = url.join(URL(response.headers[hdrs.LOCATION]))
        finally:
            if not response.closed:
                response.close()
        if not _same_site(url, target):
            raise TransportFailure(Outcome.CLIENT_ERROR, "redirected to another site")
        if method == "POST" and response.status in (301, 302, 303):
            method, body = "GET", None
        if target.host != url.host:
            headers = None
        url = target
    raise TransportFailure(Outcome.CLIENT_ERROR, f"more than {_MOST_REDIRECTS} redirects")


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


async def _read(response: aiohttp.ClientResponse, limit: int) -> Reply:
    """Read a body, decompressing piece by piece, so that no more than the limit is ever held."""
    headers = response.headers
    length = headers.get(hdrs.CONTENT_LENGTH)
    if length is not None and len(length) > 6 and int(length) > limit:
        response.close()
        raise TransportFailure(Outcome.TOO_LARGE, f"{length} bytes announced")
    encoding = headers.get(hdrs.CONTENT_ENCODING, "identity").lower()
    content = response.content
    if encoding == "identity":
        pieces: list[bytes] = []
        size = 0
        while piece := await content.readany():
            size += len(piece)
            if size > limit:
                response.close()
                pieces.clear()
                raise TransportFailure(Outcome.TOO_LARGE, f"more than {limit} bytes")
            pieces.append(piece)
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    else:
        body = await _inflate(response, encoding, limit)
    return Reply(response.status, body, headers.get(hdrs.CONTENT_TYPE, "").lower(), headers)


async def _inflate(response: aiohttp.ClientResponse, encoding: str, limit: int) -> bytes:
    """Decompress gzip or deflate within the limit; raises `TransportFailure` for anything else."""
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise TransportFailure(Outcome.SCHEMA, "unknown content encoding")
    engine = None
    whole = bytearray()
    try:
        while piece := await response.content.readany():
            engine = engine or zlib.decompressobj(_window(encoding, piece))
            while piece and not engine.eof:
                whole += engine.decompress(piece, _PIECE)
                piece = engine.unconsumed_tail
                if len(whole) > limit:
                    response.close()
                    whole.clear()
                    raise TransportFailure(Outcome.TOO_LARGE, f"more than {limit} bytes")
            if engine.eof and (piece or engine.unused_data):
                response.close()
                raise TransportFailure(Outcome.SCHEMA, "more bytes behind the compressed body")
    except zlib.error as error:
        raise TransportFailure(Outcome.SCHEMA, "broken compression") from error
    if engine is not None and not engine.eof:
        whole += engine.flush()
    if engine is not None and not engine.eof:
        raise TransportFailure(Outcome.RESET, "compressed body cut off")
    return bytes(whole)


def _window(encoding: str, first: bytes) -> int:
    """Return zlib's window argument: `deflate` comes with a zlib header, or raw from servers that leave it out."""
    if encoding == "deflate":
        return zlib.MAX_WBITS if first[0] & 0x0F == 8 else -zlib.MAX_WBITS
    return 16 + zlib.MAX_WBITS


def _same_site(here: URL, there: URL) -> bool:
    """Say whether a redirect stays: the same host, or one a subdomain of the other, and never from https to http."""
    if there.scheme not in ("http", "https") or (here.scheme == "https" and there.scheme == "http"):
        return False
    one, other = _host(here), _host(there)
    if one == other:
        return here.port == there.port or here.scheme != there.scheme
    return bool(one and other) and (one.endswith(f".{other}") or other.endswith(f".{one}"))


def _host(url: URL) -> str:
    """Return the host without a leading `www.`."""
    return (url.host or "").lower().removeprefix("www.")


def _port_of(url: URL) -> tuple[str, int | None]:
    """Return the address and port of a local base URL; every loopback address counts as one."""
    host = url.host or ""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    return ("" if is_loopback else host, url.port)


def _failure(error: Exception) -> TransportFailure:
    """Return what an error of the network or of the protocol means, without its text: it may hold an address."""
    name = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return TransportFailure(Outcome.DNS, name)
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch):
        return TransportFailure(Outcome.TLS, name)
    if isinstance(error, aiohttp.ClientConnectorError):
        return TransportFailure(Outcome.REFUSED, type(error.os_error).__name__)
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError | OSError):
        return TransportFailure(Outcome.RESET, name)
    return TransportFailure(Outcome.SCHEMA, name)
