"""What each wire format does with its parameters, its pages and its errors, as the real source does."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from server.simulator import stand_ins
from server.simulator.reply import Asked, Said
from server.simulator.view import View
from server.simulator.world import World

NOW = 1_795_174_000.25
WORLD = World(7)
STAND_INS = {stand_in.id: stand_in for stand_in in stand_ins()}
BITCOIN_ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
TAPROOT_ADDRESS = "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"
ADDRESS = "0x50532e4be195d1de0c2e6dfa46d9ec0a4fee6861"
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"


def say(source: str, path: str, **query: str) -> Said:
    """Return what a stand-in says to a GET."""
    stand_in = STAND_INS[source]
    view = View(WORLD, source, NOW, stand_in.venue, stand_in.options)
    return stand_in.form.answer(view, Asked("GET", path, query))


def read(source: str, path: str, **query: str) -> Any:
    """Return the JSON of what a stand-in says to a GET."""
    return json.loads(say(source, path, **query).body)


def call(method: str, *parameters: object, source: str = "publicnode_ethereum") -> Any:
    """Return what a node answers to a call."""
    stand_in = STAND_INS[source]
    view = View(WORLD, source, NOW, stand_in.venue, stand_in.options)
    body = {"jsonrpc": "2.0", "id": 5, "method": method, "params": list(parameters)}
    return json.loads(stand_in.form.answer(view, Asked("POST", "/", {}, json.dumps(body).encode())).body)


@pytest.mark.parametrize(
    ("source", "path", "query", "status", "words"),
    [
        ("binance", "/api/v3/klines", {"interval": "1h"}, 400, "-1102"),
        ("binance", "/api/v3/klines", {"symbol": "BTCUSDT"}, 400, "-1102"),
        ("binance", "/api/v3/klines", {"symbol": "BTCUSDT", "interval": "7m"}, 400, "-1120"),
        ("binance", "/api/v3/klines", {"symbol": "NOPE", "interval": "1h"}, 400, "-1121"),
        ("binance", "/api/v3/ticker/24hr", {"symbols": "[nope"}, 400, "-1100"),
        ("binance", "/api/v3/ticker/price", {"symbol": "NOPE"}, 400, "-1121"),
        ("binance", "/api/v3/ticker/bookTicker", {"symbol": "NOPE"}, 400, "-1121"),
        ("binance", "/api/v3/exchangeInfo", {"symbol": "NOPE"}, 400, "-1121"),
        ("binance", "/api/v3/depth", {}, 400, "-1102"),
        ("binance", "/api/v3/depth", {"symbol": "NOPE"}, 400, "-1121"),
        ("binance", "/fapi/v1/time", {}, 404, "Not Found"),
        ("coinbase", "/products/NO-PE", {}, 404, "NotFound"),
        ("coinbase", "/products/NO-PE/stats", {}, 404, "NotFound"),
        ("coinbase", "/products/NO-PE/book", {}, 404, "NotFound"),
        ("coinbase", "/products/NO-PE/candles", {}, 404, "NotFound"),
        ("coinbase", "/products/BTC-USD/candles", {"granularity": "61"}, 400, "granularity"),
        ("coinbase", "/products/BTC-USD/candles", {"start": "100000", "end": "200000"}, 400, "300"),
        ("coinbase", "/products/BTC-USD/candles", {"start": "200", "end": "100"}, 400, "before"),
        ("kraken", "/0/public/OHLC", {}, 200, "EGeneral:Invalid arguments"),
        ("kraken", "/0/public/OHLC", {"pair": "NOPE"}, 200, "EQuery:Unknown asset pair"),
        ("kraken", "/0/public/OHLC", {"pair": "XBTUSD", "interval": "7"}, 200, "EGeneral:Invalid arguments"),
        ("kraken", "/0/public/AssetPairs", {"pair": "NOPE"}, 200, "EQuery:Unknown asset pair"),
        ("coingecko", "/api/v3/simple/price", {"ids": "bitcoin"}, 422, "vs_currencies"),
        ("coingecko", "/api/v3/coins/markets", {}, 422, "vs_currency"),
        ("coingecko", "/api/v3/coins/markets", {"vs_currency": "nope"}, 400, "invalid vs_currency"),
        ("coingecko", "/api/v3/coins/nope", {}, 404, "coin not found"),
        ("coingecko", "/api/v3/coins/nope/ohlc", {"vs_currency": "usd"}, 404, "coin not found"),
        ("coingecko", "/api/v3/coins/bitcoin/ohlc", {"days": "7"}, 422, "vs_currency"),
        ("coingecko", "/api/v3/coins/bitcoin/ohlc", {"vs_currency": "nope", "days": "7"}, 400, "vs_currency"),
        ("coingecko", "/api/v3/coins/bitcoin/ohlc", {"vs_currency": "usd", "days": "8"}, 400, "days"),
        ("coingecko", "/api/v3/coins/bitcoin/market_chart", {"vs_currency": "usd"}, 422, "days"),
        ("coingecko", "/api/v3/coins/bitcoin/market_chart", {"vs_currency": "usd", "days": "900"}, 401, "10012"),
        ("coinpaprika", "/v1/tickers/btc-btc", {}, 404, "id not found"),
        ("coinpaprika", "/v1/coins/btc-btc", {}, 404, "id not found"),
        ("coinpaprika", "/v1/tickers", {"quotes": "NOPE"}, 400, "invalid"),
        ("coinpaprika", "/v1/coins/btc-btc/ohlcv/latest", {}, 404, "id not found"),
        ("coinpaprika", "/v1/coins/btc-bitcoin/ohlcv/often", {}, 404, "not found"),
        ("coinpaprika", "/v1/coins/btc-bitcoin/ohlcv/historical", {}, 400, "start"),
        ("coinpaprika", "/v1/coins/btc-bitcoin/ohlcv/historical", {"start": "2020-01-01"}, 402, "not allowed"),
        ("coinmarketcap", "/public-api/v3/cryptocurrency/quotes/latest", {}, 400, "at least one"),
        ("coinmarketcap", "/public-api/v3/cryptocurrency/quotes/latest", {"id": "0"}, 400, "Invalid value"),
        ("coinmarketcap", "/public-api/v3/cryptocurrency/listings/latest", {"convert": "NOPE"}, 400, "convert"),
        ("coinmarketcap", "/public-api/v1/cryptocurrency/trending/latest", {}, 401, "1002"),
        ("etherscan", "/v2/api", {"chainid": "1"}, 200, "API Key"),
        ("etherscan", "/v2/api", {"chainid": "99", "apikey": "x"}, 200, "chainid"),
        ("etherscan", "/v2/api", {"chainid": "56", "apikey": "x"}, 200, "Free API access"),
        ("etherscan", "/v2/api", {"chainid": "1", "apikey": "x", "module": "nope"}, 200, "Action name"),
        ("etherscan", "/v2/api", {"chainid": "1", "apikey": "x"}, 200, "Module name"),
        ("routescan", "/v2/network/mainnet/evm/99/etherscan/api", {}, 200, "not supported"),
        ("blockscout_ethereum", "/api/v2/addresses/nope", {}, 422, "Invalid"),
        ("blockscout_ethereum", "/api/v2/addresses/nope/transactions", {}, 422, "Invalid"),
        ("blockscout_ethereum", "/api/v2/addresses/nope/token-balances", {}, 422, "Invalid"),
        ("blockscout_ethereum", "/api/v2/blocks/nope", {}, 422, "Invalid"),
        ("blockscout_ethereum", "/api/v2/blocks/99999999", {}, 404, "Not found"),
        ("blockscout_ethereum", "/api/v2/transactions/nope", {}, 422, "Invalid"),
        ("blockscout_ethereum", f"/api/v2/transactions/0x{'ab' * 32}", {}, 404, "Not found"),
        ("mempool_space", "/api/address/nope", {}, 400, "Invalid Bitcoin address"),
        ("mempool_space", "/api/address/nope/txs", {}, 400, "Invalid Bitcoin address"),
        ("mempool_space", "/api/tx/nope", {}, 400, "Invalid hex string"),
        ("mempool_space", f"/api/tx/{'ab' * 32}", {}, 404, "Transaction not found"),
        ("mempool_space", "/api/block/nope", {}, 400, "Invalid hash"),
        ("mempool_space", f"/api/block/{'ab' * 32}", {}, 404, "Block not found"),
        ("mempool_space", "/api/block-height/99999999", {}, 404, "Block not found"),
        ("mempool_space", "/api/v1/mining/hashrate/9y", {}, 400, "period"),
        ("mempool_space", "/api/nope", {}, 404, "Cannot GET"),
        ("blockchain_info", "/balance", {"active": "nope"}, 404, "not-found"),
        ("blockchain_info", "/rawaddr/nope", {}, 404, "not-found"),
        ("blockchain_info", "/multiaddr", {"active": "nope"}, 404, "not-found"),
        ("blockchain_info", f"/rawtx/{'ab' * 32}", {}, 404, "not-found"),
        ("blockchain_info", f"/rawblock/{'ab' * 32}", {}, 404, "not-found"),
        ("blockchain_info", "/q/nope", {}, 404, "not-found"),
        ("rss_decrypt", "/nope", {}, 404, "Page not found"),
    ],
)
def test_errors_are_the_sources_own(source: str, path: str, query: dict[str, str], status: int, words: str) -> None:
    """A wrong request gets the status and words of the real source."""
    said = say(source, path, **query)
    assert said.status == status
    assert words in said.body.decode()


def test_binance_selects_and_trims() -> None:
    """Binance answers for one, several or all symbols, and leaves fields out for MINI."""
    several = read("binance", "/api/v3/ticker/24hr", symbols='["BTCUSDT","ETHUSDT"]', type="MINI")
    assert [row["symbol"] for row in several] == ["BTCUSDT", "ETHUSDT"]
    assert "bidPrice" not in several[0]
    assert len(read("binance", "/api/v3/ticker/price")) > 200
    touch = read("binance", "/api/v3/ticker/bookTicker", symbol="BTCUSDT")
    assert float(touch["bidPrice"]) < float(touch["askPrice"])
    book = read("binance", "/api/v3/depth", symbol="ETHUSDT", limit="20")
    assert len(book["bids"]) == len(book["asks"]) == 20
    assert float(book["bids"][0][0]) < float(book["asks"][0][0])


def test_binance_klines_keep_their_range() -> None:
    """Klines are oldest first within both ends; without a start they are the newest."""
    start = 1_795_000_000_000 - 1_795_000_000_000 % 3_600_000
    asked = {"symbol": "BTCUSDT", "interval": "1h", "startTime": str(start), "endTime": str(start + 5 * 3_600_000)}
    rows = read("binance", "/api/v3/klines", **asked)
    assert [row[0] for row in rows] == [start + 3_600_000 * place for place in range(6)]
    newest = read("binance", "/api/v3/klines", symbol="BTCUSDT", interval="1h", limit="3")
    assert newest[-1][0] <= NOW * 1000 < newest[-1][6]
    for token in ("1w", "1M"):
        rows = read("binance", "/api/v3/klines", symbol="BTCUSDT", interval=token, limit="3")
        assert all(left[6] + 1 == right[0] for left, right in pairwise(rows))
    months = read("binance", "/api/v3/klines", symbol="BTCUSDT", interval="1M", startTime=str(start - 90 * 86_400_000))
    assert len(months) == 2 or len(months) == 3


def test_coinbase_candles_and_book() -> None:
    """Candles are newest first with low and high before open; times may be ISO; a book has one level or many."""
    asked = {"granularity": "3600", "start": "2026-11-19T00:00:00Z", "end": "2026-11-19T05:00:00"}
    rows = read("coinbase", "/products/BTC-USD/candles", **asked)
    assert len(rows) == 6
    assert all(left[0] - right[0] == 3600 for left, right in pairwise(rows))
    assert all(low <= min(first, last) and max(first, last) <= high for _, low, high, first, last, _ in rows)
    assert len(read("coinbase", "/products/BTC-USD/candles", start="nonsense", end="x")) == 300
    assert len(read("coinbase", "/products/BTC-USD/book")["bids"]) == 1
    assert len(read("coinbase", "/products/BTC-USD/book", level="2")["asks"]) > 100
    assert read("coinbase", "/products/eth-usd")["base_currency"] == "ETH"


def test_kraken_names_and_since() -> None:
    """Kraken answers under its canonical names, plain ones where they are asked for; `since` cuts what is older."""
    for name in ("XBTUSD", "XXBTZUSD", "BTC/USD"):
        assert list(read("kraken", "/0/public/Ticker", pair=name)["result"]) == ["XXBTZUSD"]
    assert "BTC/USD" in read("kraken", "/0/public/Ticker", assetVersion="1")["result"]
    result = read("kraken", "/0/public/OHLC", pair="XBTUSD", interval="60")["result"]
    assert len(result["XXBTZUSD"]) == 720
    since = str(result["XXBTZUSD"][-4][0])
    assert len(read("kraken", "/0/public/OHLC", pair="XBTUSD", interval="60", since=since)["result"]["XXBTZUSD"]) == 3
    assert read("kraken", "/0/public/Time")["result"]["unixtime"] == int(NOW)
    assert read("kraken", "/0/public/SystemStatus")["result"]["status"] == "online"
    assert "XXBT" in read("kraken", "/0/public/Assets")["result"]


def test_coingecko_pages_and_leaves_out() -> None:
    """CoinGecko pages by market cap, leaves unknown ids out, and adds what is asked for."""
    pages = [read("coingecko", "/api/v3/coins/markets", vs_currency="usd", per_page="5", page=str(n)) for n in (1, 2)]
    caps = [row["market_cap"] for page in pages for row in page]
    assert caps == sorted(caps, reverse=True)
    asked = {"include_market_cap": "true", "include_24hr_vol": "true", "include_24hr_change": "true"}
    asked |= {"precision": "full", "include_last_updated_at": "true"}
    row = read("coingecko", "/api/v3/simple/price", ids="bitcoin,nope", vs_currencies="usd,eur,nope,sats", **asked)
    assert row.keys() == {"bitcoin"}
    assert {"usd", "eur_market_cap", "usd_24h_vol", "usd_24h_change", "last_updated_at", "sats"} <= row[
        "bitcoin"
    ].keys()
    assert "ethereum" in read("coingecko", "/api/v3/simple/price", symbols="eth", vs_currencies="usd")
    more = {"sparkline": "true", "price_change_percentage": "1h,7d", "symbols": "btc"}
    (row,) = read("coingecko", "/api/v3/coins/markets", vs_currency="eur", **more)
    assert len(row["sparkline_in_7d"]["price"]) == 168
    assert "price_change_percentage_7d_in_currency" in row
    assert read("coingecko", "/api/v3/coins/bitcoin")["market_data"]["current_price"]["usd"] > 0
    assert "platforms" in read("coingecko", "/api/v3/coins/list", include_platform="true")[0]
    assert read("coingecko", "/api/v3/search", query="bitcoin")["coins"][0]["id"] == "bitcoin"
    assert read("coingecko", "/api/v3/exchange_rates")["rates"]["usd"]["value"] > 1000


@pytest.mark.parametrize(("days", "span"), [("1", 1800), ("7", 14_400), ("90", 345_600)])
def test_coingecko_candles_follow_the_days(days: str, span: int) -> None:
    """OHLC rows are stamped with their close, and their span follows the days."""
    rows = read("coingecko", "/api/v3/coins/bitcoin/ohlc", vs_currency="usd", days=days)
    assert all(right[0] - left[0] == span * 1000 for left, right in pairwise(rows[:-1]))
    assert rows[-1][0] <= NOW * 1000


@pytest.mark.parametrize(("days", "span"), [("1", 300), ("30", 3600), ("200", 86_400)])
def test_coingecko_charts_follow_the_days(days: str, span: int) -> None:
    """Charts have points of five minutes, hours or days, and end now."""
    chart = read("coingecko", "/api/v3/coins/bitcoin/market_chart", vs_currency="usd", days=days)
    assert chart["prices"][1][0] - chart["prices"][0][0] == span * 1000
    assert len(chart["prices"]) == len(chart["market_caps"]) == len(chart["total_volumes"])
    asked = {"from": str(int(NOW) - 7200), "to": str(int(NOW) - 3600), "vs_currency": "eur"}
    assert len(read("coingecko", "/api/v3/coins/bitcoin/market_chart/range", **asked)["prices"]) in {12, 13, 14}


def test_coinpaprika_days_and_search() -> None:
    """CoinPaprika gives whole days by date, today's so far, and finds coins by name."""
    path = "/v1/coins/btc-bitcoin/ohlcv"
    rows = read("coinpaprika", f"{path}/historical", start="2026-11-01", end="2026-11-04T00:00:00Z", limit="10")
    assert [row["time_open"][:10] for row in rows] == ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"]
    (today,) = read("coinpaprika", f"{path}/today")
    (latest,) = read("coinpaprika", f"{path}/latest", quote="btc")
    assert today["time_open"] > latest["time_open"]
    assert latest["close"] == pytest.approx(1, rel=0.2)
    assert len(read("coinpaprika", f"{path}/historical", start=str(int(NOW) - 10 * 86_400))) == 1
    assert read("coinpaprika", "/v1/search", q="ethereum")["currencies"][0]["symbol"] == "ETH"
    assert read("coinpaprika", "/v1/coins/btc-bitcoin")["rank"] == 1


def test_coinlore_and_coinmarketcap_select() -> None:
    """Both page from a start; CoinMarketCap finds by id, symbol or slug and gives lists from version 3 on."""
    page = read("coinlore", "/api/tickers/", start="2", limit="3")["data"]
    assert [row["rank"] for row in page] == [3, 4, 5]
    assert [row["id"] for row in read("coinlore", "/api/ticker/", id="90,80,nope")] == ["90", "80"]
    path = "/public-api/{}/cryptocurrency/{}/latest"
    for query in ({"id": "1"}, {"symbol": "btc"}, {"slug": "bitcoin"}):
        assert read("coinmarketcap", path.format("v3", "quotes"), **query)["data"][0]["symbol"] == "BTC"
    assert read("coinmarketcap", path.format("v2", "quotes"), id="1")["data"]["1"]["quote"]["USD"]["price"] > 0
    assert len(read("coinmarketcap", path.format("v3", "listings"), start="5", limit="2")["data"]) == 2
    readings = read("coinmarketcap", "/public-api/v3/fear-and-greed/historical", limit="3")["data"]
    assert [int(left["timestamp"]) - int(right["timestamp"]) for left, right in pairwise(readings)] == [86_400] * 2


def test_fear_and_greed_limits_and_dates() -> None:
    """The index gives as many days as asked, all for 0, and dates as text where a format is asked for."""
    assert len(read("alternative_me", "/fng/", limit="0")["data"]) > 3000
    rows = read("alternative_me", "/fng/", limit="2", date_format="world")["data"]
    assert rows[0]["timestamp"] == "20-11-2026"
    assert "time_until_update" in rows[0]
    assert "time_until_update" not in rows[1]


def test_etherscan_modules() -> None:
    """Etherscan-like hosts answer accounts, gas, prices, blocks and proxied calls."""
    route = "/v2/network/mainnet/evm/1/etherscan/api"

    def ask(module: str, action: str, **query: str) -> Any:
        return read("routescan", route, module=module, action=action, **query)

    history = ask("account", "txlist", address=ADDRESS, sort="desc", offset="5", page="2")["result"]
    newest = ask("account", "txlist", address=ADDRESS, sort="desc", offset="10")["result"]
    assert [row["hash"] for row in history] == [row["hash"] for row in newest[5:]]
    assert ask("account", "txlist", address=ADDRESS, startblock="99999999")["message"] == "No transactions found"
    assert "Result window" in ask("account", "txlist", address=ADDRESS, page="5", offset="9999")["result"]
    for action in ("balance", "txlist", "tokentx", "balancemulti", "tokenbalance"):
        assert ask("account", action, address="nope")["status"] == "0"
    assert len(ask("account", "balancemulti", address=f"{ADDRESS},{USDT}")["result"]) == 2
    assert int(ask("account", "tokenbalance", address=ADDRESS, contractaddress=USDT)["result"]) >= 0
    transfers = ask("account", "tokentx", address=ADDRESS, sort="desc")["result"]
    assert transfers[0]["tokenSymbol"]
    assert float(ask("stats", "ethprice")["result"]["ethusd"]) > 100
    height = int(ask("block", "getblocknobytime", timestamp=str(int(NOW) - 60), closest="after")["result"])
    assert height == WORLD.evm["ethereum"].height(NOW - 60.25) + 1
    assert ask("account", "txlistinternal", address=ADDRESS)["result"] == []
    assert ask("proxy", "eth_gasPrice")["result"].startswith("0x")
    assert (
        "error" in ask("proxy", "eth_getTransactionByHash")
        or ask("proxy", "eth_getTransactionByHash")["result"] is None
    )
    assert ask("proxy", "eth_mine")["status"] == "0"


def test_blockscout_pages_and_lists() -> None:
    """Blockscout pages an address's transactions by what it hands back, and lists the newest of everything."""
    path = f"/api/v2/addresses/{ADDRESS}/transactions"
    first = read("blockscout_ethereum", path)
    again = read("blockscout_ethereum", path, **{key: str(value) for key, value in first["next_page_params"].items()})
    assert len(first["items"]) == len(again["items"]) == 50
    assert first["items"][-1]["block_number"] >= again["items"][0]["block_number"]
    for listed in ("transactions", "token-transfers"):
        assert read("blockscout_ethereum", f"/api/v2/{listed}")["items"]
    for listed in ("main-page/blocks", "main-page/transactions"):
        assert len(read("blockscout_ethereum", f"/api/v2/{listed}")) == 6
    assert read("blockscout_ethereum", f"/api/v2/addresses/{ADDRESS}/withdrawals")["items"] == []
    assert read("blockscout_ethereum", "/api", module="account", action="balance", address=ADDRESS)["status"] == "1"
    assert say("blockscout_ethereum", "/api/eth-rpc").status == 404


def test_bitcoin_explorers_agree() -> None:
    """Both kinds of Bitcoin explorers tell the same balance, transactions and blocks."""
    for address in (BITCOIN_ADDRESS, TAPROOT_ADDRESS):
        stats = read("blockstream", f"/api/address/{address}")["chain_stats"]
        held = stats["funded_txo_sum"] - stats["spent_txo_sum"]
        assert read("blockchain_info", "/balance", active=address)[address]["final_balance"] == held
        rows = read("blockchain_info", f"/rawaddr/{address}", limit="10")["txs"]
        page = read("blockstream", f"/api/address/{address}/txs")
        assert [row["hash"] for row in rows] == [row["txid"] for row in page[:10]]
        assert rows[0]["balance"] - rows[0]["result"] == rows[1]["balance"]
        following = read("blockstream", f"/api/address/{address}/txs/chain/{page[-1]['txid']}")
        assert not {row["txid"] for row in page} & {row["txid"] for row in following}
        assert read("mempool_space", f"/api/tx/{page[0]['txid']}") == page[0]
        assert read("blockchain_info", f"/rawtx/{page[0]['txid']}")["hash"] == page[0]["txid"]
    tip = say("mempool_space", "/api/blocks/tip/hash").body.decode()
    assert read("mempool_space", f"/api/block/{tip}")["height"] == int(
        say("mempool_space", "/api/blocks/tip/height").body
    )
    assert read("mempool_space", f"/api/v1/block/{tip}")["extras"]["pool"]["name"]
    assert len(read("mempool_space", f"/api/block/{tip}/txs/25")) == 25
    for start in ("7", "9999975"):
        assert say("mempool_space", f"/api/block/{tip}/txs/{start}").status == 400
    assert [row["height"] for row in read("mempool_space", "/api/v1/blocks/900000")][:2] == [900_000, 899_999]
    assert len(read("blockchain_info", "/unconfirmed-transactions", format="json")["txs"]) > 5
    assert len(read("blockchain_info", f"/rawblock/{tip}")["tx"]) == 100
    assert read("blockchain_info", "/ticker")["USD"]["last"] > 1000
    assert read("blockchain_info", "/stats")["n_blocks_total"] > 900_000
    assert int(say("blockchain_info", "/q/getblockcount").body) > 900_000


def test_nodes_answer_calls() -> None:
    """Nodes answer token contracts, logs, receipts and counts; what does not exist is null, what is wrong an error."""
    assert int(call("eth_call", {"to": USDT, "data": "0x313ce567"}, "latest")["result"], 16) == 6
    assert "55534454" in call("eth_call", {"to": USDT, "data": "0x95d89b41"}, "latest")["result"]
    assert int(call("eth_call", {"to": USDT, "data": "0x18160ddd"}, "latest")["result"], 16) > 10**12
    assert call("eth_call", {"to": ADDRESS, "data": "0x313ce567"}, "latest")["result"] == "0x"
    assert call("eth_call", {"to": USDT, "data": "0xdeadbeef"}, "latest")["error"]["code"] == 3
    head = int(call("eth_blockNumber")["result"], 16)
    logs = call("eth_getLogs", {"fromBlock": hex(head - 5), "toBlock": hex(head), "address": USDT})["result"]
    assert logs
    assert {row["address"] for row in logs} == {USDT}
    assert call("eth_getTransactionReceipt", logs[0]["transactionHash"])["result"]["logs"] == [logs[0]]
    assert call("eth_getLogs", {"fromBlock": hex(head - 5000)})["error"]["code"] == -32005
    assert call("eth_getLogs", {"topics": ["0x" + "ab" * 32]})["result"] == []
    assert call("eth_getBlockByNumber", hex(head + 100), False)["result"] is None
    assert call("eth_getBlockByHash", "0x" + "ab" * 32, False)["result"] is None
    assert call("eth_getTransactionByHash", "0x" + "ab" * 32)["result"] is None
    block = call("eth_getBlockByNumber", "safe", True)["result"]
    assert call("eth_getBlockByHash", block["hash"], True)["result"] == block
    assert call("eth_syncing")["result"] is False
    assert call("net_version")["result"] == "1"
    assert "Geth" in call("web3_clientVersion")["result"]
    assert call("eth_mine")["error"]["code"] == -32601
    for wrong in (("eth_getBalance", "nope", "latest"), ("eth_getBlockByNumber",), ("eth_getLogs", 7)):
        assert call(*wrong)["error"]["code"] == -32602


def test_nodes_take_batches() -> None:
    """A node answers a batch call by call, and refuses what is no call, no JSON, or too much."""
    stand_in = STAND_INS["onerpc_polygon"]
    view = View(WORLD, stand_in.id, NOW, stand_in.venue, stand_in.options)

    def post(body: bytes, path: str = "/matic") -> Said:
        return stand_in.form.answer(view, Asked("POST", path, {}, body))

    one = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    rows = json.loads(post(json.dumps([one, {**one, "id": 2}, 7]).encode()).body)
    assert [row.get("result") for row in rows] == ["0x89", "0x89", None]
    assert json.loads(post(b"{").body)["error"]["code"] == -32700
    assert json.loads(post(b"[]").body)["error"]["code"] == -32600
    assert json.loads(post(json.dumps([one] * 101).encode()).body)["error"]["code"] == -32600
    assert json.loads(post(json.dumps({**one, "params": {}}).encode()).body)["error"]["code"] == -32602
    assert post(b"{}", "/eth").status == 404
