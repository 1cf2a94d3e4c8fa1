"""How CoinGecko's answers are read into rows; its capabilities and the recorded answers stand on these."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from server.assets import registry
from server.errors import BadAnswer
from server.model import Candle, ListedAsset, Overview, Trending, TrendingAsset
from server.providers.base import Reply
from server.providers.decode import (
    code_of,
    decimal_of,
    dict_at,
    dict_of,
    json_of,
    list_at,
    list_of,
    optional_decimal,
    optional_int,
    optional_text,
    optional_time,
    row_of,
    text_of,
    time_iso,
    time_ms,
    time_s,
)
from server.providers.rows import Chart, Item, Refusal, Ticker


def refusal(reply: Reply) -> Refusal | None:
    """Return the error that the body states: `{"error": text}` or `{"status": {"error_code": …}}`."""
    body = json_of(reply)
    if not isinstance(body, dict):
        return None
    status, error = body.get("status"), body.get("error")
    if isinstance(error, dict):
        status = error.get("status", error)
    if isinstance(status, dict) and "error_code" in status:
        return Refusal(code_of(status["error_code"]), code_of(status.get("error_message")))
    if "error_code" in body:
        return Refusal(code_of(body["error_code"]))
    return Refusal(str(reply.status), code_of(error)) if isinstance(error, str) else None


def body_of(reply: Reply) -> object:
    """Return the body of an answer. Raises BadAnswer for one that states an error."""
    stated = refusal(reply)
    if stated is None:
        return json_of(reply)
    if stated.code == "429":
        raise BadAnswer("throttled", "code 429")
    if stated.code.startswith("100"):
        raise BadAnswer("key_rejected", f"code {stated.code}")
    if reply.status == 404 or "not found" in stated.message:
        raise BadAnswer("unknown_asset", "no such coin")
    raise BadAnswer("error_body", f"status {reply.status}")


def markets(reply: Reply) -> tuple[Item, ...]:
    """Read coins/markets, whose quote only the request names; rows without a price are left out."""
    rows = (dict_of(row, "coin") for row in list_of(body_of(reply)))
    return tuple(_market(row) for row in rows if row.get("current_price") is not None)


def _market(row: dict[str, object]) -> Item:
    return Item(
        id=text_of(row.get("id"), "id", 100),
        symbol=text_of(row.get("symbol"), "symbol", 100),
        price=decimal_of(row["current_price"], "current_price"),
        name=optional_text(row.get("name"), "name", 200),
        market_cap=optional_decimal(row.get("market_cap"), "market_cap"),
        volume=optional_decimal(row.get("total_volume"), "total_volume"),
        high=optional_decimal(row.get("high_24h"), "high_24h"),
        low=optional_decimal(row.get("low_24h"), "low_24h"),
        change_percent=optional_decimal(row.get("price_change_percentage_24h"), "price_change_percentage_24h"),
        rank=optional_int(row.get("market_cap_rank"), "market_cap_rank"),
        time=optional_time(time_iso, row.get("last_updated"), "last_updated"),
    )


def simple_prices(reply: Reply) -> tuple[Item, ...]:
    """Read simple/price: prices by id and quote, with what was asked to be included."""
    body = dict_of(body_of(reply))
    return tuple(item for id_, row in body.items() for item in _simple(text_of(id_, "id", 100), dict_of(row, "coin")))


def _simple(id_: str, row: dict[str, object]) -> Iterator[Item]:
    time = optional_time(time_s, row.get("last_updated_at"), "last_updated_at")
    for quote, price in row.items():
        if quote.endswith(("_market_cap", "_24h_vol", "_24h_change")) or quote == "last_updated_at":
            continue
        yield Item(
            id=id_,
            symbol=None,
            price=decimal_of(price, "price"),
            quote=quote.upper()[:20],
            market_cap=optional_decimal(row.get(f"{quote}_market_cap"), "market_cap"),
            volume=optional_decimal(row.get(f"{quote}_24h_vol"), "24h_vol"),
            change_percent=optional_decimal(row.get(f"{quote}_24h_change"), "24h_change"),
            time=time,
        )


def coin(reply: Reply) -> Item | ListedAsset:
    """Read coins/{id} now or on a past day: its price in USD, or only its names where no market data was asked for."""
    row = dict_of(body_of(reply))
    id_, symbol = text_of(row.get("id"), "id", 100), text_of(row.get("symbol"), "symbol", 100)
    name, rank = text_of(row.get("name"), "name", 200), optional_int(row.get("market_cap_rank"), "market_cap_rank")
    if "market_data" not in row:
        return ListedAsset(id_, symbol, name, rank=rank)
    data = dict_at(row, "market_data")
    return Item(
        id=id_,
        symbol=symbol,
        price=decimal_of(dict_at(data, "current_price").get("usd"), "current_price"),
        name=name,
        market_cap=optional_decimal(dict_at(data, "market_cap").get("usd"), "market_cap"),
        volume=optional_decimal(dict_at(data, "total_volume").get("usd"), "total_volume"),
        change_percent=optional_decimal(data.get("price_change_percentage_24h"), "price_change_percentage_24h"),
        rank=rank,
        time=optional_time(time_iso, row.get("last_updated"), "last_updated"),
    )


def coin_tickers(reply: Reply) -> tuple[Ticker, ...]:
    """Read the tickers of a coin on all venues."""
    rows = (dict_of(row, "ticker") for row in list_at(dict_of(body_of(reply)), "tickers"))
    return tuple(
        Ticker(
            symbol=f"{text_of(row.get('base'), 'base', 60)}/{text_of(row.get('target'), 'target', 60)}",
            last=decimal_of(row.get("last"), "last"),
            base_volume=optional_decimal(row.get("volume"), "volume"),
            time=optional_time(time_iso, row.get("timestamp"), "timestamp"),
        )
        for row in rows
    )


def candles(reply: Reply) -> tuple[Candle, ...]:
    """Read coins/{id}/ohlc, oldest first. CoinGecko stamps a candle with the time of its CLOSE; so does this reader."""
    return tuple(_candle(row_of(row, 5, "candle")) for row in list_of(body_of(reply)))


def _candle(row: list[object]) -> Candle:
    opened, high, low, close = (decimal_of(value, "candle") for value in row[1:5])
    return Candle(time_ms(row[0], "time"), opened, high, low, close)


def chart(reply: Reply) -> Chart:
    """Read a market chart: prices, market caps and volumes, oldest first."""
    body = dict_of(body_of(reply))
    return Chart(*(_points(body, key) for key in ("prices", "market_caps", "total_volumes")))


def _points(body: dict[str, object], key: str) -> tuple[tuple[datetime, Decimal], ...]:
    rows = (row_of(row, 2, key) for row in list_at(body, key))
    return tuple((time_ms(row[0], "time"), decimal_of(row[1], key)) for row in rows if row[1] is not None)


def listed(reply: Reply) -> tuple[ListedAsset, ...]:
    """Read a list of coins or of exchanges."""
    return tuple(_listed(dict_of(row, "row")) for row in list_of(body_of(reply)))


def found(reply: Reply) -> tuple[ListedAsset, ...]:
    """Read the coins that a search found."""
    return tuple(_listed(dict_of(row, "coin")) for row in list_at(dict_of(body_of(reply)), "coins"))


def _listed(row: dict[str, object]) -> ListedAsset:
    return ListedAsset(
        id=text_of(row.get("id"), "id", 200),
        symbol=optional_text(row.get("symbol"), "symbol", 200) or "",
        name=optional_text(row.get("name"), "name", 300) or "",
        rank=optional_int(row.get("market_cap_rank"), "market_cap_rank"),
    )


def overview(reply: Reply) -> Overview:
    """Read the state of the whole market in USD."""
    data = dict_at(dict_of(body_of(reply)), "data")
    shares = dict_at(data, "market_cap_percentage")
    return Overview(
        total_market_cap=decimal_of(dict_at(data, "total_market_cap").get("usd"), "total_market_cap"),
        total_volume=optional_decimal(dict_at(data, "total_volume").get("usd"), "total_volume"),
        bitcoin_dominance=optional_decimal(shares.get("btc"), "market_cap_percentage"),
        ethereum_dominance=optional_decimal(shares.get("eth"), "market_cap_percentage"),
        market_cap_change_percent=optional_decimal(data.get("market_cap_change_percentage_24h_usd"), "change"),
        active_assets=optional_int(data.get("active_cryptocurrencies"), "active_cryptocurrencies"),
        markets=optional_int(data.get("markets"), "markets"),
        source_time=optional_time(time_s, data.get("updated_at"), "updated_at"),
    )


def defi_overview(reply: Reply) -> Overview:
    """Read the state of decentralised finance in USD."""
    data = dict_at(dict_of(body_of(reply)), "data")
    return Overview(
        total_market_cap=decimal_of(data.get("defi_market_cap"), "defi_market_cap"),
        total_volume=optional_decimal(data.get("trading_volume_24h"), "trading_volume_24h"),
    )


def rates(reply: Reply) -> tuple[Item, ...]:
    """Read what one bitcoin is worth in each currency."""
    rows = dict_at(dict_of(body_of(reply)), "rates")
    return tuple(
        Item("bitcoin", "BTC", decimal_of(dict_of(row, "rate").get("value"), "value"), quote=code.upper()[:20])
        for code, row in rows.items()
    )


def trending(reply: Reply) -> Trending:
    """Read the trending coins, most wanted first; prices, where there are any, in USD."""
    rows = [dict_at(dict_of(row, "coin"), "item") for row in list_at(dict_of(body_of(reply)), "coins")]
    return Trending(tuple(_trending(row, place) for place, row in enumerate(rows, start=1)))


def _trending(row: dict[str, object], place: int) -> TrendingAsset:
    id_ = text_of(row.get("id"), "id", 200)
    known = registry().by_source("coingecko", id_)
    data = dict_of(row.get("data") or {}, "data")
    change = dict_of(data.get("price_change_percentage_24h") or {}, "price_change_percentage_24h")
    price = optional_text(data["price"], "price") if isinstance(data.get("price"), str) else data.get("price")
    if isinstance(price, str):
        price = price.removeprefix("$").replace(",", "")
    return TrendingAsset(
        asset=known.id if known is not None else "",
        symbol=text_of(row.get("symbol"), "symbol", 100).upper(),
        name=text_of(row.get("name"), "name", 200),
        position=place,
        market_cap_rank=optional_int(row.get("market_cap_rank"), "market_cap_rank"),
        price=optional_decimal(price, "price"),
        change_percent=optional_decimal(change.get("usd"), "price_change_percentage_24h"),
    )
