"""Which assets a headline names: whole words, with care for names that are English words too. Used by the registry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from server.model import Asset

_TOKEN = re.compile(r"\$?[^\W_]+")
_LONGEST = 10_000


class Use(Enum):
    """When a name counts: in any case; written with a capital; only where it cannot be the English word."""

    ANY = "any"
    CAPITAL = "capital"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A name of an asset as the words that a headline may use for it."""

    asset: Asset
    use: Use


class Mentions:
    """Finds assets in text. Immutable; `assets` come largest first, which decides between equal names."""

    def __init__(self, assets: Iterable[Asset], words: Iterable[str], proper: Iterable[str]) -> None:
        """Index the names; `words` are English words, `proper` those that as a name are written with a capital."""
        self._symbols: dict[str, Asset] = {}
        self._phrases: dict[tuple[str, ...], Phrase] = {}
        uses = dict.fromkeys(words, Use.WORD) | dict.fromkeys(proper, Use.CAPITAL)
        for asset in assets:
            self._symbols.setdefault(asset.symbol.upper(), asset)
            for name in (asset.name, asset.symbol, *asset.aliases):
                self._add(asset, name, uses)
        self._longest = max((len(phrase) for phrase in self._phrases), default=0)

    def _add(self, asset: Asset, name: str, uses: Mapping[str, Use]) -> None:
        phrase = tuple(token.casefold() for token in _TOKEN.findall(name))
        if not phrase:
            return
        use = uses.get(phrase[0], Use.ANY) if len(phrase) == 1 else Use.ANY
        if len(phrase) == 1 and len(phrase[0]) <= 2:
            use = Use.WORD
        self._phrases.setdefault(phrase, Phrase(asset, use))

    def find(self, text: str) -> tuple[Asset, ...]:
        """Return the assets that a text names, in the order of their first mention.

        `$SYM` always counts. English words count as an upper-case symbol of three letters or more, unless the whole
        text is in upper case.
        """
        tokens = _TOKEN.findall(text[:_LONGEST])
        shouting = not any(character.islower() for character in text)
        found: dict[str, Asset] = {}
        place = 0
        while place < len(tokens):
            asset, length = self._at(tokens, place, shouting=shouting)
            if asset is not None:
                found.setdefault(asset.id, asset)
            place += length
        return tuple(found.values())

    def _at(self, tokens: list[str], place: int, *, shouting: bool) -> tuple[Asset | None, int]:
        token = tokens[place]
        if token.startswith("$"):
            return self._symbols.get(token[1:].upper()), 1
        for length in range(min(self._longest, len(tokens) - place), 0, -1):
            phrase = self._phrases.get(tuple(part.casefold() for part in tokens[place : place + length]))
            if phrase is not None and _counts(phrase, token, shouting=shouting):
                return phrase.asset, length
        return None, 1


def _counts(phrase: Phrase, token: str, *, shouting: bool) -> bool:
    if phrase.use is Use.ANY:
        return True
    if phrase.use is Use.CAPITAL and token[0].isupper():
        return True
    return token == phrase.asset.symbol and len(token) > 2 and not shouting
