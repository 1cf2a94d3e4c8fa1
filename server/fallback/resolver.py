"""Looks up sources' names: at the system, or over HTTPS (RFC 8484) at the resolvers that operators named.

Used by the transport. When none of those answers the system's own resolver is asked. What they say is believed as
little as any resolver: the guard looks at the address that is connected to.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from aiohttp.abc import AbstractResolver, ResolveResult

from server.fallback.dns_message import AAAA, A, BadMessage, Found, answer, question
from server.fallback.egress import Policy, Quarantine
from server.fallback.private import is_private, literal
from server.fallback.transport_failure import TransportFailure

_log = structlog.get_logger()

_SHORTEST_S = 30.0
_LONGEST_S = 3600.0
_MOST_NAMES = 5000
_MOST_THREADS = 64
_POLICY = Policy()
_OWN = (".local", ".localhost", ".internal", ".home.arpa", ".lan")
_KINDS = {socket.AF_INET: (A,), socket.AF_INET6: (AAAA,)}

Asking = Callable[[str, str], Awaitable[bytes]]
"""Sends a question, in base64url, to a resolver's address; raises `TransportFailure`."""


class System(AbstractResolver):
    """The resolver of the machine, asked in threads of its own: a name whose authority hangs holds one for long."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_MOST_THREADS, "names")
        self._under_way: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return where a host stands; raises `OSError`. One lookup of a name is under way at a time."""
        own = (host, family)
        looking = self._under_way.get(own)
        if looking is None:
            loop = asyncio.get_running_loop()
            looking = self._under_way[own] = loop.run_in_executor(self._threads, _looked_up, host, family)
            looking.add_done_callback(lambda ended: self._ended(own, ended))
        return [_result(host, address, port) for address in await asyncio.shield(looking)]

    async def close(self) -> None:
        """Begin no more lookups; a thread that hangs in one ends with it."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ended(self, own: tuple[str, int], looking: asyncio.Future[list[str]]) -> None:
        """Take in that a lookup is over, also one that nobody waits for any more."""
        del self._under_way[own]
        if not looking.cancelled():
            looking.exception()


class Resolver(AbstractResolver):
    """Answers from its cache, from a resolver over HTTPS, or from the system."""

    def __init__(
        self,
        asking: Asking,
        urls: Sequence[str],
        monotonic: Callable[[], float],
        system: AbstractResolver,
    ) -> None:
        self._asking = asking
        self._servers = {url: Quarantine() for url in urls}
        self._monotonic = monotonic
        self._system = system
        self._known: OrderedDict[tuple[str, int], tuple[float, Found]] = OrderedDict()
        self._under_way: dict[tuple[str, int], asyncio.Task[Found | None]] = {}
        self._is_down = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return where a host stands; raises `OSError` for a name that does not exist."""
        if "." not in host.rstrip(".") or host.rstrip(".").endswith(_OWN) or literal(host) is not None:
            return await self._system.resolve(host, port, family)
        kinds = _KINDS.get(family, (A, AAAA))
        founds = await asyncio.gather(*(self._found(host, kind) for kind in kinds))
        if all(found is not None and not found.exists for found in founds):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        addresses = [address for found in founds if found is not None for address in found.addresses]
        if not addresses:
            return await self._system.resolve(host, port, family)
        return [_result(host, address, port) for address in addresses]

    async def close(self) -> None:
        """End lookups under way."""
        for task in list(self._under_way.values()):
            task.cancel()

    async def _found(self, host: str, kind: int) -> Found | None:
        """Return what is known of a name while it holds, else ask; equal lookups share one."""
        own = (host, kind)
        known = self._known.get(own)
        if known is not None and self._monotonic() < known[0]:
            return known[1]
        task = self._under_way.get(own)
        if task is None:
            task = self._under_way[own] = asyncio.create_task(self._ask(host, kind))
            task.add_done_callback(lambda _: self._under_way.pop(own, None))
        return await asyncio.shield(task)

    async def _ask(self, host: str, kind: int) -> Found | None:
        """Ask one resolver after another for public addresses; None when none gives an answer.

        One that gives private addresses alone for a name of the public internet filters, or lies, and one may be unable
        to find out: the next is asked then, and nothing is held against it, for it may know other names.
        """
        try:
            asked = question(host, kind)
        except BadMessage:
            return None
        text = base64.urlsafe_b64encode(asked).rstrip(b"=").decode()
        known, is_down = None, True
        for url, quarantine in self._servers.items():
            if self._monotonic() < quarantine.until:
                continue
            try:
                found = answer(await self._asking(url, text), asked)
            except (TransportFailure, BadMessage):
                quarantine.strike(self._monotonic(), _POLICY)
                continue
            quarantine.clear()
            is_down = False
            if found is None:
                continue
            known = _public(found)
            if known.addresses or not found.addresses:
                break
        if known is not None:
            self._keep((host, kind), known)
        self._say(down=is_down)
        return known

    def _keep(self, own: tuple[str, int], found: Found) -> None:
        """Remember an answer for as long as it says, within bounds."""
        span = min(max(found.ttl_s, _SHORTEST_S), _LONGEST_S)
        self._known[own] = (self._monotonic() + span, found)
        self._known.move_to_end(own)
        if len(self._known) > _MOST_NAMES:
            self._known.popitem(last=False)

    def _say(self, *, down: bool) -> None:
        """Log once that no resolver answers, and once that one does again."""
        if down and not self._is_down:
            _log.warning("name resolvers down", resolvers=len(self._servers))
        elif self._is_down and not down:
            _log.info("name resolvers back", resolvers=len(self._servers))
        self._is_down = down


def _looked_up(host: str, family: int) -> list[str]:
    """Return the addresses that the machine gives to a name, a link-local one with its link."""
    found = socket.getaddrinfo(host, None, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [f"{at[0]}%{at[3]}" if len(at) > 2 and at[3] else str(at[0]) for *_, at in found]


def _public(found: Found) -> Found:
    """Return what is left of an answer without its private addresses; that none is left holds for no time."""
    public = tuple(each for each in found.addresses if not is_private(ipaddress.ip_address(each)))
    return Found(public, found.ttl_s if public else 0.0, found.exists)


def _result(host: str, address: str, port: int) -> ResolveResult:
    """Return an address in the form that the transport's library wants."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
