"""Malformed requests to every method: whatever is asked, the answer is never INTERNAL and never UNKNOWN."""

from __future__ import annotations

import random
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor

from tests.rpc.serving import pairs
from tests.services.serving import METHODS, Nerkh

PER_METHOD = 60
CODES = {
    "OK",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "FAILED_PRECONDITION",
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "OUT_OF_RANGE",
}
TEXTS = (
    "", " ", "BTC", "ethereum", "bitcoin", "1h", "7h", "USD", "\x00", "\n", "é" * 500, "a" * 5000, "'; DROP TABLE x;--",
    "../../etc/passwd", "%00", "NaN", "-1", "1e400", "9" * 40, "0x" + "0" * 40, "0x" + "f" * 64, "latest", "\ud7ff",
    "2026-01-01", "AAAA", "price", "binance", "\U0001f680" * 20, "\u202e", "en", "-", "0", "18446744073709551616",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 3, 99, 2**31 - 1, -(2**31))


def value(field: FieldDescriptor, chance: random.Random) -> Any:
    """Return some value of a field's type, seldom a sensible one."""
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        made = message_factory.GetMessageClass(field.message_type)()
        made.seconds = chance.choice((*NUMBERS, 2**62, -(2**62), 1_750_000_000))
        made.nanos = chance.choice((0, 5, -1, 2**31 - 1))
        return made
    return chance.choice(TEXTS if field.type == FieldDescriptor.TYPE_STRING else NUMBERS)


def request(name: str, chance: random.Random) -> bytes:
    """Return the bytes of a request: random ones, a strange message, or a strange message with a broken byte."""
    kind = chance.random()
    if kind < 0.2:
        return chance.randbytes(chance.randrange(60))
    made = message_factory.GetMessageClass(METHODS[name].input_type)()
    for field in made.DESCRIPTOR.fields:
        if chance.random() < 0.3:
            continue
        some = value(field, chance)
        if field.is_repeated:
            getattr(made, field.name).extend([some] * chance.choice((1, 2, 400)))
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            getattr(made, field.name).CopyFrom(some)
        else:
            setattr(made, field.name, some)
    data = bytearray(made.SerializeToString())
    if kind > 0.8 and data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if not method.server_streaming])
def test_no_request_breaks_the_service(nerkh: Nerkh, name: str) -> None:
    """Each gets an answer or a refusal of the contract's table, with its details."""
    chance = random.Random(name)  # noqa: S311 -- a seed, nothing secret
    for _ in range(PER_METHOD):
        data = request(name, chance)
        code, trailing = answer(nerkh, name, data)
        assert code in CODES, data
        assert code == "OK" or trailing["grpc-status-details-bin"]


def answer(nerkh: Nerkh, name: str, data: bytes) -> tuple[str, dict[str, Any]]:
    """Return the code of an answer and its trailing metadata."""
    try:
        nerkh.raw(name, data)
    except grpc.RpcError as error:
        return error.code().name, pairs(error.trailing_metadata())
    return "OK", {}
