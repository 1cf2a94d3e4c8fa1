"""The raw value beside the vetted one: what the source itself said where several sources agreed on the price."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; rows from before have none."""
    op.execute("ALTER TABLE price_observations ADD COLUMN raw_value numeric")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE price_observations DROP COLUMN raw_value")
