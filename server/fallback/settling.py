"""Whether a candidate's value is believed: at once, after others were asked, or for want of any other; for fetches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from server.clock import Clock
from server.fallback.attempt import Runner
from server.fallback.checks import flagged
from server.fallback.opinions import agree
from server.fallback.quote_page import witness
from server.fallback.race import Course
from server.fallback.tried import Tried
from server.fallback.vetted import Doubt, Vetted
from server.model import Answer, Attempt, Outcome, Price, Prices, Query, Value

_OK = Outcome.OK
_OPINIONS = 3
"""So many sources are asked about a value that is doubted, its own among them."""

Probe = asyncio.Task[Answer[Value] | None]


class Fetch:
    """What one fetch found: the winner, the candidates beside it, and every attempt."""

    __slots__ = (
        "asked",
        "attempts",
        "beside",
        "doubt",
        "doubted",
        "empty",
        "is_contested",
        "is_late",
        "opinions",
        "probes",
        "stale",
        "unknown",
        "value",
        "winner",
    )

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.beside: list[tuple[Tried, Price]] = []
        """Prices of other sources that were asked in this fetch, refused ones too."""
        self.asked = 0
        """How many sources were asked, those passed over not counted."""
        self.unknown = 0
        """How many of them do not know what was asked for."""
        self.winner: Tried | None = None
        self.value: Value | None = None
        self.doubt = Doubt.NONE
        self.doubted: list[tuple[Tried, Value]] = []
        """Candidates that others are to confirm, the first one first; all that contradict each other."""
        self.opinions = (1, 1)
        """How many sources say what the winner says, of how many that said something."""
        self.is_contested = False
        """Whether the winner contradicts what was known, or another source, and nobody confirmed it."""
        self.empty: tuple[Tried, Value] | None = None
        """A list with nothing in it, for when no other source has more."""
        self.stale: tuple[Tried, Value] | None = None
        """The youngest candidate that was past its longest age: the last resort."""
        self.probes: list[Probe] = []
        self.is_late = False

    def win(self, tried: Tried, value: Value) -> bool:
        """Take a candidate for the answer."""
        self.winner, self.value = tried, value
        return True


class Settler:
    """Believes, doubts and compares what attempts bring."""

    def __init__(self, runner: Runner, vetted: Vetted, clock: Clock) -> None:
        self._runner = runner
        self._vetted = vetted
        self._clock = clock

    def takes(self, done: Fetch, course: Course, tried: Tried, value: Value | None) -> bool:
        """Take an attempt's value if it can be believed; keeps what may serve as the last resort."""
        outcome = tried.outcome
        if outcome is _OK and value is not None:
            if done.doubted:
                return self._compares(done, course, tried, value)
            return self._settles(done, course, tried, value)
        if outcome is Outcome.STALE and value is not None:
            if done.stale is None or tried.age_s < done.stale[0].age_s:
                done.stale = (tried, value)
        elif outcome is Outcome.UNKNOWN_ASSET:
            done.unknown += 1
        return False

    def is_sure(self, done: Fetch, course: Course, tried: Tried, value: Value) -> bool:
        """Say whether a value will be believed without the source that is late beside it.

        Where nothing is known any other source can be asked in that one's place; what is far from the past is held
        against that one too.
        """
        query, now = course.query, self._clock.monotonic()
        if not done.doubted:
            doubt = self._vetted.question(query, value, now)
            return doubt is Doubt.NONE or (doubt is Doubt.UNSEEN and course.has_more(tried.lane))
        if done.doubt is Doubt.JUMPED and not self._vetted.contradicts(query, value, now):
            return True
        said = [*done.doubted, (tried, value)]
        return _witnesses(_largest(said, query)) >= _wanted(done, value)

    def _settles(self, done: Fetch, course: Course, tried: Tried, value: Value) -> bool:
        """Believe a value unless it jumped, or nothing is known of it: a second source is asked then."""
        now = self._clock.monotonic()
        doubt = self._vetted.question(course.query, value, now)
        if doubt is Doubt.NONE or (doubt is Doubt.UNSEEN and not course.has_rival(tried.lane)):
            return done.win(tried, self._marked(value))
        done.doubt = doubt
        done.doubted.append((tried, value))
        return False

    def _compares(self, done: Fetch, course: Course, tried: Tried, value: Value) -> bool:
        """Hold another source's value against those that are doubted; who stands alone is blamed.

        Two that agree on a jump may both lie: what was believed counts against them as long as a third can be asked.
        Prices are settled further by the quotes of all.
        """
        query, now = course.query, self._clock.monotonic()
        if done.doubt is Doubt.JUMPED and not self._vetted.contradicts(query, value, now):
            self._vetted.question(query, value, now)  # it is remembered by that
            done.opinions = (1, len(done.doubted) + 1)
            self._blames(done, ())
            return done.win(tried, self._marked(value))
        done.doubted.append((tried, value))
        count = _witnesses(_largest(done.doubted, query))
        is_settled = count >= _wanted(done, value) or (count > 1 and not course.has_rival(tried.lane))
        return (is_settled or _witnesses(done.doubted) == _OPINIONS) and self.decides(done, query)

    def decides(self, done: Fetch, query: Query) -> bool:
        """Take what most of those in doubt say; where each says something else the first, as contested, or flagged."""
        group = _largest(done.doubted, query)
        now = self._clock.monotonic()
        tried, value = next((each for each in group if not each[0].is_old(now)), group[0])
        done.opinions = (_witnesses(group), _witnesses(done.doubted))
        if done.opinions[0] > 1:
            self._vetted.believe(query, value, now)
            self._blames(done, group)
        elif isinstance(value, Price):
            value = flagged(value)
        else:
            done.is_contested = done.doubt is Doubt.JUMPED or done.opinions[1] > 1
        value = self._marked(value)
        if isinstance(value, Price):
            done.beside += [
                (other, its) for other, its in done.doubted if other is not tried and isinstance(its, Price)
            ]
        return done.win(tried, value)

    def _marked(self, value: Value) -> Value:
        """Return a list with those of its prices flagged that jumped; anything else as it is."""
        return self._vetted.marked(value, self._clock.monotonic()) if isinstance(value, Prices) else value

    def _blames(self, done: Fetch, but: Sequence[tuple[Tried, Value]]) -> None:
        """Count doubted values against their sources, all but those that are believed."""
        for tried, value in done.doubted:
            if any(tried is each for each, _ in but):
                continue
            self._runner.blame(tried, "far from what was known, and contradicted")
            if isinstance(value, Price) and not but:
                done.beside.append((tried, value))
            done.attempts[:] = [
                tried.attempt() if each.source == tried.lane.id and each.outcome is _OK else each
                for each in done.attempts
            ]


def _wanted(done: Fetch, value: Value) -> int:
    """Return how many have to say the same before a value that is doubted is believed."""
    return 2 if done.doubt is Doubt.UNSEEN or isinstance(value, Price) else _OPINIONS


def _largest(doubted: Sequence[tuple[Tried, Value]], query: Query) -> list[tuple[Tried, Value]]:
    """Return the most of them that agree with one, that one first; the earlier ones where as many agree."""
    groups = [
        [one, *(each for each in doubted if each is not one and agree(one[1], each[1], query))] for one in doubted
    ]
    return max(groups, key=_witnesses)


def _witnesses(said: Sequence[tuple[Tried, Value]]) -> int:
    """Return how many say something on their own: mirrors of one exchange are one witness."""
    return len({witness(tried.lane.source) for tried, _ in said})
