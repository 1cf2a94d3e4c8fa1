"""How a request ends that brought no answer: told by what broke, and by whose fault; raised by the transport alone."""

from __future__ import annotations

import socket
import ssl

import aiohttp
from aiohttp import hdrs

from server.fallback.health import Sign
from server.fallback.relay import address_of
from server.fallback.routes import Route, RouteKind
from server.model import Outcome

_NO_NAME = (socket.EAI_NONAME, socket.EAI_NODATA)
"""Codes of the resolver by which there is no such name, or none with an address."""
_TLS = (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch, ssl.SSLError)


class TransportFailure(Exception):
    """A request that brought no answer. `outcome` says how; `detail` never holds a query string or a key.

    `is_passing` of a name that could not be found out now, which is no sign that it is gone.
    """

    def __init__(self, outcome: Outcome, detail: str = "", *, is_passing: bool = False) -> None:
        super().__init__(outcome, detail)
        self.outcome = outcome
        self.detail = detail
        self.sign = Sign.NO_NAME if outcome is Outcome.DNS and not is_passing else Sign.FAILURE


class EgressFailure(TransportFailure):
    """A proxy that brought no answer, whatever its source would have said.

    `is_everywhere` when the proxy itself failed, so that no other host would fare better over it.
    """

    def __init__(self, outcome: Outcome, detail: str = "", *, is_everywhere: bool = False) -> None:
        super().__init__(outcome, detail)
        self.is_everywhere = is_everywhere


def direct_failure(error: Exception) -> TransportFailure:
    """Return what an error of the network or of the protocol means, without its text: it may hold an address."""
    outcome, detail = _told(error)
    is_passing = isinstance(error, aiohttp.ClientConnectorDNSError) and error.os_error.errno not in _NO_NAME
    return TransportFailure(outcome, detail, is_passing=is_passing)


def egress_failure(error: Exception, route: Route, *, is_sealed: bool) -> TransportFailure:
    """Return what an error means that came over a proxy; who broke what lies behind it is not seen from here.

    What is no HTTP where the tunnel stands already, `is_sealed`, is the source's own word.
    """
    outcome, detail = _told(error)
    if is_sealed and isinstance(error, aiohttp.ClientResponseError) and error.request_info.method != hdrs.METH_CONNECT:
        return TransportFailure(outcome, detail)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        cause = error.os_error
        outcome = Outcome.TLS if isinstance(cause, aiohttp.ClientSSLError) else outcome
        return EgressFailure(outcome, f"proxy: {type(cause).__name__}", is_everywhere=True)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return EgressFailure(Outcome.REFUSED, f"proxy: HTTP {error.status}", is_everywhere=error.status == 407)
    if route.kind is RouteKind.SOCKS5 and (failure := _socks_failure(error)) is not None:
        return failure
    is_everywhere = isinstance(error, aiohttp.ClientConnectorError) and _is_at(error, route)
    return EgressFailure(outcome, f"proxy: {detail}", is_everywhere=is_everywhere)


def _socks_failure(error: Exception) -> EgressFailure | None:
    """Return what a SOCKS5 proxy said, None for what came from behind it."""
    from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

    if isinstance(error, ProxyTimeoutError):
        return EgressFailure(Outcome.TIMEOUT, "proxy: no answer in time")
    if isinstance(error, ProxyConnectionError):
        return EgressFailure(Outcome.REFUSED, "proxy: no connection", is_everywhere=True)
    if isinstance(error, EOFError):  # many end the talk so, in place of a refusal
        return EgressFailure(Outcome.RESET, "proxy: it hung up")
    if isinstance(error, UnicodeEncodeError):
        return EgressFailure(Outcome.REFUSED, "proxy: its name and password must be ASCII", is_everywhere=True)
    if isinstance(error, ProxyError):  # a code says that it did not reach the host; none, that it wants no talk
        code = error.error_code
        said = "refusal" if code is None else f"code {int(code)}"
        return EgressFailure(Outcome.REFUSED, f"proxy: SOCKS {said}", is_everywhere=code is None)
    return None


def _is_at(error: aiohttp.ClientConnectorError, route: Route) -> bool:
    """Say whether a connection failed on its way to the proxy, and not behind it."""
    if route.kind is RouteKind.PUBLIC:
        return True
    return (error.host, error.port) == address_of(route)


def _told(error: Exception) -> tuple[Outcome, str]:
    """Return the outcome and the name of an error."""
    name = type(error).__name__
    if isinstance(error, TimeoutError):
        return Outcome.TIMEOUT, name
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Outcome.DNS, name
    if isinstance(error, _TLS) or isinstance(error.__cause__, ssl.SSLError):
        return Outcome.TLS, name
    if isinstance(error, aiohttp.ClientConnectorError):
        return Outcome.REFUSED, type(error.os_error).__name__
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientConnectionError | OSError):
        return Outcome.RESET, name
    return Outcome.SCHEMA, name
