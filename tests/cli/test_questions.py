"""The commands that ask: what they say to people and to programs, and how they end, against a fake service."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import nerkh as client
import pytest
from nerkh.testing import FakeServer, price, provenance

from .conftest import Command

NOW = datetime.now(UTC)
ORIGIN = provenance("coinbase")
ATTEMPTED = client.Provenance(
    source="kraken",
    freshness=client.Freshness.LIVE,
    receive_time=NOW,
    attempts=(client.Attempt(source="coinbase", outcome=client.Outcome.TIMEOUT, latency_ms=500.0, egress="direct"),),
)
CANDLE = client.Candle(
    open_time=datetime(2026, 3, 1, 12, tzinfo=UTC),
    open=Decimal(1),
    high=Decimal(2),
    low=Decimal("0.5"),
    close=Decimal("1.5"),
    volume=Decimal(27424495413),
)
ARTICLE = client.Article(
    id="a1",
    title="Bitcoin does a thing",
    url="https://news.example/" + "long-" * 40,
    published_time=NOW - timedelta(days=9),
    sources=("rss_one", "rss_two", "rss_three", "rss_four", "rss_five"),
    provenance=ORIGIN,
)
SOURCES = [
    client.Source(
        id="coinbase",
        name="Coinbase",
        state=client.SourceState.ACTIVE,
        kinds=("price", "candles"),
        call_count=4,
        success_ratio=0.75,
        latency_p50_ms=3.0,
    ),
    client.Source(
        id="etherscan", name="Etherscan", state=client.SourceState.DISABLED, kinds=("gas",), excluded_reason="no key"
    ),
]
STATUS = client.SystemStatus(
    ready=True,
    version="9.9.9",
    start_time=NOW,
    simulated=True,
    store=client.StoreStatus(reachable=True, written_count=1234),
    cache=client.CacheStatus(hit_count=3, miss_count=2),
    sources=(client.SourceStateCount(state=client.SourceState.ACTIVE, count=40),),
    requests=client.RequestCounts(total_count=7, failed_count=1),
    streams=client.StreamCounts(open_count=2),
)

Case = tuple[list[str], str, Any, list[str]]
CASES: list[Case] = [
    (["price", "BTC"], "GetPrice", price("BTC", "64000"), ["(BTC)", "64,000.00", "from test · live"]),
    (
        ["candles", "BTC", "--limit", "5"],
        "ListCandles",
        [CANDLE],
        ["open time (UTC)", "2026-03-01 12:00  1.0000  2.0000  0.50000000  1.5000  27.42 B"],
    ),
    (["news"], "ListArticles", [ARTICLE], [ARTICLE.title, "9 d ago · one, two, three and 2 more", ARTICLE.url]),
    (
        ["fear-greed"],
        "GetFearGreedIndex",
        client.FearGreedReading(value=Decimal(42), classification="Fear", reading_time=NOW, provenance=ORIGIN),
        ["42 / 100  Fear", "from coinbase"],
    ),
    (
        ["gas"],
        "GetGasPrice",
        client.GasPrice(
            chain="ethereum", unit="gwei", slow=Decimal(1), standard=Decimal(2), fast=Decimal(3), provenance=ORIGIN
        ),
        ["ethereum", "gwei", "standard  2.000"],
    ),
    (
        ["balance", "ethereum", "0xabc", "--token", "USDC"],
        "GetBalance",
        client.Balance(
            chain="ethereum",
            address="0xabc",
            symbol="ETH",
            amount=Decimal("1234.5"),
            tokens=(client.TokenBalance(asset="usdc", symbol="USDC", contract="0xdef", amount=Decimal(7)),),
            provenance=ORIGIN,
        ),
        ["0xabc", "ETH", "1,234.5", "USDC"],
    ),
    (
        ["sources"],
        "ListSources",
        SOURCES,
        ["coinbase", "75%", "price, candles", "(no key) gas"],
    ),
    (
        ["status"],
        "GetSystemStatus",
        STATUS,
        ["Nerkh 9.9.9", "simulated", "40 active", "1,234 rows written", "3 hits", "7, 1 failed", "2 open"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0][0])
def test_an_answer_reads_well(ask: Command, service: FakeServer, case: Case) -> None:
    """Each command asks its one question, shows what matters of the answer and ends with 0."""
    words, method, answer, shown = case
    service.answer(method, answer)
    ended = ask(*words)
    assert (ended.status, ended.err) == (0, "")
    assert [part for part in shown if part not in ended.out] == []
    assert [call.method for call in service.calls] == [method]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0][0])
def test_json_is_one_valid_text(ask: Command, service: FakeServer, case: Case) -> None:
    """With --json every command prints one JSON text on one line, and nothing else."""
    words, method, answer, _ = case
    service.answer(method, answer)
    ended = ask(*words, "--json")
    assert ended.status == 0
    assert ended.out.count("\n") == 1
    found = json.loads(ended.out)
    assert found
    assert isinstance(found, list) == isinstance(answer, list)


def test_attempts_are_shown_where_asked_for(ask: Command, service: FakeServer) -> None:
    """`--full` asks for the attempts and shows each with its outcome."""
    service.answer(
        "GetPrice", client.Price(asset="bitcoin", symbol="BTC", quote="USD", value=Decimal(1), provenance=ATTEMPTED)
    )
    ended = ask("price", "BTC", "--full")
    assert "coinbase  timeout         500  direct" in ended.out
    assert service.calls[0].request["view"] == "VIEW_FULL"


def test_a_shared_symbol_is_said(ask: Command, service: FakeServer) -> None:
    """When a symbol stands for several assets, the others are named."""
    several = tuple(client.AssetCandidate(asset=name, symbol="PEPE", name=name) for name in ("pepe", "pepecoin"))
    service.answer(
        "GetPrice",
        client.Price(
            asset="pepe",
            symbol="PEPE",
            quote="USD",
            value=Decimal(1),
            ambiguous=True,
            candidates=several,
            provenance=ORIGIN,
        ),
    )
    assert "PEPE is also the symbol of pepecoin" in ask("price", "PEPE").out


def test_quotes_stand_side_by_side(ask: Command, service: FakeServer) -> None:
    """Each source's quote has a line, the one that does not count its reason, and below stands what they agree on."""
    stated = {"native_quote": "USDT", "native_value": Decimal(63900), "receive_time": NOW}
    quotes = [
        client.Quote(source="binance", tier=client.Tier.HIGH, value=Decimal(64000), **stated),
        client.Quote(source="x", value=Decimal(640000), outlier=True, outlier_reason="3 sources agree", **stated),
    ]
    series = client.QuoteSeries(
        asset="bitcoin",
        symbol="BTC",
        quote="USD",
        value=Decimal(64000),
        confidence=Decimal(32),
        agreement=client.Agreement(agreed=3, asked=4),
    )
    service.answer("ListQuotes", quotes, series=series)
    ended = ask("quotes", "BTC")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines()[1].split()[:5] == ["binance", "high", "64,000.00", "63,900.00", "USDT"]
    assert "640,000.00" in ended.out
    assert "3 sources agree" in ended.out
    assert "BTC 64,000.00 ± 32.0000 USD  (3 of 4 sources agree)" in ended.out
    found = json.loads(ask("quotes", "BTC", "--json").out)
    assert (found["series"]["value"], found["quotes"][1]["outlier"]) == ("64000", True)


def test_a_price_says_how_sure_it_is_and_who_disagrees(ask: Command, service: FakeServer) -> None:
    """The confidence stands beside the price, and each outlier has a line."""
    sure = client.Price(
        asset="bitcoin",
        symbol="BTC",
        quote="USD",
        value=Decimal(64000),
        confidence=Decimal("31.5"),
        outliers=(client.Outlier(source="x", value=Decimal(640000), reason="3 sources agree on another price"),),
        provenance=ORIGIN,
    )
    service.answer("GetPrice", sure)
    shown = ask("price", "BTC").out
    assert "64,000.00 ± 31.5000" in shown
    assert "x says 640,000.00 USD: 3 sources agree on another price" in shown


def test_watch_shows_changes_and_holes_until_its_count(ask: Command, service: FakeServer) -> None:
    """Each update is a line, a hole too; `--count` ends the watch, and with --json each line is an object."""
    hole = client.Hole(start_time=NOW, cause=client.GapCause.RESTART)
    service.stream("StreamPrices", [client.PriceUpdate(price=price("BTC", "64001"), sequence=1), hole])
    ended = ask("watch", "BTC", "--count", "2")
    assert ended.status == 0
    first, second = ended.out.splitlines()
    assert "BTC" in first
    assert "64,001.00 USD" in first
    assert second == "a hole: restart"
    lines = ask("watch", "BTC", "--count", "2", "--json").out.splitlines()
    assert json.loads(lines[0])["price"]["value"] == "64001"
    assert json.loads(lines[1])["cause"] == "restart"


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (client.NotFound("no asset 'FOO'; did you mean food?"), 1, "no asset 'FOO'; did you mean food?"),
        (client.InvalidArgument("quote: 'X' is not valid"), 2, "quote: 'X' is not valid"),
        (client.SourcesFailed("every source failed", attempts=()), 69, "every source failed"),
        (client.ShuttingDown("the service is shutting down; retry"), 69, "nerkh: the service is shutting down; retry"),
        (client.Unavailable("the database is away", reason="STORE_UNAVAILABLE"), 69, "nerkh: the database is away"),
        (client.Unavailable("reset"), 69, "does not answer (reset); start it with nerkh up, or give --address"),
        (client.DeadlineExceeded("the deadline ended"), 69, "in time; ask again, nerkh sources shows which are slow"),
        (client.InternalError("internal error"), 1, "internal error"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line_and_a_status(
    ask: Command, service: FakeServer, error: client.NerkhError, status: int, said: str
) -> None:
    """Not found is 1, wrong use 2, unavailable 69; nothing is printed but one line on standard error."""
    service.fail("GetPrice", error)
    ended = ask("price", "FOO")
    assert (ended.status, ended.out) == (status, "")
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("nerkh: ")
    assert said in ended.err


def test_nobody_there_is_said_with_what_to_do(nerkh: Command) -> None:
    """When nothing listens the line names the address and the way out, not grpc's chain of causes."""
    with socket.socket() as held:  # bound, not listening: nobody else answers there meanwhile
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
        ended = nerkh("price", "BTC", "--address", address)
    assert ended.status == 69
    assert ended.err.startswith(f"nerkh: {address} does not answer (")
    assert ended.err.endswith("); start it with nerkh up, or give --address\n")
    assert "last error" not in ended.err


def test_the_address_may_stand_in_the_settings_file(
    nerkh: Command, service: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file names the service to ask; the environment wins over it, and the flag over both."""
    service.answer("GetPrice", price("BTC", "64000"))
    file = tmp_path / "settings"
    monkeypatch.setenv("NERKH_SETTINGS", str(file))
    monkeypatch.delenv("NERKH_ADDRESS", raising=False)
    file.write_text(f"NERKH_ADDRESS={service.target}\n")
    assert nerkh("price", "BTC").status == 0
    file.write_text("NERKH_ADDRESS=127.0.0.1:1\n")
    assert "127.0.0.1:1 does not answer" in nerkh("price", "BTC").err
    assert nerkh("price", "BTC", "--address", service.target).status == 0
    monkeypatch.setenv("NERKH_ADDRESS", service.target)
    assert nerkh("price", "BTC").status == 0


def test_a_service_that_is_not_ready_ends_with_69(ask: Command, service: FakeServer) -> None:
    """`status` shows how the service stands, its store's error too, and tells programs by the exit status."""
    away = client.StoreStatus(reachable=False, last_error="connection refused")
    service.answer("GetSystemStatus", client.SystemStatus(ready=False, version="9.9.9", start_time=NOW, store=away))
    ended = ask("status")
    assert ended.status == 69
    assert "cannot be reached: connection refused" in ended.out
    assert "not ready" in ended.err
