"""The simulated proxies as a client meets them, over real connections."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import aiohttp
import pytest

from server.simulator.proxies import KINDS, PASSWORD, USER, Proxies
from tests.simulator.conftest import Running, Start

PING = "/api/v3/ping"


@pytest.fixture
async def run(start: Start) -> Running:
    """Give a simulator of two sources."""
    return await start("binance", "kraken")


@pytest.fixture
async def proxies(run: Running) -> AsyncIterator[Proxies]:
    """Give its proxies."""
    made = Proxies(run.simulator, "127.0.0.1")
    await made.open()
    yield made
    await made.close()


async def by(run: Running, proxies: Proxies, name: str, url: str = "", **how: object) -> tuple[int, str, bytes]:
    """Ask by an HTTP proxy; return status, type and body."""
    target = url or run.simulator.url("binance") + PING
    async with run.client.get(target, proxy=proxies.shown()[name]["url"], **how) as response:  # type: ignore[arg-type]  # passed through
        return response.status, response.content_type, await response.read()


async def test_a_good_proxy_passes_on_and_is_named_in_the_record(run: Running, proxies: Proxies) -> None:
    """By loopback address or by a real host's name, it comes to the stand-in, which knows by which proxy."""
    assert await by(run, proxies, "http_good") == (200, "application/json", b"{}")
    assert (await by(run, proxies, "http_good", f"http://api.binance.com{PING}?a=b"))[0] == 200
    last = run.simulator.requests[-1]
    assert (last.source, last.path, last.query, last.egress) == ("binance", PING, {"a": "b"}, "http_good")
    await run.get("binance", PING)
    assert run.simulator.requests[-1].egress == "direct"
    assert not run.simulator.egresses


async def test_a_body_goes_through(run: Running, proxies: Proxies) -> None:
    """A POST keeps its body."""
    target = run.simulator.url("kraken") + "/0/public/Time"
    async with run.client.post(target, data=b"x" * 200_000, proxy=proxies.shown()["http_good"]["url"]) as response:
        assert response.status == 200


def credentials(password: str) -> dict[str, str]:
    """Return the header that gives a proxy the user and a password."""
    return {"Proxy-Authorization": "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()}


async def test_a_keyed_proxy_wants_its_credentials(run: Running, proxies: Proxies) -> None:
    """Without them, and with wrong ones, it answers 407."""
    assert (await by(run, proxies, "http_keyed"))[0] == 407
    assert (await by(run, proxies, "http_keyed", headers=credentials("wrong")))[0] == 407
    assert (await by(run, proxies, "http_keyed", headers=credentials(PASSWORD)))[0] == 200


async def test_bad_proxies_hang_reset_and_lie(run: Running, proxies: Proxies) -> None:
    """Each is bad in its own way, and the source is never asked."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await by(run, proxies, "http_hangs")
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await by(run, proxies, "http_resets")
    status, kind, body = await by(run, proxies, "http_lies")
    assert (status, kind) == (200, "text/html")
    assert b"attention" in body
    assert not run.simulator.requests


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://10.0.0.1/", "http://example.org/", "http://[::1]:80/"])
async def test_a_proxy_leads_to_stand_ins_alone(run: Running, proxies: Proxies, url: str) -> None:
    """It is no way out of the simulated world."""
    assert (await by(run, proxies, "http_good", url))[0] == 403


async def test_a_region_answers_those_who_come_by_a_proxy(run: Running, proxies: Proxies) -> None:
    """451 directly, the true answer by a proxy."""
    await run.bring("binance", "region")
    assert (await run.get("binance", PING)).status == 451
    assert (await by(run, proxies, "http_good"))[0] == 200


async def test_a_tunnel_carries_bytes(run: Running, proxies: Proxies) -> None:
    """CONNECT opens a tunnel, in which a request is answered."""
    port = run.simulator.url("binance").rpartition(":")[2]
    said = await talk(proxies, "http_good", f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), request())
    assert said.startswith(b"HTTP/1.1 200 Connection established")
    assert said.endswith(b"{}")
    assert run.simulator.requests[-1].egress == "http_good"


def request() -> bytes:
    """Return a request as it goes to the source."""
    return f"GET {PING} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


async def talk(proxies: Proxies, name: str, *parts: bytes) -> bytes:
    """Say one thing after another to a proxy, each once it said something; return all that it said."""
    port = int(proxies.shown()[name]["url"].rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    for number, part in enumerate(parts):
        writer.write(part)
        if number < len(parts) - 1:
            heard += await reader.read(1000)
    heard += await reader.read()
    writer.close()
    return heard


def wanted(host: bytes, port: int) -> bytes:
    """Return the SOCKS5 request for a name."""
    return b"\x05\x01\x00\x03" + bytes((len(host),)) + host + port.to_bytes(2, "big")


async def test_socks_by_name(run: Running, proxies: Proxies) -> None:
    """Without authentication, by a real host's name, the stand-in answers."""
    said = await talk(proxies, "socks5_good", b"\x05\x01\x00", wanted(b"api.kraken.com", 443), request())
    assert said.startswith(b"\x05\x00\x05\x00\x00\x01")
    assert run.simulator.requests[-1].source == "kraken"
    assert run.simulator.requests[-1].egress == "socks5_good"


async def test_socks_with_a_password(run: Running, proxies: Proxies) -> None:
    """The right one opens it; a wrong one, and none, are refused."""
    right = bytes((1, len(USER))) + USER.encode() + bytes((len(PASSWORD),)) + PASSWORD.encode()
    said = await talk(proxies, "socks5_keyed", b"\x05\x02\x00\x02", right, wanted(b"api.binance.com", 80), request())
    assert said.startswith(b"\x05\x02\x01\x00\x05\x00\x00\x01")
    assert said.endswith(b"{}")
    assert await talk(proxies, "socks5_keyed", b"\x05\x02\x00\x02", b"\x01\x01a\x01b") == b"\x05\x02\x01\x01"
    assert await talk(proxies, "socks5_keyed", b"\x05\x01\x00") == b"\x05\xff"
    assert len(run.simulator.requests) == 1


async def test_socks_leads_to_stand_ins_alone(proxies: Proxies) -> None:
    """Anything else is not allowed by its rules."""
    said = await talk(proxies, "socks5_good", b"\x05\x01\x00", wanted(b"example.org", 80))
    assert said.startswith(b"\x05\x00\x05\x02")


async def test_socks_may_lie(run: Running, proxies: Proxies) -> None:
    """It says that it is connected, and answers itself."""
    said = await talk(proxies, "socks5_lies", b"\x05\x01\x00", wanted(b"api.binance.com", 80), request())
    assert b"text/html" in said
    assert not run.simulator.requests


async def test_noise_ends_a_connection_and_nothing_else(run: Running, proxies: Proxies) -> None:
    """Bytes that are neither protocol are answered or dropped; the next caller is served."""
    for name, (_, behaviour) in KINDS.items():
        if behaviour not in ("hangs", "resets"):
            await talk(proxies, name, b"\x16\x03\x01\x00\xff noise \r\n\r\n" * 3)
    assert (await by(run, proxies, "http_good"))[0] == 200
