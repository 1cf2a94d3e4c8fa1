"""Keccak-256 as Ethereum uses it; `evm` needs it for checksums.

It is not the standard library's SHA3-256: that one pads with 0x06, Keccak with 0x01.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_RATE = 136


def _round_constants() -> tuple[int, ...]:
    """Return the 24 constants of iota, from the shift register that defines them (FIPS 202, 3.2.5)."""
    register = 1
    constants = []
    for _ in range(24):
        constant = 0
        for bit in range(7):
            if register & 1:
                constant |= 1 << ((1 << bit) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


def _lanes() -> tuple[tuple[int, int], ...]:
    """Return, in the order in which rho and pi walk the lanes, where each lane goes and how far it is rotated."""
    x, y = 1, 0
    walk = []
    for step in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        walk.append((x + 5 * y, (step + 1) * (step + 2) // 2 % 64))
    return tuple(walk)


_CONSTANTS = _round_constants()
_WALK = _lanes()


def _permute(state: list[int]) -> None:
    """Apply Keccak-f[1600] to 25 lanes in place."""
    for constant in _CONSTANTS:
        parity = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
        for x in range(5):
            after = parity[(x + 1) % 5]
            mix = parity[x - 1] ^ ((after << 1 | after >> 63) & _MASK)
            for lane in range(x, 25, 5):
                state[lane] ^= mix
        carried = state[1]
        for target, turn in _WALK:
            carried, state[target] = state[target], (carried << turn | carried >> (64 - turn)) & _MASK
        for row in range(0, 25, 5):
            a, b, c, d, e = state[row : row + 5]
            state[row : row + 5] = (a ^ ~b & c, b ^ ~c & d, c ^ ~d & e, d ^ ~e & a, e ^ ~a & b)
        state[0] ^= constant


def keccak_256(data: bytes) -> bytes:
    """Return the 32 bytes of the Keccak-256 digest."""
    padded = bytearray(data) + b"\x01" + bytes(-(len(data) + 1) % _RATE)
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            at = start + lane * 8
            state[lane] ^= int.from_bytes(padded[at : at + 8], "little")
        _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])
