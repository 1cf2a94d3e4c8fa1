"""Ethereum JSON-RPC: quantities in hex, null for what does not exist, errors inside a 200; single calls and batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from server.simulator.evm_chain import EvmChain
from server.simulator.formats.evm_objects import TRANSFER_TOPIC, scaled, written, written_block, written_logs
from server.simulator.reply import Asked, Format, Said, said
from server.simulator.view import View

MOST_IN_BATCH = 100

MOST_LOG_BLOCKS = 1000


class RpcError(Exception):
    """An error that a node states in its answer."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def chain_of(view: View, name: str) -> EvmChain:
    """Return the chain that a source shows: another one where it shows the wrong asset."""
    chains = list(view.world.evm)
    return view.world.evm[chains[(chains.index(name) + 1) % len(chains)] if view.swap else name]


def answer(view: View, asked: Asked) -> Said:
    """Answer a POST of one call or a batch."""
    if asked.method != "POST" or asked.path.rstrip("/") != view.options["path"].rstrip("/"):
        return MISSING
    try:
        body = orjson.loads(asked.body)
    except orjson.JSONDecodeError:
        return said(_error(None, -32_700, "parse error"))
    if not isinstance(body, list):
        return said(_called(view, body))
    if not body or len(body) > MOST_IN_BATCH:
        return said(_error(None, -32_600, "batch too large" if body else "empty batch"))
    return said([_called(view, call) for call in body])


def _error(number: object, code: int, message: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}


def _called(view: View, call: object) -> dict[str, object]:
    if not isinstance(call, dict) or not isinstance(call.get("method"), str):
        return _error(None, -32_600, "invalid request")
    number, parameters = call.get("id"), call.get("params", [])
    try:
        if not isinstance(parameters, list):
            raise RpcError(-32_602, "non-array args")
        return {"jsonrpc": "2.0", "id": number, "result": result_of(view, call["method"], parameters)}
    except RpcError as error:
        return _error(number, error.code, error.message)


def result_of(view: View, method: str, parameters: list[object]) -> object:
    """Return the result of one call on the source's chain; raises `RpcError`."""
    called = METHODS.get(method)
    if called is None:
        raise RpcError(-32_601, f"the method {method} does not exist/is not available")
    try:
        return called(view, chain_of(view, view.options["chain"]), parameters)
    except (IndexError, KeyError, TypeError, ValueError, AttributeError):
        raise RpcError(-32_602, f"invalid argument for {method}") from None


def _height(view: View, chain: EvmChain, tag: object) -> int:
    """Return the height that a block tag names."""
    head = chain.height(view.data_time)
    if isinstance(tag, str) and tag.startswith("0x"):
        return int(tag, 16)
    depths = {"latest": 0, "pending": 0, "safe": 32, "finalized": 64, "earliest": head}
    return head - depths[str(tag)]


def block_number(view: View, chain: EvmChain, _: list[object]) -> object:
    """Return the newest height."""
    return hex(chain.height(view.data_time))


def block_by_number(view: View, chain: EvmChain, parameters: list[object]) -> object:
    """Return a block by its number or tag, null when it is not there yet."""
    height = _height(view, chain, parameters[0])
    if not chain.terms.first_height <= height <= chain.height(view.data_time):
        return None
    return written_block(view, chain, chain.block(height), full=bool(parameters[1]))


def block_by_hash(view: View, chain: EvmChain, parameters: list[object]) -> object:
    """Return a block by its hash, null when there is none."""
    height = chain.height_of(str(parameters[0]))
    if height is None or height > chain.height(view.data_time):
        return None
    return written_block(view, chain, chain.block(height), full=bool(parameters[1]))


def transaction(view: View, chain: EvmChain, parameters: list[object]) -> object:
    """Return a transaction by its hash, null when there is none."""
    found = chain.transaction(str(parameters[0]), view.data_time)
    return None if found is None else written(view, chain, found)


def receipt(view: View, chain: EvmChain, parameters: list[object]) -> object:
    """Return a transaction's receipt, null when there is none."""
    found = chain.transaction(str(parameters[0]), view.data_time)
    if found is None:
        return None
    return {
        "blockHash": chain.block_hash(found.height),
        "blockNumber": hex(found.height),
        "contractAddress": None,
        "cumulativeGasUsed": hex(found.gas_used * (found.index + 1)),
        "effectiveGasPrice": scaled(view, found.gas_price),
        "from": found.sender,
        "gasUsed": hex(found.gas_used),
        "logs": written_logs(chain, found),
        "logsBloom": "0x" + "0" * 512,
        "status": "0x0" if found.failed else "0x1",
        "to": found.recipient,
        "transactionHash": found.hash,
        "transactionIndex": hex(found.index),
        "type": "0x2",
    }


def logs(view: View, chain: EvmChain, parameters: list[object]) -> object:
    """Return the logs of a range of blocks, of one contract where it is named."""
    wanted = parameters[0]
    if not isinstance(wanted, dict):
        raise TypeError
    first, last = (_height(view, chain, wanted.get(side, "latest")) for side in ("fromBlock", "toBlock"))
    if last - first >= MOST_LOG_BLOCKS:
        raise RpcError(-32_005, f"exceed maximum block range: {MOST_LOG_BLOCKS}")
    contract = str(wanted.get("address", "")).lower()
    topics = wanted.get("topics") or [None]
    if topics[0] not in {None, TRANSFER_TOPIC}:
        return []
    rows = (row for height in range(first, last + 1) for row in chain.transactions(height))
    return [log for row in rows if not contract or row.recipient == contract for log in written_logs(chain, row)]


def gas_price(view: View, chain: EvmChain, _: list[object]) -> object:
    """Return the price that gets into the next block."""
    head = chain.height(view.data_time)
    return scaled(view, chain.base_fee(head + 1) + chain.tips(head)[1])


def priority_fee(view: View, chain: EvmChain, _: list[object]) -> object:
    """Return the median tip."""
    return scaled(view, chain.tips(chain.height(view.data_time))[1])


def fee_history(view: View, chain: EvmChain, parameters: list[object]) -> object:
    """Return base fees (that of the next block last), how full the blocks were, and tips by percentile."""
    count = parameters[0]
    wanted = min(1024, int(count, 16) if isinstance(count, str) else int(str(count)))
    newest = _height(view, chain, parameters[1])
    percentiles = parameters[2] if len(parameters) > 2 and isinstance(parameters[2], list) else []
    heights = range(newest - wanted + 1, newest + 1)
    bases = [scaled(view, chain.base_fee(height)) for height in (*heights, newest + 1)]
    history: dict[str, object] = {"oldestBlock": hex(heights.start)}
    if percentiles:
        history["reward"] = [
            [scaled(view, _tip(chain.tips(height), float(percentile))) for percentile in percentiles]
            for height in heights
        ]
    return history | {
        "baseFeePerGas": bases,
        "gasUsedRatio": [chain.gas_used(height) / chain.terms.gas_limit for height in heights],
        "baseFeePerBlobGas": ["0x1"] * (wanted + 1),
        "blobGasUsedRatio": [0] * wanted,
    }


def _tip(tips: tuple[int, int, int], percentile: float) -> float:
    """Return the tip at a percentile, by the three that are known."""
    low, middle, high = tips
    if percentile <= 50:
        return low + (middle - low) * max(0.0, percentile - 10) / 40
    return middle + (high - middle) * (percentile - 50) / 40


def _address(value: object) -> str:
    text = str(value)
    if len(text) != 42 or not text.startswith("0x"):
        raise ValueError
    return "0x" + bytes.fromhex(text[2:]).hex()


def balance(view: View, chain: EvmChain, parameters: list[object]) -> object:
    """Return the native balance of an address."""
    return scaled(view, chain.balance(_address(parameters[0]), view.data_time))


def transaction_count(view: View, chain: EvmChain, parameters: list[object]) -> object:
    """Return how many transactions an address has made."""
    return hex(chain.count(_address(parameters[0]), view.data_time))


def call(view: View, chain: EvmChain, parameters: list[object]) -> object:
    """Return what a token's contract says to balanceOf, decimals, symbol, name or totalSupply; others have no code."""
    asked = parameters[0]
    if not isinstance(asked, dict):
        raise TypeError
    contract, data = _address(asked["to"]), str(asked.get("data", asked.get("input", "0x")))
    asset = chain.tokens.get(contract)
    if asset is None:
        return "0x"
    match data[:10]:
        case "0x70a08231":
            units = chain.token_balance("0x" + data[-40:].lower(), contract, view.data_time)
            return f"0x{round(units * view.factor) if view.factor != 1 else units:064x}"
        case "0x313ce567":
            return f"0x{asset.contracts[chain.terms.id][1]:064x}"
        case "0x18160ddd":
            return f"0x{int(asset.supply) * 10 ** asset.contracts[chain.terms.id][1]:064x}"
        case "0x95d89b41" | "0x06fdde03":
            text = (asset.symbol if data.startswith("0x95") else asset.name).encode()
            return f"0x{32:064x}{len(text):064x}" + text.hex().ljust(64, "0")
    raise RpcError(3, "execution reverted")


METHODS: Mapping[str, Callable[[View, EvmChain, list[object]], object]] = {
    "eth_blockNumber": block_number,
    "eth_getBlockByNumber": block_by_number,
    "eth_getBlockByHash": block_by_hash,
    "eth_getTransactionByHash": transaction,
    "eth_getTransactionReceipt": receipt,
    "eth_getLogs": logs,
    "eth_gasPrice": gas_price,
    "eth_maxPriorityFeePerGas": priority_fee,
    "eth_feeHistory": fee_history,
    "eth_getBalance": balance,
    "eth_getTransactionCount": transaction_count,
    "eth_call": call,
    "eth_chainId": lambda _view, chain, _: hex(chain.terms.evm_id),
    "net_version": lambda _view, chain, _: str(chain.terms.evm_id),
    "eth_syncing": lambda _view, _chain, _: False,
    "eth_blobBaseFee": lambda view, _chain, _: scaled(view, 1),
    "web3_clientVersion": lambda _view, _chain, _: "Geth/v1.16.7-stable/linux-amd64/go1.25.1",
}

MISSING = Said(404, b"404 page not found\n", "text/plain; charset=utf-8")

FORMAT = Format(
    "evm", answer, MISSING, said(_error(1, -32_603, "internal error")), said(_error(1, -32_000, "not found"))
)
