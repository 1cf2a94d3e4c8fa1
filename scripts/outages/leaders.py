"""The leading source of every kind hangs, fails and lies, then all die: the same calls go on answering."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass

CALLS: dict[str, str] = {
    "price": "/v1/prices/{symbol}?view=FULL",
    "prices": "/v1/prices?pageSize=5&view=FULL",
    "candles": "/v1/candles/{symbol}?interval=1h&pageSize=5&view=FULL",
    "overview": "/v1/marketOverview?view=FULL",
    "trending": "/v1/trendingAssets?view=FULL",
    "news": "/v1/articles?pageSize=5&view=FULL",
    "fear_greed": "/v1/fearGreedIndex?view=FULL",
    "gas": "/v1/chains/ethereum/gasPrice?view=FULL",
    "block": "/v1/chains/ethereum/blocks/latest?view=FULL",
    "chain": "/v1/chains/bitcoin?view=FULL",
    "balance": "/v1/chains/ethereum/addresses/0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045/balance?view=FULL",
    "transactions": "/v1/chains/bitcoin/addresses/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa/transactions?view=FULL",
    "whales": "/v1/whaleTransactions?chain=bitcoin&view=FULL",
}
"""One call of each kind; `{symbol}` is changed so that no earlier answer is in the cache."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How one call ended: the HTTP status, where the answer came from, and the attempts before it."""

    status: int
    source: str
    freshness: str
    attempts: tuple[str, ...]
    body: object


def get(url: str) -> Seen:
    """GET a path of Nerkh and read its provenance."""
    try:
        with urllib.request.urlopen(url, timeout=15) as answer:
            body = json.load(answer)
            status = answer.status
    except urllib.error.HTTPError as error:
        body, status = json.loads(error.read()), error.code
    provenance = _provenance(body)
    attempts = tuple(f"{a['source']}:{a['outcome']}" for a in provenance.get("attempts", []))
    return Seen(status, provenance.get("source", ""), provenance.get("freshness", ""), attempts, body)


def _provenance(body: object) -> dict[str, object]:
    """Find the first provenance in an answer."""
    if isinstance(body, dict):
        if isinstance(body.get("provenance"), dict):
            return body["provenance"]
        body = list(body.values())
    if isinstance(body, list):
        for part in body:
            if found := _provenance(part):
                return found
    return {}


def control(simulator: str, method: str, path: str, body: object = None) -> object:
    """Ask the simulator's control API."""
    request = urllib.request.Request(
        simulator + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        raw = answer.read()
        return json.loads(raw) if raw else None


FAULTS: dict[str, dict[str, object]] = {
    "hang": {"fault": "hang"},
    "fail": {"fault": "status", "code": 503},
    "lie": {"fault": "wrong_value", "factor": 10},
    "garbage": {"fault": "truncated"},
}


def leaders(http: str) -> dict[str, str]:
    """Return the source that stands first for each kind now."""
    with urllib.request.urlopen(f"{http}/v1/hierarchy", timeout=10) as answer:
        rankings = json.load(answer)["rankings"]
    return {ranking["kind"].lower(): ranking["sources"][0]["source"] for ranking in rankings if ranking["sources"]}


def struck(http: str, simulator: str, fault: str) -> list[str]:
    """Strike the leading source of every kind, call each kind on an empty cache, and return what broke a promise."""
    first = leaders(http)
    for source in sorted(set(first.values())):
        control(simulator, "PUT", f"/_control/faults/{source}", FAULTS[fault])
    broken = []
    for kind, path in CALLS.items():
        seen = get(http + path.format(symbol="BTC"))
        if seen.status != 200:
            broken.append(f"{kind} with its leader made to {fault}: HTTP {seen.status} {str(seen.body)[:200]}")
        elif not seen.attempts:
            broken.append(f"{kind} with its leader made to {fault}: no attempts shown")
        elif fault != "lie" and seen.source in first.values():
            broken.append(f"{kind} with its leader made to {fault}: answered by the struck {seen.source}")
    control(simulator, "DELETE", "/_control/faults/*")
    return broken


def silenced(http: str, simulator: str) -> list[str]:
    """See every kind once, let every source die, and return which kinds are then without an answer or pass as fresh."""
    before = {kind: get(http + path.format(symbol="BTC")) for kind, path in CALLS.items()}
    control(simulator, "PUT", "/_control/faults/*", {"fault": "dead"})
    broken = [f"{kind}: HTTP {seen.status} before the outage" for kind, seen in before.items() if seen.status != 200]
    for kind, path in CALLS.items():
        seen = get(http + path.format(symbol="BTC"))
        if seen.status != 200:
            broken.append(f"{kind} with every source dead: HTTP {seen.status} {str(seen.body)[:200]}")
        elif seen.freshness == "FRESHNESS_LIVE":
            broken.append(f"{kind} with every source dead: still called LIVE")
    return broken


def outdated(http: str) -> list[str]:
    """Ask again, past the longest age of each value; return which answers do not say that they are old."""
    broken = []
    for kind in ("price", "gas", "block"):
        seen = get(http + CALLS[kind].format(symbol="BTC"))
        if seen.status != 200 or seen.freshness not in ("FRESHNESS_STALE", "FRESHNESS_STORED"):
            broken.append(f"{kind} with every source dead for a while: HTTP {seen.status} {seen.freshness}")
    return broken
