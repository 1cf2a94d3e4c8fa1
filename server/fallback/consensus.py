"""The price that several sources agree on, how sure it is, and who disagrees; pure, used by the quote book.

Each source has three votes: its price, and its price less and plus what it may be off by. The median is the price and
the larger distance to the quartiles the confidence, as Pyth's oracle makes them. Only the largest cluster votes.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from math import sqrt
from typing import NamedTuple

WITHIN = 0.02
"""How far prices of one cluster lie apart, as a part of the smallest."""

WITHIN_SMALL = 0.10
"""The same for small caps, whose markets are thin."""

ENOUGH = 3
"""How many sources must agree before they outvote another; two never judge one."""

YOUNGER_S = 20.0
OLDER_S = 10.0
"""Only quotes whose data is at most so much younger or older blame a quote: the market may have moved between."""

FAR = 0.2
"""So far no market goes within a minute: a lone quote that is there is contradicted by quotes of any time."""

FLOOR = 5e-4
"""The least that a source may be off by, as a part of its price."""

SCATTERS = 2.0
"""How many median deviations of its last quotes a source may be off by."""

DEVIATIONS = 2.0
"""How many standard deviations of the market's movement since a quote it may be off by."""

SERVED_S = 5.0
"""For how long an answer is served, which its confidence must outlast: the time to live of a price."""

_DIGITS = 9
_LEAST_DIGITS = 7


class Quote(NamedTuple):
    """One source's quote as the vote sees it, in the asked quote.

    `at` is the time of its data in monotonic seconds; `half_spread` is an amount, 0 when unknown; `scatter` the median
    deviation of the source's last quotes from the price, as a ratio; `tier` the lower the better.
    """

    source: str
    value: float
    at: float
    half_spread: float = 0.0
    scatter: float = 0.0
    tier: int = 0


class Standing(Enum):
    """How a quote stands that is not in the winning cluster."""

    OUTLIER = "outlier"
    """Enough sources of its own time contradict it: it counts against its source."""
    OUTDATED = "outdated"
    """Younger quotes contradict it: it is left out, and nobody is to blame."""
    DISPUTED = "disputed"
    """It cannot be decided who is right: the confidence reaches over it."""


class Apart(NamedTuple):
    """A quote outside the winning cluster."""

    quote: Quote
    standing: Standing


class Consensus(NamedTuple):
    """What the quotes say together. `confidence` is the half-width, None when one source alone was heard."""

    value: float
    confidence: float | None
    agreed: tuple[Quote, ...]
    apart: tuple[Apart, ...] = ()


def combine(
    quotes: Sequence[Quote],
    now: float,
    volatility: float,
    *,
    within: float = WITHIN,
    preferred: str = "",
    believed: float | None = None,
    is_sure: bool = True,
) -> Consensus:
    """Return the consensus of at least one quote, one a source.

    `volatility` is the deviation of the price's logarithm per square root of a second. The largest cluster is taken; of
    those of less than three the one near the price that was `believed` before where that `is_sure`, several sources'
    word; among as large ones the one near it whoever said it, then that of the `preferred` source, then the best
    tier's.
    """
    if len(quotes) == 1:
        return Consensus(quotes[0].value, None, (quotes[0],))
    ordered = sorted(quotes, key=_value)
    if ordered[-1].value <= ordered[0].value * (1 + within):
        agreed, rest = ordered, []
    else:
        first, end = _largest(ordered, within, preferred, believed, is_sure=is_sure)
        agreed, rest = ordered[first:end], ordered[:first] + ordered[end:]
    value, confidence = _vote(agreed, now, volatility)
    if not rest:
        return Consensus(value, confidence, tuple(agreed))
    wins = len(agreed) >= ENOUGH and len(agreed) > _most(rest, within)
    apart = tuple(
        Apart(each, _standing(each, agreed, is_far=_is_far(each, value, rest, within)) if wins else Standing.DISPUTED)
        for each in rest
    )
    for each, standing in apart:
        if standing is Standing.DISPUTED:
            reach = abs(each.value - value) + leeway(each, now, volatility)
            confidence = max(confidence, reach)
    return Consensus(value, confidence, tuple(agreed), apart)


def leeway(quote: Quote, now: float, volatility: float) -> float:
    """Return what a quote may be off by: its own noise, and what the market may have moved since."""
    noise = max(quote.half_spread, quote.value * max(FLOOR, SCATTERS * quote.scatter))
    return noise + quote.value * DEVIATIONS * volatility * sqrt(max(0.0, now - quote.at) + SERVED_S)


def as_decimals(consensus: Consensus, exact: Sequence[Decimal]) -> tuple[Decimal, Decimal | None]:
    """Return price and confidence as decimals with no more digits than they mean; `exact` are the sources' own."""
    for each in exact:
        if float(each) == consensus.value:
            value = each
            break
    else:
        value = Decimal(f"{consensus.value:.{_DIGITS}g}")
        finest = min(int(each.as_tuple().exponent) for each in exact)
        places = min(finest, value.adjusted() + 1 - _LEAST_DIGITS)
        if int(value.as_tuple().exponent) < places:
            value = value.quantize(Decimal((0, (1,), places)))
    confidence = consensus.confidence
    return value, None if confidence is None else Decimal(f"{confidence:.3g}")


def _value(quote: Quote) -> float:
    """Return what quotes are ordered by."""
    return quote.value


def _largest(
    ordered: Sequence[Quote], within: float, preferred: str, believed: float | None, *, is_sure: bool
) -> tuple[int, int]:
    """Return where the cluster that wins begins and ends in quotes ordered by value.

    One too small to outvote others yields to one near what was believed: liars in turn may agree by chance.
    """
    best, found = (False, False, 0, False, False, 0), (0, 1)
    end = 0
    for first in range(len(ordered)):
        top = ordered[first].value * (1 + within)
        while end < len(ordered) and ordered[end].value <= top:
            end += 1
        members = ordered[first:end]
        near = believed is not None and any(abs(each.value - believed) <= FAR * believed for each in members)
        rank = (
            len(members) >= ENOUGH,
            near and is_sure,
            len(members),
            near,
            any(each.source == preferred for each in members),
            -min(each.tier for each in members),
        )
        if rank > best:
            best, found = rank, (first, end)
    return found


def _most(ordered: Sequence[Quote], within: float) -> int:
    """Return the size of the largest cluster of quotes ordered by value."""
    most = end = 0
    for first in range(len(ordered)):
        top = ordered[first].value * (1 + within)
        while end < len(ordered) and ordered[end].value <= top:
            end += 1
        most = max(most, end - first)
    return most


def _is_far(quote: Quote, value: float, rest: Sequence[Quote], within: float) -> bool:
    """Say whether a quote is where no market goes, with no other beside it."""
    if abs(quote.value - value) <= FAR * value:
        return False
    return not any(
        each is not quote and max(each.value, quote.value) <= min(each.value, quote.value) * (1 + within)
        for each in rest
    )


def _standing(quote: Quote, agreed: Sequence[Quote], *, is_far: bool) -> Standing:
    """Return how a quote stands that a winning cluster does not hold: by the times of their data."""
    if is_far:
        return Standing.OUTLIER
    same = later = 0
    for each in agreed:
        ahead = each.at - quote.at
        same += -OLDER_S <= ahead <= YOUNGER_S
        later += ahead > YOUNGER_S
    if same >= ENOUGH:
        return Standing.OUTLIER
    return Standing.OUTDATED if same + later >= ENOUGH else Standing.DISPUTED


def _vote(quotes: Sequence[Quote], now: float, volatility: float) -> tuple[float, float]:
    """Return the median of three votes each, and the larger distance to the quartiles."""
    votes: list[float] = []
    for quote in quotes:
        value, off = quote.value, leeway(quote, now, volatility)
        votes += (value - off, value, value + off)
    votes.sort()
    count = len(votes)
    middle = count // 2
    median = votes[middle] if count % 2 else (votes[middle - 1] + votes[middle]) / 2
    quarter = count // 4
    return median, max(median - votes[quarter], votes[count - 1 - quarter] - median)
