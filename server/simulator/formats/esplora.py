"""Esplora's REST API: satoshi as integers, errors as sentences in plain text."""

from __future__ import annotations

from collections.abc import Mapping

from server.simulator.addresses import Script, bitcoin_address, bitcoin_script
from server.simulator.bitcoin_chain import BitcoinBlock, BitcoinTransaction, Coin
from server.simulator.noise import digest
from server.simulator.reply import Asked, Format, Said, routed, said, text
from server.simulator.view import View

PAGE = 25

TARGETS = (*range(1, 26), 144, 504, 1008)

BAD_ADDRESS = text("Invalid Bitcoin address", 400)

NO_TRANSACTION = text("Transaction not found", 404)

NO_BLOCK = text("Block not found", 404)

BAD_HASH = text("Invalid hash", 400)


def written_block(view: View, block: BitcoinBlock) -> dict[str, object]:
    """Return a block as Esplora writes it."""
    return {
        "id": block.hash,
        "height": block.height,
        "version": 0x20000000,
        "timestamp": block.time,
        "bits": 0x17021F7A,
        "nonce": block.time * 7 % 2**32,
        "difficulty": block.difficulty,
        "merkle_root": digest(view.world.seed, "root", block.height).hex(),
        "tx_count": round(block.transactions * view.factor),
        "size": block.size,
        "weight": block.weight,
        "previousblockhash": block.parent,
        "mediantime": view.world.bitcoin.time(block.height - 5),
    }


def head(view: View) -> int:
    """Return the height of the newest block."""
    return view.world.bitcoin.height(view.data_time)


def height_of(view: View, parts: Mapping[str, str]) -> int | Said:
    """Return the height of the block that a path names, or the error it gets."""
    name = parts["hash"]
    if len(name) != 64:
        return BAD_HASH
    height = view.world.bitcoin.height_of(name)
    if height is None or height > head(view):
        return NO_BLOCK
    return height - 1 if view.swap else height


def estimates(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/fee-estimates`."""
    rate = view.world.bitcoin.fee_rate(view.data_time) * view.factor
    return said({str(target): round(max(1.0, rate * 1.1 / target**0.25), 3) for target in TARGETS})


def tip_height(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/blocks/tip/height`."""
    return text(str(head(view)))


def tip_hash(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/blocks/tip/hash`."""
    return text(view.world.bitcoin.block_hash(head(view)))


def blocks(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/blocks` and `/blocks/{height}`: ten, newest first."""
    return said([written_block(view, found) for found in newest_blocks(view, parts, 10)])


def newest_blocks(view: View, parts: Mapping[str, str], count: int) -> list[BitcoinBlock]:
    """Return so many blocks, newest first, from the height that a path names or from the head."""
    start = parts.get("height", "")
    newest = min(head(view), int(start)) if start.isdigit() else head(view)
    return [view.world.bitcoin.block(height) for height in range(newest, newest - count, -1)]


def block(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/block/{hash}`."""
    height = height_of(view, parts)
    return height if isinstance(height, Said) else said(written_block(view, view.world.bitcoin.block(height)))


def block_at(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/block-height/{height}` with a hash."""
    if not parts["height"].isdigit() or int(parts["height"]) > head(view):
        return NO_BLOCK
    return text(view.world.bitcoin.block_hash(int(parts["height"])))


def block_transactions(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/block/{hash}/txs/{start}`: 25 from a multiple of 25 on."""
    height = height_of(view, parts)
    if isinstance(height, Said):
        return height
    start = parts.get("start", "0")
    if not start.isdigit() or int(start) % PAGE:
        return text("start index must be a multiple of 25", 400)
    count = view.world.bitcoin.block(height).transactions
    if int(start) >= count:
        return text("start index out of range", 400)
    places = range(int(start), min(count, int(start) + PAGE))
    return said([_transaction(view, view.world.bitcoin.listed(height, place)) for place in places])


def _transaction(view: View, found: BitcoinTransaction) -> dict[str, object]:
    chain = view.world.bitcoin
    status: dict[str, object] = {"confirmed": False}
    if chain.is_settled(found, view.data_time):
        made = chain.block(found.height)
        status = {"confirmed": True, "block_height": made.height, "block_hash": made.hash, "block_time": made.time}
    return {
        "txid": found.hash,
        "version": 2,
        "locktime": 0,
        "vin": [_input(view, found, coin) for coin in found.inputs] or [_coinbase()],
        "vout": [_coin(view, coin) for coin in found.outputs],
        "size": found.size,
        "weight": found.weight,
        "fee": round(found.fee * view.factor),
        "status": status,
    }


def _coin(view: View, coin: Coin) -> dict[str, object]:
    return {
        "scriptpubkey": coin.script.hex,
        "scriptpubkey_asm": coin.script.asm,
        "scriptpubkey_type": coin.script.kind,
        "scriptpubkey_address": bitcoin_address(coin.script),
        "value": round(coin.value * view.factor),
    }


def _input(view: View, found: BitcoinTransaction, coin: Coin) -> dict[str, object]:
    key = digest(view.world.seed, "spent", found.hash).hex()
    return {
        "txid": key,
        "vout": 0,
        "prevout": _coin(view, coin),
        "scriptsig": "",
        "scriptsig_asm": "",
        "witness": ["30440220" + key, "02" + key],
        "is_coinbase": False,
        "sequence": 4_294_967_293,
    }


def _coinbase() -> dict[str, object]:
    return {
        "txid": "0" * 64,
        "vout": 4_294_967_295,
        "prevout": None,
        "scriptsig": "0352e60e",
        "scriptsig_asm": "OP_PUSHBYTES_3 52e60e",
        "witness": ["0" * 64],
        "is_coinbase": True,
        "sequence": 4_294_967_295,
    }


def transaction(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/tx/{txid}`."""
    name = parts["txid"]
    if len(name) != 64:
        return text("Invalid hex string", 400)
    found = view.world.bitcoin.transaction(name, view.data_time)
    if found is not None and view.swap:
        found = view.world.bitcoin.listed(head(view), 7)
    return NO_TRANSACTION if found is None else said(_transaction(view, found))


def _script(view: View, parts: Mapping[str, str]) -> Script | None:
    script = bitcoin_script(parts["address"])
    if script is not None and view.swap:
        return Script("v0_p2wpkh", digest(view.world.seed, "stranger", script.hex, size=20))
    return script


def address(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/address/{address}`: what was funded and spent, on the chain and in the mempool."""
    script = _script(view, parts)
    if script is None:
        return BAD_ADDRESS
    settled, waiting = account(view, script)
    name = bitcoin_address(script) if view.swap else parts["address"]
    return said({"address": name, "chain_stats": settled, "mempool_stats": waiting})


def account(view: View, script: Script) -> tuple[dict[str, int], dict[str, int]]:
    """Return the sums of an address on the chain and in the mempool, in satoshi."""
    names = ("funded_txo_count", "funded_txo_sum", "spent_txo_count", "spent_txo_sum", "tx_count")
    settled, waiting = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for found in view.world.bitcoin.history(script, view.data_time, 1_000_000):
        stats = settled if view.world.bitcoin.is_settled(found, view.data_time) else waiting
        stats["tx_count"] += 1
        for side, coins in (("funded", found.outputs), ("spent", found.inputs)):
            own = [coin.value for coin in coins if coin.script == script]
            stats[f"{side}_txo_count"] += len(own)
            stats[f"{side}_txo_sum"] += round(sum(own) * view.factor)
    return settled, waiting


def address_transactions(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/address/{address}/txs` and `/txs/chain/{last}`: what waits, then 25 confirmed ones a page."""
    script = _script(view, parts)
    if script is None:
        return BAD_ADDRESS
    found = view.world.bitcoin.history(script, view.data_time, 1_000_000)
    waiting = [row for row in found if not view.world.bitcoin.is_settled(row, view.data_time)]
    settled = found[len(waiting) :]
    if "last" in parts:
        names = [row.hash for row in settled]
        start = names.index(parts["last"]) + 1 if parts["last"] in names else 0
        settled, waiting = settled[start:], []
    return said([_transaction(view, row) for row in (*waiting[:50], *settled[:PAGE])])


def mempool(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/mempool`."""
    chain, time = view.world.bitcoin, view.data_time
    count = round(chain.waiting(time) * view.factor)
    rate = chain.fee_rate(time)
    steps = [(rate * part, int(count * 250 * share)) for part, share in ((4, 0.05), (1.5, 0.2), (1, 0.3), (0.5, 0.45))]
    return said(
        {
            "count": count,
            "vsize": count * 250,
            "total_fee": int(count * 250 * rate),
            "fee_histogram": [[round(step, 3), size] for step, size in steps],
        }
    )


def recent(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/mempool/recent`."""
    rows = [
        {
            "txid": found.hash,
            "fee": found.fee,
            "vsize": found.weight // 4,
            "value": round(sum(coin.value for coin in found.outputs) * view.factor),
        }
        for found in view.world.bitcoin.recent(view.data_time)
    ]
    return said(rows)


MISSING = Said(404, b"<!DOCTYPE html>\n<html><body><pre>Cannot GET</pre></body></html>\n", "text/html; charset=utf-8")

SHARED = (
    ("/api/blocks/tip/height", tip_height),
    ("/api/blocks/tip/hash", tip_hash),
    ("/api/blocks", blocks),
    ("/api/blocks/{height}", blocks),
    ("/api/block/{hash}", block),
    ("/api/block/{hash}/txs", block_transactions),
    ("/api/block/{hash}/txs/{start}", block_transactions),
    ("/api/block-height/{height}", block_at),
    ("/api/tx/{txid}", transaction),
    ("/api/address/{address}", address),
    ("/api/address/{address}/txs", address_transactions),
    ("/api/address/{address}/txs/chain", address_transactions),
    ("/api/address/{address}/txs/chain/{last}", address_transactions),
    ("/api/mempool", mempool),
    ("/api/mempool/recent", recent),
)

FAILURE = text("Service Unavailable", 503)

FORMAT = Format(
    "esplora", routed((("/api/fee-estimates", estimates), *SHARED), MISSING), MISSING, FAILURE, NO_TRANSACTION
)
