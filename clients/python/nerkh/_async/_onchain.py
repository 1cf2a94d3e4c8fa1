"""`client.onchain`: chains, fees, balances, blocks and transactions."""

# ruff: noqa: ASYNC109  # a call's timeout travels to the server as its deadline

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from nerkh import _methods as methods
from nerkh._async._page import AsyncPage, page_of
from nerkh._listing import Listing
from nerkh._models.onchain import Balance, Block, Chain, ChainState, GasPrice, Transaction, WhaleTransaction
from nerkh._options import Timeout
from nerkh._reader import read
from nerkh._requests import decimal_of, view_of
from nerkh._transport import AsyncTransport
from nerkh.v1 import onchain_pb2

CHAINS = Listing(methods.LIST_CHAINS, "chains", Chain)
TRANSACTIONS = Listing(methods.LIST_TRANSACTIONS, "transactions", Transaction)
WHALES = Listing(methods.LIST_WHALE_TRANSACTIONS, "transactions", WhaleTransaction)


class AsyncOnchainClient:
    """Answers about chains. `chain` takes an id (`ethereum`) or an alias (`eth`); all raise `NerkhError`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def chains(self, *, page_size: int = 0, page_token: str = "", timeout: Timeout = None) -> AsyncPage[Chain]:
        """List the chains that the service knows."""
        request = onchain_pb2.ListChainsRequest(page_size=page_size, page_token=page_token)
        return await page_of(self._transport, CHAINS, request, timeout)

    async def chain(self, chain: str, *, full: bool = False, timeout: Timeout = None) -> ChainState:
        """Return a chain with its state now."""
        request = onchain_pb2.GetChainRequest(chain=chain, view=view_of(full))
        response = await self._transport.call(methods.GET_CHAIN, request, timeout)
        return read(ChainState, response)

    async def gas(self, chain: str, *, full: bool = False, timeout: Timeout = None) -> GasPrice:
        """Return what a transaction costs on a chain now."""
        request = onchain_pb2.GetGasPriceRequest(chain=chain, view=view_of(full))
        response = await self._transport.call(methods.GET_GAS_PRICE, request, timeout)
        return read(GasPrice, response.gas_price, response)

    async def balance(
        self, chain: str, address: str, *, tokens: Sequence[str] = (), full: bool = False, timeout: Timeout = None
    ) -> Balance:
        """Return the balance of an address; `tokens` are assets whose token balances are wanted too."""
        request = onchain_pb2.GetBalanceRequest(chain=chain, address=address, tokens=tokens, view=view_of(full))
        response = await self._transport.call(methods.GET_BALANCE, request, timeout)
        return read(Balance, response.balance, response)

    async def transactions(
        self,
        chain: str,
        address: str,
        *,
        page_size: int = 0,
        page_token: str = "",
        full: bool = False,
        timeout: Timeout = None,
    ) -> AsyncPage[Transaction]:
        """List the transactions of an address, the newest first."""
        request = onchain_pb2.ListTransactionsRequest(
            chain=chain, address=address, page_size=page_size, page_token=page_token, view=view_of(full)
        )
        return await page_of(self._transport, TRANSACTIONS, request, timeout)

    async def transaction(
        self, chain: str, transaction_hash: str, *, full: bool = False, timeout: Timeout = None
    ) -> Transaction:
        """Return one transaction by its hash."""
        request = onchain_pb2.GetTransactionRequest(chain=chain, hash=transaction_hash, view=view_of(full))
        response = await self._transport.call(methods.GET_TRANSACTION, request, timeout)
        return read(Transaction, response.transaction, response)

    async def block(
        self, chain: str, block: str | int = "latest", *, full: bool = False, timeout: Timeout = None
    ) -> Block:
        """Return one block: `latest`, a height or a hash."""
        request = onchain_pb2.GetBlockRequest(chain=chain, block=str(block), view=view_of(full))
        response = await self._transport.call(methods.GET_BLOCK, request, timeout)
        return read(Block, response.block, response)

    async def whales(
        self,
        chain: str = "",
        *,
        asset: str = "",
        minimum_amount: Decimal | int | str | None = None,
        minimum_amount_usd: Decimal | int | str | None = None,
        page_size: int = 0,
        page_token: str = "",
        full: bool = False,
        timeout: Timeout = None,
    ) -> AsyncPage[WhaleTransaction]:
        """List large transfers, the newest first; every filter that is given must hold."""
        request = onchain_pb2.ListWhaleTransactionsRequest(
            chain=chain,
            asset=asset,
            minimum_amount=decimal_of(minimum_amount),
            minimum_amount_usd=decimal_of(minimum_amount_usd),
            page_size=page_size,
            page_token=page_token,
            view=view_of(full),
        )
        return await page_of(self._transport, WHALES, request, timeout)
