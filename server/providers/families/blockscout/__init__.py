"""Blockscout: explorers of EVM chains by its v2 API, without keys; a new instance is a row here."""

from __future__ import annotations

from server.model import (
    BalanceQuery,
    BlockQuery,
    Chain,
    ChainFamily,
    ChainQuery,
    GasQuery,
    TransactionQuery,
    TransactionsQuery,
)
from server.providers.base import Limit, Provider, Recorded, Reply, Source, Tier
from server.providers.families.blockscout.kinds import (
    build_balance,
    build_block,
    build_chain,
    build_gas,
    build_transaction,
    build_transactions,
    parse_balance,
    parse_block,
    parse_chain,
    parse_gas,
    parse_transaction,
    parse_transactions,
)
from server.providers.families.blockscout.wire import (
    account,
    block_of,
    blocks,
    body_of,
    statistics,
    token_units,
    transaction_of,
    transactions,
    withdrawals,
)
from server.providers.families.etherscan import RECORDED as LEGACY
from server.providers.onchain import capability_of

_ANY_CHAIN = Chain("", "", ChainFamily.EVM, "", "", 18)
"""Recorded answers do not say of which chain they are."""


def _read_transaction(reply: Reply) -> object:
    return transaction_of(_ANY_CHAIN, body_of(reply))


def _read_transactions(reply: Reply) -> object:
    return tuple(transaction_of(_ANY_CHAIN, row) for row in transactions(reply))


def _read_block(reply: Reply) -> object:
    return block_of(_ANY_CHAIN, body_of(reply), newest=False)


def _read_blocks(reply: Reply) -> object:
    return tuple(block_of(_ANY_CHAIN, row, newest=False) for row in blocks(reply))


def _instance(chain: str, name: str) -> Source:
    return Source(
        f"blockscout_{chain}",
        f"Blockscout {name}",
        "blockscout",
        f"https://{'eth' if chain == 'ethereum' else chain}.blockscout.com",
        Tier.HIGH,
        "explorer",
        chains=(chain,),
        limits=(Limit(5, 1),),
        docs_url="https://docs.blockscout.com/devs/apis",
    )


PROVIDER = Provider(
    "blockscout",
    capabilities=(
        capability_of(GasQuery, build_gas, parse_gas),
        capability_of(BlockQuery, build_block, parse_block),
        capability_of(ChainQuery, build_chain, parse_chain),
        capability_of(BalanceQuery, build_balance, parse_balance),
        capability_of(TransactionsQuery, build_transactions, parse_transactions),
        capability_of(TransactionQuery, build_transaction, parse_transaction),
    ),
    sources=(_instance("ethereum", "Ethereum"), _instance("polygon", "Polygon")),
    recorded_as=("blockscout",),
    recorded=(
        Recorded(statistics, r".*/api/v2/stats"),
        Recorded(_read_blocks, r".*/api/v2/blocks"),
        Recorded(_read_block, r".*/api/v2/blocks/[^/]+"),
        Recorded(withdrawals, r".*/api/v2/addresses/[^/]+/withdrawals"),
        Recorded(_read_transactions, r".*/api/v2/addresses/[^/]+/transactions"),
        Recorded(token_units, r".*/api/v2/addresses/[^/]+/token-balances"),
        Recorded(account, r".*/api/v2/addresses/[^/]+"),
        Recorded(_read_transaction, r".*/api/v2/transactions/[^/]+"),
        *LEGACY,
    ),
)
