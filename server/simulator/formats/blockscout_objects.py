"""Addresses, blocks, tokens and transactions as Blockscout writes them."""

from __future__ import annotations

from server.simulator.addresses import checksummed
from server.simulator.assets import SimulatedAsset
from server.simulator.evm_chain import EvmBlock, EvmChain, EvmTransaction
from server.simulator.formats import evm
from server.simulator.view import View, iso


def chain_of(view: View) -> EvmChain:
    """Return the chain that the explorer shows."""
    return evm.chain_of(view, view.options["chain"])


def written_address(address: str, *, contract: bool = False) -> dict[str, object]:
    """Return an address as Blockscout writes it."""
    return {
        "ens_domain_name": None,
        "hash": checksummed(address),
        "implementations": [],
        "is_contract": contract,
        "is_scam": False,
        "is_verified": contract,
        "metadata": None,
        "name": None,
        "private_tags": [],
        "proxy_type": None,
        "public_tags": [],
        "reputation": "ok",
        "watchlist_names": [],
    }


def amount(view: View, value: int) -> str:
    """Return wei as text, as wrong as the source is."""
    return str(round(value * view.factor) if view.factor != 1 else value)


def _stamp(time: int) -> str:
    return iso(time, 6)


def written_block(view: View, found: EvmBlock) -> dict[str, object]:
    """Return a block as Blockscout writes it."""
    target = found.gas_limit // 2
    return {
        "base_fee_per_gas": amount(view, found.base_fee),
        "burnt_fees": str(found.base_fee * found.gas_used),
        "burnt_fees_percentage": 80.1,
        "difficulty": "0",
        "gas_limit": str(found.gas_limit),
        "gas_target_percentage": (found.gas_used / target - 1) * 100,
        "gas_used": str(found.gas_used),
        "gas_used_percentage": found.gas_used / found.gas_limit * 100,
        "hash": found.hash,
        "height": found.height,
        "internal_transactions_count": None,
        "is_pending_update": False,
        "miner": written_address(found.miner),
        "nonce": "0x0000000000000000",
        "parent_hash": found.parent,
        "priority_fee": "0",
        "rewards": [],
        "size": found.size,
        "timestamp": _stamp(found.time),
        "total_difficulty": "58750003716598352816469",
        "transaction_fees": str(found.base_fee * found.gas_used * 5 // 4),
        "transactions_count": found.transactions,
        "type": "block",
        "uncles_hashes": [],
        "withdrawals_count": 16,
    }


def written_token(chain: EvmChain, asset: SimulatedAsset, price: float) -> dict[str, object]:
    """Return a token as Blockscout writes it."""
    contract, decimals = asset.contracts[chain.terms.id]
    return {
        "address_hash": contract,
        "circulating_market_cap": f"{price * asset.supply:.2f}",
        "decimals": str(decimals),
        "exchange_rate": f"{price:.6f}",
        "holders_count": str(9_000_000 // asset.rank),
        "icon_url": None,
        "name": asset.name,
        "reputation": "ok",
        "symbol": asset.symbol,
        "total_supply": str(int(asset.supply) * 10**decimals),
        "type": "ERC-20",
        "volume_24h": None,
    }


def written(view: View, chain: EvmChain, row: EvmTransaction) -> dict[str, object]:
    """Return a transaction as Blockscout writes it."""
    kinds = ["coin_transfer"] if row.value else ["token_transfer"] if row.token else ["contract_call"]
    return {
        "actions": [],
        "authorization_list": [],
        "base_fee_per_gas": str(chain.base_fee(row.height)),
        "block_number": row.height,
        "confirmation_duration": [0, chain.terms.span_s * 1000],
        "confirmations": chain.height(view.data_time) - row.height + 1,
        "created_contract": None,
        "decoded_input": None,
        "exchange_rate": f"{view.price(chain.asset):.2f}",
        "fee": {"type": "actual", "value": amount(view, row.fee)},
        "from": written_address(row.sender),
        "gas_limit": str(row.gas_limit),
        "gas_price": str(row.gas_price),
        "gas_used": str(row.gas_used),
        "has_error_in_internal_transactions": False,
        "hash": row.hash,
        "historic_exchange_rate": None,
        "is_pending_update": False,
        "max_fee_per_gas": str(row.gas_price * 2),
        "max_priority_fee_per_gas": str(row.tip),
        "method": "transfer" if row.token else None,
        "nonce": row.nonce,
        "position": row.index,
        "priority_fee": str(row.tip * row.gas_used),
        "raw_input": row.data,
        "result": "success" if not row.failed else "execution reverted",
        "revert_reason": None,
        "status": "error" if row.failed else "ok",
        "timestamp": _stamp(chain.time(row.height)),
        "to": written_address(row.recipient, contract=row.token is not None),
        "token_transfers": moved(view, chain, row),
        "token_transfers_overflow": False,
        "transaction_burnt_fee": str(chain.base_fee(row.height) * row.gas_used),
        "transaction_tag": None,
        "transaction_types": kinds,
        "type": 2,
        "value": amount(view, row.value),
    }


def moved(view: View, chain: EvmChain, row: EvmTransaction) -> list[dict[str, object]]:
    """Return the token that a transaction moved, if it moved one."""
    if row.token is None or row.failed:
        return []
    asset, recipient, units = row.token
    return [
        {
            "block_hash": chain.block_hash(row.height),
            "block_number": row.height,
            "from": written_address(row.sender),
            "log_index": row.index,
            "method": "transfer",
            "timestamp": _stamp(chain.time(row.height)),
            "to": written_address(recipient),
            "token": written_token(chain, asset, view.price(asset)),
            "token_type": "ERC-20",
            "total": {"decimals": str(asset.contracts[chain.terms.id][1]), "value": amount(view, units)},
            "transaction_hash": row.hash,
            "type": "token_transfer",
        }
    ]
