"""A simulated EVM chain: blocks on their slots, base fees by EIP-1559, transactions, balances, tokens."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from server.simulator.assets import SimulatedAsset
from server.simulator.hashes import Hashes
from server.simulator.ledger import Ledger, Step
from server.simulator.noise import digest, key_of, normal, path, uniform

GWEI = 10**9
TRANSFER_GAS = 21_000
_BLOCK, _IN_BLOCK, _OF_ADDRESS = 0, 1, 2
_SHAKES = ((64, 0.5), (8, 0.24), (2, 0.03))
"""Spans in blocks and halves of the range of the base fee's quick moves; their slopes stay below EIP-1559's eighth."""
_SLOW = 7e-4
_WHALE = 0.004
_POL = "polygon-ecosystem-token"


@dataclass(frozen=True, slots=True)
class EvmTerms:
    """What tells one EVM chain from another. Fees in gwei; `span_s` seconds between blocks."""

    id: str
    evm_id: int
    native: str
    first_height: int
    first_s: float
    span_s: float
    gas_limit: int
    base_gwei: float
    tips_gwei: tuple[float, float, float]
    gas_per_transaction: int


EVM_TERMS = (
    EvmTerms("ethereum", 1, "ethereum", 15_537_394, 1_663_224_179, 12.0, 60_000_000, 1.2, (0.02, 0.3, 1.5), 150_000),
    EvmTerms("polygon", 137, _POL, 50_000_000, 1_700_000_000, 2.0, 60_000_000, 30.0, (25, 30, 60), 300_000),
    EvmTerms("bnb", 56, "binancecoin", 50_000_000, 1_748_000_000, 0.75, 75_000_000, 0.0, (0.05, 0.1, 1.0), 250_000),
)


@dataclass(frozen=True, slots=True)
class EvmBlock:
    """One block; fees in wei, `time` whole Unix seconds."""

    height: int
    hash: str
    parent: str
    time: int
    base_fee: int
    gas_used: int
    gas_limit: int
    miner: str
    size: int
    transactions: int


@dataclass(frozen=True, slots=True)
class EvmTransaction:
    """One transaction; amounts in wei. `token` is what a transfer of a token moved: asset, recipient, units."""

    hash: str
    height: int
    index: int
    sender: str
    recipient: str
    value: int
    gas_price: int
    tip: int
    gas_limit: int
    gas_used: int
    nonce: int
    data: str = "0x"
    failed: bool = False
    token: tuple[SimulatedAsset, str, int] | None = None

    @property
    def fee(self) -> int:
        """Return what was paid for gas."""
        return self.gas_used * self.gas_price


class EvmChain:
    """One chain at any time, as a function of the seed."""

    def __init__(self, seed: int, terms: EvmTerms, assets: Mapping[str, SimulatedAsset]) -> None:
        self.terms = terms
        self.asset = assets[terms.native]
        self.tokens = {
            asset.contracts[terms.id][0].lower(): asset for asset in assets.values() if terms.id in asset.contracts
        }
        self.ledger = Ledger(seed, terms.id, 18, self.asset.anchor.price)
        self._key = key_of(seed, "chain", terms.id)
        self._hashes = Hashes(self._key)
        self._block = lru_cache(maxsize=4096)(self._made_block)
        self._listed = lru_cache(maxsize=64)(self._made_transactions)

    def height(self, time: float) -> int:
        """Return the height of the newest block at a time."""
        return self.terms.first_height + math.floor((time - self.terms.first_s) / self.terms.span_s)

    def time(self, height: int) -> int:
        """Return when a block was made."""
        return math.floor(self.terms.first_s + (height - self.terms.first_height) * self.terms.span_s)

    def block(self, height: int) -> EvmBlock:
        """Return a block by its height."""
        return self._block(height)

    def block_hash(self, height: int) -> str:
        """Return the hash of the block at a height."""
        return "0x" + self._hashes.of(bytes([_BLOCK]) + max(0, height).to_bytes(8, "big")).hex()

    def height_of(self, block_hash: str) -> int | None:
        """Return the height of a block by its hash, None when there is none."""
        content = self._content(block_hash)
        return int.from_bytes(content[1:9], "big") if content and content[0] == _BLOCK else None

    def base_fee(self, height: int) -> int:
        """Return the base fee of a block in wei."""
        if not self.terms.base_gwei:
            return 0
        moved = _SLOW * path(self._key ^ 1, self.time(height))
        for span, half in _SHAKES:
            cell, rest = divmod(height, span)
            left, right = (uniform(self._key ^ span, place) * 2 - 1 for place in (cell, cell + 1))
            moved += half * (left + (right - left) * rest / span)
        return max(7, int(self.terms.base_gwei * GWEI * math.exp(moved)))

    def gas_used(self, height: int) -> int:
        """Return what a block used: what makes the next base fee by EIP-1559."""
        target, now = self.terms.gas_limit // 2, self.base_fee(height)
        if not now:
            return int(self.terms.gas_limit * (0.15 + 0.2 * uniform(self._key ^ 5, height)))
        share = 1 + 8 * (self.base_fee(height + 1) / now - 1)
        return max(TRANSFER_GAS, min(self.terms.gas_limit, int(target * share)))

    def tips(self, height: int) -> tuple[int, int, int]:
        """Return the priority fees of a block at its 10th, 50th and 90th percentile, in wei."""
        luck = math.exp(0.25 * normal(self._key ^ 6, height))
        low, middle, high = (max(1, int(tip * GWEI * luck)) for tip in self.terms.tips_gwei)
        return low, middle, high

    def transactions(self, height: int) -> tuple[EvmTransaction, ...]:
        """Return every transaction of a block."""
        return self._listed(height)

    def transaction(self, transaction_hash: str, time: float) -> EvmTransaction | None:
        """Return a transaction that is in a block by a time, None when there is none."""
        content = self._content(transaction_hash)
        head = self.height(time)
        if content is None or content[0] == _BLOCK:
            return None
        if content[0] == _IN_BLOCK:
            height, index = int.from_bytes(content[1:9], "big"), int.from_bytes(content[9:11], "big")
            return self._transaction(height, index) if height <= head else None
        step = self.ledger.step(content[1:21], int.from_bytes(content[21:25], "big"))
        found = self._own(content[1:21], step)
        return found if found.height <= head else None

    def history(self, address: str, time: float, limit: int, skip: int = 0) -> list[EvmTransaction]:
        """Return the transactions of an address until a time, newest first."""
        raw = bytes.fromhex(address[2:])
        return [self._own(raw, step) for step in self.ledger.newest(raw, self._settled(time), limit, skip)]

    def count(self, address: str, time: float) -> int:
        """Return how many transactions an address has made or received until a time."""
        return self.ledger.count(bytes.fromhex(address[2:]), self._settled(time))

    def balance(self, address: str, time: float) -> int:
        """Return the native balance of an address in wei."""
        raw = bytes.fromhex(address[2:])
        return self.ledger.balance(raw, self.ledger.count(raw, self._settled(time)) - 1)

    def token_balance(self, address: str, contract: str, time: float) -> int:
        """Return how much of a token an address holds, in its smallest unit; half of all hold none."""
        asset = self.tokens.get(contract.lower())
        if asset is None:
            return 0
        key = key_of(self._key, "token", address.lower(), contract.lower(), int(time // 604_800))
        if uniform(key_of(self._key, "holds", address.lower(), contract.lower()), 0) < 0.5:
            return 0
        worth = math.exp(6 + 2 * normal(key, 0)) / asset.anchor.price
        return int(worth * 10 ** asset.contracts[self.terms.id][1])

    def _settled(self, time: float) -> float:
        """Return the time of the newest block: what came after it is in none."""
        return float(self.time(self.height(time)))

    def _content(self, text: str) -> bytes | None:
        try:
            return self._hashes.content(bytes.fromhex(text.removeprefix("0x")))
        except ValueError:
            return None

    def _made_block(self, height: int) -> EvmBlock:
        used = self.gas_used(height)
        count = max(1, used // self.terms.gas_per_transaction)
        pool = int(uniform(self._key ^ 7, height) * 12)
        return EvmBlock(
            height=height,
            hash=self.block_hash(height),
            parent=self.block_hash(height - 1),
            time=self.time(height),
            base_fee=self.base_fee(height),
            gas_used=used,
            gas_limit=self.terms.gas_limit,
            miner="0x" + digest(self._key, "miner", pool, size=20).hex(),
            size=count * 420 + 1200,
            transactions=count,
        )

    def _made_transactions(self, height: int) -> tuple[EvmTransaction, ...]:
        return tuple(self._transaction(height, index) for index in range(self.block(height).transactions))

    def _transaction(self, height: int, index: int) -> EvmTransaction:
        """Return a transaction of a block by its place: a transfer, a token's transfer, or some other call."""
        block, key = self.block(height), key_of(self._key, "tx", height, index)
        low, middle, high = self.tips(height)
        luck = [uniform(key, place) for place in range(6)]
        tip = low if luck[0] < 0.3 else middle if luck[0] < 0.8 else high
        sender, recipient = ("0x" + digest(key, side, size=20).hex() for side in ("from", "to"))
        share = block.gas_used // block.transactions
        place = bytes([_IN_BLOCK]) + height.to_bytes(8, "big") + index.to_bytes(2, "big")
        call = EvmTransaction(
            hash="0x" + self._hashes.of(place).hex(),
            height=height,
            index=index,
            sender=sender,
            recipient=recipient,
            value=0,
            gas_price=block.base_fee + tip,
            tip=tip,
            gas_limit=share * 2,
            gas_used=share,
            nonce=int(luck[1] * 4000),
            data="0x3593564c",
            failed=luck[5] < 0.01,
        )
        worth = math.exp(13.8 + 3 * luck[2]) if luck[3] < _WHALE else math.exp(5 + 2 * normal(key, 9))
        if luck[4] < 0.45:
            value = int(worth / self.asset.anchor.price * 10**18)
            return replace(call, value=value, gas_limit=TRANSFER_GAS, gas_used=TRANSFER_GAS, data="0x")
        if luck[4] < 0.8 and self.tokens:
            return self._token_transfer(call, int(luck[1] * len(self.tokens)), worth)
        return call

    def _token_transfer(self, call: EvmTransaction, place: int, worth: float) -> EvmTransaction:
        """Return a call as a transfer of one of the chain's tokens, worth so many dollars."""
        contract, asset = list(self.tokens.items())[place]
        units = int(worth / asset.anchor.price * 10 ** asset.contracts[self.terms.id][1])
        data = "0xa9059cbb" + call.recipient[2:].rjust(64, "0") + f"{units:064x}"
        token = (asset, call.recipient, units)
        return replace(call, recipient=contract, gas_limit=90_000, gas_used=51_000, data=data, token=token)

    def _own(self, address: bytes, step: Step) -> EvmTransaction:
        """Return a step of an address as a transaction with its effect: what came in, or went out with the fee."""
        height = self.height(step.time) + 1
        base, tip = self.base_fee(height), self.tips(height)[1]
        own, other = "0x" + address.hex(), "0x" + digest(step.key, "other", size=20).hex()
        moved = step.after - step.before
        price = base + tip
        if moved < 0:
            price = min(price, -moved // TRANSFER_GAS)
        content = bytes([_OF_ADDRESS]) + address + step.index.to_bytes(4, "big")
        return EvmTransaction(
            hash="0x" + self._hashes.of(content).hex(),
            height=height,
            index=1000 + step.key % 50,
            sender=other if moved >= 0 else own,
            recipient=own if moved >= 0 else other,
            value=moved if moved >= 0 else -moved - price * TRANSFER_GAS,
            gas_price=price,
            tip=max(0, price - base),
            gas_limit=TRANSFER_GAS,
            gas_used=TRANSFER_GAS,
            nonce=step.index if moved < 0 else step.key % 4000,
        )
