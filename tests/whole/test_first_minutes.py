"""What a new user does in the first minutes, on the real processes: HTTP, streams, grpcurl, the command line."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import urllib.request
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.whole.running import Nerkh

grpcurl = pytest.mark.skipif(not shutil.which("grpcurl"), reason="grpcurl is not installed; .ci/run installs it")


def streamed(nerkh: Nerkh, path: str, accept: str, lines: int) -> list[str]:
    """Read the first lines that are not empty of an answer that never ends."""
    parts = urlsplit(str(nerkh.ready["http"]))
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        found: list[str] = []
        while len(found) < lines:
            line = answer.readline().decode().strip()
            if line:
                found.append(line)
        return found
    finally:
        connection.close()


def test_the_ready_line_says_where_everything_listens(nerkh: Nerkh) -> None:
    """The ready line has every address, and each answers."""
    assert nerkh.ready["ready"] is True
    assert {"grpc", "admin", "http", "adminHttp", "metrics", "simulator"} <= nerkh.ready.keys()
    assert nerkh.get("/healthz")[0] == 200
    with urllib.request.urlopen(str(nerkh.ready["metrics"]), timeout=5) as metrics:  # noqa: S310 -- loopback
        assert b"nerkh_" in metrics.read()


def test_a_price_comes_with_its_provenance(nerkh: Nerkh) -> None:
    """A price over HTTP says its source, how fresh it is, that it is simulated, and the attempts on demand."""
    status, body = nerkh.get("/v1/prices/BTC?view=FULL")
    assert status == 200, body
    price = body["price"]
    assert price["asset"] == "bitcoin"
    assert Decimal(price["value"]) > 0
    provenance = price["provenance"]
    assert provenance["source"]
    assert provenance["freshness"] in ("FRESHNESS_LIVE", "FRESHNESS_CACHED")
    assert provenance["simulated"] is True
    assert provenance["attempts"][-1]["outcome"] == "OUTCOME_OK"
    truth = control(nerkh, "/_control/truth?asset=bitcoin")
    assert abs(Decimal(price["value"]) / Decimal(str(truth["price"])) - 1) < Decimal("0.02")


def control(nerkh: Nerkh, path: str) -> Any:
    """Ask the simulator's control API."""
    with urllib.request.urlopen(str(nerkh.ready["simulator"]) + path, timeout=5) as answer:  # noqa: S310 -- loopback
        return json.load(answer)


def test_prices_stream_as_server_sent_events(nerkh: Nerkh) -> None:
    """With `Accept: text/event-stream` every frame is a `data:` line; the first states the position."""
    lines = streamed(nerkh, "/v1/prices:stream?assets=BTC", "text/event-stream", 2)
    assert all(line.startswith("data: ") for line in lines)
    frames = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert "position" in frames[0]
    assert frames[0]["cursor"]
    assert frames[1]["batch"]["snapshot"] is True


def test_prices_stream_as_lines_of_json(nerkh: Nerkh) -> None:
    """Without that header every frame is one line of JSON."""
    frames = [json.loads(line) for line in streamed(nerkh, "/v1/prices:stream?assets=BTC&assets=ETH", "*/*", 2)]
    assert [part["id"] for part in frames[0]["position"]["keys"]] == ["bitcoin", "ethereum"]


@grpcurl
def test_grpcurl_lists_and_calls(nerkh: Nerkh) -> None:
    """Reflection and a call work with grpcurl, without any file."""
    listed = subprocess.run(
        ["grpcurl", "-plaintext", nerkh.grpc, "list"], capture_output=True, text=True, check=True, timeout=20
    ).stdout
    assert "nerkh.v1.MarketService" in listed
    called = subprocess.run(
        ["grpcurl", "-plaintext", "-d", '{"asset":"BTC"}', nerkh.grpc, "nerkh.v1.MarketService/GetPrice"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    ).stdout
    assert json.loads(called)["price"]["asset"] == "bitcoin"


PATHS = (
    "/v1/prices:batchGet?assets=BTC&assets=ETH",
    "/v1/prices?pageSize=3",
    "/v1/candles/BTC?interval=1h&pageSize=3",
    "/v1/candles/BTC/intervals",
    "/v1/assets?pageSize=3",
    "/v1/assets/BTC",
    "/v1/marketOverview",
    "/v1/trendingAssets",
    "/v1/articles?pageSize=3",
    "/v1/fearGreedIndex",
    "/v1/fearGreedIndex/readings?pageSize=3",
    "/v1/marketSentiment",
    "/v1/assets/BTC/sentiment",
    "/v1/chains",
    "/v1/chains/ethereum",
    "/v1/chains/bitcoin",
    "/v1/chains/ethereum/gasPrice",
    "/v1/chains/polygon/gasPrice",
    "/v1/chains/bnb/gasPrice",
    "/v1/chains/bitcoin/gasPrice",
    "/v1/chains/ethereum/addresses/0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045/balance",
    "/v1/chains/bitcoin/addresses/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa/balance",
    "/v1/chains/ethereum/addresses/0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045/transactions?pageSize=3",
    "/v1/chains/bitcoin/addresses/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa/transactions?pageSize=3",
    "/v1/chains/ethereum/blocks/latest",
    "/v1/chains/bitcoin/blocks/latest",
    "/v1/whaleTransactions?chain=bitcoin",
    "/v1/history/prices/BTC?pageSize=3",
    "/v1/history/gas/ethereum?pageSize=3",
    "/v1/history/sentiment?pageSize=3",
    "/v1/systemStatus",
    "/v1/sources",
    "/v1/sources/binance",
    "/v1/hierarchy",
    "/v1/circuitBreakers",
    "/v1/requests",
)


@pytest.mark.parametrize("path", PATHS)
def test_every_call_of_the_contract_answers(nerkh: Nerkh, path: str) -> None:
    """Each path that is served answers 200 with something in it."""
    status, body = nerkh.get(path)
    assert status == 200, body
    assert body


def test_text_is_analysed_by_post(nerkh: Nerkh) -> None:
    """AnalyzeSentiment takes its text in the body of a POST and names the model."""
    status, body = nerkh.get(
        "/v1/sentiment:analyze",
        method="POST",
        body='{"text": "Bitcoin rallies to a great new high"}',
        Content_Type="application/json",
    )
    assert status == 200, body
    assert "vader" in json.dumps(body)


OLD_PATHS = (
    "/api/resources/market/price/BTC",
    "/api/resources/market/prices?symbols=BTC,ETH",
    "/api/resources/news/latest?limit=3",
    "/api/resources/news/symbol/BTC",
    "/api/resources/sentiment/fear-greed",
    "/api/resources/sentiment/global",
    "/api/resources/sentiment/coin/BTC",
    "/api/resources/onchain/gas?chain=ethereum",
    "/api/resources/hf/ohlcv?symbol=BTC&interval=1h&limit=3",
    "/api/resources/hf/symbols",
    "/api/resources/hf/timeframes/BTC",
    "/api/resources/status",
    "/api/historical/prices/BTC",
    "/api/historical/sentiment",
    "/api/historical/news",
    "/api/smart/market?symbol=BTC",
    "/api/smart/news",
    "/api/smart/sentiment",
    "/api/smart/whale-alerts",
    "/api/smart/blockchain/ethereum",
    "/api/monitoring/status",
)


@pytest.mark.parametrize("path", OLD_PATHS)
def test_the_old_paths_answer(nerkh: Nerkh, path: str) -> None:
    """Each path of the system that Nerkh replaces answers with the same data."""
    status, body = nerkh.get(path)
    assert status == 200, body


WRONG = (
    ("/v1/prices/NOPECOIN", 404, "UNKNOWN_ASSET"),
    ("/v1/chains/nochain", 404, "UNKNOWN_CHAIN"),
    ("/v1/sources/nosource", 404, "UNKNOWN_SOURCE"),
    ("/v1/candles/BTC?interval=7m", 400, "INVALID_FIELD"),
    ("/v1/assets?pageSize=-1", 400, "INVALID_FIELD"),
    ("/v1/assets?pageToken=nonsense", 400, "INVALID_PAGE_TOKEN"),
    ("/v1/prices/BTC?nope=1", 400, None),
    ("/v1/prices/BTC?asset=ETH", 400, None),
    ("/v1/prices/BTC?quote=USD&quote=EUR", 400, None),
    ("/v1/prices/%ff%fe", 400, None),
    ("/v1/chains/ethereum/addresses/0xd8da6bf26964af9d7eed9e03e53415d37aa96046f/balance", 400, "INVALID_FIELD"),
    ("/v1/chains/bitcoin/addresses/bc1qqqqqqqqqq/balance", 400, "INVALID_FIELD"),
    ("/v1/nothing", 404, None),
    ("/api/resources/news/latest?offset=5", 400, None),
)


@pytest.mark.parametrize(("path", "status", "reason"), WRONG)
def test_what_is_wrong_is_told_in_one_shape(nerkh: Nerkh, path: str, status: int, reason: str | None) -> None:
    """A wrong request gets its status and the one JSON error shape, with the reason where the service gives one."""
    got, body = nerkh.get(path)
    assert got == status, body
    assert {"code", "message", "details"} <= body.keys()
    infos = [part for part in body["details"] if part["@type"].endswith("ErrorInfo")]
    assert [info["domain"] for info in infos] == ["nerkh"]
    if reason:
        assert infos[0]["reason"] == reason


def test_an_unknown_asset_gets_suggestions(nerkh: Nerkh) -> None:
    """A mistyped asset is answered with the names that are near."""
    body = nerkh.get("/v1/prices/bitcon")[1]
    assert "bitcoin" in json.dumps(body)


COMMANDS = (
    (("price", "BTC"), "BTC"),
    (("candles", "BTC", "--interval", "1h", "--limit", "5"), "close"),
    (("gas", "ethereum"), "gwei"),
    (("news", "--limit", "3"), "http"),
    (("fear-greed",), "/ 100"),
    (("balance", "ethereum", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"), "ETH"),
    (("sources",), "binance"),
    (("status",), "sources"),
    (("watch", "BTC", "ETH", "--count", "2"), "BTC"),
)


@pytest.mark.parametrize(("words", "shown"), COMMANDS, ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_a_command_reads_well(nerkh: Nerkh, words: tuple[str, ...], shown: str) -> None:
    """Each command ends with 0 and shows what it is for."""
    done = nerkh.command(*words)
    assert done.returncode == 0, done.stderr
    assert shown.lower() in done.stdout.lower()
    assert not done.stderr


@pytest.mark.parametrize("words", [("price", "BTC"), ("gas", "ethereum"), ("news",), ("sources",), ("status",)])
def test_a_command_gives_json_to_programs(nerkh: Nerkh, words: tuple[str, ...]) -> None:
    """With `--json` a command prints JSON alone."""
    done = nerkh.command(*words, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_a_command_says_in_one_line_what_went_wrong(nerkh: Nerkh) -> None:
    """An unknown asset ends with 1 and a suggestion, an address where nothing listens with 69; both in one line."""
    unknown = nerkh.command("price", "bitcon")
    assert (unknown.returncode, len(unknown.stderr.strip().splitlines())) == (1, 1)
    assert "bitcoin" in unknown.stderr
    nobody = nerkh.command("price", "BTC", "--address", "127.0.0.1:1")
    assert (nobody.returncode, len(nobody.stderr.strip().splitlines())) == (69, 1)
