"""What the on-chain providers share: capabilities typed by their query, which chains a source serves, text replies."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar, cast

from server.errors import BadAnswer
from server.model import (
    BalanceQuery,
    BlockQuery,
    ChainQuery,
    GasQuery,
    Query,
    TransactionQuery,
    TransactionsQuery,
    Value,
    WhalesQuery,
)
from server.providers.base import Build, Capability, Follow, Reply, Request, Serves, Source

ChainAsked = GasQuery | BlockQuery | ChainQuery | BalanceQuery | TransactionsQuery | TransactionQuery | WhalesQuery
"""The queries that are about one chain."""
Q = TypeVar("Q", bound=Query)

_HEIGHT = re.compile(rb"[0-9]{1,12}")
_HASH = re.compile(rb"[0-9a-f]{64}")


def on_chain(source: Source, query: Query) -> bool:
    """Say whether the source serves the query's chain."""
    return isinstance(query, ChainAsked) and query.chain.id in source.chains


def capability_of(
    asked: type[Q],
    build: Callable[[Source, Q], tuple[Request, ...]],
    parse: Callable[[Source, Q, tuple[Reply, ...]], Value | Follow],
    serves: Serves = on_chain,
) -> Capability:
    """Make the capability of functions that take their own class of query; the engine asks them nothing else."""

    def parse_due(source: Source, query: Query, replies: tuple[Reply, ...]) -> Value | Follow:
        try:
            return parse(source, cast("Q", query), replies)
        except BadAnswer as refused:
            if refused.reason == "unknown_asset" and not _may_be_missing(query):
                raise BadAnswer("error_body", refused.detail) from None
            raise

    return Capability(asked.kind, cast("Build", build), parse_due, serves)


def _may_be_missing(query: Query) -> bool:
    """Say whether a source may rightly not have what is asked; where it is due, a 404 is the source's failure."""
    if isinstance(query, BlockQuery):
        return query.block != "latest"
    return isinstance(query, BalanceQuery | TransactionsQuery | TransactionQuery)


def height_text(reply: Reply) -> int:
    """Return the height that a reply in plain text is."""
    return int(_text(reply, _HEIGHT, "a height"))


def hash_text(reply: Reply) -> str:
    """Return the block hash that a reply in plain text is."""
    return _text(reply, _HASH, "a block hash").decode("ascii")


def _text(reply: Reply, pattern: re.Pattern[bytes], expected: str) -> bytes:
    refuse_missing(reply)
    body = reply.body.strip()
    if not body:
        raise BadAnswer("empty", "the body is empty")
    if body.startswith(b"<"):
        raise BadAnswer("html", "the body is a page")
    if not pattern.fullmatch(body):
        raise BadAnswer("schema", f"not {expected}")
    return body


def refuse_missing(reply: Reply) -> None:
    """Raise BadAnswer for a status that says no: `unknown_asset` for 404, `error_body` for other errors.

    A page with status 404 says nothing of what was asked, but that the source has moved or hides: `html`.
    """
    if reply.status >= 400 and reply.body.lstrip().startswith(b"<"):
        raise BadAnswer("html", f"status {reply.status}")
    if reply.status == 404:
        raise BadAnswer("unknown_asset", "status 404")
    if reply.status >= 400:
        raise BadAnswer("error_body", f"status {reply.status}")
