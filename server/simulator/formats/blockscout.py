"""Blockscout's v2 REST API, its Etherscan-like routes and its JSON-RPC: wei as text, addresses with checksums."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from server.simulator.formats import etherscan, evm
from server.simulator.formats.blockscout_objects import (
    amount,
    chain_of,
    moved,
    written,
    written_address,
    written_block,
    written_token,
)
from server.simulator.reply import Asked, Format, Said, routed, said, whole
from server.simulator.view import View, iso

PAGE = 50

NOT_FOUND = said({"message": "Not found"}, 404)

INVALID = said(
    {
        "errors": [
            {"detail": "Invalid format. Expected 0x[0-9a-f]+", "source": {"pointer": "/"}, "title": "Invalid value"}
        ]
    },
    422,
)


def stats(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v2/stats`."""
    chain, time = chain_of(view), view.data_time
    head = chain.height(time)
    base, price = chain.base_fee(head + 1), view.price(chain.asset)
    before = view.world.prices.price(chain.asset, time - 86_400)
    fees = dict(zip(("slow", "average", "fast"), chain.tips(head), strict=True))
    rate = {name: round((base + tip) * view.factor / 1e9, 4) for name, tip in fees.items()}
    return said(
        {
            "average_block_time": chain.terms.span_s * 1000,
            "coin_image": None,
            "coin_price": f"{price:.2f}" if price >= 1 else f"{price:.6f}",
            "coin_price_change_percentage": round((view.world.prices.price(chain.asset, time) / before - 1) * 100, 2),
            "gas_price_updated_at": iso(time, 6),
            "gas_prices": rate,
            "gas_prices_update_in": 20_000,
            "gas_used_today": str(int(chain.terms.gas_limit * 0.5 * (time % 86_400) / chain.terms.span_s)),
            "market_cap": f"{price * chain.asset.supply:.2f}",
            "network_utilization_percentage": chain.gas_used(head) / chain.terms.gas_limit * 100,
            "static_gas_price": None,
            "total_addresses": str(380_000_000 + int(time - 1_700_000_000) // 2),
            "total_blocks": str(head),
            "total_gas_used": "0",
            "total_transactions": str(head * 120),
            "transactions_today": str(int(time % 86_400 / chain.terms.span_s * 180)),
            "tvl": None,
        }
    )


def blocks(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v2/blocks`: fifty, newest first."""
    chain = chain_of(view)
    newest = min(chain.height(view.data_time), whole(asked, "block_number", 2**62, 1, 2**62) - 1)
    rows = [written_block(view, chain.block(height)) for height in range(newest, newest - PAGE, -1)]
    return said({"items": rows, "next_page_params": {"block_number": newest - PAGE + 1, "items_count": PAGE}})


def newest_blocks(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v2/main-page/blocks`."""
    chain = chain_of(view)
    head = chain.height(view.data_time)
    return said([written_block(view, chain.block(head - back)) for back in range(6)])


def block(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v2/blocks/{number or hash}`."""
    chain, name = chain_of(view), parts["block"]
    height = int(name) if name.isdigit() else chain.height_of(name)
    if not name.isdigit() and not name.startswith("0x"):
        return INVALID
    if height is None or height > chain.height(view.data_time):
        return NOT_FOUND
    return said(written_block(view, chain.block(height)))


def _named(parts: Mapping[str, str]) -> str | None:
    text = parts["address"]
    try:
        return "0x" + bytes.fromhex(text[2:]).hex() if len(text) == 42 and text.startswith("0x") else None
    except ValueError:
        return None


def address(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v2/addresses/{address}`; one that never moved is not found, as on the real host."""
    name, chain = _named(parts), chain_of(view)
    if name is None:
        return INVALID
    if not chain.count(name, view.data_time):
        return NOT_FOUND
    return said(
        {
            **written_address(name),
            "block_number_balance_updated_at": chain.height(view.data_time),
            "coin_balance": amount(view, chain.balance(name, view.data_time)),
            "creation_status": None,
            "creation_transaction_hash": None,
            "creator_address_hash": None,
            "exchange_rate": f"{view.price(chain.asset):.2f}",
            "has_beacon_chain_withdrawals": False,
            "has_logs": False,
            "has_token_transfers": True,
            "has_tokens": True,
            "has_validated_blocks": False,
            "token": None,
            "watchlist_address_id": None,
        }
    )


def address_transactions(view: View, asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v2/addresses/{address}/transactions`: fifty a page, newest first."""
    name, chain = _named(parts), chain_of(view)
    if name is None:
        return INVALID
    skip = whole(asked, "items_count", 0, 0, 10_000)
    found = chain.history(name, view.data_time, PAGE + 1, skip)
    more = None
    if len(found) > PAGE:
        last = found[PAGE - 1]
        more = {"block_number": last.height, "hash": last.hash, "index": last.index, "items_count": skip + PAGE}
    return said({"items": [written(view, chain, row) for row in found[:PAGE]], "next_page_params": more})


def token_balances(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v2/addresses/{address}/token-balances`."""
    name, chain = _named(parts), chain_of(view)
    if name is None:
        return INVALID
    held = ((asset, chain.token_balance(name, contract, view.data_time)) for contract, asset in chain.tokens.items())
    rows = [
        {
            "token": written_token(chain, asset, view.price(asset)),
            "token_id": None,
            "token_instance": None,
            "value": amount(view, units),
        }
        for asset, units in held
        if units
    ]
    return said(rows)


def transaction(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v2/transactions/{hash}`."""
    chain, name = chain_of(view), parts["hash"]
    if len(name) != 66 or not name.startswith("0x"):
        return INVALID
    found = chain.transaction(name, view.data_time)
    return NOT_FOUND if found is None else said(written(view, chain, found))


def newest_transactions(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v2/main-page/transactions`: the last six."""
    chain = chain_of(view)
    return said([written(view, chain, row) for row in chain.transactions(chain.height(view.data_time))[:6]])


def transactions(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v2/transactions`: the newest fifty that are in a block."""
    chain = chain_of(view)
    head = chain.height(view.data_time)
    rows = [row for height in range(head, head - 3, -1) for row in chain.transactions(height)]
    return said({"items": [written(view, chain, row) for row in rows[:PAGE]], "next_page_params": None})


def token_transfers(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v2/token-transfers`: the newest fifty."""
    chain = chain_of(view)
    head = chain.height(view.data_time)
    rows = [row for height in range(head, head - 3, -1) for row in chain.transactions(height) if row.token]
    transfers = [transfer for row in rows[:PAGE] for transfer in moved(view, chain, row)]
    return said({"items": transfers, "next_page_params": None})


def withdrawals(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v2/addresses/{address}/withdrawals`: nobody of this world validates."""
    del view
    return INVALID if _named(parts) is None else said({"items": [], "next_page_params": None})


def legacy(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api`, the Etherscan-like routes."""
    return etherscan.answered(view, asked, view.options["chain"])


def node(view: View, asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/eth-rpc`."""
    return evm.answer(dataclasses.replace(view, options={**view.options, "path": asked.path}), asked)


FORMAT = Format(
    "blockscout",
    routed(
        (
            ("/api/v2/stats", stats),
            ("/api/v2/blocks", blocks),
            ("/api/v2/blocks/{block}", block),
            ("/api/v2/main-page/blocks", newest_blocks),
            ("/api/v2/main-page/transactions", newest_transactions),
            ("/api/v2/addresses/{address}", address),
            ("/api/v2/addresses/{address}/transactions", address_transactions),
            ("/api/v2/addresses/{address}/token-balances", token_balances),
            ("/api/v2/addresses/{address}/withdrawals", withdrawals),
            ("/api/v2/transactions", transactions),
            ("/api/v2/transactions/{hash}", transaction),
            ("/api/v2/token-transfers", token_transfers),
            ("/api/eth-rpc", node),
            ("/api", legacy),
        ),
        NOT_FOUND,
    ),
    NOT_FOUND,
    said({"message": "Something went wrong."}, 400),
    NOT_FOUND,
)
