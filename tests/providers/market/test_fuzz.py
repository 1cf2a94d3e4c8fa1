"""Whatever the bytes are, a market provider's readers and parsers give a value or refuse; nothing else escapes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.assets import registry
from server.errors import BadAnswer
from server.model import (
    AssetsQuery,
    CandlesQuery,
    FearGreedQuery,
    OverviewQuery,
    PriceQuery,
    PricesQuery,
    Query,
    TrendingQuery,
    interval_of,
)
from server.providers import binance, coinbase, coingecko, coinlore, coinmarketcap, coinpaprika, geckoterminal, kraken
from server.providers.base import Provider, Reply

PROVIDERS = {
    module.PROVIDER.name: module.PROVIDER
    for module in (binance, coinbase, kraken, coingecko, coinpaprika, coinlore, coinmarketcap, geckoterminal)
}
EXAMPLES = Path(__file__).parents[1] / "examples"
RECORDED = os.environ.get("NERKH_FIXTURES")
STATUSES = (200, 400, 404, 422)
REASONS = {
    "html",
    "not_json",
    "schema",
    "out_of_bounds",
    "empty",
    "error_body",
    "unknown_asset",
    "throttled",
    "wrong_asset",
    "key_rejected",
}
HOSTILE: tuple[bytes, ...] = (
    b"",
    b" ",
    b"null",
    b"true",
    b"0",
    b'""',
    b"[]",
    b"{}",
    b"[[]]",
    b"[{}]",
    b'{"data": null}',
    b'{"result": {}}',
    b'{"error": []}',
    b'{"error": {"a": {}}}',
    b"<html><body>Just a moment...</body></html>",
    b"Too many requests",
    b"[" * 10_000,
    b"[" * 900 + b"]" * 900,
    b'{"error":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"status":{"error_code":' + b"[" * 900 + b"]" * 900 + b"}}",
    b"NaN",
    b"1e999999",
    '{"symbol": "BTCUSDT"}'.encode("utf-16"),
    b"\xff\xfe\x00",
    b'{"a": 1}' * 2,
    b'[{"id": "bitcoin", "symbol": "btc", "current_price": 1e999999}]',
)
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    "",
    "NaN",
    "1e999999",
    "-0",
    10**100,
    1e308,
    [],
    {},
    [[]],
    {"": {}},
    "\ud800\x00",
    "x" * 20_000,
    "2025-11-20T12:00:00Z",
    "99999999999999999999",
)


@cache
def queries(name: str) -> tuple[Query, ...]:
    """Return queries that a provider serves, one of each kind or more."""
    provider = PROVIDERS[name]
    assets = [registry().asset(text) for text in ("bitcoin", "ethereum")]
    intervals = [found for token in ("1h", "4h", "1d") if (found := interval_of(token)) is not None]
    every: tuple[Query, ...] = (
        *(PriceQuery(asset, quote) for asset in assets for quote in ("USD", "EUR")),
        *(CandlesQuery(asset, interval, limit=2) for asset in assets for interval in intervals),
        PricesQuery(),
        AssetsQuery(),
        OverviewQuery(),
        TrendingQuery(),
        FearGreedQuery(),
        FearGreedQuery(5),
    )
    source = provider.sources[0]
    served = []
    for query in every:
        capability = provider.capability(query.kind)
        if capability is not None and capability.serves(source, query):
            served.append(query)
    return tuple(served)


def tried(provider: Provider, replies: tuple[Reply, ...]) -> None:
    """Give replies to every parser and reader of a provider, and fail on anything but a value or a refusal."""
    reasons = set()
    for query in queries(provider.name):
        capability = provider.capability(query.kind)
        assert capability is not None
        try:
            capability.parse(provider.sources[0], query, replies)
        except BadAnswer as refused:
            reasons.add(refused.reason)
    for recorded in provider.recorded:
        for reply in replies:
            try:
                recorded.reader(reply)
            except BadAnswer as refused:
                reasons.add(refused.reason)
    assert reasons <= REASONS


def bodies(name: str) -> Iterator[bytes]:
    """Yield a provider's examples, and its recorded answers where there are any."""
    for path in sorted((EXAMPLES / name).glob("*.json")):
        yield path.read_bytes()
    if RECORDED:
        for kind in PROVIDERS[name].recorded_as:
            for path in sorted((Path(RECORDED) / kind).glob("*.json")):
                yield path.read_bytes()


@pytest.mark.parametrize("name", PROVIDERS)
def test_served(name: str) -> None:
    """Every capability of a provider is reached by the queries of this test."""
    kinds = {query.kind for query in queries(name)}
    assert kinds == {capability.kind for capability in PROVIDERS[name].capabilities}


@pytest.mark.parametrize("name", PROVIDERS)
def test_hostile_bodies(name: str) -> None:
    """Pages, halves, wrong shapes, deep nests and absurd numbers are refused or read, with any status."""
    for body in HOSTILE:
        for status in STATUSES:
            tried(PROVIDERS[name], (Reply(status, body), Reply(status, body)))
    tried(PROVIDERS[name], ())


@pytest.mark.parametrize("name", PROVIDERS)
def test_truncated_bodies(name: str) -> None:
    """An answer cut anywhere is refused or read."""
    for body in bodies(name):
        for cut in {1, len(body) // 3, len(body) // 2, len(body) - 2}:
            reply = Reply(200, body[:cut])
            tried(PROVIDERS[name], (reply, reply))


@pytest.mark.parametrize("name", PROVIDERS)
def test_answers_of_others(name: str) -> None:
    """Another provider's answers, or answers to another question, are refused or read."""
    for other in PROVIDERS:
        for body in bodies(other):
            tried(PROVIDERS[name], (Reply(200, body), Reply(404, body)))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every part of a JSON value, at most three members of an array."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for key, part in members:
        yield from places(part, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], part: Any) -> Any:
    """Return a JSON value with the part at a path replaced."""
    if not path:
        return part
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], part)
    return copy


@cache
def mutable(name: str) -> tuple[tuple[Any, tuple[tuple[Any, ...], ...]], ...]:
    """Return a provider's examples with the places where they can be changed."""
    values = [json.loads(path.read_bytes()) for path in sorted((EXAMPLES / name).glob("*.json"))]
    return tuple((value, tuple(places(value))) for value in values)


@pytest.mark.parametrize("name", PROVIDERS)
@settings(max_examples=60)
@given(data=st.data())
def test_mutated_answers(name: str, data: st.DataObject) -> None:
    """An answer with any part of it replaced by something odd is refused or read."""
    value, paths = data.draw(st.sampled_from(mutable(name)))
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(paths))
        try:
            value = replaced(value, path, data.draw(st.sampled_from(ODD)))
        except (KeyError, IndexError, TypeError):
            continue
    reply = Reply(data.draw(st.sampled_from(STATUSES)), json.dumps(value).encode())
    tried(PROVIDERS[name], (reply, reply))


@pytest.mark.parametrize("name", PROVIDERS)
@settings(max_examples=20)
@given(data=st.data())
def test_flipped_bytes(name: str, data: st.DataObject) -> None:
    """An answer with bytes changed is refused or read."""
    body = bytearray(data.draw(st.sampled_from(list(bodies(name))))[:20_000])
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    reply = Reply(200, bytes(body))
    tried(PROVIDERS[name], (reply, reply))


@pytest.mark.parametrize("name", PROVIDERS)
def test_examples_are_read(name: str) -> None:
    """Each of a provider's own examples is understood by one of its readers at least."""
    for path in sorted((EXAMPLES / name).glob("*.json")):
        read = 0
        for recorded in PROVIDERS[name].recorded:
            try:
                recorded.reader(Reply(200, path.read_bytes()))
                read += 1
            except BadAnswer:
                continue
        assert read, path.name


@pytest.mark.parametrize("name", PROVIDERS)
def test_readers_have_paths(name: str) -> None:
    """Every request that a provider makes has a reader for its recorded answer, whatever the base URL's prefix."""
    provider = PROVIDERS[name]
    source = provider.sources[0]
    prefix = "/" + source.base_url.split("/", 3)[3] if source.base_url.count("/") > 2 else ""
    for query in queries(name):
        capability = provider.capability(query.kind)
        assert capability is not None
        for request in capability.build(source, query):
            assert any(re.fullmatch(recorded.path, prefix + request.path) for recorded in provider.recorded)
