"""mempool.space and its mirrors: Esplora with recommended fees, the hash rate and a bitcoin price beside it."""

from __future__ import annotations

from decimal import Decimal

from server.errors import BadAnswer
from server.model import GasPrice, GasQuery, Price, PriceQuery, Query
from server.providers.base import Limit, Provider, Recorded, Reply, Request, Source, Tier
from server.providers.decode import decimal_of, dict_of, optional_decimal, time_s
from server.providers.families.esplora import RECORDED, SHARED
from server.providers.families.esplora.kinds import SATOSHI_PER_VBYTE
from server.providers.families.esplora.wire import body_of
from server.providers.onchain import capability_of
from server.providers.rows import FeeRates, Ticker

QUOTES = ("USD", "EUR", "GBP", "CAD", "CHF", "AUD", "JPY")
_SPEEDS = ("hourFee", "halfHourFee", "fastestFee", "economyFee", "minimumFee")


def fees(reply: Reply) -> FeeRates:
    """Read the recommended fees, in satoshi per virtual byte."""
    body = dict_of(body_of(reply))
    return FeeRates({speed: decimal_of(body.get(speed), speed) for speed in _SPEEDS})


def prices(reply: Reply) -> tuple[Ticker, ...]:
    """Read the bitcoin price by currency; -1 says that there is none."""
    body = dict_of(body_of(reply))
    time = time_s(body.get("time"), "time")
    found = ((quote, optional_decimal(body.get(quote), quote)) for quote in QUOTES)
    return tuple(Ticker(f"BTC{quote}", last, time=time) for quote, last in found if last is not None and last > 0)


def adjustment(reply: Reply) -> Decimal:
    """Read how far the way to the next change of the difficulty is gone, in percent."""
    return decimal_of(dict_of(body_of(reply)).get("progressPercent"), "progressPercent")


def build_gas(_source: Source, _query: GasQuery) -> tuple[Request, ...]:
    """Ask for the recommended fees."""
    return (Request("/v1/fees/recommended"),)


def parse_gas(_source: Source, query: GasQuery, replies: tuple[Reply, ...]) -> GasPrice:
    """Return the fees for an hour, half an hour and the next block."""
    rates = fees(replies[0]).rates
    slow, standard, fast = (rates[speed] for speed in _SPEEDS[:3])
    return GasPrice(query.chain.id, SATOSHI_PER_VBYTE, slow, standard, fast)


def serves_price(_source: Source, query: Query) -> bool:
    """Say whether the query is for bitcoin in a currency that the host knows."""
    return isinstance(query, PriceQuery) and query.asset.id == "bitcoin" and query.quote in QUOTES


def build_price(_source: Source, _query: PriceQuery) -> tuple[Request, ...]:
    """Ask for the prices."""
    return (Request("/v1/prices"),)


def parse_price(_source: Source, query: PriceQuery, replies: tuple[Reply, ...]) -> Price:
    """Return the price in the asked currency, which the host rounds to whole units."""
    for row in prices(replies[0]):
        if row.symbol == f"BTC{query.quote}" and row.last is not None:
            return Price("bitcoin", query.quote, row.last, row.time)
    raise BadAnswer("empty", "no price in this currency")


def _host(id_: str, name: str, url: str, tier: Tier, limit: Limit) -> Source:
    return Source(
        id_,
        name,
        "mempool",
        f"{url}/api",
        tier,
        "explorer",
        chains=("bitcoin",),
        limits=(limit,),
        options={"witness": "mempool_space", "blocks": "/v1", "hash_rate": "/v1/mining/hashrate/1m"},
        docs_url="https://mempool.space/docs/api/rest",
    )


PROVIDER = Provider(
    "mempool",
    capabilities=(
        capability_of(GasQuery, build_gas, parse_gas),
        *SHARED,
        capability_of(PriceQuery, build_price, parse_price, serves_price),
    ),
    sources=(
        _host("mempool_space", "mempool.space", "https://mempool.space", Tier.MEDIUM, Limit(10, 1)),
        _host("mempool_emzy", "mempool.emzy.de", "https://mempool.emzy.de", Tier.LOW, Limit(5, 5)),
    ),
    recorded_as=("mempool",),
    recorded=(
        Recorded(fees, r".*/v1/fees/(recommended|precise)"),
        Recorded(prices, r".*/v1/prices"),
        Recorded(adjustment, r".*/v1/difficulty-adjustment"),
        *RECORDED,
    ),
)
