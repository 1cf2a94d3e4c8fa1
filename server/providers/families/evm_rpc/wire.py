"""JSON-RPC calls, their results, and the fields of Ethereum's execution API; explorers that proxy it use it too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low

from server.addresses import checksummed
from server.errors import BadAnswer
from server.providers.base import Reply, Request
from server.providers.decode import dict_of, hex_of, json_of, list_at, list_of, time_s
from server.providers.rows import Quantity

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_THROTTLED_CODES = {-32005, -32090, -32091, 429}
_THROTTLED_WORDS = ("rate limit", "too many", "limit exceeded", "exceeded the", "capacity", "quota", "throttl")


def call(method: str, *params: object) -> Request:
    """Return one JSON-RPC call. Calls go out singly: many public hosts refuse batches or cap them at three."""
    return Request("", method="POST", json={"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})


def result_of(reply: Reply) -> object:
    """Return the result of a call, None where it is null. Raises BadAnswer for an error object or no result."""
    body = dict_of(json_of(reply))
    error = body.get("error")
    if error is not None:
        raise failure_of(error)
    if "result" not in body:
        raise BadAnswer("schema", "neither result nor error")
    return body["result"]


def failure_of(error: object) -> BadAnswer:
    """Return what a JSON-RPC error means: `throttled`, or `error_body` with its code."""
    code = error.get("code") if isinstance(error, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    words = message.lower() if isinstance(message, str) else ""
    number = code if isinstance(code, int) and abs(code) < 100_000 else None
    if number in _THROTTLED_CODES or any(word in words for word in _THROTTLED_WORDS):
        return BadAnswer("throttled", f"JSON-RPC error {number}")
    return BadAnswer("error_body", f"JSON-RPC error {number}")


def quantity(reply: Reply) -> Quantity:
    """Read a call whose result is one hexadecimal quantity."""
    return Quantity(hex_of(result_of(reply), "result"))


def address_at(parent: dict[str, object], key: str) -> str:
    """Return the address under a key, in EIP-55 mixed case."""
    value = parent.get(key)
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise BadAnswer("schema", f"{key}: not an address")
    return checksummed(value)


def optional_address(parent: dict[str, object], key: str) -> str | None:
    """Return the address under a key, None for null or an empty one (the creation of a contract)."""
    return address_at(parent, key) if parent.get(key) else None


def hash_at(parent: dict[str, object], key: str) -> str:
    """Return the 32-byte hash under a key, in lower case."""
    value = parent.get(key)
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise BadAnswer("schema", f"{key}: not a hash")
    return value.lower()


def hex_at(parent: dict[str, object], key: str) -> int:
    """Return the quantity under a key."""
    return hex_of(parent.get(key), key)


def optional_hex(parent: dict[str, object], key: str) -> int | None:
    """Return the quantity under a key, None where there is none."""
    value = parent.get(key)
    return None if value is None else hex_of(value, key)


def time_at(parent: dict[str, object], key: str) -> datetime:
    """Return the time of a quantity of seconds under a key."""
    return time_s(hex_at(parent, key), key)


@dataclass(frozen=True, slots=True)
class FeeHistory:
    """What eth_feeHistory says: the next block's base fee, and medians of the asked percentiles' rewards, in wei."""

    newest_block: int
    base_fee: int
    rewards: tuple[int, ...]


def fee_history(reply: Reply) -> FeeHistory | None:
    """Read eth_feeHistory; None where the chain or the host has no base fee or gives no rewards."""
    result = result_of(reply)
    if result is None:
        return None
    history = dict_of(result, "result")
    if not history.get("baseFeePerGas") or not history.get("reward"):
        return None
    fees = [hex_of(fee, "baseFeePerGas") for fee in list_at(history, "baseFeePerGas")]
    rows = [[hex_of(tip, "reward") for tip in list_of(row, "reward")] for row in list_at(history, "reward")]
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        raise BadAnswer("schema", "reward: rows of unlike length")
    rewards = tuple(median_low(column) for column in zip(*rows, strict=True))
    if list(rewards) != sorted(rewards):
        raise BadAnswer("out_of_bounds", "reward: percentiles out of order")
    return FeeHistory(hex_at(history, "oldestBlock") + len(rows) - 1, fees[-1], rewards)
