"""DNS messages as far as looking up a host's addresses needs them (RFC 1035, RFC 3596); pure, used by the resolver."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

A = 1
AAAA = 28
_IN = 1
_NO_ERROR = 0
_NO_SUCH_NAME = 3
_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_LENGTHS = {A: 4, AAAA: 16}


class BadMessage(Exception):
    """Bytes that are no answer to the question that was asked."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a resolver answered: addresses, and for how many seconds they hold; `exists` is False for no such name.

    That there are none holds for no time: an alias in front of the denial says how long it holds itself alone.
    """

    addresses: tuple[str, ...]
    ttl_s: float
    exists: bool = True


def question(host: str, kind: int) -> bytes:
    """Return the question for a host's addresses; raises `BadMessage` for what cannot be a host's name."""
    try:
        labels = host.rstrip(".").encode("idna").split(b".")
    except UnicodeError:
        raise BadMessage("no host name") from None
    if not all(0 < len(label) <= 63 for label in labels) or sum(len(label) + 1 for label in labels) > 254:
        raise BadMessage("no host name")
    name = b"".join(bytes((len(label),)) + label for label in labels)
    return _HEADER.pack(0, 0x0100, 1, 0, 0, 0) + name + b"\0" + struct.pack("!HH", kind, _IN)


def answer(message: bytes, asked: bytes) -> Found | None:
    """Return the addresses that a message gives to a question, None where it says that they could not be found out.

    Raises `BadMessage`, whatever the bytes are.
    """
    kind = int.from_bytes(asked[-4:-2], "big")
    try:
        _, flags, questions, answers, _, _ = _HEADER.unpack_from(message)
        code = flags & 0x000F
        if not flags & 0x8000 or questions != 1:
            raise BadMessage("no answer")
        place = _HEADER.size
        if message[place : place + len(asked) - place].lower() != asked[place:].lower():
            raise BadMessage("another question")
        if code not in (_NO_ERROR, _NO_SUCH_NAME):
            return None
        place = len(asked)
        found, ttl_s = [], float("inf")
        for _ in range(answers):
            place = _behind_name(message, place)
            type_, class_, ttl, length = _RECORD.unpack_from(message, place)
            place += _RECORD.size
            data = message[place : place + length]
            if len(data) != length:
                raise BadMessage("cut off")
            place += length
            ttl_s = min(ttl_s, ttl)
            if type_ == kind and class_ == _IN and length == _LENGTHS[kind]:
                found.append(str(ipaddress.ip_address(data)))
    except (struct.error, IndexError):
        raise BadMessage("cut off") from None
    return Found(tuple(found), ttl_s if found else 0.0, exists=code != _NO_SUCH_NAME)


def _behind_name(message: bytes, place: int) -> int:
    """Return where what follows a name begins; a pointer ends it, and is not followed."""
    while True:
        length = message[place]
        if length >= 0xC0:
            return place + 2
        place += length + 1
        if not length:
            return place
