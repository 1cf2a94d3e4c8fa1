"""What processes claimed of sources' long budgets, by slices of time."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.execute(
        """CREATE TABLE quota_claims (source text NOT NULL, key text NOT NULL, egress text NOT NULL,
        span_s bigint NOT NULL, slice bigint NOT NULL, claimed bigint NOT NULL CHECK (claimed >= 0),
        PRIMARY KEY (source, key, egress, span_s, slice))"""
    )


def downgrade() -> None:
    """Remove the table."""
    op.execute("DROP TABLE quota_claims")
