"""What processes share beside the database: cached answers, what is dropped of them, and draws on short budgets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from server.model.provenance import Answer, Value
from server.model.queries import Kind, Query
from server.model.quota import BudgetName


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cached answers are meant: those that every filter names, an empty filter means any."""

    kinds: frozenset[Kind] = frozenset()
    assets: frozenset[str] = frozenset()
    chains: frozenset[str] = frozenset()

    def covers(self, query: Query) -> bool:
        """Say whether the answer to a query is meant."""
        asset, chain = getattr(query, "asset", None), getattr(query, "chain", None)
        return (
            (not self.kinds or query.kind in self.kinds)
            and (not self.assets or (asset is not None and asset.id in self.assets))
            and (not self.chains or (chain is not None and chain.id in self.chains))
        )


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """An answer that another process may have fetched; `age_s` ago by the clock of the server that holds it."""

    answer: Answer[Value]
    age_s: float


@dataclass(frozen=True, slots=True)
class SharedState:
    """How the server does that processes share. `since_time`: since when it is there, or away."""

    reachable: bool
    since_time: datetime
    error: str
    """Why it is away, without its address; empty while it is there."""
    queued: int = 0
    written: int = 0
    dropped: int = 0
    """Answers that were not written: it was away, slow or full, or they were too large."""
    refused: tuple[tuple[str, int], ...] = ()
    """Answers found there that could not be used, by the reason."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What one request would take of a short budget that processes share; `kept` of it stays for others."""

    budget: BudgetName
    limit: int
    tokens: int
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of a draw: whether all budgets of the call had room, what is left, when the first of it is free.

    `birth` is another one when the counters forgot what they had counted.
    """

    granted: bool
    left: int
    free_s: float
    birth: int = 0
