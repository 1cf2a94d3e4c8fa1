"""Every source dead, the service just restarted: what was ever seen is answered from the store, and says so."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nerkh.v1 import types_pb2

from server.store.embedded import EmbeddedPostgres
from tests.conftest import StartPostgres
from tests.services.serving import Nerkh, service, simulator
from tests.services.test_market import refused

STORED, OK = types_pb2.FRESHNESS_STORED, types_pb2.OUTCOME_OK


@contextmanager
def after_a_restart(database: str, folder: Path, fault: str, **parameters: Any) -> Iterator[Nerkh]:
    """Let a service see something, stop it, break every source, and start it anew."""
    with simulator(folder) as control:
        with service(folder, database, control, collect=False) as first:
            first("GetPrice", asset="BTC")
            first("ListCandles", asset="BTC", interval="1h", pageSize=24)
            first("ListArticles")
            first("GetFearGreedIndex")
            first("GetGasPrice", chain="ethereum")
        with service(folder, database, control, collect=False) as second:
            second.fault("*", fault, **parameters)
            yield second


async def test_what_was_seen_is_answered_as_stored(database: str, tmp_path: Path) -> None:
    """Prices, candles, articles, fees, the index and the moods; what was never seen says what was tried."""
    with after_a_restart(database, tmp_path, "dead") as nerkh:
        assert nerkh("GetPrice", asset="BTC").price.provenance.freshness == STORED
        assert nerkh("GetGasPrice", chain="ethereum").provenance.freshness == STORED
        assert nerkh("GetFearGreedIndex").provenance.freshness == STORED
        candles = nerkh("ListCandles", asset="BTC", interval="1h", pageSize=24)
        assert candles.candles
        assert candles.provenance.freshness == STORED
        articles = nerkh("ListArticles", pageSize=5)
        assert len(articles.articles) == 5
        assert articles.provenance.freshness == STORED
        assert nerkh("GetArticle", article=articles.articles[0].id).provenance.freshness == STORED
        assert nerkh("GetAssetSentiment", asset="BTC").sentiment.article_count > 0
        assert nerkh("GetMarketSentiment").sentiment.HasField("fear_greed_index")
        error = refused(nerkh, "GetPrice", asset="XMR")
        assert (error.code, error.reason) == ("UNAVAILABLE", "ALL_SOURCES_FAILED")
        tried = json.loads(error.metadata["attempts"])
        assert len(tried) > 2
        assert {"source", "outcome", "latencyMs"} == tried[0].keys()
        assert "RetryInfo" in error.kinds
        failures = nerkh("BatchGetPrices", assets=["BTC", "XMR"], view="VIEW_FULL").failures
        assert [(each.asset, each.reason) for each in failures] == [("XMR", "ALL_SOURCES_FAILED")]
        assert failures[0].attempts


async def test_hung_sources_do_not_hold_a_request(database: str, tmp_path: Path) -> None:
    """When nothing answers and nothing fails either, what is stored comes within the method's own deadline."""
    with after_a_restart(database, tmp_path, "hang") as nerkh:
        for name, fields, longest_s in (("GetPrice", {"asset": "BTC"}, 3.5), ("ListArticles", {}, 4.5)):
            start = time.monotonic()
            nerkh(name, **fields)
            assert time.monotonic() - start < longest_s


def test_a_database_that_is_gone_fails_no_request_but_those_for_history(
    start_server: StartPostgres, tmp_path: Path
) -> None:
    """Prices, candles and news go on; history says what is the matter, quickly; the status says so too."""
    embedded = EmbeddedPostgres(tmp_path / "database")
    prepared = embedded.prepare()
    database = start_server(prepared, "-c", "fsync=off")
    with simulator(tmp_path) as control, service(tmp_path, prepared.url, control, collect=False) as nerkh:
        nerkh("GetPrice", asset="BTC")
        database.kill()
        database.wait()
        nerkh("GetPrice", asset="ETH")
        nerkh("ListCandles", asset="ETH", interval="1h", pageSize=5)
        assert nerkh("ListArticles").articles
        start = time.monotonic()
        error = refused(nerkh, "ListPriceObservations", asset="BTC")
        assert time.monotonic() - start < 5  # the deadline of the method
        assert (error.code, error.reason) == ("UNAVAILABLE", "STORE_UNAVAILABLE")
        until = time.monotonic() + 30
        while nerkh("GetSystemStatus").store.reachable and time.monotonic() < until:
            time.sleep(0.1)
        assert not nerkh("GetSystemStatus").store.reachable
    embedded.close()


def test_a_chain_whose_sources_all_fail_is_told_among_the_large_transfers(database: str, tmp_path: Path) -> None:
    """The other chains' transfers are answered; the attempts say what is missing, and more were asked than agreed."""
    with simulator(tmp_path) as control, service(tmp_path, database, control, collect=False) as nerkh:
        nodes = nerkh.sources("whales")
        ethereum = [name for name in nodes if name.endswith("ethereum")]
        assert ethereum
        for name in ethereum:
            nerkh.fault(name, "dead")
        # So little that the newest blocks hold some at any time; truly large ones are rare in the simulated world too.
        found = nerkh("ListWhaleTransactions", view="VIEW_FULL", minimumAmount="0.01")
        assert found.transactions
        assert not [each for each in found.transactions if each.chain == "ethereum"]
        failed = {each.source for each in found.provenance.attempts if each.outcome != OK}
        assert set(ethereum) <= failed
        assert found.provenance.agreement.asked > found.provenance.agreement.agreed
