"""Which generation of each kind of answers counts: how a drop reaches every process; used by the shared cache.

A key of the cache holds the generation of its kind. A drop begins a new one under a fresh mark, so that no old answer
is found again, and publishes what it covers. Who missed the message sees another mark, on its next look or when it
connects anew, and then drops all of the kind that it holds itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import orjson
import structlog
from redis.exceptions import ResponseError

from server.model import Kind, Scope
from server.shared.link import Link
from server.shared.scripts import DROP
from server.shared.wire import Away, Command

_log = structlog.get_logger()

_MOST_PENDING = 100
_LONGEST = 64
_OF_ASSETS = frozenset({Kind.PRICE, Kind.CANDLES})
_OF_CHAINS = frozenset(
    {Kind.GAS, Kind.BLOCK, Kind.CHAIN, Kind.BALANCE, Kind.TRANSACTIONS, Kind.TRANSACTION, Kind.WHALES}
)
_KINDS = tuple(Kind)


class Generations:
    """The marks that this process knows. `dropped` is told what to drop from its own cache."""

    def __init__(self, link: Link, key: str, channel: str) -> None:
        self.key = key
        self.dropped: Callable[[Scope], object] = lambda _: None
        self.forgotten: Callable[[Scope], object] = lambda _: None
        """Told of the same before: of what waits to be written."""
        self._channel = channel
        self._link = link
        self._known: dict[Kind, str] = {}
        self._pending: list[Scope] = []
        self._lost: set[Kind] = set()

    def of(self, kind: Kind) -> str:
        """Return the mark of a kind, `0` before the first drop."""
        return self._known.get(kind, "0")

    def holds(self, kind: Kind, found: Any) -> bool:
        """Say whether the mark that was found for a kind is the known one; else it is taken over, and all dropped.

        Where the server lost it, the known one stands, and is written again with the next answer.
        """
        mark = _mark(found)
        if mark == self.of(kind):
            return True
        if mark == "0":
            self._lost.add(kind)
            return True
        self._known[kind] = mark
        self._drop(Scope(frozenset({kind})))
        return False

    def restored(self) -> list[Command]:
        """Return the commands that write what the server lost, unless others began anew; each once."""
        lost, self._lost = self._lost, set()
        return [("HSETNX", self.key, kind.value, self.of(kind)) for kind in sorted(lost)]

    async def sync(self) -> None:
        """Compare with the server on a new connection: what was dropped meanwhile is dropped here too.

        Where it lost its marks, this process's stand again; drops that nobody could be told of are told now.
        """
        (found,) = await self._link.behind.ask([("HMGET", self.key, *_names())])
        if not isinstance(found, list):
            await self._link.behind.ask([("DEL", self.key)])
            found = [None] * len(_KINDS)
        missed = set()
        for kind, each in zip(_KINDS, found, strict=True):
            mark = _mark(each)
            if mark == "0" and kind in self._known:
                self._lost.add(kind)
            elif mark != self.of(kind):
                self._known[kind] = mark
                missed.add(kind)
        if missed:
            self._drop(Scope(frozenset(missed)))
        if self._lost:
            await self._link.behind.ask(self.restored())
        await self._tell_all()

    async def drop(self, scope: Scope) -> bool:
        """Begin new generations of the kinds that a scope is of, and tell everyone; False when that has to wait."""
        if len(self._pending) >= _MOST_PENDING:
            self._pending[:] = [Scope()]
        else:
            self._pending.append(scope)
        if self._link.is_up:
            with suppress(Away):
                await self._tell_all()
        return not self._pending

    def hear(self, message: bytes) -> None:
        """Take in what another process dropped, or this one; what makes no sense is left alone."""
        try:
            mark, given, before = orjson.loads(message)
            kinds, assets, chains = given
            scope = Scope(frozenset(map(Kind, kinds)), frozenset(map(str, assets)), frozenset(map(str, chains)))
            moves = [(Kind(kind), _mark(old)) for kind, old in before]
            mark = _mark(mark)
        except (ValueError, TypeError):
            _log.warning("shared message refused", bytes=len(message))
            return
        news = [(kind, old) for kind, old in moves if mark != self.of(kind)]
        told = frozenset(kind for kind, old in news if old == self.of(kind))
        missed = frozenset(kind for kind, old in news if old != self.of(kind))
        self._known.update((kind, mark) for kind, _ in news)
        if told:
            self._drop(Scope(told, scope.assets, scope.chains))
        if missed:
            self._drop(Scope(missed))

    async def _tell_all(self) -> None:
        """Tell of the drops that wait; raises `Away`, and what was not told goes on waiting."""
        while self._pending and await self._told(scope := self._pending[0]):
            if scope in self._pending:
                self._pending.remove(scope)

    async def _told(self, scope: Scope) -> bool:
        """Tell of one drop; False when the server refuses that."""
        mark, kinds = secrets.token_hex(8), _kinds_of(scope)
        if not kinds:
            return True
        parts = orjson.dumps([sorted(each) for each in (scope.kinds, scope.assets, scope.chains)])
        (reply,) = await self._link.behind.ask([("EVAL", DROP, 1, self.key, mark, self._channel, parts, *kinds)])
        if isinstance(reply, ResponseError):
            _log.warning("drop not told", error=type(reply).__name__)
            return False
        for kind in kinds:
            self._known[Kind(kind)] = mark
        return True

    def _drop(self, scope: Scope) -> None:
        self.forgotten(scope)
        self.dropped(scope)


def _names() -> list[str]:
    return [kind.value for kind in _KINDS]


def _kinds_of(scope: Scope) -> Sequence[str]:
    """Return the kinds whose answers a scope may cover."""
    kinds = set(scope.kinds or _KINDS)
    if scope.assets:
        kinds &= _OF_ASSETS
    if scope.chains:
        kinds &= _OF_CHAINS
    return sorted(kind.value for kind in kinds)


def _mark(found: Any) -> str:
    """Return a mark as it is known, `0` for none; whatever else stands there is cut to what a key may hold."""
    if isinstance(found, bytes):
        found = found.decode("ascii", "replace")
    if not isinstance(found, str) or not found:
        return "0"
    return "".join(each for each in found[:_LONGEST] if each.isalnum()) or "0"
