"""Addresses, hashes and block names: what is taken, how it is written, and what a caller is told otherwise."""

from __future__ import annotations

import pytest

from server.addresses import check_address, check_block, check_hash, checksummed
from server.errors import InvalidField
from server.model import Chain, ChainFamily

ETHEREUM = Chain("ethereum", "Ethereum", ChainFamily.EVM, "ethereum", "ETH", 18, 1, 12.0)
BITCOIN = Chain("bitcoin", "Bitcoin", ChainFamily.BITCOIN, "bitcoin", "BTC", 8, None, 600.0)

EIP55 = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
)
SEGWIT = (
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
    "BC1SW50QGDZ25J",
    "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
)
SEGWIT_WRONG = (
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",  # bech32 where bech32m is due
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",  # the same, version 16
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",  # bech32m where bech32 is due
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",  # a letter that bech32 has not
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",  # version 17
    "bc1pw5dgrnzv",  # a program of one byte
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",  # 41 bytes
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",  # version 0 of 16 bytes
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",  # more padding than four bits
    "bc1gmk9yu",  # nothing between version and checksum
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",  # a mistyped letter
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7Kv8f3t4",  # mixed case
    "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",  # test network
)


@pytest.mark.parametrize("address", EIP55)
def test_evm_addresses_come_back_checksummed(address: str) -> None:
    """The checksummed form, all lower and all upper digits are one address, written as EIP-55 writes it."""
    assert check_address(ETHEREUM, address) == address
    assert check_address(ETHEREUM, address.lower()) == address
    assert check_address(ETHEREUM, f"  0x{address[2:].upper()} ") == address
    assert checksummed(address.lower()) == address


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "EIP-55"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "40 hexadecimal"),
        ("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x and 40"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", "40 hexadecimal"),
        ("0x\u0665aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "40 hexadecimal"),
        ("", "0x and 40"),
        ("vitalik.eth", "0x and 40"),
    ],
)
def test_wrong_evm_addresses_are_named(address: str, hint: str) -> None:
    """A wrong checksum, length or letter is refused, with the field and what would be right."""
    with pytest.raises(InvalidField, match=hint) as caught:
        check_address(ETHEREUM, address)
    assert caught.value.field == "address"


@pytest.mark.parametrize("address", SEGWIT)
def test_segwit_addresses_come_back_in_lower_case(address: str) -> None:
    """The valid mainnet addresses of BIP-173 and BIP-350 are taken."""
    assert check_address(BITCOIN, address) == address.lower()


@pytest.mark.parametrize("address", SEGWIT_WRONG)
def test_wrong_segwit_addresses_are_refused(address: str) -> None:
    """The invalid addresses of BIP-173 and BIP-350 are refused."""
    with pytest.raises(InvalidField):
        check_address(BITCOIN, address)


@pytest.mark.parametrize("address", ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"])
def test_base58_addresses_keep_their_case(address: str) -> None:
    """P2PKH and P2SH addresses are taken as they are written."""
    assert check_address(BITCOIN, address) == address


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "checksum"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0", "begins with 1, 3 or bc1"),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "another network"),
        ("1111111111111111111111111111111", "25 bytes"),
        ("hello", "begins with"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "begins with"),
        ("", "begins with"),
    ],
)
def test_wrong_base58_addresses_are_named(address: str, hint: str) -> None:
    """A wrong checksum, alphabet, network or length is refused, with what would be right."""
    with pytest.raises(InvalidField, match=hint):
        check_address(BITCOIN, address)


def test_hashes_are_written_as_the_chain_writes_them() -> None:
    """EVM hashes carry 0x, Bitcoin's do not; both come back in lower case."""
    digits = "AB" * 32
    assert check_hash(ETHEREUM, f" 0x{digits}") == f"0x{digits.lower()}"
    assert check_hash(BITCOIN, digits) == digits.lower()
    for chain, wrong in (
        (ETHEREUM, digits),
        (BITCOIN, f"0x{digits}"),
        (BITCOIN, digits[:-1]),
        (ETHEREUM, "0x" + "z" * 64),
    ):
        with pytest.raises(InvalidField, match="hexadecimal") as caught:
            check_hash(chain, wrong)
        assert caught.value.field == "hash"


def test_blocks_are_latest_a_height_or_a_hash() -> None:
    """Nothing given means latest; heights lose leading zeros; other words are refused with the three forms."""
    assert check_block(ETHEREUM, "") == "latest"
    assert check_block(BITCOIN, "Latest ") == "latest"
    assert check_block(ETHEREUM, "0020000000") == "20000000"
    assert check_block(ETHEREUM, "0x" + "Ab" * 32) == "0x" + "ab" * 32
    assert check_block(BITCOIN, "00" * 32) == "00" * 32
    for wrong in ("-1", "1e3", "0x10", "newest", "9" * 19, "٣"):
        with pytest.raises(InvalidField, match="latest, a height") as caught:
            check_block(ETHEREUM, wrong)
        assert caught.value.field == "block"
