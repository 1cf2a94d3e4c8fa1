"""One page of the quote book: every source's newest quote of one price, as it came and as it votes; used by quotes."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from decimal import Decimal
from statistics import median

from server.fallback.consensus import WITHIN, WITHIN_SMALL, Consensus, Quote, Standing
from server.fallback.tried import Tried
from server.fallback.volatility import Volatility, is_small, usual
from server.model import Asset, Outcome, Outlier, Price
from server.providers.base import Source

_LAST = 20
_UNSTATED_S = {"exchange": 2.0}
_UNSTATED_ELSE_S = 20.0
"""How old data is held to be on receipt when its source states no time: exchanges trade, aggregators refresh."""

REASONS = {
    Standing.OUTLIER: "{agreed} sources agree on another price",
    Standing.OUTDATED: "{agreed} sources have a younger price",
    Standing.DISPUTED: "undecided: {agreed} of {asked} sources agree on another price",
}


def witness(source: Source) -> str:
    """Return under what name a source votes: mirrors of one exchange are one witness."""
    return source.options.get("witness", source.id)


class Seen:
    """One witness's newest quote: as it came, in the quote that the page is of, and as it votes.

    The vote is worked out when it is first wanted: where one source alone says a price there is none. `at` is the time
    of its data in monotonic seconds.
    """

    __slots__ = ("_quote", "_scatter", "at", "blamed", "name", "price", "tried")

    def __init__(self, name: str, tried: Tried, price: Price, at: float, scatter: float, *, blamed: str) -> None:
        self.name = name
        self.tried = tried
        self.price = price
        self.at = at
        self.blamed = blamed
        """Why it was counted against its source; empty when it was not. It does not vote any more."""
        self._scatter = scatter
        self._quote: Quote | None = None

    @property
    def quote(self) -> Quote:
        """How it votes; always the same object."""
        quote = self._quote
        if quote is None:
            price = self.price
            bid, ask = price.bid, price.ask
            half_spread = 0.0 if bid is None or ask is None else max(0.0, float(ask - bid) / 2)
            tier = self.tried.lane.source.tier
            quote = self._quote = Quote(self.name, float(price.value), self.at, half_spread, self._scatter, tier)
        return quote

    def refused(self, reason: str) -> Seen:
        """Return it as it is once it was counted against its source."""
        seen = Seen(self.name, self.tried, self.price, self.at, self._scatter, blamed=reason)
        seen._quote = self._quote
        return seen


class Page:
    """All quotes of one price, by witness; how much the asset moves, and how much each witness deviates."""

    __slots__ = ("_lasts", "_scatters", "_volatility", "seen", "within")

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self.within = WITHIN
        self._volatility: Volatility | None = None
        self._lasts: dict[str, deque[float]] = {}
        self._scatters: dict[str, float] = {}

    def write(self, tried: Tried, price: Price, source_time: datetime | None = None) -> Seen:
        """Put a quote in the place of its witness's last one; `source_time` is that of a whole list."""
        source = tried.lane.source
        time = price.source_time or source_time
        if time is not None:
            age_s = max(0.0, (tried.time - time).total_seconds())
        else:
            age_s = _UNSTATED_S.get(source.category, _UNSTATED_ELSE_S)
        name = witness(source)
        blamed = tried.detail if tried.outcome is Outcome.OUT_OF_BOUNDS else ""
        seen = Seen(name, tried, price, tried.judged_at - age_s, self._scatters.get(name, 0.0), blamed=blamed)
        if (before := self.seen.get(name)) is not None and self._volatility is not None:
            self._measure(self._volatility, before, seen)
        self.seen[name] = seen
        return seen

    def volatility(self, asset: Asset) -> float:
        """Return how much the asset moves: what is usual in its class until it is measured."""
        if self._volatility is None:
            self._volatility = Volatility(usual(asset))
            self.within = WITHIN_SMALL if is_small(asset) else WITHIN
        return self._volatility.value

    def note(self, seen: Seen, value: float) -> None:
        """Take in by how much a quote deviated from the price."""
        name = seen.name
        last = self._lasts.get(name)
        if last is None:
            last = self._lasts[name] = deque(maxlen=_LAST)
        last.append(abs(seen.quote.value / value - 1))
        self._scatters[name] = median(last)

    def forget(self, since: float, kept: Seen | None) -> None:
        """Drop quotes whose data is older than a time, but for one."""
        for name in [name for name, seen in self.seen.items() if seen.at < since and seen is not kept]:
            del self.seen[name]

    def drop(self, source: str) -> None:
        """Drop what one source said."""
        for name in [name for name, seen in self.seen.items() if seen.tried.lane.id == source]:
            del self.seen[name]

    def voting(self, *, native: bool) -> list[Quote]:
        """Return the quotes that vote: all but those that were blamed, and with `native` those not converted."""
        return [
            seen.quote
            for seen in self.seen.values()
            if not seen.blamed and not (native and seen.price.native_quote is not None)
        ]

    def exact(self, found: Consensus) -> list[Decimal]:
        """Return the sources' own figures of a consensus."""
        return [self.seen[each.source].price.value for each in found.agreed]

    def outliers(self, found: Consensus) -> tuple[Outlier, ...]:
        """Return whose quotes a consensus leaves out, and why."""
        agreed = {each.source for each in found.agreed}
        why = {
            each.quote.source: REASONS[each.standing].format(agreed=len(agreed), asked=len(agreed) + len(found.apart))
            for each in found.apart
        }
        for name, seen in self.seen.items():
            if seen.blamed and name not in agreed:
                why[name] = seen.blamed
        return tuple(
            Outlier(self.seen[name].tried.lane.id, self.seen[name].price.value, why[name]) for name in sorted(why)
        )

    def _measure(self, volatility: Volatility, before: Seen, after: Seen) -> None:
        """Let a source's own move tell how much the asset moves, unless one of both prices was not believed."""
        is_same = before.tried.lane.id == after.tried.lane.id
        if is_same and not before.blamed and not after.blamed and before.price.native_quote == after.price.native_quote:
            volatility.note(before.quote.value, after.quote.value, after.at - before.at)
