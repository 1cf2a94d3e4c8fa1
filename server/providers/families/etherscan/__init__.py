"""Etherscan-like explorers: Routescan without a key and Etherscan V2 with one; a new host is a row here."""

from __future__ import annotations

from server.model import BalanceQuery, BlockQuery, GasQuery, TransactionQuery, TransactionsQuery
from server.providers.base import Key, Limit, Provider, Recorded, Source, Tier
from server.providers.families.etherscan.kinds import (
    build_balance,
    build_block,
    build_gas,
    build_transaction,
    build_transactions,
    parse_balance,
    parse_block,
    parse_gas,
    parse_transaction,
    parse_transactions,
    serves_balance,
    serves_block,
)
from server.providers.families.etherscan.wire import (
    balance,
    balances,
    ether_price,
    gas_oracle,
    proxied_quantity,
    proxied_transaction,
    result_of,
    transfers,
    withdrawals,
)
from server.providers.onchain import capability_of

_PATH = r".*/api"

RECORDED = (
    Recorded(balance, _PATH, {"action": "balance"}),
    Recorded(balances, _PATH, {"action": "balancemulti"}),
    *(
        Recorded(transfers, _PATH, {"module": "account", "action": action})
        for action in ("txlist", "txlistinternal", "tokentx")
    ),
    Recorded(withdrawals, _PATH, {"action": "txsBeaconWithdrawal"}),
    Recorded(gas_oracle, _PATH, {"action": "gasoracle"}),
    Recorded(ether_price, _PATH, {"action": "ethprice"}),
    Recorded(proxied_quantity, _PATH, {"module": "proxy", "action": "eth_blockNumber"}),
    Recorded(proxied_transaction, _PATH, {"module": "proxy", "action": "eth_getTransactionByHash"}),
    Recorded(result_of, _PATH, {"module": "proxy"}),
)
"""How recorded answers of every such host are read."""

PROVIDER = Provider(
    "etherscan",
    capabilities=(
        capability_of(GasQuery, build_gas, parse_gas),
        capability_of(BlockQuery, build_block, parse_block, serves_block),
        capability_of(BalanceQuery, build_balance, parse_balance, serves_balance),
        capability_of(TransactionsQuery, build_transactions, parse_transactions),
        capability_of(TransactionQuery, build_transaction, parse_transaction),
    ),
    sources=(
        Source(
            "routescan",
            "Routescan",
            "etherscan",
            "https://api.routescan.io",
            Tier.MEDIUM,
            "explorer",
            chains=("ethereum", "polygon"),
            limits=(Limit(2, 1), Limit(10_000, 86_400)),
            options={"path": "/v2/network/mainnet/evm/{chain}/etherscan/api"},
            docs_url="https://routescan.io/documentation",
        ),
        Source(
            "etherscan",
            "Etherscan",
            "etherscan",
            "https://api.etherscan.io/v2/api",
            Tier.HIGH,
            "explorer",
            # Its free keys are refused on BNB Smart Chain.
            chains=("ethereum", "polygon"),
            key=Key("NERKH_KEY_ETHERSCAN", "query", "apikey", required=True),
            limits=(Limit(3, 1), Limit(100_000, 86_400)),
            attribution="Powered by Etherscan.io APIs",
            docs_url="https://docs.etherscan.io",
        ),
    ),
    recorded_as=("etherscan",),
    recorded=RECORDED,
)
