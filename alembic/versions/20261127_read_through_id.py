"""lease.reach_id becomes read_through_id

Revision: f1c7a40be925
Before: e5a81c3f7d42
"""

from alembic import op

revision = "f1c7a40be925"
down_revision = "e5a81c3f7d42"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("lease", "reach_id", new_column_name="read_through_id")


def downgrade() -> None:
    op.alter_column("lease", "read_through_id", new_column_name="reach_id")
