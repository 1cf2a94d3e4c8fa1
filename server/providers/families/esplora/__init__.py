"""Esplora: block explorers of output chains with one REST API; a new host is a row here.

mempool.space speaks the same and more: `server/providers/mempool.py`.
"""

from __future__ import annotations

from server.model import (
    BalanceQuery,
    BlockQuery,
    ChainQuery,
    GasQuery,
    TransactionQuery,
    TransactionsQuery,
    WhalesQuery,
)
from server.providers.base import Limit, Provider, Recorded, Source, Tier
from server.providers.families.esplora.kinds import (
    build_balance,
    build_block,
    build_chain,
    build_gas,
    build_transaction,
    build_transactions,
    build_whales,
    parse_balance,
    parse_block,
    parse_chain,
    parse_gas,
    parse_transaction,
    parse_transactions,
    parse_whales,
)
from server.providers.families.esplora.wire import (
    account,
    block,
    blocks,
    fee_estimates,
    recent,
    transaction,
    transactions,
    waiting,
)
from server.providers.onchain import capability_of, hash_text, height_text

SHARED = (
    capability_of(BlockQuery, build_block, parse_block),
    capability_of(ChainQuery, build_chain, parse_chain),
    capability_of(BalanceQuery, build_balance, parse_balance),
    capability_of(TransactionsQuery, build_transactions, parse_transactions),
    capability_of(TransactionQuery, build_transaction, parse_transaction),
    capability_of(WhalesQuery, build_whales, parse_whales),
)
"""What every host that speaks Esplora serves in the same way."""

RECORDED = (
    Recorded(transactions, r".*/address/[^/]+/txs(/chain/[^/]+)?"),
    Recorded(transactions, r".*/block/[^/]+/txs(/[0-9]+)?"),
    Recorded(account, r".*/address/[^/]+"),
    Recorded(transaction, r".*/tx/[^/]+"),
    Recorded(block, r".*/block/[^/]+"),
    Recorded(blocks, r".*/blocks(/[0-9]+)?"),
    Recorded(height_text, r".*/blocks/tip/height"),
    Recorded(hash_text, r".*/(blocks/tip/hash|block-height/[0-9]+)"),
    Recorded(fee_estimates, r".*/fee-estimates"),
    Recorded(recent, r".*/mempool/recent"),
    Recorded(waiting, r".*/mempool"),
)
"""How recorded answers of every such host are read."""

PROVIDER = Provider(
    "esplora",
    capabilities=(capability_of(GasQuery, build_gas, parse_gas), *SHARED),
    sources=(
        Source(
            "blockstream",
            "Blockstream Esplora",
            "esplora",
            "https://blockstream.info/api",
            Tier.MEDIUM,
            "explorer",
            chains=("bitcoin",),
            limits=(Limit(5, 5), Limit(700, 3600)),  # one a second: an attempt may be several, side by side
            docs_url="https://github.com/Blockstream/esplora/blob/master/API.md",
        ),
    ),
    recorded_as=("esplora", "bchexplorer"),
    recorded=RECORDED,
)
