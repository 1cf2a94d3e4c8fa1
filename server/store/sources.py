"""What is kept of sources: their health, their incidents, operators' decisions; the engine's book writes and reads it.

Rows are few and written one statement at a time; each can be written twice without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.model import Action, Decision, Incident, IncidentCause, OpenCircuit, Phase, SourceHealth
from server.store.read import Reader
from server.store.tables import DECISIONS, INCIDENTS, SOURCE_HEALTH

LATE = 100
"""How many of the latest decisions are given to whoever does not know yet where it stands."""


class SourceMemory(Reader):
    """Keeps what must be known of sources after a restart. All raise `StoreUnavailable` while the database is away."""

    async def known_health(self) -> Sequence[SourceHealth]:
        """Return the health of every source as it was last kept."""
        return [_health(row) for row in await self.rows(select(SOURCE_HEALTH))]

    async def keep_health(self, rows: Sequence[SourceHealth]) -> None:
        """Keep the health of some sources."""
        made = [
            {**asdict(row), "phase": row.phase.value, "circuits": [_circuit(each) for each in row.circuits]}
            for row in rows
        ]
        await self._upsert(SOURCE_HEALTH, made)

    async def decisions(self, after: int | None) -> Sequence[Decision]:
        """Return, in their order, the last disabling or enabling of every source and all decisions behind a number.

        Without a number: the latest hundred, so that the caller knows where it stands.
        """
        number, source = DECISIONS.c.number, DECISIONS.c.source
        lasting = DECISIONS.c.action.in_((Action.DISABLE.value, Action.ENABLE.value))
        newest = select(func.max(number)).where(lasting).group_by(source)
        late = select(func.coalesce(func.max(number), 0) - LATE).scalar_subquery() if after is None else after
        statement = select(DECISIONS).where(or_(number.in_(newest), number > late)).order_by(number)
        return [
            Decision(row.source, Action(row.action), row.time, row.kind, row.reason, row.number)
            for row in await self.rows(statement)
        ]

    async def decide(self, decision: Decision) -> int:
        """Keep a decision; return its number, the same when it was kept before."""
        values = {**asdict(decision), "action": decision.action.value}
        del values["number"]
        made = insert(DECISIONS).values(values)
        # A statement that changes nothing still returns the row's number, and `nothing` would not.
        made = made.on_conflict_do_update(
            index_elements=["source", "action", "kind", "time"], set_={"reason": made.excluded.reason}
        )

        async def work(connection: AsyncConnection) -> int:
            return int((await connection.execute(made.returning(DECISIONS.c.number))).scalar_one())

        return await self.read(work)

    async def keep_incidents(self, rows: Sequence[Incident]) -> None:
        """Keep some incidents, new or as they are now."""
        made = [{**asdict(row), "cause": row.cause.value, "occurrences": row.count} for row in rows]
        for each in made:
            del each["count"]
        await self._upsert(INCIDENTS, made)

    async def lasting_incidents(self) -> Sequence[Incident]:
        """Return the incidents that last."""
        return [_incident(row) for row in await self.rows(select(INCIDENTS).where(INCIDENTS.c.end_time.is_(None)))]

    async def source_incidents(self, source: str, before: tuple[object, ...] | None, limit: int) -> Sequence[Incident]:
        """Return at most `limit` incidents of a source, newest first, behind the key `before`."""
        key = tuple_(INCIDENTS.c.start_time, INCIDENTS.c.cause)
        statement = select(INCIDENTS).where(INCIDENTS.c.source == source)
        if before is not None:
            statement = statement.where(key < before)
        order = (INCIDENTS.c.start_time.desc(), INCIDENTS.c.cause.desc())
        return [_incident(row) for row in await self.rows(statement.order_by(*order).limit(limit))]

    async def _upsert(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        made = insert(table)
        keys = [column.name for column in table.primary_key]
        others = {column.name: made.excluded[column.name] for column in table.columns if column.name not in keys}
        statement = made.on_conflict_do_update(index_elements=keys, set_=others)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement, list(rows))

        await self.read(work)


def _health(row: Row[Any]) -> SourceHealth:
    values = dict(row._mapping)  # noqa: SLF001 -- public, by its documentation
    circuits = tuple(
        OpenCircuit(
            each["kind"],
            datetime.fromisoformat(each["opened_time"]),
            None if each["retry_time"] is None else datetime.fromisoformat(each["retry_time"]),
            each["trips"],
        )
        for each in values.pop("circuits")
    )
    return SourceHealth(**{**values, "phase": Phase(values["phase"])}, circuits=circuits)


def _circuit(circuit: OpenCircuit) -> dict[str, Any]:
    return {
        "kind": circuit.kind,
        "opened_time": circuit.opened_time.isoformat(),
        "retry_time": circuit.retry_time and circuit.retry_time.isoformat(),
        "trips": circuit.trips,
    }


def _incident(row: Row[Any]) -> Incident:
    return Incident(
        row.source, IncidentCause(row.cause), row.start_time, row.end_time, row.kind, row.reason, row.occurrences
    )
