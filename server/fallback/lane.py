"""A lane is one source for one kind; its standing is what all lanes of the source share. Used by plan and attempts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

import structlog
from pydantic import SecretStr

from server.fallback.breaker import Admission, Breaker
from server.fallback.endings import Endings
from server.fallback.figures import FIGURES, SPECIAL
from server.fallback.health import Health, Limits
from server.fallback.measures import Measures
from server.fallback.purse import Policy, Purse
from server.fallback.quota import Quota
from server.model import Attempt, BreakerState, CandlesQuery, Kind, Outcome, PriceQuery, Purpose, Query, ScorePart
from server.providers.base import Capability, Provider, Source

_log = structlog.get_logger()

_IGNORANT_S = 3600.0
_LATE_SHARE = 0.25
_MOST_LEARNED = 2000
_REGION_S = 60.0
_REGION_LONGEST_S = 1800.0
_NO_LIMITS = Limits()
_USER = Purpose.USER
_BACKGROUND = Purpose.BACKGROUND


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a source may not be asked now: as an attempt's outcome, and in words."""

    outcome: Outcome
    reason: str


class Standing:
    """What is known of one source over all its kinds: its quota, and until when it must be left alone."""

    __slots__ = (
        "_region_until",
        "_regions",
        "barred_until",
        "base_url",
        "disabled",
        "health",
        "is_down",
        "is_troubled",
        "lanes",
        "out_until",
        "quota",
        "source",
    )

    def __init__(
        self,
        source: Source,
        base_url: str,
        keys: Sequence[SecretStr],
        quota: Quota | None = None,
        limits: Limits = _NO_LIMITS,
    ) -> None:
        self.source = source
        self.quota = Quota(source, keys, Policy()) if quota is None else quota
        """What may be asked of it, key by key; several standings share it where their sources share their limits."""
        self.base_url = base_url
        self.lanes: list[Lane] = []
        self.is_down = False
        """Whether it was said to be down, and not yet to be back."""
        self._region_until = -inf
        self._regions = 0
        self.is_troubled = False
        """Whether it was throttled or refused by region since its last success."""
        self.disabled: str | None = None
        """Why an operator took it out of rotation; None when none did."""
        self.health = Health(limits)
        self.barred_until = self.out_until = inf if self._lacks_key() else -inf
        """Before these monotonic times the source may not be asked at all, and not by callers."""

    def has_key(self) -> bool:
        """Say whether a key was given for the source."""
        return self.quota.has_key()

    def note(self, outcome: Outcome, purse: Purse, started: float, now: float, retry_after_s: float | None) -> None:
        """Take in how an attempt ended that was begun at `started`, as far as it concerns the whole source."""
        if outcome is Outcome.OK:
            self._regions = 0
            self.is_troubled = False
            return
        if outcome is Outcome.THROTTLED:
            purse.throttled(started, now, retry_after_s)
        elif outcome is Outcome.REGION:
            self._regions += 1
            self._region_until = now + min(_REGION_S * self._regions, _REGION_LONGEST_S)
        elif outcome is Outcome.KEY_REJECTED and purse.secret is not None:
            if self.quota.reject(purse, now):
                _log.warning("key rejected", source=self.source.id, key=purse.label)
        elif retry_after_s is not None:
            purse.rest(now, retry_after_s)
        else:
            return
        self.is_troubled = True
        self.settle(now)

    def settle(self, now: float) -> None:
        """Take in that its health, its quota, or what an operator decided, changed."""
        self.barred_until = max(self.quota.resting_until(now), self._region_until, self.quota.keyless_until(now))
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
        if now < self.quota.keyless_until(now):
            return Exclusion(Outcome.SKIPPED_KEY, "key rejected")
        if now < self._region_until:
            return Exclusion(Outcome.SKIPPED_OPEN, "blocked in this region")
        wait = self.quota.wait(now, 1, _USER)
        reason = "resting after too many requests" if wait is None else wait.reason
        return Exclusion(Outcome.SKIPPED_QUOTA, f"{reason}, free in {span_text(self.out_until - now)}")

    def is_regional(self, now: float) -> bool:
        """Say whether the source refuses this way out."""
        return now < self._region_until

    def is_refused(self) -> bool:
        """Say whether it refused this way out since its last success, also when it may be asked again."""
        return self._regions > 0

    def _lacks_key(self) -> bool:
        """Say whether the source needs a key that was not given."""
        return self.source.key is not None and self.source.key.required and not self.quota.has_key()


class Lane:
    """One source for one kind: how it is asked, its breaker and its measures."""

    __slots__ = (
        "breaker",
        "capability",
        "cost",
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
        self.cost = 1
        """The least that an attempt's first requests took of the source's limits."""
        standing.lanes.append(self)

    def admit(self, now: float, purpose: Purpose = _USER) -> Admission | None:
        """Return leave to ask the source, None when it is excluded or out of budget; a probe leaves users' reserve."""
        standing, breaker = self.standing, self.breaker
        if now < standing.out_until:
            return None
        quota = standing.quota
        if breaker.is_open:
            purpose = _BACKGROUND
        elif purpose is _USER and now < quota.dry_until:
            return None
        if quota.pick(now, self.cost, purpose) is None:
            return None
        return breaker.admit(now)

    def late_s(self) -> float:
        """Return after how long an attempt is late: as its source's answers usually come, and its kind's calls allow.

        The second bound keeps a source from being excused by its own time-outs, which make its usual time longer.
        """
        return min(self.measures.overdue_s(), _LATE_SHARE * self.figures.deadline_s)

    def admit_probe(self, now: float, purpose: Purpose = _BACKGROUND) -> Admission | None:
        """Return leave for one probe before callers may ask again; None when it may not be asked at all."""
        standing = self.standing
        if now < standing.barred_until or standing.quota.pick(now, self.cost, purpose) is None:
            return None
        self.breaker.open_early(now)
        return self.breaker.admit(now)

    def is_free(self, now: float) -> bool:
        """Say whether a user's request may go to the source now; one half-open is for its probe alone."""
        standing = self.standing
        return not self.breaker.is_open and now >= standing.out_until and now >= standing.quota.dry_until

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

    def exclusion(self, now: float, purpose: Purpose = _USER) -> Exclusion | None:
        """Return why the lane is out of the plan now, None when it is not."""
        out = self.standing.exclusion(now)
        if out is not None:
            return out
        state = self.breaker.state(now)
        if state is BreakerState.OPEN:
            return Exclusion(Outcome.SKIPPED_OPEN, "circuit open")
        wait = self.standing.quota.wait(now, self.cost, _BACKGROUND if self.breaker.is_open else purpose)
        if wait is not None:
            return Exclusion(Outcome.SKIPPED_QUOTA, f"{wait.reason}, free in {span_text(wait.until - now)}")
        if state is BreakerState.HALF_OPEN:
            return Exclusion(Outcome.SKIPPED_OPEN, "circuit half-open")
        return None

    def free_at(self, now: float) -> float:
        """Return from when on the source may be asked for users, or probed (monotonic); infinite if nobody can tell."""
        wait = self.standing.quota.wait(now, self.cost, _USER)
        return max(self.standing.out_until, self.breaker.retry_at, now if wait is None else wait.until)

    def skipped(self, now: float, purpose: Purpose = _USER) -> Attempt:
        """Return the record of a lane that was passed over."""
        out = self.exclusion(now, purpose) or Exclusion(Outcome.SKIPPED_OPEN, "circuit half-open")
        return Attempt(self.id, out.outcome, detail=out.reason)


def _subject(query: Query) -> Hashable:
    """Return what a source may not know for a while; None for what it may know the next moment, as a transaction."""
    return (query.asset.id, query.quote) if isinstance(query, PriceQuery | CandlesQuery) else None


def span_text(seconds: float) -> str:
    """Return a span in one unit, rounded up: who waits that long does not come too early."""
    for unit, size in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{ceil(seconds / size)} {unit}"
    return f"{ceil(seconds)} s"


def lanes_of(
    catalog: Iterable[Source],
    providers: Mapping[str, Provider],
    keys: Mapping[str, tuple[SecretStr, ...]],
    base_urls: Mapping[str, str],
    random: Callable[[], float],
    *,
    limits: Limits = _NO_LIMITS,
    policy: Policy | None = None,
) -> tuple[dict[str, Standing], list[Lane]]:
    """Return the standing of every source by its id, and a lane for each kind that its provider serves."""
    standings: dict[str, Standing] = {}
    lanes: list[Lane] = []
    quotas: dict[str, Quota] = {}
    for source in catalog:
        given = keys.get(source.key.setting, ()) if source.key is not None else ()
        quota = quotas.setdefault(source.quota_group or source.id, Quota(source, given, policy or Policy()))
        standing = Standing(source, base_urls.get(source.id, source.base_url), given, quota, limits)
        standings[source.id] = standing
        lanes.extend(
            Lane(standing, capability, Breaker(random)) for capability in providers[source.provider].capabilities
        )
    return standings, lanes
