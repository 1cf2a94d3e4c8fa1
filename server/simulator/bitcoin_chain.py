"""The simulated Bitcoin chain: blocks about every ten minutes, fees, the mempool, transactions and balances."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from server.simulator.addresses import Script
from server.simulator.hashes import Hashes
from server.simulator.ledger import Ledger, Step
from server.simulator.noise import digest, key_of, normal, path, uniform

COIN = 10**8
FIRST_HEIGHT, FIRST_S = 840_000, 1_713_571_767.0
SPAN_S = 600.0
PER_BLOCK = 2600
"""About how many transactions a block holds; those of the next one wait in the mempool."""
SUBSIDY = 312_500_000
_JITTER_S = 280.0
_BLOCK, _LISTED, _OWN = 0, 1, 2
_KINDS = ("p2pkh", "p2sh", "v0_p2wpkh")
POOLS = ("Foundry USA", "AntPool", "ViaBTC", "F2Pool", "MARA Pool", "SpiderPool", "Luxor", "Binance Pool")


@dataclass(frozen=True, slots=True)
class BitcoinBlock:
    """One block; `time` in Unix seconds, fees in satoshi."""

    height: int
    hash: str
    parent: str
    time: int
    transactions: int
    size: int
    weight: int
    difficulty: float
    pool: str
    fees: int
    median_rate: float


@dataclass(frozen=True, slots=True)
class Coin:
    """One input's or output's money: a script and satoshi."""

    script: Script
    value: int


@dataclass(frozen=True, slots=True)
class BitcoinTransaction:
    """One transaction. It has no inputs when it is a coinbase; `height` is that of the block it is to be in."""

    hash: str
    height: int
    inputs: tuple[Coin, ...]
    outputs: tuple[Coin, ...]
    size: int
    weight: int
    time: float

    @property
    def fee(self) -> int:
        """Return what the outputs leave of the inputs, in satoshi."""
        return max(0, sum(coin.value for coin in self.inputs) - sum(coin.value for coin in self.outputs))


class BitcoinChain:
    """The chain at any time, as a function of the seed."""

    def __init__(self, seed: int, usd: float) -> None:
        self.ledger = Ledger(seed, "bitcoin", 8, usd)
        self._usd = usd
        self._key = key_of(seed, "chain", "bitcoin")
        self._hashes = Hashes(self._key)
        self._long: dict[bytes, Script] = {}
        self._block = lru_cache(maxsize=2048)(self._made_block)

    def time(self, height: int) -> int:
        """Return when a block was found."""
        jitter = (uniform(self._key ^ 1, height) * 2 - 1) * _JITTER_S
        return int(FIRST_S + (height - FIRST_HEIGHT) * SPAN_S + jitter)

    def height(self, time: float) -> int:
        """Return the height of the newest block at a time."""
        guess = FIRST_HEIGHT + math.floor((time - FIRST_S) / SPAN_S) + 1
        while self.time(guess) > time:
            guess -= 1
        return guess

    def block(self, height: int) -> BitcoinBlock:
        """Return a block by its height."""
        return self._block(height)

    def block_hash(self, height: int) -> str:
        """Return the hash of the block at a height: ten zero bytes, a check, the masked height, and more hash."""
        check = digest(self._key, "block", height, size=18)
        mask = digest(self._key, "mask", check[:6].hex(), size=4)
        masked = bytes(left ^ right for left, right in zip(max(0, height).to_bytes(4, "big"), mask, strict=True))
        return (b"\0" * 10 + check[:6] + masked + check[6:]).hex()

    def height_of(self, block_hash: str) -> int | None:
        """Return the height of a block by its hash, None when there is none."""
        try:
            raw = bytes.fromhex(block_hash)
        except ValueError:
            return None
        if len(raw) != 32:
            return None
        mask = digest(self._key, "mask", raw[10:16].hex(), size=4)
        height = int.from_bytes(bytes(left ^ right for left, right in zip(raw[16:20], mask, strict=True)), "big")
        return height if self.block_hash(height) == block_hash.lower() else None

    def difficulty(self, height: int) -> float:
        """Return the difficulty of a block, which holds for 2016 blocks."""
        return 1.48e14 * math.exp(0.06 * normal(self._key ^ 2, height // 2016))

    def fee_rate(self, time: float) -> float:
        """Return what gets into the next block, in satoshi per virtual byte."""
        return 4.0 * math.exp(6e-4 * path(self._key ^ 3, time))

    def waiting(self, time: float) -> int:
        """Return how many transactions wait."""
        return int(
            4000 + 18_000 * min(3.0, self.fee_rate(time) / 8) * (0.8 + 0.4 * uniform(self._key ^ 4, int(time / 30)))
        )

    def listed(self, height: int, index: int) -> BitcoinTransaction:
        """Return a transaction of a block by its place, 0 its coinbase."""
        key = key_of(self._key, "tx", height, index)
        entered = self.time(height - 1) + SPAN_S * index / PER_BLOCK
        name = self._hashes.of(bytes([_LISTED]) + height.to_bytes(8, "big") + index.to_bytes(2, "big")).hex()
        if index == 0:
            reward = Coin(self._script(key, 0), SUBSIDY + self.block(height).fees)
            return BitcoinTransaction(name, height, (), (reward,), 320, 1172, entered)
        whale = uniform(key, 1) < 0.01
        worth = math.exp(13.8 + 3 * uniform(key, 2)) if whale else math.exp(5.5 + 2 * normal(key, 3))
        paid, change = int(worth / self._usd * COIN) + 600, int(worth * uniform(key, 4) / self._usd * COIN) + 600
        size = 140 + int(uniform(key, 5) * 300)
        fee = int(self.fee_rate(entered) * size * math.exp(0.4 * abs(normal(key, 6)))) + 1
        inputs = (Coin(self._script(key, 10), paid + change + fee),)
        outputs = (Coin(self._script(key, 11), paid), Coin(self._script(key, 12), change))
        return BitcoinTransaction(name, height, inputs, outputs, size + 80, size * 4, entered)

    def recent(self, time: float, count: int = 10) -> list[BitcoinTransaction]:
        """Return the transactions that entered the mempool last, newest first: those of the next block."""
        height = self.height(time) + 1
        newest = int((time - self.time(height - 1)) / SPAN_S * PER_BLOCK)
        places = range(max(1, newest), max(0, newest - count), -1)
        return [self.listed(height, min(place, 65_000)) for place in places]

    def transaction(self, name: str, time: float) -> BitcoinTransaction | None:
        """Return a transaction that is known at a time, waiting or not; None when there is none."""
        try:
            content = self._hashes.content(bytes.fromhex(name))
        except ValueError:
            return None
        if content is None or content[0] == _BLOCK:
            return None
        if content[0] == _LISTED:
            found = self.listed(int.from_bytes(content[1:9], "big"), int.from_bytes(content[9:11], "big"))
        else:
            script = self._script_of(content[1], content[2:22])
            if script is None:
                return None
            found = self._own(script, self.ledger.step(script.program, int.from_bytes(content[22:26], "big")))
        return found if found.time <= time else None

    def history(self, script: Script, time: float, limit: int, skip: int = 0) -> list[BitcoinTransaction]:
        """Return the transactions of a script until a time, those that wait among them, newest first."""
        return [self._own(script, step) for step in self.ledger.newest(script.program, time, limit, skip)]

    def is_settled(self, transaction: BitcoinTransaction, time: float) -> bool:
        """Say whether a transaction is in a block at a time."""
        return transaction.height <= self.height(time)

    def _own(self, script: Script, step: Step) -> BitcoinTransaction:
        """Return a step of an address as a transaction: what came in, or all it had spent with change."""
        height = self.height(step.time) + 1
        other, size = self._script(step.key, 1), 141
        content = bytes([_OWN, *self._named(script)]) + step.index.to_bytes(4, "big")
        name, fee = self._hashes.of(content).hex(), int(self.fee_rate(step.time) * size) + 1
        moved = step.after - step.before
        if moved >= 0:
            change = int(moved * 2 * uniform(step.key, 2)) + 546
            inputs = (Coin(other, moved + change + fee),)
            outputs = (Coin(script, moved), Coin(self._script(step.key, 3), change))
        else:
            paid = max(1, -moved - fee)
            inputs, outputs = (Coin(script, step.before),), (Coin(other, paid), Coin(script, step.after))
        return BitcoinTransaction(name, height, inputs, outputs, 222, size * 4, step.time)

    def _named(self, script: Script) -> bytes:
        """Return 21 bytes that stand for a script; longer ones are remembered by a hash."""
        if len(script.program) == 20:
            return bytes([_KINDS.index(script.kind)]) + script.program
        short = digest(self._key, "script", script.kind, script.program.hex(), size=20)
        self._long[short] = script
        return b"\xff" + short

    def _script_of(self, kind: int, short: bytes) -> Script | None:
        if kind == 0xFF:
            return self._long.get(short)
        return Script(_KINDS[kind], short) if kind < len(_KINDS) else None

    def _script(self, key: int, place: int) -> Script:
        """Return somebody's script."""
        luck = uniform(key, 100 + place)
        kind = "v0_p2wpkh" if luck < 0.7 else "p2pkh" if luck < 0.85 else "p2sh"
        return Script(kind, digest(key, "script", place, size=20))

    def _made_block(self, height: int) -> BitcoinBlock:
        luck = [uniform(self._key ^ 8, height * 8 + place) for place in range(4)]
        time = self.time(height)
        rate, count = self.fee_rate(time), int(PER_BLOCK * (0.7 + 0.6 * luck[0]))
        return BitcoinBlock(
            height=height,
            hash=self.block_hash(height),
            parent=self.block_hash(height - 1),
            time=time,
            transactions=count,
            size=1_400_000 + int(luck[1] * 500_000),
            weight=3_993_000 - int(luck[2] * 4000),
            difficulty=self.difficulty(height),
            pool=POOLS[int(luck[3] * len(POOLS))],
            fees=int(rate * 1_000_000 * 1.2),
            median_rate=rate,
        )
