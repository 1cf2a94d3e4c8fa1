"""History by pages: every row once, in order, whatever is written meanwhile; series merged; holes named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from server.model import (
    INTERVALS,
    Article,
    Articles,
    Asset,
    Candle,
    Candles,
    CandlesQuery,
    Chain,
    ChainFamily,
    FearGreed,
    FearGreedQuery,
    FearGreedReading,
    GasPrice,
    GasQuery,
    NewsQuery,
    Observation,
    Price,
    PriceQuery,
)
from server.store import Store

Observe = Callable[..., Observation]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BITCOIN = Asset("bitcoin", "BTC", "Bitcoin", 1)
ETH = Chain("ethereum", "Ethereum", ChainFamily.EVM, "ethereum", "ETH", 18)
HOUR = INTERVALS["1h"]


def second(number: int) -> datetime:
    """Return a time by its second."""
    return NOW + timedelta(seconds=number)


async def test_pages_show_every_row_once_while_others_are_written(store: Store, observe: Observe) -> None:
    """Rows that were there at the first page are seen exactly once, newest first, though newer ones arrive between."""
    for number in range(60):
        for source in ("binance", "kraken", "coinbase"):
            value = Price("bitcoin", "USD", Decimal(number + 1), second(number // 2 * 2))
            store.offer(observe(PriceQuery(BITCOIN), value, source=source))
    await store.flush()
    expected = {(second(number), source) for number in range(0, 60, 2) for source in ("binance", "kraken", "coinbase")}
    seen, after = [], None
    for step in range(100):
        page = await store.price_observations("bitcoin", "USD", after=after, limit=7)
        seen += [(row.time, row.provenance.source) for row in page.rows]
        store.offer(observe(PriceQuery(BITCOIN), Price("bitcoin", "USD", Decimal(1), second(1000 + step))))
        store.offer(observe(PriceQuery(BITCOIN), Price("ethereum", "USD", Decimal(1), second(step))))
        await store.flush()
        if (after := page.after) is None:
            break
    assert len(seen) == len(set(seen)) == 90
    assert set(seen) == expected
    assert seen == sorted(seen, reverse=True)


async def test_ranges_are_half_open_and_sources_can_be_chosen(store: Store, observe: Observe) -> None:
    """The start belongs to a range and the end does not; a page that is exactly full has no further one."""
    for number in range(10):
        for source in ("binance", "kraken"):
            value = GasPrice("ethereum", "gwei", Decimal(1), Decimal(2), Decimal(3), source_time=second(number))
            store.offer(observe(GasQuery(ETH), value, source=source))
    await store.flush()
    page = await store.gas_observations("ethereum", source="kraken", start=second(2), end=second(5), limit=3)
    assert [row.time for row in page.rows] == [second(4), second(3), second(2)]
    assert page.after is None
    assert (await store.gas_observations("polygon")).rows == ()


async def test_readings_of_an_index_are_pages_too(store: Store, observe: Observe) -> None:
    """Index readings come newest first, each time once a source."""
    days = [FearGreedReading(Decimal(day), "Fear", NOW - timedelta(days=day)) for day in range(5)]
    store.offer(observe(FearGreedQuery(5), FearGreed(tuple(days)), source="alternative_me"))
    await store.flush()
    first = await store.fear_greed_observations(limit=3)
    rest = await store.fear_greed_observations(limit=3, after=first.after)
    assert [row.value for row in (*first.rows, *rest.rows)] == days
    assert first.rows[0].provenance.source == "alternative_me"


def series(quote: str, hours: dict[int, str], volume: Decimal | None = Decimal(1)) -> Candles:
    """Make an hourly series of the day before yesterday, hours to closes."""
    day = NOW.replace(hour=0) - timedelta(days=2)
    made = (
        Candle(day + timedelta(hours=hour), Decimal(1), Decimal(9), Decimal(1), Decimal(close), volume)
        for hour, close in hours.items()
    )
    return Candles("bitcoin", quote, "1h", tuple(made))


async def test_candles_of_many_sources_are_one_series(store: Store, observe: Observe) -> None:
    """Each open time is once in the series, from the preferred source, else from one that knows the volume."""
    query = CandlesQuery(BITCOIN, HOUR)
    for source, candles in (
        ("binance", series("USDT", {0: "2", 1: "2", 5: "2"})),
        ("coinbase", series("USD", {1: "3", 2: "3", 3: "3"})),
        ("coingecko", series("USD", {2: "4", 3: "4", 4: "4"}, None)),
        ("kraken", series("USD", {3: "5"})),
        ("other", series("EUR", {0: "6", 6: "6"})),
    ):
        store.offer(observe(query, candles, source=source))
    await store.flush()
    page = await store.candles("bitcoin", "USD", "1h")
    assert [(str(row.candle.close), row.source) for row in page.rows] == [
        ("3", "coinbase"),
        ("3", "coinbase"),
        ("3", "coinbase"),
        ("4", "coingecko"),
    ]
    preferred = await store.candles("bitcoin", None, "1h", prefer=("kraken", "coingecko"))
    assert [row.source for row in preferred.rows] == ["coinbase", "coingecko", "kraken", "coingecko"]
    assert [row.quote for row in (await store.candles("bitcoin", "EUR", "1h")).rows] == ["EUR", "EUR"]
    seen, after = [], None
    while True:
        part = await store.candles("bitcoin", "USD", "1h", after=after, limit=3)
        seen += [row for row in part.rows if row.quote == "USD"]
        if (after := part.after) is None:
            break
    assert tuple(seen) == page.rows
    answer = await store.last(CandlesQuery(BITCOIN, HOUR, "USD", limit=2))
    assert answer is not None
    assert isinstance(answer.value, Candles)
    assert [str(candle.close) for candle in answer.value.candles] == ["3", "4"]
    assert answer.value.quote == "USD"


async def test_a_series_is_of_one_market(store: Store, observe: Observe) -> None:
    """Asked for in USD, a series is of the dollar market with most candles, never of two; asked in USDT, of that."""
    query = CandlesQuery(BITCOIN, HOUR)
    store.offer(observe(query, series("USDT", dict.fromkeys(range(10), "2"))))
    store.offer(observe(query, series("USD", {3: "3", 4: "3"}), source="kraken"))
    await store.flush()
    for asked in ("USD", None, "USDT"):
        assert {row.quote for row in (await store.candles("bitcoin", asked, "1h")).rows} == {"USDT"}
    answer = await store.last(CandlesQuery(BITCOIN, HOUR, "USD"))
    assert answer is not None
    assert isinstance(answer.value, Candles)
    assert (answer.value.quote, len(answer.value.candles)) == ("USDT", 10)


def article(number: int, title: str, **more: object) -> Article:
    """Make an article of a minute."""
    published = NOW - timedelta(minutes=number // 2)
    return Article(f"id{number:03}", title, f"https://example.org/{number}", published, ("coindesk",), **more)


async def test_articles_are_found_by_asset_source_language_time_and_words(store: Store, observe: Observe) -> None:
    """Each filter narrows the list and all of them together do; a wildcard is a character like any other."""
    articles = (
        article(0, "Bitcoin rises", assets=("bitcoin",)),
        article(2, "Ether falls 100%", assets=("ethereum",), summary="after bitcoin rises"),
        article(4, "بیت کوین", assets=("bitcoin",), language="fa"),
        article(6, "ETF approved; markets calm"),
    )
    store.offer(observe(NewsQuery(), Articles(articles[:3]), source="rss_coindesk"))
    store.offer(observe(NewsQuery(), Articles(articles[3:]), source="rss_coindesk"))
    await store.flush()

    async def ids(**wanted: object) -> list[str]:
        return [found.id for found in (await store.articles(**wanted)).rows]  # type: ignore[arg-type]  # filters by name

    assert await ids() == ["id000", "id002", "id004", "id006"]
    assert await ids(asset="bitcoin") == ["id000", "id004"]
    assert await ids(asset="bitcoin", language="fa") == ["id004"]
    assert await ids(source="coindesk", text="bitcoin RISES") == ["id000", "id002"]
    assert await ids(text="کوین") == ["id004"]
    assert await ids(text='"markets calm"') == ["id006"]
    assert await ids(text="bitcoin -ether") == ["id000"]
    for odd in ("%", "_", "'", "\\", "&|!()<>:*", "x" * 5000, "a\0b"):
        assert await ids(text=odd) == []
    assert await ids(start=NOW - timedelta(minutes=2), end=NOW) == ["id002", "id004"]
    assert await store.article("id006") == articles[3]
    assert await store.article("nothing") is None
    assert await store.article("\0") is None
    assert await ids(source="\0", asset="\ud800") == []
    assert await store.last(PriceQuery(Asset("\0", "A", "A"))) is None


async def test_article_pages_keep_equal_times_apart(store: Store, observe: Observe) -> None:
    """Articles of the same minute neither repeat nor vanish at the border of two pages."""
    store.offer(observe(NewsQuery(), Articles(tuple(article(number, "T") for number in range(11))), source="rss"))
    await store.flush()
    seen, after = [], None
    while True:
        page = await store.articles(after=after, limit=3)
        seen += [found.id for found in page.rows]
        if (after := page.after) is None:
            break
    assert len(seen) == len(set(seen)) == 11


async def test_copies_of_a_story_are_found_by_their_titles(store: Store, observe: Observe) -> None:
    """However they are punctuated, and within a range of times."""
    titles = ("Bitcoin's rally: day 2", "BITCOIN\u2019S RALLY, DAY 2", "Ether's rally: day 2")
    articles = [
        Article(f"id{number}", title, "https://x", NOW - timedelta(hours=number), ("a",))
        for number, title in enumerate(titles)
    ]
    store.offer(observe(NewsQuery(), Articles(tuple(articles)), source="rss_decrypt"))
    await store.flush()
    found = await store.copies(["bitcoinsrallyday2"], NOW - timedelta(hours=2), NOW + timedelta(hours=1))
    assert [copy.id for copy in found] == ["id0", "id1"]
    assert [copy.id for copy in await store.copies(["bitcoinsrallyday2"], NOW, NOW + timedelta(hours=1))] == ["id0"]


async def test_a_secret_is_made_once(store: Store) -> None:
    """Whoever asks first makes it; all later ones get the same bytes."""
    made = iter((b"first", b"second", b"third"))
    asked = await asyncio.gather(*(store.secret("page_token", lambda: next(made)) for _ in range(3)))
    assert len(set(asked)) == 1
    assert await store.secret("page_token", lambda: b"later") == asked[0]
