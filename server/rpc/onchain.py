"""OnchainService: requests checked, the service asked, answers converted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nerkh.v1 import onchain_pb2

from server.addresses import check_address, check_block, check_hash
from server.clock import Clock
from server.errors import InvalidField
from server.model import Chain, Kind, Transaction, WhaleTransaction
from server.rpc.calls import LIST_S, Call, Method, Unary
from server.rpc.convert.onchain import (
    balance_message,
    block_message,
    chain_message,
    gas_message,
    status_message,
    transaction_message,
    whale_message,
)
from server.rpc.convert.plain import known_view, least_in, name_in, optional_name
from server.rpc.convert.provenance import candidate_messages, provenance_message
from server.rpc.market import AN_ASSET
from server.rpc.pages import PageTokens, page_of, page_size
from server.services.answers import own
from server.services.naming import Names
from server.services.onchain import MOST_TRANSACTIONS, Onchain

SERVICE = "nerkh.v1.OnchainService"
A_CHAIN = "a chain's id or alias, such as ethereum or btc"
MOST_TOKENS = 20
_UNMINED = datetime(9999, 1, 1, tzinfo=UTC)


class OnchainServicer:
    """Answers OnchainService."""

    def __init__(self, onchain: Onchain, names: Names, tokens: PageTokens, clock: Clock) -> None:
        self._onchain = onchain
        self._names = names
        self._tokens = tokens
        self._clock = clock

    def methods(self) -> tuple[Method, ...]:
        """Return the methods to bind."""
        path, pb = f"/{SERVICE}/", onchain_pb2
        return (
            Unary(path + "ListChains", pb.ListChainsRequest, self.list_chains, LIST_S),
            Unary(path + "GetChain", pb.GetChainRequest, self.get_chain),
            Unary(path + "GetGasPrice", pb.GetGasPriceRequest, self.get_gas_price, kept=Kind.GAS),
            Unary(path + "GetBalance", pb.GetBalanceRequest, self.get_balance),
            Unary(path + "ListTransactions", pb.ListTransactionsRequest, self.list_transactions, LIST_S),
            Unary(path + "GetTransaction", pb.GetTransactionRequest, self.get_transaction),
            Unary(path + "GetBlock", pb.GetBlockRequest, self.get_block),
            Unary(path + "ListWhaleTransactions", pb.ListWhaleTransactionsRequest, self.list_whales, LIST_S),
        )

    async def list_chains(self, request: Any, _call: Call) -> onchain_pb2.ListChainsResponse:
        """Answer with a page of the chains of the registry."""
        size, after = page_size(request, 100, 1000), self._tokens.read(request)
        page, cursor = page_of(self._names.registry.chains, after, size, lambda chain: (chain.id,))
        return onchain_pb2.ListChainsResponse(
            chains=[chain_message(chain) for chain in page],
            next_page_token=self._tokens.next(cursor, request),
            provenance=provenance_message(own(self._clock.now())),
        )

    async def get_chain(self, request: Any, call: Call) -> onchain_pb2.GetChainResponse:
        """Answer with one chain and its state."""
        full, chain = known_view(request), self._chain(request, call)
        answer = await self._onchain.status(chain, call.left_s())
        call.note(answer.provenance)
        return onchain_pb2.GetChainResponse(
            chain=chain_message(chain),
            status=status_message(answer.value),
            provenance=provenance_message(answer.provenance, full=full),
        )

    async def get_gas_price(self, request: Any, call: Call) -> onchain_pb2.GetGasPriceResponse:
        """Answer with what a transaction costs."""
        full, chain = known_view(request), self._chain(request, call)
        answer = await self._onchain.gas(chain, call.left_s())
        call.note(answer.provenance)
        call.keep(answer.provenance, self._onchain.gas_until(chain))
        return onchain_pb2.GetGasPriceResponse(
            gas_price=gas_message(answer.value), provenance=provenance_message(answer.provenance, full=full)
        )

    async def get_balance(self, request: Any, call: Call) -> onchain_pb2.GetBalanceResponse:
        """Answer with the balance of an address and of the tokens that were asked for."""
        full, chain = known_view(request), self._chain(request, call)
        address = check_address(chain, request.address)
        if len(request.tokens) > MOST_TOKENS:
            raise InvalidField("tokens", f"{len(request.tokens)} tokens", f"at most {MOST_TOKENS} tokens")
        named = [
            self._names.asset(name_in(text, f"tokens[{place}]", AN_ASSET)) for place, text in enumerate(request.tokens)
        ]
        answer = await self._onchain.balance(chain, address, [each.asset for each in named], call.left_s())
        call.note(answer.provenance)
        return onchain_pb2.GetBalanceResponse(
            balance=balance_message(answer.value), provenance=provenance_message(answer.provenance, full=full)
        )

    async def list_transactions(self, request: Any, call: Call) -> onchain_pb2.ListTransactionsResponse:
        """Answer with a page of the newest transactions of an address."""
        full, chain = known_view(request), self._chain(request, call)
        address = check_address(chain, request.address)
        size, after = page_size(request, 25, MOST_TRANSACTIONS), self._tokens.read(request)
        answer = await self._onchain.transactions(chain, address, MOST_TRANSACTIONS, call.left_s())
        call.note(answer.provenance)
        page, cursor = page_of(answer.value.transactions, after, size, _newest_first)
        return onchain_pb2.ListTransactionsResponse(
            transactions=[transaction_message(each) for each in page],
            next_page_token=self._tokens.next(cursor, request),
            provenance=provenance_message(answer.provenance, full=full),
        )

    async def get_transaction(self, request: Any, call: Call) -> onchain_pb2.GetTransactionResponse:
        """Answer with one transaction."""
        full, chain = known_view(request), self._chain(request, call)
        answer = await self._onchain.transaction(chain, check_hash(chain, request.hash), call.left_s())
        call.note(answer.provenance)
        return onchain_pb2.GetTransactionResponse(
            transaction=transaction_message(answer.value), provenance=provenance_message(answer.provenance, full=full)
        )

    async def get_block(self, request: Any, call: Call) -> onchain_pb2.GetBlockResponse:
        """Answer with one block."""
        full, chain = known_view(request), self._chain(request, call)
        answer = await self._onchain.block(chain, check_block(chain, request.block), call.left_s())
        call.note(answer.provenance)
        return onchain_pb2.GetBlockResponse(
            block=block_message(answer.value), provenance=provenance_message(answer.provenance, full=full)
        )

    async def list_whales(self, request: Any, call: Call) -> onchain_pb2.ListWhaleTransactionsResponse:
        """Answer with a page of large transfers, the newest first."""
        full = known_view(request)
        chain = self._chain(request, call) if request.chain else None
        text = optional_name(request.asset, "asset", AN_ASSET)
        named = self._names.asset(text) if text else None
        least = least_in(request.minimum_amount, "minimum_amount")
        least_usd = least_in(request.minimum_amount_usd, "minimum_amount_usd")
        size, after = page_size(request, 25, 100), self._tokens.read(request)
        rows, provenance, courses = await self._onchain.whales(
            chain, named.asset if named else None, least, least_usd, call.left_s()
        )
        call.note(provenance, courses=courses)
        page, cursor = page_of(rows, after, size, _newest_whale_first)
        return onchain_pb2.ListWhaleTransactionsResponse(
            transactions=[whale_message(each) for each in page],
            next_page_token=self._tokens.next(cursor, request),
            provenance=provenance_message(provenance, full=full),
            ambiguous=named is not None and bool(named.candidates),
            candidates=candidate_messages(named.candidates if named else ()),
        )

    def _chain(self, request: Any, call: Call) -> Chain:
        chain = self._names.chain(name_in(request.chain, "chain", A_CHAIN))
        call.chain = chain.id
        return chain


def _newest_first(transaction: Transaction) -> tuple[float, str]:
    return -(transaction.time or _UNMINED).timestamp(), transaction.hash


def _newest_whale_first(whale: WhaleTransaction) -> tuple[float, str, str, str]:
    return -(whale.time or _UNMINED).timestamp(), whale.hash, whale.sender or "", whale.recipient or ""
