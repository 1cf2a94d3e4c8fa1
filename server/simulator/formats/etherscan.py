"""Etherscan's query API: module and action, numbers as decimal text, every refusal inside a 200 with status 0."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from server.simulator.evm_chain import EvmChain, EvmTransaction
from server.simulator.formats import evm
from server.simulator.reply import Asked, Format, Said, routed, said, whole
from server.simulator.view import View

_CHAINS = {"1": "ethereum", "137": "polygon", "56": "bnb"}
_FREE = frozenset({"ethereum", "polygon"})
_UPGRADE = (
    "Free API access is not supported for this chain. Please upgrade your api plan for full chain coverage. "
    "https://etherscan.io/apis"
)
_NO_CHAIN = (
    "Missing or unsupported chainid parameter (required for v2 api), please see https://api.etherscan.io/v2/chainlist"
)
_NO_KEY = "Missing/Invalid API Key"
Action = Callable[[View, EvmChain, Asked], Said]


def refused(reason: str, message: str = "NOTOK") -> Said:
    """Return a refusal: its reason stands in the result."""
    return said({"status": "0", "message": message, "result": reason})


def _found(result: object) -> Said:
    return said({"status": "1", "message": "OK", "result": result})


NOTHING = said({"status": "0", "message": "No transactions found", "result": []})
BAD_ADDRESS = refused("Error! Invalid address format")


def etherscan(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer Etherscan's own host: it wants a key and a chain id, and its free keys know few chains."""
    chain = _CHAINS.get(asked.query.get("chainid", ""))
    if chain is None:
        return refused(_NO_CHAIN)
    if not asked.query.get("apikey"):
        return refused(_NO_KEY)
    if chain not in _FREE:
        return refused(_UPGRADE)
    return answered(view, asked, chain)


def routescan(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer Routescan's host, which has the chain in the path and wants no key."""
    chain = _CHAINS.get(parts["chain"])
    if chain is None:
        return refused("Chain not supported")
    return answered(view, asked, chain)


def answered(view: View, asked: Asked, chain_id: str) -> Said:
    """Answer a module's action on one chain."""
    module, action = asked.query.get("module", ""), asked.query.get("action", "")
    chain = evm.chain_of(view, chain_id)
    if module == "proxy":
        return _proxied(view, asked, chain_id, action)
    handler = ACTIONS.get((module, action))
    if handler is None:
        return refused("Error! Missing Or invalid Action name" if module else "Error! Missing Or invalid Module name")
    return handler(view, chain, asked)


def _address(asked: Asked, name: str = "address") -> str | None:
    text = asked.query.get(name, "")
    try:
        return "0x" + bytes.fromhex(text[2:]).hex() if text.startswith("0x") and len(text) == 42 else None
    except ValueError:
        return None


def balance(view: View, chain: EvmChain, asked: Asked) -> Said:
    """Answer account/balance."""
    address = _address(asked)
    return BAD_ADDRESS if address is None else _found(_wei(view, chain.balance(address, view.data_time)))


def _wei(view: View, value: int) -> str:
    return str(round(value * view.factor) if view.factor != 1 else value)


def balances(view: View, chain: EvmChain, asked: Asked) -> Said:
    """Answer account/balancemulti, for at most 20 addresses."""
    rows = []
    for name in asked.query.get("address", "").split(",")[:20]:
        address = _address(Asked("GET", "", {"address": name}))
        if address is None:
            return BAD_ADDRESS
        rows.append({"account": name, "balance": _wei(view, chain.balance(address, view.data_time))})
    return _found(rows)


def token_balance(view: View, chain: EvmChain, asked: Asked) -> Said:
    """Answer account/tokenbalance."""
    address, contract = _address(asked), _address(asked, "contractaddress")
    if address is None or contract is None:
        return BAD_ADDRESS
    return _found(_wei(view, chain.token_balance(address, contract, view.data_time)))


def transactions(view: View, chain: EvmChain, asked: Asked) -> Said:
    """Answer account/txlist: a page of an address's transactions, oldest first unless `sort` is desc."""
    address = _address(asked)
    if address is None:
        return BAD_ADDRESS
    page, offset = whole(asked, "page", 1, 1, 10_000), whole(asked, "offset", 10_000, 1, 10_000)
    if page * offset > 10_000:
        return refused("Result window is too large, PageNo x Offset size must be less than or equal to 10000")
    first, last = whole(asked, "startblock", 0, 0, 2**62), whole(asked, "endblock", 2**62, 0, 2**62)
    rows = [row for row in chain.history(address, view.data_time, 10_000) if first <= row.height <= last]
    if asked.query.get("sort", "asc") != "desc":
        rows.reverse()
    rows = rows[(page - 1) * offset : page * offset]
    return _found([_row(view, chain, row) for row in rows]) if rows else NOTHING


def _row(view: View, chain: EvmChain, row: EvmTransaction) -> dict[str, str]:
    return {
        "blockNumber": str(row.height),
        "blockHash": chain.block_hash(row.height),
        "timeStamp": str(chain.time(row.height)),
        "hash": row.hash,
        "nonce": str(row.nonce),
        "transactionIndex": str(row.index),
        "from": row.sender,
        "to": row.recipient,
        "value": _wei(view, row.value),
        "gas": str(row.gas_limit),
        "gasPrice": str(row.gas_price),
        "input": row.data,
        "methodId": row.data[:10],
        "functionName": "",
        "contractAddress": "",
        "cumulativeGasUsed": str(row.gas_used * 3),
        "txreceipt_status": "0" if row.failed else "1",
        "gasUsed": str(row.gas_used),
        "confirmations": str(chain.height(view.data_time) - row.height),
        "isError": "1" if row.failed else "0",
    }


def token_transfers(view: View, chain: EvmChain, asked: Asked) -> Said:
    """Answer account/tokentx: every third step of an address is told as a transfer of a token too."""
    address = _address(asked)
    if address is None:
        return BAD_ADDRESS
    offset = whole(asked, "offset", 100, 1, 10_000)
    contracts = list(chain.tokens)
    rows = []
    for row in chain.history(address, view.data_time, offset)[::3]:
        contract = contracts[row.height % len(contracts)]
        asset = chain.tokens[contract]
        units = int(10 ** asset.contracts[chain.terms.id][1] * (1 + row.height % 900) / asset.anchor.price)
        fields = _row(view, chain, dataclasses.replace(row, value=units))
        for name in ("txreceipt_status", "isError"):
            del fields[name]
        fields |= {"input": "deprecated", "contractAddress": contract, "tokenName": asset.name}
        rows.append(fields | {"tokenSymbol": asset.symbol, "tokenDecimal": str(asset.contracts[chain.terms.id][1])})
    if asked.query.get("sort", "asc") != "desc":
        rows.reverse()
    return _found(rows) if rows else NOTHING


def gas_oracle(view: View, chain: EvmChain, _: Asked) -> Said:
    """Answer gastracker/gasoracle, in gwei."""
    head = chain.height(view.data_time)
    base = chain.base_fee(head + 1) * view.factor / 1e9
    slow, standard, fast = (base + tip * view.factor / 1e9 for tip in chain.tips(head))
    ratios = ",".join(f"{chain.gas_used(head - back) / chain.terms.gas_limit:.15f}" for back in range(4, -1, -1))
    return _found(
        {
            "LastBlock": str(head),
            "SafeGasPrice": f"{slow:.9f}",
            "ProposeGasPrice": f"{standard:.9f}",
            "FastGasPrice": f"{fast:.9f}",
            "suggestBaseFee": f"{base:.9f}",
            "gasUsedRatio": ratios,
        }
    )


def native_price(view: View, chain: EvmChain, _: Asked) -> Said:
    """Answer stats/ethprice."""
    stamp = str(int(view.data_time))
    price = {"ethusd": f"{view.price(chain.asset):.2f}", "ethbtc": f"{view.price(chain.asset, 'BTC'):.8f}"}
    return _found({**price, "ethusd_timestamp": stamp, "ethbtc_timestamp": stamp})


def block_by_time(view: View, chain: EvmChain, asked: Asked) -> Said:
    """Answer block/getblocknobytime."""
    stamp = whole(asked, "timestamp", int(view.data_time), 0, 2**40)
    height = chain.height(min(stamp, view.data_time))
    return _found(str(height + (1 if asked.query.get("closest") == "after" else 0)))


def _proxied(view: View, asked: Asked, chain_id: str, action: str) -> Said:
    """Answer the proxy module: a JSON-RPC call with its parameters by name."""
    query = asked.query
    names = {
        "eth_blockNumber": (),
        "eth_getBlockByNumber": (query.get("tag"), query.get("boolean") == "true"),
        "eth_getTransactionByHash": (query.get("txhash"),),
        "eth_getTransactionReceipt": (query.get("txhash"),),
        "eth_getTransactionCount": (query.get("address"), query.get("tag", "latest")),
        "eth_call": ({"to": query.get("to"), "data": query.get("data")}, query.get("tag", "latest")),
        "eth_gasPrice": (),
    }
    if action not in names:
        return refused("Error! Missing Or invalid Action name")
    own = dataclasses.replace(view, options={**view.options, "chain": chain_id})
    try:
        result = evm.result_of(own, action, list(names[action]))
    except evm.RpcError as error:
        return said({"jsonrpc": "2.0", "id": 1, "error": {"code": error.code, "message": error.message}})
    return said({"jsonrpc": "2.0", "id": 1, "result": result})


ACTIONS: Mapping[tuple[str, str], Action] = {
    ("account", "balance"): balance,
    ("account", "balancemulti"): balances,
    ("account", "tokenbalance"): token_balance,
    ("account", "txlist"): transactions,
    ("account", "txlistinternal"): lambda _view, _chain, _asked: NOTHING,
    ("account", "tokentx"): token_transfers,
    ("gastracker", "gasoracle"): gas_oracle,
    ("stats", "ethprice"): native_price,
    ("block", "getblocknobytime"): block_by_time,
}
MISSING = Said(404, b"<!DOCTYPE html><html><head><title>404</title></head><body>Not Found</body></html>", "text/html")
_FAILURE = refused("Max calls per sec rate limit reached (3/sec)")
ETHERSCAN = Format("etherscan", routed((("/v2/api", etherscan),), MISSING), MISSING, _FAILURE, BAD_ADDRESS)
ROUTESCAN = Format(
    "routescan",
    routed((("/v2/network/mainnet/evm/{chain}/etherscan/api", routescan),), MISSING),
    MISSING,
    refused("Max rate limit reached, please use API Key for higher rate limit"),
    BAD_ADDRESS,
)
