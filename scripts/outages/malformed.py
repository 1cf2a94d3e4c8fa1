"""Malformed requests over every RPC and path: none may end as INTERNAL or UNKNOWN, or break the error shape."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import grpc
from google.api import annotations_pb2
from google.protobuf import descriptor as d
from google.protobuf import message, message_factory

FILES = ("market", "news", "sentiment", "onchain", "history", "monitoring")
FORBIDDEN = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}
TEXTS = (
    "", " ", "BTC", "btc", "bitcoin", "ethereum", "USD", "1h", "nope", "\0", "\u202e", "💥" * 50, "a" * 5000, "../..",
    "%00", "'; DROP TABLE x; --", "{}", "[]", "null", "NaN", "inf", "-1", "1e400", "0x", "0x" + "f" * 64,
    "0x" + "0" * 40,
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "eip155:1/slip44:60",
    "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "latest", "١٢٣", "İ", "\ud7ff", "a/b", "a?b=c", "a#b",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 7, 100, 251, 1000, -(2**31), 2**31 - 1)
SCALARS: dict[int, tuple[Any, ...]] = {
    d.FieldDescriptor.TYPE_STRING: TEXTS,
    d.FieldDescriptor.TYPE_ENUM: (0, 1, 2, 3, 99, -1),
    d.FieldDescriptor.TYPE_INT64: (0, 1, -1, 253402300800, -62135596801, 2**63 - 1, -(2**63), 10**12),
    d.FieldDescriptor.TYPE_UINT32: (0, 1, 250, 2**32 - 1),
    d.FieldDescriptor.TYPE_UINT64: (0, 1, 2**64 - 1),
    d.FieldDescriptor.TYPE_BOOL: (False, True),
    d.FieldDescriptor.TYPE_DOUBLE: (0.0, -1.0, float("nan"), float("inf"), 1e300),
}


@dataclass(slots=True)
class Verdict:
    """How the requests ended: by status, and those that broke a promise."""

    statuses: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def methods() -> list[d.MethodDescriptor]:
    """Return every method of the public contract."""
    import importlib

    found = []
    for name in FILES:
        module = importlib.import_module(f"nerkh.v1.{name}_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            found += list(service.methods)
    return found


def filled(chance: random.Random, kind: d.Descriptor, depth: int = 0) -> message.Message:
    """Return a request whose fields hold what a hostile or careless caller would send."""
    made: Any = message_factory.GetMessageClass(kind)()
    for part in kind.fields:
        if chance.random() < 0.4:
            continue
        count = chance.choice((1, 1, 2, 40)) if part.is_repeated else 1
        values = [_value(chance, part, depth) for _ in range(count)]
        if part.message_type:
            for value in values:
                target = getattr(made, part.name)
                (target.add() if part.is_repeated else target).MergeFrom(value)
        elif part.is_repeated:
            getattr(made, part.name).extend(values)
        else:
            setattr(made, part.name, values[0])
    return made


def _value(chance: random.Random, part: d.FieldDescriptor, depth: int) -> Any:
    if part.message_type:
        kind = message_factory.GetMessageClass(part.message_type)
        return filled(chance, part.message_type, depth + 1) if depth < 3 else kind()
    if part.type == d.FieldDescriptor.TYPE_BYTES:
        return chance.randbytes(chance.randrange(40))
    return chance.choice(SCALARS.get(part.type, NUMBERS))


def payload(chance: random.Random, method: d.MethodDescriptor) -> bytes:
    """Return a request's bytes: filled, cut short, with bytes flipped, or plain noise."""
    ready = filled(chance, method.input_type).SerializeToString()
    way = chance.random()
    if way < 0.5 or not ready:
        return ready if way < 0.4 else chance.randbytes(chance.randrange(200))
    if way < 0.7:
        return ready[: chance.randrange(len(ready))]
    if way < 0.9:
        broken = bytearray(ready)
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        return bytes(broken)
    return chance.randbytes(chance.randrange(200)) if way < 0.995 else b"\x0a\xff\xff\x7f" + b"A" * 200_000


async def over_grpc(target: str, count: int, seed: int, verdict: Verdict) -> None:
    """Send `count` malformed requests over all RPCs, sixteen at a time."""
    chance = random.Random(seed)
    table = methods()
    async with grpc.aio.insecure_channel(target, options=[("grpc.enable_retries", 0)]) as channel:
        work = [(table[number % len(table)], payload(chance, table[number % len(table)])) for number in range(count)]

        async def caller(number: int) -> None:
            for method, body in work[number::16]:
                await _call(channel, method, body, verdict)

        await asyncio.gather(*(caller(number) for number in range(16)))


async def _call(channel: grpc.aio.Channel, method: d.MethodDescriptor, body: bytes, verdict: Verdict) -> None:
    path = f"/{method.containing_service.full_name}/{method.name}"
    try:
        if method.server_streaming:
            stream = channel.unary_stream(path)(body, timeout=10)
            await stream.read()
            stream.cancel()
        else:
            await channel.unary_unary(path)(body, timeout=10)
        verdict.statuses["grpc OK"] += 1
    except grpc.aio.AioRpcError as error:
        verdict.statuses[f"grpc {error.code().name}"] += 1
        if error.code() in FORBIDDEN:
            verdict.broken.append(f"{path} {body[:80]!r}: {error.code().name} {error.details()}")


def paths() -> list[str]:
    """Return the HTTP path patterns of the contract."""
    rules = (method.GetOptions().Extensions[annotations_pb2.http] for method in methods())
    return sorted({rule.get or rule.post for rule in rules} - {""})


def address(chance: random.Random, pattern: str) -> str:
    """Return a path of a pattern with hostile parts and parameters, sometimes broken as a whole."""
    import re

    path = re.sub(r"\{[^}]*\}", lambda _: quote(chance.choice(TEXTS), safe="") or "x", pattern)
    names = ("asset", "assets", "quote", "pageSize", "page_size", "pageToken", "interval", "startTime", "view", "limit")
    pairs = [
        f"{chance.choice((*names, 'nope', '%ff', 'a[b]'))}={quote(chance.choice(TEXTS), safe='')}"
        for _ in range(chance.randrange(4))
    ]
    if chance.random() < 0.2:
        pairs.append(chance.choice(("x=%zz", "quote=%ff%fe", "=", "&&&", "quote=USD&quote=EUR", "asset=ETH")))
    path += "?" + "&".join(pairs) if pairs else ""
    if chance.random() < 0.1:
        path = chance.choice(("/" + path, path + "/", path.replace("v1", "v9"), path[:-2], path + "%", path + "\x7f"))
    return path.replace(" ", "%20").replace("\r", "").replace("\n", "")


async def over_http(host: str, port: int, count: int, seed: int, verdict: Verdict) -> None:
    """Send `count` malformed HTTP requests over all paths, eight at a time, each on a connection of its own."""
    chance = random.Random(seed)
    patterns = paths()
    work = [address(chance, patterns[number % len(patterns)]) for number in range(count)]

    async def caller(number: int) -> None:
        for path in work[number::8]:
            await _get(host, port, path, verdict)

    await asyncio.gather(*(caller(number) for number in range(8)))


async def _get(host: str, port: int, path: str, verdict: Verdict) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode("utf-8", "surrogatepass"))
        raw = b""
        async with asyncio.timeout(15):
            while b"\r\n\r\n" not in raw and (part := await reader.read(65536)):
                raw += part
            stream = ":stream" in path and b" 200 " in raw[:16]
            while not stream and (part := await reader.read(65536)):
                raw += part
    except (TimeoutError, ConnectionError) as error:
        verdict.broken.append(f"GET {path}: {type(error).__name__}")
        return
    finally:
        writer.close()
    status = raw[9:12].decode("latin-1")
    verdict.statuses[f"http {status}"] += 1
    body = raw.partition(b"\r\n\r\n")[2]
    if status in ("500", "501", "502") or (status != "200" and not _is_error(raw, body)):
        verdict.broken.append(f"GET {path}: {status} {body[:200]!r}")


def _is_error(raw: bytes, body: bytes) -> bool:
    """Tell whether a body is in the one JSON error shape (Envoy's codec answers what is not HTTP with a bare 400)."""
    if raw.startswith(b"HTTP/1.1 400") and not body:
        return True
    if b"transfer-encoding: chunked" in raw.partition(b"\r\n\r\n")[0].lower():
        body = body.partition(b"\r\n")[2].rpartition(b"\r\n0\r\n")[0]
    try:
        parsed = json.loads(body)
    except ValueError:
        return False
    return isinstance(parsed, dict) and {"code", "message", "details"} <= parsed.keys()
