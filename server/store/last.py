"""The last stored answer to a query, for when no source can be asked; used by the store.

One function a kind. What is read back names the source and the times that the newest row came with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Row as DatabaseRow
from sqlalchemy import Select, Table, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.model import (
    Answer,
    Articles,
    AssetsQuery,
    Balance,
    BalanceQuery,
    Block,
    BlockQuery,
    Candles,
    CandlesQuery,
    ChainQuery,
    ChainStatus,
    FearGreed,
    FearGreedQuery,
    FearGreedReading,
    GasPrice,
    GasQuery,
    Kind,
    ListedAsset,
    ListedAssets,
    Overview,
    OverviewQuery,
    Price,
    PriceQuery,
    Prices,
    PricesQuery,
    Query,
    TokenBalance,
    Transaction,
    TransactionPage,
    TransactionQuery,
    TransactionsQuery,
    Transfer,
    Trending,
    TrendingAsset,
    TrendingQuery,
    Value,
    WhalesQuery,
    WhaleTransaction,
    WhaleTransactions,
)
from server.store import tables
from server.store.decode import origin_of, value_of
from server.store.encode import decoded
from server.store.read import article_of, article_select, between
from server.store.series import best_candles, market_of, stored_candle

Found = Answer[Value] | None
ARTICLES_AT_ONCE = 100
WHALES_AT_ONCE = 100
HEIGHT_DIGITS = 18


async def last(connection: AsyncConnection, query: Query) -> Found:
    """Return the newest stored answer to a query, None when nothing fitting was ever stored."""
    return await _LAST[query.kind](connection, query)


async def _price(connection: AsyncConnection, query: PriceQuery) -> Found:
    table = tables.PRICES
    row = await _newest(connection, table, table.c.asset == query.asset.id, table.c.quote == query.quote)
    return None if row is None else Answer(value_of(Price, row, outliers=()), origin_of(row))


async def _prices(connection: AsyncConnection, query: PricesQuery) -> Found:
    lists, prices = tables.PRICE_LISTS, tables.PRICES
    found = await _newest(connection, lists, lists.c.quote == query.quote)
    if found is None:
        return None
    names = ("asset", "quote", "time")
    listed = [literal(found._mapping[f"{name}s"], lists.c[f"{name}s"].type) for name in names]  # noqa: SLF001 -- public
    asked = func.unnest(*listed).table_valued(*names, with_ordinality="place", name="asked").render_derived()
    same = tuple_(prices.c.asset, prices.c.quote, prices.c.time) == tuple_(asked.c.asset, asked.c.quote, asked.c.time)
    statement = (
        select(prices)
        .join_from(asked, prices, same)
        .where(prices.c.source == found.source)
        .order_by(asked.c.place)
        .limit(query.limit)
    )
    rows = (await connection.execute(statement)).all()
    values = tuple(value_of(Price, row, outliers=()) for row in rows)
    return Answer(Prices(values, found.source_time), origin_of(found)) if values else None


async def _candles(connection: AsyncConnection, query: CandlesQuery) -> Found:
    table = tables.CANDLES
    chosen = [table.c.asset == query.asset.id, table.c.interval == query.interval.token]
    chosen += between(table.c.open_time, query.start_time, query.end_time)
    newest_first = query.start_time is None
    quote = await market_of(connection, chosen, query.quote, query.limit, newest=newest_first)
    statement = best_candles(chosen, quote, (), newest=newest_first).limit(query.limit)
    rows = (await connection.execute(statement)).all()
    if not rows:
        return None
    candles = sorted((stored_candle(row).candle for row in rows), key=lambda candle: candle.open_time)
    newest = max(rows, key=lambda row: row.open_time)
    series = Candles(query.asset.id, quote, query.interval.token, tuple(candles), newest.source_time)
    return Answer(series, origin_of(newest))


async def _assets(connection: AsyncConnection, _query: AssetsQuery) -> Found:
    table = tables.LISTED_ASSETS
    newest = await _one(connection, select(table).order_by(table.c.receive_time.desc()).limit(1))
    if newest is None:
        return None
    same = (table.c.source == newest.source, table.c.receive_time == newest.receive_time)
    rows = (await connection.execute(select(table).where(*same).order_by(table.c.position))).all()
    listed = tuple(value_of(ListedAsset, row) for row in rows)
    return Answer(ListedAssets(listed, newest.source_time), origin_of(newest))


async def _overview(connection: AsyncConnection, _query: OverviewQuery) -> Found:
    row = await _newest(connection, tables.OVERVIEWS)
    return None if row is None else Answer(value_of(Overview, row), origin_of(row))


async def _trending(connection: AsyncConnection, _query: TrendingQuery) -> Found:
    row = await _newest(connection, tables.TRENDING)
    return (
        None if row is None else Answer(Trending(decoded(TrendingAsset, row.assets), row.source_time), origin_of(row))
    )


async def _news(connection: AsyncConnection, _query: Query) -> Found:
    table = tables.ARTICLES
    statement = article_select().order_by(table.c.published_time.desc(), table.c.id.desc()).limit(ARTICLES_AT_ONCE)
    rows = (await connection.execute(statement)).all()
    if not rows:
        return None
    return Answer(Articles(tuple(article_of(row) for row in rows), rows[0].source_time), origin_of(rows[0]))


async def _fear_greed(connection: AsyncConnection, query: FearGreedQuery) -> Found:
    table = tables.FEAR_GREED
    newest = await _newest(connection, table)
    if newest is None:
        return None
    statement = select(table).where(table.c.source == newest.source).order_by(table.c.time.desc()).limit(query.limit)
    rows = (await connection.execute(statement)).all()
    readings = tuple(value_of(FearGreedReading, row) for row in rows)
    return Answer(FearGreed(readings, newest.source_time), origin_of(newest))


async def _gas(connection: AsyncConnection, query: GasQuery) -> Found:
    row = await _newest(connection, tables.GAS, tables.GAS.c.chain == query.chain.id)
    return None if row is None else Answer(value_of(GasPrice, row), origin_of(row))


async def _chain(connection: AsyncConnection, query: ChainQuery) -> Found:
    row = await _newest(connection, tables.CHAINS, tables.CHAINS.c.chain == query.chain.id)
    return None if row is None else Answer(value_of(ChainStatus, row), origin_of(row))


async def _block(connection: AsyncConnection, query: BlockQuery) -> Found:
    table = tables.BLOCKS
    chosen = [table.c.chain == query.chain.id]
    if query.block.isdecimal():
        if len(query.block) > HEIGHT_DIGITS:
            return None
        chosen.append(table.c.height == int(query.block))
    elif query.block != "latest":
        chosen.append(table.c.hash == query.block)
    statement = select(table).where(*chosen).order_by(table.c.height.desc(), table.c.receive_time.desc()).limit(1)
    row = await _one(connection, statement)
    return None if row is None else Answer(value_of(Block, row), origin_of(row))


async def _balance(connection: AsyncConnection, query: BalanceQuery) -> Found:
    table = tables.BALANCES
    mine = (table.c.chain == query.chain.id, table.c.address == query.address)
    row = None
    if query.tokens:  # a later answer without tokens does not know more
        row = await _newest(connection, table, *mine, func.jsonb_array_length(table.c.tokens) > 0)
    row = row or await _newest(connection, table, *mine)
    if row is None:
        return None
    return Answer(value_of(Balance, row, tokens=decoded(TokenBalance, row.tokens)), origin_of(row))


async def _transactions(connection: AsyncConnection, query: TransactionsQuery) -> Found:
    links, table = tables.ADDRESS_TRANSACTIONS, tables.TRANSACTIONS
    mine = (query.chain.id, query.address)
    pages = tables.TRANSACTION_PAGES
    page = await _one(connection, select(pages).where(tuple_(pages.c.chain, pages.c.address) == mine))
    if page is None:
        return None
    seen_last = links.c.receive_time == page.receive_time
    statement = (
        select(table, links.c.effect)
        .join_from(links, table, (table.c.chain == links.c.chain) & (table.c.hash == links.c.hash))
        .where(tuple_(links.c.chain, links.c.address) == mine, or_(seen_last, table.c.block_height.is_not(None)))
        .order_by(table.c.time.desc().nulls_first(), table.c.block_height.desc().nulls_first(), links.c.position)
        .limit(query.limit)
    )
    rows = (await connection.execute(statement)).all()
    found = tuple(_transaction_of(row, effect=row.effect) for row in rows)
    return Answer(TransactionPage(*mine, found, page.source_time), origin_of(page))


async def _transaction(connection: AsyncConnection, query: TransactionQuery) -> Found:
    table = tables.TRANSACTIONS
    mine = tuple_(table.c.chain, table.c.hash) == (query.chain.id, query.hash)
    row = await _one(connection, select(table).where(mine))
    return None if row is None else Answer(_transaction_of(row, effect=None), origin_of(row))


async def _whales(connection: AsyncConnection, query: WhalesQuery) -> Found:
    table = tables.WHALES
    statement = (
        select(table)
        .where(table.c.chain == query.chain.id, table.c.amount >= query.least)
        .order_by(func.coalesce(table.c.time, table.c.receive_time).desc(), table.c.hash)
        .limit(WHALES_AT_ONCE)
    )
    rows = (await connection.execute(statement)).all()
    if not rows:
        return None
    newest = max(rows, key=lambda row: row.receive_time)
    whales = tuple(value_of(WhaleTransaction, row, recipient=row.recipient or None) for row in rows)
    return Answer(WhaleTransactions(query.chain.id, whales, newest.source_time), origin_of(newest))


async def _newest(connection: AsyncConnection, table: Table, *chosen: Any) -> DatabaseRow[Any] | None:
    """Return the row with the latest time; of equal ones the one received last."""
    ordered = select(table).where(*chosen).order_by(table.c.time.desc(), table.c.receive_time.desc())
    return await _one(connection, ordered.limit(1))


async def _one(connection: AsyncConnection, statement: Select[Any]) -> DatabaseRow[Any] | None:
    row: DatabaseRow[Any] | None = (await connection.execute(statement)).one_or_none()
    return row


def _transaction_of(row: DatabaseRow[Any], effect: object) -> Transaction:
    moved = {"inputs": decoded(Transfer, row.inputs), "outputs": decoded(Transfer, row.outputs)}
    return value_of(Transaction, row, effect=effect, **moved)


_LAST: dict[Kind, Callable[[AsyncConnection, Any], Awaitable[Found]]] = {
    Kind.PRICE: _price,
    Kind.PRICES: _prices,
    Kind.CANDLES: _candles,
    Kind.ASSETS: _assets,
    Kind.OVERVIEW: _overview,
    Kind.TRENDING: _trending,
    Kind.NEWS: _news,
    Kind.FEAR_GREED: _fear_greed,
    Kind.GAS: _gas,
    Kind.CHAIN: _chain,
    Kind.BLOCK: _block,
    Kind.BALANCE: _balance,
    Kind.TRANSACTIONS: _transactions,
    Kind.TRANSACTION: _transaction,
    Kind.WHALES: _whales,
}
