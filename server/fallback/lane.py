"""A lane is one source for one kind; its standing is what all lanes of the source share. Used by plan and attempts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from urllib.parse import urlsplit

from pydantic import SecretStr

from server.fallback.breaker import Admission, Breaker
from server.fallback.egress import Egress, HostWays
from server.fallback.figures import FIGURES, SPECIAL
from server.fallback.http import Secret
from server.fallback.measures import Measures
from server.model import Attempt, BreakerState, CandlesQuery, Kind, Outcome, PriceQuery, Query
from server.providers.base import Capability, Provider, Source

_IGNORANT_S = 3600.0
_LATE_SHARE = 0.25
_MOST_LEARNED = 2000
_THROTTLE_S = 10.0
_THROTTLE_LONGEST_S = 300.0
_KEY_REST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a source may not be asked now: as an attempt's outcome, and in words."""

    outcome: Outcome
    reason: str


class Standing:
    """What is known of one source over all its kinds: its keys, and until when it must be left alone."""

    __slots__ = (
        "_keys",
        "_rejected_until",
        "_resting_until",
        "_throttles",
        "base_url",
        "is_down",
        "is_troubled",
        "lanes",
        "out_until",
        "source",
        "ways",
    )

    def __init__(
        self, source: Source, base_url: str, keys: Sequence[SecretStr], *, ways: HostWays | None = None
    ) -> None:
        self.ways = ways or Egress().host(urlsplit(base_url).netloc)
        self.source = source
        self.base_url = base_url
        self.lanes: list[Lane] = []
        self.is_down = False
        """Whether it was said to be down, and not yet to be back."""
        self._keys = tuple(Secret(source.key, value) for value in keys) if source.key is not None else ()
        self._rejected_until = [-inf] * len(self._keys)
        self._resting_until = -inf
        self._throttles = 0
        self.is_troubled = False
        """Whether it was throttled or refused by region since its last success."""
        self.out_until = inf if self._lacks_key() else -inf
        """The source may not be asked before this monotonic time."""

    def secret(self, now: float) -> Secret | None:
        """Return the key to use, None when the source has or needs none."""
        if not self._keys:
            return None
        for secret, until in zip(self._keys, self._rejected_until, strict=True):
            if now >= until:
                return secret
        return None

    def has_key(self) -> bool:
        """Say whether a key was given for the source."""
        return bool(self._keys)

    def note(self, outcome: Outcome, secret: Secret | None, now: float, retry_after_s: float | None) -> None:
        """Take in how an attempt ended, as far as it concerns the whole source."""
        if outcome is Outcome.OK:
            self._throttles = 0
            self.is_troubled = False
            self.settle(now)
            return
        if outcome is Outcome.THROTTLED:
            self._throttles += 1
            span = retry_after_s if retry_after_s is not None else _THROTTLE_S * 2 ** min(self._throttles - 1, 5)
            self._resting_until = now + min(max(span, 1.0), _THROTTLE_LONGEST_S)
        elif outcome is Outcome.KEY_REJECTED and secret is not None:
            self._rejected_until[self._keys.index(secret)] = now + _KEY_REST_S
        elif outcome is not Outcome.REGION and not self.is_regional():
            return
        self.is_troubled = True
        self.settle(now)

    def settle(self, now: float) -> None:
        """Take in that a way out, a key or the source's patience changed."""
        until = self.ways.closed_until(now, public=self.is_public())
        self.out_until = max(self._resting_until, until, self._keyless_until(now))
        if self._lacks_key():
            self.out_until = inf

    def exclusion(self, now: float) -> Exclusion | None:
        """Return why the whole source is out now, None when it is not."""
        if now >= self.out_until:
            return None
        if self._lacks_key():
            return Exclusion(Outcome.SKIPPED_KEY, "no key")
        if now < self._keyless_until(now):
            return Exclusion(Outcome.SKIPPED_KEY, "key rejected")
        if now < self.ways.closed_until(now, public=self.is_public()):
            return Exclusion(Outcome.SKIPPED_OPEN, "blocked in this region")
        return Exclusion(Outcome.SKIPPED_QUOTA, "resting after too many requests")

    def is_public(self) -> bool:
        """Say whether it may be asked over a public proxy: no key of ours goes there."""
        return not self._keys

    def is_regional(self) -> bool:
        """Say whether the source refused the direct way since it last answered over it."""
        return self.ways.direct.is_refused

    def is_refused(self) -> bool:
        """Say whether it refused every way out since its last success, also when it may be asked again."""
        return self.ways.is_shut

    def _lacks_key(self) -> bool:
        """Say whether the source needs a key that was not given."""
        return self.source.key is not None and self.source.key.required and not self._keys

    def _keyless_until(self, now: float) -> float:
        """Return until when no key is left that was not rejected."""
        key = self.source.key
        if key is None or not key.required or not self._keys:
            return -inf
        soonest = min(self._rejected_until)
        return soonest if soonest > now else -inf


class Lane:
    """One source for one kind: how it is asked, its breaker and its measures."""

    __slots__ = (
        "breaker",
        "capability",
        "figures",
        "id",
        "is_plain",
        "kind",
        "learned",
        "measures",
        "score",
        "source",
        "standing",
        "under_way",
    )

    def __init__(self, standing: Standing, capability: Capability, breaker: Breaker) -> None:
        self.standing = standing
        self.source = standing.source
        self.id = standing.source.id
        self.capability = capability
        self.kind: Kind = capability.kind
        self.breaker = breaker
        self.measures = Measures()
        self.figures = FIGURES[capability.kind]
        self.is_plain = capability.kind not in SPECIAL
        """Whether the kind's figures hold for every query of it."""
        self.score = 1.0
        self.learned: OrderedDict[Hashable, float] = OrderedDict()
        """What the source said that it does not know, and until when that is taken for true (monotonic seconds)."""
        self.under_way = 0
        """How many attempts wait for the source now."""
        standing.lanes.append(self)

    def admit(self, now: float) -> Admission | None:
        """Return leave to ask the source, None when it is excluded."""
        if now < self.standing.out_until:
            return None
        return self.breaker.admit(now)

    def late_s(self) -> float:
        """Return after how long an attempt is late: as its source's answers usually come, and its kind's calls allow.

        The second bound keeps a source from being excused by its own time-outs, which make its usual time longer.
        """
        return min(self.measures.overdue_s(), _LATE_SHARE * self.figures.deadline_s)

    def is_free(self, now: float) -> bool:
        """Say whether anyone may ask the source now; one whose circuit is half-open is for its probe alone."""
        return not self.breaker.is_open and now >= self.standing.out_until

    def learn(self, query: Query, now: float) -> None:
        """Remember that the source does not know what a query asks for."""
        subject = _subject(query)
        if subject is None:
            return
        self.learned[subject] = now + _IGNORANT_S
        self.learned.move_to_end(subject)
        if len(self.learned) > _MOST_LEARNED:
            self.learned.popitem(last=False)

    def is_ignorant(self, query: Query, now: float) -> bool:
        """Say whether the source lately said that it does not know what a query asks for."""
        return now < self.learned.get(_subject(query), -inf)

    def exclusion(self, now: float) -> Exclusion | None:
        """Return why the lane is out of the plan now, None when it is not."""
        out = self.standing.exclusion(now)
        if out is not None:
            return out
        state = self.breaker.state(now)
        if state is BreakerState.OPEN:
            return Exclusion(Outcome.SKIPPED_OPEN, "circuit open")
        if state is BreakerState.HALF_OPEN:
            return Exclusion(Outcome.SKIPPED_OPEN, "circuit half-open")
        return None

    def skipped(self, now: float) -> Attempt:
        """Return the record of a lane that was passed over."""
        out = self.exclusion(now) or Exclusion(Outcome.SKIPPED_OPEN, "circuit half-open")
        return Attempt(self.id, out.outcome, detail=out.reason)


def _subject(query: Query) -> Hashable:
    """Return what a source may not know for a while; None for what it may know the next moment, as a transaction."""
    return (query.asset.id, query.quote) if isinstance(query, PriceQuery | CandlesQuery) else None


def lanes_of(
    catalog: Iterable[Source],
    providers: Mapping[str, Provider],
    keys: Mapping[str, tuple[SecretStr, ...]],
    base_urls: Mapping[str, str],
    random: Callable[[], float],
    *,
    egress: Egress | None = None,
) -> tuple[dict[str, Standing], list[Lane]]:
    """Return the standing of every source by its id, and a lane for each kind that its provider serves."""
    standings: dict[str, Standing] = {}
    lanes: list[Lane] = []
    egress = egress or Egress()
    for source in catalog:
        given = keys.get(source.key.setting, ()) if source.key is not None else ()
        base_url = base_urls.get(source.id, source.base_url)
        standing = Standing(source, base_url, given, ways=egress.host(urlsplit(base_url).netloc))
        standings[source.id] = standing
        lanes.extend(
            Lane(standing, capability, Breaker(random)) for capability in providers[source.provider].capabilities
        )
    return standings, lanes
