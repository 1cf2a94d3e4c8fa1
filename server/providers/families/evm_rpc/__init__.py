"""Ethereum JSON-RPC: public nodes of EVM chains, all of one wire format; a new node is a row here."""

from __future__ import annotations

from dataclasses import dataclass

from server.model import BalanceQuery, BlockQuery, ChainQuery, GasQuery, TransactionQuery, WhalesQuery
from server.providers.base import Limit, Provider, Recorded, Reply, Source, Tier
from server.providers.decode import dict_of, list_at
from server.providers.families.evm_rpc.kinds import (
    build_balance,
    build_block,
    build_chain,
    build_gas,
    build_transaction,
    parse_balance,
    parse_block,
    parse_chain,
    parse_gas,
    parse_transaction,
)
from server.providers.families.evm_rpc.whales import build_whales, parse_whales
from server.providers.families.evm_rpc.wire import fee_history, hash_at, hex_at, quantity, result_of
from server.providers.onchain import capability_of


@dataclass(frozen=True, slots=True)
class _Host:
    """Who runs nodes of several chains, all under the same terms."""

    id: str
    name: str
    docs_url: str
    limits: tuple[Limit, ...] = ()
    quota_group: str = ""


def _node(name: str, url: str, chain: str, tier: Tier, host: _Host) -> Source:
    return Source(
        f"{host.id}_{chain}",
        f"{host.name} {name}",
        "evm_rpc",
        url,
        tier,
        "rpc_node",
        chains=(chain,),
        limits=host.limits,
        quota_group=host.quota_group,
        docs_url=host.docs_url,
    )


_PUBLICNODE = _Host("publicnode", "PublicNode", "https://www.publicnode.com")
_DRPC = _Host("drpc", "dRPC", "https://drpc.org/docs", (Limit(100, 1),))
_ONERPC = _Host("onerpc", "1RPC", "https://docs.1rpc.io", (Limit(10_000, 86_400),), "onerpc")
_DATASEED = _Host(
    "dataseed",
    "Dataseed",
    "https://docs.bnbchain.org/bnb-smart-chain/developers/json_rpc/json-rpc-endpoint/",
    (Limit(10_000, 300),),
)

SOURCES = (
    _node("Ethereum", "https://ethereum-rpc.publicnode.com", "ethereum", Tier.CRITICAL, _PUBLICNODE),
    _node("Ethereum", "https://eth.drpc.org", "ethereum", Tier.HIGH, _DRPC),
    _node("Ethereum", "https://public.1rpc.io/eth", "ethereum", Tier.MEDIUM, _ONERPC),
    _node("Polygon", "https://polygon-bor-rpc.publicnode.com", "polygon", Tier.CRITICAL, _PUBLICNODE),
    _node("Polygon", "https://polygon.drpc.org", "polygon", Tier.HIGH, _DRPC),
    _node("Polygon", "https://public.1rpc.io/matic", "polygon", Tier.MEDIUM, _ONERPC),
    _node("BNB", "https://bsc-rpc.publicnode.com", "bnb", Tier.CRITICAL, _PUBLICNODE),
    _node("BNB", "https://bsc-dataseed.bnbchain.org", "bnb", Tier.HIGH, _DATASEED),
    _node("BNB", "https://bsc.drpc.org", "bnb", Tier.MEDIUM, _DRPC),
)


def _read_block(reply: Reply) -> object:
    """Read a block in the node's own terms: a chain of developers may count its time from 1970."""
    block = dict_of(result_of(reply), "block")
    seconds, hashes = hex_at(block, "timestamp"), (hash_at(block, "hash"), hash_at(block, "parentHash"))
    return hex_at(block, "number"), hashes, seconds, len(list_at(block, "transactions"))


def _read_receipt(reply: Reply) -> object:
    receipt = dict_of(result_of(reply), "receipt")
    return hash_at(receipt, "transactionHash"), hex_at(receipt, "gasUsed"), hex_at(receipt, "status")


PROVIDER = Provider(
    "evm_rpc",
    capabilities=(
        capability_of(GasQuery, build_gas, parse_gas),
        capability_of(BlockQuery, build_block, parse_block),
        capability_of(ChainQuery, build_chain, parse_chain),
        capability_of(BalanceQuery, build_balance, parse_balance),
        capability_of(TransactionQuery, build_transaction, parse_transaction),
        capability_of(WhalesQuery, build_whales, parse_whales),
    ),
    sources=SOURCES,
    recorded_as=("ethrpc",),
    recorded=(
        *(
            Recorded(quantity, method="POST", rpc=method)
            for method in (
                "eth_blockNumber",
                "eth_getBalance",
                "eth_blobBaseFee",
                "eth_maxPriorityFeePerGas",
                "eth_gasPrice",
                "eth_call",
            )
        ),
        Recorded(fee_history, method="POST", rpc="eth_feeHistory"),
        Recorded(_read_block, method="POST", rpc="eth_getBlockByNumber"),
        Recorded(_read_receipt, method="POST", rpc="eth_getTransactionReceipt"),
    ),
)
