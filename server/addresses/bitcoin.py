"""Bitcoin addresses: base58check, bech32 (BIP-173) and bech32m (BIP-350); the checks of this package use them."""

from __future__ import annotations

import hashlib

from server.errors import InvalidField

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_SUM = 1
_BECH32M_SUM = 0x2BC830A3
_PAY_TO_KEY_HASH = 0x00
_PAY_TO_SCRIPT_HASH = 0x05


def bitcoin_address(text: str) -> str:
    """Return a main network address, a bech32 one in lower case. Raises `InvalidField("address", …)`."""
    address = text.strip()
    if address[:3].lower() == "bc1":
        return _segwit_address(text, address)
    return _base58_address(text, address)


def _base58_address(text: str, address: str) -> str:
    expected = "a Bitcoin address that begins with 1, 3 or bc1"
    if not 25 <= len(address) <= 35 or any(letter not in _BASE58 for letter in address):
        raise InvalidField("address", text, expected)
    number = 0
    for letter in address:
        number = number * 58 + _BASE58.index(letter)
    ones = len(address) - len(address.lstrip("1"))
    raw = bytes(ones) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(raw) != 25:
        raise InvalidField("address", text, f"{expected}, of 25 bytes in base58")
    payload, checksum = raw[:-4], raw[-4:]
    if hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4] != checksum:
        raise InvalidField("address", text, "a Bitcoin address whose checksum fits; look for a mistyped letter")
    if payload[0] not in {_PAY_TO_KEY_HASH, _PAY_TO_SCRIPT_HASH}:
        raise InvalidField("address", text, f"{expected}; this one is of another network")
    return address


def _segwit_address(text: str, address: str) -> str:
    lower = address.lower()
    if address not in {lower, address.upper()}:
        raise InvalidField("address", text, "a bc1 address in one case, not mixed")
    data = [_BECH32.find(letter) for letter in lower[3:]]
    if not 14 <= len(lower) <= 90 or -1 in data:
        raise InvalidField("address", text, f"a bc1 address: bc1, then letters of {_BECH32}")
    version = data[0]
    if _polymod([3, 3, 0, 2, 3, *data]) != (_BECH32_SUM if version == 0 else _BECH32M_SUM):
        raise InvalidField("address", text, "a bc1 address whose checksum fits; look for a mistyped letter")
    program = _bytes_of(data[1:-6])
    if (
        program is None
        or version > 16
        or not 2 <= len(program) <= 40
        or (version == 0 and len(program) not in {20, 32})
    ):
        raise InvalidField("address", text, "a bc1 address of a witness version and length that exist (BIP-141)")
    return lower


def _polymod(values: list[int]) -> int:
    """Return the BCH checksum of 5-bit values (BIP-173)."""
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                checksum ^= generator
    return checksum


def _bytes_of(values: list[int]) -> bytes | None:
    """Return 5-bit values regrouped to bytes; None where more than padding, or padding other than zeros, is left."""
    number = 0
    for value in values:
        number = number << 5 | value
    left = len(values) * 5 % 8
    if left >= 5 or number & ((1 << left) - 1):
        return None
    return (number >> left).to_bytes(len(values) * 5 // 8, "big")
