"""Budgets of requests: why one is made, what is claimed of a long budget, and how budgets stand in monitoring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Purpose(Enum):
    """For whom sources are asked: for users, or behind them, which leaves users a reserve of every budget."""

    USER = "user"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class BudgetName:
    """Which budget: of a source (or of several that share one), a key, a way out, and a span in seconds.

    `key` is a fingerprint and never the key itself, empty without one.
    """

    source: str
    key: str
    egress: str
    span_s: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What one process asks of a budget that all share.

    Time is cut into slices of `slice_s` seconds since 1970; what is claimed in a slice counts from there on, for
    `slices` of them. `wanted` tokens are given as far as `limit` allows; `owed` ones were spent already, while the
    ledger could not be reached, and are booked whatever the limit; `returned` were claimed in a slice and not spent.
    """

    budget: BudgetName
    limit: int
    slice_s: float
    slices: int
    slice: int
    wanted: int
    owed: int = 0
    returned: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a claim brought. `total` is what all processes hold or have spent, `oldest` the first slice of that."""

    tokens: int
    total: int
    oldest: int | None = None


@dataclass(frozen=True, slots=True)
class QuotaView:
    """One budget of a source as it stands; spans in seconds, shares 0 … 1."""

    key: str
    """Which of the source's keys, such as `2 of 3`; empty without one."""
    egress: str
    """The way out that it is for; `direct` for a key, whose limits hold over every way."""
    limit: int
    span_s: float | None
    """None where the source itself says what is left, and not of which span."""
    remaining: int
    remaining_share: float
    reset_time: datetime | None
    """When all of it is there again, if nothing more is spent; None when nothing is spent."""
    rate_share: float = 1.0
    """The share of the published rate that is used, less than 1 after the source refused for too many requests."""
