"""A lane is one source for one kind: how it is asked, its circuit and its measures. Used by plan and attempts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from math import inf
from urllib.parse import urlsplit

from pydantic import SecretStr

from server.fallback.breaker import Admission, Breaker
from server.fallback.egress import Egress
from server.fallback.endings import Endings
from server.fallback.figures import FIGURES, SPECIAL
from server.fallback.health import Limits
from server.fallback.measures import Measures
from server.fallback.purse import Policy
from server.fallback.quota import Quota
from server.fallback.standing import NO_LIMITS, Exclusion, Standing, span_text
from server.model import Attempt, BreakerState, CandlesQuery, Kind, Outcome, PriceQuery, Purpose, Query, ScorePart
from server.providers.base import Capability, Provider, Source

_IGNORANT_S = 3600.0
_LATE_SHARE = 0.25
_MOST_LEARNED = 2000
_USER = Purpose.USER


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
        "late",
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
        self.late = 0
        """How many attempts under way are late for the source."""
        self.under_way = 0
        """How many attempts wait for the source now."""
        self.cost = 1
        """The least that an attempt's first requests took of the source's limits."""
        standing.lanes.append(self)

    def admit(self, now: float, purpose: Purpose = _USER) -> Admission | None:
        """Return leave to ask the source, None when it is excluded or out of budget; it may be leave for a probe."""
        standing = self.standing
        if now < standing.out_until:
            return None
        quota = standing.quota
        if purpose is _USER and now < quota.dry_until:
            return None
        if quota.pick(now, self.cost, purpose) is None:
            return None
        return self.breaker.admit(now)

    def late_s(self) -> float:
        """Return after how long an attempt is late: as its source's answers usually come, and its kind's calls allow.

        The second bound keeps a source from being excused by its own time-outs, which make its usual time longer.
        """
        return min(self.measures.overdue_s(), _LATE_SHARE * self.figures.deadline_s)

    def admit_probe(self, now: float, purpose: Purpose = Purpose.BACKGROUND) -> Admission | None:
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
        wait = self.standing.quota.wait(now, self.cost, purpose)
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


def lanes_of(
    catalog: Iterable[Source],
    providers: Mapping[str, Provider],
    keys: Mapping[str, tuple[SecretStr, ...]],
    base_urls: Mapping[str, str],
    random: Callable[[], float],
    *,
    limits: Limits = NO_LIMITS,
    policy: Policy | None = None,
    egress: Egress | None = None,
) -> tuple[dict[str, Standing], list[Lane]]:
    """Return the standing of every source by its id, and a lane for each kind that its provider serves."""
    standings: dict[str, Standing] = {}
    lanes: list[Lane] = []
    quotas: dict[str, Quota] = {}
    egress = egress or Egress()
    for source in catalog:
        given = keys.get(source.key.setting, ()) if source.key is not None else ()
        quota = quotas.setdefault(source.quota_group or source.id, Quota(source, given, policy or Policy()))
        base_url = base_urls.get(source.id, source.base_url)
        ways = egress.host(urlsplit(base_url).netloc)
        standing = Standing(source, base_url, given, quota, limits, ways=ways)
        standings[source.id] = standing
        lanes.extend(
            Lane(standing, capability, Breaker(random)) for capability in providers[source.provider].capabilities
        )
    return standings, lanes


def told_apart(lanes: Sequence[Lane], now: float, *, is_series: bool = False) -> tuple[Sequence[Lane], Sequence[Lane]]:
    """Return the lanes to be asked first, and those of sources that just did not answer for another kind.

    A source that is silent there hardly answers here, and each kind's circuit would have to find that out by itself,
    call by call. It is suspect as soon as an attempt is late; for a series, whose pages are to be of one market, only
    when it was not answered at all. Where all are suspect they stand as they did.
    """
    back = [
        lane
        for lane in lanes
        if (now < (standing := lane.standing).silent_until and standing.silent is not lane)
        or (standing.late > lane.late and not is_series)
    ]
    if not back or len(back) == len(lanes):
        return lanes, ()
    return [lane for lane in lanes if lane not in back], back
