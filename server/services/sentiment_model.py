"""The model that judges texts: VADER's lexicon with the words of crypto markets. Used by news and sentiment."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from server.model import SentimentLabel

MODEL = "vader-crypto-1"
LONGEST = 10_000
"""Most characters of a text that is judged."""

_THRESHOLD = 0.05
_PIECE = 200
"""Most words that are judged at once."""
_MOST_EMOJI = 50

# Valence from -4 to 4, as VADER's own words have it. What VADER reads in another sense is set to 0.
_WORDS = {
    "bullish": 2.6, "bearish": -2.6, "bull": 1.8, "bulls": 1.8, "bear": -1.6, "bears": -1.6,
    "rally": 2.2, "rallies": 2.2, "rallied": 2.2, "rallying": 2.2, "surge": 2.3, "surges": 2.3, "surged": 2.3,
    "surging": 2.3, "soar": 2.5, "soars": 2.5, "soared": 2.5, "soaring": 2.5, "skyrocket": 2.8, "skyrockets": 2.8,
    "jump": 1.5, "jumps": 1.5, "jumped": 1.5, "climb": 1.4, "climbs": 1.4, "climbed": 1.4, "rise": 1.2, "rises": 1.2,
    "rose": 1.2, "gain": 1.6, "gains": 1.6, "gained": 1.6, "rebound": 1.8, "rebounds": 1.8, "recovers": 1.7,
    "recovery": 1.7, "breakout": 2.0, "moon": 2.2, "mooning": 2.6, "ath": 2.4, "record": 1.0, "inflows": 1.6,
    "inflow": 1.6, "accumulate": 1.3, "accumulation": 1.3, "adoption": 1.8, "adopts": 1.6, "approval": 2.0,
    "approves": 2.0, "approved": 2.0, "upgrade": 1.4, "partnership": 1.5, "launches": 0.9, "outperform": 1.8,
    "outperforms": 1.8, "halving": 0.8, "hodl": 1.2, "listing": 0.8, "staking": 0.4,
    "crash": -3.0, "crashes": -3.0, "crashed": -3.0, "crashing": -3.0, "plunge": -2.7, "plunges": -2.7,
    "plunged": -2.7, "plummet": -2.8, "plummets": -2.8, "plummeted": -2.8, "tumble": -2.2, "tumbles": -2.2,
    "tumbled": -2.2, "slump": -2.2, "slumps": -2.2, "slumped": -2.2, "dump": -2.2, "dumps": -2.2, "dumped": -2.2,
    "dumping": -2.2, "selloff": -2.3, "sell-off": -2.3, "fall": -1.4, "falls": -1.4, "fell": -1.4, "drop": -1.5,
    "drops": -1.5, "dropped": -1.5, "slide": -1.5, "slides": -1.5, "dip": -1.0, "dips": -1.0, "decline": -1.5,
    "declines": -1.5, "outflow": -1.6, "outflows": -1.6, "liquidation": -2.0, "liquidations": -2.0,
    "liquidated": -2.2, "capitulation": -2.4, "hack": -3.0, "hacked": -3.0, "hacker": -2.6, "hackers": -2.6,
    "exploit": -2.6, "exploited": -2.8, "breach": -2.4, "drained": -2.4, "rug": -2.6, "rugpull": -3.2, "scam": -3.0,
    "scams": -3.0, "ponzi": -3.0, "fraud": -3.0, "lawsuit": -2.0, "sues": -2.0, "sued": -2.0, "charges": -1.6,
    "indicted": -2.6, "ban": -2.2, "bans": -2.2, "banned": -2.2, "crackdown": -2.2, "delisting": -2.0,
    "delists": -2.0, "bankruptcy": -3.0, "bankrupt": -3.0, "insolvent": -3.0, "insolvency": -3.0, "depeg": -2.6,
    "depegs": -2.6, "fud": -1.8, "rekt": -2.6, "volatile": -0.6, "probe": -1.4, "fine": 0.0, "fined": -2.0,
    "stake": 0.0, "share": 0.0, "shares": 0.0, "token": 0.0, "crypto": 0.0, "block": 0.0, "mine": 0.0, "interest": 0.0,
}  # fmt: skip


class SentimentModel:
    """Judges texts; the lexicon is read when the first text comes."""

    name = MODEL

    @cached_property
    def _analyzer(self) -> Any:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        analyzer = SentimentIntensityAnalyzer()
        analyzer.lexicon.update(_WORDS)
        return analyzer

    def score(self, text: str) -> float:
        """Return the sentiment of a text from -1 (negative) to 1 (positive).

        A long text is judged piece by piece, and has the mean of its pieces: VADER is made for sentences, its time
        grows with the square of the words, and a long text is soon as good or bad as can be. Of emoji, each of which
        it turns into words, the first fifty count.
        """
        words = self._fewer_emoji(text[:LONGEST]).split()
        if len(words) <= _PIECE:
            return self._compound(words)
        pieces = [words[start : start + _PIECE] for start in range(0, len(words), _PIECE)]
        return sum(self._compound(piece) * len(piece) for piece in pieces) / len(words)

    def _compound(self, words: list[str]) -> float:
        return float(self._analyzer.polarity_scores(" ".join(words))["compound"])

    def _fewer_emoji(self, text: str) -> str:
        """Return a text without the emoji behind the fiftieth; each that stays is a word of its own."""
        if text.isascii():
            return text
        known, kept = self._analyzer.emojis, 0
        parts = []
        for character in text:
            if character not in known:
                parts.append(character)
            elif kept < _MOST_EMOJI:
                kept += 1
                parts.append(f" {character} ")
        return "".join(parts)


def label_of(score: float) -> SentimentLabel:
    """Return a score in a word."""
    if score > _THRESHOLD:
        return SentimentLabel.POSITIVE
    return SentimentLabel.NEGATIVE if score < -_THRESHOLD else SentimentLabel.NEUTRAL
