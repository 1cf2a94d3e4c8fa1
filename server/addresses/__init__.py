"""Checks and normal forms of addresses, transaction hashes and block names; the services call them before a query."""

from __future__ import annotations

import re

from server.addresses.bitcoin import bitcoin_address
from server.addresses.evm import checksummed, evm_address
from server.errors import InvalidField
from server.model import Chain, ChainFamily

__all__ = ["check_address", "check_block", "check_hash", "checksummed"]

_EVM_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_BITCOIN_HASH = re.compile(r"[0-9a-fA-F]{64}")
_HEIGHT = re.compile(r"[0-9]{1,18}")


def check_address(chain: Chain, text: str) -> str:
    """Return the address in its normal form: EIP-55 mixed case on EVM chains, lower-case bech32 on Bitcoin.

    Raises `InvalidField("address", …)` that says what would be right.
    """
    if chain.family is ChainFamily.EVM:
        return evm_address(chain.id, text)
    return bitcoin_address(text)


def check_hash(chain: Chain, text: str) -> str:
    """Return a transaction's hash in lower case. Raises `InvalidField("hash", …)`."""
    value = text.strip()
    if chain.family is ChainFamily.EVM:
        if _EVM_HASH.fullmatch(value):
            return value.lower()
        raise InvalidField("hash", text, f"0x and 64 hexadecimal digits, as hashes on {chain.id} are written")
    if _BITCOIN_HASH.fullmatch(value):
        return value.lower()
    raise InvalidField("hash", text, f"64 hexadecimal digits without 0x, as hashes on {chain.id} are written")


def check_block(chain: Chain, text: str) -> str:
    """Return a block's name: `latest`, a height without leading zeros, or a hash. Raises `InvalidField("block", …)`."""
    value = text.strip()
    if value.lower() in {"", "latest"}:
        return "latest"
    if _HEIGHT.fullmatch(value):
        return str(int(value))
    pattern = _EVM_HASH if chain.family is ChainFamily.EVM else _BITCOIN_HASH
    if pattern.fullmatch(value):
        return value.lower()
    form = "0x and 64 hexadecimal digits" if chain.family is ChainFamily.EVM else "64 hexadecimal digits"
    raise InvalidField("block", text, f"latest, a height such as 20000000, or a block's hash ({form})")
