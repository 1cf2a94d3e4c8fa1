"""Keccak-256 against published digests."""

from __future__ import annotations

import pytest

from server.addresses.keccak import keccak_256


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (b"Transfer(address,address,uint256)", "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
        (b"testing", "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"),
    ],
)
def test_published_digests(data: bytes, digest: str) -> None:
    """The digests are those that Ethereum's own documents give."""
    assert keccak_256(data).hex() == digest


def test_lengths_around_a_block_differ() -> None:
    """Padding tells inputs of 134 to 137 and 271 to 273 zero bytes apart, where it fills or opens a block."""
    digests = {keccak_256(bytes(length)) for length in (134, 135, 136, 137, 271, 272, 273)}
    assert len(digests) == 7
