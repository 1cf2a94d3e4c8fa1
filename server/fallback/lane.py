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
from server.fallback.figures import FIGURES, SPECIAL, Figures, moving_s
from server.fallback.health import Limits
from server.fallback.measures import Measures
from server.fallback.motion import Motion
from server.fallback.purse import Policy
from server.fallback.quota import DIRECT, Quota, Wait
from server.fallback.routes import Route
from server.fallback.standing import NO_LIMITS, Exclusion, Standing, span_text
from server.model import Attempt, BreakerState, CandlesQuery, Kind, Outcome, PriceQuery, Purpose, Query, ScorePart
from server.providers.base import Capability, Provider, Source

_IGNORANT_S = 3600.0
_BEHIND_S = 300.0
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
        "motion",
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
        """What the source said that it does not know, or gave old data of; until when that is held (monotonic s)."""
        self.motion = Motion()
        """Whether its data moves on: if it does, what is old there is so by itself, and no fault of the source."""
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
        quota, way = standing.quota, DIRECT if standing.ways.is_plain else standing.way_out(now)
        if purpose is _USER and now < quota.dry.get(way, -inf):
            return None
        if quota.pick(now, self.cost, purpose, way) is None:
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
        if now < standing.barred_until:
            return None
        if standing.quota.pick(now, self.cost, purpose, standing.way_out(now)) is None:
            return None
        self.breaker.open_early(now)
        return self.breaker.admit(now)

    def is_free(self, now: float) -> bool:
        """Say whether a user's request may go to the source now; one half-open is for its probe alone."""
        standing = self.standing
        if self.breaker.is_open or now < standing.out_until:
            return False
        way = DIRECT if standing.ways.is_plain else standing.way_out(now)
        return now >= standing.quota.dry.get(way, -inf)

    def has_room(self, now: float) -> bool:
        """Say whether the source's limits leave room for a user's request."""
        standing = self.standing
        return standing.quota.has_room(now, self.cost, standing.way_out(now))

    def has_room_for_hedge(self, now: float, avoid: Route | None) -> bool:
        """Say whether its limits leave room for a request that may not be needed; `avoid` as for `Tried`."""
        standing = self.standing
        return standing.quota.has_room_for_hedge(now, standing.way_out(now, avoid))

    def wait(self, now: float, purpose: Purpose) -> Wait | None:
        """Return until when the source's limits leave no room and why, None when they do."""
        return self.standing.wait(now, self.cost, purpose)

    def learn(self, query: Query, now: float) -> None:
        """Remember that the source does not know what a query asks for."""
        self._learn(_subject(query), now + _IGNORANT_S)

    def fall_behind(self, query: Query, now: float) -> None:
        """Remember that the source's data of what a query asks for is old, while its other data is not."""
        self._learn(_line(query), now + _BEHIND_S)

    def is_ignorant(self, query: Query, now: float) -> bool:
        """Say whether the source lately said that it does not know what a query asks for."""
        return now < self.learned.get(_subject(query), -inf)

    def is_behind(self, query: Query, now: float) -> bool:
        """Say whether the source lately gave old data of what a query asks for, and newer data of something else."""
        return now < self.learned.get(_line(query), -inf)

    def is_old_by_itself(self, query: Query, figures: Figures, now: float, *, is_probe: bool = False) -> bool:
        """Say whether what is old of a query's may be so by itself: other data moves on, or a probe cannot tell yet."""
        if _line(query) is None:
            return False
        return self.motion.moves(moving_s(query, figures), now) or (is_probe and self.motion.lets_pass())

    def comes_last(self, query: Query, now: float) -> bool:
        """Say whether the source is asked behind all others, since it lately did not have what a query asks for."""
        return bool(self.learned) and (self.is_ignorant(query, now) or self.is_behind(query, now))

    def _learn(self, subject: Hashable, until: float) -> None:
        if subject is None:
            return
        self.learned[subject] = until
        self.learned.move_to_end(subject)
        if len(self.learned) > _MOST_LEARNED:
            self.learned.popitem(last=False)

    def exclusion(self, now: float, purpose: Purpose = _USER) -> Exclusion | None:
        """Return why the lane is out of the plan now, None when it is not."""
        out = self.standing.exclusion(now)
        if out is not None:
            return out
        state = self.breaker.state(now)
        if state is BreakerState.OPEN:
            return Exclusion(Outcome.SKIPPED_OPEN, "circuit open")
        wait = self.wait(now, purpose)
        if wait is not None:
            return Exclusion(Outcome.SKIPPED_QUOTA, f"{wait.reason}, free in {span_text(wait.until - now)}")
        if state is BreakerState.HALF_OPEN:
            return Exclusion(Outcome.SKIPPED_OPEN, "circuit half-open")
        return None

    def free_at(self, now: float) -> float:
        """Return from when on the source may be asked for users, or probed (monotonic); infinite if nobody can tell."""
        wait = self.wait(now, _USER)
        return max(self.standing.out_until, self.breaker.retry_at, now if wait is None else wait.until)

    def skipped(self, now: float, purpose: Purpose = _USER) -> Attempt:
        """Return the record of a lane that was passed over."""
        out = self.exclusion(now, purpose) or Exclusion(Outcome.SKIPPED_OPEN, "circuit half-open")
        return Attempt(self.id, out.outcome, detail=out.reason)


def _subject(query: Query) -> Hashable:
    """Return what a source may not know for a while; None for what it may know the next moment, as a transaction."""
    return (query.asset.id, query.quote) if isinstance(query, PriceQuery | CandlesQuery) else None


def _line(query: Query) -> Hashable:
    """Return what may grow old by itself while all else moves on: a market, its candles, a chain; None for the rest."""
    if isinstance(query, CandlesQuery):
        return "behind", query.asset.id, query.quote, query.interval.token
    if isinstance(query, PriceQuery):
        return "behind", query.asset.id, query.quote
    chain = getattr(query, "chain", None)
    return None if chain is None else ("behind", chain.id)


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
