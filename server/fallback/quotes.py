"""The quote book: what all sources say of each price, and what they say together; the keeper and ListQuotes ask it.

Every price that the engine sees comes by here: answers to requests, background quotes, sweeps and price lists.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from server.clock import Clock
from server.fallback.consensus import Apart, Consensus, Standing, as_decimals, combine
from server.fallback.figures import FIGURES
from server.fallback.quote_page import REASONS, Page, Seen, witness
from server.fallback.tried import Tried
from server.fallback.vetted import Vetted
from server.model import (
    Answer,
    Attempt,
    Freshness,
    Kind,
    Outcome,
    Outlier,
    Price,
    PriceQuery,
    Prices,
    QuoteList,
    SourceQuote,
    Value,
)
from server.providers.base import Source

_LONGEST_S = FIGURES[Kind.PRICE].longest_s
_LEAST, _MOST = Decimal("1e-100"), Decimal("1e100")
"""What a price must lie between to vote: beyond, arithmetic in floats means nothing."""
_TOO_OLD = f"older than {_LONGEST_S:.0f} s"


class Settled(NamedTuple):
    """What is to be answered: the price, whose answer it rests on, and how many of how many sources agree."""

    tried: Tried
    price: Price
    attempts: tuple[Attempt, ...]
    agreed: int = 1
    asked: int = 1


class Quotes:
    """The book. `blame` counts a quote against its source; `disputed` is told of what could not be decided."""

    def __init__(self, clock: Clock, vetted: Vetted, blame: Callable[[Tried, str], None], most: int = 2000) -> None:
        self._clock = clock
        self._vetted = vetted
        self._blame = blame
        self._most = most
        self._pages: OrderedDict[tuple[str, str], Page] = OrderedDict()
        self.disputed: Callable[[PriceQuery], None] = lambda _: None

    def take(self, tried: Tried, price: Price) -> None:
        """Write down what one source said of one price, in the quote that was asked for."""
        if _LEAST < price.value < _MOST:
            self._page(price.asset, price.quote).write(tried, price)

    def take_all(self, tried: Tried, prices: Prices) -> None:
        """Write down a list's prices; they are the first to be believed where nothing was before."""
        now = self._clock.monotonic()
        for price in prices.prices:
            if _LEAST < price.value < _MOST:
                self._page(price.asset, price.quote).write(tried, price, prices.source_time)
                self._vetted.learn(price, now)

    def settle(
        self,
        query: PriceQuery,
        tried: Tried,
        price: Price,
        attempts: tuple[Attempt, ...],
        beside: Sequence[tuple[Tried, Price]] = (),
        *,
        native: bool = False,
    ) -> Settled:
        """Return the answer to a request: its fresh price combined with the book's quotes that are young enough.

        `beside` are other fresh answers to it, refused ones too. With `native` only quotes that were not converted
        count.
        """
        if not _LEAST < price.value < _MOST:
            return Settled(tried, price, attempts)
        now = self._clock.monotonic()
        page = self._page(price.asset, price.quote)
        for other, its in beside:
            if _LEAST < its.value < _MOST:
                page.write(other, its)
        own = page.write(tried, price)
        if len(page.seen) == 1:
            return Settled(tried, price, attempts)
        found = self._judge(page, query, own, now, native=native)
        outliers = page.outliers(found) if found.apart or len(page.seen) > len(found.agreed) else ()
        agreed = len(found.agreed)
        if agreed == 1 and not outliers:
            return Settled(tried, price, attempts)
        base = _base(page, found, own)
        value, confidence = as_decimals(found, page.exact(found))
        settled = _restated(base.price, value, confidence, outliers, is_confirmed=agreed > 1)
        if agreed > 1:
            self._vetted.believe_price(settled, now, is_sure=True)
        if base is not own:
            tried = _standing_in(base, now)
        if outliers:
            attempts = tuple(_retold(page, each) for each in attempts)
        return Settled(tried, settled, attempts, agreed, agreed + len(outliers))

    def distrust(self, source: str) -> None:
        """Let what a source said of any price vote no more."""
        for page in self._pages.values():
            page.drop(source)

    def review(self, query: PriceQuery, source: Source | None = None) -> Consensus | None:
        """Judge a price's quotes as they stand, a source's newest among them; None when there is none."""
        page = self._pages.get((query.asset.id, query.quote))
        if page is None:
            return None
        now = self._clock.monotonic()
        page.forget(now - _LONGEST_S, None)
        if not page.seen:
            return None
        return self._judge(page, query, page.seen.get(witness(source)) if source is not None else None, now)

    def seen(self, query: PriceQuery) -> dict[str, Seen]:
        """Return the newest quote of each witness."""
        page = self._pages.get((query.asset.id, query.quote))
        return {} if page is None else page.seen

    def side_by_side(
        self,
        query: PriceQuery,
        answers: Sequence[Answer[Value]],
        attempts: tuple[Attempt, ...],
        sources: dict[str, Source],
    ) -> QuoteList:
        """Return a sweep's answers beside each other, and what the book's quotes, theirs among them, say together."""
        found = self.review(query)
        page = self._page(query.asset.id, query.quote)
        outliers = () if found is None else page.outliers(found)
        rows = []
        for answer in answers:
            if isinstance(answer.value, Price):
                source = sources[answer.provenance.source]
                if found is None or answer.provenance.freshness is Freshness.STALE:
                    reason = _TOO_OLD
                else:
                    reason = _apart(page, found, outliers, answer.value, source)
                rows.append(SourceQuote(answer.value, answer.provenance, source.tier.name, reason))
        if found is None:
            return QuoteList(tuple(rows), attempts)
        value, confidence = as_decimals(found, page.exact(found))
        agreed = len(found.agreed)
        return QuoteList(tuple(rows), attempts, value, confidence, agreed, agreed + len(outliers))

    def _page(self, asset: str, quote: str) -> Page:
        """Return the page of a price; the one longest unused makes room."""
        key = (asset, quote)
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = Page()
            if len(self._pages) > self._most:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(key)
        return page

    def _judge(
        self, page: Page, query: PriceQuery, newest: Seen | None, now: float, *, native: bool = False
    ) -> Consensus:
        """Combine what is young enough; count outliers against their sources; learn from the newest quote."""
        page.forget(now - _LONGEST_S, newest)
        volatility = page.volatility(query.asset)
        voting = page.voting(native=native) or [seen.quote for seen in page.seen.values()]
        believed, is_sure = self._vetted.last(query.asset.id, query.quote) or (None, False)
        found = combine(
            voting,
            now,
            volatility,
            within=page.within,
            preferred="" if newest is None else newest.name,
            believed=believed,
            is_sure=is_sure,
        )
        for each in found.apart:
            self._tell(page, query, each, len(found.agreed))
        if newest is not None and len(found.agreed) > 1 and any(each is newest.quote for each in found.agreed):
            page.note(newest, found.value)
        return found

    def _tell(self, page: Page, query: PriceQuery, apart: Apart, agreed: int) -> None:
        """Count an outlier against its source, once; have a dispute looked into."""
        if apart.standing is Standing.DISPUTED:
            self.disputed(query)
        elif apart.standing is Standing.OUTLIER:
            seen = page.seen[apart.quote.source]
            reason = REASONS[Standing.OUTLIER].format(agreed=agreed)
            page.seen[apart.quote.source] = seen.refused(reason)
            if seen.tried.lane.kind is Kind.PRICE:  # one price of a list does not speak for the list
                self._blame(seen.tried, reason)


def _base(page: Page, found: Consensus, own: Seen) -> Seen:
    """Return whose answer is given: the fresh one if it is among those that agree, else the youngest of them."""
    if any(each is own.quote for each in found.agreed):
        return own
    return page.seen[max(found.agreed, key=lambda each: each.at).source]


def _restated(
    price: Price, value: Decimal, confidence: Decimal | None, outliers: tuple[Outlier, ...], *, is_confirmed: bool
) -> Price:
    """Return a source's price with the value that several agree on; written out, as `replace` is slow."""
    return Price(
        price.asset,
        price.quote,
        value,
        price.source_time,
        price.bid,
        price.ask,
        price.open,
        price.high,
        price.low,
        price.change,
        price.change_percent,
        price.base_volume,
        price.quote_volume,
        price.market_cap,
        price.rank,
        price.native_quote,
        price.native_value,
        confidence,
        price.flagged and not is_confirmed,
        price.value,
        outliers,
    )


def _standing_in(base: Seen, now: float) -> Tried:
    """Return an attempt for the answer of another source than the one that was asked now."""
    tried = Tried(base.tried.lane)
    tried.time, tried.source_time = base.tried.time, base.price.source_time or base.tried.source_time
    tried.outcome, tried.latency_s = base.tried.outcome, base.tried.latency_s
    tried.value, tried.figures = base.price, FIGURES[Kind.PRICE]
    tried.age_s, tried.judged_at = max(0.0, now - base.at), now
    return tried


def _retold(page: Page, attempt: Attempt) -> Attempt:
    """Return an attempt as it is seen now: its source's quote may have been refused after the fact."""
    if attempt.outcome is not Outcome.OK:
        return attempt
    for seen in page.seen.values():
        lane = seen.tried.lane
        if seen.blamed and lane.id == attempt.source and lane.kind is Kind.PRICE:
            return seen.tried.attempt()
    return attempt


def _apart(page: Page, found: Consensus, outliers: Sequence[Outlier], price: Price, source: Source) -> str:
    """Return why a quote does not count, empty when it does; a mirror's is held against those that agree."""
    seen = page.seen.get(witness(source))
    if seen is None or seen.tried.lane.id == source.id:
        return next((each.reason for each in outliers if each.source == source.id), "")
    values = [each.value for each in found.agreed]
    value = float(price.value)
    if max(values) <= value * (1 + page.within) and value <= min(values) * (1 + page.within):
        return ""
    return REASONS[Standing.OUTLIER].format(agreed=len(values))
