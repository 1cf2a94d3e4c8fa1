"""Simulated answers have the shape of recorded ones: the same fields with the same JSON types."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from server.simulator import StandIn, stand_ins
from server.simulator.replay import Case, cases
from server.simulator.reply import Asked
from server.simulator.view import View
from server.simulator.world import World

NOW = 1_795_174_000.25
BITCOIN_ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
ETHEREUM_ADDRESS = "0x50532e4Be195D1dE0c2E6DfA46D9ec0a4Fee6861"
FOLDER = os.environ.get("NERKH_FIXTURES", "")
CHECKED = {
    "alternativeme/fng.json": "alternative_me",
    "binance/depth.json": "binance",
    "binance/exchangeInfo.json": "binance",
    "binance/klines.json": "binance",
    "binance/klines-2.json": "binance",
    "binance/ticker_24hr.json": "binance",
    "binance/ticker_24hr-2.json": "binance",
    "binance/ticker_24hr_all.json": "binance",
    "binance/ticker_bookTicker.json": "binance",
    "binance/ticker_price.json": "binance",
    "blockchaininfo/multiaddr.json": "blockchain_info",
    "blockscout/api_account_balance.json": "blockscout_ethereum",
    "blockscout/api_v2_transactions_hash.json": "blockscout_ethereum",
    "coinbaseexchange/candles.json": "coinbase",
    "coinbaseexchange/candles-2.json": "coinbase",
    "coinbaseexchange/product_book_l2.json": "coinbase",
    "coinbaseexchange/product_ticker.json": "coinbase",
    "coinbaseexchange/products.json": "coinbase",
    "coingecko/coins_list.json": "coingecko",
    "coingecko/coins_market_chart_90d_daily.json": "coingecko",
    "coingecko/coins_markets.json": "coingecko",
    "coingecko/coins_markets-2.json": "coingecko",
    "coingecko/coins_ohlc.json": "coingecko",
    "coingecko/error_422_missing_ids.json": "coingecko",
    "coingecko/global.json": "coingecko",
    "coingecko/search_trending.json": "coingecko",
    "coingecko/simple_price.json": "coingecko",
    "coingecko/simple_price-2.json": "coingecko",
    "coinlore/api_global.json": "coinlore",
    "coinlore/api_ticker.json": "coinlore",
    "coinlore/api_tickers.json": "coinlore",
    "coinmarketcap/v1_cryptocurrency_listings_latest.json": "coinmarketcap",
    "coinpaprika/v1_tickers_id.json": "coinpaprika",
    "esplora/address_txs.json": "blockstream",
    "etherscan/account_balance.json": "etherscan",
    "etherscan/account_txlist.json": "etherscan",
    "etherscan/account_tokentx.json": "etherscan",
    "etherscan/notok_free_api_chain.json": "etherscan",
    "etherscan/proxy_eth_blockNumber.json": "etherscan",
    "ethrpc/eth_blockNumber.json": "publicnode_ethereum",
    "ethrpc/eth_feeHistory.json": "publicnode_ethereum",
    "ethrpc/eth_getBalance.json": "publicnode_ethereum",
    "ethrpc/eth_getBlockByNumber_mainnet.json": "publicnode_ethereum",
    "ethrpc/eth_getTransactionReceipt.json": "publicnode_ethereum",
    "geckoterminal/networks_trending_pools.json": "geckoterminal",
    "kraken/AssetPairs.json": "kraken",
    "kraken/OHLC.json": "kraken",
    "kraken/Ticker.json": "kraken",
    "kraken/Ticker-2.json": "kraken",
    "kraken/error_unknown_pair.json": "kraken",
    "mempool/address.json": "mempool_space",
    "mempool/mempool.json": "mempool_space",
    "mempool/tx.json": "mempool_space",
    "mempool/v1_difficulty_adjustment.json": "mempool_space",
    "mempool/v1_fees_recommended.json": "mempool_space",
    "mempool/v1_prices.json": "mempool_space",
}
"""Which stand-in speaks the format of which recorded answer."""
GONE = {
    # The pairs and currencies that a source lists are the world's, not those of the recording's year.
    "kraken/AssetPairs.json": (".result.",),
    "coingecko/global.json": (".data.",),
    # Fields of other versions, and of another chain than the simulated ones.
    "coinbaseexchange/products.json": ("[0].base_m",),
    "mempool/tx.json": (".",),
    "blockchaininfo/multiaddr.json": (".info", ".recommend_include_fee", ".txs[0].out[0]."),
    "coinpaprika/v1_tickers_id.json": (".circulating_supply",),
    "blockscout/api_v2_transactions_hash.json": (".l1_", ".op_withdrawals"),
    "coingecko/search_trending.json": (".exchanges",),
}
"""Recorded fields that need not be there, by the beginning of their place."""
NULLABLE = {
    "to",
    "type",
    "priority_fee",
    "max_fee_per_gas",
    "max_priority_fee_per_gas",
    "transaction_burnt_fee",
    "name",
}


def _kind(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else type(value).__name__


def _differences(recorded: object, simulated: object, place: str = "") -> list[str]:
    """Return where two JSON values differ in shape, by the recorded one."""
    if recorded is None or simulated is None:
        return []
    if _kind(recorded) != _kind(simulated):
        return [f"{place}: recorded {_kind(recorded)}, simulated {_kind(simulated)}"]
    if isinstance(recorded, dict) and isinstance(simulated, dict):
        found = [f"{place}.{name} is missing" for name in recorded if name not in simulated]
        for name in recorded.keys() & simulated.keys():
            found += _differences(recorded[name], simulated[name], f"{place}.{name}")
        return found
    if isinstance(recorded, list) and isinstance(simulated, list) and recorded and simulated:
        if isinstance(recorded[0], list | dict):
            return _differences(recorded[0], simulated[0], f"{place}[0]")
        if len(recorded) == len(simulated):
            pairs = enumerate(zip(recorded, simulated, strict=True))
            return [row for at, (left, right) in pairs for row in _differences(left, right, f"{place}[{at}]")]
    return []


def _own_request(case: Case, stand_in: StandIn, world: World) -> Asked:
    """Return the recorded request as this world's stand-in is asked it: our base URL, and names that exist here."""
    listed = world.evm["ethereum"].transactions(world.evm["ethereum"].height(NOW) - 5)
    if case.call is not None:
        call = {**case.call, "params": _own_parameters(case, next(row.hash for row in listed if row.token))}
        return Asked("POST", stand_in.options["path"] or "/", {}, json.dumps(call).encode())
    path, query = case.path, dict(case.query)
    match stand_in.form.name:
        case "blockscout":
            path = path[path.index("/api") :]
        case "coinmarketcap":
            path = "/public-api" + path
        case "etherscan":
            query |= {"apikey": "x", "chainid": {"100": "1"}.get(query["chainid"], query["chainid"])}
        case "coingecko":
            query.setdefault("vs_currency", "usd")
    if "address" in query:
        query = {name: value for name, value in query.items() if name.lower() != "endblock"}
        query["address"] = ETHEREUM_ADDRESS
    if "/transactions/0x" in path:
        path = f"/api/v2/transactions/{listed[0].hash}"
    path = path.replace("<addr>", BITCOIN_ADDRESS)
    path = path.replace("<txid>", world.bitcoin.listed(world.bitcoin.height(NOW), 3).hash)
    return Asked(case.method, path, query)


def _own_parameters(case: Case, transaction: str) -> list[object]:
    """Return a call's parameters with a transaction and blocks that exist in this world."""
    assert case.call is not None
    parameters = list(case.call.get("params", []))
    match case.call["method"]:
        case "eth_getTransactionReceipt":
            return [transaction]
        case "eth_getBlockByNumber":
            return ["latest", *parameters[1:]]
        case "eth_feeHistory":
            return [parameters[0], "latest", parameters[2]]
    return parameters


@pytest.fixture(scope="module")
def recorded() -> dict[str, Case]:
    """Give the recorded answers by file; the tests are skipped, saying so, where there are none."""
    if not FOLDER:
        pytest.skip("NERKH_FIXTURES names no folder of recorded answers")
    return {case.file: case for case in cases(Path(FOLDER))}


@pytest.fixture(scope="module")
def world() -> World:
    """Give one world for the module."""
    return World(7)


@pytest.mark.parametrize("file", CHECKED)
def test_shape_is_the_recorded_one(recorded: dict[str, Case], world: World, file: str) -> None:
    """A simulated answer holds every field of the recorded one, with the same JSON type and status."""
    if file not in recorded:
        pytest.skip(f"{file} is not among these recorded answers")
    case = recorded[file]
    stand_in = next(row for row in stand_ins() if row.id == CHECKED[file])
    view = View(world, stand_in.id, NOW, stand_in.venue, stand_in.options)
    said = stand_in.form.answer(view, _own_request(case, stand_in, world))
    assert said.status == case.answer.status, said.body[:200]
    left = [
        row
        for row in _differences(json.loads(case.answer.body), json.loads(said.body))
        if not row.startswith(GONE.get(file, ())) and row.split(":")[0].split(".")[-1] not in NULLABLE
    ]
    assert left == []


@pytest.mark.parametrize(
    ("file", "source"), [("coindesk/rss.xml", "rss_coindesk"), ("cointelegraph/rss.xml", "rss_cointelegraph")]
)
def test_feeds_have_the_recorded_elements(recorded: dict[str, Case], world: World, file: str, source: str) -> None:
    """A simulated item holds every element of a recorded one."""
    stand_in = next(row for row in stand_ins() if row.id == source)
    view = View(world, source, NOW, stand_in.venue, stand_in.options)
    said = stand_in.form.answer(view, Asked("GET", stand_in.options["path"]))
    items = [ET.fromstring(body).find("channel/item") for body in (recorded[file].answer.body, said.body)]  # noqa: S314 -- our own and recorded text
    names = [{part.tag for part in item} if item is not None else set() for item in items]
    assert names[0] - {"{http://search.yahoo.com/mrss/}keywords"} <= names[1]
