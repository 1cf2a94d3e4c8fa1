"""What metadata says: callers, deadlines, request ids."""

from __future__ import annotations

from math import inf

import pytest

from server.clock import VirtualClock
from server.rpc.origins import RequestIds, allowed_s, caller_of


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("ipv4:127.0.0.1:5555", "", ("127.0.0.1", True)),
        ("ipv6:%5B::1%5D:5555", "", ("::1", True)),
        ("ipv6:[::ffff:127.0.0.1]:5555", "", ("::ffff:127.0.0.1", True)),
        ("unix:/run/x", "", ("127.0.0.1", True)),
        ("ipv4:127.0.0.1:5555", "203.0.113.7", ("203.0.113.7", False)),
        ("ipv4:127.0.0.1:5555", "1.1.1.1, 203.0.113.7", ("203.0.113.7", False)),
        ("ipv4:127.0.0.1:5555", "203.0.113.7, 127.0.0.1", ("127.0.0.1", True)),
        ("ipv4:198.51.100.1:5555", "127.0.0.1", ("198.51.100.1", False)),
        ("ipv4:127.0.0.1:5555", " , ", ("127.0.0.1", True)),
        ("ipv4:127.0.0.1:5555", "no address", ("no address", False)),
    ],
)
def test_a_forwarded_address_is_believed_from_loopback_alone(
    peer: str, forwarded: str, caller: tuple[str, bool]
) -> None:
    """Envoy on this machine names the caller in its last hop; anyone else cannot make himself another."""
    metadata = (("x-forwarded-for", forwarded),) if forwarded else ()
    assert caller_of(metadata, peer) == caller


@pytest.mark.parametrize(
    ("remaining", "envoy", "longest_s", "allowed"),
    [
        (None, "", 3.0, 3.0),
        (None, "", inf, inf),
        (1.0, "", 3.0, 0.9),
        (60.0, "", 3.0, 3.0),
        (0.1, "", 3.0, 0.09),
        (None, "500", 3.0, 0.45),
        (None, "0", 3.0, 3.0),
        (None, "-5", 3.0, 3.0),
        (None, "soon", 3.0, 3.0),
        (None, "9" * 5000, 3.0, 3.0),
        (0.0, "", 3.0, 0.0),
    ],
)
def test_the_least_deadline_holds(remaining: float | None, envoy: str, longest_s: float, allowed: float) -> None:
    """The caller's, Envoy's and the method's deadline: the least, less the way back; nonsense counts for nothing."""
    metadata = (("x-envoy-expected-rq-timeout-ms", envoy),) if envoy else ()
    assert allowed_s(metadata, remaining, longest_s) == pytest.approx(allowed)


def test_made_request_ids_are_unique_and_well_formed() -> None:
    """What is made here would be taken by another of us, and never comes twice."""
    ids, other = RequestIds(VirtualClock(seed=1)), RequestIds(VirtualClock(seed=2))
    made = [ids.of(()) for _ in range(1000)] + [other.of(()) for _ in range(1000)]
    assert len(set(made)) == 2000
    assert all(ids.of((("x-request-id", each),)) == each for each in made[:10])
