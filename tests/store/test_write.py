"""The writer: nothing twice, nothing acknowledged lost, nothing that one bad row takes down with it."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from server.clock import SystemClock
from server.errors import StoreUnavailable
from server.model import (
    INTERVALS,
    Article,
    Articles,
    Asset,
    Block,
    BlockQuery,
    Candle,
    Candles,
    CandlesQuery,
    Chain,
    ChainFamily,
    NewsQuery,
    Observation,
    Price,
    PriceQuery,
    Prices,
    PricesQuery,
    Transaction,
    TransactionQuery,
)
from server.settings import Settings
from server.store import EmbeddedPostgres, Prepared, Store
from server.store import store as store_module

Observe = Callable[..., Observation]
NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
BITCOIN = Asset("bitcoin", "BTC", "Bitcoin", 1)
ETH = Chain("ethereum", "Ethereum", ChainFamily.EVM, "ethereum", "ETH", 18)
BTC = Chain("bitcoin", "Bitcoin", ChainFamily.BITCOIN, "bitcoin", "BTC", 8)


def price(number: int, value: object = 1) -> Price:
    """Make the price of a second."""
    return Price("bitcoin", "USD", Decimal(str(value)), NOW + timedelta(seconds=number))


async def count(url: str, table: str) -> int:
    """Count a table's rows."""
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM nerkh.{table}"))  # noqa: S608 -- the test's own name
    finally:
        await connection.close()


async def test_what_stands_aside_is_no_history(store: Store, observe: Observe, database: str) -> None:
    """One source's own quote beside the vetted price is taken without complaint, and not written."""
    assert store.offer(dataclasses.replace(observe(PriceQuery(BITCOIN), price(1)), aside=True))
    await store.flush()
    assert await count(database, "price_observations") == 0


async def test_a_value_offered_twice_is_one_row(store: Store, observe: Observe, database: str) -> None:
    """The same answer again, in one batch or a later one, leaves one row; another source's is another."""
    for _ in range(2):
        for source in ("binance", "binance", "kraken"):
            store.offer(observe(PriceQuery(BITCOIN), price(1), source=source))
        await store.flush()
    assert await count(database, "price_observations") == 2
    assert store.status().failed == 0


async def test_two_stores_that_write_the_same_do_not_lock_each_other_out(
    store: Store, observe: Observe, database: str
) -> None:
    """Two services writing the same rows in opposite orders both finish, and each row is there once."""
    other = await Store.open(database, clock=SystemClock(), settings=Settings(store_flush_s=0))
    heights = list(range(300))
    for writer, order in ((store, heights), (other, heights[::-1])):
        for height in order:
            for received in range(2):
                block = Block("ethereum", height, f"0x{height:x}", NOW, transaction_count=received)
                when = NOW + timedelta(seconds=received)
                writer.offer(observe(BlockQuery(ETH, str(height)), block, receive_time=when))
    await asyncio.gather(store.flush(), other.flush())
    await other.close()
    assert await count(database, "blocks") == 300
    assert store.status().failed == 0


async def test_an_open_candle_grows_and_a_closed_one_stays(store: Store, observe: Observe) -> None:
    """A candle is replaced by later answers until one is final: one that lags behind its end is not."""
    hour = INTERVALS["1h"]
    opened = NOW.replace(minute=0, second=0)
    query = CandlesQuery(BITCOIN, hour)
    seen = []
    for minutes, close in ((10, "2"), (5, "9"), (30, "3"), (61, "4"), (90, "5"), (241, "6"), (300, "7")):
        candle = Candle(opened, Decimal(1), Decimal(9), Decimal(1), Decimal(close))
        series = Candles("bitcoin", "USD", "1h", (candle,))
        store.offer(observe(query, series, receive_time=opened + timedelta(minutes=minutes)))
        await store.flush()
        (row,) = (await store.candles("bitcoin", "USD", "1h")).rows
        seen.append((str(row.candle.close), row.closed))
    open_ones = [("2", False), ("2", False), ("3", False), ("4", False), ("5", False)]
    assert seen == [*open_ones, ("6", True), ("6", True)]


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two"])
async def test_a_closed_candle_stays_also_within_a_batch(store: Store, observe: Observe, *, together: bool) -> None:
    """What is read back does not depend on how quickly answers came: no other close and no open one replaces it."""
    hour = INTERVALS["1h"]
    opened = NOW.replace(minute=0, second=0)
    for minutes, close in ((10, "2"), (241, "6"), (242, "7"), (90, "5")):
        series = Candles("bitcoin", "USD", "1h", (Candle(opened, Decimal(1), Decimal(9), Decimal(1), Decimal(close)),))
        receive_time = opened + timedelta(minutes=minutes)
        store.offer(observe(CandlesQuery(BITCOIN, hour), series, receive_time=receive_time))
        if not together:
            await store.flush()
    await store.flush()
    (row,) = (await store.candles("bitcoin", "USD", "1h")).rows
    assert (str(row.candle.close), row.closed) == ("6", True)


@pytest.mark.parametrize(
    ("minutes_behind", "is_followed", "closed"), [(-1, False, False), (0, False, True), (None, True, True)]
)
async def test_a_candle_is_final_by_its_sources_own_time_or_the_next_candle(
    store: Store, observe: Observe, minutes_behind: int | None, is_followed: bool, closed: bool
) -> None:
    """When it was received says nothing: a source that stands still tells half a candle after its end."""
    hour = INTERVALS["1h"]
    opened = NOW.replace(minute=0, second=0) - hour.span
    candles = [Candle(opened + n * hour.span, *(Decimal(1),) * 4) for n in range(1 + is_followed)]
    time = None if minutes_behind is None else opened + hour.span + timedelta(minutes=minutes_behind)
    series = Candles("bitcoin", "USD", "1h", tuple(candles), source_time=time)
    store.offer(observe(CandlesQuery(BITCOIN, hour), series, receive_time=opened + 1.1 * hour.span))
    await store.flush()
    rows = (await store.candles("bitcoin", "USD", "1h")).rows
    assert min(rows, key=lambda row: row.candle.open_time).closed is closed


class Later(SystemClock):
    """A clock half a year ahead, when other partitions are due."""

    def now(self) -> datetime:
        """Return the time then."""
        return super().now() + timedelta(days=200)


async def test_a_long_reader_on_a_default_partition_holds_no_start_back(
    database: str, store: Store, observe: Observe
) -> None:
    """A backup reads it for minutes: new partitions wait, and the service starts and writes all the same."""
    assert store.status().reachable
    reader = await asyncpg.connect(database)
    transaction = reader.transaction()
    await transaction.start()
    await reader.execute("SELECT count(*) FROM nerkh.price_observations_default")
    second = await Store.open(database, clock=Later(), settings=Settings(store_flush_s=0))
    second.offer(observe(PriceQuery(BITCOIN), price(1)))
    await second.flush()
    assert await count(database, "price_observations") == 1
    await second.close()
    await transaction.rollback()
    await reader.close()


async def test_one_story_of_many_feeds_is_one_article(store: Store, observe: Observe) -> None:
    """Feeds that carry the same story add themselves and what was missing; its first time stays."""
    first = Article("s", "Title", "https://example.org", NOW, ("decrypt",), assets=("bitcoin",))
    second = dataclasses.replace(
        first,
        published_time=NOW + timedelta(minutes=5),
        sources=("coindesk",),
        summary="More",
        assets=("bitcoin", "ethereum"),
        sentiment=0.5,
    )
    for feed, article in (("decrypt", first), ("coindesk", second), ("coindesk", second)):
        store.offer(observe(NewsQuery(), Articles((article,)), source=f"rss_{feed}"))
        await store.flush()
        await asyncio.sleep(0)
    found = await store.article("s")
    assert found is not None
    assert sorted(found.sources) == ["coindesk", "decrypt"]
    assert (found.published_time, found.summary, found.sentiment) == (NOW, "More", 0.5)
    assert found.assets == ("bitcoin", "ethereum")
    for asset in found.assets:
        assert [article.id for article in (await store.articles(asset=asset)).rows] == ["s"]


async def test_a_lagging_source_does_not_undo_a_transaction(store: Store, observe: Observe) -> None:
    """Once in a block, a transaction stays there, and a later answer fills what an earlier one left out."""
    mined = Transaction("bitcoin", "aa", "confirmed", Decimal(2), block_height=7, time=NOW)
    query = TransactionQuery(BTC, "aa")
    pending = Transaction("bitcoin", "aa", "pending", Decimal(2))
    fuller = dataclasses.replace(mined, fee=Decimal("0.1"))
    for seconds, value in enumerate((pending, fuller, pending, mined)):
        store.offer(observe(query, value, receive_time=NOW + timedelta(seconds=seconds)))
        await store.flush()
    answer = await store.last(query)
    assert answer is not None
    assert answer.value == fuller


async def test_one_bad_row_does_not_take_the_others(store: Store, observe: Observe, database: str) -> None:
    """Of a batch with values that no database holds, all others are written, and those are counted."""
    bad = (
        price(1, "NaN"),
        price(2, "1E+5000"),
        dataclasses.replace(price(3), rank=2**70),
        dataclasses.replace(price(4), source_time=NOW.replace(tzinfo=None)),
        dataclasses.replace(price(5), bid="not a number"),
        dataclasses.replace(price(6), quote="U" * 10_000_000),
    )
    odd = dataclasses.replace(price(7), native_quote="\0A\ud800")
    for number in range(10, 60):
        store.offer(observe(PriceQuery(BITCOIN), price(number)))
        if number % 10 == 0:
            store.offer(observe(PriceQuery(BITCOIN), bad[number // 10 - 1]))
    store.offer(observe(PricesQuery(), Prices((price(100), bad[5], odd), NOW)))
    await store.flush()
    assert await count(database, "price_observations") == 52
    status = store.status()
    assert status.failed == 6
    assert status.queued == 0
    assert status.reachable
    store.offer(observe(PriceQuery(BITCOIN), price(200)))
    await store.flush()
    assert await count(database, "price_observations") == 53


async def test_a_failing_annotation_does_not_stop_the_writer(database: str, observe: Observe) -> None:
    """Articles are completed on their way; one whose completion fails is counted, the next is written."""

    def annotate(article: Article) -> Article:
        if article.id == "bad":
            raise RuntimeError(article.id)
        return dataclasses.replace(article, assets=("bitcoin",), sentiment=-0.5)

    store = await Store.open(database, clock=SystemClock(), settings=Settings(), annotate=annotate)
    for key in ("bad", "good"):
        store.offer(observe(NewsQuery(), Articles((Article(key, "T", "u", NOW, ("f",)),))))
    await store.flush()
    found = (await store.articles(asset="bitcoin")).rows
    await store.close()
    assert [(article.id, article.sentiment) for article in found] == [("good", -0.5)]
    assert store.status().failed == 1


async def test_a_clock_ahead_does_not_stay_the_newest(store: Store, observe: Observe) -> None:
    """A price stated for tomorrow is ordered by when it was received, and the stated time is kept beside it."""
    wrong = dataclasses.replace(price(0), source_time=NOW + timedelta(days=1))
    store.offer(observe(PriceQuery(BITCOIN), wrong, source="skewed", receive_time=NOW))
    store.offer(observe(PriceQuery(BITCOIN), price(5, 2), receive_time=NOW + timedelta(seconds=5)))
    await store.flush()
    answer = await store.last(PriceQuery(BITCOIN))
    assert answer is not None
    assert answer.provenance.source == "binance"
    rows = (await store.price_observations("bitcoin", "USD")).rows
    assert (rows[1].time, rows[1].value.source_time) == (NOW, NOW + timedelta(days=1))


async def test_a_full_queue_refuses_and_says_so(database: str, observe: Observe) -> None:
    """The queue holds as many rows as it may; what comes then is refused at once and counted, not lost in silence."""
    store = await Store.open(database, clock=SystemClock(), settings=Settings(store_queue=10, store_flush_s=60))
    taken = [store.offer(observe(PriceQuery(BITCOIN), price(number))) for number in range(15)]
    assert taken == [True] * 10 + [False] * 5
    assert (store.status().queued, store.status().refused) == (10, 5)
    await store.flush()
    assert store.offer(observe(PriceQuery(BITCOIN), price(20)))
    await store.close()
    assert await count(database, "price_observations") == 11


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[tuple[EmbeddedPostgres, Prepared]]:
    """Prepare a PostgreSQL of the test's own that it may kill."""
    embedded = EmbeddedPostgres(tmp_path / "data")
    yield embedded, await asyncio.to_thread(embedded.prepare)
    await asyncio.to_thread(embedded.prepare)
    embedded.close()


async def test_what_was_acknowledged_survives_a_killed_database(
    own: tuple[EmbeddedPostgres, Prepared], start_server: Callable[..., asyncio.Future[object]], observe: Observe
) -> None:
    """PostgreSQL is killed again and again under load: every row offered is there in the end, each once."""
    embedded, prepared = own
    server = await asyncio.to_thread(start_server, prepared)
    store = await Store.open(prepared.url, clock=SystemClock(), settings=Settings(store_flush_s=0))
    offered = 0
    for _ in range(3):
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            offered += store.offer(observe(PriceQuery(BITCOIN), price(offered)))
            await asyncio.sleep(0.0005)
        server.kill()
        await asyncio.to_thread(server.wait)
        before = store.status()
        for _ in range(50):
            offered += store.offer(observe(PriceQuery(BITCOIN), price(offered)))
        server = await asyncio.to_thread(start_server, await asyncio.to_thread(embedded.prepare))
        assert await count(prepared.url, "price_observations") >= before.written
    await store.flush()
    assert store.status().failed == store.status().refused == 0
    await store.close()
    assert await count(prepared.url, "price_observations") == offered


async def test_while_the_database_is_away_reads_fail_fast_and_writes_wait(
    own: tuple[EmbeddedPostgres, Prepared], start_server: Callable[..., asyncio.Future[object]], observe: Observe
) -> None:
    """Stopped or frozen, the database costs a read two seconds at most; the queue drains when it is back."""
    embedded, prepared = own
    server = await asyncio.to_thread(start_server, prepared)
    settings = Settings(store_flush_s=0, store_read_s=0.5)
    store = await Store.open(prepared.url, clock=SystemClock(), settings=settings)
    await store.last(PriceQuery(BITCOIN))
    os.kill(server.pid, signal.SIGSTOP)
    for pid in children(server.pid):
        os.kill(pid, signal.SIGSTOP)
    for _ in range(2):
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.last(PriceQuery(BITCOIN))
        assert time.monotonic() - begun < 2
    server.kill()
    await asyncio.to_thread(server.wait)
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await store.price_observations("bitcoin", "USD")
    assert time.monotonic() - begun < 2
    for number in range(100):
        assert store.offer(observe(PriceQuery(BITCOIN), price(number)))
    async with asyncio.timeout(60):
        while not store.status().last_error:  # noqa: ASYNC110 -- the store's state is all there is to watch
            await asyncio.sleep(0.01)
    assert store.status().queued == 100
    assert not store.status().reachable
    await asyncio.to_thread(start_server, await asyncio.to_thread(embedded.prepare))
    async with asyncio.timeout(20):
        await store.flush()
    assert store.status().last_error == ""
    async with asyncio.timeout(20):
        while not store.status().reachable:  # noqa: ASYNC110 -- the store's state is all there is to watch
            await asyncio.sleep(0.01)
    assert len((await store.price_observations("bitcoin", "USD", limit=200)).rows) == 100
    await store.close()


def children(pid: int) -> list[int]:
    """Return the ids of a process's children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_a_database_that_went_away_is_noticed_and_not_waited_for(
    own: tuple[EmbeddedPostgres, Prepared],
    start_server: Callable[..., asyncio.Future[object]],
    observe: Observe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without any request the state says that the database is away; the store still closes within a few seconds."""
    monkeypatch.setattr(store_module, "CHECK_S", 0.02)
    monkeypatch.setattr(store_module, "MAINTAIN_S", 0.0)
    _, prepared = own
    server = await asyncio.to_thread(start_server, prepared)
    store = await Store.open(prepared.url, clock=SystemClock(), settings=Settings())
    assert store.status().reachable
    server.kill()
    await asyncio.to_thread(server.wait)
    async with asyncio.timeout(60):
        while store.status().reachable:  # noqa: ASYNC110 -- the store's state is all there is to watch
            await asyncio.sleep(0.01)
    store.offer(observe(PriceQuery(BITCOIN), price(1)))
    begun = time.monotonic()
    await store.close()
    assert time.monotonic() - begun < 5
