"""Names over HTTPS: a real resolver on loopback, what is believed of it, and the system's when it does not answer."""

from __future__ import annotations

import asyncio
import base64
import socket
import struct
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from server.clock import VirtualClock
from server.fallback.dns_message import AAAA, A, BadMessage, Found, answer, question
from server.fallback.http import Transport, TransportFailure
from server.fallback.resolver import Resolver
from server.fallback.resolver import System as Machine
from server.model import Outcome
from server.providers.base import Request
from tests.fallback.proxies import origin


def message(asked: bytes, addresses: list[str], ttl: int = 300, code: int = 0, alias: bool = False) -> bytes:
    """Return a resolver's answer to a question."""
    family = {A: socket.AF_INET, AAAA: socket.AF_INET6}
    kind = int.from_bytes(asked[-4:-2], "big")
    records = [struct.pack("!HHHIH", 0xC00C, 5, 1, ttl, 6) + b"\x03www\xc0\x0c"] if alias else []
    for each in addresses:
        data = socket.inet_pton(family[kind], each)
        records.append(struct.pack("!HHHIH", 0xC00C, kind, 1, ttl, len(data)) + data)
    return struct.pack("!HHHHHH", 0, 0x8180 | code, 1, len(records), 0, 0) + asked[12:] + b"".join(records)


class Server:
    """A resolver over HTTPS. `names` holds its addresses by name; `fault` what it does instead of answering.

    A `fault` that is a number is the code that it answers with.
    """

    def __init__(self, names: dict[str, list[str]]) -> None:
        self.names = names
        self.fault = ""
        self.ttl = 300
        self.asked: list[tuple[str, int]] = []

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one question."""
        text = request.query["dns"]
        asked = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        assert "=" not in text
        assert request.headers["Accept"] == "application/dns-message"
        labels, place = [], 12
        while asked[place]:
            labels.append(asked[place + 1 : place + 1 + asked[place]].decode())
            place += asked[place] + 1
        name, kind = ".".join(labels), int.from_bytes(asked[-4:-2], "big")
        self.asked.append((name, kind))
        if self.fault == "hang":
            await asyncio.sleep(3600)
        if self.fault == "500":
            return web.Response(status=500)
        if self.fault == "html":
            return web.Response(text="<html>", content_type="text/html")
        if self.fault in ("2", "5"):
            return web.Response(body=message(asked, [], code=int(self.fault)), content_type="application/dns-message")
        known = self.names.get(name)
        found = [each for each in known or [] if (":" in each) == (kind == AAAA)]
        body = message(asked, found, self.ttl, code=3 if known is None else 0, alias=True)
        return web.Response(body=body, content_type="application/dns-message")


class System(AbstractResolver):
    """The system's resolver, as far as these tests need one."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        """Return one address that nobody else gives."""
        assert family in (socket.AF_INET, socket.AF_UNSPEC)
        self.asked.append(host)
        return [ResolveResult(hostname=host, host="9.9.9.9", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Hold nothing."""


@asynccontextmanager
async def resolving(*servers: Server) -> AsyncIterator[tuple[Resolver, System, VirtualClock]]:
    """Give a resolver that asks these servers over a real transport; its time is the test's own."""
    clock, system = VirtualClock(), System()
    async with origin(servers[0].handle) as one, origin(servers[-1].handle) as two:
        urls = [f"http://127.0.0.1:{port}/dns-query" for port in (one, two)[: len(servers)]]
        transport = Transport(doh=urls, monotonic=clock.monotonic)
        resolver = Resolver(transport._looked_up, urls, clock.monotonic, system)
        try:
            yield resolver, system, clock
        finally:
            await resolver.close()
            await transport.close()


async def hosts(resolver: Resolver, name: str, family: int = socket.AF_UNSPEC) -> list[str]:
    """Return the addresses that a name is resolved to."""
    return [each["host"] for each in await resolver.resolve(name, 443, socket.AddressFamily(family))]


async def test_both_families_are_asked_for_and_aliases_passed_over() -> None:
    """A name has the addresses of both, or of the one that is wanted."""
    server = Server({"source.example": ["8.8.8.8", "2606:4700::1"]})
    async with resolving(server) as (resolver, system, _):
        assert await hosts(resolver, "source.example") == ["8.8.8.8", "2606:4700::1"]
        assert await hosts(resolver, "source.example", socket.AF_INET) == ["8.8.8.8"]
        assert not system.asked


async def test_an_answer_is_kept_for_as_long_as_it_says_and_shared() -> None:
    """Fifty at once ask once; half a minute at least, an hour at most."""
    server = Server({"source.example": ["8.8.8.8"]})
    async with resolving(server) as (resolver, _, clock):
        await asyncio.gather(*(hosts(resolver, "source.example", socket.AF_INET) for _ in range(50)))
        for ttl, holds, ends in ((0, 299.0, 1.0), (10**6, 29.0, 1.0), (300, 3599.0, 1.0)):
            server.ttl = ttl  # of the answer after this one
            clock.advance(holds)
            before = len(server.asked)
            await hosts(resolver, "source.example", socket.AF_INET)
            assert len(server.asked) == before
            clock.advance(ends)
            await hosts(resolver, "source.example", socket.AF_INET)
            assert len(server.asked) == before + 1


async def test_a_name_that_does_not_exist_is_an_error_and_the_system_is_not_asked() -> None:
    """The resolver that the operators chose has answered."""
    async with resolving(Server({})) as (resolver, system, _):
        with pytest.raises(OSError, match="no such name"):
            await hosts(resolver, "gone.example")
        assert not system.asked


async def test_a_name_that_is_gone_for_a_moment_is_not_gone_for_as_long_as_its_alias_holds() -> None:
    """That there is no such name is kept for half a minute, whatever stands in front of the denial."""
    server = Server({})
    server.ttl = 3600
    async with resolving(server) as (resolver, _, clock):
        with pytest.raises(OSError, match="no such name"):
            await hosts(resolver, "source.example", socket.AF_INET)
        server.names["source.example"] = ["8.8.8.8"]
        clock.advance(29.0)
        with pytest.raises(OSError, match="no such name"):
            await hosts(resolver, "source.example", socket.AF_INET)
        clock.advance(1.0)
        assert await hosts(resolver, "source.example", socket.AF_INET) == ["8.8.8.8"]


@pytest.mark.parametrize("fault", ["500", "html", "hang"])
async def test_when_one_does_not_answer_the_next_does_then_the_system(fault: str) -> None:
    """One that fails is left alone for a while; that none answers is logged once, and once that one does again."""
    one, two = Server({}), Server({"source.example": ["8.8.8.8"]})
    one.fault = fault
    async with resolving(one, two) as (resolver, system, clock):
        assert await hosts(resolver, "source.example", socket.AF_INET) == ["8.8.8.8"]
        assert len(one.asked) == 1
        two.fault = "500"
        clock.advance(301.0)
        one.fault = "500"
        with capture_logs() as logs:
            assert await hosts(resolver, "source.example", socket.AF_INET) == ["9.9.9.9"]
            assert await hosts(resolver, "source.example", socket.AF_INET) == ["9.9.9.9"]
            assert (len(one.asked), len(two.asked)) == (2, 2)
            two.fault = ""
            clock.advance(121.0)
            assert await hosts(resolver, "source.example", socket.AF_INET) == ["8.8.8.8"]
        assert [each["event"] for each in logs] == ["name resolvers down", "name resolvers back"]
        assert len(system.asked) == 2


@pytest.mark.parametrize("code", ["2", "5"], ids=["SERVFAIL", "REFUSED"])
async def test_one_that_could_not_find_out_is_passed_over_for_the_next_and_asked_again(code: str) -> None:
    """It is no answer, and no failure of the resolver: what it cannot say of one name it may know of another."""
    one, two = Server({"other.example": ["8.8.4.4"]}), Server({"source.example": ["8.8.8.8"]})
    async with resolving(one, two) as (resolver, system, _):
        one.fault = code
        assert await hosts(resolver, "source.example", socket.AF_INET) == ["8.8.8.8"]
        one.fault = ""
        assert await hosts(resolver, "other.example", socket.AF_INET) == ["8.8.4.4"]
        assert not system.asked
        one.fault = two.fault = code
        with capture_logs() as logs:
            assert await hosts(resolver, "third.example", socket.AF_INET) == ["9.9.9.9"]
        assert not logs
        one.fault = two.fault = ""
        with pytest.raises(OSError, match="no such name"):
            await hosts(resolver, "third.example", socket.AF_INET)


@pytest.mark.parametrize("fault", ["", "2", "500"])
async def test_one_that_sends_a_name_into_the_private_network_is_passed_over_for_the_next(fault: str) -> None:
    """Its private answer is dropped; where the next one has no better the system is asked, for half a minute."""
    one, two = Server({"source.example": ["10.10.34.36"]}), Server({"source.example": ["8.8.8.8"]})
    one.ttl, two.fault = 3600, fault
    async with resolving(one, two) as (resolver, system, clock):
        expected = ["9.9.9.9"] if fault else ["8.8.8.8"]
        assert await hosts(resolver, "source.example", socket.AF_INET) == expected
        assert await hosts(resolver, "source.example", socket.AF_INET) == expected
        assert (len(one.asked), len(two.asked)) == (1, 1)
        two.fault = ""
        clock.advance(61.0)
        assert await hosts(resolver, "source.example", socket.AF_INET) == ["8.8.8.8"]
        assert len(system.asked) == (2 if fault else 0)


async def test_private_answers_are_not_believed_and_own_names_not_given_away() -> None:
    """A resolver that sends a public name into the private network is passed over; `localhost` never leaves."""
    server = Server({"source.example": ["10.0.0.1", "127.0.0.1"], "mixed.example": ["10.0.0.1", "8.8.4.4"]})
    async with resolving(server) as (resolver, _, _):
        assert await hosts(resolver, "source.example") == ["9.9.9.9"]
        assert await hosts(resolver, "mixed.example") == ["8.8.4.4"]
        asked = len(server.asked)
        for name in ("localhost", "printer.local", "db.internal", "db.internal.", "nas.lan", "simple", "127.1"):
            assert await hosts(resolver, name) == ["9.9.9.9"]
        assert len(server.asked) == asked


async def test_the_transport_connects_where_the_resolver_says_and_never_to_a_private_address() -> None:
    """An address that a name is rebound to is refused at the connection, and the server behind it sees nothing."""
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.host)
        return web.Response()

    server = Server({"source.example": ["127.0.0.1"]})
    async with origin(handler) as port, origin(server.handle) as resolver:
        doh = [f"http://127.0.0.1:{resolver}/dns-query"]
        stranger, local = Transport(doh=doh), Transport(doh=doh, local=[f"http://127.0.0.1:{port}"])
        for transport in (stranger, local):
            assert transport._resolver is not None
            transport._resolver._system = Rebound()  # the system's is bound to loopback as well
        with pytest.raises(TransportFailure) as caught:
            await stranger.fetch(f"http://source.example:{port}", Request("/"), timeout_s=10)
        assert caught.value.outcome is Outcome.REFUSED
        assert not seen
        with pytest.raises(TransportFailure):  # the resolver's own port is open to lookups alone
            await stranger.fetch(f"http://source.example:{resolver}", Request("/"), timeout_s=10)
        assert (await local.fetch(f"http://source.example:{port}", Request("/"), timeout_s=10)).status == 200
        assert len(server.asked) == 4
        with pytest.raises(TransportFailure) as caught:
            await local.fetch("http://gone.example", Request("/"), timeout_s=10)
        assert caught.value.outcome is Outcome.DNS
        await stranger.close()
        await local.close()


async def test_names_that_hang_do_not_keep_others_from_being_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver holds a thread for each of them, long after the call that wanted it is over."""
    free, real = threading.Event(), socket.getaddrinfo

    def slow(host: Any, *args: Any, **parts: Any) -> Any:
        if str(host).startswith("hung"):
            free.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, *args, **parts)

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(text="well")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    async with origin(handler) as port:
        transport = Transport(local=[f"http://127.0.0.1:{port}"])
        try:
            for number in range(40):
                with pytest.raises(TransportFailure):
                    await transport.fetch(f"https://hung{number}.example", Request("/"), timeout_s=0.01)
            reply = await transport.fetch(f"http://localhost:{port}", Request("/"), timeout_s=10.0)
            assert reply.body == b"well"
        finally:
            free.set()
            await transport.close()


async def test_the_system_is_asked_for_a_name_once_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that want it meanwhile share the answer, and one that goes away takes it from nobody."""
    begun, free, asked = threading.Event(), threading.Event(), []

    def slow(host: str, *_: object, **__: object) -> Any:
        asked.append(host)
        begun.set()
        free.wait()
        return [(socket.AF_INET, 1, 6, "", ("8.8.8.8", 0)), (socket.AF_INET6, 1, 6, "", ("fe80::1", 0, 0, 2))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    machine = Machine()
    first, *others = (asyncio.create_task(machine.resolve("source.example", port)) for port in (1, 2, 3))
    await asyncio.to_thread(begun.wait)
    first.cancel()
    await asyncio.wait([first])
    free.set()
    found = await asyncio.gather(*others)
    await machine.close()
    assert [[(each["host"], each["port"]) for each in one] for one in found] == [
        [("8.8.8.8", port), ("fe80::1%2", port)] for port in (2, 3)
    ]
    assert asked == ["source.example"]


class Rebound(System):
    """A system's resolver whose every name stands for loopback."""

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        """Return loopback."""
        results = await super().resolve(host, port, family)
        return [ResolveResult(**{**result, "host": "127.0.0.1"}) for result in results]  # type: ignore[typeddict-item]  # a copy


def test_a_question_and_its_answer() -> None:
    """A name of several labels and one beyond ASCII are asked for; what cannot be a host's name is not."""
    asked = question("bücher.example", A)
    assert b"\x0fxn--bcher-kva" not in asked
    assert b"\x0dxn--bcher-kva\x07example\x00" in asked
    assert answer(message(asked, ["8.8.8.8"], 60), asked) == Found(("8.8.8.8",), 60.0)
    assert answer(message(asked, [], code=3), asked) == Found((), 0.0, exists=False)
    assert answer(message(asked, []), asked) == Found((), 0.0)
    assert answer(message(asked, [], code=2), asked) is None
    for name in ("a..b", "x" * 64 + ".example", ".".join(["abcdefgh"] * 40)):
        with pytest.raises(BadMessage):
            question(name, A)
    with pytest.raises(BadMessage):
        answer(message(question("other.example", A), ["8.8.8.8"]), asked)


ASKED = question("source.example", AAAA)
GOOD = message(ASKED, ["2606:4700::1", "::1"], alias=True)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=8), st.integers(0, len(GOOD)))
def test_no_bytes_raise_anything_but_a_bad_message(changes: list[tuple[int, int]], length: int) -> None:
    """A message that is cut off, or changed anywhere, gives addresses or is refused."""
    bent = bytearray(GOOD)
    for place, value in changes:
        bent[place] = value
    try:
        found = answer(bytes(bent[:length]), ASKED)
    except BadMessage:
        return
    assert found is None or all(socket.inet_pton(socket.AF_INET6, address) for address in found.addresses)
