"""Blockchain.com's explorer: balances and transactions in satoshi, the newest block, prices by currency, statistics."""

from __future__ import annotations

from collections.abc import Mapping

from server.simulator.addresses import Script, bitcoin_address, bitcoin_script
from server.simulator.assets import FIAT
from server.simulator.bitcoin_chain import COIN, FIRST_HEIGHT, SPAN_S, BitcoinTransaction, Coin
from server.simulator.formats.esplora import account
from server.simulator.noise import digest
from server.simulator.reply import Asked, Format, Said, routed, said, text, whole
from server.simulator.view import View

PAGE = 50
MISSING = said({"error": "not-found-or-invalid-arg", "message": "Item not found or argument invalid"}, 404)


def _index(name: str) -> int:
    """Return the number by which the explorer knows a transaction."""
    return int(name[:13], 16)


def _output(view: View, found: BitcoinTransaction, coin: Coin, place: int, *, spent: bool) -> dict[str, object]:
    return {
        "type": 0,
        "spent": spent,
        "value": round(coin.value * view.factor),
        "spending_outpoints": [{"tx_index": _index(found.hash), "n": 0}] if spent else [],
        "n": place,
        "tx_index": _index(found.hash),
        "script": coin.script.hex,
        "addr": bitcoin_address(coin.script),
    }


def _transaction(view: View, found: BitcoinTransaction) -> dict[str, object]:
    settled = view.world.bitcoin.is_settled(found, view.data_time)
    time = view.world.bitcoin.time(found.height) if settled else int(found.time)
    mark = digest(view.world.seed, "spent", found.hash).hex()
    inputs = [
        {
            "sequence": 4_294_967_293,
            "witness": "0247" + mark,
            "script": "",
            "index": place,
            "prev_out": _output(view, found, coin, place, spent=True),
        }
        for place, coin in enumerate(found.inputs)
    ]
    height = found.height if settled else None
    return {
        "hash": found.hash,
        "ver": 2,
        "vin_sz": max(1, len(inputs)),
        "vout_sz": len(found.outputs),
        "size": found.size,
        "weight": found.weight,
        "fee": round(found.fee * view.factor),
        "relayed_by": "0.0.0.0",  # noqa: S104 -- what the explorer answers, nothing is bound
        "lock_time": 0,
        "tx_index": _index(found.hash),
        "double_spend": False,
        "time": time,
        "block_index": height,
        "block_height": height,
        "inputs": inputs
        or [{"sequence": 4_294_967_295, "witness": "", "script": "0352e60e", "index": 0, "prev_out": None}],
        "out": [_output(view, found, coin, place, spent=False) for place, coin in enumerate(found.outputs)],
    }


def _scripts(view: View, asked: Asked) -> dict[str, Script] | None:
    """Return the scripts of the addresses that a request names, None when one is not valid."""
    found: dict[str, Script] = {}
    for name in asked.query.get("active", "").replace(",", "|").split("|"):
        script = bitcoin_script(name)
        if script is None:
            return None
        if view.swap:
            script = Script("v0_p2wpkh", digest(view.world.seed, "stranger", script.hex, size=20))
            found[bitcoin_address(script)] = script
        else:
            found[name] = script
    return found


def _sums(view: View, script: Script) -> dict[str, int]:
    """Return an address's balance and totals, with what waits."""
    settled, waiting = account(view, script)
    received = settled["funded_txo_sum"] + waiting["funded_txo_sum"]
    sent = settled["spent_txo_sum"] + waiting["spent_txo_sum"]
    count = settled["tx_count"] + waiting["tx_count"]
    return {"final_balance": received - sent, "n_tx": count, "total_received": received, "total_sent": sent}


def balance(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/balance?active=a|b`."""
    scripts = _scripts(view, asked)
    if scripts is None:
        return MISSING
    rows = {name: _sums(view, script) for name, script in scripts.items()}
    names = ("final_balance", "n_tx", "total_received")
    return said({name: {key: row[key] for key in names} for name, row in rows.items()})


def _history(view: View, asked: Asked, script: Script, limit: int) -> list[dict[str, object]]:
    """Return a page of an address's transactions with what each changed."""
    skip = whole(asked, "offset", 0, 0, 100_000)
    held, rows = _sums(view, script)["final_balance"], []
    found = view.world.bitcoin.history(script, view.data_time, skip + limit)
    for place, row in enumerate(found):
        effect = sum(coin.value for coin in row.outputs if coin.script == script)
        effect -= sum(coin.value for coin in row.inputs if coin.script == script)
        if place >= skip:
            rows.append({**_transaction(view, row), "result": round(effect * view.factor), "balance": held})
        held -= round(effect * view.factor)
    return rows


def address(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/rawaddr/{address}`."""
    scripts = _scripts(view, Asked("GET", "", {"active": parts["address"]}))
    if scripts is None:
        return MISSING
    ((name, script),) = scripts.items()
    rows = _history(view, asked, script, whole(asked, "limit", PAGE, 1, PAGE))
    key = digest(0, script.hex, size=20).hex() if len(script.program) != 20 else script.program.hex()
    return said({"hash160": key, "address": name, "n_unredeemed": 1, **_sums(view, script), "txs": rows})


def addresses(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/multiaddr?active=a|b`."""
    scripts = _scripts(view, asked)
    if scripts is None:
        return MISSING
    rows = {name: _sums(view, script) for name, script in scripts.items()}
    names = ("final_balance", "n_tx", "total_received", "total_sent")
    total = {name: sum(row[name] for row in rows.values()) for name in names}
    limit = whole(asked, "n", PAGE, 1, 100)
    listed = [row for script in scripts.values() for row in _history(view, asked, script, limit)]
    return said(
        {
            "addresses": [{"address": name, **row} for name, row in rows.items()],
            "wallet": total | {"n_tx_filtered": total["n_tx"]},
            "txs": listed[:limit],
        }
    )


def transaction(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/rawtx/{hash}`."""
    found = view.world.bitcoin.transaction(parts["hash"], view.data_time)
    return MISSING if found is None else said(_transaction(view, found))


def waiting(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/unconfirmed-transactions`."""
    rows = view.world.bitcoin.recent(view.data_time, 100)
    return said({"txs": [_transaction(view, row) for row in rows]})


def latest(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/latestblock`."""
    chain = view.world.bitcoin
    found = chain.block(chain.height(view.data_time))
    numbers = [_index(chain.listed(found.height, place).hash) for place in range(20)]
    row = {"hash": found.hash, "height": found.height, "time": found.time, "block_index": found.height}
    return said({**row, "txIndexes": numbers})


def block(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/rawblock/{hash}`, with the block's first transactions."""
    chain = view.world.bitcoin
    height = chain.height_of(parts["hash"])
    if height is None or height > chain.height(view.data_time):
        return MISSING
    found = chain.block(height)
    return said(
        {
            "hash": found.hash,
            "ver": 0x20000000,
            "prev_block": found.parent,
            "mrkl_root": digest(view.world.seed, "root", height).hex(),
            "time": found.time,
            "bits": 0x17021F7A,
            "next_block": [],
            "fee": found.fees,
            "nonce": found.time * 7 % 2**32,
            "n_tx": found.transactions,
            "size": found.size,
            "block_index": height,
            "main_chain": True,
            "height": height,
            "weight": found.weight,
            "tx": [_transaction(view, chain.listed(height, place)) for place in range(100)],
        }
    )


def ticker(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/ticker`."""
    bitcoin = view.shown(view.world.prices.by_id["bitcoin"])
    rows = {}
    for code in FIAT:
        price = round(view.price(bitcoin, code), 2)
        rows[code] = {"15m": price, "last": price, "buy": price, "sell": price, "symbol": code}
    return said(rows)


def _mined(height: int) -> int:
    """Return how many satoshi were mined until a height of the present epoch."""
    return 1_968_750_000_000_000 + (height - FIRST_HEIGHT) * 312_500_000


def stats(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/stats`."""
    chain, prices, time = view.world.bitcoin, view.world.prices, view.data_time
    height, bitcoin = chain.height(time), prices.by_id["bitcoin"]
    return said(
        {
            "timestamp": int(time * 1000),
            "market_price_usd": round(view.price(bitcoin), 2),
            "hash_rate": chain.difficulty(height) * 2**32 / SPAN_S / 1e9,
            "total_fees_btc": chain.block(height).fees * 144,
            "n_btc_mined": 45_000_000_000,
            "n_tx": 374_400,
            "n_blocks_mined": 144,
            "minutes_between_blocks": SPAN_S / 60,
            "totalbc": _mined(height),
            "n_blocks_total": height,
            "estimated_transaction_volume_usd": prices.volume_usd(bitcoin, time) / 6,
            "blocks_size": 240_000_000,
            "miners_revenue_usd": 450 * view.price(bitcoin),
            "nextretarget": height + 2016 - height % 2016,
            "difficulty": chain.difficulty(height),
            "estimated_btc_sent": 40_000_000_000_000,
            "miners_revenue_btc": 450,
            "total_btc_sent": 60_000_000_000_000,
            "trade_volume_btc": prices.volume_usd(bitcoin, time) / prices.price(bitcoin, time) / 100,
            "trade_volume_usd": prices.volume_usd(bitcoin, time) / 100,
        }
    )


def single(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/q/{name}`: one number as text."""
    chain, height = view.world.bitcoin, view.world.bitcoin.height(view.data_time)
    known = {
        "getblockcount": str(height),
        "latesthash": chain.block_hash(height),
        "getdifficulty": str(chain.difficulty(height)),
        "24hrprice": f"{view.price(view.world.prices.by_id['bitcoin']):.2f}",
        "totalbc": str(_mined(height)),
        "hashrate": str(round(chain.difficulty(height) * 2**32 / SPAN_S / 1e9)),
        "unconfirmedcount": str(chain.waiting(view.data_time)),
        "interval": str(SPAN_S),
        "bcperblock": str(312_500_000 / COIN),
    }
    return text(known[parts["name"]]) if parts["name"] in known else MISSING


FORMAT = Format(
    "blockchain_info",
    routed(
        (
            ("/balance", balance),
            ("/rawaddr/{address}", address),
            ("/multiaddr", addresses),
            ("/rawtx/{hash}", transaction),
            ("/rawblock/{hash}", block),
            ("/unconfirmed-transactions", waiting),
            ("/latestblock", latest),
            ("/ticker", ticker),
            ("/stats", stats),
            ("/q/{name}", single),
        ),
        MISSING,
    ),
    MISSING,
    said({"error": "internal-server-error", "message": "Something went wrong"}, 500),
    MISSING,
)
