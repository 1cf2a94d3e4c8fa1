"""Blocks, transactions and logs as an Ethereum node writes them."""

from __future__ import annotations

from server.simulator.evm_chain import EvmBlock, EvmChain, EvmTransaction
from server.simulator.noise import digest
from server.simulator.view import View

TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

_EMPTY_ROOT = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"

_NO_UNCLES = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"


def scaled(view: View, value: float) -> str:
    """Return an amount or fee in hex, as wrong as the source is."""
    return hex(round(value * view.factor) if view.factor != 1 else int(value))


def written_block(view: View, chain: EvmChain, block: EvmBlock, *, full: bool) -> dict[str, object]:
    """Return a block in the node's terms, with its transactions or their hashes."""
    listed = chain.transactions(block.height)
    root = digest(view.world.seed, "roots", chain.terms.id, block.height, size=64).hex()
    return {
        "baseFeePerGas": scaled(view, block.base_fee),
        "blobGasUsed": "0x0",
        "difficulty": "0x0",
        "excessBlobGas": "0x0",
        "extraData": "0x6265617665726275696c642e6f7267",
        "gasLimit": hex(block.gas_limit),
        "gasUsed": hex(block.gas_used),
        "hash": block.hash,
        "logsBloom": "0x" + root * 4,
        "miner": block.miner,
        "mixHash": "0x" + root[:64],
        "nonce": "0x0000000000000000",
        "number": hex(block.height),
        "parentBeaconBlockRoot": "0x" + root[64:],
        "parentHash": block.parent,
        "receiptsRoot": "0x" + root[32:96],
        "requestsHash": "0x" + root[24:88],
        "sha3Uncles": _NO_UNCLES,
        "size": hex(block.size),
        "stateRoot": "0x" + root[16:80],
        "timestamp": hex(block.time),
        "transactions": [written(view, chain, row) for row in listed] if full else [row.hash for row in listed],
        "transactionsRoot": "0x" + root[48:112],
        "uncles": [],
        "withdrawals": _withdrawals(view, chain, block),
        "withdrawalsRoot": _EMPTY_ROOT,
    }


def _withdrawals(view: View, chain: EvmChain, block: EvmBlock) -> list[dict[str, str]]:
    """Return what the beacon chain pays out in a block; chains without one pay nothing."""
    if chain.terms.id != "ethereum":
        return []
    first = block.height * 16
    return [
        {
            "index": hex(first + place),
            "validatorIndex": hex((first + place) % 1_000_000),
            "address": "0x" + digest(view.world.seed, "validator", (first + place) % 1000, size=20).hex(),
            "amount": hex(18_000_000 + place * 1000),
        }
        for place in range(16)
    ]


def written(view: View, chain: EvmChain, row: EvmTransaction) -> dict[str, object]:
    """Return a transaction in the node's terms."""
    mark = digest(view.world.seed, "signature", row.hash, size=64).hex()
    return {
        "blockHash": chain.block_hash(row.height),
        "blockNumber": hex(row.height),
        "blockTimestamp": hex(chain.time(row.height)),
        "from": row.sender,
        "gas": hex(row.gas_limit),
        "gasPrice": hex(row.gas_price),
        "maxFeePerGas": hex(row.gas_price * 2),
        "maxPriorityFeePerGas": hex(row.tip),
        "hash": row.hash,
        "input": row.data,
        "nonce": hex(row.nonce),
        "to": row.recipient,
        "transactionIndex": hex(row.index),
        "value": scaled(view, row.value),
        "type": "0x2",
        "accessList": [],
        "chainId": hex(chain.terms.evm_id),
        "v": "0x1",
        "r": "0x" + mark[:64],
        "s": "0x" + mark[64:],
        "yParity": "0x1",
    }


def written_logs(chain: EvmChain, row: EvmTransaction) -> list[dict[str, object]]:
    """Return the transfer that a token's contract logs."""
    if row.token is None or row.failed:
        return []
    _, recipient, units = row.token
    return [
        {
            "address": row.recipient,
            "topics": [TRANSFER_TOPIC, *("0x" + side[2:].rjust(64, "0") for side in (row.sender, recipient))],
            "data": f"0x{units:064x}",
            "blockNumber": hex(row.height),
            "transactionHash": row.hash,
            "transactionIndex": hex(row.index),
            "blockHash": chain.block_hash(row.height),
            "blockTimestamp": hex(chain.time(row.height)),
            "logIndex": hex(row.index),
            "removed": False,
        }
    ]
