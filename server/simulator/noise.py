"""Deterministic randomness: hashed numbers, and Brownian paths that can be read at any time; the world is made of it.

Nothing here keeps state that matters: a value depends on (seed, name, time) alone, so history agrees with the present
and with every restart of the same seed.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from statistics import NormalDist

_MASK = (1 << 64) - 1
_NORMAL = NormalDist()
_TOP = 22
"""Knots every 2^22 s (48 days) are independent; between them the path is a Brownian bridge, refined by halving."""
_FINE = 6
"""Nodes down to 2^6 s are remembered; below, each reading descends by itself."""
_LAST = -4
"""Below 2^-4 s the path is straight."""


def key_of(seed: int, *name: object) -> int:
    """Return the 64-bit key of a named stream of randomness."""
    text = f"{seed}/" + "/".join(str(part) for part in name)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def mixed(key: int, index: int) -> int:
    """Return 64 hashed bits (the finaliser of splitmix64)."""
    x = (key + index * 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def uniform(key: int, index: int) -> float:
    """Return a number in (0, 1)."""
    return ((mixed(key, index) >> 11) + 0.5) * 2.0**-53


def normal(key: int, index: int) -> float:
    """Return a standard normal number."""
    return _NORMAL.inv_cdf(uniform(key, index))


def digest(key: int, *parts: object, size: int = 32) -> bytes:
    """Return `size` hashed bytes."""
    text = f"{key}/" + "/".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


@lru_cache(maxsize=120_000)
def _node(key: int, level: int, index: int) -> float:
    """Return the path at `index * 2**level` seconds, for levels from `_FINE` to `_TOP`."""
    if level == _TOP:
        return normal(key ^ 0xA5A5, index) * math.sqrt(2.0 ** (_TOP - 1))
    half = index >> 1
    if not index & 1:
        return _node(key, level + 1, half)
    middle = (_node(key, level + 1, half) + _node(key, level + 1, half + 1)) / 2
    return middle + normal(key ^ (level + 64), index) * math.sqrt(2.0 ** (level - 1))


def node(key: int, level: int, index: int) -> float:
    """Return the path of a key at a point of its dyadic grid: cheap, for many points of one path."""
    return _node(key, level, index)


def path(key: int, time: float) -> float:
    """Return a Brownian path at a Unix time: variance one per second over spans below `2**22` s, bounded beyond.

    This is Lévy's construction: each halving adds a normal with half the span's remaining variance.
    """
    span = 2.0**_FINE
    cell = math.floor(time / span)
    left, right = _node(key, _FINE, cell), _node(key, _FINE, cell + 1)
    rest = time - cell * span
    for level in range(_FINE - 1, _LAST - 1, -1):
        span /= 2
        cell <<= 1
        middle = (left + right) / 2 + normal(key ^ (level + 64), cell + 1) * math.sqrt(span / 2)
        if rest >= span:
            rest -= span
            cell += 1
            left = middle
        else:
            right = middle
    return left + (right - left) * rest / span


def overshoot(left: float, right: float, deviation: float, luck: float) -> float:
    """Return the highest point of a Brownian bridge from `left` to `right`; `deviation` is that of its free end.

    `luck` is uniform in (0, 1): the maximum's distribution is inverted, so it is distributed as the real one.
    """
    return (left + right + math.sqrt((left - right) ** 2 - 2 * deviation * deviation * math.log(luck))) / 2
