"""What is kept of sources: their health, their incidents, and what operators decided of them."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = {
    "source_health": """source text NOT NULL PRIMARY KEY, phase text NOT NULL, reason text NOT NULL,
        failing_s double precision NOT NULL, nameless_s double precision NOT NULL, gone bigint NOT NULL,
        is_down boolean NOT NULL, noted_time timestamptz NOT NULL, circuits jsonb NOT NULL""",
    "operator_decisions": """number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source text NOT NULL,
        action text NOT NULL, kind text NOT NULL, time timestamptz NOT NULL, reason text NOT NULL,
        UNIQUE (source, action, kind, time)""",
    "source_incidents": """source text NOT NULL, start_time timestamptz NOT NULL, cause text NOT NULL,
        end_time timestamptz, kind text NOT NULL, reason text NOT NULL, occurrences bigint NOT NULL,
        PRIMARY KEY (source, start_time, cause)""",
}


def upgrade() -> None:
    """Make the tables, and the index by which what lasts is found."""
    for name, columns in TABLES.items():
        op.execute(f"CREATE TABLE {name} ({columns})")
    op.execute("CREATE INDEX source_incidents_lasting ON source_incidents (source) WHERE end_time IS NULL")


def downgrade() -> None:
    """Remove the tables."""
    for name in TABLES:
        op.execute(f"DROP TABLE {name}")
