"""Which assets a headline names."""

from __future__ import annotations

import pytest

from server.assets import registry


@pytest.mark.parametrize(
    ("headline", "ids"),
    [
        ("Bitcoin and Ether slide as $LINK jumps", ["bitcoin", "ethereum", "chainlink"]),
        ("bitcoin falls, btc miners sell", ["bitcoin"]),
        ("NEAR Protocol partners with Sui", ["near", "sui"]),
        ("XRP: Ripple wins; ripple effects follow", ["ripple"]),
        ("SOL, DOT and LINK surge", ["solana", "polkadot", "chainlink"]),
        ("Shiba Inu whales move Bitcoin Cash", ["shiba-inu", "bitcoin-cash"]),
        ("Avalanche ($AVAX) upgrade", ["avalanche-2"]),
        ("Why $sand and $W matter", ["the-sandbox", "wormhole"]),
        ("JUP unlock ahead", ["jupiter-exchange-solana"]),
        ("БИТКОИН и BTC", ["bitcoin"]),
    ],
)
def test_named(headline: str, ids: list[str]) -> None:
    """Names, aliases and symbols count as whole words, longest first; `$SYM` always counts."""
    assert [asset.id for asset in registry().named_in(headline)] == ids


@pytest.mark.parametrize(
    "headline",
    [
        "Traders are not near the link to one hot cake",
        "Market Shows Optimism Near Year End",
        "An avalanche of claims ripples through courts",
        "T-Mobile, W hotels and the S&P",
        "GAS NEAR ONE DOLLAR, NOT HOT",
        "Miners, whales; etc.",
        "bitcoinist and etherscan",
        "",
        "$",
    ],
)
def test_not_named(headline: str) -> None:
    """English words, parts of words and letters name no asset."""
    assert registry().named_in(headline) == ()


def test_long_text() -> None:
    """Of a very long text the beginning is read."""
    assert registry().named_in("x " * 100_000 + "bitcoin") == ()
