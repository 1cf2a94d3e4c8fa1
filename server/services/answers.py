"""What the services share about answers: asking for one type, merging provenances, and what Nerkh knows by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar, cast

from server.fallback import Engine
from server.model import Answer, Attempt, Freshness, Provenance, Query, Value

OWN = "nerkh"
"""The source of what the service knows by itself."""

STORE = "store"
"""The source of a page that was read back; each row names its own."""

_WORST_LAST = (Freshness.LIVE, Freshness.CACHED, Freshness.STORED, Freshness.STALE)
T = TypeVar("T")


async def ask(engine: Engine, kind: type[T], query: Query, deadline_s: float) -> Answer[T]:
    """Return the engine's answer as the type that the query's kind gives; raises what `Engine.ask` does."""
    answer = await engine.ask(query, deadline_s=deadline_s)
    if not isinstance(answer.value, kind):
        raise TypeError(f"{query.kind} gave {type(answer.value).__name__}, not {kind.__name__}")
    return cast("Answer[T]", answer)


def own(now: datetime, *, freshness: Freshness = Freshness.LIVE) -> Provenance:
    """Return the provenance of what the service knows by itself."""
    return Provenance(OWN, now, freshness)


def merged(answers: Sequence[Answer[Value]], attempts: Iterable[Attempt] = ()) -> Provenance:
    """Return one provenance for a value made of several answers: all sources, the least fresh, the oldest receipt."""
    each = [answer.provenance for answer in answers]
    tried = tuple(attempts) or tuple(attempt for one in each for attempt in one.attempts)
    sources = sorted({source for one in each for source in one.source.split(",")})
    times = [one.source_time for one in each if one.source_time is not None]
    return Provenance(
        source=",".join(sources),
        receive_time=min(one.receive_time for one in each),
        freshness=max((one.freshness for one in each), key=_WORST_LAST.index),
        source_time=max(times, default=None),
        agreed=len(sources),
        asked=max(len(sources), len({attempt.source for attempt in tried})),
        simulated=any(one.simulated for one in each),
        attempts=tried,
    )
