"""Carries claims of long budgets to the ledger that persists them, off the request's path; the engine runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from math import inf
from typing import Protocol

import structlog

from server.clock import Clock
from server.fallback.holding import Holding
from server.fallback.pool import SharedCounters
from server.fallback.purse import Policy
from server.fallback.quota import Quota
from server.model import Claim, Grant
from server.settings import Settings

_log = structlog.get_logger()

_EVERY_S = 5.0
_FIRST_S = 1.0
_LAST_S = 1.0
_LONGEST_S = 3.0


class QuotaLedger(Protocol):
    """Where claims are kept so that no restart and no other process spends a budget twice; the store is one."""

    claimed_from_s: float
    """The shortest window whose claims it keeps, in seconds."""

    async def claim(self, claims: Sequence[Claim]) -> Sequence[Grant]:
        """Book claims and return what each brought, all or none of them; raises when the ledger cannot be reached."""


class Claimer:
    """Claims blocks ahead: at the start, whenever half a block is spent, and before one ends.

    Without a ledger there is nothing to claim, and nothing is done.
    """

    def __init__(self, ledger: QuotaLedger | None, clock: Clock, quotas: Iterable[Quota]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._quotas = tuple(dict.fromkeys(quotas))
        self._wanted = asyncio.Event()
        self._is_away = False
        for quota in self._quotas:
            quota.wake = self._wanted.set

    async def first(self) -> None:
        """Claim the first blocks; after a second the start goes on without them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_S):
                await self.claim()

    async def run(self) -> None:
        """Claim until cancelled."""
        while self._ledger is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_S):
                    await self._wanted.wait()
            self._wanted.clear()
            await self.claim()

    async def claim(self) -> None:
        """Claim, in one go, what is wanted now."""
        now, wall_s = self._clock.monotonic(), self._clock.now().timestamp()
        asked = []
        for holding in self._holdings():
            holding.wake = self._wanted.set
            if (claim := holding.claim(now, wall_s)) is not None:
                asked.append((holding, claim))
        if not asked or self._ledger is None:
            return
        try:
            async with asyncio.timeout(_LONGEST_S):
                grants = await self._ledger.claim([claim for _, claim in asked])
        except asyncio.CancelledError:
            self._missed(asked)
            raise
        except Exception as error:  # noqa: BLE001 -- whatever the ledger's fault is, answers go on without it
            self._missed(asked)
            if not self._is_away:
                self._is_away = True
                _log.warning("quota ledger away", error=type(error).__name__)
            return
        if self._is_away:
            self._is_away = False
            _log.info("quota ledger back")
        for (holding, claim), grant in zip(asked, grants, strict=True):
            holding.take(claim, grant, now, wall_s)

    async def give_up(self) -> None:
        """Give back what is held and not spent; after a second it is left, and counts as spent."""
        wall_s = self._clock.now().timestamp()
        claims = [claim for holding in self._holdings() if (claim := holding.give_up(wall_s)) is not None]
        if not claims or self._ledger is None:
            return
        try:
            async with asyncio.timeout(_LAST_S):
                await self._ledger.claim(claims)
        except Exception as error:  # noqa: BLE001 -- at the end nothing more can be done about it
            _log.warning("quota not returned", error=type(error).__name__)

    def _holdings(self) -> Iterator[Holding]:
        """Give every holding, those of ways out that came into use meanwhile too."""
        for quota in self._quotas:
            yield from quota.holdings

    def _missed(self, asked: Sequence[tuple[Holding, Claim]]) -> None:
        """Take in that the ledger did not answer."""
        now = self._clock.monotonic()
        for holding, claim in asked:
            holding.missed(claim, now)


def policy_of(settings: Settings, ledger: QuotaLedger | None, counters: SharedCounters | None = None) -> Policy:
    """Return how budgets are spent, as the settings say; without a ledger and counters they stay in the process."""
    return Policy(
        reserve=settings.quota_reserve,
        hedge_room=settings.quota_hedge_room,
        cut=settings.quota_cut,
        raise_=settings.quota_raise,
        floor=settings.quota_floor / 60,
        share=settings.quota_share,
        heeds_limits=settings.heed_limits,
        claimed_from_s=inf if ledger is None else ledger.claimed_from_s,
        counters=counters,
    )
