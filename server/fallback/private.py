"""Which addresses are private, and the guard that keeps connections from them; used by the transport.

The guard looks at the address that is connected to: a check of names is bypassed by literals and by a name that
resolves to another address the second time.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_OWN = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",
        "64:ff9b:1::/48",
        "100:0:0:1::/64",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
        "::/96",
        "::ffff:0:0:0/96",
    )
)
"""Networks that Python calls global, or may, and no public host is in: protocol assignments (RFC 6890; a cloud keeps
machines' credentials there), local NAT64 (RFC 8215), dummy (RFC 9780), documentation (RFC 9637), segment routing
(RFC 9602), site-local (RFC 3879), and IPv4 compatible (RFC 4291) and translated (RFC 2765) addresses."""
_LAST_32 = 0xFFFFFFFF


def is_private(address: Address) -> bool:
    """Say whether an address is none of the public internet's, also where it hides in one of the other family."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & _LAST_32)
        if inner is not None and is_private(inner):
            return True
        if address.ipv4_mapped is not None:
            return False
    return not address.is_global or address.is_multicast or any(address in network for network in _OWN)


def literal(host: str) -> Address | None:
    """Return the address that a host is by itself, None for a name; `127.1` and `0x7f000001` are addresses too."""
    text = host.strip("[]").partition("%")[0].rstrip(".")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    if not text or text.strip("0123456789abcdefxABCDEFX."):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except OSError:
        return None


class Guard:
    """Lets connections out to public addresses, and to private ones only where they were named as base URLs."""

    __slots__ = ("_local",)

    def __init__(self, local: Iterable[str] = ()) -> None:
        self._local = frozenset(_port_of(URL(url)) for url in local)

    def socket(self, address: tuple[Any, ...]) -> socket.socket:
        """Make the socket of one connection; raises `OSError` for a private address, however its name was resolved."""
        family, kind, protocol, _, target = address
        ip = ipaddress.ip_address(target[0].partition("%")[0])
        if not self.allows(ip, target[1]):
            raise OSError(f"{ip} is a private address")
        return socket.socket(family, kind, protocol)

    def allows(self, address: Address, port: int | None) -> bool:
        """Say whether a connection may go to an address and port."""
        return not is_private(address) or ("" if address.is_loopback else str(address), port) in self._local

    def allows_name(self, url: URL) -> bool:
        """Say whether a proxy may be sent to a URL: what a name stands for there is not seen here, a literal is."""
        host = (url.host or "").lower().rstrip(".")
        if host == "localhost" or host.endswith(".localhost"):
            return ("", url.port) in self._local
        address = literal(host)
        return address is None or self.allows(address, url.port)


def _port_of(url: URL) -> tuple[str, int | None]:
    """Return the address and port of a local base URL; every loopback address counts as one."""
    host = url.host or ""
    address = literal(host)
    is_loopback = host == "localhost" if address is None else address.is_loopback
    return ("" if is_loopback else host, url.port)
