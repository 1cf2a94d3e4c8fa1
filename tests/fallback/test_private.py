"""Which addresses are private, in every spelling, and what the guard lets through."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from yarl import URL

from server.fallback.private import Guard, is_private, literal

PRIVATE = [
    "0.0.0.1", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "224.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::",
    "192.0.0.8", "192.0.0.9", "192.0.0.192", "2002:c000:c0::", "64:ff9b::c000:c0", "::ffff:192.0.0.192",
    "100:0:0:1::1", "3fff:fff::1", "5f00::1",
    "64:ff9b:1::7f00:1", "64:ff9b:1::808:808", "fec0::1", "::127.0.0.1", "::8.8.8.8", "::ffff:0:7f00:1",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::",
    "192.0.1.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_found_also_within_one_of_the_other_family(address: str) -> None:
    """Loopback, private, link-local, shared, multicast, and what maps or translates to one of them."""
    assert is_private(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_let_through(address: str) -> None:
    """Also where it is mapped or translated."""
    assert not is_private(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("example.com", None),
        ("dead.beef", None),
        ("abc", None),
        ("", None),
    ],
)
def test_a_literal_is_told_from_a_name_in_every_spelling(host: str, address: str | None) -> None:
    """What the system would take for an address is one here too."""
    found = literal(host)
    assert (None if found is None else str(found)) == address


def test_the_guard_makes_no_socket_to_a_private_address_but_a_local_one() -> None:
    """A port beside the one that was named is as private as any."""
    guard = Guard(["http://127.0.0.1:5000", "http://10.0.0.7:80"])
    for host, port in (("127.0.0.1", 5001), ("10.0.0.8", 80), ("169.254.169.254", 80)):
        with pytest.raises(OSError, match="private"):
            guard.socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port)))
    for host, port in (("127.0.0.1", 5000), ("127.0.0.2", 5000), ("10.0.0.7", 80), ("8.8.8.8", 443)):
        guard.socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))).close()


def test_a_name_that_means_this_machine_is_a_literal_to_a_proxy() -> None:
    """`localhost` and what stands under it; every other name is the proxy's to resolve."""
    guard = Guard(["http://localhost:5000"])
    allowed = {
        "http://localhost/": False,
        "http://a.localhost./": False,
        "http://localhost:5000/": True,
        "http://127.0.0.1:5000/": True,
        "http://[::1]:5000/": True,
        "http://[::1]/": False,
        "http://example.com/": True,
        "http://8.8.8.8/": True,
    }
    assert {url: guard.allows_name(URL(url)) for url in allowed} == allowed
