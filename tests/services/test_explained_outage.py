"""A newcomer asks the command line why a price comes from where it comes, while sources fail in different ways."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.services.serving import ROOT, Nerkh, service, simulator

ASSETS = ("BTC", "ETH", "SOL", "ADA", "DOGE", "LTC", "DOT", "AVAX")


def explained(nerkh: Nerkh, *words: str) -> dict[str, str]:
    """Return the sentences that the command prints, by source, in their order."""
    argv = [sys.executable, "-m", "server", "explain", *words]
    env = os.environ | {"NERKH_ADDRESS": nerkh.app.addresses["grpc"]}
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT, env=env)
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    asked = {line[1]: line[2] for line in lines if len(line) == 3 and line[0].isdecimal()}
    out = {line[0]: f"{line[1]} {line[2]}" for line in lines if len(line) == 3 and line[1] == "out:"}
    return asked | out


def test_each_fault_is_told_as_what_it_is(database: str, tmp_path: Path) -> None:
    """Refused, blocked in this region, throttled: each is out with its cause and its time, and the first says why."""
    with simulator(tmp_path) as control, service(tmp_path, database, control, collect=False) as nerkh:
        order = nerkh.sources("price")
        assert order[:3] == ["coinbase", "binance", "binance_vision"]
        nerkh.fault("coinbase", "refuse")
        nerkh.fault("binance", "region")
        nerkh.fault("binance_vision", "rate_limit", retry_after=90)
        for asset in ASSETS:
            assert nerkh("GetPrice", asset=asset).price.provenance.source == "kraken"
        told = explained(nerkh, "price", "--asset", "BTC")
        assert next(iter(told)) == "kraken"
        assert told["kraken"].startswith("first: tier HIGH and the only source of it that can be asked; every source")
        assert told["coinbase"].startswith(
            "out: circuit open after 5 failures in a row (connection refused); tried again in "
        )
        assert told["binance"].startswith("out: blocked in this region; tried again in ")
        assert told["binance_vision"].startswith("out: resting after too many requests; tried again in ")
        assert explained(nerkh, "balance", "--chain", "ethereum")["etherscan"] == (
            "out: it wants a key and none was given (set NERKH_KEY_ETHERSCAN); tried again when that has changed"
        )
