"""The world's news: a story every quarter of an hour, named assets and all, carried by several feeds a little later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from server.simulator.assets import SimulatedAsset
from server.simulator.noise import digest, key_of, uniform
from server.simulator.prices import Prices

SLOT_S = 900
TAKEN = 0.55
"""The part of the agencies' stories that one feed takes."""
ALONE = 0.4
FEEDS = 14
LATEST_S = 900.0
"""A feed carries a story at most this long after it broke."""
_AUTHORS = (
    "Mina Farrokh",
    "Joel Anders",
    "Priya Nair",
    "Tomás Rivera",
    "Hana Sato",
    "Omar Haddad",
    "Lena Vogel",
    "Kofi Mensah",
)
_UP = (
    "{name} ({symbol}) climbs {move}% as buyers return to spot markets",
    "{name} breaks above ${price} after a {move}% rally in a day",
    "Funds pour ${amount} million into {name} products, the most in {weeks} weeks",
    "Developers of {name} ship a long awaited upgrade, cutting fees by half",
    "Large bank opens {symbol} custody for its private clients",
)
_DOWN = (
    "{name} ({symbol}) slides {move}% while leveraged longs are liquidated",
    "{name} falls below ${price} as fear returns to the market",
    "Hacker drains ${amount} million from a bridge that holds {symbol}",
    "Regulator sues an exchange over its {name} staking product",
    "Holders of {symbol} move ${amount} million to exchanges in a sell-off",
)
_FLAT = (
    "{name} trades sideways near ${price}: what analysts watch next",
    "What is behind the quiet week of {name} and {other}",
    "{name} and {other} teams announce a joint research programme",
    "Explained: how {name} settles {weeks} million transfers a day",
    "Survey: one in {weeks} merchants would take {symbol} for payment",
)
_CATEGORIES = ("Markets", "Policy", "Technology", "Business")


@dataclass(frozen=True, slots=True)
class Story:
    """One story. `slug` is unique; `author_place` is the feed that has it alone, None for a story of the agencies."""

    slot: int
    time: float
    title: str
    summary: str
    slug: str
    author: str
    category: str
    tags: tuple[str, ...]
    author_place: int | None
    code: str


class News:
    """Stories by time, and which feed carries which."""

    def __init__(self, seed: int, prices: Prices) -> None:
        self._seed = seed
        self._prices = prices
        self._key = key_of(seed, "news")
        self.story = lru_cache(maxsize=2000)(self._story)

    def carried(self, feed: str, place: int, now: float, limit: int) -> list[tuple[Story, float]]:
        """Return the newest stories that a feed carries, newest first, each with when it appeared there.

        `place` is the feed's own number: what one feed wrote alone, no other carries.
        """
        key = key_of(self._seed, "feed", feed)
        found: list[tuple[Story, float]] = []
        for story in self._back(now):
            appears = story.time + LATEST_S * uniform(key ^ 1, story.slot)
            taken = uniform(key, story.slot) < TAKEN if story.author_place is None else story.author_place == place
            if appears <= now and taken:
                found.append((story, appears))
            if len(found) >= limit:
                break
        return sorted(found, key=lambda pair: -pair[1])

    def _back(self, now: float) -> Iterator[Story]:
        slot = int(now // SLOT_S)
        for number in range(slot, slot - 2000, -1):
            story = self.story(number)
            if story.time <= now:
                yield story

    def _story(self, slot: int) -> Story:
        luck = [uniform(self._key ^ 2, slot * 16 + place) for place in range(10)]
        time = (slot + luck[0]) * SLOT_S
        asset, other = self._pick(luck[1]), self._pick(luck[2])
        price = self._prices.price(asset, time)
        change = (price / self._prices.price(asset, time - 86_400) - 1) * 100
        templates = _UP if change > 2 else _DOWN if change < -2 else _FLAT
        words = {
            "name": asset.name,
            "symbol": asset.symbol,
            "other": other.name if other is not asset else "Ethereum",
            "move": f"{abs(change):.1f}",
            "price": f"{price:,.0f}" if price >= 10 else f"{price:.3g}",
            "amount": str(5 + int(luck[3] ** 3 * 400)),
            "weeks": str(3 + int(luck[4] * 40)),
        }
        title = templates[int(luck[5] * len(templates))].format(**words)
        code = digest(self._key, slot, size=13).hex().upper()
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + f"-{slot % 100_000:05d}"
        mood = "higher" if change > 0 else "lower"
        summary = f"{asset.name} last traded at ${words['price']}, {words['move']}% {mood} on the day."
        author, category = _AUTHORS[int(luck[6] * 8)], _CATEGORIES[int(luck[7] * 4)]
        alone = int(luck[9] * FEEDS) if luck[8] < ALONE else None
        return Story(slot, time, title, summary, slug, author, category, (asset.name, other.name), alone, code)

    def _pick(self, luck: float) -> SimulatedAsset:
        """Return an asset, the larger ones far more often."""
        free = [asset for asset in self._prices.assets if not asset.follows][:60]
        return free[int(luck**3 * len(free))]
