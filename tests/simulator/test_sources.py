"""Every source of the catalogue has a stand-in, and each provider understands what its stand-in says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from server.assets import registry
from server.errors import BadAnswer
from server.model import (
    INTERVALS,
    AssetsQuery,
    BalanceQuery,
    BlockQuery,
    Candles,
    CandlesQuery,
    ChainQuery,
    FearGreedQuery,
    GasQuery,
    NewsQuery,
    OverviewQuery,
    Price,
    PriceQuery,
    PricesQuery,
    Query,
    TransactionPage,
    TransactionQuery,
    TransactionsQuery,
    TrendingQuery,
    Value,
    WhalesQuery,
)
from server.providers.base import Follow, Reply, Request, Source
from server.providers.catalog import provider_of, sources
from server.simulator import StandIn, stand_ins
from server.simulator.effects import shifted
from server.simulator.faults import Fault
from server.simulator.reply import Asked
from server.simulator.view import View
from server.simulator.world import World

NOW = 1_795_174_000.25
ADDRESSES = {
    "bitcoin": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "ethereum": "0x50532e4Be195D1dE0c2E6DfA46D9ec0a4Fee6861",
}
WORLD = World(7)
STAND_INS = {stand_in.id: stand_in for stand_in in stand_ins()}


def _reply(source: Source, request: Request, *faults: Fault) -> Reply:
    """Ask a source's stand-in without a network."""
    stand_in = STAND_INS[source.id]
    view = View(WORLD, stand_in.id, NOW, stand_in.venue, stand_in.options)
    view = shifted(view, {fault.name: fault for fault in faults})
    query = dict(request.query) | ({source.key.name: "x"} if source.key is not None else {})
    body = json.dumps(request.json).encode() if request.json is not None else b""
    path = (urlsplit(source.base_url).path + request.path) or "/"
    said = stand_in.form.answer(view, Asked(request.method, path, query, body))
    return Reply(said.status, said.body, said.content_type.lower(), dict(said.headers))


def ask(source: Source, query: Query, *faults: Fault) -> Value | None:
    """Return what a provider makes of its stand-in's answers, None when the source does not serve the query."""
    capability = provider_of(source).capability(query.kind)
    if capability is None or not capability.serves(source, query):
        return None
    replies = [_reply(source, request, *faults) for request in capability.build(source, query)]
    for _ in range(5):
        value = capability.parse(source, query, tuple(replies))
        if not isinstance(value, Follow):
            return value
        replies += [_reply(source, request, *faults) for request in value.requests]
    pytest.fail(f"{source.id} never has enough")


def _queries() -> Iterator[Query]:
    known = registry()
    bitcoin = known.asset("bitcoin")
    for name in ("bitcoin", "shiba-inu", "tether"):
        yield PriceQuery(known.asset(name))
    yield PriceQuery(bitcoin, "EUR")
    for token in ("1m", "1h", "1d", "1w"):
        yield CandlesQuery(bitcoin, INTERVALS[token])
    yield from (PricesQuery(), AssetsQuery(), OverviewQuery(), TrendingQuery(), NewsQuery(), FearGreedQuery(limit=10))
    for chain in known.chains:
        address = ADDRESSES.get(chain.id, ADDRESSES["ethereum"])
        tokens = tuple(asset for asset in known.assets if any(row.chain == chain.id for row in asset.contracts))
        yield from (GasQuery(chain), BlockQuery(chain), ChainQuery(chain), WhalesQuery(chain))
        yield from (BalanceQuery(chain, address, tokens[:3]), BalanceQuery(chain, address))
        yield TransactionsQuery(chain, address)


def test_every_source_has_a_stand_in() -> None:
    """No source of the catalogue is left without one, and the real hosts and paths are those of the catalogue."""
    for source in sources():
        assert source.id in STAND_INS, f"{source.id} has no stand-in"
        assert urlsplit(source.base_url).hostname in STAND_INS[source.id].hosts


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.id)
def test_provider_understands_its_stand_in(source: Source) -> None:
    """What a stand-in says is a value to the provider for every query that the source serves."""
    served = [value for query in _queries() if (value := ask(source, query)) is not None]
    assert served


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.id)
def test_blocks_and_transactions_are_found(source: Source) -> None:
    """The block before the newest is found by height and hash, and a transaction of an address by its hash."""
    for chain in registry().chains:
        address = ADDRESSES.get(chain.id, ADDRESSES["ethereum"])
        page = ask(source, TransactionsQuery(chain, address))
        if isinstance(page, TransactionPage):
            assert len(page.transactions) == 25
            one = ask(source, TransactionQuery(chain, page.transactions[3].hash))
            assert one is None or one.hash == page.transactions[3].hash
        newest = ask(source, BlockQuery(chain))
        if newest is not None:
            for name in (str(newest.height - 1), newest.parent_hash):
                found = ask(source, BlockQuery(chain, name)) if name else None
                assert found is None or found.height == newest.height - 1


def test_sources_agree_on_the_price() -> None:
    """All honest sources show the world's price within half a percent, each in its own quote."""
    bitcoin = registry().asset("bitcoin")
    truth = WORLD.prices.price(WORLD.prices.by_id["bitcoin"], NOW)
    shown = [(source, ask(source, PriceQuery(bitcoin))) for source in sources()]
    prices = [(source.id, float(value.value)) for source, value in shown if isinstance(value, Price)]
    assert len(prices) >= 6
    for name, price in prices:
        assert price == pytest.approx(truth, rel=0.005), name


def test_sources_agree_on_candles() -> None:
    """All sources of candles show the same closed hours within half a percent."""
    query = CandlesQuery(registry().asset("ethereum"), INTERVALS["1h"], limit=24)
    series = [value for source in sources() if isinstance(value := ask(source, query), Candles)]
    assert len(series) >= 3
    closes = [{row.open_time: float(row.close) for row in value.candles[:-1]} for value in series]
    shared = set.intersection(*({*row} for row in closes))
    assert len(shared) >= 20
    for time in shared:
        values = [row[time] for row in closes]
        assert max(values) / min(values) < 1.005


@pytest.mark.parametrize(
    "name", ["binance", "binance_vision", "kraken", "coingecko", "coinpaprika", "coinlore", "coinmarketcap"]
)
def test_a_wrong_asset_never_passes_as_a_price(name: str) -> None:
    """Where an answer names what it is of, the provider finds out that it is of another asset."""
    source = next(row for row in sources() if row.id == name)
    with pytest.raises(BadAnswer):
        ask(source, PriceQuery(registry().asset("bitcoin")), Fault("wrong_asset", 0.0, None))


def test_stand_ins_are_told_apart() -> None:
    """No two stand-ins share an id, and each says which real hosts it stands for."""
    rows: tuple[StandIn, ...] = stand_ins()
    assert len({row.id for row in rows}) == len(rows)
    assert all(row.hosts for row in rows)
