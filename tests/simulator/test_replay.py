"""Recorded answers: served for the requests they belong to, and nothing simulated beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from server.simulator import stand_ins
from server.simulator.replay import Case, NoIndex, cases, closest, recorded_form
from server.simulator.reply import Asked

Start = Callable[..., Awaitable]
FIXTURES = os.environ.get("NERKH_FIXTURES", "")


def _entry(file: str, provider: str, path: str, **more: object) -> dict[str, object]:
    request = {"transport": "http", "method": "GET", "host": "", "path": path, "query": more.pop("query", {})}
    request |= {name: more.pop(name) for name in ("method", "body", "transport") if name in more}
    return {"file": file, "provider": provider, "request": request, "status": 200, "content_type": None, **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a small folder of recorded answers."""
    bodies = {
        "btc.json": {"symbol": "BTCUSDT", "lastPrice": "1.5"},
        "eth.json": {"symbol": "ETHUSDT", "lastPrice": "0.5"},
        "all.json": [{"symbol": "BTCUSDT"}, {"symbol": "SOLUSDT"}],
        "hour.json": [[1, "2", "2", "2", "2", "2"]],
        "page.html": {"status": 403, "content_type": "text/html", "body": "<html>no</html>"},
        "address.json": [],
        "head.json": {"jsonrpc": "2.0", "id": 9, "result": "0x10"},
        "balance.json": {"jsonrpc": "2.0", "id": 9, "result": "0x2a"},
        "ticker.json": {"price": "7"},
        "markets.json": [{"id": "bitcoin", "current_price": 3}],
    }
    for name, body in bodies.items():
        (tmp_path / name).write_text(json.dumps(body))
    node = {"method": "POST", "transport": "http"}
    balance = {"method": "eth_getBalance", "params": ["0xAB", "latest"]}
    files = [
        _entry("btc.json", "binance", "/api/v3/ticker/24hr", query={"symbol": "BTCUSDT"}),
        _entry("eth.json", "binance", "/api/v3/ticker/24hr", query={"symbol": "ETHUSDT"}),
        _entry("all.json", "binance", "/api/v3/ticker/24hr"),
        _entry("hour.json", "binance", "/api/v3/klines", query={"symbol": "BTCUSDT", "interval": "1h", "limit": "5"}),
        _entry("page.html", "kraken", "/0/public/Time", not_json=True),
        _entry("address.json", "esplora", "/api/address/<addr>/txs"),
        _entry("head.json", "ethrpc", "/", body={"method": "eth_blockNumber"}, **node),
        _entry("balance.json", "ethrpc", "/", body=balance, **node),
        _entry("ticker.json", "coinbaseexchange", "/products/btc-usd/ticker"),
        _entry("markets.json", "coingecko", "/api/v3/coins/markets"),
        {"file": "none.json", "provider": "binance", "request": {"transport": "ws", "channel": "x"}, "status": None},
    ]
    (tmp_path / "INDEX.json").write_text(json.dumps({"files": files}))
    return tmp_path


async def test_answers_stand_by_their_requests(start: Start, folder: Path) -> None:
    """A request gets the recorded answer of its symbol and interval; how many rows it wants does not matter."""
    run = await start("binance", "coinbase", "blockstream", "coingecko", form_of=recorded_form(cases(folder)))
    ticker = "/api/v3/ticker/24hr"
    assert (await run.json("binance", ticker, symbol="ETHUSDT"))["lastPrice"] == "0.5"
    assert len(await run.json("binance", ticker)) == 2
    asked = {"symbol": "BTCUSDT", "interval": "1h", "limit": "500", "endTime": "99"}
    assert (await run.json("binance", "/api/v3/klines", **asked))[0][0] == 1
    assert (await run.json("coinbase", "/products/BTC-USD/ticker"))["price"] == "7"
    assert await run.json("blockstream", "/api/address/anybody/txs") == []
    coins = {"vs_currency": "usd", "ids": "bitcoin", "per_page": "1"}
    assert (await run.json("coingecko", "/api/v3/coins/markets", **coins))[0]["current_price"] == 3


async def test_what_was_not_recorded_is_not_found(start: Start, folder: Path) -> None:
    """A request that no recorded answer belongs to gets the source's own error, never a simulated value."""
    run = await start("binance", "kraken", "coinbase", "coingecko", form_of=recorded_form(cases(folder)))
    for path, asked in (
        ("/api/v3/ticker/24hr", {"symbol": "SOLUSDT"}),
        ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1d"}),
        ("/api/v3/depth", {"symbol": "BTCUSDT"}),
    ):
        response = await run.get("binance", path, **asked)
        assert response.status == 400
        assert (await response.json())["code"] == -1121
    assert (await run.json("kraken", "/0/public/Ticker", pair="XBTUSD"))["error"] == ["EQuery:Unknown asset pair"]
    assert (await run.get("coinbase", "/products/ETH-USD/ticker")).status == 404
    for asked in ({"vs_currency": "eur", "ids": "bitcoin"}, {"vs_currency": "usd", "ids": "monero"}):
        assert (await run.get("coingecko", "/api/v3/coins/markets", **asked)).status == 404


async def test_wrapped_pages_are_unwrapped(start: Start, folder: Path) -> None:
    """What was no JSON is served as it was, with its status and type."""
    run = await start("kraken", form_of=recorded_form(cases(folder)))
    response = await run.get("kraken", "/0/public/Time")
    assert (response.status, response.content_type) == (403, "text/html")
    assert await response.text() == "<html>no</html>"


async def test_calls_are_matched_by_method_and_address(start: Start, folder: Path) -> None:
    """Every node answers recorded calls under the caller's own id, for the recorded address alone."""
    run = await start("publicnode_ethereum", "drpc_bnb", form_of=recorded_form(cases(folder)))
    for node in ("publicnode_ethereum", "drpc_bnb"):
        assert await run.rpc(node, "eth_blockNumber") == {"jsonrpc": "2.0", "id": 1, "result": "0x10"}
        assert (await run.rpc(node, "eth_getBalance", "0xab", "0x5"))["result"] == "0x2a"
        assert (await run.rpc(node, "eth_getBalance", "0xcd", "latest"))["error"]["code"] == -32000
        assert "error" in await run.rpc(node, "eth_gasPrice")


def test_a_folder_without_index_is_said(tmp_path: Path) -> None:
    """A folder that holds no index is refused with its name."""
    with pytest.raises(NoIndex, match=r"INDEX\.json"):
        cases(tmp_path)


def test_every_recorded_request_finds_its_answer() -> None:
    """Each recorded request of a simulated source finds its own answer, or an equal request's."""
    if not FIXTURES:
        pytest.skip("NERKH_FIXTURES names no folder of recorded answers")
    every = cases(Path(FIXTURES))
    known = {name for stand_in in stand_ins() for name in stand_in.recorded_as}
    for case in every:
        if case.provider not in known or case.call is not None:
            continue
        own: list[Case] = [row for row in every if row.provider == case.provider]
        found = closest(own, Asked(case.method, case.path.replace("<", "").replace(">", ""), case.query))
        assert found is not None, case.file
        assert found.query == case.query
