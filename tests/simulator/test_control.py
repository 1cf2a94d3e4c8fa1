"""The control API, the ports file and the process: what an operator of the simulator relies on."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from server.simulator import run as serve
from server.simulator.faults import KINDS
from server.simulator.ports import read_ports, write_ports

Start = Callable[..., Awaitable]


async def test_sources_are_listed(start: Start) -> None:
    """Every source is listed with where it listens, what it stands for, and its faults."""
    run = await start()
    await run.bring("kraken", "latency", ms=5)
    async with run.client.get(f"{run.control}/_control/sources") as response:
        sources = (await response.json())["sources"]
    assert len({row["url"] for row in sources.values()}) == len(sources) > 40
    assert sources["binance"]["hosts"] == ["api.binance.com"]
    assert [fault["fault"] for fault in sources["kraken"]["faults"]] == ["latency"]


@pytest.mark.parametrize(
    ("source", "body", "status", "named"),
    [
        ("nobody", {"fault": "hang"}, 404, "binance"),
        ("binance", {"fault": "flood"}, 400, "hang"),
        ("binance", {"fault": "status", "colour": 1}, 400, "code"),
        ("binance", {"fault": "status", "code": 7}, 400, "100 to 599"),
        ("binance", {"fault": "latency", "law": "cubic"}, 400, "lognormal"),
        ("binance", {"fault": "hang", "share": 2}, 400, "from 0 to 1"),
        ("binance", {"fault": "hang", "seconds": "long"}, 400, "number"),
        ("binance", {"fault": "hang", "path": "("}, 400, "regular expression"),
        ("binance", [1], 400, "JSON object"),
    ],
)
async def test_wrong_orders_say_what_there_is(start: Start, source: str, body: object, status: int, named: str) -> None:
    """An unknown source, fault or parameter is answered with what there is."""
    run = await start("binance")
    async with run.client.put(f"{run.control}/_control/faults/{source}", json=body) as response:
        assert response.status == status
        assert named in (await response.json())["error"]


async def test_faults_are_described(start: Start) -> None:
    """The control API tells every fault with its parameters, and those of one source."""
    run = await start("binance")
    async with run.client.get(f"{run.control}/_control/faults") as response:
        assert (await response.json())["faults"].keys() == KINDS.keys()
    await run.bring("*", "html", seconds=5)
    async with run.client.get(f"{run.control}/_control/faults/binance") as response:
        assert (await response.json())["faults"]["binance"][0]["fault"] == "html"
    async with run.client.delete(f"{run.control}/_control/faults/binance", params={"fault": "html"}) as response:
        assert response.status == 200
    assert run.simulator.faults["binance"].standing(run.simulator.clock()) == ()


async def test_web_pages_are_refused(start: Start) -> None:
    """A request with an Origin, or for another host, is refused: any web page can post to loopback."""
    run = await start("binance")
    for headers in ({"Origin": "https://example.org"}, {"Host": "example.org"}):
        async with run.client.get(f"{run.control}/_control/sources", headers=headers) as response:
            assert response.status == 403
    async with run.client.get(f"{run.control}/nothing") as response:
        assert response.status == 404
        assert "error" in await response.json()


async def test_truth_is_what_sources_show(start: Start) -> None:
    """The truth of an asset and of a chain is what an honest source shows, within its spread and lag."""
    run = await start("kraken", "publicnode_ethereum", "mempool_space")
    async with run.client.get(f"{run.control}/_control/truth", params={"asset": "BTC"}) as response:
        truth = await response.json()
    shown = (await run.json("kraken", "/0/public/Ticker", pair="XBTUSD"))["result"]["XXBTZUSD"]["c"][0]
    assert float(shown) == pytest.approx(truth["price"], rel=0.005)
    address = "0x50532e4be195d1de0c2e6dfa46d9ec0a4fee6861"
    asked = {"chain": "ethereum", "address": address}
    async with run.client.get(f"{run.control}/_control/truth", params=asked) as response:
        truth = await response.json()
    assert int((await run.rpc("publicnode_ethereum", "eth_getBalance", address, "latest"))["result"], 16) == int(
        truth["balance"]
    )
    async with run.client.get(f"{run.control}/_control/truth", params={"chain": "bitcoin"}) as response:
        truth = await response.json()
    assert (await (await run.get("mempool_space", "/api/blocks/tip/hash")).text()) == truth["hash"]
    for wrong in ({"asset": "nothing"}, {"chain": "nothing"}):
        async with run.client.get(f"{run.control}/_control/truth", params=wrong) as response:
            assert response.status == 404
    async with run.client.get(f"{run.control}/_control/truth") as response:
        assert response.status == 400


async def test_requests_are_recorded_without_keys(start: Start) -> None:
    """What was asked of whom is told, newest first, and no key with it."""
    run = await start("etherscan", "binance")
    await run.get("etherscan", "/v2/api", chainid="1", apikey="secret", module="stats", action="ethprice")
    await run.get("binance", "/api/v3/ping")
    async with run.client.get(f"{run.control}/_control/requests", params={"limit": "10"}) as response:
        text = await response.text()
    assert "secret" not in text
    rows = json.loads(text)["requests"]
    assert [row["source"] for row in rows] == ["binance", "etherscan"]
    assert rows[1]["query"]["module"] == "stats"
    async with run.client.get(f"{run.control}/_control/requests", params={"source": "etherscan"}) as response:
        assert (await response.json())["total"] == 1


async def test_ports_are_kept(start: Start, tmp_path: Path) -> None:
    """A restart listens on the same ports; one that is busy is replaced."""
    file = tmp_path / "simulator.json"
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        write_ports(file, {"binance": busy.getsockname()[1]})
        run = await start("binance", "kraken", ports_file=file)
        run.simulator.save_ports({})
        assert read_ports(file).keys() == {"binance", "kraken"}
        assert read_ports(file)["binance"] != busy.getsockname()[1]
        urls = [run.simulator.url(name) for name in ("binance", "kraken")]
        await run.simulator.close()
        again = await start("binance", "kraken", ports_file=file)
        assert [again.simulator.url(name) for name in ("binance", "kraken")] == urls


@pytest.mark.parametrize("content", ["", "[]", '{"binance": "x", "kraken": 70000}'])
def test_broken_ports_file_is_ignored(tmp_path: Path, content: str) -> None:
    """A ports file that cannot be read counts as none."""
    file = tmp_path / "ports.json"
    file.write_text(content)
    assert read_ports(file) == {}


async def test_only_loopback() -> None:
    """The simulator refuses to listen on an address that is not loopback."""
    with pytest.raises(ValueError, match="loopback"):
        await serve(host="192.0.2.1")


async def test_process_starts_and_stops(tmp_path: Path) -> None:
    """As a process it says where it listens, and ends on SIGTERM without a word."""
    file = tmp_path / "ports.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server.simulator",
        "--ports-file",
        str(file),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = json.loads(await process.stdout.readline())
        assert line["ready"] is True
        assert read_ports(file)["_control"] == int(line["control"].rsplit(":", 1)[1])
    finally:
        process.terminate()
        _, errors = await process.communicate()
    assert process.returncode == 0
    assert errors == b""
