"""A standing is what is known of one source over all its kinds; lanes share it, and monitoring shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from pydantic import SecretStr

from server.fallback.egress import Egress, HostWays
from server.fallback.health import Health, Limits
from server.fallback.purse import Policy, Purse
from server.fallback.quota import DIRECT, Quota, Wait
from server.fallback.routes import Route
from server.model import Outcome, Purpose
from server.providers.base import Source

if TYPE_CHECKING:
    from server.fallback.lane import Lane

_log = structlog.get_logger()

NO_LIMITS = Limits()
_USER = Purpose.USER


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a source may not be asked now: as an attempt's outcome, and in words."""

    outcome: Outcome
    reason: str


class Standing:
    """What is known of one source over all its kinds: its quota, and until when it must be left alone."""

    __slots__ = (
        "asks_more",
        "barred_until",
        "base_url",
        "disabled",
        "health",
        "is_down",
        "is_troubled",
        "lanes",
        "late",
        "out_until",
        "quota",
        "silent",
        "silent_until",
        "source",
        "ways",
    )

    def __init__(
        self,
        source: Source,
        base_url: str,
        keys: Sequence[SecretStr],
        quota: Quota | None = None,
        limits: Limits = NO_LIMITS,
        *,
        ways: HostWays | None = None,
    ) -> None:
        self.ways = ways or Egress().host(urlsplit(base_url).netloc)
        self.source = source
        self.quota = Quota(source, keys, Policy()) if quota is None else quota
        """What may be asked of it, key by key; several standings share it where their sources share their limits."""
        self.base_url = base_url
        self.lanes: list[Lane] = []
        self.asks_more = False
        """Whether its requests were seen to be more than GETs without headers, which no public proxy passes on."""
        self.is_down = False
        """Whether it was said to be down, and not yet to be back."""
        self.is_troubled = False
        """Whether it was throttled or refused by region since its last success."""
        self.late = 0
        """How many attempts under way, of any kind, are late for it."""
        self.silent: Lane | None = None
        """The lane whose attempt brought no answer at all last, while nothing was answered since."""
        self.silent_until = -inf
        """Until when that counts."""
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
            self.is_troubled = False
            self.settle(now)
            return
        if outcome is Outcome.THROTTLED:
            purse.throttled(started, now, retry_after_s)
        elif outcome is Outcome.KEY_REJECTED and purse.secret is not None:
            if self.quota.reject(purse, now):
                _log.warning("key rejected", source=self.source.id, key=purse.label)
        elif retry_after_s is not None:
            purse.rest(now, retry_after_s)
        elif outcome is not Outcome.REGION and not self.is_regional():
            return
        self.is_troubled = True
        self.settle(now)

    def settle(self, now: float) -> None:
        """Take in that its health, its quota, a way out to it, or what an operator decided, changed."""
        until = self.ways.closed_until(now, public=self.is_public())
        self.barred_until = max(self._resting_until(now), until, self.quota.keyless_until(now))
        if self.disabled is not None or self._lacks_key():
            self.barred_until = inf
        self.out_until = inf if self.health.is_out() else self.barred_until

    def way_out(self, now: float, avoid: Route | None = None) -> str:
        """Return the name of the way that an attempt would take now, whose purses it draws on."""
        ways = self.ways
        if ways.is_plain or (now >= ways.direct.quarantine.until and (avoid is None or avoid.name != DIRECT)):
            return DIRECT
        route = ways.peek(now, public=self.is_public(), avoid=avoid)
        return DIRECT if route is None else route.name

    def wait(self, now: float, tokens: int, purpose: Purpose) -> Wait | None:
        """Return until when the way out lacks so many tokens and why, None when it has enough."""
        way = self.way_out(now)
        wait = self.quota.wait(now, tokens, purpose, way)
        if wait is None or way == DIRECT:
            return wait
        direct = self.quota.wait(now, tokens, purpose)
        return Wait(self._or_direct(wait.until, now if direct is None else direct.until), wait.reason)

    def _resting_until(self, now: float) -> float:
        """Return until when every usable key rests over the way out."""
        way = self.way_out(now)
        until = self.quota.resting_until(now, way)
        return until if way == DIRECT else self._or_direct(until, self.quota.resting_until(now))

    def _or_direct(self, until: float, direct_until: float) -> float:
        """Return when a wait over a proxy ends: sooner than its own where the direct way is open before, and free."""
        return min(until, max(self.ways.direct.quarantine.until, direct_until))

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
        if now < self.ways.closed_until(now, public=self.is_public()):
            return Exclusion(Outcome.SKIPPED_OPEN, "blocked in this region")
        wait = self.wait(now, 1, _USER)
        reason = "resting after too many requests" if wait is None else wait.reason
        return Exclusion(Outcome.SKIPPED_QUOTA, f"{reason}, free in {span_text(self.out_until - now)}")

    def is_public(self) -> bool:
        """Say whether it may be asked over a public proxy: no key of ours goes there, and only bare GETs."""
        return not self.asks_more and not self.quota.has_key()

    def is_regional(self) -> bool:
        """Say whether the source refused the direct way since it last answered over it."""
        return self.ways.direct.is_refused

    def is_refused(self) -> bool:
        """Say whether it refused every way out since its last success, also when it may be asked again."""
        return self.ways.is_shut

    def _lacks_key(self) -> bool:
        """Say whether the source needs a key that was not given."""
        return self.source.key is not None and self.source.key.required and not self.quota.has_key()


def span_text(seconds: float) -> str:
    """Return a span in one unit, rounded up: who waits that long does not come too early."""
    for unit, size in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{ceil(seconds / size)} {unit}"
    return f"{ceil(seconds)} s"
