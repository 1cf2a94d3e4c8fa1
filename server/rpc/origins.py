"""What a call's metadata says: its request id, who calls, and how long it may take. Used by the answering wrapper."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from ipaddress import ip_address
from math import inf
from urllib.parse import unquote

from server.clock import Clock

_WAY_BACK_S = 0.1
Metadata = Iterable[tuple[str, str | bytes]]

REQUEST_ID = "x-request-id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_FORWARDED_FOR = "x-forwarded-for"
_EXPECTED_MS = "x-envoy-expected-rq-timeout-ms"


class RequestIds:
    """Takes the caller's request id when it is well formed, else makes one that no other process makes."""

    def __init__(self, clock: Clock) -> None:
        self._prefix = f"{int(clock.random() * 2**48):012x}"
        self._numbers = itertools.count(1)

    def of(self, metadata: Metadata) -> str:
        """Return the id that this call carries from here on."""
        return given_id(metadata) or f"{self._prefix}-{next(self._numbers):06x}"


def given_id(metadata: Metadata) -> str:
    """Return the caller's own request id, empty when there is none or it is not well formed."""
    for name, value in metadata:
        if name == REQUEST_ID:
            return value if isinstance(value, str) and _WELL_FORMED.match(value) else ""
    return ""


def caller_of(metadata: Metadata, peer: str) -> tuple[str, bool]:
    """Return the caller's address and whether it is this machine.

    A peer on loopback is our Envoy or a local program: the last hop of `x-forwarded-for`, which Envoy itself
    appended, is believed there and nowhere else.
    """
    address = _address(peer)
    if not _is_loopback(address):
        return address, False
    for name, value in metadata:
        if name == _FORWARDED_FOR and isinstance(value, str):
            hop = value.rsplit(",", 1)[-1].strip()
            if hop:
                return hop, _is_loopback(hop)
    return address, True


def allowed_s(metadata: Metadata, remaining: float | None, longest_s: float) -> float:
    """Return the least of the caller's deadline, Envoy's and the method's own, in seconds.

    Of another's deadline a little is left for the answer's own way back.
    """
    least = min(longest_s, inf if remaining is None else remaining - min(_WAY_BACK_S, 0.1 * remaining))
    for name, value in metadata:
        if name == _EXPECTED_MS and isinstance(value, str) and value.isascii() and value.isdigit():
            # Envoy says 0 where the route has no timeout.
            given = int(value[:12]) / 1000 or inf
            least = min(least, given - min(_WAY_BACK_S, 0.1 * given))
    return max(0.0, least)


def _address(peer: str) -> str:
    """Return the host of a peer as gRPC names it, such as `ipv4:127.0.0.1:5555` or `ipv6:%5B::1%5D:5555`."""
    scheme, _, rest = unquote(peer).partition(":")
    if scheme == "unix":
        return "127.0.0.1"
    return rest.rpartition(":")[0].strip("[]") or rest


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
