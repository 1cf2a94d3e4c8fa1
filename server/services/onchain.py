"""Chains, fees, balances, blocks, transactions and large transfers."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from server.clock import Clock
from server.errors import InvalidField, NerkhError, SourcesExhausted, SourcesFailed, Unsupported
from server.fallback import Engine
from server.model import (
    Answer,
    Asset,
    Attempt,
    Balance,
    BalanceQuery,
    Block,
    BlockQuery,
    Chain,
    ChainQuery,
    ChainStatus,
    GasPrice,
    GasQuery,
    Price,
    PriceQuery,
    Provenance,
    Transaction,
    TransactionPage,
    TransactionQuery,
    TransactionsQuery,
    WhalesQuery,
    WhaleTransaction,
    WhaleTransactions,
)
from server.services.answers import ask, merged
from server.services.coverage import Coverage
from server.services.naming import Names

MOST_TRANSACTIONS = 100
"""How far back an address is read."""

LEAST_WHALE = {"bitcoin": Decimal(10), "ethereum": Decimal(100), "bnb": Decimal(500), "polygon": Decimal(100_000)}
"""What counts as large on a chain when the caller does not say, in its native asset."""


_CENT, _MOST_WORTH = Decimal("0.01"), Decimal("1e15")
"""What is worth more than all money is a source's mistake."""

ChainBound = ChainQuery | GasQuery | BlockQuery | BalanceQuery | TransactionsQuery | TransactionQuery
T = TypeVar("T")


class Onchain:
    """Answers questions about chains."""

    def __init__(self, engine: Engine, names: Names, coverage: Coverage, clock: Clock) -> None:
        self._engine = engine
        self._names = names
        self._coverage = coverage
        self._clock = clock

    async def status(self, chain: Chain, deadline_s: float) -> Answer[ChainStatus]:
        """Return a chain's state; raises what `Engine.ask` does, as all below."""
        return await self._ask(ChainStatus, ChainQuery(chain), deadline_s)

    async def gas(self, chain: Chain, deadline_s: float) -> Answer[GasPrice]:
        """Return what a transaction costs."""
        return await self._ask(GasPrice, GasQuery(chain), deadline_s)

    def gas_until(self, chain: Chain) -> float:
        """Return until when, on the monotonic clock, the cached gas price may be given again unchanged."""
        return self._engine.repeatable_until(GasQuery(chain))

    async def block(self, chain: Chain, block: str, deadline_s: float) -> Answer[Block]:
        """Return one block, named as `check_block` leaves it."""
        return await self._ask(Block, BlockQuery(chain, block), deadline_s)

    async def balance(self, chain: Chain, address: str, tokens: Sequence[Asset], deadline_s: float) -> Answer[Balance]:
        """Return the balance of a checked address, and of tokens; raises `InvalidField` for one without a contract."""
        for place, token in enumerate(tokens):
            if not any(contract.chain == chain.id for contract in token.contracts):
                raise InvalidField(f"tokens[{place}]", token.id, f"an asset that has a contract on {chain.id}")
        unique = tuple(dict.fromkeys(tokens))
        return await self._ask(Balance, BalanceQuery(chain, address, unique), deadline_s)

    async def transactions(self, chain: Chain, address: str, limit: int, deadline_s: float) -> Answer[TransactionPage]:
        """Return the newest transactions of a checked address, at most `limit` or what the sources give."""
        return await self._ask(TransactionPage, TransactionsQuery(chain, address, limit), deadline_s)

    async def transaction(self, chain: Chain, hash_: str, deadline_s: float) -> Answer[Transaction]:
        """Return one transaction by its checked hash."""
        return await self._ask(Transaction, TransactionQuery(chain, hash_), deadline_s)

    async def whales(
        self,
        chain: Chain | None,
        asset: Asset | None,
        least: Decimal | None,
        least_usd: Decimal | None,
        deadline_s: float,
    ) -> tuple[list[WhaleTransaction], Provenance, Sequence[Sequence[Attempt]]]:
        """Return large transfers on one chain or all that can be had, with their worth where a price is known.

        With them comes where they are from, of all chains together, and the attempts of each chain.
        Raises `Unsupported` when no chain can be had, and the first chain's error when none of them answers.
        """
        queries = self._whale_queries(chain, asset, least)
        answers, prices = await asyncio.gather(
            asyncio.gather(*(self._or_error(query, deadline_s) for query in queries)),
            asyncio.gather(*(self._native_price(query.chain, deadline_s) for query in queries)),
        )
        good = [answer for answer in answers if not isinstance(answer, NerkhError)]
        if not good:
            raise next(answer for answer in answers if isinstance(answer, NerkhError))
        worth = {query.chain.id: price for query, price in zip(queries, prices, strict=True)}
        floors = {query.chain.id: query.least for query in queries}
        rows = [
            priced
            for answer in good
            for each in answer.value.transactions
            for priced in (_priced(each, worth.get(answer.value.chain)),)
            if each.amount >= floors[answer.value.chain]
            and (least_usd is None or (priced.amount_usd is not None and priced.amount_usd >= least_usd))
        ]
        courses = [_attempts(answer) for answer in answers]
        return rows, merged(good, tuple(each for course in courses for each in course)), courses

    async def _ask(self, kind: type[T], query: ChainBound, deadline_s: float) -> Answer[T]:
        """Return the engine's answer; raises `Unsupported` with the chains on which it can be had."""
        try:
            return await ask(self._engine, kind, query, deadline_s)
        except Unsupported as error:
            others = [each for each in self._names.registry.chains if each != query.chain]
            served = [each.id for each in others if self._coverage.sources(dataclasses.replace(query, chain=each))]
            raise Unsupported(error.what, served) from None

    def _whale_queries(self, chain: Chain | None, asset: Asset | None, least: Decimal | None) -> list[WhalesQuery]:
        if chain and asset and chain.native_asset != asset.id:
            raise Unsupported(f"large transfers of {asset.id} on {chain.id}", [chain.native_asset])
        chains = [chain] if chain else list(self._names.registry.chains)
        wanted = [each for each in chains if asset is None or each.native_asset == asset.id]
        queries = [
            WhalesQuery(each, LEAST_WHALE.get(each.id, Decimal(0)) if least is None else least) for each in wanted
        ]
        covered = [query for query in queries if self._coverage.sources(query)]
        if not covered:
            natives = sorted({each.native_asset for each in self._names.registry.chains})
            what = asset.id if asset else chain.id if chain else "any chain"
            raise Unsupported(f"large transfers of {what}", natives)
        return covered

    async def _or_error(self, query: WhalesQuery, deadline_s: float) -> Answer[WhaleTransactions] | NerkhError:
        try:
            return await ask(self._engine, WhaleTransactions, query, deadline_s)
        except NerkhError as error:
            return error

    async def _native_price(self, chain: Chain, deadline_s: float) -> Decimal | None:
        asset = self._names.by_id(chain.native_asset)
        if asset is None:
            return None
        try:
            return (await ask(self._engine, Price, PriceQuery(asset, "USD"), deadline_s)).value.value
        except NerkhError:
            return None


def _priced(transaction: WhaleTransaction, price: Decimal | None) -> WhaleTransaction:
    if price is None or (worth := transaction.amount * price) >= _MOST_WORTH:
        return transaction
    return dataclasses.replace(transaction, amount_usd=worth.quantize(_CENT))


def _attempts(answer: Answer[WhaleTransactions] | NerkhError) -> tuple[Attempt, ...]:
    """Return what was tried for one chain; where it brought no answer, what is missing has its reason there."""
    if isinstance(answer, Answer):
        return answer.provenance.attempts
    tried = answer.attempts if isinstance(answer, SourcesFailed | SourcesExhausted) else ()
    return tuple(each for each in tried if isinstance(each, Attempt))
