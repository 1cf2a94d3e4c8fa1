"""A lane is one source for one kind; its standing is what all lanes of the source share. Used by plan and attempts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from pydantic import SecretStr

from server.fallback.breaker import Admission, Breaker
from server.fallback.endings import Endings
from server.fallback.figures import FIGURES, SPECIAL
from server.fallback.health import Health, Limits
from server.fallback.http import Secret
from server.fallback.measures import Measures
from server.model import Attempt, BreakerState, CandlesQuery, Kind, Outcome, PriceQuery, Query, ScorePart
from server.providers.base import Capability, Provider, Source

_IGNORANT_S = 3600.0
_LATE_SHARE = 0.25
_MOST_LEARNED = 2000
_REGION_S = 60.0
_REGION_LONGEST_S = 1800.0
_THROTTLE_S = 10.0
_THROTTLE_LONGEST_S = 300.0
_KEY_REST_S = 3600.0
_NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a source may not be asked now: as an attempt's outcome, and in words."""

    outcome: Outcome
    reason: str


class Standing:
    """What is known of one source over all its kinds: its keys, and until when it must be left alone."""

    __slots__ = (
        "_keys",
        "_region_until",
        "_regions",
        "_rejected_until",
        "_resting_until",
        "_throttles",
        "barred_until",
        "base_url",
        "disabled",
        "health",
        "is_down",
        "is_troubled",
        "lanes",
        "out_until",
        "source",
    )

    def __init__(self, source: Source, base_url: str, keys: Sequence[SecretStr], limits: Limits = _NO_LIMITS) -> None:
        self.source = source
        self.base_url = base_url
        self.lanes: list[Lane] = []
        self.is_down = False
        """Whether it was said to be down, and not yet to be back."""
        self._keys = tuple(Secret(source.key, value) for value in keys) if source.key is not None else ()
        self._rejected_until = [-inf] * len(self._keys)
        self._resting_until = -inf
        self._throttles = 0
        self._region_until = -inf
        self._regions = 0
        self.is_troubled = False
        """Whether it was throttled or refused by region since its last success."""
        self.disabled: str | None = None
        """Why an operator took it out of rotation; None when none did."""
        self.health = Health(limits)
        self.barred_until = self.out_until = inf if self._lacks_key() else -inf
        """Before these monotonic times the source may not be asked at all, and not by callers."""

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
            self._throttles = self._regions = 0
            self.is_troubled = False
            return
        if outcome is Outcome.THROTTLED:
            self._throttles += 1
            span = retry_after_s if retry_after_s is not None else _THROTTLE_S * 2 ** min(self._throttles - 1, 5)
            self._resting_until = now + min(max(span, 1.0), _THROTTLE_LONGEST_S)
        elif outcome is Outcome.REGION:
            self._regions += 1
            self._region_until = now + min(_REGION_S * self._regions, _REGION_LONGEST_S)
        elif outcome is Outcome.KEY_REJECTED and secret is not None:
            self._rejected_until[self._keys.index(secret)] = now + _KEY_REST_S
        else:
            return
        self.is_troubled = True
        self.settle(now)

    def settle(self, now: float) -> None:
        """Take in that its health, or what an operator decided, changed."""
        self.barred_until = max(self._resting_until, self._region_until, self._keyless_until(now))
        if self.disabled is not None or self._lacks_key():
            self.barred_until = inf
        self.out_until = inf if self.health.is_out() else self.barred_until

    def exclusion(self, now: float) -> Exclusion | None:
        """Return why the whole source is out now, None when it is not."""
        if now >= self.out_until:
            return None
        if self._lacks_key():
            return Exclusion(Outcome.SKIPPED_KEY, "no key")
        if self.disabled is not None or self.health.is_out():
            by = "disabled by an operator" if self.disabled is not None else "out of rotation"
            return Exclusion(Outcome.SKIPPED_OPEN, f"{by}: {self.disabled or self.health.reason}")
        if now < self._keyless_until(now):
            return Exclusion(Outcome.SKIPPED_KEY, "key rejected")
        if now < self._region_until:
            return Exclusion(Outcome.SKIPPED_OPEN, "blocked in this region")
        return Exclusion(Outcome.SKIPPED_QUOTA, "resting after too many requests")

    def is_regional(self, now: float) -> bool:
        """Say whether the source refuses this way out."""
        return now < self._region_until

    def is_refused(self) -> bool:
        """Say whether it refused this way out since its last success, also when it may be asked again."""
        return self._regions > 0

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
        "endings",
        "figures",
        "id",
        "is_plain",
        "kind",
        "learned",
        "measures",
        "parts",
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
        self.parts: tuple[ScorePart, ...] = ()
        """What the score is made of."""
        self.endings = Endings()
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

    def admit_probe(self, now: float) -> Admission | None:
        """Return leave for one probe before callers may ask again; None when it may not be asked at all."""
        if now < self.standing.barred_until:
            return None
        self.breaker.open_early(now)
        return self.breaker.admit(now)

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

    def free_at(self) -> float:
        """Return from when on the source may be asked or probed (monotonic); infinite when nobody can tell."""
        return max(self.standing.out_until, self.breaker.retry_at)

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
    limits: Limits = _NO_LIMITS,
) -> tuple[dict[str, Standing], list[Lane]]:
    """Return the standing of every source by its id, and a lane for each kind that its provider serves."""
    standings: dict[str, Standing] = {}
    lanes: list[Lane] = []
    for source in catalog:
        given = keys.get(source.key.setting, ()) if source.key is not None else ()
        standing = Standing(source, base_urls.get(source.id, source.base_url), given, limits)
        standings[source.id] = standing
        lanes.extend(
            Lane(standing, capability, Breaker(random)) for capability in providers[source.provider].capabilities
        )
    return standings, lanes
