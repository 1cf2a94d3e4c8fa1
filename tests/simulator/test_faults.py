"""Every fault as a client meets it, over real connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from server.fallback.http import Transport, TransportFailure
from server.model import Outcome
from server.providers.base import Request

PING = "/api/v3/ping"
PRICE = "/api/v3/ticker/24hr"
Start = Callable[..., Awaitable]


async def test_refuse_closes_the_port_and_opens_it_again(start: Start) -> None:
    """A refusing source drops its connections and refuses new ones, and comes back on the same port."""
    run = await start("binance")
    url = run.simulator.url("binance")
    assert (await run.get("binance", PING)).status == 200
    await run.bring("binance", "refuse")
    with pytest.raises(aiohttp.ClientConnectorError):
        await run.get("binance", PING)
    await run.lift("binance")
    assert run.simulator.url("binance") == url
    assert (await run.get("binance", PING)).status == 200


async def test_refuse_ends_by_itself(start: Start, hand: Callable[[], float]) -> None:
    """A fault with an end takes itself back."""
    run = await start("binance", clock=hand)
    await run.bring("binance", "refuse", seconds=30)
    hand.now += 31
    for _ in range(200):
        try:
            assert (await run.get("binance", PING)).status == 200
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.01)
        else:
            return
    pytest.fail("the port stayed closed")


async def test_reset_is_a_reset(start: Start) -> None:
    """A resetting source takes the connection and breaks it by RST."""
    run = await start("kraken")
    await run.bring("kraken", "reset")
    with pytest.raises((ConnectionResetError, aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await run.get("kraken", "/0/public/Time")
    assert run.simulator.requests[-1].status == 0


async def test_hang_says_nothing(start: Start) -> None:
    """A hanging source takes the request and never answers; other sources do."""
    run = await start("binance", "kraken")
    await run.bring("binance", "hang")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await run.get("binance", PING)
    assert (await run.get("kraken", "/0/public/Time")).status == 200
    await run.lift("binance")
    assert (await run.get("binance", PING)).status == 200


@pytest.mark.parametrize("law", ["fixed", "normal", "lognormal"])
async def test_latency_waits(start: Start, law: str) -> None:
    """Latency holds answers back by its law."""
    run = await start("binance")
    await run.bring("binance", "latency", ms=120, law=law, deviation=0.1)
    began = time.perf_counter()
    assert (await run.get("binance", PING)).status == 200
    assert time.perf_counter() - began > 0.06


async def test_drip_is_slow(start: Start) -> None:
    """A dripping source sends an answer a few bytes at a time."""
    run = await start("binance")
    await run.bring("binance", "drip", bytes_per_s=2000)
    began = time.perf_counter()
    assert (await (await run.get("binance", PRICE, symbol="BTCUSDT")).json())["symbol"] == "BTCUSDT"
    assert time.perf_counter() - began > 0.1


@pytest.mark.parametrize(
    ("fault", "parameters", "status"),
    [
        ("status", {"code": 500}, 500),
        ("status", {"code": 503}, 503),
        ("rate_limit", {}, 429),
        ("rate_limit", {"retry_after": 7, "code": 418}, 418),
        ("region", {}, 451),
        ("challenge", {}, 403),
        ("html", {}, 200),
        ("dead", {"how": "404"}, 404),
        ("dead", {"how": "410"}, 410),
    ],
)
async def test_replaced_answers(start: Start, fault: str, parameters: dict[str, object], status: int) -> None:
    """Faults that replace an answer give their status, and HTML where a real host gives HTML."""
    run = await start("binance")
    await run.bring("binance", fault, **parameters)
    response = await run.get("binance", PING)
    assert response.status == status
    if fault in {"challenge", "html", "dead", "status"}:
        assert response.content_type == "text/html"
    if fault == "rate_limit":
        assert response.headers.get("Retry-After") == ("7" if "retry_after" in parameters else None)


async def test_a_limit_is_enforced(start: Start, hand: Callable[[], float]) -> None:
    """So many requests in any span are answered, what is beyond them is refused, and costs nothing."""
    run = await start("binance", clock=hand)
    await run.bring("binance", "rate_limit", requests=2, per_s=10)

    async def asked() -> int:
        return (await run.get("binance", PING)).status

    assert [await asked() for _ in range(3)] == [200, 200, 429]
    hand.now += 9
    assert await asked() == 429
    hand.now += 1
    assert [await asked() for _ in range(3)] == [200, 200, 429]
    await run.bring("binance", "rate_limit", requests=1, per_s=10)
    assert [await asked() for _ in range(2)] == [200, 429]


async def test_dead_by_default_refuses(start: Start) -> None:
    """A dead source refuses for good unless it is said how it is dead."""
    run = await start("coinlore")
    await run.bring("coinlore", "dead")
    with pytest.raises(aiohttp.ClientConnectorError):
        await run.get("coinlore", "/api/global/")


async def test_error_bodies_are_the_sources_own(start: Start) -> None:
    """Each source states its errors as the real one does, some inside a 200."""
    run = await start("kraken", "coinmarketcap", "etherscan", "publicnode_ethereum", "alternative_me")
    await run.bring("*", "error_body")
    assert (await run.json("kraken", "/0/public/Time"))["error"] == ["EService:Unavailable"]
    assert (await run.json("coinmarketcap", "/public-api/v1/cryptocurrency/map"))["status"]["error_code"] == 1008
    assert (await run.json("etherscan", "/v2/api"))["status"] == "0"
    assert (await run.rpc("publicnode_ethereum", "eth_blockNumber"))["error"]["code"] == -32603
    assert (await run.json("alternative_me", "/fng/"))["metadata"]["error"]


async def test_truncated_is_cut(start: Start) -> None:
    """A truncated answer is the beginning of the true one and no JSON any more."""
    run = await start("binance")
    whole = await (await run.get("binance", PRICE, symbol="BTCUSDT")).read()
    await run.bring("binance", "truncated", keep=0.4)
    part = await (await run.get("binance", PRICE, symbol="BTCUSDT")).read()
    assert part == whole[: len(part)]
    assert len(part) == int(len(whole) * 0.4)


@pytest.mark.parametrize(
    ("source", "path", "parameters"),
    [
        ("binance", PRICE, {"symbol": "BTCUSDT"}),
        ("coingecko", "/api/v3/simple/price", {"ids": "bitcoin", "vs_currencies": "usd"}),
        ("mempool_space", "/api/v1/fees/recommended", {}),
        ("alternative_me", "/fng/", {}),
    ],
)
async def test_nan_is_no_number(start: Start, source: str, path: str, parameters: dict[str, str]) -> None:
    """Where numbers stood, NaN stands."""
    run = await start(source)
    await run.bring(source, "nan")
    assert b"NaN" in await (await run.get(source, path, **parameters)).read()


async def test_nan_in_hexadecimal(start: Start) -> None:
    """A node's quantities turn into NaN too."""
    run = await start("drpc_bnb")
    await run.bring("drpc_bnb", "nan")
    assert (await run.rpc("drpc_bnb", "eth_blockNumber"))["result"] == "NaN"


async def test_huge_is_sent_in_chunks(start: Start) -> None:
    """A huge answer has no length and as many bytes as were ordered."""
    run = await start("coinpaprika")
    await run.bring("coinpaprika", "huge", mb=3)
    async with run.client.get(run.simulator.url("coinpaprika") + "/v1/tickers") as response:
        assert response.headers.get("Content-Length") is None
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert len(await response.read()) >= 2_900_000


async def test_bomb_is_small_on_the_wire(start: Start) -> None:
    """A compression bomb grows a hundredfold when it is unpacked."""
    run = await start("coinpaprika")
    await run.bring("coinpaprika", "bomb", mb=5)
    url = run.simulator.url("coinpaprika") + "/v1/tickers"
    async with aiohttp.ClientSession(auto_decompress=False) as plain, plain.get(url) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert len(await response.read()) < 60_000


async def test_nested_is_deep(start: Start) -> None:
    """A nested answer opens as many lists as were ordered."""
    run = await start("coinlore")
    await run.bring("coinlore", "nested", depth=10_000)
    assert (await (await run.get("coinlore", "/api/global/")).read()).startswith(b"[" * 10_000)


async def test_wrong_value_is_wrong_by_its_factor(start: Start) -> None:
    """A lying source is wrong by the factor, on every kind of value."""
    run = await start("binance", "publicnode_ethereum", "mempool_space", "alternative_me")
    price = float((await run.json("binance", "/api/v3/ticker/price", symbol="BTCUSDT"))["price"])
    fee = int((await run.rpc("publicnode_ethereum", "eth_gasPrice"))["result"], 16)
    fees = (await run.json("mempool_space", "/api/v1/fees/precise"))["fastestFee"]
    await run.bring("*", "wrong_value", factor=10)
    assert float((await run.json("binance", "/api/v3/ticker/price", symbol="BTCUSDT"))["price"]) == pytest.approx(
        price * 10, rel=1e-3
    )
    assert int((await run.rpc("publicnode_ethereum", "eth_gasPrice"))["result"], 16) == pytest.approx(fee * 10)
    assert (await run.json("mempool_space", "/api/v1/fees/precise"))["fastestFee"] == pytest.approx(fees * 10, rel=0.01)


async def test_wrong_asset_names_another(start: Start) -> None:
    """A source with the wrong asset answers for another market, coin, chain or address."""
    run = await start("binance", "kraken", "coingecko", "publicnode_ethereum", "blockstream")
    await run.bring("*", "wrong_asset")
    assert (await run.json("binance", PRICE, symbol="BTCUSDT"))["symbol"] != "BTCUSDT"
    assert "XXBTZUSD" not in (await run.json("kraken", "/0/public/Ticker", pair="XBTUSD"))["result"]
    assert "bitcoin" not in await run.json("coingecko", "/api/v3/simple/price", ids="bitcoin", vs_currencies="usd")
    assert (await run.rpc("publicnode_ethereum", "eth_chainId"))["result"] != "0x1"
    address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    assert (await run.json("blockstream", f"/api/address/{address}"))["address"] != address


async def test_frozen_stands_still(start: Start, hand: Callable[[], float]) -> None:
    """A frozen source repeats the values and times of the moment it froze."""
    run = await start("binance", "publicnode_ethereum", clock=hand)
    await run.bring("*", "frozen")
    before = await run.json("binance", PRICE, symbol="BTCUSDT")
    height = await run.rpc("publicnode_ethereum", "eth_blockNumber")
    hand.now += 300
    assert await run.json("binance", PRICE, symbol="BTCUSDT") == before
    assert await run.rpc("publicnode_ethereum", "eth_blockNumber") == height
    await run.lift("*")
    assert (await run.json("binance", PRICE, symbol="BTCUSDT"))["closeTime"] == before["closeTime"] + 300_000


async def test_skew_moves_the_clock(start: Start) -> None:
    """A source with a skewed clock is ahead by as many seconds."""
    run = await start("binance")
    before = (await run.json("binance", "/api/v3/time"))["serverTime"]
    await run.bring("binance", "skew", by_s=3600)
    assert (await run.json("binance", "/api/v3/time"))["serverTime"] == before + 3_600_000


async def test_share_befalls_a_part(start: Start) -> None:
    """A fault with a share befalls about that share of the requests."""
    run = await start("binance")
    await run.bring("binance", "status", share=0.5)
    statuses = [(await run.get("binance", PING)).status for _ in range(100)]
    assert 25 < statuses.count(503) < 75


async def test_path_and_delay_narrow_a_fault(start: Start, hand: Callable[[], float]) -> None:
    """A fault may begin later, and befall some paths alone."""
    run = await start("binance", clock=hand)
    await run.bring("binance", "status", path="ticker", after=10)
    assert (await run.get("binance", PRICE, symbol="BTCUSDT")).status == 200
    hand.now += 11
    assert (await run.get("binance", PRICE, symbol="BTCUSDT")).status == 503
    assert (await run.get("binance", PING)).status == 200


@pytest.mark.parametrize(("fault", "outcome"), [("dns", Outcome.DNS), ("tls", Outcome.TLS)])
async def test_dns_and_tls_fail_for_real(start: Start, fault: str, outcome: Outcome) -> None:
    """By the base URL alone a client meets a name that cannot be resolved, or a handshake that fails."""
    run = await start("binance")
    await run.bring("binance", fault)
    transport = Transport(local=[run.simulator.url("binance")])
    try:
        with pytest.raises(TransportFailure) as caught:
            await transport.fetch(run.simulator.url("binance"), Request(PRICE, (("symbol", "BTCUSDT"),)))
        assert caught.value.outcome is outcome
        await run.lift("binance")
        assert (await transport.fetch(run.simulator.url("binance"), Request(PING))).status == 200
    finally:
        await transport.close()
