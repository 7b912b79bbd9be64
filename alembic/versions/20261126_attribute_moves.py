"""attributes that are being merged or deleted

Revision: 6b0e4f82d915
Before: 2f7c1d9e6a30
"""

import sqlalchemy as sa
from alembic import op

revision = "6b0e4f82d915"
down_revision = "2f7c1d9e6a30"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attribute_definition", sa.Column("moving_to", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("attribute_definition") as table:
        table.drop_column("moving_to")
