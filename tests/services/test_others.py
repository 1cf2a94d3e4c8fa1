"""News, sentiment, chains, history and monitoring, asked over gRPC of the running service."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from nerkh.v1 import monitoring_pb2, onchain_pb2, sentiment_pb2, types_pb2

from tests.services.serving import Nerkh, service, simulator
from tests.services.test_market import refused

VITALIK = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
BITCOINER = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"


def test_articles_come_newest_first_and_once(nerkh: Nerkh) -> None:
    """Page by page, each story once, with its assets and sentiment; each can be had by its id."""
    articles = nerkh.pages("ListArticles", "articles", pageSize=10)
    times = [article.published_time.ToDatetime(tzinfo=UTC) for article in articles]
    assert len(articles) > 20
    assert times == sorted(times, reverse=True)
    assert len({article.id for article in articles}) == len(articles)
    assert all(article.HasField("sentiment_score") for article in articles)
    assert any(len(article.sources) > 1 for article in articles)
    one = nerkh("GetArticle", article=articles[0].id)
    assert one.article.title == articles[0].title
    assert refused(nerkh, "GetArticle", article="nothing").reason == "UNKNOWN_ARTICLE"


def test_articles_are_filtered(nerkh: Nerkh) -> None:
    """By asset, source, language, words and time; every filter that is given holds."""
    every = nerkh("ListArticles", pageSize=200).articles
    source = every[0].sources[0]
    assert all(source in article.sources for article in nerkh("ListArticles", source=source).articles)
    named = nerkh("ListArticles", asset="BTC").articles
    assert named
    assert all("bitcoin" in article.assets for article in named)
    word = every[0].title.split()[0]
    found = nerkh("ListArticles", search=word).articles
    assert every[0].id in [article.id for article in found]
    assert not nerkh("ListArticles", language="zz").articles
    middle = every[len(every) // 2].published_time
    later = nerkh("ListArticles", startTime=middle.ToJsonString(), pageSize=200).articles
    assert all(article.published_time.ToDatetime() >= middle.ToDatetime() for article in later)
    due = {article.id for article in every if article.published_time.ToDatetime() >= middle.ToDatetime()}
    assert due <= {article.id for article in later}  # news that came meanwhile stand beside them
    assert refused(nerkh, "ListArticles", language="not a language").field == "language"


def test_one_dead_source_of_many_that_are_asked_at_once_is_no_fallback(database: str, tmp_path: Path) -> None:
    """News, moods and quotes come from all that answer; the attempts name the one that did not."""
    with simulator(tmp_path) as control, service(tmp_path, database, control, collect=False) as nerkh:
        feed, exchange = nerkh.sources("news")[0], nerkh.sources("price")[0]
        nerkh.fault(feed, "status", code=500)
        nerkh.fault(exchange, "status", code=500)
        articles = nerkh("ListArticles", view="VIEW_FULL")
        outcomes = {each.source: each.outcome for each in articles.provenance.attempts}
        assert outcomes[feed] == types_pb2.OUTCOME_SERVER_ERROR
        nerkh("GetArticle", article=articles.articles[0].id)
        nerkh("GetAssetSentiment", asset="BTC")
        nerkh("GetMarketSentiment")
        quotes = nerkh("ListQuotes", asset="BTC", view="VIEW_FULL").provenance
        assert types_pb2.OUTCOME_SERVER_ERROR in {each.outcome for each in quotes.attempts}
        records = [each for each in nerkh("ListRequests").requests if each.source]
        assert len(records) == 5
        assert not [each.method for each in records if each.fallback]


def test_the_index_of_fear_and_greed_has_a_history(nerkh: Nerkh) -> None:
    """The newest reading, and pages of older ones, each day once."""
    newest = nerkh("GetFearGreedIndex").reading
    assert 0 <= Decimal(newest.value) <= 100
    readings = nerkh.pages("ListFearGreedReadings", "readings", most=4, pageSize=20)
    times = [reading.reading_time.ToDatetime(tzinfo=UTC) for reading in readings]
    assert len(times) == 80
    assert len(set(times)) == 80
    assert times == sorted(times, reverse=True)


def test_the_mood_rests_on_articles_and_the_index(nerkh: Nerkh) -> None:
    """Counts add up, the label fits the score, the market's mood has the index in it."""
    market = nerkh("GetMarketSentiment").sentiment
    assert market.HasField("fear_greed_index")
    asset = nerkh("GetAssetSentiment", asset="BTC").sentiment
    assert asset.asset == "bitcoin"
    for mood in (market, asset):
        assert mood.positive_count + mood.neutral_count + mood.negative_count == mood.article_count > 0
        assert -1 <= mood.score <= 1
    assert refused(nerkh, "GetMarketSentiment", window="0s").field == "window"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Bitcoin soars to a record high as inflows surge", sentiment_pb2.SENTIMENT_LABEL_POSITIVE),
        ("Exchange hacked, token crashes in selloff", sentiment_pb2.SENTIMENT_LABEL_NEGATIVE),
        ("The block has a height", sentiment_pb2.SENTIMENT_LABEL_NEUTRAL),
    ],
)
def test_texts_are_judged_by_a_named_model(nerkh: Nerkh, text: str, label: int) -> None:
    """The words of crypto markets count."""
    answer = nerkh("AnalyzeSentiment", text=text)
    assert answer.label == label
    assert answer.model == "vader-crypto-1"


def test_a_text_has_bounds(nerkh: Nerkh) -> None:
    """Empty and endless texts are refused."""
    for text in ("", "  ", "a" * 10_001):
        assert refused(nerkh, "AnalyzeSentiment", text=text).field == "text"


@pytest.mark.parametrize("chain", ["ethereum", "bitcoin", "polygon", "bnb"])
def test_a_chain_has_a_state_a_fee_and_a_newest_block(nerkh: Nerkh, chain: str) -> None:
    """The fee is stated in the chain's unit, slow is not above fast."""
    status = nerkh("GetChain", chain=chain)
    assert status.chain.id == status.status.chain == chain
    gas = nerkh("GetGasPrice", chain=chain).gas_price
    assert gas.unit == ("sat/vB" if chain == "bitcoin" else "gwei")
    assert Decimal(gas.slow) <= Decimal(gas.standard) <= Decimal(gas.fast)
    block = nerkh("GetBlock", chain=chain, block="latest").block
    assert abs(block.height - status.status.height) < 100
    assert len(nerkh("ListChains").chains) >= 4


@pytest.mark.parametrize(("chain", "address"), [("ethereum", VITALIK), ("bitcoin", BITCOINER)])
def test_an_address_has_a_balance_and_transactions(nerkh: Nerkh, chain: str, address: str) -> None:
    """Transactions page newest first, each once; one of them can be had by its hash."""
    assert Decimal(nerkh("GetBalance", chain=chain, address=address).balance.amount) >= 0
    transactions = nerkh.pages("ListTransactions", "transactions", chain=chain, address=address, pageSize=10)
    assert len({each.hash for each in transactions}) == len(transactions) > 0
    one = next(each for each in transactions if each.status == onchain_pb2.TRANSACTION_STATUS_CONFIRMED)
    again = nerkh("GetTransaction", chain=chain, hash=one.hash).transaction
    assert (again.hash, again.amount) == (one.hash, one.amount)


def test_tokens_are_counted_where_they_have_a_contract(nerkh: Nerkh) -> None:
    """A token of another chain names the field."""
    balance = nerkh("GetBalance", chain="eth", address=VITALIK, tokens=["USDC", "USDT", "USDC"]).balance
    assert [token.asset for token in balance.tokens] == ["usd-coin", "tether"]
    assert refused(nerkh, "GetBalance", chain="eth", address=VITALIK, tokens=["BTC"]).field == "tokens[0]"
    assert refused(nerkh, "GetBalance", chain="eth", address=VITALIK, tokens=["USDC"] * 21).field == "tokens"


def test_what_is_no_address_hash_or_block_is_refused(nerkh: Nerkh) -> None:
    """By the chain's own checks."""
    assert refused(nerkh, "GetBalance", chain="eth", address="0x12").field == "address"
    assert refused(nerkh, "GetBalance", chain="btc", address=VITALIK).field == "address"
    assert refused(nerkh, "GetTransaction", chain="eth", hash="0x12").field == "hash"
    assert refused(nerkh, "GetBlock", chain="eth", block="first").field == "block"
    assert refused(nerkh, "GetChain", chain="ethreum").metadata["didYouMean"].split(",")[0] == "ethereum"


def test_large_transfers_of_all_chains_are_one_list(nerkh: Nerkh) -> None:
    """Newest first, with their worth; filters by chain, asset and amount hold."""
    whales = nerkh.pages("ListWhaleTransactions", "transactions", pageSize=50, minimumAmount="0.01")
    times = [whale.block_time.ToDatetime(tzinfo=UTC) for whale in whales if whale.HasField("block_time")]
    assert times == sorted(times, reverse=True)
    assert len({whale.chain for whale in whales}) > 1
    large = nerkh("ListWhaleTransactions", minimumAmountUsd="1000000").transactions
    assert all(Decimal(whale.amount_usd) >= 1_000_000 for whale in large)
    ether = nerkh("ListWhaleTransactions", asset="ETH", minimumAmount="150").transactions
    assert all(whale.asset == "ethereum" and Decimal(whale.amount) >= 150 for whale in ether)
    assert refused(nerkh, "ListWhaleTransactions", minimumAmount="many").field == "minimum_amount"
    assert refused(nerkh, "ListWhaleTransactions", asset="USDC").reason == "UNSUPPORTED"


def test_what_was_answered_is_in_the_history(nerkh: Nerkh) -> None:
    """A price, a fee and a reading that requests fetched are read back, with their sources."""
    price = nerkh("GetPrice", asset="XRP").price.value
    fee = nerkh("GetGasPrice", chain="ethereum").gas_price.fast
    index = nerkh("GetFearGreedIndex").reading.value
    for name, fields, wanted in (
        ("ListPriceObservations", {"asset": "XRP"}, lambda point: point.value == price),
        ("ListGasObservations", {"chain": "ethereum"}, lambda point: point.fast == fee),
        ("ListSentimentObservations", {}, lambda point: point.fear_greed_index == index),
    ):
        assert all(point.source and point.simulated for point in stored(nerkh, name, fields, wanted))


def stored(nerkh: Nerkh, name: str, fields: dict[str, str], wanted: Callable[[Any], bool]) -> list[Any]:
    """Return the stored points once the wanted one is among them; writing is behind, by a fraction of a second."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        points = list(nerkh(name, **fields).points)
        if any(wanted(point) for point in points):
            return points
        time.sleep(0.02)
    pytest.fail(f"{name} does not have it")


def test_history_says_where_nothing_is_stored(nerkh: Nerkh) -> None:
    """A range before the first value is one hole; the mood of an asset is told by the hour."""
    answer = nerkh(
        "ListPriceObservations", asset="BTC", startTime="2020-01-01T00:00:00Z", endTime="2020-01-02T00:00:00Z"
    )
    assert not answer.points
    assert [gap.start_time.ToDatetime(tzinfo=UTC) for gap in answer.gaps] == [datetime(2020, 1, 1, tzinfo=UTC)]
    nerkh("ListArticles")
    moods = nerkh.pages("ListSentimentObservations", "points", asset="BTC", pageSize=3)
    assert all(mood.model == "vader-crypto-1" for mood in moods)
    hours = [mood.observation_time.seconds for mood in moods]
    assert hours == sorted(set(hours), reverse=True)


def test_the_service_tells_how_it_stands(nerkh: Nerkh) -> None:
    """Ready, simulated, its store, cache, sources and models."""
    status = nerkh("GetSystemStatus")
    assert status.ready
    assert status.simulated
    assert status.store.reachable
    assert status.version
    assert sum(each.count for each in status.sources) == len(nerkh("ListSources", pageSize=1000).sources)
    assert status.requests.total_count > 0


def test_sources_are_listed_and_filtered(nerkh: Nerkh) -> None:
    """By kind, chain and state; one alone by its id, with suggestions for a wrong one."""
    ids = [source.id for source in nerkh.pages("ListSources", "sources", pageSize=7)]
    assert ids == sorted(set(ids))
    priced = nerkh("ListSources", kind="price").sources
    assert all("price" in source.kinds for source in priced)
    assert all("bitcoin" in source.chains for source in nerkh("ListSources", chain="btc").sources)
    assert not nerkh("ListSources", state="SOURCE_STATE_SUNSET").sources
    assert nerkh("GetSource", source=ids[0]).source.id == ids[0]
    assert "binance" in refused(nerkh, "GetSource", source="binanc").metadata["didYouMean"]
    assert refused(nerkh, "ListSources", kind="weather").field == "kind"
    assert refused(nerkh, "ListSources", state=99).field == "state"


def test_the_hierarchy_ranks_every_kind(nerkh: Nerkh) -> None:
    """Each kind has at least two sources, in places from 1 on, by tier."""
    for ranking in nerkh("GetHierarchy").rankings:
        assert len(ranking.sources) >= 2, ranking.kind
        assert [each.position for each in ranking.sources] == list(range(1, len(ranking.sources) + 1))
        placed = [each for each in ranking.sources if not each.excluded_reason]
        assert [each.tier for each in placed] == sorted(each.tier for each in placed)


def test_breakers_and_requests_are_listed(nerkh: Nerkh) -> None:
    """Breakers by source and kind; requests newest first, without what was asked in words."""
    breakers = nerkh("ListCircuitBreakers", source="binance").circuit_breakers
    assert {breaker.source for breaker in breakers} == {"binance"}
    closed = nerkh("ListCircuitBreakers", kind="gas", state="BREAKER_STATE_CLOSED").circuit_breakers
    assert all(breaker.state == monitoring_pb2.BREAKER_STATE_CLOSED for breaker in closed)
    refused(nerkh, "GetPrice", asset="a private word")
    requests = nerkh("ListRequests", code="NOT_FOUND").requests
    assert requests[0].method == "nerkh.v1.MarketService/GetPrice"
    assert "private" not in str(requests)
    times = [request.request_time.ToNanoseconds() for request in nerkh.pages("ListRequests", "requests", pageSize=9)]
    assert times == sorted(times, reverse=True)
    assert all(each.freshness != types_pb2.FRESHNESS_STORED for each in nerkh("ListRequests", pageSize=3).requests)


def test_a_source_without_its_key_says_so(nerkh: Nerkh) -> None:
    """It is not asked, and not for an operator's whim; the others are."""
    etherscan = nerkh("GetSource", source="etherscan").source
    assert (etherscan.key_required, etherscan.key_present, etherscan.excluded_reason) == (True, False, "no key")
    assert etherscan.state == monitoring_pb2.SOURCE_STATE_DISABLED
    assert not nerkh("GetSource", source="alternative_me").source.excluded_reason


def test_a_source_that_there_is_not_is_not_found(nerkh: Nerkh) -> None:
    """A mistyped filter is no empty list; sources that a list names can be asked for, the service itself too."""
    for name, fields in (
        ("ListArticles", {}),
        ("ListPriceObservations", {"asset": "BTC"}),
        ("ListGasObservations", {"chain": "eth"}),
        ("ListSentimentObservations", {}),
    ):
        refusal = refused(nerkh, name, source="rss_coindesc", **fields)
        assert (refusal.code, refusal.reason) == ("NOT_FOUND", "UNKNOWN_SOURCE")
        assert "rss_coindesk" in refusal.metadata["didYouMean"]
    nerkh("ListSentimentObservations", asset="BTC", source="nerkh")
    articles = nerkh("ListArticles", source="RSS_CoinDesk").articles
    assert articles
    assert all("rss_coindesk" in article.sources for article in articles)


def test_bounds_are_written_as_the_caller_writes_them(nerkh: Nerkh) -> None:
    """A span in seconds without an exponent, a status by its name."""
    refusal = refused(nerkh, "GetMarketSentiment", window="9999999s")
    assert (refusal.field, "60s to 2592000s" in refusal.message) == ("window", True)
    refusal = refused(nerkh, "ListRequests", code="FINE")
    assert (refusal.field, "NOT_FOUND" in refusal.message) == ("code", True)


def test_a_chain_moves_its_own_asset_alone(nerkh: Nerkh) -> None:
    """Large transfers of another one are refused, with the one that can be had."""
    refusal = refused(nerkh, "ListWhaleTransactions", chain="btc", asset="ETH")
    assert (refusal.code, refusal.metadata["supported"]) == ("FAILED_PRECONDITION", "bitcoin")


def test_a_search_is_for_whole_words(nerkh: Nerkh) -> None:
    """In any order and case, punctuation aside; what holds no word is refused."""
    title = nerkh("ListArticles", pageSize=1).articles[0].title
    words = title.upper().split()
    wanted = ", ".join(reversed(words[:3]))
    assert title in [article.title for article in nerkh("ListArticles", search=wanted).articles]
    assert not nerkh("ListArticles", search=words[0][:-1] + "qx").articles
    assert refused(nerkh, "ListArticles", search="%").field == "search"
