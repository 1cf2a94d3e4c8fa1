"""Bodies of Etherscan's query API: the envelope with its errors inside HTTP 200, and the rows of its modules.

Blockscout's and Routescan's older routes speak it too. Numbers are decimal text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from server.errors import BadAnswer
from server.model import Chain, Transaction
from server.providers.amounts import amount_of
from server.providers.base import Reply
from server.providers.decode import (
    decimal_of,
    dict_of,
    hex_of,
    int_of,
    json_of,
    list_of,
    optional_decimal,
    optional_int,
    time_s,
)
from server.providers.families.evm_rpc.wire import address_at, failure_of, hash_at, optional_address
from server.providers.rows import Account, FeeRates, Quantity, Ticker

_REASONS = (
    ("throttled", ("rate limit", "max calls")),
    ("key_rejected", ("api key", "apikey")),
    ("throttled", ("too many", "temporarily unavailable")),
)
"""The first that fits decides: a missing key is told as a rate limit, too many wrong keys as too many attempts."""


def result_of(reply: Reply) -> object:
    """Return the result of a body, also of one of the proxy module. Raises BadAnswer for what the source refuses."""
    body = dict_of(json_of(reply))
    error = body.get("error")
    if error is not None:
        raise failure_of(error)
    result = body.get("result")
    if body.get("status") == "0" and not (isinstance(result, list) and not result):
        raise _refused(result, body.get("message"))
    if "result" not in body:
        raise BadAnswer("error_body" if reply.status >= 400 else "schema", "no result")
    return result


def _refused(result: object, message: object) -> BadAnswer:
    words = " ".join(text.lower() for text in (result, message) if isinstance(text, str))
    for reason, signs in _REASONS:
        if any(sign in words for sign in signs):
            return BadAnswer(reason, "status 0")
    return BadAnswer("error_body", "status 0")


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A row of txlist, txlistinternal or tokentx; `units` in wei, or in the token's smallest unit."""

    hash: str
    height: int
    time: datetime
    sender: str
    recipient: str | None
    units: int
    nonce: int | None
    gas_used: int | None
    gas_price: int | None
    failed: bool
    block_hash: str | None


def transfers(reply: Reply) -> tuple[TransferRow, ...]:
    """Read the rows of an account's transactions."""
    return tuple(_transfer(dict_of(row, "transaction")) for row in list_of(result_of(reply), "result"))


def _transfer(row: dict[str, object]) -> TransferRow:
    return TransferRow(
        hash_at(row, "hash"),
        int_of(row.get("blockNumber"), "blockNumber"),
        time_s(row.get("timeStamp"), "timeStamp"),
        address_at(row, "from"),
        optional_address(row, "to"),
        _units(row.get("value"), "value"),
        optional_int(row.get("nonce"), "nonce"),
        optional_int(row.get("gasUsed"), "gasUsed"),
        optional_int(row.get("gasPrice"), "gasPrice"),
        row.get("isError") == "1" or row.get("txreceipt_status") == "0",
        hash_at(row, "blockHash") if row.get("blockHash") else None,
    )


def _units(value: object, where: str) -> int:
    units = int_of(value, where)
    if units < 0:
        raise BadAnswer("out_of_bounds", f"{where}: below zero")
    return units


def transaction_of(chain: Chain, row: TransferRow, address: str) -> Transaction:
    """Return the value of a row with its net effect on `address`: a failed transfer costs its fee alone."""
    fee = None if row.gas_used is None or row.gas_price is None else row.gas_used * row.gas_price
    moved = 0 if row.failed else row.units
    effect = (moved if row.recipient == address else 0) - (moved + (fee or 0) if row.sender == address else 0)
    return Transaction(
        chain.id,
        hash=row.hash,
        status="failed" if row.failed else "confirmed",
        amount=amount_of(row.units, chain.decimals),
        fee=None if fee is None else amount_of(fee, chain.decimals),
        block_height=row.height,
        block_hash=row.block_hash,
        time=row.time,
        sender=row.sender,
        recipient=row.recipient,
        effect=amount_of(effect, chain.decimals),
        nonce=row.nonce,
        gas_used=row.gas_used,
    )


def balance(reply: Reply) -> Account:
    """Read a balance in wei."""
    return Account(None, _units(result_of(reply), "result"))


def balances(reply: Reply) -> tuple[Account, ...]:
    """Read the balances of several addresses."""
    rows = (dict_of(row, "balance") for row in list_of(result_of(reply), "result"))
    return tuple(Account(address_at(row, "account"), _units(row.get("balance"), "balance")) for row in rows)


def gas_oracle(reply: Reply) -> FeeRates:
    """Read the gas oracle, in gwei."""
    body = dict_of(result_of(reply), "result")
    rates = {speed: decimal_of(body.get(speed), speed) for speed in ("SafeGasPrice", "ProposeGasPrice", "FastGasPrice")}
    base = optional_decimal(body.get("suggestBaseFee"), "suggestBaseFee")
    if base is not None:
        rates["suggestBaseFee"] = base
    return FeeRates(rates, optional_int(body.get("LastBlock"), "LastBlock"))


def ether_price(reply: Reply) -> tuple[Ticker, ...]:
    """Read the price of ether in dollars and in bitcoin."""
    body = dict_of(result_of(reply), "result")
    return tuple(
        Ticker(
            symbol,
            decimal_of(body.get(key), key),
            time=time_s(body.get(f"{key}_timestamp"), "timestamp"),
        )
        for symbol, key in (("ETHUSD", "ethusd"), ("ETHBTC", "ethbtc"))
    )


def withdrawals(reply: Reply) -> tuple[tuple[str, Decimal], ...]:
    """Read withdrawals from the beacon chain: the address and the amount in gwei."""
    rows = (dict_of(row, "withdrawal") for row in list_of(result_of(reply), "result"))
    return tuple((address_at(row, "address"), decimal_of(row.get("amount"), "amount")) for row in rows)


def proxied_quantity(reply: Reply) -> Quantity:
    """Read a proxied call whose result is one quantity."""
    return Quantity(hex_of(result_of(reply), "result"))


def proxied_transaction(reply: Reply) -> dict[str, object]:
    """Read a proxied transaction object."""
    row = dict_of(result_of(reply), "transaction")
    hash_at(row, "hash")
    return row
