"""The ledger of claimed quota: what every process claimed of a budget, by slices of time; used by the store.

Claims are booked in one transaction under one lock: they are few and short, and two processes never get one token.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.model import Claim, Grant
from server.store.tables import QUOTA_CLAIMS

LOCK = 0x6E65726B71
"""The advisory lock under which claims are booked one after another."""
LOCK_MS = 2000
"""How long a claim waits for the lock, in milliseconds: a process that is frozen in the middle must not hold up all."""


async def book(engine: AsyncEngine, claims: Sequence[Claim]) -> list[Grant]:
    """Book claims, all or none of them, and return what each brought."""
    async with engine.begin() as connection:
        await connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS}"))
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        return [await _booked(connection, claim) for claim in claims]


async def _booked(connection: AsyncConnection, claim: Claim) -> Grant:
    """Book one claim.

    Slices count that lie up to a span behind or ahead, for either clock may be the wrong one; those that a wrong clock
    put further ahead count as of now, and none is forgotten before it has been over for a span.
    """
    table, budget = QUOTA_CLAIMS, claim.budget
    columns = (table.c.source, table.c.key, table.c.egress, table.c.span_s)
    mine = tuple_(*columns) == (budget.source, budget.key, budget.egress, budget.span_s)
    for at, tokens in claim.returned:
        less = update(table).where(mine, table.c.slice == at, table.c.claimed >= tokens)
        await connection.execute(less.values(claimed=table.c.claimed - tokens))
    over = (table.c.slice <= claim.slice - 2 * claim.slices) | (table.c.claimed == 0)
    await connection.execute(delete(table).where(mine, over))
    moved = await connection.execute(
        delete(table).where(mine, table.c.slice > claim.slice + claim.slices).returning(table.c.claimed)
    )
    ahead = sum(int(row.claimed) for row in moved)
    sums = select(func.sum(table.c.claimed), func.min(table.c.slice))
    counted = await connection.execute(sums.where(mine, table.c.slice > claim.slice - claim.slices))
    total, oldest = counted.one()
    total = int(total or 0) + ahead + claim.owed
    tokens = max(0, min(claim.wanted, claim.limit - total))
    if more := tokens + claim.owed + ahead:
        row = {
            "source": budget.source, "key": budget.key, "egress": budget.egress, "span_s": budget.span_s,
            "slice": claim.slice, "claimed": more,
        }  # fmt: skip
        booking = insert(table).values(row)
        same = [*columns, table.c.slice]
        await connection.execute(
            booking.on_conflict_do_update(
                index_elements=same, set_={"claimed": table.c.claimed + booking.excluded.claimed}
            )
        )
        oldest = claim.slice if oldest is None else min(oldest, claim.slice)
    return Grant(tokens, total + tokens, oldest)
