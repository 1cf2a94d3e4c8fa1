"""CoinLore: prices in USD by numeric ids, and the whole market. It answers what it does not know with an empty list."""

from __future__ import annotations

from datetime import datetime

from server.errors import BadAnswer
from server.model import (
    AssetsQuery,
    ListedAsset,
    ListedAssets,
    Overview,
    OverviewQuery,
    Price,
    PriceQuery,
    Prices,
    PricesQuery,
)
from server.providers.base import Limit, Provider, Recorded, Reply, Request, Source, Tier
from server.providers.decode import (
    decimal_of,
    dict_of,
    int_of,
    json_of,
    list_at,
    list_of,
    optional_decimal,
    optional_int,
    optional_text,
    optional_time,
    text_of,
    time_s,
)
from server.providers.rows import Item
from server.providers.values import only, price_among, prices_of, serving, wider

_PAGE = 100
_LISTED = 1000


def ticker(reply: Reply) -> tuple[Item, ...]:
    """Read the tickers of the ids that were asked for; they have no time."""
    return tuple(_item(dict_of(row, "ticker")) for row in list_of(json_of(reply)))


def tickers(reply: Reply) -> tuple[Item, ...]:
    """Read a page of all tickers, largest first."""
    return _page(reply)[0]


def _page(reply: Reply) -> tuple[tuple[Item, ...], datetime | None]:
    body = dict_of(json_of(reply))
    time = optional_time(time_s, dict_of(body.get("info") or {}, "info").get("time"), "time")
    return tuple(_item(dict_of(row, "ticker"), time) for row in list_at(body, "data")), time


def _item(row: dict[str, object], time: datetime | None = None) -> Item:
    return Item(
        id=str(int_of(row.get("id"), "id")),
        symbol=text_of(row.get("symbol"), "symbol", 100),
        price=decimal_of(row.get("price_usd"), "price_usd"),
        name=optional_text(row.get("name"), "name", 200),
        market_cap=optional_decimal(row.get("market_cap_usd"), "market_cap_usd"),
        volume=optional_decimal(row.get("volume24"), "volume24"),
        change_percent=optional_decimal(row.get("percent_change_24h"), "percent_change_24h"),
        rank=optional_int(row.get("rank"), "rank"),
        time=time,
    )


def overview(reply: Reply) -> Overview:
    """Read the state of the whole market in USD, a list of one."""
    rows = list_of(json_of(reply))
    if not rows:
        raise BadAnswer("empty", "an empty list")
    row = dict_of(rows[0], "global")
    return Overview(
        total_market_cap=decimal_of(row.get("total_mcap"), "total_mcap"),
        total_volume=optional_decimal(row.get("total_volume"), "total_volume"),
        bitcoin_dominance=optional_decimal(row.get("btc_d"), "btc_d"),
        ethereum_dominance=optional_decimal(row.get("eth_d"), "eth_d"),
        market_cap_change_percent=optional_decimal(row.get("mcap_change"), "mcap_change"),
        active_assets=optional_int(row.get("coins_count"), "coins_count"),
        markets=optional_int(row.get("active_markets"), "active_markets"),
    )


def _price_request(query: PriceQuery) -> tuple[Request, ...]:
    return (Request("/api/ticker/", (("id", query.asset.source_ids["coinlore"]),)),)


def _price(query: PriceQuery, replies: tuple[Reply, ...]) -> Price:
    reply = only(replies)
    if reply.status == 200 and not reply.body.strip():
        raise BadAnswer("unknown_asset", "an empty body")
    return price_among(query, "coinlore", ticker(reply))


def _pages(count: int) -> tuple[Request, ...]:
    starts = range(0, count, _PAGE)
    return tuple(Request("/api/tickers/", (("start", str(start)), ("limit", str(_PAGE)))) for start in starts)


def _prices(query: PricesQuery, replies: tuple[Reply, ...]) -> Prices:
    pages = [_page(reply) for reply in replies]
    times = [time for _, time in pages if time is not None]
    items = (item for page, _ in pages for item in page)
    return prices_of(query, "coinlore", items, min(times, default=None))


def _assets(_query: AssetsQuery, replies: tuple[Reply, ...]) -> ListedAssets:
    items = (item for reply in replies for item in tickers(reply))
    return ListedAssets(
        tuple(ListedAsset(item.id, item.symbol or "", item.name or "", rank=item.rank) for item in items)
    )


PROVIDER = Provider(
    name="coinlore",
    capabilities=(
        serving(
            PriceQuery,
            _price_request,
            _price,
            lambda query: "coinlore" in query.asset.source_ids and query.quote == "USD",
        ),
        serving(
            PricesQuery, lambda query: _pages(wider(query.limit, 500)), _prices, lambda query: query.quote == "USD"
        ),
        serving(AssetsQuery, lambda _query: _pages(_LISTED), _assets),
        serving(
            OverviewQuery,
            lambda _query: (Request("/api/global/"),),
            lambda _query, replies: overview(only(replies)),
        ),
    ),
    sources=(
        Source(
            id="coinlore",
            name="CoinLore",
            provider="coinlore",
            base_url="https://api.coinlore.net",
            tier=Tier.LOW,
            category="market_data",
            limits=(Limit(60, 60),),
            terms_url="https://www.coinlore.com/terms",
            docs_url="https://www.coinlore.com/cryptocurrency-data-api",
        ),
    ),
    recorded_as=("coinlore",),
    recorded=(
        Recorded(ticker, r"/api/ticker/"),
        Recorded(tickers, r"/api/tickers/"),
        Recorded(overview, r"/api/global/"),
    ),
)
