"""Addresses of the simulated chains: Bitcoin's base58 and bech32 forms read and written, Ethereum's checksum."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32M = 0x2BC830A3
_MASK = (1 << 64) - 1
_ROUNDS = (
    0x1, 0x8082, 0x800000000000808A, 0x8000000080008000, 0x808B, 0x80000001, 0x8000000080008081, 0x8000000000008009,
    0x8A, 0x88, 0x80008009, 0x8000000A, 0x8000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x800A, 0x800000008000000A, 0x8000000080008081, 0x8000000000008080,
    0x80000001, 0x8000000080008008,
)  # fmt: skip
_SHIFTS = (1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44)
_PLACES = (10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1)


@dataclass(frozen=True, slots=True)
class Script:
    """What a Bitcoin address stands for: `kind` is Esplora's name of the script, `program` its hash or key."""

    kind: str
    program: bytes

    @property
    def hex(self) -> str:
        """Return the output script."""
        body = self.program.hex()
        match self.kind:
            case "p2pkh":
                return f"76a914{body}88ac"
            case "p2sh":
                return f"a914{body}87"
            case "v1_p2tr":
                return f"5120{body}"
        return f"00{len(self.program):02x}{body}"

    @property
    def asm(self) -> str:
        """Return the output script in words."""
        body, push = self.program.hex(), f"OP_PUSHBYTES_{len(self.program)}"
        match self.kind:
            case "p2pkh":
                return f"OP_DUP OP_HASH160 {push} {body} OP_EQUALVERIFY OP_CHECKSIG"
            case "p2sh":
                return f"OP_HASH160 {push} {body} OP_EQUAL"
            case "v1_p2tr":
                return f"OP_PUSHNUM_1 {push} {body}"
        return f"OP_0 {push} {body}"


def bitcoin_script(address: str) -> Script | None:
    """Return what a mainnet address stands for, None when it is none."""
    if address.lower().startswith("bc1"):
        return _segwit(address.lower()) if address in {address.lower(), address.upper()} else None
    number = 0
    for letter in address:
        place = _BASE58.find(letter)
        if place < 0 or len(address) > 40:
            return None
        number = number * 58 + place
    raw = number.to_bytes(32, "big")[-25:]
    if number >> 200 or _twice(raw[:-4])[:4] != raw[-4:] or raw[0] not in {0, 5}:
        return None
    return Script("p2pkh" if raw[0] == 0 else "p2sh", raw[1:-4])


@lru_cache(maxsize=20_000)
def bitcoin_address(script: Script) -> str:
    """Return the address of a script."""
    if script.kind in {"p2pkh", "p2sh"}:
        raw = (b"\0" if script.kind == "p2pkh" else b"\5") + script.program
        raw += _twice(raw)[:4]
        number, letters = int.from_bytes(raw, "big"), ""
        while number:
            number, rest = divmod(number, 58)
            letters = _BASE58[rest] + letters
        return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + letters
    version = 1 if script.kind == "v1_p2tr" else 0
    data = [version, *_regrouped(list(script.program), 8, 5, pad=True)]
    polymod = _polymod([3, 3, 0, 2, 3, *data, 0, 0, 0, 0, 0, 0]) ^ (_BECH32M if version else 1)
    return "bc1" + "".join(_BECH32[value] for value in (*data, *((polymod >> 5 * (5 - i)) & 31 for i in range(6))))


def _segwit(address: str) -> Script | None:
    data = [_BECH32.find(letter) for letter in address[3:]]
    if len(data) < 14 or len(address) > 90 or min(data) < 0:
        return None
    version, rest = data[0], _polymod([3, 3, 0, 2, 3, *data])
    program = bytes(_regrouped(data[1:-6], 5, 8, pad=False))
    if version == 0 and rest == 1 and len(program) in {20, 32}:
        return Script("v0_p2wpkh" if len(program) == 20 else "v0_p2wsh", program)
    return Script("v1_p2tr", program) if version == 1 and rest == _BECH32M and len(program) == 32 else None


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, part in enumerate(_GENERATOR):
            check ^= part if (top >> place) & 1 else 0
    return check


def _regrouped(values: list[int], from_bits: int, to_bits: int, *, pad: bool) -> list[int]:
    held, bits, found = 0, 0, []
    for value in values:
        held, bits = held << from_bits | value, bits + from_bits
        while bits >= to_bits:
            bits -= to_bits
            found.append(held >> bits & ((1 << to_bits) - 1))
    if pad and bits:
        found.append(held << (to_bits - bits) & ((1 << to_bits) - 1))
    return found


def _twice(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


@lru_cache(maxsize=50_000)
def checksummed(address: str) -> str:
    """Return an Ethereum address with the checksum of EIP-55 in its letters."""
    plain = address[2:].lower()
    marks = _keccak(plain.encode()).hex()
    return "0x" + "".join(
        letter.upper() if int(mark, 16) > 7 else letter for letter, mark in zip(plain, marks, strict=False)
    )


def _keccak(data: bytes) -> bytes:
    """Return Keccak-256 of less than 136 bytes (FIPS 202 before its padding was changed)."""
    block = data + b"\1" + b"\0" * (134 - len(data)) + b"\x80"
    state = [int.from_bytes(block[8 * i : 8 * i + 8], "little") for i in range(17)] + [0] * 8
    for constant in _ROUNDS:
        parity = [state[i] ^ state[i + 5] ^ state[i + 10] ^ state[i + 15] ^ state[i + 20] for i in range(5)]
        for i in range(5):
            change = parity[i - 1] ^ _turned(parity[(i + 1) % 5], 1)
            for j in range(i, 25, 5):
                state[j] ^= change
        held = state[1]
        for place, shift in zip(_PLACES, _SHIFTS, strict=True):
            state[place], held = _turned(held, shift), state[place]
        for j in range(0, 25, 5):
            row = state[j : j + 5]
            for i in range(5):
                state[j + i] = row[i] ^ (~row[(i + 1) % 5] & row[(i + 2) % 5] & _MASK)
        state[0] ^= constant
    return b"".join(word.to_bytes(8, "little") for word in state[:4])


def _turned(word: int, by: int) -> int:
    return (word << by | word >> (64 - by)) & _MASK
