"""EVM addresses and their EIP-55 checksums; the checks of this package and the providers use them."""

from __future__ import annotations

import re
from functools import lru_cache

from server.addresses.keccak import keccak_256
from server.errors import InvalidField

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@lru_cache(maxsize=4096)
def checksummed(address: str) -> str:
    """Return an EVM address in EIP-55 mixed case; `address` is 0x and 40 hexadecimal digits in any case."""
    digits = address[2:].lower()
    digest = keccak_256(digits.encode("ascii")).hex()
    return "0x" + "".join(
        digit.upper() if int(nibble, 16) > 7 else digit for digit, nibble in zip(digits, digest, strict=False)
    )


def evm_address(chain: str, text: str) -> str:
    """Return an address in EIP-55 mixed case. Raises `InvalidField("address", …)`."""
    address = text.strip()
    if not _ADDRESS.fullmatch(address):
        raise InvalidField("address", text, f"0x and 40 hexadecimal digits, as addresses on {chain} are written")
    right = checksummed(address)
    digits = address[2:]
    # One case throughout carries no checksum (EIP-55), so it is taken as it is.
    if digits not in {digits.lower(), digits.upper()} and address != right:
        raise InvalidField(
            "address", text, "upper and lower case as the EIP-55 checksum wants it; look for a mistyped digit"
        )
    return right
