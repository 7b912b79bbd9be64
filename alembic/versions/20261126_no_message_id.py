"""no column for a message id that nobody ever wrote

The server's own name for a message is read from its answer, which is stored as it came; our Message-ID follows from the
delivery's id.

Revision: 3e9a5b7c2d14
Before: 8c1f0d27aa35
"""

import sqlalchemy as sa
from alembic import op

revision = "3e9a5b7c2d14"
down_revision = "8c1f0d27aa35"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("delivery", "message_id")


def downgrade() -> None:
    op.add_column("delivery", sa.Column("message_id", sa.String(255), nullable=False, server_default=""))
